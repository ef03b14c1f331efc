//! Problems in what a user wrote: each names the thing, the place and the next step.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Worth knowing; nothing stops.
    Warning,
    /// Nothing is run until this is mended.
    Error,
}

/// A spot in a file; lines and columns start at 1, columns count characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// The file as the user named it.
    pub file: String,
    /// 1-based; `None` when the whole file is meant.
    pub line: Option<usize>,
    /// 1-based; `None` when the whole line is meant.
    pub column: Option<usize>,
}

impl Place {
    /// The file as a whole.
    pub fn file(file: impl Into<String>) -> Self {
        Self { file: file.into(), line: None, column: None }
    }

    /// A line of the file.
    pub fn line(file: impl Into<String>, line: usize) -> Self {
        Self { file: file.into(), line: Some(line), column: None }
    }

    /// A character of the file.
    pub fn at(file: impl Into<String>, line: usize, column: usize) -> Self {
        Self { file: file.into(), line: Some(line), column: Some(column) }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
            if let Some(column) = self.column {
                write!(f, ":{column}")?;
            }
        }
        Ok(())
    }
}

/// One problem, ready to be shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// Whether it stops the run.
    pub severity: Severity,
    /// Where it is.
    pub place: Place,
    /// The key it is about, e.g. `suites[0].provider`; empty where there is none.
    pub path: String,
    /// What is wrong: a lower-case fragment.
    pub message: String,
    /// What to do next, where we know.
    pub help: Option<String>,
    /// How many problems it tells of: 1, or more where many of a kind are said as one.
    #[serde(skip)]
    pub stands_for: usize,
}

/// How many problems there are, those included that are said as one.
pub fn number_of(diagnostics: &[Diagnostic]) -> usize {
    diagnostics.iter().map(|diagnostic| diagnostic.stands_for).sum()
}

impl Diagnostic {
    /// A problem that stops the run.
    pub fn error(place: Place, path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { severity: Severity::Error, place, path: path.into(), message: message.into(), help: None, stands_for: 1 }
    }

    /// A problem that is said and passed over.
    pub fn warning(place: Place, path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(place, path, message) }
    }

    /// The same with a next step.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The same for so many problems.
    #[must_use]
    pub fn standing_for(self, problems: usize) -> Self {
        Self { stands_for: problems, ..self }
    }
}

impl Diagnostic {
    /// Place, key and message in one line, without severity and help.
    pub fn described(&self) -> String {
        let path = if self.path.is_empty() { String::new() } else { format!("{}: ", self.path) };
        format!("{}: {path}{}", self.place, self.message)
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Warning => "warning",
            Severity::Error => "error",
        };
        write!(f, "{severity}: {}", self.described())?;
        if let Some(help) = &self.help {
            write!(f, "\n  help: {help}")?;
        }
        Ok(())
    }
}
