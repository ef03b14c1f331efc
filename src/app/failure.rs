//! Why a run could not conclude, each with its exit code and the next step.

use thiserror::Error;

use crate::{
    domain::diagnostic::Diagnostic,
    ports::{provider::ConnectError, store::StoreError, workspace::WorkspaceError},
    report::escape::one_line,
};

/// A run without a conclusion.
#[derive(Debug, Error)]
pub enum Failure {
    /// What the user wrote does not hold together; all of it at once.
    #[error("{}", summary(.0))]
    Configuration(Vec<Diagnostic>),
    /// Samples or benchmark results that cannot be used; all that is wrong at once.
    #[error("{}", count(.0.len(), "problem", "problems") + "; nothing was compared")]
    Samples(Vec<Diagnostic>),
    /// No configuration was given and none stands in the usual places.
    #[error("no configuration found (looked for {})", .places.join(", "))]
    NoConfiguration {
        /// Where it was looked for.
        places: Vec<&'static str>,
    },
    /// A file could not be read or written.
    #[error("{0}")]
    File(#[source] WorkspaceError),
    /// Providers cannot be used at all; all of them at once.
    #[error("{}; nothing was asked", count(.0.len(), "provider cannot", "providers cannot") + " be used")]
    Provider(Vec<ConnectError>),
    /// State could not be read or written.
    #[error("{0}")]
    Store(#[source] StoreError),
    /// The selection left nothing to do.
    #[error("nothing selected: {0}")]
    NothingSelected(String),
    /// A bug.
    #[error("internal error: {0:#}")]
    Internal(#[source] anyhow::Error),
}

impl Failure {
    /// The exit code.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Configuration(_) | Self::Samples(_) | Self::NoConfiguration { .. } | Self::File(_) | Self::Provider(_) => 3,
            Self::Store(error) => match error {
                StoreError::Unreachable { .. } => 30,
                StoreError::Refused { .. } | StoreError::Full { .. } => 31,
                StoreError::Conflict(_) => 32,
                StoreError::Corrupt { .. } | StoreError::Newer { .. } | StoreError::TooLarge { .. } | StoreError::Settings(_) => 3,
            },
            Self::NothingSelected(_) => 4,
            Self::Internal(_) => 1,
        }
    }

    /// The next step; `docs/troubleshooting.md` has a section of the same name for each kind.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Configuration(_) => Some("check it again without running anything: prompt-cicd config check".to_owned()),
            Self::Samples(_) => {
                Some("mend the values where they are measured; what is read is in docs/reference/benchmark-formats.md".to_owned())
            }
            Self::NoConfiguration { .. } => Some("write one with `prompt-cicd init`, or name one with --config".to_owned()),
            Self::File(_) => Some("check that the path is right and that this user may use it".to_owned()),
            // Each error has its own next step.
            Self::Provider(_) | Self::Store(_) => None,
            Self::NothingSelected(_) => Some("see what there is with `prompt-cicd test --dry-run`, without --filter and --tag".to_owned()),
            Self::Internal(_) => Some("please report this with the output of the same command and -vv".to_owned()),
        }
    }

    /// What is wrong in detail, a text each.
    pub fn details(&self) -> Vec<String> {
        match self {
            Self::Configuration(diagnostics) | Self::Samples(diagnostics) => super::lines(diagnostics),
            Self::Provider(errors) => errors.iter().map(connect_error).collect(),
            Self::NoConfiguration { .. } | Self::File(_) | Self::Store(_) | Self::NothingSelected(_) | Self::Internal(_) => Vec::new(),
        }
    }
}

fn summary(diagnostics: &[Diagnostic]) -> String {
    count(diagnostics.len(), "problem", "problems") + "; nothing was run"
}

fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

fn connect_error(error: &ConnectError) -> String {
    let message = one_line(&error.message);
    error.help.as_ref().map_or_else(|| format!("error: {message}"), |help| format!("error: {message}\n  help: {}", one_line(help)))
}
