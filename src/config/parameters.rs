//! Model parameters: known by OpenAI's names or their camel-case forms, checked, and handed on by the former.
//! What only one server knows stands under `extra` and is passed through unchanged.

use serde_json::{Map, Value};

use super::{check::mistyped, path::Path, problems::Finding, suggest};

/// What a parameter takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Takes {
    Number(f64, f64),
    Whole(i64),
    Flag,
    Text,
    Texts,
    Map,
    List,
    Anything,
}

/// The parameters we know, in OpenAI's spelling.
pub(super) const KNOWN: &[(&str, Takes)] = &[
    ("temperature", Takes::Number(0.0, 2.0)),
    ("max_tokens", Takes::Whole(1)),
    ("max_completion_tokens", Takes::Whole(1)),
    ("top_p", Takes::Number(0.0, 1.0)),
    ("top_k", Takes::Whole(0)),
    ("min_p", Takes::Number(0.0, 1.0)),
    ("seed", Takes::Whole(i64::MIN)),
    ("stop", Takes::Texts),
    ("presence_penalty", Takes::Number(-2.0, 2.0)),
    ("frequency_penalty", Takes::Number(-2.0, 2.0)),
    ("logprobs", Takes::Flag),
    ("top_logprobs", Takes::Whole(0)),
    ("logit_bias", Takes::Map),
    ("response_format", Takes::Map),
    ("reasoning_effort", Takes::Text),
    ("verbosity", Takes::Text),
    ("tools", Takes::List),
    ("tool_choice", Takes::Anything),
    ("parallel_tool_calls", Takes::Flag),
];

/// What is said elsewhere, and where.
const ELSEWHERE: &[(&str, &str)] = &[
    ("model", "write `model` beside the parameters"),
    ("messages", "messages belong to the prompt"),
    ("stream", "write `stream: true` at the provider"),
    ("n", "write `repeat` at the suite"),
];

/// Reads parameters; what is wrong is reported and left out.
pub(super) fn read(written: &Map<String, Value>, path: &Path, findings: &mut Vec<Finding>) -> Map<String, Value> {
    let mut parameters = Map::new();
    for (key, value) in written {
        let path = path.key(key.as_str());
        if key == "extra" {
            extra(value, &path, &mut parameters, findings);
        } else if let Some((name, takes)) = known(key) {
            if let Some(finding) = wrong(*takes, value, &path) {
                findings.push(finding);
            } else {
                add(&mut parameters, name, value, &path, findings);
            }
        } else {
            findings.push(unknown(key, path));
        }
    }
    parameters
}

fn known(key: &str) -> Option<&'static (&'static str, Takes)> {
    KNOWN.iter().find(|(name, _)| *name == key || camel(name) == key)
}

fn unknown(key: &str, path: Path) -> Finding {
    if let Some(finding) = elsewhere(key, &path) {
        return finding;
    }
    let shown = suggest::shorten(key);
    let help = suggest::nearest(key, KNOWN.iter().map(|(name, _)| *name)).map_or_else(
        || format!("put what only your server knows under `extra: {{{shown}: …}}`"),
        |meant| format!("did you mean `{meant}`? put what only your server knows under `extra`"),
    );
    Finding::error(path, format!("unknown parameter `{shown}`")).at_key().help(help)
}

fn elsewhere(key: &str, path: &Path) -> Option<Finding> {
    let (name, help) = ELSEWHERE.iter().find(|(name, _)| *name == key)?;
    Some(Finding::error(path.clone(), format!("`{name}` is no parameter here")).at_key().help((*help).to_owned()))
}

fn extra(value: &Value, path: &Path, parameters: &mut Map<String, Value>, findings: &mut Vec<Finding>) {
    let Some(extra) = value.as_object() else {
        findings.push(mistyped(path, "expected a map", false, value));
        return;
    };
    for (key, value) in extra {
        let path = path.key(key.as_str());
        match elsewhere(key, &path) {
            Some(finding) => findings.push(finding),
            None => add(parameters, key, value, &path, findings),
        }
    }
}

fn add(parameters: &mut Map<String, Value>, name: &str, value: &Value, path: &Path, findings: &mut Vec<Finding>) {
    if parameters.insert(name.to_owned(), value.clone()).is_some() {
        let message = format!("`{}` is given twice, in two spellings", suggest::shorten(name));
        findings.push(Finding::error(path.clone(), message).at_key().help("keep one of them".to_owned()));
    }
}

fn wrong(takes: Takes, value: &Value, path: &Path) -> Option<Finding> {
    let expected = match takes {
        Takes::Number(least, most) => match value.as_f64() {
            Some(number) if (least..=most).contains(&number) => return None,
            Some(number) => return Some(Finding::error(path.clone(), format!("must be from {least} to {most}, found {number}"))),
            None => "expected a number",
        },
        Takes::Whole(least) => match whole(value) {
            Some(number) if number >= least => return None,
            Some(number) => return Some(Finding::error(path.clone(), format!("must be at least {least}, found {number}"))),
            None => "expected a whole number",
        },
        Takes::Texts if value.as_array().is_some_and(|list| !list.is_empty() && list.iter().all(Value::is_string)) => return None,
        Takes::Text | Takes::Texts if value.is_string() => return None,
        Takes::Flag if value.is_boolean() => return None,
        Takes::Map if value.is_object() => return None,
        Takes::List if value.is_array() => return None,
        Takes::Anything if !value.is_null() => return None,
        Takes::Flag => "expected true or false",
        Takes::Text => "expected a string",
        Takes::Texts => "expected a string or a list of strings",
        Takes::Map => "expected a map",
        Takes::List => "expected a list",
        Takes::Anything => "expected a value",
    };
    Some(mistyped(path, expected, matches!(takes, Takes::Text | Takes::Texts), value))
}

fn whole(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_u64().map(|number| i64::try_from(number).unwrap_or(i64::MAX)))
}

/// `max_tokens` → `maxTokens`.
pub(super) fn camel(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |mut text, word| {
        let mut rest = word.chars();
        text.extend(rest.next().map(|c| c.to_ascii_uppercase()));
        text.push_str(rest.as_str());
        text
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parse(written: &Value) -> (Value, Vec<Finding>) {
        let mut findings = Vec::new();
        let read = read(written.as_object().unwrap(), &Path::root(), &mut findings);
        (Value::Object(read), findings)
    }

    #[test]
    fn both_spellings_become_one() {
        let written = json!({"temperature": 0, "maxTokens": 12, "top_p": 0.5, "maxCompletionTokens": 9, "stop": ["a"], "extra": {"cache_prompt": true}});
        let expected =
            json!({"temperature": 0, "max_tokens": 12, "top_p": 0.5, "max_completion_tokens": 9, "stop": ["a"], "cache_prompt": true});
        assert_eq!(parse(&written), (expected, vec![]));
    }

    #[test]
    fn what_is_wrong_is_said_and_left_out() {
        for written in [
            json!({"temprature": 0}),
            json!({"temperature": 3}),
            json!({"temperature": "0"}),
            json!({"max_tokens": 0}),
            json!({"max_tokens": 1.5}),
            json!({"stop": [1]}),
            json!({"model": "x"}),
            json!({"extra": {"messages": []}}),
            json!({"extra": 1}),
            json!({"logprobs": 1, "temperature": 1}),
            json!({"max_tokens": 1, "maxTokens": 1}),
        ] {
            let (_, findings) = parse(&written);
            assert_eq!(findings.len(), 1, "{written}: {findings:?}");
        }
    }
}
