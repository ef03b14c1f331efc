//! The form in which answers are kept: one JSON object, on one line in a cassette, as a file in the cache.

pub(super) mod cache;
pub(super) mod cassette;
pub(super) mod record;

use std::{
    collections::HashMap,
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::Path,
    time::Duration,
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use thiserror::Error;

use crate::{
    adapters::secret::{MASK, Scrubber},
    domain::{
        answer::{Answer, Origin, Usage},
        digest, duration,
        prompt::Message,
        provider::{Request, Task},
    },
    ports::provider::ConnectError,
};

/// The longest line of a cassette (64 MiB).
const LONGEST_LINE: u64 = 64 * 1024 * 1024;

/// One recording. The order of the fields is the order in the file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Record {
    /// [`Request::key`] of the request as it was sent.
    pub(super) key: String,
    pub(super) request: RecordedRequest,
    pub(super) answer: RecordedAnswer,
    /// The provider's whole response.
    pub(super) response: Value,
    /// RFC 3339 in UTC with milliseconds.
    pub(super) recorded_at: String,
    /// SHA-256 of the canonical JSON of answer and response: an edited answer must not pass for a recorded one.
    pub(super) answer_digest: String,
}

/// A request, as [`Request::to_json`] shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RecordedRequest {
    #[serde(default, skip_serializing_if = "Task::is_chat")]
    pub(super) task: Task,
    pub(super) model: String,
    pub(super) messages: Vec<Message>,
    pub(super) parameters: Map<String, Value>,
    pub(super) repeat: u32,
}

/// An answer and its measurements.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RecordedAnswer {
    pub(super) text: String,
    pub(super) finish_reason: Option<String>,
    pub(super) model: Option<String>,
    pub(super) usage: Usage,
    pub(super) latency_ms: f64,
    pub(super) time_to_first_token_ms: Option<f64>,
}

