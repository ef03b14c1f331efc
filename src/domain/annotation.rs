//! Remarks on lines of the user's files, shown beside them in a pull request.

use super::diagnostic::{Diagnostic, Place, Severity};

/// How much an annotation matters; the order is the order of importance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Something failed.
    Error,
    /// Something may be wrong.
    Warning,
    /// Worth knowing.
    Notice,
}

/// One remark on one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Annotation {
    /// How much it matters.
    pub level: Level,
    /// Where it belongs.
    pub place: Place,
    /// A few words.
    pub title: String,
    /// What is to be said; may have several lines.
    pub message: String,
}

impl From<&Diagnostic> for Annotation {
    fn from(diagnostic: &Diagnostic) -> Self {
        let level = match diagnostic.severity {
            Severity::Error => Level::Error,
            Severity::Warning => Level::Warning,
        };
        let help = diagnostic.help.as_ref().map(|help| format!("\nhelp: {help}")).unwrap_or_default();
        let title = if diagnostic.path.is_empty() { "configuration".to_owned() } else { diagnostic.path.clone() };
        Self { level, place: diagnostic.place.clone(), title, message: format!("{}{help}", diagnostic.message) }
    }
}
