//! Real sentence embeddings (`tests/services/embeddings`) decide `similar`, and keep a paraphrase and something else apart.

use std::{path::Path, process::Command};

use serde_json::Value;

const CONFIG: &str = r#"version: 1
providers:
  echo: {kind: echo}
  embeddings: {kind: openai, base-url: "BASE", model: all-minilm-l6-v2}
suites:
  - name: meaning
    prompt: text.prompt.yml
    provider: echo
    cases: [CASES]
    defaults:
      assert: [{type: similar, value: "{{expected}}", threshold: 0.6, provider: embeddings}]
"#;

/// Runs suites of an answer and the text it should mean, each: whether each passes.
fn run(pairs: &[(&str, &str)]) -> (i32, Value) {
    let base = std::env::var("PROMPT_CICD_REAL_EMBEDDINGS")
        .expect("PROMPT_CICD_REAL_EMBEDDINGS names the server: run scripts/test, or start tests/services/embeddings/start.sh PORT");
    let folder = tempfile::tempdir().unwrap();
    let cases: Vec<String> = pairs
        .iter()
        .enumerate()
        .map(|(number, (text, expected))| format!("{{id: c{number}, vars: {{text: \"{text}\"}}, expected: \"{expected}\"}}"))
        .collect();
    write(folder.path(), "prompt-cicd.yml", &CONFIG.replace("BASE", &base).replace("CASES", &cases.join(", ")));
    write(folder.path(), "text.prompt.yml", "name: text\nmessages: [{role: user, content: \"{{text}}\"}]\n");
    let output =
        Command::new(env!("CARGO_BIN_EXE_prompt-cicd")).current_dir(folder.path()).args(["test", "--format", "json"]).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    let json = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {stderr}"));
    (output.status.code().unwrap(), json)
}

fn write(folder: &Path, name: &str, text: &str) {
    std::fs::write(folder.join(name), text).unwrap();
}

#[test]
fn a_paraphrase_is_similar_and_another_matter_is_not() {
    let (code, json) = run(&[
        ("That is a very happy person", "That is a happy person"),
        ("A cat is sitting on a rug", "The cat sits on the mat"),
        ("Today is a sunny day", "That is a happy person"),
        ("The invoice is due on Friday", "The cat sits on the mat"),
    ]);
    let passed: Vec<bool> =
        json["test_case_results"].as_array().unwrap().iter().map(|result| result["passed"].as_bool().unwrap()).collect();
    assert_eq!((code, passed.as_slice()), (10, [true, true, false, false].as_slice()), "{json:#}");
    for result in json["test_case_results"].as_array().unwrap() {
        let call = &result["grader_calls"][0];
        assert_eq!((call["grader"].as_str(), call["model"].as_str()), (Some("embeddings"), Some("all-minilm-l6-v2")));
        assert!(call["tokens"]["input"].as_u64().unwrap() > 8, "{call}");
    }
    // What the model's authors publish for this pair is 0.943.
    let score = json["test_case_results"][0]["assertions"][0]["score"].as_f64().unwrap();
    assert!((score - 0.943).abs() < 0.005, "{score}");
}

#[test]
fn equal_texts_are_wholly_similar() {
    let (code, json) = run(&[("Guten Morgen", "Guten Morgen")]);
    assert_eq!(code, 0);
    let score = json["test_case_results"][0]["assertions"][0]["score"].as_f64().unwrap();
    assert!(score > 0.9999, "{score}");
}