/// Why a text is no recording.
#[derive(Debug, Error)]
pub(super) enum RecordError {
    #[error("no recording: {0}")]
    Json(#[from] serde_json::Error),
    #[error("the key does not belong to the request (edited by hand? its key would be {expected})")]
    Key { expected: String },
    #[error("the answer is not the one that was recorded (edited by hand?): it does not fit `answer_digest`")]
    Answer,
    #[error("`{field}` is no time in milliseconds")]
    Time { field: &'static str },
}

impl Record {
    /// An answer to `request`, now, without secrets.
    pub(super) fn new(request: &Request, answer: &Answer, scrubber: &Scrubber) -> Self {
        let scrub = |text: &str| scrubber.scrub(text).into_owned();
        let messages = request.messages.iter().map(|message| Message { role: message.role, content: scrub(&message.content) });
        let mut record = Self {
            key: request.key(),
            request: RecordedRequest {
                task: request.task,
                model: scrub(&request.model),
                messages: messages.collect(),
                parameters: scrubber.scrub_map(&request.parameters),
                repeat: request.repeat,
            },
            answer: RecordedAnswer {
                text: scrub(&answer.text),
                finish_reason: answer.finish_reason.as_deref().map(scrub),
                model: answer.model.as_deref().map(scrub),
                usage: answer.usage,
                latency_ms: milliseconds(answer.latency),
                time_to_first_token_ms: answer.time_to_first_token.map(milliseconds),
            },
            response: scrubber.scrub_json(&answer.raw),
            recorded_at: format!("{:.3}", Timestamp::now()),
            answer_digest: String::new(),
        };
        record.answer_digest = record.digest();
        record
    }

    fn digest(&self) -> String {
        digest::of_json(&json!([self.answer, self.response]))
    }

    /// Reads one recording and checks it.
    ///
    /// # Errors
    /// When it is broken, its numbers are impossible, or its key belongs to another request.
    pub(super) fn parse(text: &[u8]) -> Result<Self, RecordError> {
        let record: Self = serde_json::from_slice(text)?;
        let expected = record.request.to_request().key();
        // Where a secret was taken out of the request, its key can no longer be computed from what is left.
        if record.key != expected && !serde_json::to_string(&record.request)?.contains(MASK) {
            return Err(RecordError::Key { expected });
        }
        to_duration(record.answer.latency_ms).ok_or(RecordError::Time { field: "latency_ms" })?;
        if let Some(first) = record.answer.time_to_first_token_ms {
            to_duration(first).ok_or(RecordError::Time { field: "time_to_first_token_ms" })?;
        }
        if record.answer_digest != record.digest() {
            return Err(RecordError::Answer);
        }
        Ok(record)
    }

    /// The answer, with the measurements it had when it was live.
    pub(super) fn answer(&self, origin: Origin) -> Answer {
        let answer = &self.answer;
        Answer {
            text: answer.text.clone(),
            finish_reason: answer.finish_reason.clone(),
            model: answer.model.clone(),
            usage: answer.usage,
            latency: to_duration(answer.latency_ms).unwrap_or_default(),
            time_to_first_token: answer.time_to_first_token_ms.and_then(to_duration),
            origin,
            raw: self.response.clone(),
        }
    }

    /// The recording on one line, with its line feed.
    pub(super) fn to_line(&self) -> io::Result<Vec<u8>> {
        let mut line = serde_json::to_vec(self)?;
        line.push(b'\n');
        Ok(line)
    }
}

impl RecordedRequest {
    /// The request again.
    pub(super) fn to_request(&self) -> Request {
        Request {
            task: self.task,
            model: self.model.clone(),
            messages: self.messages.clone(),
            parameters: self.parameters.clone(),
            repeat: self.repeat,
        }
    }
}

/// Whole microseconds, so that the file has no digits that mean nothing.
fn milliseconds(time: Duration) -> f64 {
    (duration::millis(time) * 1_000.0).round() / 1_000.0
}

fn to_duration(milliseconds: f64) -> Option<Duration> {
    let time = Duration::try_from_secs_f64(milliseconds / 1_000.0).ok()?;
    Some(Duration::from_micros(u64::try_from((time + Duration::from_nanos(500)).as_micros()).ok()?))
}

/// What is done about a last line that was cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LastLine {
    /// It is an error, like any broken line.
    MustBeWhole,
    /// It is left out: the process was killed while it wrote it.
    MayBeCut,
}

/// Reads a cassette. The same recording may occur twice, in a partial also a newer one for the same request (it wins).
///
/// # Errors
/// What is wrong, with the file and the line.
pub(super) fn load(path: &Path, last_line: LastLine) -> Result<Vec<Record>, ConnectError> {
    let file = File::open(path).map_err(|error| ConnectError {
        message: format!("cassette {}: {error}", path.display()),
        help: Some(if error.kind() == io::ErrorKind::NotFound {
            "record it first with --record, or correct the path".to_owned()
        } else {
            "make the file readable".to_owned()
        }),
    })?;
    let mut reader = BufReader::with_capacity(256 * 1024, file);
    let (mut records, mut lines): (Vec<Record>, HashMap<String, (usize, usize)>) = (Vec::new(), HashMap::new());
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        let wrong = |reason: &str, help: &str| ConnectError {
            message: format!("{}:{number}: {reason}", path.display()),
            help: Some(help.to_owned()),
        };
        let read = reader.by_ref().take(LONGEST_LINE + 1).read_until(b'\n', &mut line);
        if read.map_err(|error| wrong(&error.to_string(), "make the file readable"))? == 0 {
            break;
        }
        if line.len() as u64 > LONGEST_LINE {
            return Err(wrong("longer than 64 MiB", "record it again with --record"));
        }
        let text = if number == 1 { line.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&line) } else { &line }.trim_ascii();
        if text.is_empty() {
            continue;
        }
        if last_line == LastLine::MayBeCut && !line.ends_with(b"\n") {
            tracing::warn!(component = "cassette", action = "record", path = %path.display(), line = number, "the last recording was cut off and is left out");
            break;
        }
        let record = Record::parse(text).map_err(|error| wrong(&error.to_string(), advice(text, &error)))?;
        match (lines.get(&record.key).copied(), last_line) {
            (None, _) => {
                lines.insert(record.key.clone(), (number, records.len()));
                records.push(record);
            }
            (Some((_, position)), LastLine::MayBeCut) => {
                if let Some(known) = records.get_mut(position) {
                    *known = record;
                }
            }
            (Some((first, position)), LastLine::MustBeWhole) => {
                if records.get(position).is_some_and(|known| known.answer != record.answer) {
                    return Err(wrong(&format!("another answer to the request of line {first}"), "delete one of the two lines"));
                }
            }
        }
    }
    Ok(records)
}

fn advice(text: &[u8], error: &RecordError) -> &'static str {
    let conflict = ["<<<<<<<", "=======", ">>>>>>>"].iter().any(|mark| text.starts_with(mark.as_bytes()));
    match error {
        RecordError::Json(_) if conflict => "this is a merge conflict of git: keep one side of it",
        RecordError::Json(_) => "each line is one JSON object as --record writes it: mend or delete the line, or record it again",
        RecordError::Answer => {
            "undo the edit, or delete the line and record it again with --record; to try another answer, use a provider of kind command"
        }
        RecordError::Key { .. } => "undo the edit, or delete the line and record it again with --record",
        RecordError::Time { .. } => "mend or delete the line, or record it again with --record",
    }
}
