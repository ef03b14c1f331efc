use serde_json::Value;

use crate::support::{Behaviour, FakeModel, Workspace};

/// A run against a fake model, recorded; then the same configuration as if the answers had come from OpenAI.
fn recorded_from_openai(model: &str, more: &str) -> Workspace {
    let fake = FakeModel::start(Behaviour::Echo);
    let workspace = Workspace::asking(&fake.base_url());
    let config = workspace.read("prompt-cicd.yml").replace("model: fake", &format!("model: {model}"));
    let workspace = workspace.file("prompt-cicd.yml", &config);
    workspace.prompt_cicd(["test", "--record", "answers.jsonl"]).run().exits(0);
    let config = config.replace(&fake.base_url(), "https://api.openai.com/v1") + more;
    workspace.file("prompt-cicd.yml", &config)
}

fn replayed(workspace: &Workspace) -> Value {
    workspace.prompt_cicd(["test", "--replay", "answers.jsonl", "--format", "json"]).run().exits(0).json()
}

#[test]
fn a_listed_price_is_used_and_told_with_its_day() {
    let workspace = recorded_from_openai("gpt-4o-mini-2024-07-18", "");
    let json = replayed(&workspace);
    let listed = &json["suites"][0]["listed_prices"];
    assert_eq!((listed["input_per_million"].as_f64(), listed["output_per_million"].as_f64()), (Some(0.15), Some(0.6)));
    assert_eq!((listed["as_of"].as_str(), &listed["estimated"], &listed["currency"]), (Some("2026-03-21"), &true.into(), &"USD".into()));
    // 10 tokens in, 5 out.
    let cost = json["test_case_results"][0]["cost_usd"].as_f64().unwrap();
    assert!((cost - (10.0 * 0.15 + 5.0 * 0.6) / 1e6).abs() < 1e-12, "{cost}");
    for format in ["text", "markdown"] {
        let said = workspace.prompt_cicd(["test", "--replay", "answers.jsonl", "--format", format]).run().exits(0);
        assert!(
            said.stdout.contains("0.15 for a million tokens in")
                && said.stdout.contains("is estimated")
                && said.stdout.contains("as listed on 2026"),
            "{format}: {}",
            said.stdout
        );
    }
    // The assertion on the cost may rely on it.
    let config = workspace.read("prompt-cicd.yml").replace("- contains: \"{{name}}\"", "- cost: 0.01");
    replayed(&workspace.file("prompt-cicd.yml", &config));
}

#[test]
fn the_configuration_overrides_the_list() {
    let workspace = recorded_from_openai("gpt-4o-mini", "");
    let config = workspace
        .read("prompt-cicd.yml")
        .replace("model: gpt-4o-mini", "model: gpt-4o-mini, prices: {input-per-million: 1, output-per-million: 1}");
    let json = replayed(&workspace.file("prompt-cicd.yml", &config));
    assert!(json["suites"][0]["listed_prices"].is_null());
    let cost = json["test_case_results"][0]["cost_usd"].as_f64().unwrap();
    assert!((cost - 15.0 / 1e6).abs() < 1e-12, "{cost}");
}

#[test]
fn a_model_or_a_host_that_is_not_listed_has_no_price_and_no_budget_in_money() {
    let unknown = recorded_from_openai("gpt-17", "");
    let json = replayed(&unknown);
    assert!(json["suites"][0]["listed_prices"].is_null() && json["test_case_results"][0]["cost_usd"].is_null(), "{json:#}");
    for workspace in [unknown, Workspace::asking("http://127.0.0.1:9/v1")] {
        let config = workspace.read("prompt-cicd.yml") + "run: {budget: {usd: 1}}\n";
        let workspace = workspace.file("prompt-cicd.yml", &config);
        workspace.prompt_cicd(["test"]).run().exits(3).says("has no prices, so the budget of $1 cannot be held; none is listed for ");
    }
}

/// Answers without `usage`.
const SILENT: &str = r#"{"choices": [{"message": {"content": "Hello Ana and Ben!"}, "finish_reason": "stop"}]}"#;

fn silent(model: &FakeModel, assertion: &str, more: &str) -> Workspace {
    let workspace = Workspace::asking(&model.base_url());
    let config = workspace
        .read("prompt-cicd.yml")
        .replace("- contains: \"{{name}}\"", assertion)
        .replace("model: fake}", "model: fake, prices: {input-per-million: 1, output-per-million: 1}}");
    workspace.file("prompt-cicd.yml", &(config + more))
}

#[test]
fn tokens_that_nobody_counted_are_estimated_and_every_report_says_so() {
    let model = FakeModel::start(Behaviour::Body(SILENT));
    let workspace = silent(&model, "- contains: Hello", "");
    let json =
        workspace.prompt_cicd(["test", "--format", "json", "--report", "html=r.html", "--report", "markdown=r.md"]).run().exits(0).json();
    let tokens = &json["test_case_results"][0]["tokens"];
    // "Hello Ana!" has 10 characters, the answer 18.
    assert_eq!((tokens["input"].as_u64(), tokens["output"].as_u64(), &tokens["estimated"]), (Some(3), Some(5), &true.into()));
    assert_eq!(json["performance_metrics"]["tokens"]["estimated"], true);
    workspace.prompt_cicd(["test", "-v"]).run().exits(0).shows("≈6 + 10").shows("(estimated: a provider did not count)");
    assert!(workspace.read("r.md").contains("≈6 + 10"), "{}", workspace.read("r.md"));
    assert!(workspace.read("r.html").contains("≈3 + 5"));
    let counted = FakeModel::start(Behaviour::Echo);
    let json = Workspace::asking(&counted.base_url()).prompt_cicd(["test", "--format", "json"]).run().exits(0).json();
    assert_eq!(json["performance_metrics"]["tokens"], serde_json::json!({"input": 20, "output": 10, "estimated": false}));
}

#[test]
fn a_limit_on_tokens_or_money_is_never_kept_by_a_guess_unsaid() {
    let model = FakeModel::start(Behaviour::Body(SILENT));
    let reason = |assertion: &str, code: i32| {
        let json = silent(&model, assertion, "").prompt_cicd(["test", "--format", "json"]).run().exits(code).json();
        json["test_case_results"][0]["assertions"][0]["reason"].as_str().unwrap().to_owned()
    };
    assert_eq!(reason("- tokens: 100", 0), "about 8 total tokens, at most 100 allowed; estimated: the provider does not count tokens");
    assert_eq!(reason("- tokens: 7", 10), "about 8 total tokens, at most 7 allowed; estimated: the provider does not count tokens");
    assert!(reason("- cost: 1", 0).ends_with("at most $1 allowed; estimated: the provider does not count tokens"));
    // A budget in money stops, as what was spent is not known.
    let asked = model.requests();
    let finished = silent(&model, "- contains: Hello", "run: {budget: {usd: 1}}\n").prompt_cicd(["test", "-j", "1"]).run();
    assert!(finished.code == 13 && finished.stdout.contains("the cost of an answer is not known"), "{finished:?}");
    assert_eq!(model.requests(), asked + 1);
}

#[test]
fn a_guess_opens_no_gate() {
    let model = FakeModel::start(Behaviour::Body(SILENT));
    let gates = "gates:\n  rules: {money: {file: r.json, measure: cost-usd, at-most: 5}}\n";
    let workspace = silent(&model, "- contains: Hello", gates);
    workspace.prompt_cicd(["test", "--report", "json=r.json"]).run().exits(0);
    workspace.prompt_cicd(["gate"]).run().exits(13);
}
