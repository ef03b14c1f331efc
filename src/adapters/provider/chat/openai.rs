//! OpenAI's chat completions, as many servers speak them.

use serde_json::{Map, Value, json};

use super::{super::fault, Assembler, Dialect, Reply, Step, Trouble, count, sse::Event, text_field};
use crate::domain::{
    answer::Usage,
    provider::{FaultKind, Request},
};

/// The dialect.
#[derive(Debug)]
pub(in super::super) struct OpenAi;

impl Dialect for OpenAi {
    fn body(&self, request: &Request, stream: bool) -> Value {
        let mut body = Map::from_iter([("model".to_owned(), json!(request.model)), ("messages".to_owned(), json!(request.messages))]);
        for (name, value) in &request.parameters {
            if !matches!(name.as_str(), "model" | "messages" | "stream" | "stream_options") {
                body.insert(name.clone(), value.clone());
            }
        }
        if stream {
            let mut options = request.parameters.get("stream_options").and_then(Value::as_object).cloned().unwrap_or_default();
            options.insert("include_usage".to_owned(), json!(true));
            body.insert("stream".to_owned(), json!(true));
            body.insert("stream_options".to_owned(), Value::Object(options));
        }
        Value::Object(body)
    }

    fn read(&self, answer: Value) -> Result<Reply, Trouble> {
        if let Some(error) = answer.get("error").filter(|error| !error.is_null()) {
            return Err(Trouble::malformed(format!("an error in place of an answer: {}", fault::error_words(error))));
        }
        let Some(choices) = answer.get("choices").and_then(Value::as_array) else {
            return Err(Trouble::malformed("JSON without `choices`"));
        };
        let Some(choice) = choices.first() else {
            return Err(Trouble::malformed("`choices` is empty"));
        };
        failed(choice)?;
        let Some(message) = choice.get("message").and_then(Value::as_object) else {
            return Err(Trouble::malformed("`choices[0]` has no `message`"));
        };
        if !SAID.iter().any(|key| message.contains_key(*key)) {
            return Err(Trouble::malformed("`choices[0].message` has no `content`"));
        }
        let text = text_of(message.get("content"))?.or_else(|| Some(message.get("refusal")?.as_str()?.to_owned())).unwrap_or_default();
        Ok(Reply {
            text,
            finish_reason: text_field(choice, "finish_reason"),
            model: text_field(&answer, "model"),
            usage: usage_of(answer.get("usage")),
            raw: answer,
        })
    }

    fn assembler(&self) -> Box<dyn Assembler> {
        Box::new(Stream::default())
    }
}

/// The keys of a message of which a whole answer has at least one.
const SAID: [&str; 4] = ["content", "tool_calls", "function_call", "refusal"];

/// Whether a choice says that the server failed behind a status of success.
fn failed(choice: &Value) -> Result<(), Trouble> {
    if let Some(error) = choice.get("error").filter(|error| !error.is_null()) {
        let kind = fault::kind_of_code(error).unwrap_or(FaultKind::Malformed);
        return Err(Trouble { kind, what: format!("an error in place of an answer: {}", fault::error_words(error)) });
    }
    if choice.get("finish_reason").and_then(Value::as_str) == Some("error") {
        return Err(Trouble::malformed("the answer was broken off by an error (`finish_reason` is `error`)"));
    }
    Ok(())
}

fn usage_of(usage: Option<&Value>) -> Usage {
    Usage { input_tokens: count(usage, "prompt_tokens"), output_tokens: count(usage, "completion_tokens"), estimated: false }
}

/// The text of a message's content: a text, a list of parts, or nothing.
fn text_of(content: Option<&Value>) -> Result<Option<String>, Trouble> {
    match content {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(Value::Array(parts)) => {
            Ok(Some(parts.iter().filter_map(|part| part.as_str().or_else(|| part.get("text")?.as_str())).collect()))
        }
        Some(Value::Bool(_) | Value::Number(_) | Value::Object(_)) => {
            Err(Trouble::malformed("`content` is neither text nor a list of parts"))
        }
    }
}

/// The error that an event is: `error` beside or in place of the choices, or the event itself by its name or its kind.
fn error_in<'e>(name: &str, event: &'e Value) -> Option<&'e Value> {
    if let Some(error) = event.get("error").filter(|error| !error.is_null()) {
        return Some(error);
    }
    let is_error = |key: &str| event.get(key).and_then(Value::as_str) == Some("error");
    (name == "error" || (event.get("choices").is_none() && (is_error("object") || is_error("type")))).then_some(event)
}

/// A streamed answer so far.
#[derive(Debug, Default)]
struct Stream {
    /// The fields beside `choices`, the last one said wins.
    fields: Map<String, Value>,
    /// `{index, message, finish_reason}`, one for each index that occurred.
    choices: Vec<Value>,
    ended: bool,
}

