//! The history of cases: what is kept, what it says about failures, and cases in quarantine.
#![expect(clippy::unnecessary_wraps, reason = "a fake model may refuse, and these never do")]

/// Baselines: by commit, pooled, pinned.
pub(super) mod baseline;
/// Runs of benchmarks as baselines.
mod benchmarks;
/// Which commit a run is of, and which commits' runs count.
mod commits;
/// One issue for each cause.
mod issues;
/// How delivery goes.
mod kpi;
mod pins;
/// Cases in quarantine, in every report.
mod quarantine;
/// What is kept, shown and let go of.
mod record;
/// The last days, for people.
mod report;

use crate::support::{FakeModel, PromptCicd, Workspace};

/// One suite of three cases with a model of the test's own; `more` is added to the configuration.
pub(super) fn world(model: &FakeModel, more: &str) -> Workspace {
    let config = format!(
        "version: 1\nproviders: {{model: {{kind: openai, base-url: \"{}\", model: fake}}}}\n\
         suites:\n  - {{name: greeting, prompt: prompts/greeting.prompt.yml, provider: model, cases: cases/greeting.jsonl, concurrency: 1}}\n{more}",
        model.base_url()
    );
    let case =
        |name: &str| format!("{{\"id\": \"{name}\", \"vars\": {{\"name\": \"{name}\"}}, \"assert\": [{{\"contains\": \"{name}\"}}]}}\n");
    Workspace::greeting().file("prompt-cicd.yml", &config).file("cases/greeting.jsonl", &["ana", "ben", "eve"].map(case).concat())
}

/// `test`, kept in the history.
pub(super) fn recorded(workspace: &Workspace, args: &[&str]) -> PromptCicd {
    workspace.prompt_cicd(["test", "--record-history"].into_iter().chain(args.iter().copied()))
}

/// A step of a workflow on this ref, at a commit of threes.
pub(super) fn step(workspace: &Workspace, event: &str, reference: &str, payload: &serde_json::Value, args: &[&str]) -> PromptCicd {
    let path = |name: &str| workspace.path().join(name).to_str().unwrap().to_owned();
    workspace.write("runner/event.json", payload.to_string().as_bytes());
    for file in ["runner/output", "runner/summary"] {
        workspace.write(file, b"");
    }
    let commit = "3".repeat(40);
    let environment = [
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_EVENT_NAME", event),
        ("GITHUB_EVENT_PATH", &path("runner/event.json")),
        ("GITHUB_OUTPUT", &path("runner/output")),
        ("GITHUB_STEP_SUMMARY", &path("runner/summary")),
        ("GITHUB_WORKSPACE", &path("")),
        ("GITHUB_REF", reference),
        ("GITHUB_SHA", &commit),
        ("GITHUB_RUN_ID", "42"),
    ];
    environment.iter().fold(workspace.prompt_cicd(args.iter().copied()), |call, (name, value)| call.env(name, value))
}
