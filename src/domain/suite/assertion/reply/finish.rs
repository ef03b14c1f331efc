//! Why the model stopped.

use std::sync::Arc;

use serde_json::Value;

use crate::domain::{
    prompt::{TemplateError, Variables},
    suggest::nearest,
    suite::assertion::{
        Check, Judgement, Kind, Parameters, Parsed, Problem, Subject,
        excerpt::code,
        operand::{required, unexpected},
    },
};

pub(super) const KINDS: &[Kind] = &[Kind {
    name: "finish-reason",
    summary: "The model stopped for this reason, or one of these. It fails, negated or not, when the provider gives none.",
    source: "the `finish_reason` of OpenAI's chat completions; Anthropic's `stop_reason` is translated",
    keys: &[("value", "`stop`, `length`, `tool_calls`, `content_filter` or a word of the provider's own; a text or a list")],
    example: "finish-reason: [stop, tool_calls]",
    accepts: "",
    rejects: "",
    parse,
}];

/// The words of providers that are known. Others have their own, so only a near miss of one of these is refused.
const KNOWN: [&str; 10] =
    ["stop", "length", "tool_calls", "content_filter", "function_call", "end_turn", "max_tokens", "stop_sequence", "tool_use", "refusal"];

/// The known word that a reason misspells: no provider would ever say it, and `not-finish-reason` would always hold.
fn misspelt(reason: &str) -> Option<&'static str> {
    let said = reason.to_ascii_lowercase();
    let translated = canonical(&said);
    if KNOWN.contains(&said.as_str()) || KNOWN.contains(&translated.as_str()) {
        return None;
    }
    nearest(&said, KNOWN)
}

/// A reason in OpenAI's words.
pub(super) fn canonical(reason: &str) -> String {
    match reason.to_ascii_lowercase().as_str() {
        "end_turn" | "stop_sequence" | "eos" => "stop".to_owned(),
        "max_tokens" | "model_context_window_exceeded" => "length".to_owned(),
        "tool_use" | "function_call" => "tool_calls".to_owned(),
        "refusal" | "safety" => "content_filter".to_owned(),
        other => other.to_owned(),
    }
}

fn parse(parameters: &Parameters<'_>) -> Parsed {
    let value = required(parameters).map_err(|problem| vec![problem])?;
    let items = match value {
        Value::Array(items) if items.is_empty() => return Err(vec![Problem::new("value", "the list is empty")]),
        Value::Array(items) => items.clone(),
        other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => vec![other.clone()],
    };
    let (mut reasons, mut problems) = (Vec::new(), Vec::new());
    for (index, item) in items.iter().enumerate() {
        match item.as_str().map(str::trim).filter(|text| !text.is_empty()) {
            Some(text) if let Some(meant) = misspelt(text) => {
                let at = if value.is_array() { format!("value[{index}]") } else { "value".to_owned() };
                let problem = Problem::new(at, format!("no model stops with {}", code(text)));
                problems.push(problem.with_help(format!("did you mean `{meant}`?")));
            }
            Some(text) => reasons.push(canonical(text)),
            None => problems.push(unexpected(&format!("value[{index}]"), "a reason such as `stop`", item)),
        }
    }
    if problems.is_empty() { Ok(Arc::new(Finish(reasons))) } else { Err(problems) }
}

#[derive(Debug)]
struct Finish(Vec<String>);

impl Check for Finish {
    fn judge(&self, subject: &Subject<'_>) -> Judgement {
        let wanted = self.0.join(" or ");
        match subject.answer.finish_reason.as_deref().map(canonical) {
            None => Judgement::undecided(format!("the provider does not say why the model stopped, {wanted} required")),
            Some(found) => Judgement::new(self.0.contains(&found), format!("stopped with {}, {wanted} required", code(&found))),
        }
    }

    fn prepare(&self, _variables: &Variables) -> Result<(), TemplateError> {
        Ok(())
    }
}
