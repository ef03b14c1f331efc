//! What holds for every kind, and how assertions are written.

mod budget;
mod group;
mod json;
mod json_path;
mod length;
mod pattern;
mod text;

use std::{collections::HashSet, time::Duration};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Assertion, Check, Judgement, Kind, Need, Problem, Replies, Reply, Subject, Verdict, graded::verdict::Form, kinds, measure};
use crate::domain::{
    answer::{Answer, Origin, Usage},
    prompt::Variables,
    suite::run::AssertionRun,
};

/// An answer with this text, live, after 120 ms, with 10 + 5 tokens.
pub(in crate::domain::suite::assertion) fn answer(text: &str) -> Answer {
    Answer {
        text: text.to_owned(),
        finish_reason: Some("stop".to_owned()),
        model: None,
        usage: Usage { input_tokens: Some(10), output_tokens: Some(5), estimated: false },
        latency: Duration::from_millis(120),
        time_to_first_token: None,
        origin: Origin::Live,
        raw: json!({"choices": [{
            "message": {"tool_calls": [{"type": "function", "function": {"name": "weather", "arguments": "{\"city\": \"Anaville\"}"}}]},
            "logprobs": {"content": [{"token": "a", "logprob": -0.5}, {"token": "b", "logprob": -1.5}]},
        }]}),
    }
}

/// What others say about an answer: good, unless it speaks of something bad.
pub(in crate::domain::suite::assertion) fn replies(assertion: &Assertion, subject: &Subject<'_>) -> Replies {
    let good = !subject.answer.text.contains("bad");
    let verdict = |choices: &str| Verdict {
        passed: Some(good),
        score: if good { 1.0 } else { 0.0 },
        choice: choices.chars().nth(if good { 0 } else { choices.len() / 2 + choices.len() % 2 }),
        reason: "so it is".to_owned(),
    };
    assertion.needs(subject).into_iter().fold(Replies::default(), |mut replies, need| {
        let reply = match &need {
            Need::Judge { form: Form::Choice("ABCDE"), .. } => Reply::Verdict(verdict("AABDD")),
            Need::Judge { form: Form::Choice(letters), .. } => Reply::Verdict(verdict(letters)),
            Need::Judge { form: Form::Pass, .. } | Need::Program { .. } => Reply::Verdict(verdict("")),
            Need::Judge { form: Form::Score(_) | Form::Statements | Form::Program, .. } => {
                Reply::Verdict(Verdict { passed: None, ..verdict("") })
            }
            Need::Judge { form: Form::OneOf(_), .. } => panic!("no kind of the table asks for a word"),
            Need::Embeddings { .. } => Reply::Vectors(vec![vec![1.0, 0.0], if good { vec![2.0, 0.0] } else { vec![0.0, 1.0] }]),
        };
        replies.add(need, reply);
        replies
    })
}

/// Judges with what others say.
pub(in crate::domain::suite::assertion) fn judged(assertion: &Assertion, subject: Subject<'_>) -> AssertionRun {
    let replies = replies(assertion, &subject);
    assertion.judge(&Subject { replies: Some(&replies), ..subject })
}

pub(in crate::domain::suite::assertion) fn variables() -> Variables {
    let values = json!({
        "name": "Ana", "age": 42, "min": "18", "empty": "", "pattern": "a.c (x)", "temperature": -1.5, "expected": {"age": 42},
        "user": {"name": "Ben", "tags": ["a", "b"]}, "nothing": null,
    });
    Variables::new(values.as_object().cloned().unwrap())
}

/// Reads an assertion written as YAML.
pub(in crate::domain::suite::assertion) fn parse(yaml: &str) -> Result<Assertion, Vec<Problem>> {
    Assertion::parse(&serde_yaml::from_str(yaml).unwrap())
}

/// What it finds in an answer, with the usual variables and a cost of 0.001 dollars.
pub(in crate::domain::suite::assertion) fn judge(yaml: &str, text: &str) -> AssertionRun {
    let assertion = parse(yaml).unwrap_or_else(|problems| panic!("{yaml}: {problems:?}"));
    let variables = variables();
    assertion.prepare(&variables).unwrap_or_else(|error| panic!("{yaml}: {error}"));
    judged(&assertion, Subject::new(&answer(text), &variables, Some(0.001)))
}

/// Judges and gives the reason, after checking the outcome.
#[track_caller]
pub(in crate::domain::suite::assertion) fn reason(yaml: &str, text: &str, passes: bool) -> String {
    let run = judge(yaml, text);
    assert_eq!(run.passed, passes, "{yaml} on {:?}: {}", text.chars().take(200).collect::<String>(), run.reason);
    run.reason
}

