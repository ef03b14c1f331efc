//! The registry mirrored to a real MLflow: `tests/services/mlflow`.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use crate::targets::variable;

fn call(folder: &Path, args: &[&str]) -> Output {
    ends(folder, args, 0)
}

fn ends(folder: &Path, args: &[&str], code: i32) -> Output {
    let output = Command::new(env!("CARGO_BIN_EXE_prompt-cicd")).args(args).current_dir(folder).output().unwrap();
    assert_eq!(output.status.code(), Some(code), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

fn notes(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn versions_and_what_became_of_them_are_mirrored() {
    let url = variable("PROMPT_CICD_REAL_MLFLOW", "mlflow/start.sh PORT");
    let folder = tempfile::tempdir().unwrap();
    let name = format!("mirrored-{}", std::process::id());
    let config = format!(
        "version: 1\nproviders: {{say: {{kind: echo}}}}\n\
         suites: [{{name: s, prompt: p.prompt.yml, provider: say, cases: [{{vars: {{name: Ana}}, assert: [{{contains: Ana}}]}}]}}]\n\
         store: {{kind: directory, path: state}}\n\
         targets: {{flags: {{kind: flagd, path: flags.json}}, mlflow: {{kind: mlflow, url: '{url}', mirror: true}}}}\n\
         environments: {{production: {{targets: [flags]}}}}\nrollouts: {{stages: [10, 100], stage-duration: 0s}}\n"
    );
    fs::write(folder.path().join("prompt-cicd.yml"), config).unwrap();
    let version = |number: &str| {
        let text = format!("name: {name}\nversion: {number}\nmessages: [{{role: user, content: \"Hello {{{{name}}}}, {number}\"}}]\n");
        fs::write(folder.path().join("p.prompt.yml"), text).unwrap();
    };
    // A client that nobody here wrote reads the prompt's text and the version's tags.
    let read = |number: u32| {
        let services =
            std::env::var("PROMPT_CICD_SERVICES").unwrap_or_else(|_unset| format!("{}/target/services", env!("CARGO_MANIFEST_DIR")));
        let script = "import mlflow, sys, json; mlflow.set_tracking_uri(sys.argv[1]); p = mlflow.genai.load_prompt(sys.argv[2]); \
                      print(json.dumps({'template': p.template, 'tags': p.tags}))";
        let prompt = format!("prompts:/{name}/{number}");
        let output = Command::new(format!("{services}/mlflow/venv/bin/python")).args(["-c", script, &url, &prompt]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let last = String::from_utf8(output.stdout).unwrap().lines().last().unwrap().to_owned();
        serde_json::from_str::<serde_json::Value>(&last).unwrap()
    };
    version("1.0.0");
    let said = notes(&call(folder.path(), &["registry", "register", &name]));
    assert!(said.contains(&format!("{name} 1.0.0 is mirrored to `mlflow`")), "{said}");
    let first = read(1);
    assert_eq!(
        (&first["template"], &first["tags"]["prompt-cicd.status"]),
        (&"Hello {{name}}, 1.0.0".into(), &"candidate".into()),
        "{first}"
    );
    assert_eq!(first["tags"]["prompt-cicd.digest"].as_str().unwrap().len(), 64);
    call(folder.path(), &["rollout", "start", &name]);
    assert_eq!(read(1)["tags"]["prompt-cicd.status.production"], "stable", "a completed rollout is mirrored");
    version("2.0.0");
    // Without metrics it waits for a person after its first stage.
    ends(folder.path(), &["rollout", "start", &name], 21);
    call(folder.path(), &["registry", "mark-bad", &name, "2.0.0", "--reason", "rude"]);
    let second = read(2);
    assert_eq!((&second["tags"]["prompt-cicd.status"], &second["template"]), (&"bad".into(), &"Hello {{name}}, 2.0.0".into()), "{second}");
    let said = notes(&call(folder.path(), &["registry", "show", &name, "1.0.0"]));
    assert!(said.contains("has") && said.contains("with this digest"), "{said}");
    // MLflow lets anybody overwrite a text: that is noticed by the digest, said, and fails nothing.
    let body = serde_json::json!({"name": name, "version": "1", "key": "mlflow.prompt.text", "value": "changed"}).to_string();
    let address = format!("{url}/api/2.0/mlflow/model-versions/set-tag");
    let changed =
        Command::new("curl").args(["-sf", "-X", "POST", &address, "-H", "content-type: application/json", "-d", &body]).status().unwrap();
    assert!(changed.success());
    for args in [vec!["registry", "show", &name, "1.0.0"], vec!["registry", "promote", &name, "1.0.0"]] {
        let said = notes(&call(folder.path(), &args));
        assert!(said.contains("warning") && said.contains("was changed after it was registered"), "{said}");
    }
}
