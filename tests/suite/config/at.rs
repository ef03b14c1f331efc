//! `--config-at`: the configuration of a branch, tag or commit, with nothing checked out.

use crate::support::{
    Finished, Workspace,
    github::{FakeGitHub, Mishap, State},
    rollout::Stage,
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
    let missing = missing.says("GET /repos/octo/prompts/contents/prompt-cicd.yml: 404").says("a job needs `permissions: contents: read`");
    missing.says("looked for prompt-cicd.yml\n").says("the same command without --config-at, from a clone");
    let nowhere = show(&github(&[]), &["--config-at", "nowhere"]).exits(31);
    nowhere
        .says("the configuration at nowhere: GET /repos/octo/prompts/contents/prompt-cicd.yml: 404")
        .says("looked for prompt-cicd.yml, prompt-cicd.yaml, .github/prompt-cicd.yml, .prompt-cicd.yml");
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

/// What a stage's configuration says from elsewhere: its store is where it is, and so is a second target.
fn from_elsewhere(stage: &Stage) -> String {
    let here = stage.workspace.path().display().to_string();
    let config = stage.workspace.read("prompt-cicd.yml");
    config
        .replace("path: state", &format!("path: {here}/state"))
        .replace("{targets: [flags]}", "{targets: [flags, there]}")
        .replace("targets:\n", &format!("targets:\n  there: {{kind: flagd, path: {here}/flags.json}}\n"))
}

fn emergency(config: &str) -> (Workspace, Finished) {
    let github = github(&[("", "prompt-cicd.yml", config.as_bytes())]);
    let (api, token) = (github.api_url(), github.state().token);
    let nowhere = Workspace::empty();
    let call = nowhere.prompt_cicd(["rollback", "greeting", "--emergency", "--config-at", "HEAD"]);
    let finished = call.env("GITHUB_API_URL", &api).env("GITHUB_REPOSITORY", "octo/prompts").env("GITHUB_TOKEN", token).run();
    (nowhere, finished)
}

/// Nobody reads a flag file that is made in an empty folder, whatever can be read back from it.
#[test]
fn a_target_beside_a_fetched_configuration_is_never_confirmed_and_the_others_are_done() {
    let stage = Stage::new("10m", "100ms");
    stage.rollout("start", []).exits(0);
    assert_eq!(stage.share("2.0.0"), "10");
    let (nowhere, finished) = emergency(&from_elsewhere(&stage));
    let finished = finished.exits(23);
    let said = finished.stdout.clone() + &finished.stderr;
    assert!(said.contains("flags.json is a file beside the configuration") && said.contains("`branch` for a file of a branch"), "{said}");
    assert!(!nowhere.path().join("flags.json").exists());
    assert_eq!(stage.share("1.0.0"), "100", "the target that is where it says went back all the same");
}

#[test]
fn a_store_beside_a_fetched_configuration_is_refused_and_never_taken_for_empty() {
    let stage = Stage::new("10m", "100ms");
    stage.rollout("start", []).exits(0);
    let config = stage.workspace.read("prompt-cicd.yml");
    for (kind, shown) in [
        ("{kind: directory, path: state}", "state is beside the configuration"),
        ("{kind: sqlite, path: state.db}", "state.db is beside the configuration"),
        ("{kind: auto}", ".prompt-cicd/state is beside the configuration"),
    ] {
        let (nowhere, finished) = emergency(&config.replace("{kind: directory, path: state}", kind));
        finished.exits(3).says(shown).says("`store: {kind: github}`").says("without --config-at");
        assert_eq!(std::fs::read_dir(nowhere.path()).unwrap().count(), 0);
    }
}

/// A pull request that loosens its own gates is judged by those of its base.
#[test]
fn gates_are_those_of_the_base() {
    let gates = |bound: u32| {
        format!("version: 1\ngates: {{rules: {{coverage: {{file: coverage.xml, measure: line-coverage, at-least: {bound}}}}}}}\n")
    };
    let github = github(&[("base-sha", "prompt-cicd.yml", gates(80).as_bytes())]);
    let here = Workspace::empty()
        .file("prompt-cicd.yml", &gates(1))
        .file("quality/quality-unit/coverage.xml", "<coverage line-rate=\"0.5\" lines-valid=\"10\"/>");
    let (api, token) = (github.api_url(), github.state().token);
    let judged = |more: &[&str]| {
        let call = here.prompt_cicd(["gate", "--artifacts", "quality"].into_iter().chain(more.iter().copied()));
        call.env("GITHUB_API_URL", &api).env("GITHUB_REPOSITORY", "octo/prompts").env("GITHUB_TOKEN", token).run()
    };
    judged(&[]).exits(0);
    judged(&["--config-at", "base-sha"]).exits(13).shows("50 is not at least 80");
    judged(&["--config-at", "nowhere"]).exits(31).says("the configuration at nowhere");
}

const GATES: &str = "version: 1\ngates: {rules: {coverage: {file: coverage.xml, measure: line-coverage, at-least: 40}}}\n";

/// `gate` for a pull request onto `base-sha`, in the job's commit `merge-sha`.
fn gate_of_a_pull_request(state: State, event_name: &str, more: &[&str]) -> (Finished, String) {
    let github = FakeGitHub::start(state);
    let here = serde_json::json!({"full_name": "octo/prompts"});
    let side = |sha: &str| serde_json::json!({"sha": sha, "repo": here});
    let about = serde_json::json!({"pull_request": {"head": side("head-sha"), "base": side("base-sha")}, "repository": here});
    let workspace = Workspace::empty()
        .file("quality/quality-unit/coverage.xml", "<coverage line-rate=\"0.5\" lines-valid=\"10\"/>")
        .file("event.json", &crate::support::github::event("pull_request.opened", &about).to_string())
        .file("summary.md", "");
    let path = |name: &str| workspace.path().join(name).to_str().unwrap().to_owned();
    let arguments = ["gate", "--artifacts", "quality", "--config-at", "base-sha"];
    let (api, token) = (github.api_url(), github.state().token);
    let mut call = workspace.prompt_cicd(arguments.into_iter().chain(more.iter().copied()));
    for (name, value) in [
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_API_URL", &*api),
        ("GITHUB_REPOSITORY", "octo/prompts"),
        ("GITHUB_TOKEN", token),
        ("GITHUB_EVENT_NAME", event_name),
        ("GITHUB_EVENT_PATH", &path("event.json")),
        ("GITHUB_SHA", if event_name == "pull_request" { "merge-sha" } else { "base-sha" }),
        ("GITHUB_STEP_SUMMARY", &path("summary.md")),
    ] {
        call = call.env(name, value);
    }
    let finished = call.run();
    (finished, workspace.read("summary.md"))
}

fn repository(files: &[(&str, &str, &str)]) -> State {
    let mut state = State::new();
    for (at, path, text) in files {
        state.contents.insert(((*at).to_owned(), (*path).to_owned()), text.as_bytes().to_vec());
    }
    state.comparisons.insert("base-sha...base-sha".to_owned(), ("base-sha".to_owned(), Vec::new()));
    state
}

#[test]
fn the_pull_request_that_brings_the_first_gates_is_judged_by_them_and_it_is_said() {
    for (base, said) in [("", "there is no configuration yet at the base"), ("version: 1\n", "has no gates yet at the base")] {
        let mut files = vec![("merge-sha", "prompt-cicd.yml", GATES)];
        files.extend((!base.is_empty()).then_some(("base-sha", "prompt-cicd.yml", base)));
        let (judged, summary) = gate_of_a_pull_request(repository(&files), "pull_request", &[]);
        judged.exits(0).shows("coverage").says(said).says("judged by its own, of merge-sha");
        assert!(summary.contains(said), "{summary}");
    }
    let poor = GATES.replace("40", "80");
    let (closed, _) = gate_of_a_pull_request(repository(&[("merge-sha", "prompt-cicd.yml", &poor)]), "pull_request", &[]);
    closed.exits(13).shows("50 is not at least 80");
}

#[test]
fn a_base_that_cannot_be_read_or_has_gates_elsewhere_is_not_one_without() {
    let loose = ("merge-sha", "prompt-cicd.yml", GATES);
    let asked = |state: State, event: &str, more: &[&str]| gate_of_a_pull_request(state, event, more).0;
    // A commit that is not there, a server that fails, a token that may not read.
    let mut unknown = repository(&[loose]);
    unknown.comparisons.clear();
    asked(unknown, "pull_request", &[]).exits(31);
    asked(repository(&[loose]).mishap("GET", "/compare", 9, Mishap::Status(500, "no")), "pull_request", &[]).exits(30);
    let mut denied = repository(&[loose]);
    denied.denied.insert("contents=read");
    asked(denied, "pull_request", &[]).exits(31);
    // Gates that are there, whatever is wrong with them.
    let strict = GATES.replace("40", "80");
    asked(repository(&[loose, ("base-sha", "prompt-cicd.yml", &strict)]), "pull_request", &[]).exits(13);
    asked(repository(&[loose, ("base-sha", "prompt-cicd.yml", "version: 1\ngaets: {}\n")]), "pull_request", &[]).exits(3);
    // The caller names another file than the one that has the gates.
    let named = repository(&[("merge-sha", "loose.yml", GATES), ("base-sha", ".github/prompt-cicd.yml", &strict)]);
    asked(named, "pull_request", &["--config", "loose.yml"]).exits(31).says("looked for loose.yml");
    asked(repository(&[("merge-sha", "first.yml", GATES)]), "pull_request", &["--config", "first.yml"]).exits(0);
    // What has secrets and was started by a stranger's pull request never goes by what that brings.
    asked(repository(&[loose]), "pull_request_target", &[]).exits(31);
}

#[test]
fn a_doctor_of_a_fetched_configuration_names_what_is_beside_it() {
    let config = "version: 1\nproviders: {say: {kind: echo}}\nsuites: [{name: s, prompt: p.yml, provider: say, cases: c.jsonl}]\n\
                  targets: {flags: {kind: flagd, path: flags.json}, there: {kind: flagd, path: /srv/flags.json}}\nstore: {kind: github}\n";
    let github = github(&[("", "prompt-cicd.yml", config.as_bytes())]);
    let (api, token) = (github.api_url(), github.state().token);
    let nowhere = Workspace::empty();
    let call = |at: &str| {
        let call = nowhere.prompt_cicd(["doctor", "--config-at", at]);
        call.env("GITHUB_API_URL", &api).env("GITHUB_REPOSITORY", "octo/prompts").env("GITHUB_TOKEN", token).run()
    };
    let found = call("HEAD");
    found.shows("✗ target flags: ").shows("flags.json is a file beside the configuration").shows("✓ target there").shows("✓ configuration");
    github.state().contents.insert(
        ("moved".to_owned(), "prompt-cicd.yml".to_owned()),
        config.replace("path: flags.json", "path: /srv/other.json").into_bytes(),
    );
    let well = call("moved");
    assert!(!well.stdout.contains("✗ target") && !well.stdout.contains("✗ configuration"), "{}", well.stdout);
}
