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
        none.says("there is no previous stable version (1.0.0: marked bad; 2.0.0: marked bad)");
        stage.call(["rollback", "validate", "greeting"]).exits(23);
    }
}

#[test]
fn an_abort_to_a_version_that_is_marked_bad_says_so() {
    let stage = completed();
    stage.version("3.0.0");
    stage.rollout("start", []).exits(0);
    mark(&stage, "2.0.0");
    let said =
        "2.0.0, which has everything again, is marked bad: `prompt-cicd rollback greeting -e production` goes to the newest good one";
    stage.rollout("abort", []).exits(0).says(said);
    stage.rollout("step", []).says(said);
    stage.call(["rollback", "greeting", "--yes"]).exits(0);
    assert_eq!(stage.share("1.0.0"), "100");
}

#[test]
fn an_automatic_rollback_to_a_version_that_is_marked_bad_says_so() {
    let stage = Stage::new("10m", "10ms");
    stage.rollout("start", []).exits(0);
    mark(&stage, "1.0.0");
    stage.numbers(500.0, 9000.0);
    stage.rollout("run", []).exits(22).says("which has everything again, is marked bad");
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
