//! What a run tells GitHub: the comment, the check run, the fork's file, changed prompts only.

/// Head against base, from git and from the code host.
mod against_base;
/// Everything that can go wrong, and the verdict that stands.
mod bad_input;
/// Only what a change touches.
mod changed;
/// Check runs, SARIF, annotations.
mod check;
/// A run that may only read, and the run that posts for it.
mod fork;
/// Where annotations stand.
mod places;
/// A pull request from open to green.
mod pull_request;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::support::{
    PromptCicd, Workspace,
    github::{FakeGitHub, File, State, event},
};

/// Commits as GitHub spells them.
const HEAD: &str = "1111111111111111111111111111111111111111";
const NEWER: &str = "2222222222222222222222222222222222222222";
const NEWEST: &str = "3333333333333333333333333333333333333333";

const LIST: &str = "GET /repos/octo/prompts/issues/7/comments";
const POST: &str = "POST /repos/octo/prompts/issues/7/comments";
const FILES: &str = "GET /repos/octo/prompts/pulls/7/files";
const PROMPT: &str = "prompts/greeting.prompt.yml";

/// A repository, its checkout, and the runner's files.
struct World {
    github: FakeGitHub,
    workspace: Workspace,
}

impl World {
    /// The pull request changes the prompt of the one suite.
    fn new() -> Self {
        Self::on(State::new(), Workspace::greeting())
    }

    fn on(mut state: State, workspace: Workspace) -> Self {
        HEAD.clone_into(&mut state.pull().head);
        if state.pull().files.is_empty() {
            state.pull().files.push(File::modified(PROMPT));
        }
        Self { github: FakeGitHub::start(state), workspace }
    }

    /// The prompt says this from now on.
    fn prompt(&self, text: &str) {
        let file = format!("name: greeting\nversion: 1.2.0\nmessages:\n  - {{role: user, content: \"{text}\"}}\n");
        self.workspace.write(PROMPT, file.as_bytes());
    }

    /// A step of a job, with everything that the runner sets.
    fn step(&self, event: &str, payload: &Value, args: &[&str]) -> PromptCicd {
        let path = |name: &str| self.workspace.path().join(name).to_str().unwrap().to_owned();
        for file in ["runner/output", "runner/summary"] {
            self.workspace.write(file, b"");
        }
        self.workspace.write("runner/event.json", payload.to_string().as_bytes());
        let (api, token) = (self.github.api_url(), self.github.state().token);
        // Where there is neither a history nor a comparison at GitHub, there is nothing to compare with.
        let compares = self.workspace.path().join(".git").exists() || !self.github.state().comparisons.is_empty();
        let alone = (args.first() == Some(&"test") && !compares).then_some("--no-base");
        let mut call = self.workspace.prompt_cicd(args.iter().copied().chain(alone));
        for (name, value) in [
            ("GITHUB_ACTIONS", "true"),
            ("CI", "true"),
            ("GITHUB_API_URL", &api),
            ("GITHUB_SERVER_URL", "https://github.com"),
            ("GITHUB_REPOSITORY", "octo/prompts"),
            ("GITHUB_RUN_ID", "42"),
            ("GITHUB_RUN_ATTEMPT", "1"),
            ("GITHUB_JOB", "prompts"),
            ("GITHUB_SHA", HEAD),
            ("GITHUB_TOKEN", token),
            ("GITHUB_EVENT_NAME", event),
            ("GITHUB_EVENT_PATH", &path("runner/event.json")),
            ("GITHUB_OUTPUT", &path("runner/output")),
            ("GITHUB_STEP_SUMMARY", &path("runner/summary")),
            ("GITHUB_WORKSPACE", &path("")),
        ] {
            call = call.env(name, value);
        }
        call
    }

    /// `test` on the pull request as it is.
    fn pull_request(&self, args: &[&str]) -> PromptCicd {
        let pull = self.github.state().pull().clone();
        let repo = pull.head_repository.map(|name| json!({"full_name": name}));
        let base = json!({"sha": pull.base, "ref": "main", "repo": {"full_name": "octo/prompts"}});
        let about = json!({"number": 7, "head": {"sha": pull.head, "ref": "tune", "repo": repo}, "base": base});
        let about = json!({"number": 7, "pull_request": about, "repository": {"full_name": "octo/prompts"}});
        let payload = event("pull_request.opened", &about);
        self.step("pull_request", &payload, args)
    }

    fn outputs(&self) -> BTreeMap<String, String> {
        crate::actions::outputs(&self.workspace.read("runner/output"))
    }

    /// Ids and texts of the comments.
    fn comments(&self) -> Vec<(u64, String)> {
        self.github.state().comments.iter().map(|comment| (comment.id, comment.body.clone())).collect()
    }

    /// The one comment, without what differs from run to run.
    fn comment(&self) -> String {
        let comments = self.comments();
        assert_eq!(comments.len(), 1, "{comments:?}");
        without_times(&comments[0].1)
    }
}

/// A comment as it is on every machine.
fn without_times(comment: &str) -> String {
    let time = regex::Regex::new(r"\b\d+(\.\d+)? (ms|s|µs)\b").unwrap();
    time.replace_all(comment, "[time]").replace('\u{200b}', "")
}
