use crate::support::{Behaviour, FakeModel, Workspace, numbered_cases};

/// A greeting of so many cases, asked one at a time, with these keys for the provider and the file. The fake model says that
/// each request takes 10 tokens and each answer 5.
fn workspace(model: &FakeModel, cases: usize, provider: &str, rest: &str) -> Workspace {
    let workspace = Workspace::asking(&model.base_url());
    let config = workspace.read("prompt-cicd.yml").replace("model: fake}", &format!("model: fake{provider}}}"));
    workspace.file("prompt-cicd.yml", &(config + rest)).file("cases/greeting.jsonl", &numbered_cases(cases))
}

const PRICES: &str = ", prices: {input-per-million: 10000, output-per-million: 20000}";

#[test]
fn tokens_end_a_run_cleanly_and_what_is_left_never_passes() {
    let model = FakeModel::start(Behaviour::Echo);
    let workspace = workspace(&model, 20, "", "run: {budget: {tokens: 100}}\n");
    let finished = workspace.prompt_cicd(["test", "--format", "json", "-j", "1", "--report", "junit=junit.xml"]).run().exits(13);
    let json = finished.json();
    assert_eq!((json["verdict"].as_str(), json["passed"].as_bool()), (Some("inconclusive"), Some(false)));
    let asked = json["passed_tests"].as_u64().unwrap();
    assert_eq!(model.requests() as u64, asked, "what was paid for is in the report");
    assert!((4..=6).contains(&asked), "100 tokens are enough for 6 requests of 15: {asked}");
    assert_eq!(json["not_run_tests"].as_u64().unwrap(), 20 - asked);
    let last = &json["test_case_results"][19];
    assert_eq!((last["state"].as_str(), last["error"]["kind"].as_str()), (Some("not-run"), Some("budget")));
    assert_eq!(last["error"]["message"], "the budget of 100 tokens was spent");
    assert!(workspace.read("junit.xml").contains("type=\"budget\""), "a spent budget is not a case that nobody wanted");
}

#[test]
fn money_ends_a_run_too_and_the_command_line_decides() {
    let model = FakeModel::start(Behaviour::Echo);
    // A request with its answer costs 0.1 + 0.1 dollars.
    let workspace = workspace(&model, 20, PRICES, "run: {budget: {usd: 100}}\n");
    workspace.prompt_cicd(["test"]).run().exits(0);
    let before = model.requests();
    let finished = workspace.prompt_cicd(["test", "--budget-usd", "1", "--format", "json"]).run().exits(13);
    let (asked, json) = (model.requests() - before, finished.json());
    assert!((1..=5).contains(&asked), "{asked} requests of $0.20 for $1");
    assert!(json["performance_metrics"]["cost_usd"].as_f64().unwrap() <= 1.0 + 1e-9);
    workspace.prompt_cicd(["test", "--budget-usd", "1"]).run().exits(13).shows("the budget of $1").shows("(the budget was spent)");
    workspace.prompt_cicd(["test", "--budget-usd", "0"]).run().exits(2).says("US dollars above zero");
    workspace.prompt_cicd(["test", "--budget-usd", "NaN"]).run().exits(2);
}

#[test]
fn a_budget_in_money_without_prices_is_said_before_the_first_request() {
    let model = FakeModel::start(Behaviour::Echo);
    let workspace = workspace(&model, 2, "", "run: {budget: {usd: 1}}\n");
    workspace
        .prompt_cicd(["test"])
        .run()
        .exits(3)
        .says("provider \"model\" has no prices, so the budget of $1 cannot be held")
        .says("prices");
    assert_eq!(model.requests(), 0);
}

