use crate::support::rollout::Stage;

#[test]
fn a_healthy_version_goes_all_the_way() {
    let stage = Stage::with("stages: [10, 50, 100]\n  stage-duration: 200ms", "100ms");
    stage.rollout("start", []).exits(0).shows("1.0.0 -> 2.0.0");
    assert_eq!(stage.share("2.0.0"), "10");
    let run = stage.rollout("run", ["--format", "json"]).exits(0);
    assert_eq!((run.json()["status"].as_str(), run.json()["current_percentage"].as_u64()), (Some("completed"), Some(100)));
    assert_eq!(stage.share("2.0.0"), "100");
    let list = stage.call(["registry", "list", "greeting"]).exits(0).stdout;
    assert!(list.contains("2.0.0") && list.contains("production stable") && list.contains("production retired"), "{list}");
    stage.rollout("start", []).exits(20).says("is the stable version here already");
    stage.rollout("history", []).exits(0).shows("production.greeting.2 1.0.0 -> 2.0.0: completed");
}

#[test]
fn a_slow_version_is_rolled_back_by_itself() {
    let stage = Stage::new("10m", "100ms");
    stage.rollout("start", []).exits(0);
    stage.rollout("step", []).exits(0);
    stage.numbers(500.0, 900.0);
    std::thread::sleep(std::time::Duration::from_millis(150));
    stage.rollout("step", []).exits(22).shows("rolled-back").shows("900.0000 is beyond the bound 800");
    assert_eq!((stage.share("1.0.0"), stage.share("2.0.0")), ("100".to_owned(), "0".to_owned()));
    stage.rollout("step", []).exits(22);
    stage.rollout("start", []).exits(20).says("marked bad");
    stage.rollout("retry", []).exits(0);
    assert_eq!(stage.share("2.0.0"), "10");
    let history = stage.call(["rollback", "history", "greeting", "--format", "json"]).exits(0).json();
    assert_eq!((history[0]["trigger"].as_str(), history[0]["sla_met"].as_bool()), (Some("performance-regression"), Some(true)));
    assert_eq!(history.as_array().unwrap().len(), 1, "a second look rolls nothing back");
    // The third one within five minutes is left to people.
    std::thread::sleep(std::time::Duration::from_millis(150));
    stage.rollout("step", []).exits(21).shows("too many automatic rollbacks");
}

#[test]
fn nothing_measured_is_nothing_passed() {
    let stage = Stage::with("stage-duration: 0s", "100ms");
    stage.rollout("start", []).exits(0);
    stage.workspace.write("numbers.json", b"{}");
    stage.rollout("step", []).exits(21).shows("inconclusive");
    assert_eq!(stage.share("2.0.0"), "10");
    stage.workspace.write("numbers.json", b"{ broken");
    for _ in 0..3 {
        std::thread::sleep(std::time::Duration::from_millis(150));
        assert_ne!(stage.rollout("step", []).code, 0);
    }
    assert_eq!(stage.share("2.0.0"), "10");
}

#[test]
fn a_plan_and_a_dry_run_change_nothing() {
    let stage = Stage::new("5m", "30s");
    stage.rollout("plan", []).exits(0).shows("1. 10 % from 0 s on; then healthy for 5 min 00 s").shows("4. 100 %");
    stage.rollout("start", ["--dry-run", "--stages", "5,100"]).exits(0).shows("1. 5 %");
    assert_eq!(stage.status()["rollout_id"], "production.greeting.1");
    stage.rollout("start", ["--stages", "50,10,100"]).exits(20).says("must grow");
    stage.rollout("start", ["--initial", "5"]).exits(0);
    assert_eq!(stage.status()["stages"], serde_json::json!([5, 10, 25, 50, 100]));
    stage.rollout("set", ["--dry-run", "50", "--force"]).exits(0);
    assert_eq!(stage.share("2.0.0"), "5");
}

#[test]
fn a_target_that_shows_something_else_is_mended() {
    let stage = Stage::new("5m", "30s");
    let before = stage.workspace.read("flags.json");
    stage.rollout("start", []).exits(0);
    stage.workspace.write("flags.json", before.as_bytes());
    stage.rollout("status", []).exits(21).shows("NOT AS DESIRED");
    stage.rollout("step", []).exits(0);
    assert_eq!(stage.share("2.0.0"), "10");
}

#[test]
fn the_configuration_is_strict() {
    for (rollouts, expected) in [
        ("stages: [10, 5, 100]", "the traffic must grow"),
        ("stages: [10, 50]", "a plan ends at 100 %"),
        ("on-failure: rolback", "did you mean `rollback`?"),
        ("stage-timeout: 10s", "fails before it can be held"),
        ("steps: [{pause: {}}]", "begins with `set-weight`"),
        ("steps: [{set-weight: 100, pause: {}}]", "exactly one key"),
        ("smoke: nobody", "there is no suite `nobody`"),
        ("stage-duratio: 1s", "did you mean `stage-duration`?"),
    ] {
        Stage::empty(rollouts, "30s").call(["config", "check"]).exits(3).says(expected);
    }
}

#[test]
fn metrics_that_decide_nothing_are_no_metrics() {
    let stage = Stage::empty("stage-duration: 1s", "30s");
    stage.version("1.0.0");
    let dry = stage.workspace.read("prompt-cicd.yml").replace("guardrail: 5000", "dry-run: true");
    stage.workspace.write("prompt-cicd.yml", dry.as_bytes());
    stage.call(["config", "check"]).exits(3).says("every metric is a `dry-run`, so no rollout here can ever be found unhealthy");
    let other = "      - {name: cost, source: numbers, query: '/cost', direction: lower-is-better, bound: 1}\n";
    stage.workspace.write("prompt-cicd.yml", format!("{dry}{other}").as_bytes());
    stage.call(["config", "check"]).exits(0);
}
