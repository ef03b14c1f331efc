//! The behaviour cases of the system this project grew from, as far as runs of suites go. `then` is what the original
//! did; where names or decisions differ here, `desired` says what holds.

use std::{
    fmt::Write as _,
    time::{Duration, Instant},
};

use prompt_cicd::domain::{
    answer::{Answer, Origin, Usage},
    prompt::{Syntax, Template, Variables},
    suite::assertion::{Subject, rule},
};
use serde_json::{Value, json};

use crate::support::Workspace;

fn cases() -> Vec<Value> {
    serde_json::from_str(include_str!("../../data/behaviour/suites.json")).unwrap()
}

/// A suite by echo with so many cases that pass, then so many that fail.
fn suite(passing: u64, failing: u64, repeat: u64) -> Workspace {
    let mut lines = String::new();
    for index in 0..passing + failing {
        let expected = if index < passing { format!("Hello n{index}!") } else { "something else".to_owned() };
        let case = json!({"id": format!("c{index}"), "vars": {"name": format!("n{index}")}, "assert": [{"equals": expected}]});
        writeln!(lines, "{case}").unwrap();
    }
    let workspace = Workspace::greeting().file("cases/greeting.jsonl", &lines);
    let config = format!(
        "version: 1\nproviders: {{echo: {{kind: echo}}}}\nsuites:\n  - {{name: s, prompt: prompts/greeting.prompt.yml, provider: echo, repeat: {repeat}, \
         cases: cases/greeting.jsonl}}\n"
    );
    workspace.file("prompt-cicd.yml", &config)
}

/// Whether a case passes whose one variable has so many bytes, which its answer says back.
fn large(bytes: usize) -> bool {
    let input = "0123456789abcdef".repeat(bytes / 16);
    let vars = serde_json::Map::from_iter([("input".to_owned(), json!(input)), ("expected".to_owned(), json!("fedcba"))]);
    let variables = Variables::new(vars);
    let text = Template::parse_as("Sum up: {input}fedcba", Syntax::PythonFormat).unwrap().render(&variables).unwrap();
    assert!(text.len() > bytes);
    let answer = Answer {
        text,
        finish_reason: None,
        model: None,
        usage: Usage::default(),
        latency: Duration::from_millis(1),
        time_to_first_token: None,
        origin: Origin::Live,
        raw: Value::Null,
    };
    let rules = ["contains", "length_range:1,200000000"].map(|text| rule::parse(text).unwrap().assertion.unwrap());
    rules.iter().all(|rule| rule.judge(&Subject::new(&answer, &variables, None)).passed)
}

fn has(value: &Value, keys: &Value) -> bool {
    keys.as_array().unwrap().iter().all(|key| value.get(key.as_str().unwrap()).is_some())
}

#[test]
#[expect(clippy::too_many_lines, reason = "one row a kind of case")]
fn every_case_of_suites_holds() {
    let mut walked = 0;
    for case in cases() {
        let (given, then, desired) = (&case["given"], &case["then"], &case["desired"]);
        let number = |key: &str| given[key].as_u64().unwrap_or(0);
        match case["when"].as_str().unwrap() {
            "run suite, summary" => {
                let code = desired["exit"].as_i64().unwrap_or(if number("failing") > 0 { 10 } else { 0 });
                let finished = suite(number("passing"), number("failing"), 1)
                    .prompt_cicd(["test", "--format", "json"])
                    .run()
                    .exits(i32::try_from(code).unwrap());
                if code != 4 {
                    let json = finished.json();
                    for key in ["total_tests", "passed_tests", "failed_tests"] {
                        assert_eq!(json[key], then[key], "{case}");
                    }
                    assert_eq!(json["suites"][0]["pass_rate"], then["success_rate"], "{case}");
                    let order: Vec<u64> =
                        json["test_case_results"].as_array().unwrap().iter().map(|one| one["case_index"].as_u64().unwrap()).collect();
                    assert!(order.is_sorted() && order.len() as u64 == number("passing") + number("failing"), "{case}");
                }
            }
            "run suite" if given["cases"].is_array() => {
                let workspace = suite(3, 0, 1);
                let lines = workspace.read("cases/greeting.jsonl").replace("\"equals\":\"Hello n1!\"", "\"unknown_rule\":1");
                let finished = workspace.file("cases/greeting.jsonl", &lines).prompt_cicd(["test"]).run().exits(3);
                finished.says("unknown assertion `unknown_rule`");
            }
            "export JSON" => {
                let json = suite(number("results"), 0, 1).prompt_cicd(["test", "--format", "json"]).run().exits(0).json();
                assert!(has(&json, &desired["top_keys"]), "{case}");
                assert!(has(&json["test_case_results"][0], &desired["result_keys"]), "{case}");
                assert!(has(&json["suites"][0]["prompt"], &desired["model_keys"]), "{case}");
            }
            "run suite" => {
                let workspace = suite(number("cases"), 0, 1);
                let started = Instant::now();
                workspace.prompt_cicd(["test", "--format", "json"]).run().exits(0);
                assert!(started.elapsed().as_secs_f64() < then["max_wall_s"].as_f64().unwrap(), "{case}");
            }
            "run case" => {
                let json = suite(1, 0, number("repeats")).prompt_cicd(["test", "--format", "json"]).run().exits(0).json();
                let times: Vec<f64> =
                    json["test_case_results"].as_array().unwrap().iter().map(|one| one["execution_time"].as_f64().unwrap()).collect();
                assert_eq!(times.len() as u64, number("repeats"));
                assert!(times.iter().all(|time| time * 1e3 < then["max_ms_lt"].as_f64().unwrap()), "{case}: {times:?}");
            }
            "run test case" => {
                let words = given["render_error"].as_str().unwrap();
                let workspace = suite(1, 0, 1);
                let provider = format!("{{kind: command, command: [sh, -c, \"echo '{words}' >&2; exit 1\"]}}");
                let config = workspace.read("prompt-cicd.yml").replace("{kind: echo}", &provider);
                let json = workspace.file("prompt-cicd.yml", &config).prompt_cicd(["test", "--format", "json"]).run().exits(31).json();
                let sample = &json["test_case_results"][0];
                assert!(sample["passed"] == false && sample["output"].is_null() && sample["execution_time"].is_number(), "{case}");
                assert!(sample["error"]["message"].as_str().unwrap().contains(words), "{case}: {sample}");
            }
            "run case with 100 MiB variable" => {
                let bytes = usize::try_from(number("input_bytes")).unwrap();
                assert_eq!(json!(large(bytes)), then["passed"], "{case}");
                let line = |bytes| {
                    format!(
                        "{{\"id\": \"a\", \"vars\": {{\"name\": \"{}\"}}, \"assert\": [{{\"contains\": \"xx\"}}]}}\n",
                        "x".repeat(bytes)
                    )
                };
                let fits = usize::try_from(desired["from_a_file"].as_u64().unwrap()).unwrap();
                suite(1, 0, 1).file("cases/greeting.jsonl", &line(fits)).prompt_cicd(["test"]).run().exits(0);
                let code = i32::try_from(desired["refused_in_a_file"].as_i64().unwrap()).unwrap();
                let refused = suite(1, 0, 1).file("cases/greeting.jsonl", &line(bytes)).prompt_cicd(["test"]).run().exits(code);
                refused.says("bytes, more than the 10000000 of a case");
            }
            other => panic!("{other}"),
        }
        walked += 1;
    }
    assert_eq!(walked, 14);
}