/// The problems of an assertion as `path: message (help)`.
#[track_caller]
pub(in crate::domain::suite::assertion) fn problems(yaml: &str) -> Vec<String> {
    let found = parse(yaml).expect_err(yaml);
    found.into_iter().map(|problem| format!("{}: {} ({})", problem.path, problem.message, problem.help.unwrap_or_default())).collect()
}

fn is_budget(kind: &Kind) -> bool {
    let of_numbers = measure::KINDS.into_iter().flatten().map(|kind| kind.name);
    of_numbers.chain(["finish-reason", "perplexity", "is-valid-openai-tools-call", "tool-call"]).any(|name| name == kind.name)
}

#[test]
fn every_example_is_true() {
    for kind in kinds() {
        assert!(judge(kind.example, kind.accepts).passed, "{}: {}", kind.name, judge(kind.example, kind.accepts).reason);
        assert!(judge(kind.example, kind.accepts).label.starts_with(kind.name));
        if kind.rejects.is_empty() {
            assert!(is_budget(kind), "{} needs an answer it rejects", kind.name);
        } else {
            assert!(!judge(kind.example, kind.rejects).passed, "{}: {}", kind.name, judge(kind.example, kind.rejects).reason);
        }
    }
}

#[test]
fn every_kind_is_described() {
    let mut names = HashSet::new();
    for kind in kinds() {
        assert!(names.insert(kind.name), "{} twice", kind.name);
        assert!(kind.name.chars().all(|c| c.is_ascii_lowercase() || c == '-') && !kind.name.starts_with("not-"), "{}", kind.name);
        assert!(kind.summary.ends_with('.') && kind.summary.chars().next().is_some_and(char::is_uppercase), "{}", kind.summary);
        assert!(!kind.keys.is_empty() && kind.keys.iter().all(|(key, text)| !matches!(*key, "type" | "weight") && !text.is_empty()));
    }
    for needed in [
        "equals",
        "contains",
        "regex",
        "min-length",
        "max-length",
        "latency",
        "is-json",
        "json-path",
        "assert-set",
        "rouge-n",
        "similar",
        "llm-rubric",
    ] {
        assert!(names.contains(needed), "{needed}");
    }
}

#[test]
fn every_kind_without_its_keys_is_a_problem_and_no_panic() {
    for kind in kinds() {
        for name in [kind.name.to_owned(), format!("not-{}", kind.name)] {
            let bare = Assertion::parse(&json!(name));
            let long = Assertion::parse(&json!({ "type": name }));
            let optional = kind.name.ends_with("-json")
                || matches!(kind.name, "is-xml" | "contains-xml" | "is-html" | "is-sql" | "is-refusal" | "is-valid-openai-tools-call");
            assert_eq!((bare.is_ok(), long.is_ok()), (optional, optional), "{name}");
            let found = long.err().into_iter().flatten();
            found.for_each(|problem| assert!(problem.path.is_empty() && problem.help.is_some(), "{name}: {problem:?}"));
        }
    }
}

#[test]
fn negation_flips_every_example() {
    for kind in kinds() {
        let assertion = parse(kind.example).unwrap();
        let negated = Assertion { negated: true, ..assertion.clone() };
        for text in [kind.accepts, kind.rejects] {
            let (variables, answer) = (variables(), answer(text));
            let subject = Subject::new(&answer, &variables, Some(0.001));
            let (plain, flipped) = (judged(&assertion, subject), judged(&negated, subject));
            assert_ne!(plain.passed, flipped.passed, "{} on {text:?}", kind.name);
            assert!((plain.score + flipped.score - 1.0).abs() < 1e-12, "{} on {text:?}", kind.name);
        }
    }
}

#[test]
fn a_negated_assertion_says_what_must_not_be() {
    let run = judge("not-contains: x", "axb");
    assert_eq!((run.name.as_str(), run.passed), ("not-contains", false));
    assert_eq!(run.reason, "contains \"x\", and must not");
    assert_eq!(reason("not-contains: x", "ab", true), "does not contain \"x\"");
}

#[test]
fn what_cannot_be_judged_fails_even_when_negated() {
    #[derive(Debug)]
    struct Broken;
    impl Check for Broken {
        fn judge(&self, _: &Subject<'_>) -> Judgement {
            Judgement::undecided("the stars are hidden")
        }
        fn prepare(&self, _: &Variables) -> Result<(), crate::domain::prompt::TemplateError> {
            Ok(())
        }
    }
    let assertion = Assertion { negated: true, check: std::sync::Arc::new(Broken), ..parse("contains: x").unwrap() };
    let run = assertion.judge(&Subject::new(&answer(""), &variables(), None));
    assert_eq!((run.passed, run.score.to_bits(), run.reason.as_str()), (false, 0, "the stars are hidden"));
}