impl Assembler for Stream {
    fn take(&mut self, event: &Event) -> Result<Step, Trouble> {
        if event.data.trim_ascii() == b"[DONE]" {
            self.ended = true;
            return Ok(Step::End);
        }
        let chunk: Value =
            serde_json::from_slice(&event.data).map_err(|error| Trouble::malformed(format!("an event that is no JSON ({error})")))?;
        if let Some(error) = error_in(&event.name, &chunk) {
            let kind = fault::kind_of_code(error).unwrap_or(FaultKind::Malformed);
            return Err(Trouble { kind, what: format!("an error amid the stream: {}", fault::error_words(error)) });
        }
        let Value::Object(chunk) = chunk else {
            return Err(Trouble::malformed("an event that is no JSON object"));
        };
        let mut step = Step::Quiet;
        for (name, value) in chunk {
            match (name.as_str(), value) {
                ("choices", Value::Array(choices)) => {
                    for choice in &choices {
                        failed(choice)?;
                        if self.add(choice)? {
                            step = Step::Text;
                        }
                    }
                }
                ("object", _) | (_, Value::Null) => {}
                (_, value) => {
                    self.fields.insert(name, value);
                }
            }
        }
        Ok(step)
    }

    fn reply(self: Box<Self>) -> Option<Reply> {
        let Self { mut fields, mut choices, ended } = *self;
        choices.sort_by_key(|choice| choice.get("index").and_then(Value::as_u64));
        let first = choices.first()?;
        let finish_reason = text_field(first, "finish_reason");
        if !ended && finish_reason.is_none() {
            return None;
        }
        let message = first.get("message")?;
        let text = text_field(message, "content").or_else(|| text_field(message, "refusal")).unwrap_or_default();
        let called = ["tool_calls", "function_call"].iter().any(|key| message.get(key).is_some());
        if finish_reason.is_none() && text.is_empty() && !called {
            return None;
        }
        let usage = usage_of(fields.get("usage"));
        let model = fields.get("model").and_then(Value::as_str).map(ToOwned::to_owned);
        let told_usage = fields.shift_remove("usage");
        fields.insert("object".to_owned(), json!("chat.completion"));
        fields.insert("choices".to_owned(), Value::Array(choices));
        fields.extend(told_usage.map(|usage| ("usage".to_owned(), usage)));
        Some(Reply { text, finish_reason, model, usage, raw: Value::Object(fields) })
    }
}

impl Stream {
    /// Adds one piece; says whether it brought text of the first choice.
    fn add(&mut self, piece: &Value) -> Result<bool, Trouble> {
        let index = piece.get("index").and_then(Value::as_u64).unwrap_or_default();
        let position = recent(&self.choices, index).unwrap_or_else(|| {
            self.choices.push(json!({"index": index, "message": {}, "finish_reason": null}));
            self.choices.len() - 1
        });
        let Some(Value::Object(choice)) = self.choices.get_mut(position) else { return Ok(false) };
        let mut text = None;
        for (name, value) in piece.as_object().into_iter().flatten() {
            match (name.as_str(), value) {
                ("index", _) | (_, Value::Null) => {}
                ("delta", Value::Object(delta)) => {
                    let Some(Value::Object(message)) = choice.get_mut("message") else { continue };
                    let mut delta = delta.clone();
                    text = text_of(delta.get("content"))?;
                    if let (Some(text), Some(content)) = (&text, delta.get_mut("content")) {
                        *content = json!(text);
                    }
                    merge(message, delta);
                }
                ("logprobs", logprobs) => merge(choice, Map::from_iter([(name.clone(), logprobs.clone())])),
                _ => {
                    choice.insert(name.clone(), value.clone());
                }
            }
        }
        Ok(index == 0 && text.is_some_and(|text| !text.is_empty()))
    }
}

/// Lays a piece over what is there: texts are continued, objects merged, list items with an `index` continued, other
/// list items appended. Names and ids are not continued: servers that repeat them mean the same one.
fn merge(into: &mut Map<String, Value>, piece: Map<String, Value>) {
    for (name, value) in piece {
        match (into.get_mut(&name), value) {
            (_, Value::Null) => {}
            (Some(Value::String(text)), Value::String(more)) if !matches!(name.as_str(), "id" | "type" | "role" | "name") => {
                text.push_str(&more);
            }
            (Some(Value::Object(object)), Value::Object(more)) => merge(object, more),
            (Some(Value::Array(items)), Value::Array(more)) => more.into_iter().for_each(|item| merge_item(items, item)),
            (None, Value::Array(more)) => {
                let mut items = Vec::new();
                for item in more {
                    merge_item(&mut items, item);
                }
                into.insert(name, Value::Array(items));
            }
            (_, value) => {
                into.insert(name, value);
            }
        }
    }
}

/// The position of the item with this `index` among the last 128: pieces continue what was begun lately, and a hostile
/// stream of ever new indexes must not cost a longer search each time.
fn recent(items: &[Value], index: u64) -> Option<usize> {
    let first = items.len().saturating_sub(128);
    let same = |item: &Value| item.get("index").and_then(Value::as_u64) == Some(index);
    items.get(first..)?.iter().rposition(same).map(|position| first + position)
}

fn merge_item(items: &mut Vec<Value>, item: Value) {
    let index = item.get("index").and_then(Value::as_u64);
    let same = index.and_then(|index| recent(items, index));
    match (same.and_then(|position| items.get_mut(position)), item) {
        (Some(Value::Object(known)), Value::Object(more)) => merge(known, more),
        (_, item) => items.push(item),
    }
}
