//! The log on standard error: text for people, JSON lines for machines (row S1-075).

use std::{borrow::Cow, io};

use tracing::Level;
use tracing_subscriber::{
    filter::{LevelFilter, Targets},
    fmt,
    layer::SubscriberExt as _,
    util::SubscriberInitExt as _,
};

/// How the log looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// Lines for people.
    Text,
    /// One JSON object a line: `timestamp`, `level`, `message`, `component`, `action` and what belongs to them.
    Json,
}

/// What a line of the log goes through before it is written: in a CI system's step nothing in it may be taken for a command.
pub type Guard = for<'a> fn(&'a str) -> Cow<'a, str>;

/// Standard error behind a guard. The log hands every line over in one piece.
struct Guarded(Guard);

impl io::Write for Guarded {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        io::stderr().write_all((self.0)(&String::from_utf8_lossy(line)).as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

/// Starts the log; `verbosity` 0 shows warnings, 1 information, 2 everything of ours, 3 everything.
///
/// Only the first call of a process counts.
pub fn start(format: LogFormat, verbosity: u8, color: bool, guard: Guard) {
    let (ours, others) = match verbosity {
        0 => (Level::WARN, LevelFilter::ERROR),
        1 => (Level::INFO, LevelFilter::ERROR),
        2 => (Level::DEBUG, LevelFilter::ERROR),
        _ => (Level::TRACE, LevelFilter::TRACE),
    };
    let filter = Targets::new().with_target("prompt_cicd", ours).with_default(others);
    let registry = tracing_subscriber::registry().with(filter);
    let started = match format {
        LogFormat::Text => {
            registry.with(fmt::layer().with_writer(move || Guarded(guard)).with_ansi(color).with_target(false).without_time()).try_init()
        }
        LogFormat::Json => registry
            .with(
                fmt::layer()
                    .json()
                    .flatten_event(true)
                    .with_current_span(false)
                    .with_span_list(false)
                    .with_target(false)
                    .with_writer(move || Guarded(guard)),
            )
            .try_init(),
    };
    // A second start in one process (tests) keeps the first log.
    drop(started);
}
