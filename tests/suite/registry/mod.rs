use serde_json::{Value, json};

use crate::support::rollout::Stage;

fn changes(stage: &Stage) -> Vec<Value> {
    stage.call(["audit", "verify"]).exits(0).shows("intact");
    let shown = stage.call(["audit", "show", "--format", "json", "--last", "1000"]).exits(0).json();
    shown["entries"].as_array().unwrap().iter().filter(|entry| entry["what"].as_str().unwrap().starts_with("version-")).cloned().collect()
}

#[test]
fn every_change_of_a_version_is_in_the_audit_log_once() {
    let stage = Stage::empty("stages: [10, 100]", "30s");
    stage.version("1.0.0");
    stage.call(["registry", "register", "greeting", "--dry-run"]).exits(0);
    stage.call(["registry", "archive", "greeting", "1.0.0"]).exits(20).says("is not registered");
    assert_eq!(changes(&stage), Vec::<Value>::new(), "what was dry or refused is not there");
    stage.call(["registry", "register", "greeting", "--by", "bo"]).exits(0);
    stage.call(["registry", "register", "greeting"]).exits(0).says("registered with this content already");
    stage.call(["registry", "promote", "greeting", "1.0.0"]).exits(0);
    stage.call(["registry", "archive", "greeting", "1.0.0", "--reason", "never used"]).exits(0);
    stage.call(["registry", "archive", "greeting", "1.0.0"]).exits(0);
    stage.call(["registry", "list", "greeting"]).exits(0).shows("archived");
    stage.call(["registry", "archive", "greeting", "1.0.0", "--undo"]).exits(0);
    stage.call(["registry", "mark-bad", "greeting", "1.0.0", "--reason", "it's \"rude\" $(id) 🔥\n::error::x"]).exits(0);
    let all = changes(&stage);
    let whats: Vec<&str> = all.iter().map(|entry| entry["what"].as_str().unwrap()).collect();
    assert_eq!(whats, ["version-registered", "version-promoted", "version-archived", "version-unarchived", "version-marked-bad"]);
    let registered = &all[0];
    assert_eq!((&registered["prompt"], &registered["who"]["actor"]), (&json!("greeting"), &json!("ana")));
    assert_eq!((&registered["evidence"]["version"], &registered["evidence"]["by"]), (&json!("1.0.0"), &json!("bo")));
    assert_eq!(all[1]["environment"], "production");
    assert_eq!((&all[2]["from"], &all[2]["to"], &all[2]["why"]), (&json!("candidate"), &json!("archived"), &json!("never used")));
    assert_eq!((&all[4]["to"], &all[4]["why"]), (&json!("bad"), &json!("it's \"rude\" $(id) 🔥\n::error::x")));
}

#[test]
fn a_mirror_that_fails_is_said_and_fails_nothing() {
    let stage = Stage::empty("stages: [10, 100]", "30s");
    let config = stage.workspace.read("prompt-cicd.yml");
    let mirror = "targets:\n  mlflow: {kind: mlflow, url: 'http://127.0.0.1:9', mirror: true}\n";
    stage.workspace.write("prompt-cicd.yml", config.replace("targets:\n", mirror).as_bytes());
    stage.version("1.0.0");
    let unmirrored = "greeting 1.0.0 is not mirrored: target \"mlflow\": ";
    stage.call(["registry", "register", "greeting"]).exits(0).says(unmirrored).says("the change itself is done");
    stage.rollout("start", []).exits(0).says(unmirrored);
    stage.call(["registry", "mark-bad", "greeting", "1.0.0", "--reason", "x"]).exits(0).says(unmirrored);
    stage.call(["registry", "show", "greeting", "1.0.0"]).exits(0).says("is not proved");
    let whats = changes(&stage).len();
    assert_eq!(whats, 2, "every change was made once");
}

#[test]
fn a_change_that_cannot_be_written_down_is_not_made() {
    let stage = Stage::empty("stages: [10, 100]", "30s");
    stage.version("1.0.0");
    stage.call(["registry", "register", "greeting"]).exits(0);
    // A torn head of the log refuses every writing that it is part of.
    let mut folders = vec![stage.workspace.path().join("state")];
    let mut torn = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.to_str().unwrap().contains("/audit") {
                std::fs::write(path, b"{ torn").unwrap();
                torn += 1;
            }
        }
    }
    assert!(torn > 0);
    stage.call(["registry", "mark-bad", "greeting", "1.0.0", "--reason", "wrong"]).exits(3);
    let shown = stage.call(["registry", "show", "greeting", "1.0.0", "--format", "json"]).exits(0).json();
    assert_eq!(shown["bad"], Value::Null);
}
