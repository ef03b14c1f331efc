//! Programs of the user's: started without a shell in a process group of their own, with few variables, fed and read
//! within bounds, and ended with all they started.

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
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    process::{Child, Command},
};

use super::http::MAX_BODY;
use crate::{
    domain::{
        duration,
        provider::{FaultKind, ProviderFault},
    },
    ports::program::Programs,
};

/// The end of standard error that is kept, in bytes.
const STDERR_TAIL: usize = 4 * 1024;

/// Characters of standard error that are shown.
const WORDS: usize = 300;

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

/// The variables that a program gets: the usual ones and `passed`.
pub(super) fn environment(lookup: &dyn Fn(&str) -> Option<String>, passed: &[String]) -> BTreeMap<String, String> {
    let names = ALWAYS.into_iter().chain(passed.iter().map(String::as_str));
    names.filter_map(|name| Some((name.to_owned(), lookup(name)?))).collect()
}

/// Starts a program with exactly these variables.
///
/// # Errors
/// Why it does not start, and what to do.
pub(super) fn start(executable: &str, arguments: &[String], environment: &BTreeMap<String, String>) -> Result<Child, String> {
    let mut command = Command::new(executable);
    command.args(arguments).env_clear().envs(environment).process_group(0).kill_on_drop(true);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().map_err(|error| {
        if error.kind() == ErrorKind::NotFound {
            "not found; correct `command`, or add its folder to PATH".to_owned()
        } else if error.kind() == ErrorKind::PermissionDenied {
            "may not be executed; make it executable (chmod +x)".to_owned()
        } else {
            format!("cannot be started: {error}; look at `command`")
        }
    })
}

/// Looks up a variable of the environment.
type Environment = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// The programs of this machine.
pub struct LocalPrograms(Environment);

impl LocalPrograms {
    /// Programs see the usual variables of this environment.
    pub fn new(environment: Environment) -> Self {
        Self(environment)
    }
}

impl fmt::Debug for LocalPrograms {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("LocalPrograms").finish_non_exhaustive()
    }
}

#[async_trait]
impl Programs for LocalPrograms {
    async fn run(&self, argv: &[String], input: &str, limit: Duration) -> Result<String, ProviderFault> {
        let (executable, arguments) = argv.split_first().map_or(("", argv), |(first, rest)| (first.as_str(), rest));
        let fault = |kind, what: String| ProviderFault::new(kind, format!("program `{}`: {what}", plain(executable)));
        let mut child = start(executable, arguments, &environment(&*self.0, &[])).map_err(|what| fault(FaultKind::Rejected, what))?;
        let mut output = Output::default();
        let ended = tokio::time::timeout(limit, output.exchange(&mut child, input.as_bytes())).await.map_err(|_elapsed| {
            let what = format!("no answer within the time limit of {}; it was ended with its children", duration::human(limit));
            fault(FaultKind::Timeout, what)
        })?;
        let status = ended.map_err(|error| fault(FaultKind::Unreachable, format!("its output cannot be read: {error}")))?;
        let Some(status) = status else {
            return Err(fault(FaultKind::Malformed, format!("it wrote more than {} MiB", MAX_BODY / 1024 / 1024)));
        };
        if !status.success() {
            let words = plain(&String::from_utf8_lossy(&output.stderr));
            let said = if words.is_empty() { "it wrote nothing to standard error".to_owned() } else { words };
            return Err(fault(FaultKind::Rejected, format!("{status}: {said}")));
        }
        String::from_utf8(output.stdout)
            .map_err(|error| fault(FaultKind::Malformed, format!("its output is not UTF-8 (byte {})", error.utf8_error().valid_up_to())))
    }
}

/// A text on one line, bounded, without control characters.
fn plain(text: &str) -> String {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(WORDS).collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What a program has written so far.
#[derive(Debug, Default)]
pub(super) struct Output {
    pub(super) stdout: Vec<u8>,
    /// Its end.
    pub(super) stderr: Vec<u8>,
    /// When the last piece of standard output came.
    pub(super) last: Option<Instant>,
}

impl Output {
    /// Feeds and reads the program until it has ended and closed its output. `None` when it wrote too much.
    /// Whatever way this ends, no process of the group is left, unless program and output ended by themselves.
    pub(super) async fn exchange(&mut self, child: &mut Child, input: &[u8]) -> io::Result<Option<ExitStatus>> {
        let mut group = Group::of(child);
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
