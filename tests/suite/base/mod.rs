//! A workspace with a history: two versions of a prompt, asked on the same cases.
#![expect(clippy::unnecessary_wraps, reason = "the rules of the fake model may refuse; not all do")]

mod adaptive;
mod changes;
mod refs;
mod verdicts;

use std::process::Command;

use super::support::{Behaviour, FakeModel, Workspace, numbered_cases};

/// A repository whose first commit, tagged `base`, has a prompt that says `Hello`, and so many cases.
pub(super) struct Repository {
    pub(super) workspace: Workspace,
    pub(super) model: FakeModel,
}

impl Repository {
    pub(super) fn new(cases: usize, rule: fn(usize, &str) -> Result<String, u16>) -> Self {
        Self::with(cases, Behaviour::Rule(rule))
    }

    pub(super) fn with(cases: usize, behaviour: Behaviour) -> Self {
        let model = FakeModel::start(behaviour);
        let workspace = Workspace::asking(&model.base_url()).file("cases/greeting.jsonl", &numbered_cases(cases));
        let repository = Self { workspace, model };
        repository.git(&["init", "--quiet", "--initial-branch=main"]);
        repository.commit("base");
        repository.git(&["tag", "base"]);
        repository
    }

    pub(super) fn git(&self, arguments: &[&str]) -> String {
        git(self.workspace.path(), arguments)
    }

    /// Commits everything.
    pub(super) fn commit(&self, message: &str) {
        self.git(&["add", "-A"]);
        self.git(&["commit", "--quiet", "--allow-empty", "-m", message]);
    }

    /// The prompt's text on head.
    pub(super) fn prompt(&self, text: &str) {
        let prompt = format!("name: greeting\nversion: 1.3.0\nmessages:\n  - {{role: user, content: \"{text}\"}}\n");
        self.workspace.write("prompts/greeting.prompt.yml", prompt.as_bytes());
    }

    /// Replaces text in the configuration.
    pub(super) fn configure(&self, from: &str, to: &str) {
        let text = self.workspace.read("prompt-cicd.yml");
        assert!(text.contains(from), "{from}: {text}");
        self.workspace.write("prompt-cicd.yml", text.replace(from, to).as_bytes());
    }

    /// Adds to the configuration.
    pub(super) fn configured(&self, more: &str) {
        let text = self.workspace.read("prompt-cicd.yml");
        self.workspace.write("prompt-cicd.yml", format!("{text}{more}").as_bytes());
    }
}

pub(super) fn git(folder: &std::path::Path, arguments: &[&str]) -> String {
    let mut command = Command::new("git");
    command.current_dir(folder).args(["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]).args(arguments);
    command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null");
    let output = command.output().unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A model that says back what it is told politely, and `Never.` to everything else.
pub(super) fn polite(_: usize, said: &str) -> Result<String, u16> {
    Ok(if said.starts_with("Hello") { said.to_owned() } else { "Never.".to_owned() })
}

/// A model that says everything back.
pub(super) fn echo(_: usize, said: &str) -> Result<String, u16> {
    Ok(said.to_owned())
}
