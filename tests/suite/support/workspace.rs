//! A folder with prompts, cases and a configuration.

use std::{fs, path::Path};

use super::PromptCicd;

#[derive(Debug)]
pub(crate) struct Workspace {
    folder: tempfile::TempDir,
}

impl Workspace {
    pub(crate) fn empty() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// One suite `greeting` with the echo provider: the answer is the last message.
    pub(crate) fn greeting() -> Self {
        Self::empty()
            .file("prompt-cicd.yml", GREETING)
            .file(
                "prompts/greeting.prompt.yml",
                "name: greeting\nversion: 1.2.0\nmessages:\n  - {role: user, content: \"Hello {{name}}!\"}\n",
            )
            .file(
                "cases/greeting.jsonl",
                "{\"id\": \"ana\", \"vars\": {\"name\": \"Ana\"}}\n{\"id\": \"ben\", \"vars\": {\"name\": \"Ben\"}}\n",
            )
    }

    /// The same with a provider that speaks to `base_url`.
    pub(crate) fn asking(base_url: &str) -> Self {
        let provider = format!("{{kind: openai, base-url: \"{base_url}\", model: fake}}");
        Self::greeting().file("prompt-cicd.yml", &GREETING.replace("{kind: echo}", &provider))
    }

    pub(crate) fn file(self, path: &str, text: &str) -> Self {
        self.write(path, text.as_bytes());
        self
    }

    pub(crate) fn write(&self, path: &str, content: &[u8]) {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path().join(path)).unwrap()
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn prompt_cicd<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> PromptCicd {
        PromptCicd::new(self.path()).args(args)
    }
}

/// So many cases of the greeting as JSONL: `c0`, `c1`, …, each with a name of its own.
pub(crate) fn numbered_cases(count: usize) -> String {
    let lines: Vec<String> =
        (0..count).map(|number| format!("{{\"id\": \"c{number}\", \"vars\": {{\"name\": \"N{number}\"}}}}\n")).collect();
    lines.concat()
}

const GREETING: &str = "version: 1
providers:
  model: {kind: echo}
suites:
  - name: greeting
    prompt: prompts/greeting.prompt.yml
    provider: model
    cases: cases/greeting.jsonl
    defaults:
      assert:
        - contains: \"{{name}}\"
";
