//! The CI system that runs us: where a run's conclusion is seen by people and by the next step.

use thiserror::Error;

use crate::domain::annotation::Annotation;

/// What a CI system takes from a step.
pub trait Ci: Send + Sync {
    /// Whether there is one: without it, nothing below does anything.
    fn is_present(&self) -> bool;

    /// Shows annotations, the most important first as far as the system takes them; the rest is counted.
    fn annotate(&self, annotations: &[Annotation]);

    /// The most bytes that [`Ci::append_summary`] can still take.
    fn summary_room(&self) -> usize;

    /// Adds to the step's summary page.
    ///
    /// # Errors
    /// When it cannot be written.
    fn append_summary(&self, markdown: &str) -> Result<(), CiError>;

    /// Gives the next steps named values, all or none.
    ///
    /// # Errors
    /// When they cannot be written.
    fn set_outputs(&self, outputs: &[(&str, String)]) -> Result<(), CiError>;
}

/// Why the CI system could not be told something.
#[derive(Debug, Error)]
#[error("{what}: {reason}")]
pub struct CiError {
    /// What could not be told, and where it was to go.
    pub what: String,
    /// The operating system's reason.
    pub reason: String,
}
