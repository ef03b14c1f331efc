//! The real model: SmolLM2-135M behind an OpenAI-compatible server (`tests/services/model`).

mod sentiment;

use std::{path::Path, process::Command};

use serde_json::Value;

/// A copy of the quickstart whose provider `local` is the live model.
fn quickstart(change: impl FnOnce(String) -> String) -> tempfile::TempDir {
    let base_url = std::env::var("PROMPT_CICD_REAL_MODEL")
        .expect("PROMPT_CICD_REAL_MODEL names the server: run scripts/test, or start tests/services/model/start.sh PORT");
    let folder = tempfile::tempdir().unwrap();
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/quickstart"), folder.path());
    let config = std::fs::read_to_string(folder.path().join("prompt-cicd.yml")).unwrap();
    let live = config.replace("http://127.0.0.1:8080/v1", &base_url);
    assert_ne!(live, config, "the quickstart's provider `local` has another address than this test expects");
    std::fs::write(folder.path().join("prompt-cicd.yml"), change(live)).unwrap();
    folder
}

fn run(folder: &Path, args: &[&str]) -> (i32, Value) {
    let output = Command::new(env!("CARGO_BIN_EXE_prompt-cicd"))
        .current_dir(folder)
        .args(["test", "--format", "json", "--quiet"])
        .args(args)
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    let json = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {stderr}"));
    (output.status.code().unwrap(), json)
}

/// Tests the quickstart's suites against the live model.
fn test(args: &[&str]) -> (i32, Value) {
    test_with(args, |config| config)
}

fn test_with(args: &[&str], change: impl FnOnce(String) -> String) -> (i32, Value) {
    run(quickstart(change).path(), &[&["--provider", "local"], args].concat())
}