#[test]
fn an_answer_whose_cost_nobody_knows_ends_the_run() {
    let model = FakeModel::start(Behaviour::Body(r#"{"choices": [{"message": {"content": "N0 N1 N2 N3"}}]}"#));
    let workspace = workspace(&model, 4, PRICES, "run: {budget: {usd: 1}}\n");
    let finished = workspace.prompt_cicd(["test", "-j", "1"]).run().exits(13);
    finished.shows("the cost of an answer is not known, so the budget of $1");
    assert_eq!(model.requests(), 1);
}

#[test]
fn an_echo_costs_nothing_and_a_replay_neither() {
    let echo = Workspace::greeting();
    let config = echo.read("prompt-cicd.yml") + "run: {budget: {usd: 0.01}}\n";
    let echo = echo.file("prompt-cicd.yml", &config);
    echo.prompt_cicd(["test", "--record", "tape.jsonl"]).run().exits(0);
    echo.prompt_cicd(["test", "--replay", "tape.jsonl", "--budget-tokens", "1"]).run().exits(0);
    let none = echo.prompt_cicd(["test", "--budget-tokens", "1"]).run().exits(13);
    let none = none.shows("the budget of 1 token allows no request").shows("(the budget allows no request)");
    assert!(!none.stdout.contains("was spent"), "{}", none.stdout);
}

#[test]
fn budgets_that_are_none_are_told_where_they_stand() {
    let finished = |run: &str| {
        let workspace = Workspace::greeting();
        let config = workspace.read("prompt-cicd.yml") + run;
        workspace.file("prompt-cicd.yml", &config).prompt_cicd(["config", "check"]).run().exits(3)
    };
    finished("run: {budget: {usd: 0}}\n").says("run.budget.usd");
    finished("run: {budget: {tokens: 1.5}}\n").says("run.budget.tokens");
    finished("run: {budget: {dollars: 1}}\n").says("dollars");
}

#[test]
fn a_minute_has_no_more_requests_than_the_provider_allows() {
    let model = FakeModel::start(Behaviour::Echo);
    let workspace = workspace(&model, 6, ", requests-per-minute: 4", "suite-defaults: {limits: {suite: 30s}}\n");
    let finished = workspace.prompt_cicd(["test", "--format", "json"]).run().exits(30);
    assert_eq!(model.requests(), 4, "the fifth would have to wait longer than the suite may take");
    let json = finished.json();
    assert_eq!((json["passed_tests"].as_u64(), json["not_run_tests"].as_u64()), (Some(4), Some(2)));
    let error = &json["test_case_results"][5]["error"];
    assert_eq!(error["kind"], "rate-limit", "the provider's limit held it, not the suite's: {error}");
    assert!(error["message"].as_str().unwrap().contains("`requests-per-minute`"), "{error}");
}

#[test]
fn a_minute_has_no_more_tokens_than_the_provider_allows() {
    let model = FakeModel::start(Behaviour::Echo);
    let workspace = workspace(&model, 6, ", tokens-per-minute: 50", "suite-defaults: {limits: {suite: 30s}}\n");
    workspace.prompt_cicd(["test", "-j", "1"]).run().exits(30);
    assert!((2..=3).contains(&model.requests()), "{} requests of 15 tokens for 50", model.requests());
}

#[test]
fn retries_keep_to_the_minute_as_well() {
    let model = FakeModel::start(Behaviour::Status(503, "busy"));
    let rest = "run: {retry: {base: 1ms, max: 2ms}}\nsuite-defaults: {limits: {case: 20s}}\n";
    let workspace = workspace(&model, 1, ", requests-per-minute: 2", rest);
    workspace.prompt_cicd(["test"]).run().exits(30).shows("busy");
    assert_eq!(model.requests(), 2, "four attempts, of which the minute has room for two");
}

#[test]
fn answers_at_hand_wait_for_no_minute() {
    let model = FakeModel::start(Behaviour::Echo);
    let workspace = workspace(&model, 3, ", requests-per-minute: 3", "suite-defaults: {limits: {suite: 30s}}\nrun: {cache: cache}\n");
    workspace.prompt_cicd(["test"]).run().exits(0);
    let finished = workspace.prompt_cicd(["test", "--repeat", "2", "--format", "json", "--no-fail"]).run();
    let origins: Vec<_> = finished.json()["test_case_results"].as_array().unwrap().iter().map(|result| result["origin"].clone()).collect();
    assert_eq!(origins.iter().filter(|origin| **origin == "cached").count(), 3, "{origins:?}");
    assert_eq!(model.requests(), 6, "a new run has a new minute");
}
