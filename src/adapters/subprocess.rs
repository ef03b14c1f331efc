//! A program of the user's: started without a shell in a process group of its own, fed, read within bounds, and ended
//! with everything it started. Shared by every adapter that asks a program.

use std::{
    collections::BTreeMap,
    fmt,
    io::{self, ErrorKind},
    process::{ExitStatus, Stdio},
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    process::{Child, Command},
};

use crate::adapters::{
    http::{MAX_BODY, words},
    secret::{Scrubber, Secret, names_a_secret},
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

/// A program, ready to be started any number of times.
#[derive(Clone)]
pub struct Program {
    executable: String,
    arguments: Vec<String>,
    environment: BTreeMap<String, String>,
}

/// What a program that ended left.
#[derive(Debug)]
pub struct Ended {
    /// How it ended.
    pub status: ExitStatus,
    /// All of its standard output.
    pub stdout: Vec<u8>,
    /// The end of its standard error, made fit to be shown.
    pub words: String,
    /// From its start to the last piece of its output.
    pub latency: Duration,
}

/// Why a program gave nothing to read.
#[derive(Debug)]
pub enum Trouble {
    /// It could not be started.
    NotStarted(io::Error),
    /// Its output could not be read.
    Unreadable(io::Error),
    /// It wrote more than 32 MiB.
    TooMuch,
    /// It did not end in time; it was ended with its children.
    TimedOut,
}

impl Trouble {
    /// What happened and the next step; `key` is where the program is named in the configuration.
    pub fn words(&self, key: &str) -> String {
        match self {
            Self::NotStarted(error) if error.kind() == ErrorKind::NotFound => {
                format!("not found; correct `{key}`, or add its folder to PATH")
            }
            Self::NotStarted(error) if error.kind() == ErrorKind::PermissionDenied => {
                "may not be executed; make it executable (chmod +x)".to_owned()
            }
            Self::NotStarted(error) => format!("cannot be started: {error}; look at `{key}`"),
            Self::Unreadable(error) => format!("its output cannot be read: {error}"),
            Self::TooMuch => format!("it wrote more than {} MiB; lower its output", MAX_BODY / 1024 / 1024),
            Self::TimedOut => "no complete answer within the time limit; it was ended with its children".to_owned(),
        }
    }
}

impl Program {
    /// Takes what the program needs from the environment. Variables of `pass_env` that are not set stay unset; those
    /// whose name speaks of a key, token or password are taken for secrets. `None` when `argv` names no program.
    pub fn new(
        argv: &[String],
        pass_env: &[String],
        env: &BTreeMap<String, String>,
        lookup: &dyn Fn(&str) -> Option<String>,
        scrubber: &Scrubber,
    ) -> Option<Self> {
        let (program, arguments) = argv.split_first().filter(|(program, _)| !program.is_empty())?;
        let passed = ALWAYS.into_iter().chain(pass_env.iter().map(String::as_str));
        let mut environment: BTreeMap<String, String> = passed.filter_map(|name| Some((name.to_owned(), lookup(name)?))).collect();
        environment.extend(env.iter().map(|(name, value)| (name.clone(), value.clone())));
        for (_, value) in environment.iter().filter(|(name, _)| names_a_secret(name)) {
            scrubber.register(&Secret::new(value.as_str()));
        }
        Some(Self { executable: program.clone(), arguments: arguments.to_vec(), environment })
    }

    /// The program as it is shown.
    pub fn shown(&self) -> String {
        words::plain(&self.executable)
    }

    /// Starts it, gives it `input`, and waits until it has ended and closed its output, for at most `limit`. Whatever
    /// way this ends, also by being dropped, no process of its group is left.
    ///
    /// # Errors
    /// See [`Trouble`].
    pub async fn run(&self, input: &[u8], limit: Duration) -> Result<Ended, Trouble> {
        tokio::time::timeout(limit, self.run_unbounded(input)).await.unwrap_or(Err(Trouble::TimedOut))
    }

    async fn run_unbounded(&self, input: &[u8]) -> Result<Ended, Trouble> {
        let mut command = Command::new(&self.executable);
        command.args(&self.arguments).env_clear().envs(&self.environment).process_group(0).kill_on_drop(true);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(Trouble::NotStarted)?;
        let group = Group::of(&child);
        let started = Instant::now();
        let mut output = Output::default();
        let ended = output.exchange(&mut child, input, group).await.map_err(Trouble::Unreadable)?;
        let status = ended.ok_or(Trouble::TooMuch)?;
        let latency = output.last.map_or_else(|| started.elapsed(), |last| last.duration_since(started));
        Ok(Ended { status, stdout: output.stdout, words: words::plain(&String::from_utf8_lossy(&output.stderr)), latency })
    }
}

impl fmt::Debug for Program {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Program").field("program", &self.executable).finish_non_exhaustive()
    }
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
