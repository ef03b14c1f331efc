use super::{bounds::records, completed};
use crate::support::rollout::Stage;

/// 2.0.0 serves again after 3.0.0 was rolled back.
fn back_on_2() -> Stage {
    let stage = completed();
    stage.version("3.0.0");
    stage.rollout("start", []).exits(0);
    stage.call(["rollback", "greeting", "--yes"]).exits(0);
    assert_eq!(stage.share("2.0.0"), "100");
    stage
}

fn mark(stage: &Stage, version: &str) {
    stage.call(["registry", "mark-bad", "greeting", version, "--reason", "rude"]);
}

#[test]
fn a_version_that_was_gone_back_to_and_turned_out_bad_is_left_too() {
    for how in ["--emergency", "--yes"] {
        let stage = back_on_2();
        stage.call(["rollback", "list-versions", "greeting"]).exits(0).shows("2.0.0 current\n").shows("1.0.0 possible with --to");
        mark(&stage, "2.0.0");
        let list = stage.call(["rollback", "list-versions", "greeting"]).exits(0);
        list.shows("2.0.0 current, marked bad").shows("1.0.0 previous stable: `rollback` goes here");
        stage.call(["rollback", "validate", "greeting"]).exits(0).shows("greeting 1.0.0 can be put back");
        stage.call(["rollback", "greeting", how]).exits(0).shows("2.0.0 -> 1.0.0: success");
        assert_eq!(stage.share("1.0.0"), "100", "{how}");
        stage.call(["rollback", "greeting", how]).exits(0).shows("1.0.0 has everything already");
        // Where there is none left, that is no success.
        mark(&stage, "1.0.0");
        let none = stage.call(["rollback", "greeting", how]).exits(23);
        none.says("there is no previous stable version (1.0.0: marked bad; 2.0.0: marked bad)").says("`--to VERSION --emergency`");
        stage.call(["rollback", "validate", "greeting"]).exits(23);
    }
}

#[test]
fn an_abort_to_a_version_that_is_marked_bad_says_so() {
    let stage = completed();
    stage.version("3.0.0");
    stage.rollout("start", []).exits(0);
    mark(&stage, "2.0.0");
    let said = "2.0.0, which has everything again, is marked bad: `prompt-cicd rollback greeting -e production` goes to 1.0.0, the newest good one";
    let aborted = stage.rollout("abort", ["--format", "json"]).exits(21).says(said);
    assert_eq!(aborted.json()["warnings"], serde_json::json!([said]));
    assert_eq!(stage.share("2.0.0"), "100", "a person's word is done");
    stage.rollout("step", []).exits(21).says(said);
    stage.call(["rollback", "greeting", "--yes"]).exits(0);
    assert_eq!(stage.share("1.0.0"), "100");
}

#[test]
fn an_abort_to_a_bad_version_without_a_better_one_names_the_way_out() {
    let stage = Stage::new("10m", "30s");
    stage.rollout("start", []).exits(0);
    mark(&stage, "1.0.0");
    let way = "no version is known to be better; `prompt-cicd rollback greeting -e production --to VERSION --emergency` goes to any";
    stage.rollout("abort", []).exits(21).says(way);
}

#[test]
fn what_goes_back_by_itself_goes_to_the_newest_good_version() {
    for (plan, code, phase) in [("on-failure: rollback", 22, "rolled-back"), ("on-failure: abort", 21, "aborted")] {
        let stage = Stage::with(&format!("stage-duration: 10m\n  {plan}"), "10ms");
        stage.rollout("start", []).exits(0);
        stage.rollout("complete", ["--skip-final-checks"]).exits(0);
        stage.version("3.0.0");
        stage.rollout("start", []).exits(0);
        mark(&stage, "2.0.0");
        stage.numbers(500.0, 9000.0);
        // What would be is the same as what is.
        let foreseen = stage.rollout("step", ["--dry-run"]).exits(0).says("to 1.0.0: ");
        assert!(!foreseen.stderr.contains("which has everything again"), "{}", foreseen.stderr);
        let ran = stage.rollout("run", []).exits(code);
        assert!(!ran.stderr.contains("which has everything again, is marked bad"), "{}", ran.stderr);
        let status = stage.status();
        assert_eq!(
            (status["phase"].as_str(), status["stable_version"].as_str(), stage.share("1.0.0")),
            (Some(phase), Some("1.0.0"), "100".to_owned())
        );
        assert!(status["reason"].as_str().unwrap().ends_with("; 2.0.0, which it came from, is marked bad"), "{status}");
        stage.call(["audit", "verify"]).exits(0);
    }
}

