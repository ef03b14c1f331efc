use serde_json::json;

use super::world;
use crate::support::{Behaviour, FakeModel};

/// Everybody is greeted but Ben.
fn rude(_: usize, message: &str) -> Result<String, u16> {
    Ok(message.replace("ben", "you"))
}

fn rule(case: &str, until: &str) -> String {
    format!(
        "quarantine:\n  - {{prompt: greeting, case: \"{case}\", until: {until}, reason: \"the model <b>forgets</b> him\", issue: \"#12\"}}\n"
    )
}

#[test]
fn a_quarantined_failure_is_shown_everywhere_and_fails_nothing() {
    let model = FakeModel::start(Behaviour::Rule(rude));
    world(&model, "").prompt_cicd(["test"]).run().exits(10);
    let workspace = world(&model, &rule("b*", "2999-12-31"));
    let files = ["json", "markdown", "junit", "html"].map(|format| format!("{format}=out/{format}"));
    let reports = files.iter().flat_map(|file| ["--report", file.as_str()]);
    let run = workspace.prompt_cicd(["test"].into_iter().chain(reports)).run().exits(0);
    run.shows("✓ PASSED: 2 of 3 samples passed in 1 suite, 1 not counted")
        .shows("ben: 0 of 1 sample passed; in quarantine until 2999-12-31: the model <b>forgets</b> him (#12)");
    let report: serde_json::Value = serde_json::from_str(&workspace.read("out/json")).unwrap();
    assert_eq!(
        report["suites"][0]["known_cases"],
        json!([{"case_id": "ben", "counts": false, "flaky": null,
            "quarantine": {"reason": "the model <b>forgets</b> him", "until": "2999-12-31", "issue": "#12"}}])
    );
    let junit = workspace.read("out/junit");
    assert!(junit.contains("<skipped message=\"in quarantine until 2999-12-31") && junit.contains("failures=\"0\""), "{junit}");
    let markdown = workspace.read("out/markdown");
    assert!(markdown.contains("<summary>Known cases: in quarantine, or flaky</summary>") && !markdown.contains("<b>"), "{markdown}");
    let html = workspace.read("out/html");
    assert!(html.contains("Baselines and known cases") && html.contains("the model &lt;b&gt;forgets"), "{html}");
}

#[test]
fn a_rule_that_ended_holds_no_more() {
    let model = FakeModel::start(Behaviour::Rule(rude));
    let workspace = world(&model, &rule("ben", "2020-01-01"));
    let ended = "prompt-cicd.yml:6:5: quarantine[0]: ended on 2020-01-01: its cases count again";
    workspace.prompt_cicd(["test"]).run().exits(10).shows(ended);
    workspace.prompt_cicd(["config", "check"]).run().exits(0).says(ended);
}

#[test]
fn a_rule_for_nobody_is_told() {
    let model = FakeModel::start(Behaviour::Echo);
    let workspace = world(&model, &rule("nobody", "2999-12-31"));
    workspace.prompt_cicd(["test"]).run().exits(0).shows("quarantine[0]: no case `nobody` of a prompt `greeting`");
    // A selection leaves the rule of another case alone.
    let workspace = world(&model, &rule("ben", "2999-12-31"));
    let run = workspace.prompt_cicd(["test", "--filter", "ana"]).run().exits(0);
    assert!(!run.stdout.contains("quarantine"), "{}", run.stdout);
}

#[test]
fn a_run_in_which_everything_is_in_quarantine_is_no_pass() {
    let model = FakeModel::start(Behaviour::Echo);
    let workspace = world(&model, &rule("*", "2999-12-31"));
    let run = workspace.prompt_cicd(["test"]).run().exits(4);
    run.shows("? INCONCLUSIVE: every sample is in quarantine, so nothing can be concluded").shows("every case of it is in quarantine");
}

#[test]
fn an_outage_of_a_quarantined_case_is_no_outage_of_the_run() {
    fn down_for_ben(_: usize, message: &str) -> Result<String, u16> {
        if message.contains("ben") { Err(400) } else { Ok(message.to_owned()) }
    }
    let model = FakeModel::start(Behaviour::Rule(down_for_ben));
    world(&model, "").prompt_cicd(["test"]).run().exits(31);
    let run = world(&model, &rule("ben", "2999-12-31")).prompt_cicd(["test"]).run().exits(0);
    run.shows("1 sample (ben) without an answer").shows("in quarantine until");
}
