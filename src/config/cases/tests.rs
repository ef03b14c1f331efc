use std::{path::PathBuf, time::Duration};

use serde_json::json;

use super::*;
use crate::domain::suite::{CaseId, CaseSource, Limits};

fn said(text: &str, file: &str) -> String {
    parse(text, file).expect_err(text).iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

fn ids(cases: &[Case]) -> Vec<&str> {
    cases.iter().map(|case| case.id.0.as_str()).collect()
}

fn suite(defaults: CaseDefaults) -> SuiteSettings {
    let second = Duration::from_secs(1);
    SuiteSettings {
        name: "greeting".to_owned(),
        path: "suites[0]".to_owned(),
        place: Place::file("prompt-cicd.yml"),
        prompt: PathBuf::from("p.txt"),
        provider: "say".to_owned(),
        judge: None,
        model: None,
        parameters: serde_json::Map::new(),
        concurrency: 1,
        repeat: crate::domain::suite::Repeat::fixed(1),
        min_pass_rate: 1.0,
        performance: crate::domain::suite::Performance::default(),
        limits: Limits { request: second, case: second, suite: second },
        tags: Vec::new(),
        cases: CaseSource::Files(Vec::new()),
        defaults,
    }
}

#[test]
fn json_lines_are_cases() {
    let text = "{\"id\": \"ana\", \"vars\": {\"name\": \"Ana\"}, \"assert\": [{\"contains\": \"Ana\"}], \"expected\": {\"a\": null}}\n\n\
                {\"id\": 7, \"description\": \"d\", \"tags\": [\"x\"], \"threshold\": 0.5}\r\n{}";
    let cases = parse(text, "c.jsonl").unwrap();
    assert_eq!(ids(&cases), ["ana", "7", "3"]);
    assert_eq!(cases[0].place, Place::line("c.jsonl", 1));
    assert_eq!(cases[1].place, Place::line("c.jsonl", 3));
    assert_eq!((cases[0].expected.clone(), cases[0].assertions.len()), (Some(json!({"a": null})), 1));
    assert_eq!(
        (cases[1].description.as_deref(), cases[1].threshold, cases[1].tags.as_slice()),
        (Some("d"), Some(0.5), ["x".to_owned()].as_slice())
    );
}

#[test]
fn equal_assertions_are_read_once() {
    let line = "{\"assert\": [{\"contains\": \"a\"}, {\"contains\": \"b\"}]}\n";
    let cases = parse(&line.repeat(3), "c.ndjson").unwrap();
    assert!(Arc::ptr_eq(&cases[0].assertions[0], &cases[2].assertions[0]));
    assert!(!Arc::ptr_eq(&cases[0].assertions[0], &cases[0].assertions[1]));
}

#[test]
fn every_line_says_what_is_wrong_with_it() {
    let text = "{\"id\": 1, \"vasr\": {}}\n{\"id\": 1\n[1]\n{\"vars\": {\"é\": 1, \"a\": 2}, \"tags\": [1], \"threshold\": 2}\n\
                {\"id\": \" \", \"id\": 2}\n{\"assert\": {\"contains\": 1}, \"description\": 1}\n";
    insta::assert_snapshot!(said(text, "c.jsonl"), @r#"
    error: c.jsonl:1:11: vasr: unknown key `vasr`
      help: did you mean `vars`?
    error: c.jsonl:2:8: not JSON: EOF while parsing an object
      help: write one JSON object in each line
    error: c.jsonl:3:1: expected a case, found a list
      help: write a map with `vars` and `assert`
    error: c.jsonl:4:37: tags[0]: expected a string, found the number 1
      help: put it in quotes: "1"
    error: c.jsonl:4:54: threshold: must be above 0 and at most 1, found 2
    error: c.jsonl:5:13: id: this key stands here a second time; the first one is in line 5
      help: keep one of them
    error: c.jsonl:6:12: assert: expected a list of assertions, found a map
      help: write a list, also for a single assertion: `[{contains: text}]`
    error: c.jsonl:6:44: description: expected a string, found the number 1
      help: put it in quotes: "1"
    "#);
}

#[test]
fn a_wrong_assertion_is_found_in_its_case() {
    let line = said("{}\n{\"assert\": [{\"contains\": \"a\"}, {\"type\": \"contians\", \"value\": 1}]}\n", "c.jsonl");
    assert!(line.starts_with("error: c.jsonl:2:41: assert[1].type: unknown assertion `contians`"), "{line}");
    let list = said("- assert:\n    - contains: a\n    - {type: contians, value: 1}\n", "c.yml");
    assert!(list.starts_with("error: c.yml:3:14: [0].assert[1].type: unknown assertion `contians`"), "{list}");
}

#[test]
fn long_lists_of_problems_are_cut_and_counted() {
    let said = said(&"x\n".repeat(250), "c.jsonl");
    assert_eq!(said.matches("not JSON").count(), 11);
    assert!(said.contains("error: c.jsonl:11:1: not JSON") && said.contains(": 240 more like this from here on"), "{said}");
}

#[test]
fn a_line_of_ten_megabytes_is_refused() {
    let text = format!("{{}}\n{{\"id\": \"{}\"}}\n", "x".repeat(10_000_000));
    assert_eq!(said(&text, "c.jsonl"), "error: c.jsonl:2: the line has 10000010 bytes, more than the 10000000 of a case");
}

#[test]
fn lists_in_yaml_and_json_are_cases() {
    let cases = parse("- vars: {name: Ana}\n  assert:\n    - contains: Ana\n- {id: b}\n", "c.yml").unwrap();
    assert_eq!(ids(&cases), ["1", "b"]);
    assert_eq!(cases[1].place, Place::at("c.yml", 4, 3));
    assert_eq!(ids(&parse("[{\"id\": 1}, {\"id\": \"x\"}]", "c.json").unwrap()), ["1", "x"]);
    assert_eq!(said("- id: [a]\n  asert: []\n- 3\n", "c.yml").matches("error: c.yml:").count(), 3);
    assert!(said("cases: []\n", "c.yml").starts_with("error: c.yml:1:1: expected a list of cases, found a map"));
    assert!(said("", "c.yml").contains("found nothing"));
    assert!(said("x", "c.toml").contains("use .jsonl, .yml, .json or .csv"));
}

#[test]
fn a_table_is_cases() {
    let text = "\u{feff}id,name,description,tags,expected,__expected,__expected2\n\
                ana,Ana,greets,a; b,Hello,contains: Ana,is-json\n,\"Ma\"\"x\",,,,\"plain, text\",\n";
    let cases = parse(text, "c.csv").unwrap();
    assert_eq!(ids(&cases), ["ana", "2"]);
    assert_eq!(serde_json::Value::Object(cases[1].vars.clone()), json!({"name": "Ma\"x"}));
    assert_eq!(cases[0].tags, ["a", "b"]);
    assert_eq!((cases[0].expected.clone(), cases[1].expected.clone(), cases[1].description.clone()), (Some(json!("Hello")), None, None));
    assert_eq!(cases[0].assertions.iter().map(|assertion| assertion.name.as_str()).collect::<Vec<_>>(), ["contains", "is-json"]);
    assert_eq!(cases[1].assertions.iter().map(|assertion| assertion.name.as_str()).collect::<Vec<_>>(), ["equals"]);
    assert_eq!(cases[1].place, Place::line("c.csv", 3));
}

#[test]
fn a_cell_is_read_as_its_kind_takes_it() {
    let names = |cell: &str| {
        let cases = parse(&format!("__expected\n\"{cell}\"\n"), "c.csv").unwrap();
        cases[0].assertions[0].label.clone()
    };
    assert!(names("contains-any: a, b").contains("[\"a\",\"b\"]"));
    assert!(names("max-words: 12").contains("12"));
    assert!(names("not-contains: x: y").contains("x: y"));
    assert!(names("Answer: 42").contains("Answer: 42"));
}

#[test]
fn a_table_says_what_is_wrong_with_it() {
    let text = "id,name,name,__expcted,\n1,a,b,c,d\n2,\"a\nb\",b\n3,a,b,c,d,e\n";
    insta::assert_snapshot!(said(text, "c.csv"), @r#"
    error: c.csv:1: name: the column `name` comes twice
      help: keep one of them
    error: c.csv:1: __expcted: the special column `__expcted` is not known
      help: did you mean `__expected`?
    error: c.csv:1: column 5 has no name
      help: name the variable, or remove the column
    error: c.csv:3: this row has 3 fields, the header has 5
      help: put fields that contain a comma or a line break in double quotes
    error: c.csv:5: this row has 6 fields, the header has 5
      help: put fields that contain a comma or a line break in double quotes
    "#);
    let cells = said("__expected1\ncontians: x\nsimilar(0.8): x\n", "c.csv");
    assert!(cells.contains("c.csv:2: __expected1: unknown assertion `contians`\n  help: did you mean `contains`? for a plain text write `equals: contians: x`"), "{cells}");
    assert!(cells.contains("c.csv:3: __expected1: assertions of the kind `similar` are not supported"), "{cells}");
    assert!(said("", "c.csv").contains("the table is empty"));
}

#[test]
fn a_quote_that_is_not_closed_swallows_no_case() {
    let open = said("id,__expected,name\na,contains: Hi,\"Ana\nb,contains: NEVER,Bob\n", "c.csv");
    assert!(open.starts_with("error: c.csv:2: a double quote opened in line 2 is never closed\n  help: "), "{open}");
    let closed_by_the_next = said("id,name\na,\"Ana\nb,\"Bob\"\n", "c.csv");
    assert!(closed_by_the_next.contains("c.csv:3: the double quotes opened in line 2 are closed in line 3"), "{closed_by_the_next}");
    let pieces = format!("id,name\n{}z,\"Zoe\n", "a,\"Ana\"\n".repeat(5_000));
    assert!(said(&pieces, "c.csv").contains("a double quote opened in line 5002 is never closed"));
}

#[test]
fn cases_of_a_suite_are_checked_together() {
    let cases = parse("{\"id\": \"a\", \"assert\": [{\"contains\": \"x\"}]}\n{\"id\": \"a\"}\n", "c.jsonl").unwrap();
    let found: Vec<String> = check(&cases, &suite(CaseDefaults::default())).iter().map(ToString::to_string).collect();
    assert_eq!(found.len(), 2);
    assert!(found[0].starts_with("error: c.jsonl:2: a second case has the id `a`; the first one is at c.jsonl:1"), "{}", found[0]);
    assert!(found[1].contains("suites[0].defaults.assert"), "{}", found[1]);
    let defaults = CaseDefaults { assertions: cases[0].assertions.clone(), ..CaseDefaults::default() };
    assert_eq!(check(&cases[1..], &suite(defaults)), []);
    let weightless = parse("{\"assert\": [{\"type\": \"contains\", \"value\": \"x\", \"weight\": 0}]}", "c.jsonl").unwrap();
    assert_eq!(check(&weightless, &suite(CaseDefaults::default())).len(), 1);
    assert_eq!(weightless[0].id, CaseId("1".to_owned()));
}

proptest::proptest! {
    #[test]
    fn no_text_makes_a_parser_panic(text in "[ -~\n\r\té{}\\[\\]:,\"]{0,120}") {
        for file in ["c.jsonl", "c.yml", "c.json", "c.csv"] {
            drop(parse(&text, file));
        }
    }
}