#[test]
fn where_every_version_is_bad_what_goes_back_by_itself_holds_and_calls_people() {
    for plan in ["on-failure: rollback", "on-failure: abort"] {
        let stage = Stage::with(&format!("stage-duration: 10m\n  {plan}"), "10ms");
        stage.rollout("start", []).exits(0);
        mark(&stage, "1.0.0");
        stage.numbers(500.0, 9000.0);
        let held = stage.rollout("run", []).exits(21);
        held.shows("no good version to go back to")
            .shows("there is no previous stable version (1.0.0: marked bad)")
            .shows("--to VERSION --emergency");
        assert_eq!((stage.status()["phase"].as_str(), stage.share("2.0.0")), (Some("held"), "10".to_owned()), "{plan}");
        stage.rollout("step", []).exits(21);
        assert_eq!(stage.share("2.0.0"), "10", "it stays where it is: {plan}");
        // A person may go anywhere.
        stage.call(["rollback", "greeting", "--to", "1.0.0", "--emergency"]).exits(0);
        assert_eq!(stage.share("1.0.0"), "100");
    }
}

#[test]
fn what_a_rollout_came_from_is_validated_too() {
    let stage = Stage::new("10m", "100ms");
    stage.rollout("start", []).exits(0);
    for file in records(&stage, "1.0.0") {
        let text = std::fs::read_to_string(&file).unwrap();
        let changed = text.replace("this is 1.0.0", "this is mine");
        assert_ne!(changed, text);
        std::fs::write(file, changed).unwrap();
    }
    let named = stage.call(["rollback", "validate", "greeting", "--to", "1.0.0"]).code;
    assert_ne!(named, 0);
    assert_eq!(stage.call(["rollback", "validate", "greeting"]).code, named);
    stage.call(["rollback", "list-versions", "greeting"]).exits(0).shows("1.0.0 ");
    // It serves already: going back goes on, and says what is wrong.
    stage.call(["rollback", "greeting", "--yes"]).exits(0).says("1.0.0 is gone back to although it would not be fit").says("--to");
    assert_eq!(stage.share("1.0.0"), "100");
}

#[test]
fn a_version_that_does_not_serve_and_does_not_verify_is_not_gone_back_to() {
    let stage = completed();
    for file in records(&stage, "1.0.0") {
        std::fs::write(file, b"{ torn").unwrap();
    }
    let refused = stage.call(["rollback", "greeting", "--yes"]).exits(23);
    refused.says("1.0.0: corrupt").says("--to");
    assert_eq!(stage.share("2.0.0"), "100");
    stage.call(["rollback", "greeting", "--emergency"]).exits(0);
    assert_eq!(stage.share("1.0.0"), "100");
}

/// 1.0.0 was left, and so was 2.0.0: an emergency put 1.0.0 back by name.
fn back_on_purpose() -> Stage {
    let stage = completed();
    stage.call(["rollback", "greeting", "--to", "1.0.0", "--yes"]).exits(0);
    stage.call(["rollback", "greeting", "--to", "2.0.0", "--emergency"]).exits(0).says("2.0.0 was marked bad (rolled back by a person)");
    let back = stage.call(["rollback", "greeting", "--to", "1.0.0", "--emergency", "--reason", "2 is worse"]).exits(0);
    back.says("note: 1.0.0 was marked bad (rolled back by a person): a person put it back by name, so the mark is gone");
    stage
}

