use serde_json::{Value, json};

use super::refusal::{PHRASES, found};
use crate::domain::{
    answer::Answer,
    prompt::{Message, Role},
    provider::{Request, Task},
    suite::assertion::{
        Subject,
        tests::{answer, parse, problems, reason, variables},
    },
};

fn judged(yaml: &str, answer: &Answer, request: Option<&Request>) -> (bool, bool, String) {
    let variables = variables();
    let subject = Subject { request, ..Subject::new(answer, &variables, None) };
    let run = |yaml: &str| parse(yaml).unwrap().judge(&subject);
    let plain = run(yaml);
    let negated = yaml.strip_prefix("{type: ").map_or_else(|| format!("not-{yaml}"), |rest| format!("{{type: not-{rest}"));
    (plain.passed, run(&negated).passed, plain.reason)
}

#[test]
fn every_phrase_of_the_catalogue_matches_its_example_and_spares_the_other() {
    for phrase in PHRASES {
        let pattern = regex::Regex::new(phrase.pattern).unwrap();
        assert!(pattern.is_match(&phrase.matches.to_lowercase()), "{}", phrase.id);
        assert!(found(phrase.matches).is_some(), "{}", phrase.id);
        assert_eq!(found(phrase.spares), None, "{}", phrase.id);
    }
}

#[test]
fn refusals_are_seen_through_disguise() {
    for text in [
        "I’m sorry, but I can’t help with that.",
        "I cannot\u{200b} assist with this.",
        "I'm unable to provide medical advice.",
        "I'm sorry, I can't do that.",
        "Unfortunately, I am not able to create that image.",
    ] {
        reason("is-refusal", text, true);
        reason("not-is-refusal", text, false);
    }
    for text in ["Here is how I can help.", "You can't miss it.", "I can't wait to help!", "The court may refuse."] {
        reason("is-refusal", text, false);
    }
    let filtered = Answer { finish_reason: Some("content_filter".to_owned()), ..answer("Well") };
    assert!(judged("is-refusal", &filtered, None).0);
    let silent = Answer { text: String::new(), raw: Value::Null, ..answer("") };
    assert!(judged("is-refusal", &silent, None).0);
}

#[test]
fn reasons_to_stop_are_read_in_every_dialect() {
    for (said, wanted) in [("stop", "stop"), ("end_turn", "stop"), ("max_tokens", "length"), ("tool_use", "tool_calls"), ("odd", "odd")] {
        let answer = Answer { finish_reason: Some(said.to_owned()), ..answer("x") };
        assert!(judged(&format!("finish-reason: {wanted}"), &answer, None).0, "{said}");
        assert!(!judged("finish-reason: content_filter", &answer, None).0, "{said}");
    }
    let unknown = Answer { finish_reason: None, ..answer("x") };
    let (plain, negated, reason) = judged("finish-reason: stop", &unknown, None);
    assert!(!plain && !negated && reason.contains("does not say"), "{reason}");
    assert!(problems("finish-reason: []")[0].contains("empty"));
}

#[test]
fn a_misspelt_reason_to_stop_is_refused() {
    for (written, meant) in [("lenght", "length"), ("tool-calls", "tool_calls"), ("[stop, end_trun]", "end_turn"), ("Stpo", "stop")] {
        let said = problems(&format!("not-finish-reason: {written}"));
        assert!(said.len() == 1 && said[0].contains(&format!("did you mean `{meant}`?")), "{written}: {said:?}");
    }
    for known in ["Stop", "safety", "eos", "model_context_window_exceeded", "pause_turn", "recitation", "odd"] {
        assert!(parse(&format!("not-finish-reason: {known}")).is_ok(), "{known}");
    }
}

#[test]
fn perplexity_needs_log_probabilities() {
    let (passed, _, reason) = judged("{type: perplexity, threshold: 2.8}", &answer("x"), None);
    assert!(passed && reason.contains("2 tokens is 2.718"), "{reason}");
    assert!(!judged("{type: perplexity, threshold: 2.7}", &answer("x"), None).0);
    for content in [json!([]), json!([{"logprob": 0.5}]), json!([{"logprob": "x"}]), json!(null), json!([{"logprob": -1e300}])] {
        let answer = Answer { raw: json!({"choices": [{"logprobs": {"content": content}}]}), ..answer("x") };
        let (plain, negated, reason) = judged("{type: perplexity, threshold: 5}", &answer, None);
        assert!(!plain && !negated && reason.contains("unknown"), "{content}: {reason}");
        for written in [
            "{type: perplexity, threshold: 5}",
            "{type: not-perplexity, threshold: 5}",
            "any-of: [is-json, {type: perplexity, threshold: 5}]",
        ] {
            let (assertion, variables) = (parse(written).unwrap(), variables());
            let lacks = assertion.lacks(&Subject::new(&answer, &variables, None)).unwrap_or_default();
            assert!(lacks.contains("the provider gave no log-probabilities"), "{written}: {lacks}");
        }
    }
    assert!(problems("{type: perplexity, threshold: 0.5}")[0].contains("1 or more"));
}

