//! `init --check`: what is out of date, for people and for machines.

use serde_json::Value;

use crate::support::Workspace;

const CALLER: &str = ".github/workflows/gradual-rollout.yml";

fn written() -> Workspace {
    let workspace = Workspace::empty().file(".git/HEAD", "ref: refs/heads/main\n");
    workspace.prompt_cicd(["init"]).run().exits(0);
    workspace
}

fn state<'j>(json: &'j Value, file: &str) -> &'j str {
    let found = json["files"].as_array().unwrap().iter().find(|row| row["file"] == file);
    found.unwrap_or_else(|| panic!("no {file} in {json:#}"))["state"].as_str().unwrap()
}

#[test]
fn what_was_written_is_current_whoever_owns_the_copy() {
    let workspace = written();
    let caller = workspace.read(CALLER).replace("uses: org/", "uses: octo/").replace('\n', "\r\n");
    let workspace = workspace.file(CALLER, &caller);
    let json = workspace.prompt_cicd(["init", "--check", "--format", "json"]).run().exits(0).json();
    assert_eq!((json["schema"].as_str(), json["current"].as_bool()), (Some("init-check/v1"), Some(true)));
    assert_eq!((state(&json, CALLER), state(&json, "prompt-cicd.yml")), ("current", "current"));
    // A caller that nobody wants is no fault.
    std::fs::remove_file(workspace.path().join(CALLER)).unwrap();
    workspace.prompt_cicd(["init", "--check"]).run().exits(0).shows(&format!("– {CALLER}: not there"));
}

#[test]
fn older_newer_and_changed_callers_are_told_apart() {
    let ours = format!("@v{}", env!("CARGO_PKG_VERSION"));
    for (from, to, code, expected) in [
        (ours.as_str(), "@v0.0.1", 13, "older"),
        (ours.as_str(), "@v999.0.0", 0, "newer"),
        ("permissions: {}", "permissions: write-all", 13, "differs"),
    ] {
        let workspace = written();
        let caller = workspace.read(CALLER);
        assert!(caller.contains(from), "{from} is not in {CALLER}");
        let workspace = workspace.file(CALLER, &caller.replace(from, to));
        let json = workspace.prompt_cicd(["init", "--check", "--format", "json"]).run().exits(code).json();
        assert_eq!(state(&json, CALLER), expected);
        assert_eq!(json["current"].as_bool(), Some(code == 0));
    }
    let workspace = written();
    let older = workspace.read(CALLER).replace(&ours, "@v0.0.1");
    let workspace = workspace.file(CALLER, &older);
    workspace
        .prompt_cicd(["init", "--check"])
        .run()
        .exits(13)
        .shows("it calls 0.0.1, this is")
        .shows("--workflows --force")
        .shows("out of date");
    assert_eq!(workspace.read(CALLER), older, "it only looks");
    workspace.prompt_cicd(["init", "--workflows", "--force"]).run().exits(0);
    workspace.prompt_cicd(["init", "--check"]).run().exits(0);
}

#[test]
fn keys_that_went_are_named() {
    let workspace = written();
    let config = workspace.read("prompt-cicd.yml");
    let workspace = workspace.file("prompt-cicd.yml", &format!("{config}\nrollout-defaults: {{}}\n"));
    workspace.prompt_cicd(["init", "--check"]).run().exits(13).shows("✗ prompt-cicd.yml: cannot be used").shows("rollout-defaults");
    workspace.prompt_cicd(["init", "--check", "--force"]).run().exits(2);
}
