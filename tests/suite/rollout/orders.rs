use crate::support::rollout::Stage;

#[test]
fn pause_holds_and_resume_lets_go() {
    let stage = Stage::with("stages: [10, 100]\n  stage-duration: 0s", "100ms");
    stage.rollout("start", []).exits(0);
    stage.rollout("pause", ["--reason", "lunch"]).exits(0).shows("paused by a person: lunch");
    stage.rollout("pause", []).exits(20).says("paused at 10 % already; possible now: step, resume");
    stage.rollout("step", []).exits(21);
    assert_eq!(stage.share("2.0.0"), "10");
    stage.rollout("resume", []).exits(0);
    std::thread::sleep(std::time::Duration::from_millis(150));
    stage.rollout("step", []).exits(0);
    assert_eq!(stage.status()["status"], "completed");
    stage.rollout("pause", []).exits(20).says("the rollout is completed");
}

#[test]
fn promote_needs_health_and_set_needs_force() {
    let stage = Stage::new("5m", "100ms");
    stage.rollout("start", []).exits(0);
    stage.rollout("promote", []).exits(20).says("is not known yet");
    stage.rollout("step", []).exits(0);
    stage.rollout("promote", []).exits(0);
    assert_eq!(stage.share("2.0.0"), "25");
    stage.rollout("set", ["33"]).exits(20).says("is not a stage");
    stage.rollout("set", ["33", "--force"]).exits(0);
    assert_eq!(stage.share("2.0.0"), "33");
    stage.rollout("complete", []).exits(20).says("--skip-final-checks");
    stage.rollout("complete", ["--skip-final-checks"]).exits(0);
    assert_eq!((stage.share("2.0.0"), stage.status()["status"].as_str().unwrap().to_owned()), ("100".to_owned(), "completed".to_owned()));
}

#[test]
fn abort_takes_the_traffic_away_and_marks_nothing() {
    let stage = Stage::new("5m", "30s");
    stage.rollout("start", []).exits(0);
    stage.rollout("abort", ["--reason", "wrong day"]).exits(0).shows("aborted");
    assert_eq!(stage.share("1.0.0"), "100");
    stage.rollout("start", []).exits(0);
    assert_eq!(stage.share("2.0.0"), "10");
}

#[test]
fn where_nothing_is_nothing_can_be_ordered() {
    let stage = Stage::empty("stage-duration: 1s", "1s");
    stage.version("1.0.0");
    for verb in ["step", "run", "pause", "promote", "abort", "retry"] {
        stage.rollout(verb, []).exits(20).says("nothing was ever rolled out");
    }
    stage.rollout("status", []).exits(0).shows("nothing was ever rolled out");
    stage.call(["rollback", "greeting", "--yes"]).exits(20).says("nothing was ever rolled out");
    for verb in ["status", "history", "plan", "step", "run", "watch", "pause", "abort", "retry"] {
        stage.call(["rollout", verb, "greting"]).exits(4).says("there is no prompt `greting`").says("did you mean `greeting`?");
    }
    for call in [&["rollback", "greting", "--yes"][..], &["registry", "list", "greting"], &["history", "kpi", "greting"]] {
        stage.call(call.iter().copied()).exits(4).says("did you mean `greeting`?");
    }
    stage.rollout("start", ["--environment", "nowhere"]).exits(3).says("there is no environment `nowhere`");
    stage.rollout("start", ["--version", "9.0.0"]).exits(20).says("is not registered");
    stage.call(["rollout", "start", "greting"]).exits(4).says("there is no prompt `greting`");
}

#[test]
fn the_history_says_what_was_asked_for() {
    let stage = Stage::new("10m", "30s");
    stage.rollout("start", []).exits(0);
    stage.rollout("set", ["30", "--force"]).exits(0);
    stage.rollout("complete", ["--skip-final-checks"]).exits(0);
    stage.call(["rollback", "greeting", "--to", "1.0.0", "--emergency"]).exits(0);
    let history = stage.rollout("history", []).exits(0);
    history.shows(" set 30 % by force, ana").shows(" complete without final checks, ana").shows(" rollback to 1.0.0, emergency, ");
    let unwatched = stage.call(["rollback", "status", "greeting", "--watch"]).exits(0);
    unwatched.says("health after this rollback is not watched: `rollback --watch` begins that");
}

#[test]
fn whoever_watches_sees_each_metric_with_value_bound_and_verdict() {
    let stage = Stage::with("stages: [10, 100]\n  stage-duration: 400ms", "50ms");
    stage.rollout("start", []).exits(0);
    let ran = stage.rollout("run", []).exits(0);
    ran.says("production.greeting.2 stage 1 of 2 (10 %) ")
        .says("; healthy; latency 500.0000: healthy: ")
        .says("[at most 800, guardrail 5000]");
}

#[test]
fn before_the_first_version_it_is_said_what_becomes_of_it() {
    let stage = Stage::empty("stage-duration: 5m", "30s");
    stage.version("1.0.0");
    stage.numbers(500.0, 500.0);
    stage.rollout("history", []).exits(0).shows("no rollout so far");
    stage.rollout("start", ["--dry-run"]).exits(0).says("nothing serves in production yet: the first version gets everything at once");
    let begun = stage.rollout("start", []).exits(0);
    assert!(!begun.stderr.contains("nothing serves"), "{}", begun.stderr);
    assert_eq!(stage.share("1.0.0"), "100");
    // An emergency that a target refuses is kept as what it was.
    let good = stage.workspace.read("flags.json");
    stage.workspace.write("flags.json", b"garbage");
    let failed = stage.call(["rollback", "greeting", "--to", "1.0.0", "--emergency", "--format", "json"]).exits(23);
    assert_eq!(failed.json()["trigger"], "emergency");
    stage.workspace.write("flags.json", b"{\"flags\": {}}");
    stage.rollout("step", []).exits(0);
    assert_eq!(stage.workspace.read("flags.json").matches("defaultVariant").count(), good.matches("defaultVariant").count());
}
