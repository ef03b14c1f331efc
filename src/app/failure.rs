//! Why a run could not conclude, each with its exit code and the next step.

use thiserror::Error;

use crate::{
    domain::{
        diagnostic::{Diagnostic, number_of},
        registry::RegistryError,
        release::NoNext,
        rollback::target::NoPrevious,
        rollout::Refusal,
    },
    ports::{code_host::CodeHostError, provider::ConnectError, store::StoreError, vcs::VcsError, workspace::WorkspaceError},
    report::escape::one_line,
};

/// A run without a conclusion.
#[derive(Debug, Error)]
pub enum Failure {
    /// What the user wrote does not hold together; all of it at once.
    #[error("{}", summary(.0))]
    Configuration(Vec<Diagnostic>),
    /// Samples or benchmark results that cannot be used; all that is wrong at once.
    #[error("{}", count(number_of(.0), "problem", "problems") + "; nothing was compared")]
    Samples(Vec<Diagnostic>),
    /// A run or a commit that cannot be a baseline; all that is wrong at once.
    #[error("{}", count(.0.len(), "problem", "problems") + "; no baseline was compared with or changed")]
    Baseline(Vec<Diagnostic>),
    /// Files that are no shards of one run; all that is wrong at once.
    #[error("{}", count(number_of(.0), "problem", "problems") + "; nothing was merged")]
    Shards(Vec<Diagnostic>),
    /// No configuration was given and none stands in the usual places.
    #[error("no configuration found (looked for {})", .places.join(", "))]
    NoConfiguration {
        /// Where it was looked for.
        places: Vec<&'static str>,
    },
    /// The code host did not give the configuration that `--config-at` asks for.
    #[error("the configuration at {at}: {why}{}", looked_for(.places))]
    ConfigurationAt {
        /// The branch, tag or commit.
        at: String,
        /// Every place that was asked for, where it is in none; empty for every other reason.
        places: Vec<String>,
        /// What the code host said of the first of them.
        why: Box<CodeHostError>,
    },
    /// A file could not be read or written.
    #[error("{0}")]
    File(#[source] WorkspaceError),
    /// Providers cannot be used at all; all of them at once.
    #[error("{}; nothing was asked", count(.0.len(), "provider cannot", "providers cannot") + " be used")]
    Provider(Vec<ConnectError>),
    /// What head is to be compared with cannot be read; nothing was asked.
    #[error("base: {0}; nothing was asked")]
    Base(#[source] VcsError),
    /// The history of the repository cannot be read, or git did not do what was asked.
    #[error("{0}")]
    History(#[source] VcsError),
    /// There is no next version.
    #[error("{0}")]
    Version(#[source] NoNext),
    /// State could not be read or written.
    #[error("{0}")]
    Store(#[source] StoreError),
    /// The selection left nothing to do.
    #[error("nothing selected: {why}")]
    NothingSelected {
        /// What is not there.
        why: String,
        /// What to do about it.
        next: String,
    },
    /// There is nothing to do, or nothing of that name; the text says what would be something.
    #[error("{0}")]
    NothingToDo(String),
    /// The event that started the workflow, or the code host that it names, cannot be used.
    #[error("{0}")]
    Event(String),
    /// The file to publish is not the data of a comment.
    #[error("{}: {why}", file.display())]
    NotOurs {
        /// The file.
        file: std::path::PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// What is to be published does not belong to the pull request as it is now.
    #[error("nothing is posted: {0}")]
    PullRequest(String),
    /// The code host did not do what was asked.
    #[error("{0}")]
    CodeHost(#[source] CodeHostError),
    /// A state does not allow what was asked for.
    #[error("{0}")]
    Refused(#[source] Refusal),
    /// Versions do not allow what was asked for.
    #[error("{0}")]
    Registry(#[source] RegistryError),
    /// There is nothing to roll back to.
    #[error("{0}")]
    NoPrevious(#[source] NoPrevious),
    /// Targets or metric sources cannot be used at all; all of them at once.
    #[error("{}", count(.0.len(), "target or metric source cannot", "targets or metric sources cannot") + " be used; nothing was changed")]
    Connection(Vec<ConnectError>),
    /// A bug.
    #[error("internal error: {0:#}")]
    Internal(#[source] anyhow::Error),
}

impl Failure {
    /// The exit code.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Configuration(_)
            | Self::Samples(_)
            | Self::Shards(_)
            | Self::Baseline(_)
            | Self::NoConfiguration { .. }
            | Self::File(_)
            | Self::Provider(_)
            | Self::Connection(_)
            | Self::Event(_)
            | Self::NotOurs { .. } => 3,
            Self::PullRequest(_) => 13,
            Self::CodeHost(error) => code_host(error),
            Self::ConfigurationAt { why, .. } => code_host(why),
            Self::Base(why) | Self::History(why) => match why {
                VcsError::Unreachable(_) => 30,
                VcsError::Refused(_) => 31,
                VcsError::NoName(_)
                | VcsError::Missing { .. }
                | VcsError::Unrelated { .. }
                | VcsError::Unavailable(_)
                | VcsError::TooLarge { .. }
                | VcsError::Event(_)
                | VcsError::Shallow => 3,
            },
            Self::Store(error) => match error {
                StoreError::Unreachable { .. } => 30,
                StoreError::Refused { .. } | StoreError::Full { .. } => 31,
                StoreError::Conflict(_) => 32,
                StoreError::Corrupt { .. } | StoreError::Newer { .. } | StoreError::TooLarge { .. } | StoreError::Settings(_) => 3,
            },
            Self::NothingSelected { .. } | Self::NothingToDo(_) | Self::Version(NoNext::NothingToRelease(_)) => 4,
            Self::Refused(_) | Self::Registry(_) | Self::Version(NoNext::NotAfter { .. } | NoNext::TooLarge(_)) => 20,
            Self::NoPrevious(_) => 23,
            Self::Internal(_) => 1,
        }
    }

    /// The next step; `docs/troubleshooting.md` has a section of the same name for each kind.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Configuration(_) => Some("check it again without running anything: prompt-cicd config check".to_owned()),
            // What each of them says to do is nearer than anything that holds for all.
            Self::Samples(diagnostics) if diagnostics.iter().all(|diagnostic| diagnostic.help.is_some()) => None,
            Self::Samples(_) => {
                Some("mend the values where they are measured; what is read is in docs/reference/benchmark-formats.md".to_owned())
            }
            Self::NoConfiguration { .. } => Some("write one with `prompt-cicd init`, or name one with --config".to_owned()),
            Self::ConfigurationAt { at, .. } => Some(format!(
                "name its file with --config or where it is with --config-at (here {at}); or go without GitHub: the same command \
                 without --config-at, from a clone"
            )),
            Self::File(_) => Some("check that the path is right and that this user may use it".to_owned()),
            Self::Base(_) => Some(
                "fetch the history (`fetch-depth: 0` in actions/checkout), name another commit with --base, or compare with nothing: --no-base"
                    .to_owned(),
            ),
            Self::Version(NoNext::NothingToRelease(_)) => Some("name the part that changes with --type, e.g. --type patch".to_owned()),
            // Each error has its own next step.
            Self::Version(_) | Self::History(_) | Self::NothingToDo(_) | Self::Provider(_) | Self::CodeHost(_) | Self::Store(_) | Self::Refused(_) | Self::Registry(_) | Self::Connection(_) | Self::Shards(_) | Self::Baseline(_) => None,
            Self::Event(_) => Some("docs/reference/commands/publish.md shows the two workflows".to_owned()),
            Self::NotOurs { .. } => Some("pass the file that `prompt-cicd test` named, from the same version".to_owned()),
            Self::PullRequest(_) => Some("nothing to do when somebody pushed meanwhile: the newer run posts its own".to_owned()),
            Self::NothingSelected { next, .. } => Some(next.clone()),
            Self::NoPrevious(_) => {
                Some(
                    "put one back all the same with `--to VERSION --emergency`, or fix forward: `prompt-cicd rollback list-versions` shows what there is"
                        .to_owned(),
                )
            }
            Self::Internal(_) => Some("please report this with the output of the same command and -vv".to_owned()),
        }
    }

    /// What is wrong in detail, a text each.
    pub fn details(&self) -> Vec<String> {
        match self {
            Self::Configuration(diagnostics) | Self::Samples(diagnostics) | Self::Shards(diagnostics) | Self::Baseline(diagnostics) => {
                super::lines(diagnostics)
            }
            Self::Provider(errors) | Self::Connection(errors) => errors.iter().map(connect_error).collect(),
            Self::NoConfiguration { .. }
            | Self::ConfigurationAt { .. }
            | Self::File(_)
            | Self::Base(_)
            | Self::History(_)
            | Self::Version(_)
            | Self::Store(_)
            | Self::NothingSelected { .. }
            | Self::NothingToDo(_)
            | Self::Event(_)
            | Self::NotOurs { .. }
            | Self::PullRequest(_)
            | Self::CodeHost(_)
            | Self::Refused(_)
            | Self::Registry(_)
            | Self::NoPrevious(_)
            | Self::Internal(_) => Vec::new(),
        }
    }
}

fn code_host(error: &CodeHostError) -> u8 {
    match error {
        CodeHostError::Unreachable { .. } | CodeHostError::Unusable { .. } => 30,
        CodeHostError::NotFound { .. }
        | CodeHostError::PermissionMissing { .. }
        | CodeHostError::BadToken { .. }
        | CodeHostError::RateLimited { .. }
        | CodeHostError::Rejected { .. }
        | CodeHostError::TooLarge { .. } => 31,
        CodeHostError::Conflict { .. } => 32,
    }
}

fn looked_for(places: &[String]) -> String {
    if places.is_empty() { String::new() } else { format!("; looked for {}", places.join(", ")) }
}

fn summary(diagnostics: &[Diagnostic]) -> String {
    count(number_of(diagnostics), "problem", "problems") + "; nothing was run"
}

fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

fn connect_error(error: &ConnectError) -> String {
    let message = one_line(&error.message);
    error.help.as_ref().map_or_else(|| format!("error: {message}"), |help| format!("error: {message}\n  help: {}", one_line(help)))
}
