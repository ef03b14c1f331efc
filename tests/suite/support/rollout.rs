//! A prompt with versions, a flag file, a file of health numbers, and a store in a folder.

use serde_json::{Value, json};

use super::{Finished, Workspace};

/// A workspace in which `greeting` is rolled out to `production` by a flag file.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) workspace: Workspace,
}

const CONFIG: &str = "version: 1
providers: {say: {kind: echo}}
suites:
  - {name: greeting, prompt: prompts/greeting.prompt.yml, provider: say, cases: [{vars: {name: Ana}, assert: [{contains: Ana}]}]}
store: {kind: directory, path: state}
targets:
  flags: {kind: flagd, path: flags.json}
metric-sources:
  numbers: {kind: file, path: numbers.json}
environments:
  production: {targets: [flags]}
rollouts:
  ROLLOUTS
  health:
    interval: INTERVAL
    metrics:
      - {name: latency, source: numbers, query: '/{{version}}/latency', direction: lower-is-better, bound: 800, guardrail: 5000}
";

impl Stage {
    /// With a version 1.0.0 that is stable, and 2.0.0 in the file. Stages last `hold`, and health is checked each `interval`.
    pub(crate) fn new(hold: &str, interval: &str) -> Self {
        Self::with(&format!("stage-duration: {hold}"), interval)
    }

    /// The same with other keys of `rollouts`.
    pub(crate) fn with(rollouts: &str, interval: &str) -> Self {
        let stage = Self::empty(rollouts, interval);
        stage.version("1.0.0");
        stage.numbers(500.0, 500.0);
        stage.call(["rollout", "start", "greeting"]).exits(0);
        stage.version("2.0.0");
        stage
    }

    /// With a configuration of one's own, and the same versions as [`Self::new`]; nothing is started.
    pub(crate) fn of(config: &str) -> Self {
        let stage = Self { workspace: Workspace::empty().file("prompt-cicd.yml", config) };
        stage.version("1.0.0");
        stage.numbers(500.0, 500.0);
        stage
    }

    /// Without any version so far.
    pub(crate) fn empty(rollouts: &str, interval: &str) -> Self {
        let config = CONFIG.replace("ROLLOUTS", rollouts).replace("INTERVAL", interval);
        Self { workspace: Workspace::empty().file("prompt-cicd.yml", &config) }
    }

    /// Puts a version into the prompt's file.
    pub(crate) fn version(&self, number: &str) {
        let text = format!(
            "name: greeting\nversion: {number}\nmessages:\n  - {{role: user, content: \"Hello {{{{name}}}}, this is {number}!\"}}\n"
        );
        self.workspace.write("prompts/greeting.prompt.yml", text.as_bytes());
    }

    /// The latency of the stable version and of the candidate.
    pub(crate) fn numbers(&self, stable: f64, candidate: f64) {
        let numbers = json!({"1.0.0": {"latency": stable}, "2.0.0": {"latency": candidate}, "3.0.0": {"latency": candidate}});
        self.workspace.write("numbers.json", numbers.to_string().as_bytes());
    }

    /// Calls the binary.
    pub(crate) fn call<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Finished {
        self.workspace.prompt_cicd(args).env("USER", "ana").run()
    }

    /// `rollout VERB greeting …`.
    pub(crate) fn rollout<'a>(&self, verb: &'a str, more: impl IntoIterator<Item = &'a str>) -> Finished {
        self.call(["rollout", verb, "greeting"].into_iter().chain(more))
    }

    /// What `rollout status` says as JSON.
    pub(crate) fn status(&self) -> Value {
        self.rollout("status", ["--format", "json"]).json()
    }

    /// The share that the flag file really gives a version, in percent.
    pub(crate) fn share(&self, version: &str) -> String {
        let status = self.status();
        let text = status["targets"][0]["shows"].as_str().unwrap_or_default().to_owned();
        let part = text.split(", ").find_map(|part| part.strip_prefix(version)?.trim().strip_suffix(" %").map(str::to_owned));
        part.unwrap_or_else(|| "0".to_owned())
    }
}
