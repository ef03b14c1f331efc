use std::time::{Duration, Instant};

use crate::support::{Behaviour, FakeModel, Workspace, numbered_cases};

/// An address where nobody listens: bound once, then let go.
fn nobody() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}/v1", listener.local_addr().unwrap())
}

fn with_run(workspace: Workspace, run: &str) -> Workspace {
    let config = workspace.read("prompt-cicd.yml") + run;
    workspace.file("prompt-cicd.yml", &config)
}

const QUICK: &str = "run: {retry: {base: 10ms, max: 50ms}}\n";

#[test]
fn a_dead_endpoint_costs_seconds_and_exits_30() {
    let begin = Instant::now();
    let cases = numbered_cases(200);
    let finished =
        Workspace::asking(&nobody()).file("cases/greeting.jsonl", &cases).prompt_cicd(["test", "--format", "json"]).run().exits(30);
    assert!(begin.elapsed() < Duration::from_secs(70), "{:?}", begin.elapsed());
    let json = finished.json();
    assert_eq!(
        (json["verdict"].as_str(), json["failed_tests"].as_u64()),
        (Some("inconclusive"), Some(0)),
        "an outage is not a failed test"
    );
    assert_eq!(json["passed"], false);
}

#[test]
fn a_silent_endpoint_ends_at_the_retry_budget() {
    let model = FakeModel::start(Behaviour::Hang);
    let workspace =
        with_run(Workspace::asking(&model.base_url()), "run: {retry: {base: 10ms, budget: 2s}}\nsuite-defaults: {limits: {request: 1s}}\n");
    let cases = numbered_cases(50);
    let begin = Instant::now();
    workspace.file("cases/greeting.jsonl", &cases).prompt_cicd(["test"]).run().exits(30).shows("retry budget");
    assert!(begin.elapsed() < Duration::from_secs(6), "{:?}", begin.elapsed());
    assert!(model.requests() < 20, "{} requests to a server that never answers", model.requests());
}

#[test]
fn a_refused_key_is_said_once_and_exits_31() {
    let model = FakeModel::start(Behaviour::Status(401, r#"{"error": {"message": "bad key", "code": "invalid_api_key"}}"#));
    let workspace = Workspace::asking(&model.base_url());
    let config = workspace.read("prompt-cicd.yml").replace("model: fake}", "model: fake, api-key-env: MY_KEY}");
    let cases = numbered_cases(50);
    let workspace = workspace.file("prompt-cicd.yml", &config).file("cases/greeting.jsonl", &cases);
    let finished = workspace.prompt_cicd(["test"]).env("MY_KEY", "very-secret-key-1234").run().exits(31).shows("MY_KEY").shows("bad key");
    assert!(model.requests() <= 4, "{} requests with a key that is refused", model.requests());
    assert!(!format!("{finished:?}").contains("very-secret-key-1234"));
    model.received(|received| assert_eq!(received[0].authorization.as_deref(), Some("Bearer very-secret-key-1234")));
}

#[test]
fn a_passing_trouble_is_retried() {
    let model = FakeModel::start(Behaviour::Flaky(2, 503));
    let finished =
        with_run(Workspace::asking(&model.base_url()), QUICK).prompt_cicd(["test", "--format", "json", "-j", "1"]).run().exits(0);
    assert_eq!(finished.json()["test_case_results"][0]["attempts"], 3);
    assert_eq!(model.requests(), 4);
}

#[test]
fn a_lasting_trouble_exits_30_and_counts_no_test_as_failed() {
    for (behaviour, code) in [
        (Behaviour::Status(500, "oops"), 30),
        (Behaviour::Status(429, "{}"), 31),
        (Behaviour::Status(404, r#"{"error": {"message": "no such model", "code": 404}}"#), 31),
        (Behaviour::Body("<html>hello</html>"), 30),
        (Behaviour::Body(r#"{"choices": []}"#), 30),
    ] {
        let name = format!("{behaviour:?}");
        let model = FakeModel::start(behaviour);
        let finished = with_run(Workspace::asking(&model.base_url()), QUICK).prompt_cicd(["test", "--format", "json"]).run();
        assert_eq!(finished.code, code, "{name}: {finished:?}");
        assert_eq!(finished.json()["failed_tests"], 0, "{name}");
        assert_eq!(finished.json()["test_case_results"][0]["state"], "error", "{name}");
    }
}

#[test]
fn a_suite_that_takes_too_long_is_cut_and_never_passes() {
    let model = FakeModel::start(Behaviour::Slow(Duration::from_millis(300)));
    let workspace = with_run(Workspace::asking(&model.base_url()), "suite-defaults: {concurrency: 1, limits: {suite: 500ms}}\n");
    let cases = numbered_cases(20);
    let begin = Instant::now();
    let finished = workspace.file("cases/greeting.jsonl", &cases).prompt_cicd(["test", "--format", "json"]).run().exits(30);
    assert!(begin.elapsed() < Duration::from_secs(3), "{:?}", begin.elapsed());
    assert_eq!(finished.json()["verdict"], "inconclusive");
    assert!(finished.json()["passed_tests"].as_u64().unwrap() >= 1, "what was answered in time counts");
}

/// Several dead providers, and one that dies in the middle, stay within the budget together: each further one gets a
/// short look, not a whole request limit.
#[test]
fn no_outage_costs_more_than_the_budget_and_a_look() {
    let dead = FakeModel::start(Behaviour::Hang);
    let run = "run: {max-concurrency: 1, retry: {base: 10ms, budget: 2s}}\nsuite-defaults: {limits: {request: 6s}}\n";
    let workspace = with_run(Workspace::asking(&dead.base_url()), run);
    let config = workspace.read("prompt-cicd.yml");
    let second = format!("providers:\n  second: {{kind: openai, base-url: \"{}\", model: fake}}\n", dead.base_url());
    let suite = "suites:\n  - {name: other, prompt: prompts/greeting.prompt.yml, provider: second, cases: cases/greeting.jsonl, defaults: {assert: [{contains: x}]}}\n";
    let config = config.replace("providers:\n", &second).replace("suites:\n", suite);
    let workspace = workspace.file("prompt-cicd.yml", &config).file("cases/greeting.jsonl", &numbered_cases(20));
    let begin = Instant::now();
    workspace.prompt_cicd(["test"]).run().exits(30);
    // 6 s for the first request, which uses the budget up, and 5 s to look at the other provider.
    assert!(begin.elapsed() < Duration::from_secs(14), "{:?}", begin.elapsed());

    let dying = FakeModel::start(Behaviour::AnswerThenHang(1));
    let run = "run: {retry: {base: 10ms, budget: 2s}}\nsuite-defaults: {concurrency: 1, limits: {request: 1s}}\n";
    let workspace = with_run(Workspace::asking(&dying.base_url()), run).file("cases/greeting.jsonl", &numbered_cases(20));
    let begin = Instant::now();
    workspace.prompt_cicd(["test"]).run().exits(30);
    assert!(begin.elapsed() < Duration::from_secs(6), "{:?}", begin.elapsed());
    assert!(dying.requests() <= 5, "{} requests", dying.requests());
}
