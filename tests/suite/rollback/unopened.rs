use std::fs;

use super::completed;
use crate::support::rollout::Stage;

/// Beside the flag file a webhook that wants a token which nobody gave.
fn with_a_webhook(stage: &Stage, targets: &str) {
    let path = stage.workspace.path().join("prompt-cicd.yml");
    let text = fs::read_to_string(&path).unwrap();
    let hook = "  hook: {kind: webhook, url: \"http://127.0.0.1:9/hook\", token-env: HOOK_TOKEN}\nmetric-sources:";
    let text = text.replace("metric-sources:", hook).replace("targets: [flags]", &format!("targets: [{targets}]"));
    fs::write(path, text).unwrap();
}

#[test]
fn a_target_that_cannot_be_used_keeps_nobody_from_putting_back_the_others() {
    for how in ["--yes", "--emergency"] {
        let stage = completed();
        with_a_webhook(&stage, "flags, hook");
        let rollback = stage.call(["rollback", "greeting", how, "--timeout", "5s", "--format", "json"]).exits(23);
        assert_eq!(stage.share("1.0.0"), "100", "{how}");
        let result = rollback.json().to_string();
        assert!(result.contains("HOOK_TOKEN"), "{how}: {result}");
        // What goes forward wants all of them, and is told which one it does not get.
        stage.version("3.0.0");
        stage.rollout("start", []).exits(3).says("HOOK_TOKEN");
        assert_eq!(stage.share("1.0.0"), "100", "{how}");
    }
}

#[test]
fn where_none_of_the_targets_can_be_used_nothing_is_begun() {
    let stage = completed();
    with_a_webhook(&stage, "hook");
    let before = stage.call(["audit", "show", "--format", "json"]).exits(0).stdout;
    stage.call(["rollback", "greeting", "--yes"]).exits(3).says("HOOK_TOKEN");
    assert_eq!(stage.call(["audit", "show", "--format", "json"]).exits(0).stdout, before);
}

#[test]
fn a_target_that_cannot_be_used_keeps_nobody_from_looking_at_health() {
    let stage = Stage::new("10m", "100ms");
    stage.rollout("start", []).exits(0);
    assert_eq!(stage.share("2.0.0"), "10");
    with_a_webhook(&stage, "flags, hook");
    // Healthy: no more traffic as long as one of the targets is not seen.
    stage.rollout("step", []).exits(31).says("does not show what was confirmed");
    assert_eq!(stage.share("2.0.0"), "10");
    // Beyond the guardrail: back, where that can be.
    stage.numbers(500.0, 9000.0);
    std::thread::sleep(std::time::Duration::from_millis(150));
    stage.rollout("step", []).exits(23).shows("HOOK_TOKEN");
    assert_eq!(stage.share("1.0.0"), "100");
}

#[test]
fn a_rollback_after_an_abort_that_did_not_get_everywhere_is_no_success() {
    let stage = Stage::new("10m", "100ms");
    stage.rollout("start", []).exits(0);
    with_a_webhook(&stage, "flags, hook");
    stage.rollout("abort", []).exits(31);
    for how in ["--yes", "--emergency"] {
        let result = stage.call(["rollback", "greeting", how, "--timeout", "2s", "--format", "json"]).exits(23).json();
        assert_eq!(result["status"].as_str(), Some("failed"), "{how}: {result}");
    }
}
