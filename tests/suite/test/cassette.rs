use crate::support::{Behaviour, FakeModel, Workspace};

#[test]
fn a_recording_replays_without_network_and_without_a_key() {
    let workspace = {
        let model = FakeModel::start(Behaviour::Echo);
        let workspace = Workspace::asking(&model.base_url());
        let config = workspace.read("prompt-cicd.yml").replace("model: fake}", "model: fake, api-key-env: MY_KEY}");
        let workspace = workspace.file("prompt-cicd.yml", &config);
        workspace.prompt_cicd(["test", "--record", "answers.jsonl"]).env("MY_KEY", "very-secret-key-1234").run().exits(0);
        workspace
    };
    let recorded = workspace.read("answers.jsonl");
    assert_eq!(recorded.lines().count(), 2);
    assert!(!recorded.contains("very-secret-key-1234"));
    let line: serde_json::Value = serde_json::from_str(recorded.lines().next().unwrap()).unwrap();
    assert_eq!(line["response"]["usage"]["total_tokens"], 15, "all fields of the response are kept");
    let json = workspace.prompt_cicd(["test", "--replay", "answers.jsonl", "--format", "json"]).run().exits(0).json();
    assert_eq!((json["passed_tests"].as_u64(), json["test_case_results"][0]["origin"].as_str()), (Some(2), Some("recorded")));
}

#[test]
fn recording_twice_gives_the_same_bytes_but_for_times() {
    let model = FakeModel::start(Behaviour::Echo);
    let workspace = Workspace::asking(&model.base_url());
    let keys = || {
        workspace.prompt_cicd(["test", "--record", "answers.jsonl", "-j", "2"]).run().exits(0);
        let keys: Vec<String> = workspace
            .read("answers.jsonl")
            .lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["key"].to_string())
            .collect();
        keys
    };
    assert_eq!(keys(), keys());
}

#[test]
fn a_request_that_was_not_recorded_is_named_and_never_passes() {
    let model = FakeModel::start(Behaviour::Echo);
    let workspace = Workspace::asking(&model.base_url());
    workspace.prompt_cicd(["test", "--record", "answers.jsonl", "--filter", "ana"]).run().exits(0);
    workspace.prompt_cicd(["test", "--replay", "answers.jsonl"]).run().exits(3).shows("ben").shows("--record");
}

#[test]
fn a_broken_line_is_told_with_its_number() {
    let workspace = Workspace::greeting().file("answers.jsonl", "{\"key\": \n");
    workspace.prompt_cicd(["test", "--replay", "answers.jsonl"]).run().exits(3).says("answers.jsonl:1");
}

#[test]
fn a_cassette_provider_stands_for_the_one_it_was_recorded_from() {
    let model = FakeModel::start(Behaviour::Echo);
    let workspace = Workspace::asking(&model.base_url());
    let config = workspace
        .read("prompt-cicd.yml")
        .replace("providers:\n", "providers:\n  recorded: {kind: cassette, path: answers.jsonl, of: model}\n");
    let workspace = workspace.file("prompt-cicd.yml", &config.replace("    provider: model", "    provider: recorded"));
    workspace.prompt_cicd(["test", "--record", "answers.jsonl"]).run().exits(0);
    assert_eq!(model.requests(), 2);
    workspace.prompt_cicd(["test"]).run().exits(0);
    assert_eq!(model.requests(), 2, "the recording answers");
}
