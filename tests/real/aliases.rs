//! What `env` does to aliases at a real MLflow: `tests/services/mlflow`.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use serde_json::Value;

use crate::{
    github::{FakeGitHub, State},
    targets::variable,
};

/// A folder whose prompt completed a rollout before the registry was added, with a GitHub.
struct Place {
    folder: tempfile::TempDir,
    github: FakeGitHub,
    name: String,
    url: String,
}

impl Place {
    fn new() -> Self {
        let place = Self {
            folder: tempfile::tempdir().unwrap(),
            github: FakeGitHub::start(State::new()),
            name: format!("named-{}", std::process::id()),
            url: variable("PROMPT_CICD_REAL_MLFLOW", "mlflow/start.sh PORT"),
        };
        place.configure("flags", "");
        place.version("1.0.0");
        place.call(&["rollout", "start", &place.name], 0);
        let registry = format!(", mlflow: {{kind: mlflow, url: '{}'}}", place.url);
        place.configure("flags, mlflow", &registry);
        place
    }

    fn configure(&self, targets: &str, registry: &str) {
        let config = format!(
            "version: 1\nproviders: {{say: {{kind: echo}}}}\n\
             suites: [{{name: s, prompt: p.prompt.yml, provider: say, cases: [{{vars: {{name: Ana}}, assert: [{{contains: Ana}}]}}]}}]\n\
             store: {{kind: directory, path: state}}\ntargets: {{flags: {{kind: flagd, path: flags.json}}{registry}}}\n\
             environments: {{production: {{targets: [{targets}]}}}}\nrollouts: {{stages: [10, 100], stage-duration: 0s}}\n\
             github: {{labels: false}}\n"
        );
        fs::write(self.folder.path().join("prompt-cicd.yml"), config).unwrap();
    }

    fn version(&self, number: &str) {
        let name = &self.name;
        let text = format!("name: {name}\nversion: {number}\nmessages: [{{role: user, content: \"Hello {{{{name}}}}, {number}\"}}]\n");
        fs::write(self.folder.path().join("p.prompt.yml"), text).unwrap();
    }

    fn call(&self, args: &[&str], code: i32) -> Output {
        let (token, repository) = {
            let state = self.github.state();
            (state.token, state.repository.clone())
        };
        let output = Command::new(env!("CARGO_BIN_EXE_prompt-cicd"))
            .args(args)
            .current_dir(self.folder.path())
            .env("GITHUB_API_URL", self.github.api_url())
            .env("GITHUB_TOKEN", token)
            .env("GITHUB_REPOSITORY", repository)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(code), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        output
    }

    fn env(&self, args: &[&str], code: i32) -> String {
        let args: Vec<&str> = std::iter::once("env").chain(args.iter().copied()).collect();
        String::from_utf8(self.call(&args, code).stdout).unwrap()
    }

    /// What a client that nobody here wrote says of the prompt: aliases, and the texts that they stand for.
    fn aliases(&self) -> Value {
        let services =
            std::env::var("PROMPT_CICD_SERVICES").unwrap_or_else(|_unset| format!("{}/target/services", env!("CARGO_MANIFEST_DIR")));
        let script = "import mlflow, sys, json; mlflow.set_tracking_uri(sys.argv[1]); c = mlflow.MlflowClient(); n = sys.argv[2]\n\
                      found = c.search_registered_models(filter_string=f\"name='{n}' AND tag.`mlflow.prompt.is_prompt` = 'true'\")\n\
                      all = {a: mlflow.genai.load_prompt(f'prompts:/{n}@{a}').template for m in found for a in m.aliases}\n\
                      print(json.dumps(all))";
        let python = Path::new(&services).join("mlflow/venv/bin/python");
        let output = Command::new(python).args(["-c", script, &self.url, &self.name]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let last = String::from_utf8(output.stdout).unwrap().lines().last().unwrap().to_owned();
        serde_json::from_str(&last).unwrap()
    }
}

#[test]
fn aliases_are_planned_made_and_taken_away() {
    let place = Place::new();
    let alias = format!("mlflow/production/{}", place.name);
    assert!(place.env(&["plan"], 0).contains(&format!("+ alias {alias}\n    version: 1.0.0\n")));
    assert_eq!(place.aliases(), serde_json::json!({}), "a plan writes nothing");
    assert!(place.env(&["apply"], 0).contains("2 made"));
    assert_eq!(place.aliases(), serde_json::json!({"production": "Hello {{name}}, 1.0.0"}));
    assert!(place.env(&["apply"], 0).contains("nothing to change"));
    assert!(place.env(&["status"], 0).contains("made by `env apply`: 2 things"));
    // A rollout goes on from there. Without metrics it waits for a person after its first stage.
    place.version("2.0.0");
    place.call(&["rollout", "start", &place.name], 21);
    let under_way = serde_json::json!({"candidate": "Hello {{name}}, 2.0.0", "production": "Hello {{name}}, 1.0.0"});
    assert_eq!(place.aliases(), under_way);
    place.call(&["rollout", "promote", &place.name], 0);
    place.call(&["rollout", "run", &place.name], 0);
    assert_eq!(place.aliases()["production"], "Hello {{name}}, 2.0.0");
    assert!(place.env(&["status"], 0).contains("made by `env apply`: 2 things"));
    // Somebody's own alias is not ours, and stays.
    let script = "import mlflow, sys; mlflow.set_tracking_uri(sys.argv[1]); \
                  mlflow.genai.set_prompt_alias(sys.argv[2], 'theirs', 1)";
    let services = std::env::var("PROMPT_CICD_SERVICES").unwrap_or_else(|_unset| format!("{}/target/services", env!("CARGO_MANIFEST_DIR")));
    let python = Path::new(&services).join("mlflow/venv/bin/python");
    assert!(Command::new(python).args(["-c", script, &place.url, &place.name]).status().unwrap().success());
    place.env(&["destroy"], 20);
    assert!(place.env(&["destroy", "--yes"], 0).contains(&format!("- alias {alias}\n")));
    assert_eq!(place.aliases(), serde_json::json!({"theirs": "Hello {{name}}, 1.0.0"}));
    place.github.finish();
}