#[test]
fn what_a_person_put_back_by_name_in_an_emergency_is_a_way_back_again() {
    let stage = back_on_purpose();
    stage.call(["registry", "show", "greeting", "1.0.0"]).exits(0).shows("production stable");
    stage.call(["registry", "show", "greeting", "2.0.0"]).exits(0).shows("bad (2 is worse)");
    let audit = stage.call(["audit", "show", "--format", "json"]).exits(0);
    audit.shows("version-unmarked").shows("put back by name in an emergency");
    stage.call(["audit", "verify"]).exits(0);
    stage.version("3.0.0");
    let begun = stage.rollout("start", []).exits(0);
    assert!(!begun.stderr.contains("marked bad"), "{}", begun.stderr);
    stage.numbers(500.0, 9000.0);
    stage.rollout("run", []).exits(22);
    assert_eq!((stage.share("1.0.0"), stage.status()["phase"].as_str()), ("100".to_owned(), Some("rolled-back")));
}

#[test]
fn an_emergency_that_names_no_version_takes_no_mark_away() {
    let stage = completed();
    mark(&stage, "1.0.0");
    stage.call(["rollback", "greeting", "--emergency"]).exits(23);
    stage.call(["registry", "show", "greeting", "1.0.0"]).exits(0).shows("bad (rude)");
}

#[test]
fn a_rollout_that_begins_at_a_bad_version_says_what_follows_and_how_to_stand_by_it() {
    let stage = completed();
    mark(&stage, "2.0.0");
    stage.version("3.0.0");
    let said = "2.0.0, which serves now, is marked bad: what fails goes back to 1.0.0 instead; `prompt-cicd rollback greeting -e production --to \
                2.0.0 --emergency` takes the mark away";
    stage.rollout("start", ["--dry-run"]).exits(0).says(said);
    // Naming what serves already changes nothing but the mark.
    let stands = stage.call(["rollback", "greeting", "--to", "2.0.0", "--emergency"]).exits(0);
    stands.shows("has everything already").says("2.0.0 was marked bad (rude): a person put it back by name");
    stage.call(["audit", "show", "--format", "json"]).exits(0).shows("version-unmarked");
    stage.call(["audit", "verify"]).exits(0);
    stage.call(["rollback", "greeting", "--to", "2.0.0", "--emergency"]).exits(0).shows("has everything already");
    let begun = stage.rollout("start", []).exits(0);
    assert!(!begun.stderr.contains("marked bad"), "{}", begun.stderr);
    stage.numbers(500.0, 9000.0);
    stage.rollout("run", []).exits(22);
    assert_eq!(stage.share("2.0.0"), "100");
    // Where no other is good, it would be held.
    for version in ["1.0.0", "2.0.0"] {
        mark(&stage, version);
    }
    let alone = stage.rollout("start", ["--retry", "--format", "json"]).exits(0);
    let alone = alone.says("2.0.0, which serves now, is marked bad: what fails is held until people come");
    assert_eq!(alone.json()["warnings"].as_array().map(Vec::len), Some(1), "{}", alone.stdout);
}

#[test]
fn what_serves_is_stable_in_the_registry_and_is_not_archived() {
    let stage = back_on_2();
    stage.call(["registry", "show", "greeting", "2.0.0"]).exits(0).shows("production stable");
    stage.call(["registry", "archive", "greeting", "2.0.0"]).exits(20).says("2.0.0 is stable in production");
    // The one before a rollout is retired where a third one comes back.
    stage.version("4.0.0");
    stage.rollout("start", []).exits(0);
    stage.call(["rollback", "greeting", "--to", "1.0.0", "--yes"]).exits(0);
    stage.call(["registry", "show", "greeting", "1.0.0"]).exits(0).shows("production stable");
    stage.call(["registry", "show", "greeting", "2.0.0"]).exits(0).shows("production retired");
}
