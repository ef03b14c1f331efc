//! What is asked of a model, where it is asked, and how asking can go wrong.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use thiserror::Error;

use super::{digest, pace::RateLimits, prompt::Message};

/// One question to a model, complete: equal requests have equal answers at temperature 0.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// What the model is to do.
    pub task: Task,
    /// The model's name at the provider.
    pub model: String,
    /// The rendered messages.
    pub messages: Vec<Message>,
    /// Parameters in OpenAI's spelling (`temperature`, `max_tokens`, `response_format`, …).
    pub parameters: Map<String, Value>,
    /// Which repeat of the case this is, from 0: repeats are separate samples and separate recordings.
    pub repeat: u32,
}

/// What a model is asked to do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Task {
    /// Answer the messages.
    #[default]
    Chat,
    /// Give an embedding of each message's text; the answer's `raw` has them.
    Embeddings,
}

impl Task {
    /// Whether it is [`Task::Chat`], which recordings do not mention.
    pub fn is_chat(&self) -> bool {
        matches!(self, Self::Chat)
    }
}

impl Request {
    /// The request as JSON, the way a cassette shows it.
    pub fn to_json(&self) -> Value {
        let mut shown = json!({"model": self.model, "messages": self.messages, "parameters": self.parameters, "repeat": self.repeat});
        if let (Task::Embeddings, Some(shown)) = (self.task, shown.as_object_mut()) {
            shown.insert("task".to_owned(), json!(self.task));
        }
        shown
    }

    /// The identity of the whole request: SHA-256 of its canonical JSON.
    pub fn key(&self) -> String {
        digest::of_json(&self.to_json())
    }
}

/// How a provider is reached, checked and complete.
#[derive(Debug, Clone, PartialEq)]
pub struct ProviderSettings {
    /// The name under `providers:`.
    pub name: String,
    /// The way of asking and what it needs.
    pub kind: ProviderKind,
    /// The model asked for where neither suite nor prompt names one.
    pub model: Option<String>,
    /// Parameters laid under the prompt's own.
    pub parameters: Map<String, Value>,
    /// What the tokens cost, where the user says.
    pub prices: Option<Prices>,
    /// How often it may be asked.
    pub limits: RateLimits,
}

/// The ways of asking.
#[derive(Debug, Clone, PartialEq)]
pub enum ProviderKind {
    /// Any server that speaks OpenAI's chat completions.
    OpenAi(HttpSettings),
    /// Anthropic's messages.
    Anthropic(HttpSettings),
    /// A program: the request as JSON on its standard input, the answer on its standard output. No shell.
    Command {
        /// Program and arguments.
        argv: Vec<String>,
        /// Environment variables it may see beside `PATH`, `HOME` and the locale: name → name of the variable here.
        pass_env: Vec<String>,
        /// Variables set to a fixed text.
        env: BTreeMap<String, String>,
    },
    /// Says the last user message back.
    Echo,
    /// Recorded answers.
    Cassette {
        /// The recording, relative to the configuration file.
        path: PathBuf,
        /// The provider it was recorded from, asked again by `--record`.
        of: Option<String>,
    },
}

impl ProviderKind {
    /// The word used in `kind:`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::OpenAi(_) => "openai",
            Self::Anthropic(_) => "anthropic",
            Self::Command { .. } => "command",
            Self::Echo => "echo",
            Self::Cassette { .. } => "cassette",
        }
    }
}

/// What an HTTP provider needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpSettings {
    /// The address before `/chat/completions` or `/messages`, without a slash at the end.
    pub base_url: String,
    /// The environment variable that holds the key; `None` for servers without one.
    pub api_key_env: Option<String>,
    /// Extra headers with fixed texts.
    pub headers: BTreeMap<String, String>,
    /// Whether answers are streamed, which makes the time to the first token known.
    pub stream: bool,
}

/// Money per token, in US dollars per million tokens.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Prices {
    /// Dollars for a million tokens of the request.
    pub input_per_million: f64,
    /// Dollars for a million tokens of the answer.
    pub output_per_million: f64,
}

impl Prices {
    /// Whether tokens cost nothing, however many there are.
    pub fn are_nothing(&self) -> bool {
        self.input_per_million.abs() + self.output_per_million.abs() <= 0.0
    }

    /// Dollars for so many tokens; `None` when the provider did not count them.
    pub fn cost_usd(&self, usage: super::answer::Usage) -> Option<f64> {
        let (input, output) = (usage.input_tokens?, usage.output_tokens?);
        #[expect(clippy::cast_precision_loss, reason = "token counts stay far below 2^53")]
        Some((input as f64 * self.input_per_million + output as f64 * self.output_per_million) / 1e6)
    }
}

/// Why a provider gave no answer. An outage is not a regression: these never count as failed assertions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultKind {
    /// No connection, a cut one, or a server error (5xx).
    Unreachable,
    /// No answer within the time limit.
    Timeout,
    /// 429: asked too often.
    RateLimited,
    /// 401 or 403: the key is missing, wrong or not allowed to do this. Or 429 because its quota is used up.
    Denied,
    /// Another 4xx: the server understood us and will not do it (unknown model, context too long, …).
    Rejected,
    /// An answer that is none: HTML, broken JSON, no choices.
    Malformed,
    /// A cassette without a recording of this request.
    NotRecorded,
}

impl FaultKind {
    /// The word shown to people and written to JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::Timeout => "timeout",
            Self::RateLimited => "rate-limited",
            Self::Denied => "denied",
            Self::Rejected => "rejected",
            Self::Malformed => "malformed",
            Self::NotRecorded => "not-recorded",
        }
    }

    /// Whether asking again can help.
    pub fn is_transient(self) -> bool {
        match self {
            Self::Unreachable | Self::Timeout | Self::RateLimited | Self::Malformed => true,
            Self::Denied | Self::Rejected | Self::NotRecorded => false,
        }
    }
}

/// A provider's failure to answer.
#[derive(Debug, Clone, PartialEq, Eq, Error, Serialize, Deserialize)]
#[error("{message}")]
pub struct ProviderFault {
    /// The kind, which decides about retries and the exit code.
    pub kind: FaultKind,
    /// What happened, naming the provider and the next step. Bounded and free of secrets.
    pub message: String,
    /// The HTTP status, where there was one.
    pub status: Option<u16>,
    /// How long the server asked us to wait (`Retry-After`).
    pub retry_after: Option<Duration>,
}

impl ProviderFault {
    /// A fault without status or waiting time.
    pub fn new(kind: FaultKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), status: None, retry_after: None }
    }
}
