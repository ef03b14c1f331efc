//! Anthropic's messages.

use serde_json::{Map, Value, json};

use super::{super::fault, Assembler, Dialect, Reply, Step, Trouble, count, sse::Event, text_field};
use crate::domain::{
    answer::Usage,
    prompt::Role,
    provider::{FaultKind, Request},
};

/// The version of the interface that is spoken, sent with each request.
pub(in super::super) const VERSION: &str = "2023-06-01";

/// The server wants a limit; this one is sent where the user gives none.
const MAX_TOKENS: u32 = 1024;

/// The dialect.
#[derive(Debug)]
pub(in super::super) struct Anthropic;

impl Dialect for Anthropic {
    fn body(&self, request: &Request, stream: bool) -> Value {
        let (instructions, said): (Vec<_>, Vec<_>) =
            request.messages.iter().partition(|message| matches!(message.role, Role::System | Role::Developer));
        let mut body = Map::from_iter([("model".to_owned(), json!(request.model))]);
        if !instructions.is_empty() {
            let system: Vec<&str> = instructions.iter().map(|message| message.content.as_str()).collect();
            body.insert("system".to_owned(), json!(system.join("\n\n")));
        }
        body.insert("messages".to_owned(), json!(said));
        let given = &request.parameters;
        let max_tokens = given.get("max_tokens").or_else(|| given.get("max_completion_tokens")).filter(|value| !value.is_null());
        body.insert("max_tokens".to_owned(), max_tokens.cloned().unwrap_or_else(|| json!(MAX_TOKENS)));
        for (name, value) in given {
            match (name.as_str(), value) {
                ("model" | "messages" | "system" | "stream" | "stream_options" | "max_tokens" | "max_completion_tokens", _)
                | ("stop", Value::Null) => {}
                ("stop", Value::Array(_)) => drop(body.insert("stop_sequences".to_owned(), value.clone())),
                ("stop", one) => drop(body.insert("stop_sequences".to_owned(), json!([one]))),
                _ => drop(body.insert(name.clone(), value.clone())),
            }
        }
        if stream {
            body.insert("stream".to_owned(), json!(true));
        }
        Value::Object(body)
    }

    fn read(&self, answer: Value) -> Result<Reply, Trouble> {
        if let Some(error) = answer.get("error").filter(|error| !error.is_null()) {
            return Err(Trouble::malformed(format!("an error in place of an answer: {}", fault::error_words(error))));
        }
        if !answer.get("content").is_some_and(Value::is_array) {
            return Err(Trouble::malformed("JSON without a list `content`"));
        }
        Ok(reply_of(answer))
    }

    fn assembler(&self) -> Box<dyn Assembler> {
        Box::new(Stream::default())
    }
}

fn reply_of(answer: Value) -> Reply {
    let blocks = answer.get("content").and_then(Value::as_array);
    let text = blocks.into_iter().flatten().filter(|block| block.get("type").and_then(Value::as_str) == Some("text"));
    let usage = answer.get("usage");
    // Tokens read from or written to the server's prompt cache are counted beside `input_tokens`.
    let cached = ["cache_creation_input_tokens", "cache_read_input_tokens"].map(|key| count(usage, key).unwrap_or_default());
    Reply {
        text: text.filter_map(|block| block.get("text")?.as_str()).collect(),
        finish_reason: text_field(&answer, "stop_reason"),
        model: text_field(&answer, "model"),
        usage: Usage {
            input_tokens: count(usage, "input_tokens").map(|fresh| cached.into_iter().fold(fresh, u64::saturating_add)),
            output_tokens: count(usage, "output_tokens"),
            estimated: false,
        },
        raw: answer,
    }
}

/// A streamed answer so far.
#[derive(Debug, Default)]
struct Stream {
    message: Map<String, Value>,
    /// The content's blocks with the index the server gave them.
    blocks: Vec<(u64, Map<String, Value>)>,
    usage: Map<String, Value>,
    ended: bool,
}

