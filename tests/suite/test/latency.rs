use std::time::Duration;

use crate::support::{Behaviour, FakeModel, Workspace, numbered_cases};

#[test]
fn waiting_for_a_slot_is_not_latency() {
    let model = FakeModel::start(Behaviour::Slow(Duration::from_millis(100)));
    let cases = numbered_cases(6);
    let workspace = Workspace::asking(&model.base_url()).file("cases/greeting.jsonl", &cases);
    let json = workspace.prompt_cicd(["test", "-j", "2", "--format", "json"]).run().exits(0).json();
    let last = &json["test_case_results"][5];
    let (latency, queue) = (last["latency_ms"].as_f64().unwrap(), last["queue_ms"].as_f64().unwrap());
    // Three rounds of two: the last pair waits for two rounds and is still answered after one.
    assert!(queue >= 190.0, "queue {queue} ms");
    assert!(latency >= 100.0 && latency < queue, "latency {latency} ms after {queue} ms in the queue");
    assert_eq!(model.most_under_way(), 2, "the suite's concurrency is kept");
}

#[test]
fn a_cached_answer_keeps_its_latency_and_is_marked() {
    let model = FakeModel::start(Behaviour::Slow(Duration::from_millis(50)));
    let workspace = Workspace::asking(&model.base_url());
    let first = workspace.prompt_cicd(["test", "--cache", "--format", "json"]).run().exits(0).json();
    let second = workspace.prompt_cicd(["test", "--cache", "--format", "json"]).run().exits(0).json();
    assert_eq!(model.requests(), 2, "the second run asks nothing");
    let sample = |json: &serde_json::Value| {
        (json["test_case_results"][0]["latency_ms"].as_f64().unwrap(), json["test_case_results"][0]["cached"].as_bool().unwrap())
    };
    let ((live, fresh), (kept, cached)) = (sample(&first), sample(&second));
    assert!(!fresh && cached);
    assert!((live - kept).abs() < 0.01, "{live} became {kept}");
    assert_eq!(second["performance_metrics"]["latency_ms"]["replayed"], true, "no statistic takes it for a new sample");
    workspace.prompt_cicd(["test", "--no-cache"]).run().exits(0);
    assert_eq!(model.requests(), 4);
}
