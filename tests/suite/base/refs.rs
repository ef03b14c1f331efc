//! Which commit is base: named, or where a pull request left its own; and what is refused.

use serde_json::json;

use super::{super::support::PromptCicd, *};

/// A job for a pull request whose base is this commit.
fn job(repository: &Repository, folder: &std::path::Path, base: &str) -> PromptCicd {
    let event = json!({"pull_request": {"number": 7, "base": {"sha": base, "ref": "main"}, "head": {"sha": base, "ref": "change"}}});
    repository.workspace.write("event.json", event.to_string().as_bytes());
    let event = repository.workspace.path().join("event.json");
    PromptCicd::new(folder)
        .args(["test", "--format", "json"])
        .env("GITHUB_ACTIONS", "true")
        .env("GITHUB_EVENT_NAME", "pull_request")
        .env("GITHUB_EVENT_PATH", event.to_str().unwrap())
}

#[test]
fn a_pull_request_is_compared_with_where_it_left_its_base() {
    let repository = Repository::new(12, polite);
    let left = repository.git(&["rev-parse", "HEAD"]);
    repository.git(&["checkout", "--quiet", "-b", "change"]);
    repository.prompt("Hi {{name}}!");
    repository.commit("worse");
    repository.git(&["checkout", "--quiet", "main"]);
    repository.prompt("Hullo {{name}}!");
    repository.commit("main went on");
    let main = repository.git(&["rev-parse", "HEAD"]);
    repository.git(&["checkout", "--quiet", "change"]);
    let json = job(&repository, repository.workspace.path(), &main).run().exits(12).json();
    let base = &json["suites"][0]["base"];
    assert_eq!((&base["commit"], &base["reference"]), (&left.into(), &"the merge base".into()));
}

#[test]
fn a_pull_request_may_be_compared_with_nothing() {
    let repository = Repository::new(12, polite);
    let base = repository.git(&["rev-parse", "HEAD"]);
    let json = job(&repository, repository.workspace.path(), &base).args(["--no-base"]).run().exits(0).json();
    assert!(json["regressed"].is_null() && json["suites"][0]["comparison"].is_null());
}

#[test]
fn a_shallow_clone_fetches_the_one_commit_it_needs() {
    let repository = Repository::new(12, polite);
    let base = repository.git(&["rev-parse", "HEAD"]);
    repository.git(&["config", "uploadpack.allowAnySHA1InWant", "true"]);
    repository.prompt("Hi {{name}}!");
    repository.commit("worse");
    let clone = tempfile::tempdir().unwrap();
    let from = format!("file://{}", repository.workspace.path().display());
    git(clone.path(), &["clone", "--quiet", "--depth=1", &from, "."]);
    assert_eq!(git(clone.path(), &["rev-list", "--count", "HEAD"]), "1");
    let json = job(&repository, clone.path(), &base).run().exits(12).json();
    assert_eq!(json["suites"][0]["base"]["commit"], base);
    assert!(json["warnings"].to_string().contains("too short to find the merge base"), "{}", json["warnings"]);
}

#[test]
fn a_shallow_clone_without_the_commit_fails_with_the_next_step() {
    let repository = Repository::new(12, polite);
    repository.prompt("Hi {{name}}!");
    repository.commit("worse");
    let clone = tempfile::tempdir().unwrap();
    let from = format!("file://{}", repository.workspace.path().display());
    git(clone.path(), &["clone", "--quiet", "--depth=1", &from, "."]);
    let gone = "0123456789012345678901234567890123456789";
    job(&repository, clone.path(), gone).run().exits(3).says("this clone is shallow").says("fetch-depth: 0").says("--no-base");
    assert_eq!(repository.model.requests(), 0, "nothing was asked");
}

#[test]
fn what_is_not_there_is_named() {
    let repository = Repository::new(3, echo);
    let finished = repository.workspace.prompt_cicd(["test", "--base", "no-such-branch"]).run().exits(3);
    finished.says("`no-such-branch` is no commit, branch or tag here").says("--no-base");
    let outside = Workspace::greeting();
    outside.prompt_cicd(["test", "--base", "main"]).run().exits(3).says("the history cannot be read here");
    outside.prompt_cicd(["test", "--base", "main"]).env("PATH", "/nonexistent").run().exits(3).says("the program `git`");
}

#[test]
fn a_name_cannot_be_an_option_or_a_command() {
    let repository = Repository::new(3, echo);
    for bad in ["--output=stolen", "-h", "main;touch stolen", "$(touch stolen)", "main..HEAD", "HEAD:prompt-cicd.yml", "", "a b"] {
        repository.workspace.prompt_cicd(["test", &format!("--base={bad}")]).run().exits(2).says("the name of a branch, a tag or a commit");
    }
    assert!(!repository.workspace.path().join("stolen").exists());
}

#[test]
fn nothing_of_the_repository_is_run() {
    use std::os::unix::fs::PermissionsExt as _;
    let repository = Repository::new(3, echo);
    repository.prompt("Hi {{name}}!");
    let program = "#!/bin/sh\ntouch \"$(dirname \"$0\")/../../ran\"\n";
    for hook in ["post-checkout", "reference-transaction", "post-index-change", "fsmonitor"] {
        let path = format!(".git/hooks/{hook}");
        repository.workspace.write(&path, program.as_bytes());
        std::fs::set_permissions(repository.workspace.path().join(path), std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    repository.git(&["config", "core.fsmonitor", ".git/hooks/fsmonitor"]);
    repository.git(&["config", "alias.rev-parse", "!touch ran"]);
    repository.workspace.prompt_cicd(["test", "--base", "base"]).run().exits(0);
    assert!(!repository.workspace.path().join("ran").exists());
}

#[test]
fn paths_below_and_beside_the_working_directory_are_found() {
    let repository = Repository::new(12, polite);
    repository.prompt("Hi {{name}}!");
    let below = repository.workspace.path().join("cases");
    let finished = PromptCicd::new(&below).args(["test", "--config", "../prompt-cicd.yml", "--base", "base", "--format", "json"]).run();
    assert_eq!(finished.exits(12).json()["suites"][0]["comparison"]["metrics"][0]["pairs"], 12);
    let whole = repository.workspace.path().join("prompt-cicd.yml");
    repository.workspace.prompt_cicd(["test", "--config", whole.to_str().unwrap(), "--base", "base"]).run().exits(12);
}

#[test]
fn a_file_whose_content_is_not_here_is_said_and_not_taken_for_a_new_one() {
    let repository = Repository::new(12, polite);
    let path = repository.git(&["ls-files", "*.prompt.yml"]);
    let blob = repository.git(&["rev-parse", &format!("HEAD:{path}")]);
    repository.prompt("Hi {{name}}!");
    repository.commit("worse");
    // As in a partial clone.
    std::fs::remove_file(repository.workspace.path().join(".git/objects").join(&blob[..2]).join(&blob[2..])).unwrap();
    let run = repository.workspace.prompt_cicd(["test", "--base", "HEAD~1"]).run();
    assert_ne!(run.code, 0, "{}", run.stdout);
    run.says("its content is not here");
}