impl Assembler for Stream {
    fn take(&mut self, event: &Event) -> Result<Step, Trouble> {
        let data: Value =
            serde_json::from_slice(&event.data).map_err(|error| Trouble::malformed(format!("an event that is no JSON ({error})")))?;
        let kind = data.get("type").and_then(Value::as_str).unwrap_or(&event.name);
        match kind {
            "message_start" => {
                let mut message = data.get("message").and_then(Value::as_object).cloned().unwrap_or_default();
                self.add_usage(message.shift_remove("usage").as_ref());
                self.message = message;
            }
            "content_block_start" => {
                let block = data.get("content_block").and_then(Value::as_object).cloned().unwrap_or_default();
                let text = block.get("text").and_then(Value::as_str).is_some_and(|text| !text.is_empty());
                self.blocks.push((index_of(&data), block));
                return Ok(if text { Step::Text } else { Step::Quiet });
            }
            "content_block_delta" => return Ok(self.add_delta(&data)),
            "message_delta" => {
                for (name, value) in data.get("delta").and_then(Value::as_object).into_iter().flatten() {
                    self.message.insert(name.clone(), value.clone());
                }
                self.add_usage(data.get("usage"));
            }
            "message_stop" => {
                self.ended = true;
                return Ok(Step::End);
            }
            "error" => return Err(stream_error(data.get("error").unwrap_or(&data))),
            // `ping`, `content_block_stop` and what may come.
            _ => {}
        }
        Ok(Step::Quiet)
    }

    fn reply(self: Box<Self>) -> Option<Reply> {
        let Self { mut message, mut blocks, usage, ended } = *self;
        let stopped = message.get("stop_reason").is_some_and(Value::is_string);
        if message.is_empty() || !(ended || stopped) {
            return None;
        }
        blocks.sort_by_key(|(index, _)| *index);
        message.insert("content".to_owned(), blocks.into_iter().map(|(_, block)| finished(block)).collect());
        message.insert("usage".to_owned(), Value::Object(usage));
        Some(reply_of(Value::Object(message)))
    }
}

impl Stream {
    /// Counts said later replace those said before: they are sums.
    fn add_usage(&mut self, usage: Option<&Value>) {
        for (name, value) in usage.and_then(Value::as_object).into_iter().flatten() {
            if !value.is_null() {
                self.usage.insert(name.clone(), value.clone());
            }
        }
    }

    fn add_delta(&mut self, data: &Value) -> Step {
        let index = index_of(data);
        let Some(delta) = data.get("delta").and_then(Value::as_object) else { return Step::Quiet };
        // Blocks come one after another: the one that is continued is among the last.
        let lately = self.blocks.iter().enumerate().rev().take(128);
        let known = lately.filter(|(_, (known, _))| *known == index).map(|(position, _)| position).next();
        let position = known.unwrap_or_else(|| {
            self.blocks.push((index, Map::from_iter([("type".to_owned(), json!("text"))])));
            self.blocks.len() - 1
        });
        let Some((_, block)) = self.blocks.get_mut(position) else { return Step::Quiet };
        let mut step = Step::Quiet;
        for (name, piece) in delta.iter().filter(|(name, _)| *name != "type") {
            match (block.get_mut(name), piece) {
                (Some(Value::String(text)), Value::String(more)) => text.push_str(more),
                (Some(Value::Array(items)), Value::Array(more)) => items.extend(more.iter().cloned()),
                _ => drop(block.insert(name.clone(), piece.clone())),
            }
            if name == "text" && piece.as_str().is_some_and(|text| !text.is_empty()) {
                step = Step::Text;
            }
        }
        step
    }
}

fn index_of(data: &Value) -> u64 {
    data.get("index").and_then(Value::as_u64).unwrap_or_default()
}

/// A block as an answer that was not streamed would have it: the JSON of a tool's input, read.
fn finished(mut block: Map<String, Value>) -> Value {
    if let Some(Value::String(partial)) = block.shift_remove("partial_json") {
        let input = serde_json::from_str(&partial).unwrap_or(Value::String(partial));
        block.insert("input".to_owned(), input);
    }
    Value::Object(block)
}

fn stream_error(error: &Value) -> Trouble {
    let kind = match error.get("type").and_then(Value::as_str).unwrap_or_default() {
        "overloaded_error" | "api_error" => FaultKind::Unreachable,
        "timeout_error" => FaultKind::Timeout,
        "rate_limit_error" => FaultKind::RateLimited,
        "authentication_error" | "permission_error" => FaultKind::Denied,
        "invalid_request_error" | "not_found_error" | "request_too_large" | "billing_error" => FaultKind::Rejected,
        _ => fault::kind_of_code(error).unwrap_or(FaultKind::Malformed),
    };
    Trouble { kind, what: format!("an error amid the stream: {}", fault::error_words(error)) }
}
