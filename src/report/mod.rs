//! Values in, text out: renderers of what a run found. No IO, no decisions.
//!
//! A renderer is a function `render(&TestRun, …, &mut dyn Write)`; the same run gives the same bytes. Whatever comes
//! from a model, a user or another program passes [`escape`] on its way.

pub mod annotations;
pub mod audit;
pub mod bench;
pub mod comment;
pub mod compare;
mod comparison;
pub mod doctor;
pub mod environment;
pub mod escape;
mod figures;
#[cfg(test)]
mod fixture;
pub mod gate;
pub mod history;
pub mod html;
pub mod init;
pub mod issue;
pub mod json;
pub mod junit;
pub mod known;
pub mod kpi;
pub mod lint;
pub mod markdown;
pub mod monitor;
pub mod notice;
pub mod number;
pub mod picture;
pub mod plan;
pub mod pull_request;
pub mod registry;
pub mod release;
mod repeats;
pub mod rollback;
pub mod rollout;
pub mod samples;
mod summary;
mod table;
mod template;
pub mod text;

use std::{
    fmt,
    io::{self, Write},
};

use thiserror::Error;

use crate::domain::{regression::comparison::Comparison, suggest, suite::run::TestRun};

pub use summary::over_performance;

/// How a report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// For a person at a terminal.
    Text,
    /// For programs.
    Json,
    /// For a comment or a job summary on GitHub.
    Markdown,
    /// For CI servers.
    Junit,
    /// A page to click through.
    Html,
}

/// How a report for a terminal looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Whether ANSI colours are used; marks and words say the same.
    pub color: bool,
    /// The terminal's width in characters.
    pub width: usize,
    /// Whether everything is shown, passing cases included.
    pub verbose: bool,
}

/// Why a word is no format.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("`{word}` is not a report format: {}write {known}", did_you_mean(*.near))]
pub struct FormatError {
    word: String,
    near: Option<&'static str>,
    known: &'static str,
}

impl Format {
    /// All formats.
    pub const ALL: [Self; 5] = [Self::Text, Self::Json, Self::Markdown, Self::Junit, Self::Html];

    /// The format's name, as `--format` and `--report` take it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
            Self::Markdown => "markdown",
            Self::Junit => "junit",
            Self::Html => "html",
        }
    }

    /// Reads a format's name.
    ///
    /// # Errors
    /// When there is no such format, with the one that was probably meant.
    pub fn parse(word: &str) -> Result<Self, FormatError> {
        Self::ALL.into_iter().find(|format| format.name() == word).ok_or_else(|| FormatError {
            word: word.to_owned(),
            near: suggest::nearest(word, Self::ALL.map(Self::name)),
            known: "text, json, markdown, junit or html",
        })
    }
}

/// What a report file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FileFormat {
    /// The run.
    Run(Format),
    /// What the lints found, for code scanning.
    Sarif,
    /// One shard of a run, for `report merge`.
    Shard,
}

impl FileFormat {
    /// The format's name, as `--report` takes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Run(format) => format.name(),
            Self::Sarif => "sarif",
            Self::Shard => "shard",
        }
    }

    /// Reads a format's name.
    ///
    /// # Errors
    /// When there is no such format, with the one that was probably meant.
    pub fn parse(word: &str) -> Result<Self, FormatError> {
        match word {
            "sarif" => Ok(Self::Sarif),
            "shard" => Ok(Self::Shard),
            _ => Format::parse(word).map(Self::Run).map_err(|error| FormatError {
                near: suggest::nearest(word, Format::ALL.map(Format::name).into_iter().chain(["sarif", "shard"])),
                known: "text, json, markdown, junit, html, sarif or shard",
                ..error
            }),
        }
    }
}

impl fmt::Display for FileFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How many metrics fail the run.
pub fn regressions(comparison: &Comparison) -> usize {
    comparison.judgements.iter().filter(|judgement| judgement.fails()).count()
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

fn did_you_mean(near: Option<&str>) -> String {
    near.map_or_else(String::new, |format| format!("did you mean `{format}`? "))
}

/// Writes a run's report, buffered; `style` counts for text alone.
///
/// # Errors
/// When `out` cannot be written to.
pub fn render(format: Format, run: &TestRun, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let mut out = io::BufWriter::new(out);
    match format {
        Format::Text => text::render(run, style, &mut out)?,
        Format::Json => json::render(run, &mut out)?,
        Format::Markdown => markdown::render(run, markdown::DEFAULT_BUDGET, &mut out)?,
        Format::Junit => junit::render(run, &mut out)?,
        Format::Html => html::render(run, &mut out)?,
    }
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    const STYLE: Style = Style { color: false, width: 100, verbose: false };

    #[test]
    fn names_read_back() {
        for format in Format::ALL {
            assert_eq!(Format::parse(format.name()), Ok(format));
        }
    }

    #[test]
    fn a_typo_is_told_what_was_meant() {
        let message = |word| Format::parse(word).unwrap_err().to_string();
        assert_eq!(message("jsno"), "`jsno` is not a report format: did you mean `json`? write text, json, markdown, junit or html");
        assert_eq!(message("JSON"), "`JSON` is not a report format: did you mean `json`? write text, json, markdown, junit or html");
        let of_file = |word| FileFormat::parse(word).unwrap_err().to_string();
        assert!(of_file("sarfi").contains("did you mean `sarif`? write text, json, markdown, junit, html, sarif or shard"));
        assert!(of_file("jsno").contains("did you mean `json`?"));
        assert_eq!(message("word"), "`word` is not a report format: write text, json, markdown, junit or html");
    }

    #[test]
    fn the_same_run_gives_the_same_bytes_in_every_format() {
        let bytes = |format| {
            let mut out = Vec::new();
            render(format, &fixture::rich(), &STYLE, &mut out).unwrap();
            out
        };
        for format in Format::ALL {
            assert!(bytes(format).ends_with(b"\n"), "{format}");
            assert_eq!(bytes(format), bytes(format), "{format}");
        }
    }

    #[test]
    fn a_broken_pipe_is_an_error_and_no_panic() {
        struct Broken;
        impl Write for Broken {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }

            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        for format in Format::ALL {
            let error = render(format, &fixture::rich(), &STYLE, &mut Broken).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::BrokenPipe, "{format}");
        }
    }
}
