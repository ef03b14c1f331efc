//! A program as provider: the request as JSON on its standard input, the answer on its standard output.

use std::{
    collections::BTreeMap,
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::Value;

use super::fault;
use crate::{
    adapters::{
        http::MAX_BODY,
        program::{Output, environment, start},
        secret::{Scrubber, Secret, names_a_secret},
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
    executable: String,
    arguments: Vec<String>,
    environment: BTreeMap<String, String>,
    scrubber: Arc<Scrubber>,
}

impl Program {
    /// Takes what the program needs from the environment. Variables of `pass_env` that are not set stay unset; those
    /// whose name speaks of a key, token or password are taken for secrets.
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
        let Some((program, arguments)) = argv.split_first().filter(|(program, _)| !program.is_empty()) else {
            return Err(ConnectError {
                message: format!("provider \"{provider}\": `command` names no program"),
                help: Some("write it as a list: [program, argument, …]".into()),
            });
        };
        let mut environment = environment(lookup, pass_env);
        environment.extend(env.iter().map(|(name, value)| (name.clone(), value.clone())));
        for (_, value) in environment.iter().filter(|(name, _)| names_a_secret(name)) {
            scrubber.register(&Secret::new(value.as_str()));
        }
        Ok(Self { provider: provider.to_owned(), executable: program.clone(), arguments: arguments.to_vec(), environment, scrubber })
    }

    fn fault(&self, kind: FaultKind, what: &str) -> ProviderFault {
        let message = format!("provider \"{}\": program `{}`: {what}", self.provider, fault::plain(&self.executable));
        ProviderFault::new(kind, self.scrubber.scrub(&message))
    }

    async fn ask(&self, request: &Request) -> Result<Answer, ProviderFault> {
        let input = request.to_json().to_string();
        let mut child =
            start(&self.executable, &self.arguments, &self.environment).map_err(|what| self.fault(FaultKind::Rejected, &what))?;
        let started = Instant::now();
        let mut output = Output::default();
        let ended = output.exchange(&mut child, input.as_bytes()).await;
        let status = ended.map_err(|error| self.fault(FaultKind::Unreachable, &format!("its output cannot be read: {error}")))?;
        let Some(status) = status else {
            return Err(self.fault(FaultKind::Malformed, &format!("it wrote more than {} MiB; lower its output", MAX_BODY / 1024 / 1024)));
        };
        let latency = output.last.map_or_else(|| started.elapsed(), |last| last.duration_since(started));
        if !status.success() {
            let words = fault::plain(&String::from_utf8_lossy(&output.stderr));
            let said = if words.is_empty() { "it wrote nothing to standard error".to_owned() } else { words };
            return Err(self.fault(FaultKind::Rejected, &format!("{status}: {said}")));
        }
        let parsed = parse(&output.stdout).map_err(|what| self.fault(FaultKind::Malformed, &what))?;
        let Reply { text, usage, finish_reason, model } = parsed.0;
        Ok(Answer { text, finish_reason, model, usage, latency, time_to_first_token: None, origin: Origin::Live, raw: parsed.1 })
    }
}

#[async_trait]
impl Provider for Program {
    async fn answer(&self, request: &Request, limit: Duration) -> Result<Answer, ProviderFault> {
        tokio::time::timeout(limit, self.ask(request)).await.unwrap_or_else(|_elapsed| {
            let what = format!("no complete answer within the time limit of {}; it was ended with its children", duration::human(limit));
            Err(self.fault(FaultKind::Timeout, &what))
        })
    }
}

impl fmt::Debug for Program {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Program").field("provider", &self.provider).field("program", &self.executable).finish_non_exhaustive()
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
