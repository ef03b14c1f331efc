//! `--config-at`: the configuration of a branch, tag or commit, with nothing checked out.

use crate::support::{
    Finished, Workspace,
    github::{FakeGitHub, Mishap, State},
};

const CALL: &str = "GET /repos/octo/prompts/contents/prompt-cicd.yml";

/// A GitHub whose repository has these files: by branch or commit, `""` for the default branch.
fn github(files: &[(&str, &str, &[u8])]) -> FakeGitHub {
    let mut state = State::new();
    for (at, path, bytes) in files {
        state.contents.insert(((*at).to_owned(), (*path).to_owned()), bytes.to_vec());
    }
    FakeGitHub::start(state)
}

/// `config show` in a folder without a configuration.
fn show(github: &FakeGitHub, arguments: &[&str]) -> Finished {
    show_in(&Workspace::empty(), github, arguments)
}

fn show_in(workspace: &Workspace, github: &FakeGitHub, arguments: &[&str]) -> Finished {
    let (api, token) = (github.api_url(), github.state().token);
    let call = workspace.prompt_cicd(["config", "show"].into_iter().chain(arguments.iter().copied()));
    call.env("GITHUB_API_URL", &api).env("GITHUB_REPOSITORY", "octo/prompts").env("GITHUB_TOKEN", token).run()
}

#[test]
fn it_is_read_where_it_is_asked_for_and_never_from_the_working_directory() {
    let github = github(&[
        ("", "prompt-cicd.yml", b"\xef\xbb\xbfversion: 1\nrun: {warm-up: 3}\n"),
        ("tune", "prompt-cicd.yml", b"version: 1\nrun: {warm-up: 4}\n"),
        ("tune", ".github/prompt-cicd.yml", b"version: 1\nrun: {warm-up: 5}\n"),
        ("plain", ".github/prompt-cicd.yml", b"version: 1\nrun: {warm-up: 6}\n"),
    ]);
    let here = Workspace::empty().file("prompt-cicd.yml", "version: 1\nrun: {warm-up: 9}\n");
    for (arguments, warm_up) in [
        (&["--config-at", "HEAD"][..], "3"),
        (&["--config-at", "HEAD", "--config", "./prompt-cicd.yml"], "3"),
        (&["--config-at", "tune"], "4"),
        (&["--config-at", "tune", "--config", ".github/prompt-cicd.yml"], "5"),
        (&["--config-at", "plain"], "6"),
    ] {
        let shown = show_in(&here, &github, arguments).exits(0);
        let line = shown.stdout.lines().find(|line| line.starts_with("run.warm-up")).unwrap();
        assert!(line.contains(&format!(" {warm_up} ")), "{arguments:?}: {line}");
    }
    // Without a name, GitHub answers for the default branch.
    assert_eq!(github.journal()[0].query, "");
    assert_eq!(github.requests()[0], CALL);
    github.finish();
}

#[test]
fn commands_that_read_more_of_a_commit_than_its_configuration_refuse_it() {
    for command in
        [&["test"][..], &["baseline", "update", "--from", "r.json"], &["lint"], &["registry", "list", "greeting"], &["bench", "greeting"]]
    {
        let arguments = command.iter().copied().chain(["--config-at", "HEAD"]);
        let refused = Workspace::greeting().prompt_cicd(arguments).run().exits(2);
        refused.says("`--config-at` is for `rollout`, `rollback`, `monitor`").says("check that commit out instead");
    }
}

#[test]
fn what_cannot_be_read_is_named_with_the_next_step() {
    let missing = show(&github(&[]), &["--config-at", "HEAD", "--config", "prompt-cicd.yml"]).exits(31);
    missing.says("GET /repos/octo/prompts/contents/prompt-cicd.yml: 404").says("a job needs `permissions: contents: read`");
    show(&github(&[]), &["--config-at", "nowhere"]).exits(31).says("contents/prompt-cicd.yml");
    show(&github(&[]), &["--config-at", "HEAD", "--config", "../other.yml"]).exits(31).says("no path from the top of the repository");
    let wrong = github(&[("", "prompt-cicd.yml", b"version: 1\nrnu: {}\n"), ("old", "prompt-cicd.yml", b"version: \xff")]);
    show(&wrong, &["--config-at", "HEAD"]).exits(3).says("prompt-cicd.yml:2");
    show(&wrong, &["--config-at", "old"]).exits(3).says("prompt-cicd.yml: not UTF-8 text");
    let mut state = State::new();
    state.denied.insert("contents=read");
    show(&FakeGitHub::start(state), &["--config-at", "HEAD"]).exits(31).says("contents: read");
    let limited = State::new().mishap("GET", "/contents", 9, Mishap::PrimaryLimit(3_600));
    show(&FakeGitHub::start(limited), &["--config-at", "HEAD"]).exits(31).says("rate limit");
    Workspace::empty().prompt_cicd(["config", "show", "--config-at", "HEAD"]).run().exits(3).says("no GitHub to ask: GITHUB_TOKEN");
}
