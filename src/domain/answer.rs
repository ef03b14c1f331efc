//! One model answer, as every provider must return it.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a model said, with the numbers that were measured while it said it.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The text of the answer; empty when the model returned none.
    pub text: String,
    /// Why the model stopped (`stop`, `length`, `tool_calls`, …), as the provider spells it.
    pub finish_reason: Option<String>,
    /// The model that answered, as it names itself; may differ from the one that was asked for.
    pub model: Option<String>,
    /// Tokens, where the provider says.
    pub usage: Usage,
    /// From the first byte sent to the last byte read: never the wait for a free slot, never a retry's pause.
    pub latency: Duration,
    /// From the first byte sent to the first piece of text; known only for streamed answers.
    pub time_to_first_token: Option<Duration>,
    /// Whether the numbers above were measured now or come from an earlier run.
    pub origin: Origin,
    /// The provider's whole response, so that a cassette loses nothing.
    pub raw: Value,
}

/// A tool that the model wants to be called.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolCall {
    /// The tool.
    pub name: String,
    /// Its arguments: JSON, or the text that should be JSON.
    pub arguments: Value,
}

impl Answer {
    /// The tools that the model wants to be called, in order, from the provider's response: `tool_calls` and
    /// `function_call` of chat completions, `tool_use` of messages.
    pub fn tool_calls(&self) -> Vec<ToolCall> {
        let call = |name: Option<&Value>, arguments: Option<&Value>| {
            Some(ToolCall { name: name?.as_str()?.to_owned(), arguments: arguments.cloned().unwrap_or(Value::Null) })
        };
        let list = |value: Option<&Value>| value.and_then(Value::as_array).cloned().unwrap_or_default();
        let message = self.raw.pointer("/choices/0/message");
        let calls = list(message.and_then(|message| message.get("tool_calls")));
        let calls = calls.iter().filter_map(|item| item.get("function")).chain(message.and_then(|message| message.get("function_call")));
        let blocks = list(self.raw.get("content"));
        let blocks = blocks.iter().filter(|block| block.get("type").and_then(Value::as_str) == Some("tool_use"));
        calls
            .filter_map(|function| call(function.get("name"), function.get("arguments")))
            .chain(blocks.filter_map(|block| call(block.get("name"), block.get("input"))))
            .collect()
    }

    /// Everything that it says: its text, then each tool's name and arguments.
    pub fn said(&self) -> String {
        let mut said = self.text.clone();
        for call in self.tool_calls() {
            said.push('\n');
            said.push_str(&call.name);
            said.push('\n');
            said.push_str(&call.arguments.as_str().map_or_else(|| call.arguments.to_string(), str::to_owned));
        }
        said
    }

    /// The natural logarithms of the probabilities of the answer's tokens, in order, where the provider gives them.
    /// Empty when one of them is no logarithm of a probability.
    pub fn logprobs(&self) -> Vec<f64> {
        let tokens = self.raw.pointer("/choices/0/logprobs/content").and_then(Value::as_array);
        let tokens: Option<Vec<f64>> =
            tokens.map(Vec::as_slice).unwrap_or_default().iter().map(|token| token.get("logprob")?.as_f64()).collect();
        tokens.filter(|tokens| tokens.iter().all(|logprob| *logprob <= 1e-6)).unwrap_or_default()
    }
}

/// Tokens of one answer, as the provider counted them, or guessed where it is silent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens of the request.
    pub input_tokens: Option<u64>,
    /// Tokens of the answer.
    pub output_tokens: Option<u64>,
    /// Whether one of the numbers is a guess, since the provider did not count: no limit is held by it unsaid, and no comparison.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub estimated: bool,
}

impl Usage {
    /// Both together: what neither knows stays unknown, and a guess makes the sum one.
    #[must_use]
    pub fn plus(self, more: Self) -> Self {
        let add = |sum: Option<u64>, more: Option<u64>| match (sum, more) {
            (None, None) => None,
            (sum, more) => Some(sum.unwrap_or(0).saturating_add(more.unwrap_or(0))),
        };
        Self {
            input_tokens: add(self.input_tokens, more.input_tokens),
            output_tokens: add(self.output_tokens, more.output_tokens),
            estimated: self.estimated || more.estimated,
        }
    }

    /// With guesses for what the provider did not count.
    #[must_use]
    pub fn or_estimated(self, input_tokens: u64, output_tokens: u64) -> Self {
        Self {
            estimated: self.estimated || self.input_tokens.is_none() || self.output_tokens.is_none(),
            input_tokens: self.input_tokens.or(Some(input_tokens)),
            output_tokens: self.output_tokens.or(Some(output_tokens)),
        }
    }

    /// The same, or nothing where it is a guess.
    #[must_use]
    pub fn counted(self) -> Self {
        if self.estimated { Self::default() } else { self }
    }
}

/// Where an answer's measurements come from. Only `Live` answers are new samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// Asked for in this run.
    Live,
    /// Taken from the answer cache; keeps the latency it had when it was live.
    Cached,
    /// Taken from a cassette; keeps the latency it had when it was recorded.
    Recorded,
}

impl Origin {
    /// Whether the answer is a repetition of an earlier one, which no statistic may take for a new sample.
    pub fn is_replayed(self) -> bool {
        match self {
            Self::Live => false,
            Self::Cached | Self::Recorded => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_said_to_tools_is_said() {
        let call = json!({"function": {"name": "send", "arguments": "{\"key\":\"k-1\"}"}});
        let raw = json!({"choices": [{"message": {"content": null, "tool_calls": [call]}}]});
        let answer = Answer {
            text: "Hi".to_owned(),
            finish_reason: None,
            model: None,
            usage: Usage::default(),
            latency: Duration::ZERO,
            time_to_first_token: None,
            origin: Origin::Live,
            raw,
        };
        assert_eq!(answer.said(), "Hi\nsend\n{\"key\":\"k-1\"}");
    }
}
