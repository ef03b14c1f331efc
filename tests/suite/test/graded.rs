//! Assertions that others decide: judges, embeddings, programs.

use serde_json::{Value, json};

use crate::support::{Behaviour, FakeModel, Workspace};

/// The greeting suite by echo, with `judge` as judge and these assertions.
fn graded(judge: &str, assertions: &str) -> Workspace {
    let workspace = Workspace::greeting();
    let config = format!(
        "version: 1\nproviders:\n  echo: {{kind: echo}}\n  judge: {judge}\nsuites:\n  - name: greeting\n    prompt: prompts/greeting.prompt.yml\n    \
         provider: echo\n    judge: judge\n    cases: cases/greeting.jsonl\n    defaults: {{assert: {assertions}}}\n"
    );
    workspace.file("prompt-cicd.yml", &config)
}

fn fake(model: &FakeModel) -> String {
    format!(
        "{{kind: openai, base-url: \"{}\", model: fake, prices: {{input-per-million: 1000, output-per-million: 2000}}}}",
        model.base_url()
    )
}

fn report(workspace: &Workspace, code: i32) -> Value {
    workspace.prompt_cicd(["test", "--format", "json"]).run().exits(code).json()
}

#[test]
fn a_judge_decides_and_its_call_is_in_every_report() {
    let model = FakeModel::start(Behaviour::Say(r#"{"reason": "it greets", "pass": true, "score": 0.8}"#));
    let workspace = graded(&fake(&model), "[{llm-rubric: \"The answer greets {{name}}.\"}]");
    let json = report(&workspace, 0);
    assert_eq!(model.requests(), 2, "one for each sample");
    let (prompt, temperature) = model.received(|received| {
        let body = &received[0].body;
        (body["messages"][1]["content"].as_str().unwrap().to_owned(), body["temperature"].clone())
    });
    assert!(prompt.contains("The answer greets") && prompt.contains("Hello "), "{prompt}");
    assert_eq!(temperature, 0);
    let sample = &json["test_case_results"][0];
    assert!(sample["assertions"][0]["reason"].as_str().unwrap().contains("it greets"), "{sample}");
    let call = &sample["grader_calls"][0];
    assert_eq!((&call["grader"], &call["model"], &call["cost_usd"]), (&json!("judge"), &json!("fake"), &json!(0.02)), "{call}");
    assert!(call["prompt"].as_str().unwrap().contains("Hello Ana!") && call["answer"].as_str().unwrap().contains("it greets"));
    assert_eq!(json["performance_metrics"]["grader_cost_usd"], 0.04);
    let text = workspace.prompt_cicd(["test", "-v", "--report", "html=out.html"]).run().exits(0);
    text.shows("judge (fake)").shows("Judges and embeddings: 2 questions asked for");
    assert!(workspace.read("out.html").contains("it greets"));
}

#[test]
fn a_judge_that_finds_a_fault_fails_the_run() {
    let model = FakeModel::start(Behaviour::Say(r#"{"reason": "it is cold", "pass": false}"#));
    let workspace = graded(&fake(&model), "[{llm-rubric: Be warm.}]");
    workspace.prompt_cicd(["test"]).run().exits(10).shows("it is cold").shows("judge (fake)");
}

#[test]
fn a_verdict_that_cannot_be_read_is_no_judgement_negated_or_not() {
    for said in ["Sounds good to me!", "", r#"{"pass": "yes"}"#, r#"{"pass": true} {"pass": false}"#] {
        let model = FakeModel::start(Behaviour::Say(said));
        for assertion in ["llm-rubric", "not-llm-rubric"] {
            let workspace = graded(&fake(&model), &format!("[{{contains: Hello}}, {{{assertion}: Be warm.}}]"));
            let json = report(&workspace, 30);
            assert_eq!((&json["verdict"], &json["error_tests"]), (&json!("inconclusive"), &json!(2)), "{said}");
            let sample = &json["test_case_results"][0];
            let message = sample["error"]["message"].as_str().unwrap();
            assert!(message.contains("no verdict of \"judge\" with fake") && message.contains("llm-rubric"), "{message}");
            assert_eq!(sample["grader_calls"][0]["answer"], "Hello Ana!", "the answer is not lost");
        }
    }
}

#[test]
fn a_judge_that_is_away_leaves_the_run_inconclusive() {
    let model = FakeModel::start(Behaviour::Status(401, "{\"error\": \"no key\"}"));
    let json = report(&graded(&fake(&model), "[{closed-qa: Is it warm?}]"), 31);
    assert_eq!(json["verdict"], "inconclusive");
    assert!(json["test_case_results"][0]["error"]["message"].as_str().unwrap().contains("closed-qa"));
}

#[test]
fn a_judge_that_is_missing_is_said_before_the_first_request() {
    let model = FakeModel::start(Behaviour::Echo);
    let provider = format!("{{kind: openai, base-url: \"{}\"}}", model.base_url());
    let workspace = graded(
        &provider,
        "[{llm-rubric: a}, {type: llm-rubric, value: b, judge: jugde}, {type: similar, value: x, threshold: 0.9, provider: echo}]",
    );
    let finished = workspace.prompt_cicd(["test"]).run().exits(3);
    finished.says("the judge `judge` has no model").says("did you mean `judge`?").says("kind echo, which has no embeddings");
    assert_eq!(model.requests(), 0);
    let without = workspace.read("prompt-cicd.yml").replace("    judge: judge\n", "");
    workspace.file("prompt-cicd.yml", &without).prompt_cicd(["test"]).run().exits(3).says("neither it nor the suite names one");
    let typo = graded("{kind: echo}", "[{llm-rubric: a}]");
    let config = typo.read("prompt-cicd.yml").replace("judge: judge", "judge: jduge");
    typo.file("prompt-cicd.yml", &config).prompt_cicd(["test"]).run().exits(3).says("did you mean `judge`?");
}

#[test]
fn verdicts_are_recorded_and_replayed() {
    let model = FakeModel::start(Behaviour::Say(r#"{"reason": "r", "choice": "C"}"#));
    let workspace = graded(&fake(&model), "[{factuality: A greeting.}]");
    workspace.prompt_cicd(["test", "--record", "tape.jsonl"]).run().exits(0);
    let asked = model.requests();
    let json = workspace.prompt_cicd(["test", "--replay", "tape.jsonl", "--format", "json"]).run().exits(0).json();
    assert_eq!(model.requests(), asked, "a replay asks nobody");
    assert_eq!(json["test_case_results"][0]["grader_calls"][0]["origin"], "recorded");
    assert_eq!(json["performance_metrics"]["grader_cost_usd"], 0.0);
}

#[test]
fn embeddings_are_compared() {
    let near = r#"{"object": "list", "data": [{"index": 0, "embedding": [1, 0.1]}, {"index": 1, "embedding": [1, 0]}], "usage": {"prompt_tokens": 4}}"#;
    let model = FakeModel::start(Behaviour::Body(near));
    let workspace = graded(&fake(&model), "[{type: similar, value: \"Good day, {{name}}!\", threshold: 0.99}]");
    let json = report(&workspace, 0);
    model.received(|received| {
        assert_eq!((received[0].path.as_str(), &received[0].body["model"]), ("/v1/embeddings", &json!("fake")));
        assert!(received.iter().any(|one| one.body["input"] == json!(["Hello Ana!", "Good day, Ana!"])), "{received:?}");
    });
    assert!(json["test_case_results"][0]["assertions"][0]["reason"].as_str().unwrap().starts_with("the cosine is 0.995"));
    workspace.prompt_cicd(["test", "--record", "tape.jsonl"]).run().exits(0);
    let asked = model.requests();
    workspace.prompt_cicd(["test", "--replay", "tape.jsonl"]).run().exits(0);
    assert_eq!(model.requests(), asked);
    let far = workspace.read("prompt-cicd.yml").replace("threshold: 0.99", "threshold: 0.999");
    workspace.file("prompt-cicd.yml", &far).prompt_cicd(["test"]).run().exits(10).shows("at least 0.999 required");
    let broken = FakeModel::start(Behaviour::Body(r#"{"data": [{"embedding": [1]}]}"#));
    let json = report(&graded(&fake(&broken), "[{type: not-similar, value: x, threshold: 0.5}]"), 30);
    assert_eq!(json["verdict"], "inconclusive");
}

#[test]
fn a_program_decides() {
    let program = "import json, sys\ncase = json.load(sys.stdin)\nok = case['vars']['name'] in case['answer'] and case['request']['messages'][0]['role'] == 'user'\n\
                   print(json.dumps({'passed': ok and case['vars']['name'] == 'Ana', 'score': 0.5, 'reason': 'name is ' + case['vars']['name']}))\n";
    let workspace = graded("{kind: echo}", "[{command: [python3, check.py]}]").file("check.py", program);
    let json = report(&workspace, 10);
    let of = |index: usize| json["test_case_results"][index]["assertions"][0].clone();
    assert!(of(0)["passed"] == true && of(0)["score"] == 0.5 && of(0)["reason"] == "the program passed it: name is Ana", "{}", of(0));
    assert!(of(1)["passed"] == false && of(1)["reason"] == "the program failed it: name is Ben", "{}", of(1));
    assert_eq!(json["test_case_results"][0]["grader_calls"][0]["grader"], "python3 check.py");
}

#[test]
fn a_program_that_does_not_decide_leaves_the_run_inconclusive() {
    for (program, code, words) in [
        ("[sh, -c, \"echo oops >&2; exit 3\"]", 31, "oops"),
        ("[sh, -c, \"echo fine\"]", 30, "no verdict"),
        ("[sh, -c, 'echo ''{\"passed\": 1}''']", 30, "`passed` is not true or false"),
        ("[no-such-program-anywhere]", 31, "not found"),
    ] {
        for not in ["", "not-"] {
            let json = report(&graded("{kind: echo}", &format!("[{{{not}command: {program}}}]")), code);
            let message = json["test_case_results"][0]["error"]["message"].as_str().unwrap();
            assert!(json["verdict"] == "inconclusive" && message.contains(words), "{program}: {message}");
        }
    }
}

#[test]
fn a_program_that_takes_too_long_is_ended_with_its_children() {
    let workspace = graded("{kind: echo}", "[{type: command, value: [sh, -c, \"sleep 600 & echo $! >> pids; wait\"], timeout: 300ms}]");
    let config = workspace.read("prompt-cicd.yml") + "run: {retry: {attempts: 1}}\n";
    let workspace = workspace.file("prompt-cicd.yml", &config);
    let json = report(&workspace, 30);
    assert!(json["test_case_results"][0]["error"]["message"].as_str().unwrap().contains("within the time limit of 300 ms"), "{json}");
    for pid in workspace.read("pids").lines() {
        let state = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        assert!(state.is_empty() || state.contains(") Z "), "{pid} still runs: {state}");
    }
}