#[test]
fn short_and_long_forms_mean_the_same() {
    let short = parse("contains: \"{{name}}\"").unwrap();
    assert_eq!((short.name.as_str(), short.label.as_str()), ("contains", "contains: \"{{name}}\""));
    let long = parse("{type: contains, value: \"{{name}}\", weight: 2}").unwrap();
    assert_eq!(long.label, short.label);
    assert!((long.weight - 2.0).abs() < 1e-12 && (short.weight - 1.0).abs() < 1e-12);
    for yaml in ["is-json", "\"is-json\"", "is-json:", "is-json: null", "{type: is-json}", "{type: is-json, value: null}"] {
        assert_eq!(parse(yaml).unwrap().label, "is-json", "{yaml}");
    }
    assert_eq!(parse("{type: json-path, path: $.age, gt: 18}").unwrap().label, "json-path {path: \"$.age\", gt: 18}");
    assert_eq!(parse("{type: contains, value: x, weight: 0}").unwrap().weight.to_bits(), 0);
}

#[test]
fn equal_assertions_are_read_once() {
    let mut reader = super::Reader::default();
    let first = reader.read(&json!({"regex": "\\d"})).unwrap();
    assert!(std::sync::Arc::ptr_eq(&first, &reader.read(&json!({"regex": "\\d"})).unwrap()));
    assert!(!std::sync::Arc::ptr_eq(&first, &reader.read(&json!({"type": "regex", "value": "\\d", "weight": 2})).unwrap()));
    assert!(reader.read(&json!({"regex": "("})).is_err() && reader.read(&json!({"regex": "("})).is_err());
}

#[test]
fn the_spellings_of_the_seed_are_read_as_rules() {
    for (yaml, name) in [
        ("exact_match", "exact_match"),
        ("'contains:12:30'", "contains"),
        ("length_range:1,50", "length_range"),
        ("max_execution_time:1.0", "max_execution_time"),
        ("all", "all"),
    ] {
        let assertion = parse(yaml).unwrap();
        assert_eq!((assertion.name.as_str(), assertion.label.as_str()), (name, yaml.trim_matches('\'')), "{yaml}");
    }
    assert_eq!(problems("length_range:9,1"), [": column 14: the range begins at 9 and ends before it, at 1 (write `length_range:1,9`)"]);
    assert!(problems("no_profanity").first().unwrap().contains("is a check of the prompt"));
    assert!(problems("contains").first().unwrap().contains("`value` is missing"), "our own kinds go first");
}

#[test]
fn a_label_is_one_line_of_at_most_80_characters() {
    let label = parse(&format!("contains: \"a\\n{}\"", "é".repeat(200))).unwrap().label;
    assert_eq!(label.chars().count(), 80);
    assert!(label.starts_with("contains: \"a\\né") && label.ends_with('…'), "{label}");
}

#[test]
fn an_unknown_assertion_names_what_was_meant() {
    assert_eq!(problems("contians: x"), [": unknown assertion `contians` (did you mean `contains` or `icontains`?)"]);
    assert_eq!(problems("{type: not-regx, value: x}"), ["type: unknown assertion `not-regx` (did you mean `not-regex`?)"]);
    assert!(problems("Is_JSON").first().unwrap().contains("did you mean `is-json`"));
    assert_eq!(problems("exact_match: x"), [": unknown assertion `exact_match` (write `equals`)"]);
    assert_eq!(
        problems("{type: length_range, value: x}"),
        ["type: unknown assertion `length_range` (write `min-length` and `max-length`)"]
    );
    for name in ["contains-sql", "not-contains-sql", "meteor"] {
        let said = problems(&format!("{{type: {name}, value: x}}")).remove(0);
        assert!(said.contains("(write `") && said.contains(" built in)"), "{said}");
    }
    assert!(problems("qqqq: x").first().unwrap().contains("known are equals, iequals"));
    assert!(problems("not-not-contains: x").first().unwrap().contains("unknown assertion"));
    let endless = Assertion::parse(&json!({ "contains".repeat(10_000): "x" })).unwrap_err();
    assert!(endless.first().unwrap().message.len() < 200);
}

#[test]
fn every_problem_is_reported_at_once() {
    assert_eq!(
        problems("{type: contains-all, value: [a, [], \"{{x\"], wieght: 2, weight: -1}")
            .iter()
            .map(|p| p.split(':').next().unwrap())
            .collect::<Vec<_>>(),
        ["weight", "wieght", "value[1]", "value[2]"]
    );
    assert_eq!(
        problems("{type: contains, valeu: x}"),
        ["valeu: `contains` takes no `valeu` (did you mean `value`?)"],
        "the missing value is the misspelled one"
    );
    assert_eq!(problems("{type: is-json, strict: true}"), ["strict: `is-json` takes no `strict` (it takes `value`, `weight`)"]);
    assert_eq!(problems("{type: nope, weight: x}").len(), 2);
}

