use crate::support::{Behaviour, FakeModel, Workspace};

/// The greeting with these limits on the whole suite.
fn limited(model: &FakeModel, performance: &str) -> Workspace {
    let workspace = Workspace::asking(&model.base_url());
    let config = workspace
        .read("prompt-cicd.yml")
        .replace("    provider: model\n", &format!("    provider: model\n    performance: {performance}\n"));
    workspace.file("prompt-cicd.yml", &config)
}

#[test]
fn a_suite_that_takes_more_than_it_may_fails_by_name() {
    let model = FakeModel::start(Behaviour::Echo);
    // Two answers of 15 tokens.
    limited(&model, "{tokens: 30, latency-p95: 1h, latency-mean: 1h}").prompt_cicd(["test"]).run().exits(0);
    let over = limited(&model, "{tokens: 29}").prompt_cicd(["test", "--format", "json"]).run().exits(10);
    let warnings = over.json()["warnings"].to_string();
    assert!(warnings.contains("suite `greeting`: `tokens` is 30 tokens, and at most 29 tokens is allowed"), "{warnings}");
    assert_eq!((over.json()["passed"].as_bool(), over.json()["verdict"].as_str()), (Some(false), Some("failed")));
    limited(&model, "{tokens: 29}").prompt_cicd(["test"]).run().exits(10).shows("over a limit on performance");
}

#[test]
fn what_nobody_knows_keeps_no_limit() {
    let model = FakeModel::start(Behaviour::Echo);
    let unknown = limited(&model, "{cost-usd: 100}").prompt_cicd(["test"]).run();
    unknown.exits(13).shows("`cost-usd` is not known").shows("a number that has a limit is not known, so nothing can be concluded");
}

#[test]
fn replayed_answers_count_as_tokens_too() {
    let model = FakeModel::start(Behaviour::Echo);
    let workspace = limited(&model, "{tokens: 29}");
    let cached = || workspace.prompt_cicd(["test", "--cache"]).run();
    cached().exits(10);
    let cases = workspace.read("cases/greeting.jsonl");
    let asked = model.requests();
    workspace.write("cases/greeting.jsonl", cases.replacen("Ana", "Eva", 2).as_bytes());
    cached().exits(10).shows("over a limit on performance");
    assert_eq!(model.requests(), asked + 1, "one is live, the other one replayed");
}

#[test]
fn limits_that_are_none_are_told_where_they_stand() {
    let model = FakeModel::start(Behaviour::Echo);
    for (written, says) in
        [("{latency-p59: 1s}", "did you mean `latency-p95`?"), ("{cost-usd: 0}", "cost-usd"), ("{tokens: 1.5}", "tokens")]
    {
        limited(&model, written).prompt_cicd(["test"]).run().exits(3).says(says);
    }
    assert_eq!(model.requests(), 0);
}
