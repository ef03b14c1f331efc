//! A program as provider: the request as JSON on its standard input, the answer on its standard output.

use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::Value;

use crate::{
    adapters::{
        secret::Scrubber,
        subprocess::{self, Trouble},
    },
    domain::{
        answer::{Answer, Origin, Usage},
        duration,
        provider::{FaultKind, ProviderFault, Request},
    },
    ports::provider::{ConnectError, Provider},
};

/// A program, ready to be started for each request.
pub(super) struct Program {
    provider: String,
    subprocess: subprocess::Program,
    scrubber: Arc<Scrubber>,
}

impl Program {
    /// Takes what the program needs from the environment; see [`subprocess::Program::new`].
    ///
    /// # Errors
    /// When `argv` is empty.
    pub(super) fn new(
        provider: &str,
        argv: &[String],
        pass_env: &[String],
        env: &BTreeMap<String, String>,
        lookup: &dyn Fn(&str) -> Option<String>,
        scrubber: Arc<Scrubber>,
    ) -> Result<Self, ConnectError> {
        let program = subprocess::Program::new(argv, pass_env, env, lookup, &scrubber).ok_or_else(|| ConnectError {
            message: format!("provider \"{provider}\": `command` names no program"),
            help: Some("write it as a list: [program, argument, …]".into()),
        })?;
        Ok(Self { provider: provider.to_owned(), subprocess: program, scrubber })
    }

    fn fault(&self, kind: FaultKind, what: &str) -> ProviderFault {
        let message = format!("provider \"{}\": program `{}`: {what}", self.provider, self.subprocess.shown());
        ProviderFault::new(kind, self.scrubber.scrub(&message))
    }

    fn trouble(&self, trouble: &Trouble, limit: Duration) -> ProviderFault {
        match trouble {
            Trouble::NotStarted(_) => self.fault(FaultKind::Rejected, &trouble.words("command")),
            Trouble::Unreadable(_) => self.fault(FaultKind::Unreachable, &trouble.words("command")),
            Trouble::TooMuch => self.fault(FaultKind::Malformed, &trouble.words("command")),
            Trouble::TimedOut => {
                let what =
                    format!("no complete answer within the time limit of {}; it was ended with its children", duration::human(limit));
                self.fault(FaultKind::Timeout, &what)
            }
        }
    }
}

#[async_trait]
impl Provider for Program {
    async fn answer(&self, request: &Request, limit: Duration) -> Result<Answer, ProviderFault> {
        let input = request.to_json().to_string();
        let ended = self.subprocess.run(input.as_bytes(), limit).await.map_err(|trouble| self.trouble(&trouble, limit))?;
        if !ended.status.success() {
            let said = if ended.words.is_empty() { "it wrote nothing to standard error" } else { &ended.words };
            return Err(self.fault(FaultKind::Rejected, &format!("{}: {said}", ended.status)));
        }
        let (reply, raw) = parse(&ended.stdout).map_err(|what| self.fault(FaultKind::Malformed, &what))?;
        let Reply { text, usage, finish_reason, model } = reply;
        Ok(Answer { text, finish_reason, model, usage, latency: ended.latency, time_to_first_token: None, origin: Origin::Live, raw })
    }
}

impl fmt::Debug for Program {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Program").field("provider", &self.provider).field("program", &self.subprocess).finish_non_exhaustive()
    }
}

/// What a program says on standard output as JSON.
#[derive(Debug, Deserialize)]
struct Reply {
    text: String,
    #[serde(default)]
    usage: Usage,
    #[serde(default)]
    finish_reason: Option<String>,
    #[serde(default)]
    model: Option<String>,
}

/// Reads the output: an object with a text `text`, or plain text without its last line end.
fn parse(stdout: &[u8]) -> Result<(Reply, Value), String> {
    let text = std::str::from_utf8(stdout).map_err(|error| format!("its output is not UTF-8 (byte {})", error.valid_up_to()))?;
    if text.trim().is_empty() {
        return Err("it wrote no answer to standard output; for an empty answer write {\"text\": \"\"}".to_owned());
    }
    if let Ok(value) = serde_json::from_str::<Value>(text)
        && value.get("text").is_some_and(Value::is_string)
    {
        let reply = Reply::deserialize(&value).map_err(|error| format!("its answer is JSON with wrong fields: {error}"))?;
        return Ok((reply, value));
    }
    let plain = text.strip_suffix('\n').map_or(text, |text| text.strip_suffix('\r').unwrap_or(text)).to_owned();
    let raw = Value::from(plain.as_str());
    Ok((Reply { text: plain, usage: Usage::default(), finish_reason: None, model: None }, raw))
}
