//! The behaviour cases of the system this project grew from, as far as templates and rules go.
//!
//! `tests/data/behaviour/*.json`: `then` is what the original did; where it erred, or where it was open, `desired` says
//! what holds here.

use std::{collections::BTreeMap, fs, time::Duration};

use prompt_cicd::{
    config::prompt_file,
    domain::{
        answer::{Answer, Origin, Usage},
        prompt::{Syntax, Template, Variables},
        suite::assertion::{Subject, rule},
    },
};
use serde_json::{Map, Value, json};

fn cases(file: &str) -> Vec<Value> {
    let path = crate::docs::root().join("tests/data/behaviour").join(file);
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// The names a template asks for, one after another until it renders.
fn variables_of(template: &Template) -> Vec<String> {
    let mut values = Map::new();
    loop {
        match template.render(&Variables::new(values.clone())) {
            Ok(_) => return values.keys().cloned().collect(),
            // A value with whatever the templates of these cases look for.
            Err(error) => match error.missing {
                Some(name) => drop(values.insert(name, json!({"key": "k", "attr": "a"}))),
                None => drop(values.values_mut().last().map(|value| *value = json!(1))),
            },
        }
    }
}

/// What validating or rendering a template comes to.
fn template(given: &Value) -> Value {
    let source = given["template"].as_str().unwrap();
    if let Some(vars) = given.get("vars") {
        let template = Template::parse_as(source, Syntax::PythonFormat).unwrap();
        return json!({"output": template.render(&Variables::new(vars.as_object().cloned().unwrap())).unwrap()});
    }
    let file = json!({"name": given["name"], "version": given["version"], "template": source, "validation_rules": ["exact_match"]});
    match prompt_file::parse(&file.to_string(), "p.json") {
        Ok((prompt, _)) => json!({"valid": true, "variables": variables_of(&prompt.messages[0].content)}),
        Err(_) => json!({"valid": false}),
    }
}

/// What judging an answer by rules comes to.
fn rules(given: &Value) -> Value {
    let answer = Answer {
        text: given["output"].as_str().unwrap().to_owned(),
        finish_reason: None,
        model: None,
        usage: Usage { input_tokens: None, output_tokens: None, estimated: false },
        latency: Duration::from_secs_f64(given["elapsed_s"].as_f64().unwrap_or(0.0)),
        time_to_first_token: None,
        origin: Origin::Live,
        raw: Value::Null,
    };
    let variables = Variables::new([("expected".to_owned(), given["expected"].clone())].into_iter().collect());
    let mut passed = true;
    let mut said = String::new();
    for text in given["rules"].as_array().unwrap() {
        let assertion = match rule::parse(text.as_str().unwrap()) {
            Ok(rule) => rule.assertion.unwrap(),
            Err(error) => return json!({"config_error": error.message}),
        };
        if let Err(error) = assertion.prepare(&variables) {
            return json!({"config_error": error.message});
        }
        let run = assertion.judge(&Subject::new(&answer, &variables, None));
        if !run.passed {
            passed = false;
            said = format!("{}: {}", run.name, run.reason);
        }
    }
    json!({"passed": passed, "error": said})
}

/// What does not hold of what is expected.
fn differs(expected: &Value, found: &Value) -> Option<String> {
    let said = found["error"].as_str().unwrap_or_default();
    for (key, value) in expected.as_object().unwrap() {
        let holds = match key.as_str() {
            "config_error" if value.is_boolean() => found["config_error"].is_string(),
            "config_error" => found["config_error"].as_str().is_some_and(|error| {
                let name = value.as_str().unwrap().split(": ").nth(1).unwrap();
                error.starts_with("unknown validation rule") && error.contains(&format!("`{name}`"))
            }),
            "error_prefix" => said.starts_with(value.as_str().unwrap()),
            // The original's words for a bad template are not ours; that it is refused is what counts.
            "error_contains" if found.get("valid").is_some() => true,
            "error_contains" => value.as_str().is_none_or(|part| said.contains(part)),
            "output_recorded" => true,
            _ => found[key] == *value,
        };
        if !holds {
            return Some(format!("{key} is not {value}: {found}"));
        }
    }
    None
}

#[test]
fn every_case_of_templates_and_rules_holds() {
    let mut counts: BTreeMap<(&str, String), usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    let run = |area: &str, given: &Value| if area == "TPL" { template(given) } else { rules(given) };
    for (area, file) in [("TPL", "templates.json"), ("RULE", "rules.json")] {
        for case in cases(file) {
            let (id, status) = (&case["id"], case["status"].as_str().unwrap());
            let expected = if status == "keep" { &case["then"] } else { &case["desired"] };
            assert!(expected.is_object(), "{id} says nothing");
            let found = run(area, &case["given"]);
            wrong.extend(differs(expected, &found).map(|difference| format!("{id}: {difference}")));
            if status == "original-defect" {
                assert!(differs(&case["then"], &found).is_some(), "{id}: the original's defect is here too");
            }
            *counts.entry((area, status.to_owned())).or_default() += 1;
        }
    }
    for ((area, status), count) in &counts {
        println!("{area} {status}: {count}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(counts.values().sum::<usize>() >= 60, "{counts:?}");
}

/// Which cases there are, of the areas that belong to testing prompts: none got lost on the way here.
#[test]
fn the_cases_of_testing_prompts_are_all_here() {
    let mut all: BTreeMap<String, String> = BTreeMap::new();
    for file in ["templates.json", "rules.json", "suites.json", "lints.json"] {
        // Some are walked by two tests.
        all.extend(cases(file).iter().map(|case| (case["id"].as_str().unwrap().to_owned(), case["status"].as_str().unwrap().to_owned())));
    }
    let mut found: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for (id, status) in &all {
        *found.entry((id.split('-').next().unwrap(), status)).or_default() += 1;
    }
    let wanted = [
        (("RULE", "keep"), 35),
        (("RULE", "original-defect"), 6),
        (("RULE", "original-dubious"), 1),
        (("SEC", "keep"), 3),
        (("SEC", "original-defect"), 2),
        (("SUITE", "doc-only"), 5),
        (("SUITE", "keep"), 10),
        (("SUITE", "original-dubious"), 1),
        (("TPL", "keep"), 19),
        (("TPL", "original-dubious"), 5),
    ];
    assert_eq!(found.into_iter().collect::<Vec<_>>(), wanted);
}
