//! A program as provider: the request as JSON on its standard input, the answer on its standard output.

use std::{
    collections::BTreeMap,
    fmt,
    io::{self, ErrorKind},
    process::{ExitStatus, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use serde::Deserialize;
use serde_json::Value;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    process::{Child, Command},
};

use super::fault;
use crate::{
    adapters::{
        http::MAX_BODY,
        secret::{Scrubber, Secret, names_a_secret},
    },
    domain::{
        answer::{Answer, Origin, Usage},
        duration,
        provider::{FaultKind, ProviderFault, Request},
    },
    ports::provider::{ConnectError, Provider},
};

/// The end of standard error that is kept, in bytes.
const STDERR_TAIL: usize = 4 * 1024;

/// How long the output may stay open after the program has ended: children it left behind may hold it.
const AFTER_EXIT: Duration = Duration::from_millis(500);

/// Variables every program sees.
const ALWAYS: [&str; 12] = [
    "PATH",
    "HOME",
    "TMPDIR",
    "LANG",
    "LC_ALL",
    "LC_COLLATE",
    "LC_CTYPE",
    "LC_MESSAGES",
    "LC_MONETARY",
    "LC_NUMERIC",
    "LC_TIME",
    "LC_MEASUREMENT",
];

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
        let passed = ALWAYS.into_iter().chain(pass_env.iter().map(String::as_str));
        let mut environment: BTreeMap<String, String> = passed.filter_map(|name| Some((name.to_owned(), lookup(name)?))).collect();
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

    fn start(&self) -> Result<Child, ProviderFault> {
        let mut command = Command::new(&self.executable);
        command.args(&self.arguments).env_clear().envs(&self.environment).process_group(0).kill_on_drop(true);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().map_err(|error| {
            let what = if error.kind() == ErrorKind::NotFound {
                "not found; correct `command`, or add its folder to PATH".to_owned()
            } else if error.kind() == ErrorKind::PermissionDenied {
                "may not be executed; make it executable (chmod +x)".to_owned()
            } else {
                format!("cannot be started: {error}; look at `command`")
            };
            self.fault(FaultKind::Rejected, &what)
        })
    }

    async fn ask(&self, request: &Request) -> Result<Answer, ProviderFault> {
        let input = request.to_json().to_string();
        let mut child = self.start()?;
        let group = Group::of(&child);
        let started = Instant::now();
        let mut output = Output::default();
        let ended = output.exchange(&mut child, input.as_bytes(), group).await;
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

/// What a program has written so far.
#[derive(Debug, Default)]
struct Output {
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    /// When the last piece of standard output came.
    last: Option<Instant>,
}

impl Output {
    /// Feeds and reads the program until it has ended and closed its output. `None` when it wrote too much.
    /// Whatever way this ends, no process of the group is left, unless program and output ended by themselves.
    async fn exchange(&mut self, child: &mut Child, input: &[u8], mut group: Group) -> io::Result<Option<ExitStatus>> {
        let Self { stdout, stderr, last } = self;
        let (stdin, out, err) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let feed = async {
            if let Some(mut stdin) = stdin {
                // A program need not read its input: a closed pipe is no fault.
                let _unread = stdin.write_all(input).await;
            }
        };
        let pipes = async {
            let ((), within, ()) = tokio::join!(feed, read_bounded(out, stdout, last), read_tail(err, stderr));
            within
        };
        tokio::pin!(pipes);
        let (within, status) = tokio::select! {
            within = &mut pipes => {
                let within = within?;
                if !within {
                    return Ok(None);
                }
                (true, child.wait().await?)
            }
            status = child.wait() => {
                let status = status?;
                match tokio::time::timeout(AFTER_EXIT, &mut pipes).await {
                    Ok(within) => (within?, status),
                    // The program is done; what it left behind goes with the group.
                    Err(_elapsed) => return Ok(Some(status)),
                }
            }
        };
        group.ended();
        Ok(within.then_some(status))
    }
}

/// Reads everything, with the time of the last piece. `false` when it is more than 32 MiB.
async fn read_bounded(pipe: Option<impl AsyncRead + Unpin>, into: &mut Vec<u8>, last: &mut Option<Instant>) -> io::Result<bool> {
    let Some(mut pipe) = pipe else { return Ok(true) };
    while pipe.read_buf(into).await? > 0 {
        *last = Some(Instant::now());
        if into.len() > MAX_BODY {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Reads everything and keeps the end of it.
async fn read_tail(pipe: Option<impl AsyncRead + Unpin>, tail: &mut Vec<u8>) {
    let Some(mut pipe) = pipe else { return };
    while let Ok(1..) = pipe.read_buf(tail).await {
        if tail.len() > 2 * STDERR_TAIL {
            tail.drain(..tail.len() - STDERR_TAIL);
        }
    }
}

/// A program and all it started. Dropping it ends them all.
#[derive(Debug)]
struct Group(Option<Pid>);

impl Group {
    fn of(child: &Child) -> Self {
        Self(child.id().and_then(|id| i32::try_from(id).ok()).filter(|id| *id > 1).map(Pid::from_raw))
    }

    /// Nothing is left to be ended.
    fn ended(&mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0.take() {
            // They may all be gone already.
            let _gone = killpg(group, Signal::SIGKILL);
        }
    }
}
