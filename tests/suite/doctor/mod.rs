mod permissions;

use serde_json::Value;

use crate::support::{Behaviour, FakeModel, Workspace};

fn finding<'j>(json: &'j Value, what: &str) -> &'j Value {
    json["findings"].as_array().unwrap().iter().find(|finding| finding["what"] == what).unwrap_or_else(|| panic!("no {what} in {json:#}"))
}

const MODELS: &str = r#"{"object": "list", "data": [{"id": "fake"}, {"id": "other"}]}"#;

#[test]
fn what_is_well_is_said_and_exits_0() {
    Workspace::greeting().prompt_cicd(["doctor"]).run().exits(0).shows("✓ provider model: asks nobody").shows("1 suites with 2 cases");
    let model = FakeModel::start(Behaviour::Body(MODELS));
    let json = Workspace::asking(&model.base_url()).prompt_cicd(["doctor", "--format", "json"]).run().exits(0).json();
    assert_eq!(json["well"], true);
    let provider = finding(&json, "provider model");
    assert_eq!(provider["health"], "well");
    assert!(provider["seen"].as_str().unwrap().contains("has fake"), "{provider}");
    model.received(|received| assert_eq!(received[0].path, "/v1/models"));
    assert_eq!(finding(&json, "GitHub")["health"], "aside");
    assert_eq!(finding(&json, "store")["health"], "well");
}

#[test]
fn a_key_is_never_shown_and_its_absence_is_said() {
    let model = FakeModel::start(Behaviour::Body(MODELS));
    let workspace = Workspace::asking(&model.base_url());
    let config = workspace.read("prompt-cicd.yml").replace("model: fake}", "model: fake, api-key-env: MY_KEY}");
    let workspace = workspace.file("prompt-cicd.yml", &config);
    workspace.prompt_cicd(["doctor"]).run().exits(3).shows("✗ provider model").shows("MY_KEY").shows("export MY_KEY");
    let finished = workspace.prompt_cicd(["doctor"]).env("MY_KEY", "very-secret-key-1234").run().exits(0).shows("MY_KEY is set");
    assert!(!format!("{finished:?}").contains("very-secret-key-1234"));
    model.received(|received| assert_eq!(received[0].authorization.as_deref(), Some("Bearer very-secret-key-1234")));
}

#[test]
fn servers_that_refuse_or_do_not_answer_have_their_codes() {
    let refused = FakeModel::start(Behaviour::Status(401, "{}"));
    Workspace::asking(&refused.base_url()).prompt_cicd(["doctor"]).run().exits(31).shows("✗ provider model").shows("GET ");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = format!("http://{}/v1", listener.local_addr().unwrap());
    drop(listener);
    Workspace::asking(&nobody).prompt_cicd(["doctor"]).run().exits(30).shows("no connection");
    let without = FakeModel::start(Behaviour::Body(r#"{"data": [{"id": "fakes"}]}"#));
    Workspace::asking(&without.base_url())
        .prompt_cicd(["doctor"])
        .run()
        .exits(31)
        .shows("does not list the model `fake`")
        .shows("did you mean `fakes`?");
    let silent = FakeModel::start(Behaviour::Status(404, ""));
    Workspace::asking(&silent.base_url())
        .prompt_cicd(["doctor"])
        .run()
        .exits(0)
        .shows("– provider model")
        .shows("does not say which models");
}

#[test]
fn a_configuration_that_is_wrong_or_missing_exits_3() {
    Workspace::empty().prompt_cicd(["doctor"]).run().exits(3).shows("✗ configuration").shows("prompt-cicd init");
    let workspace = Workspace::greeting().file("prompts/greeting.prompt.yml", "name: greeting\nmessages: 7\n");
    workspace.prompt_cicd(["doctor"]).run().exits(3).shows("✗ configuration: prompt-cicd.yml").shows("config check");
    let workspace = Workspace::greeting().file("prompt-cicd.yml", "version: 1\nprovidres: {}\n");
    workspace.prompt_cicd(["doctor", "--format", "json"]).run().exits(3).shows("misconfigured").shows("providers");
}
