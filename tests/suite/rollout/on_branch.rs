//! A manifest on a branch: by `git push` from a checkout, by GitHub's API in a job without git.

use std::{path::Path, process::Command};

use serde_json::Value;

use crate::support::{
    github::{FakeGitHub, State},
    rollout::Stage,
};

/// A stage whose flags are on the branch `flags`.
fn stage(more: &str) -> Stage {
    let stage = Stage::empty("stage-duration: 0s", "100ms");
    let config = stage.workspace.read("prompt-cicd.yml");
    let config = config.replace("{kind: flagd, path: flags.json}", &format!("{{kind: flagd, branch: flags, path: flags.json{more}}}"));
    stage.workspace.write("prompt-cicd.yml", config.as_bytes());
    stage.version("1.0.0");
    stage.numbers(500.0, 500.0);
    stage
}

fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git").args(arguments).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn percent(manifest: &str) -> (Value, Value) {
    let manifest: Value = serde_json::from_str(manifest).unwrap();
    let flag = &manifest["flags"]["greeting"];
    (flag["metadata"]["percent"].clone(), flag["defaultVariant"].clone())
}

#[test]
fn a_rollout_and_its_rollback_go_over_git_push() {
    let stage = stage(", timeout: 30s");
    let here = stage.workspace.path();
    let elsewhere = tempfile::tempdir().unwrap();
    git(elsewhere.path(), &["init", "--quiet", "--bare", "remote.git"]);
    git(here, &["init", "--quiet"]);
    git(here, &["remote", "add", "origin", &elsewhere.path().join("remote.git").display().to_string()]);
    let bare = elsewhere.path().join("remote.git");
    stage.rollout("start", []).exits(0);
    stage.version("2.0.0");
    stage.rollout("start", []).exits(0);
    assert_eq!(percent(&git(&bare, &["show", "flags:flags.json"])), (10.into(), "1.0.0".into()));
    assert_eq!(stage.share("2.0.0"), "10");
    stage.call(["rollback", "greeting", "--emergency"]).exits(0);
    assert_eq!(percent(&git(&bare, &["show", "flags:flags.json"])).1, "1.0.0");
    assert_eq!(stage.share("1.0.0"), "100");
    // What somebody else pushed is seen, and made right by the next look.
    git(elsewhere.path(), &["clone", "--quiet", "--branch", "flags", "remote.git", "clone"]);
    let clone = elsewhere.path().join("clone");
    std::fs::write(clone.join("flags.json"), "{\"flags\": {}}").unwrap();
    git(&clone, &["-c", "user.name=x", "-c", "user.email=x@example.com", "commit", "--quiet", "--all", "--message", "by hand"]);
    git(&clone, &["push", "--quiet"]);
    stage.rollout("status", []).exits(21);
    stage.rollout("step", []).exits(0);
    assert_eq!(percent(&git(&bare, &["show", "flags:flags.json"])).1, "1.0.0");
    assert!(!here.join("flags.json").exists(), "nothing is written into the checkout");
}

#[test]
fn the_token_in_the_address_of_a_remote_is_not_shown() {
    let stage = stage(", remote: hidden, timeout: 2s");
    let here = stage.workspace.path();
    git(here, &["init", "--quiet"]);
    git(here, &["remote", "add", "hidden", "https://ghp_SECRET@127.0.0.1:1/x.git?token=SECRET"]);
    let started = stage.rollout("start", []);
    let status = stage.rollout("status", []);
    let said = [started.stdout, started.stderr, status.stdout, status.stderr].concat();
    assert!(said.contains("//127.0.0.1:1/x.git") && !said.contains("SECRET"), "{said}");
}

#[test]
fn in_a_job_without_git_it_goes_over_the_api() {
    let stage = stage("");
    let github = FakeGitHub::start(State::new());
    let (api, token) = (github.api_url(), github.state().token);
    let call = |args: &[&str]| {
        let call = stage.workspace.prompt_cicd(args.iter().copied()).env("PATH", "/nowhere").env("GITHUB_ACTIONS", "true");
        call.env("GITHUB_API_URL", &api).env("GITHUB_TOKEN", token).env("GITHUB_REPOSITORY", "octo/prompts").run()
    };
    call(&["rollout", "start", "greeting"]).exits(0);
    stage.version("2.0.0");
    call(&["rollout", "start", "greeting"]).exits(0);
    let shown = || {
        let remote = github.state();
        percent(remote.git.file(&remote.git.history("heads/flags")[0], "flags.json").unwrap())
    };
    assert_eq!(shown(), (10.into(), "1.0.0".into()));
    call(&["rollback", "greeting", "--emergency"]).exits(0);
    assert_eq!(shown(), (0.into(), "1.0.0".into()));
    github.finish();
}

#[test]
fn a_job_without_a_token_is_told_what_to_write() {
    let stage = stage("");
    let call = stage.workspace.prompt_cicd(["rollout", "start", "greeting"]).env("GITHUB_ACTIONS", "true");
    let said = "GITHUB_REPOSITORY is not set, and the branch flags on GitHub needs it; a workflow passes `GITHUB_TOKEN: ${{ github.token }}`, \
                or the target says `remote` for a push by git";
    call.run().exits(3).says(said);
}
