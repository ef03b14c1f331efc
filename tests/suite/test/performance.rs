use serde_json::{Value, json};

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
    let refused = limited(&model, "{cost-usd: 100}").prompt_cicd(["test"]).run().exits(3);
    refused.says("the limit `cost-usd` needs prices, and provider `model` has none").says("add `prices` to `providers.model`");
    assert_eq!(model.requests(), 0, "nothing is paid for a number that nobody will know");
    // This one does not say what it took.
    let silent = FakeModel::start(Behaviour::Body(r#"{"choices": [{"message": {"content": "Ana Ben"}, "finish_reason": "stop"}]}"#));
    let workspace = limited(&silent, "{tokens: 1000}");
    let unknown = workspace.prompt_cicd(["test", "--report", "junit=o.xml", "--report", "json=o.json"]).run().exits(13);
    unknown.shows("`tokens` is not known").shows("a number that has a limit is not known, so nothing can be concluded");
    let json: Value = serde_json::from_str(&workspace.read("o.json")).unwrap();
    let limit = json!([{"name": "tokens", "unit": "tokens", "value": null, "bound": 1000.0, "verdict": "inconclusive"}]);
    assert_eq!(json["suites"][0]["performance_limits"], limit);
    let junit = workspace.read("o.xml");
    assert!(junit.contains("errors=\"1\"") && junit.contains("<testcase name=\"limit tokens\""), "{junit}");
}

#[test]
fn a_limit_that_is_passed_is_red_and_has_its_numbers_in_every_report() {
    let model = FakeModel::start(Behaviour::Echo);
    let workspace = limited(&model, "{tokens: 29, latency-p95: 1h}");
    let reports = ["json=o.json", "junit=o.xml", "html=o.html", "markdown=o.md"].iter().flat_map(|report| ["--report", report]);
    workspace.prompt_cicd(["test"].into_iter().chain(reports)).run().exits(10);
    let json: Value = serde_json::from_str(&workspace.read("o.json")).unwrap();
    let limits = &json["suites"][0]["performance_limits"];
    assert_eq!(limits[1], json!({"name": "tokens", "unit": "tokens", "value": 30.0, "bound": 29.0, "verdict": "failed"}));
    assert_eq!((&limits[0]["name"], &limits[0]["unit"], &limits[0]["verdict"]), (&json!("latency-p95"), &json!("ms"), &json!("passed")));
    assert!(limits[0]["bound"] == json!(3_600_000.0) && limits[0]["value"].as_f64().unwrap() > 0.0, "{limits}");
    let junit = workspace.read("o.xml");
    assert!(junit.contains("<testsuite name=\"greeting\" tests=\"3\" skipped=\"0\" errors=\"0\" failures=\"1\""), "{junit}");
    assert!(junit.contains("<testcase name=\"limit tokens\" classname=\"greeting\"") && junit.contains("type=\"performance\""), "{junit}");
    assert!(!junit.contains("limit latency-p95"), "what is kept is no failure: {junit}");
    for file in ["o.md", "o.html"] {
        let text = workspace.read(file);
        assert!(text.contains("is 30 tokens, and at most 29 tokens is allowed"), "{file}: {text}");
    }
}

#[test]
fn a_part_of_a_run_decides_no_limit_and_the_merged_run_decides_each() {
    let model = FakeModel::start(Behaviour::Echo);
    for (limits, code) in [("{tokens: 29}", 10), ("{tokens: 30}", 0)] {
        let workspace = limited(&model, limits);
        let mut asked = 0;
        for part in ["1", "2", "3", "4"] {
            let (shard, report) = (format!("{part}/4"), format!("shard=part{part}.json"));
            let json = workspace.prompt_cicd(["test", "--shard", &shard, "--report", &report, "--format", "json"]).run().exits(0).json();
            asked += json["total_tests"].as_u64().unwrap();
            assert!(!json["warnings"].to_string().contains("tokens"), "{json:#}");
        }
        assert_eq!(asked, 2, "both cases are in some part");
        let merged = ["report", "merge", "part1.json", "part2.json", "part3.json", "part4.json", "--format", "json"];
        let json = workspace.prompt_cicd(merged).run().exits(code).json();
        assert_eq!(json["suites"][0]["performance_limits"][0]["value"], 30.0);
        assert_eq!(json["warnings"].to_string().contains("`tokens` is 30 tokens, and at most 29"), code == 10, "{json:#}");
    }
    // Fifteen tokens are more than a part may take, were it asked.
    let workspace = limited(&model, "{tokens: 14}");
    for part in ["1", "2", "3", "4"] {
        workspace.prompt_cicd(["test", "--shard", &format!("{part}/4"), "--report", &format!("shard={part}.json")]).run().exits(0);
    }
    workspace.prompt_cicd(["report", "merge", "1.json", "2.json", "3.json", "4.json"]).run().exits(10);
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
