//! An emergency that got to the targets and not to the record.

use std::process::Command;

use crate::support::rollout::Stage;

fn copy(stage: &Stage, from: &str, to: &str) {
    let path = |name: &str| stage.workspace.path().join(name);
    let _absent = std::fs::remove_dir_all(path(to));
    assert!(Command::new("cp").arg("-r").args([path(from), path(to)]).status().unwrap().success());
}

/// The targets are back at 1.0.0, and the record still says that 2.0.0 has 10 %.
fn lost() -> Stage {
    let stage = Stage::new("10m", "100ms");
    stage.rollout("start", []).exits(0);
    copy(&stage, "state", "before");
    stage.call(["rollback", "greeting", "--emergency"]).exits(0);
    copy(&stage, "before", "state");
    stage
}

#[test]
fn every_look_says_so_and_touches_nothing() {
    let stage = lost();
    let shown = stage.workspace.read("flags.json");
    for look in [vec!["rollout", "status"], vec!["rollback", "status"], vec!["rollout", "step"], vec!["rollout", "run"]] {
        stage
            .call(look.iter().copied().chain(["greeting"]))
            .exits(21)
            .says("flags was rolled back by a run that did not finish (epoch 1 there, 0 here)")
            .says("`prompt-cicd rollback resume greeting -e production` finishes it");
    }
    for order in [["promote", "--full"], ["set", "50"]] {
        assert_ne!(stage.rollout(order[0], [order[1], "--dry-run"]).code, 0, "{order:?}");
    }
    assert_eq!(stage.workspace.read("flags.json"), shown);
}

#[test]
fn resume_finishes_it() {
    let stage = lost();
    stage.call(["rollback", "resume", "greeting", "--dry-run"]).exits(0).shows("would finish");
    assert_eq!(stage.status()["phase"], "progressing");
    stage.call(["rollback", "resume", "greeting"]).exits(0);
    let status = stage.status();
    assert_eq!((status["phase"].as_str(), status["epoch"].as_u64()), (Some("rolled-back"), Some(1)), "{status}");
    assert_eq!((stage.share("1.0.0"), stage.share("2.0.0")), ("100".to_owned(), "0".to_owned()));
    let history = stage.call(["rollback", "history", "greeting", "--format", "json"]).exits(0).json();
    assert_eq!(history.as_array().unwrap().len(), 1, "{history}");
    assert!(history[0]["reason"].as_str().unwrap().contains("finishes an emergency rollback"), "{history}");
    stage.call(["rollback", "status", "greeting"]).exits(0);
    stage.call(["rollback", "resume", "greeting"]).exits(20).says("no rollback is under way");
}

#[test]
fn an_order_is_refused_by_the_target_and_says_why() {
    let stage = lost();
    let shown = stage.workspace.read("flags.json");
    stage.rollout("set", ["77", "--force"]).exits(21).shows("a rollback came between");
    assert_eq!(stage.workspace.read("flags.json"), shown, "an older epoch changes nothing");
    stage.rollout("run", []).exits(21).says("did not finish");
    stage.call(["rollback", "resume", "greeting"]).exits(0);
    assert_eq!(stage.share("1.0.0"), "100");
}

#[test]
fn a_target_that_drifted_is_held_and_one_that_does_not_answer_is_unreachable() {
    let stage = Stage::new("10m", "30s");
    let before = stage.workspace.read("flags.json");
    stage.rollout("start", []).exits(0);
    stage.workspace.write("flags.json", before.as_bytes());
    stage.rollout("status", []).exits(21).shows("NOT AS DESIRED: 1.0.0 has 100 % instead of 90 %");
    std::fs::remove_file(stage.workspace.path().join("flags.json")).unwrap();
    std::fs::create_dir(stage.workspace.path().join("flags.json")).unwrap();
    let code = stage.rollout("status", []).code;
    assert!([30, 31].contains(&code), "{code}");
}

#[test]
fn where_one_target_was_rolled_back_no_other_gets_more_traffic() {
    let stage = Stage::of(
        "version: 1
providers: {say: {kind: echo}}
suites:
  - {name: greeting, prompt: prompts/greeting.prompt.yml, provider: say, cases: [{vars: {name: Ana}, assert: [{contains: Ana}]}]}
store: {kind: directory, path: state}
targets:
  one: {kind: flagd, path: one.json}
  two: {kind: flagd, path: two.json}
environments:
  production: {targets: [one, two]}
rollouts: {stage-duration: 10m}
",
    );
    stage.rollout("start", []).exits(0);
    stage.version("2.0.0");
    let good = ["one.json", "two.json"].map(|file| stage.workspace.read(file));
    // The intent of 10 % is written, and gets nowhere.
    for file in ["one.json", "two.json"] {
        stage.workspace.write(file, b"{");
    }
    stage.rollout("start", []).exits(31);
    // Then somebody's emergency reaches the second one only.
    stage.workspace.write("one.json", good[0].as_bytes());
    let mut ahead: serde_json::Value = serde_json::from_str(&good[1]).unwrap();
    ahead["flags"]["greeting"]["metadata"]["epoch"] = 7.into();
    stage.workspace.write("two.json", ahead.to_string().as_bytes());
    let looks = [vec!["step", "greeting"], vec!["run", "greeting"], vec!["set", "greeting", "10", "--force"]];
    for look in &looks {
        let held = stage.call(["rollout"].into_iter().chain(look.iter().copied()));
        let held = held.exits(21).says("two was rolled back by a run that did not finish (epoch 7 there, 0 here)");
        held.shows("left as it is, since a rollback may have got to two");
        assert_eq!(stage.workspace.read("one.json"), good[0], "{look:?}");
    }
    // Nobody knows whether there was one: the same.
    ahead["flags"]["greeting"]["metadata"]["epoch"] = "seven".into();
    stage.workspace.write("two.json", ahead.to_string().as_bytes());
    let unknown = stage.rollout("step", []);
    assert_ne!(unknown.code, 0);
    unknown.shows("`prompt-cicd rollback greeting -e production --emergency` writes over it");
    assert_eq!(stage.workspace.read("one.json"), good[0]);
    // Mended, it goes on.
    stage.workspace.write("two.json", good[1].as_bytes());
    stage.rollout("step", []).exits(0);
    assert_ne!(stage.workspace.read("one.json"), good[0]);
}