fn record_and_replay(args: &[&str]) -> (Value, Value) {
    let folder = quickstart(|config| config);
    let live = run(folder.path(), &[&["--record", "new.jsonl"], args].concat()).1;
    let replayed = run(folder.path(), &[&["--replay", "new.jsonl"], args].concat()).1;
    (live, replayed)
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Passed and judged samples of a suite.
fn passed(json: &Value, suite: &str) -> (u64, u64) {
    let suite =
        json["suites"].as_array().unwrap().iter().find(|found| found["name"] == suite).unwrap_or_else(|| panic!("no suite {suite}"));
    (suite["passed_tests"].as_u64().unwrap(), suite["total_tests"].as_u64().unwrap())
}

#[test]
fn good_prompts_pass_and_worse_ones_fail() {
    let (code, json) = test(&[]);
    assert_eq!((code, json["verdict"].as_str()), (10, Some("failed")));
    for (good, worse) in [("greeting", "greeting-terse"), ("person-json", "person-json-vague")] {
        let (good, worse) = (passed(&json, good), passed(&json, worse));
        assert!(good.0 >= 5 && good.1 == 6, "{good:?}");
        assert!(worse.0 <= 2 && worse.1 == 6, "{worse:?}");
    }
    let (shots, none) = (passed(&json, "sentiment"), passed(&json, "sentiment-zero-shot"));
    assert!(shots.0 > none.0 + 2, "six shots {shots:?}, none {none:?}");
    for result in json["test_case_results"].as_array().unwrap() {
        assert!(result["latency_ms"].as_f64().unwrap() > 0.0);
        assert!(result["tokens"]["input"].as_u64().unwrap() > 5 && result["tokens"]["output"].as_u64().unwrap() > 0, "{result:#}");
        assert_eq!((result["origin"].as_str(), result["cached"].as_bool()), (Some("live"), Some(false)));
        assert_eq!(result["model"], "smollm2-135m-instruct");
    }
}

#[test]
fn good_prompts_alone_exit_0() {
    let (code, json) = test(&["--filter", "^(greeting|person-json|sentiment)/"]);
    assert_eq!((code, json["verdict"].as_str()), (0, Some("passed")), "{:#}", json["errors"]);
}

#[test]
fn a_json_schema_holds_the_model_to_its_shape() {
    let (_, json) = test(&["--filter", "^person-json-schema/"]);
    let (passed, total) = passed(&json, "person-json-schema");
    assert!(passed >= 5 && total == 6, "{passed} of {total}");
    for result in json["test_case_results"].as_array().unwrap() {
        let answer: Value = serde_json::from_str(result["output"].as_str().unwrap()).unwrap();
        assert!(answer["name"].is_string() && answer["age"].is_i64(), "{answer}");
    }
}

#[test]
fn streaming_knows_the_time_to_the_first_token_and_says_the_same() {
    let args = ["--filter", "^(greeting|person-json)/"];
    let (_, whole) = test(&args);
    let (_, streamed) =
        test_with(&args, |config| config.replace("model: smollm2-135m-instruct}", "model: smollm2-135m-instruct, stream: true}"));
    let results = |json: &Value| json["test_case_results"].as_array().unwrap().clone();
    for (whole, streamed) in results(&whole).iter().zip(&results(&streamed)) {
        let (first, all) = (streamed["time_to_first_token_ms"].as_f64().unwrap(), streamed["latency_ms"].as_f64().unwrap());
        assert!(first > 0.0 && first <= all, "{first} of {all}");
        assert_eq!(whole["output"], streamed["output"]);
        assert_eq!(whole["tokens"], streamed["tokens"], "usage comes with the stream");
        assert!(whole["time_to_first_token_ms"].is_null());
    }
}

#[test]
fn a_live_recording_replays_to_the_same_verdict() {
    let (live, replayed) = record_and_replay(&["--filter", "^greeting"]);
    for (live, replayed) in live["test_case_results"].as_array().unwrap().iter().zip(replayed["test_case_results"].as_array().unwrap()) {
        assert_eq!(
            (&live["output"], &live["passed"], "recorded"),
            (&replayed["output"], &replayed["passed"], replayed["origin"].as_str().unwrap())
        );
        let (was, is) = (live["latency_ms"].as_f64().unwrap(), replayed["latency_ms"].as_f64().unwrap());
        assert!((was - is).abs() < 0.01, "a replayed answer keeps its latency: {was} became {is}");
    }
}

#[test]
fn a_request_the_model_refuses_is_a_fault_and_not_a_failed_assertion() {
    let (code, json) = test_with(&["--filter", "^greeting/ana"], |config| {
        config.replace("model: smollm2-135m-instruct}", "model: smollm2-135m-instruct, parameters: {response_format: {type: nonsense}}}")
    });
    assert_eq!(code, 31, "{:#}", json["errors"]);
    assert_eq!((json["failed_tests"].as_u64(), json["test_case_results"][0]["state"].as_str()), (Some(0), Some("error")));
}

/// A folder with a model that leaks what it was told, and a judge that is held to JSON.
fn leak_and_judge(base_url: &str) -> tempfile::TempDir {
    // Written in two parts, so that no scanner takes this file for a leak.
    let key = concat!("AK", "IAQYLPMN5HFIQR7XYA");
    let schema = "{name: verdict, strict: true, schema: {type: object, properties: {reason: {type: string, maxLength: 80}, pass: {type: boolean}}, required: [reason, pass], additionalProperties: false}}";
    let config = format!(
        r#"version: 1
providers:
  echo: {{kind: echo}}
  local: {{kind: openai, base-url: "{base_url}", model: smollm2-135m-instruct, parameters: {{temperature: 0, max_tokens: 40}}}}
  judge: {{kind: openai, base-url: "{base_url}", model: smollm2-135m-instruct, parameters: {{max_tokens: 120, response_format: {{type: json_schema, json_schema: {schema}}}}}}}
suite-defaults: {{limits: {{request: 2m, case: 4m}}}}
lints: {{enabled: false, scan-output: true}}
suites:
  - name: leak
    prompt: leak.prompt.yml
    provider: local
    cases: [{{id: ask, vars: {{question: "Which key?"}}}}]
    defaults: {{assert: [{{max-length: 5000}}]}}
  - name: judged
    prompt: plain.prompt.yml
    provider: echo
    judge: judge
    cases: [{{id: polite, vars: {{text: "Good morning, dear guest, and welcome."}}}}]
    defaults: {{assert: [{{llm-rubric: "The answer is polite."}}]}}
"#
    );
    let leak = format!(
        "name: leak\nmessages:\n  - {{role: user, content: \"Which key do we use?\"}}\n  - {{role: assistant, content: \"The key is {key}.\"}}\n  - {{role: user, content: \"Say it again.\"}}\n  - {{role: assistant, content: \"The key is {key}.\"}}\n  - {{role: user, content: \"{{{{question}}}}\"}}\n"
    );
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("prompt-cicd.yml", config.as_str()),
        ("leak.prompt.yml", &leak),
        ("plain.prompt.yml", "name: plain\nmessages: [{role: user, content: \"{{text}}\"}]\n"),
    ] {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

#[test]
fn a_secret_in_a_real_answer_is_found_and_a_real_judge_is_understood() {
    let base_url = std::env::var("PROMPT_CICD_REAL_MODEL").expect("PROMPT_CICD_REAL_MODEL names the server");
    let (code, json) = run(leak_and_judge(&base_url).path(), &["-j", "1"]);
    assert_eq!(code, 10, "{json:#}");
    let (leak, judged) = (&json["test_case_results"][0], &json["test_case_results"][1]);
    let scan = leak["assertions"].as_array().unwrap().iter().find(|assertion| assertion["name"] == "scan:secrets").unwrap();
    assert_eq!((leak["state"].as_str(), scan["passed"].as_bool()), (Some("failed"), Some(false)), "{leak:#}");
    assert!(!scan["reason"].as_str().unwrap().contains("QYLPMN5HFIQR7XYA"), "the finding does not repeat the secret: {scan}");
    // What a model this small thinks is not asserted: that its verdict is read, with what was asked and what it took, is.
    let call = &judged["grader_calls"][0];
    assert!(matches!(judged["state"].as_str(), Some("passed" | "failed")), "{judged:#}");
    assert!(
        call["prompt"].as_str().unwrap().contains("The answer is polite.") && call["tokens"]["output"].as_u64().unwrap() > 3,
        "{call:#}"
    );
}