#[test]
fn problems_point_at_what_was_written() {
    assert_eq!(problems("not-contains-all: [a, {}]"), ["not-contains-all[1]: expected text, found a mapping ()"]);
    assert_eq!(problems("{type: contains-all, value: [a, {}]}"), ["value[1]: expected text, found a mapping ()"]);
    assert_eq!(problems("contains: \"Hi {{name\"").first().unwrap().split(" (").next().unwrap().split(": ").next(), Some("contains"));
    assert_eq!(problems("contains:"), [": `value` is missing (for example contains: \"{{name}}\")"]);
}

#[test]
fn the_shape_of_an_assertion_is_checked() {
    assert_eq!(problems("[]"), [": expected an assertion such as `contains: text`, found a list ()"]);
    assert_eq!(problems("{}"), [": the assertion is empty (write for example `contains: text`)"]);
    assert!(problems("{max-words: 3, weight: 2}").first().unwrap().contains("write `{type: max-words, value: …, weight: 1}`"));
    assert_eq!(problems("{type: 3}"), ["type: expected the name of an assertion, found a number ()"]);
    assert!(problems("json-path: $.age").first().unwrap().contains("takes no single value (for example {type: json-path"));
    for weight in ["-1", "x", "true", "null", ".inf", ".nan", "\"1e999\"", "[]"] {
        let found = problems(&format!("{{type: contains, value: x, weight: {weight}}}"));
        assert!(found.len() == 1 && found.first().unwrap().starts_with("weight: "), "{weight}: {found:?}");
    }
    assert!(parse("{type: contains, value: x, weight: 1e308}").is_ok());
}

fn arbitrary_json() -> impl Strategy<Value = Value> {
    let word = prop_oneof![
        kinds().map(|kind| kind.name).collect::<Vec<_>>().prop_map_into_select(),
        kinds().flat_map(|kind| kind.keys.iter().map(|(key, _)| *key)).collect::<Vec<_>>().prop_map_into_select(),
        Just("type".to_owned()),
        Just("weight".to_owned()),
        Just("{{name}}".to_owned()),
        Just("$..a[?@.b > 1]".to_owned()),
        Just("(a|b)+$".to_owned()),
        ".{0,12}",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        word.clone().prop_map(Value::from)
    ];
    leaf.prop_recursive(6, 48, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((word.clone(), inner.clone()), 0..6).prop_map(|entries| Value::Object(entries.into_iter().collect())),
            (prop::sample::select(kinds().map(|kind| kind.name).collect::<Vec<_>>()), inner)
                .prop_map(|(name, value)| json!({ name: value })),
        ]
    })
}

trait IntoSelect {
    fn prop_map_into_select(self) -> BoxedStrategy<String>;
}

impl IntoSelect for Vec<&'static str> {
    fn prop_map_into_select(self) -> BoxedStrategy<String> {
        prop::sample::select(self).prop_map(str::to_owned).boxed()
    }
}

proptest! {
    #[test]
    fn no_json_makes_parsing_or_judging_panic(value in arbitrary_json(), text in "(?s).{0,80}") {
        match Assertion::parse(&value) {
            Err(problems) => prop_assert!(!problems.is_empty()),
            Ok(assertion) => {
                let (variables, answer) = (variables(), answer(&text));
                let subject = Subject::new(&answer, &variables, None);
                if assertion.prepare(&variables).is_ok() {
                    let run = assertion.judge(&subject);
                    prop_assert!((0.0..=1.0).contains(&run.score) && !run.reason.is_empty());
                }
                prop_assert!(assertion.label.chars().count() <= 80);
            }
        }
    }

    #[test]
    fn no_answer_makes_judging_panic(text in prop_oneof!["(?s).{0,200}", "[\\[\\]{}\",:0-9a İßς\u{301}]{0,200}"], cost in any::<f64>()) {
        let (variables, answer) = (variables(), answer(&text));
        for kind in kinds() {
            for negated in [false, true] {
                let assertion = Assertion { negated, ..parse(kind.example).unwrap() };
                let run = assertion.judge(&Subject::new(&answer, &variables, Some(cost)));
                prop_assert!((0.0..=1.0).contains(&run.score), "{}: {}", kind.name, run.score);
                prop_assert!(run.reason.chars().count() < 700, "{}", run.reason);
            }
        }
    }
}

#[test]
fn empty_and_huge_answers_are_judged() {
    let huge =
        ["[".repeat(1 << 20), "İß\u{301}a ".repeat(200_000), "\"".repeat(1 << 20), "{\"age\": ".repeat(1 << 17), "\n".repeat(1 << 20)];
    for kind in kinds() {
        for text in huge.iter().map(String::as_str).chain([""]) {
            let run = judge(kind.example, text);
            assert!(run.reason.chars().count() < 700, "{}: {}", kind.name, run.reason);
        }
    }
}