fn calling(calls: &Value) -> Answer {
    Answer { raw: json!({"choices": [{"message": {"tool_calls": calls}}]}), ..answer("") }
}

fn request() -> Request {
    let tools = json!([{"type": "function", "function": {"name": "weather", "parameters":
        {"type": "object", "required": ["city"], "properties": {"city": {"type": "string"}}, "additionalProperties": false}}}]);
    Request {
        task: Task::Chat,
        model: "m".to_owned(),
        messages: vec![Message { role: Role::User, content: "Weather?".to_owned() }],
        parameters: json!({ "tools": tools }).as_object().cloned().unwrap(),
        repeat: 0,
    }
}

#[test]
fn calls_fit_the_tools_of_the_request() {
    let call = |name: &str, arguments: Value| calling(&json!([{"function": {"name": name, "arguments": arguments}}]));
    let request = request();
    let table = [
        (call("weather", json!("{\"city\": \"Rome\"}")), true, "1 call"),
        (call("weather", json!({"city": "Rome"})), true, "1 call"),
        (call("weather", json!("{\"city\": 1}")), false, "the arguments of `weather`"),
        (call("weather", json!("{\"city\": ")), false, "are not JSON"),
        (call("weather", json!("")), false, "city"),
        (call("rain", json!("{}")), false, "no tool of `weather`"),
        (calling(&json!([])), false, "calls no tool"),
        (
            Answer { raw: json!({"content": [{"type": "tool_use", "name": "weather", "input": {"city": "Rome"}}]}), ..answer("") },
            true,
            "1 call",
        ),
    ];
    for (answer, passes, words) in table {
        let (passed, _, reason) = judged("is-valid-openai-tools-call", &answer, Some(&request));
        assert!(passed == passes && reason.contains(words), "{:?}: {reason}", answer.raw);
    }
    let (plain, negated, reason) = judged("is-valid-openai-tools-call", &answer("x"), None);
    assert!(!plain && !negated && reason.contains("no `tools`"), "{reason}");
}

#[test]
fn a_named_tool_is_called_with_its_arguments() {
    let weather = calling(&json!([
        {"function": {"name": "weather", "arguments": "{\"city\": \"Oslo\"}"}},
        {"function": {"name": "weather", "arguments": "{\"city\": \"Ana\", \"days\": 3}"}},
    ]));
    assert!(judged("tool-call: weather", &weather, None).0);
    assert!(judged("{type: tool-call, value: weather, arguments: {city: \"{{name}}\", days: 3.0}}", &weather, None).0);
    let (passed, negated, reason) = judged("{type: tool-call, value: weather, arguments: {city: Rome}}", &weather, None);
    assert!(!passed && negated && reason.contains("`city` is \"Oslo\", not \"Rome\""), "{reason}");
    assert!(judged("tool-call: rain", &weather, None).2.contains("not `rain`"));
    assert!(judged("tool-call: rain", &calling(&json!(null)), None).2.contains("calls no tool"));
}

#[test]
fn tokens_have_limits() {
    let counted = answer("x");
    for (yaml, passes) in
        [("tokens: 15", true), ("tokens: 14", false), ("{type: tokens, input: 10, output: 5}", true), ("{type: tokens, output: 4}", false)]
    {
        assert_eq!(judged(yaml, &counted, None).0, passes, "{yaml}");
    }
    let silent = Answer { usage: crate::domain::answer::Usage::default(), ..answer("x") };
    let (plain, negated, reason) = judged("tokens: 15", &silent, None);
    assert!(!plain && !negated && reason.contains("unknown"), "{reason}");
    assert!(problems("{type: tokens, value: 1, total: 1}")[0].contains("mean the same"));
    assert!(problems("{type: tokens, input: 1.5}")[0].contains("whole number"));
}
