//! Use-cases, one per file: load, decide, act, report. Nothing here knows an adapter or prints.

pub mod audit;
pub mod baseline;
pub mod bench;
pub mod compare;
pub mod config;
pub mod detect;
pub mod distributions;
pub mod doctor;
pub mod env;
pub mod exit_code;
pub mod failure;
pub mod fetched;
pub mod gate;
pub mod history;
pub mod init;
mod inside;
pub mod lint;
pub mod monitor;
pub mod notify;
pub mod outcome;
pub mod pr;
pub mod publish;
pub mod registry;
pub mod release;
pub mod report;
pub mod rollback;
pub mod rollout;
pub mod test;
pub mod trend;

use std::{fmt, path::PathBuf, sync::Arc};

use crate::{
    domain::{
        audit::Who,
        diagnostic::{Diagnostic, Severity},
    },
    ports::{
        ci::Ci,
        clock::Clock,
        code_host::CodeHosts,
        metric_source::MetricSources,
        notifier::Notifiers,
        process::Process,
        program::Programs,
        progress::Progress,
        provider::Providers,
        store::Stores,
        target::Targets,
        vcs::Vcs,
        workspace::{Workspace, WorkspaceError},
    },
    report::escape::one_line,
};
pub use failure::Failure;
pub use outcome::Outcome;

/// The ports a use-case may use, made by the wiring.
#[derive(Clone)]
pub struct Services {
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// The user's files.
    pub workspace: Arc<dyn Workspace>,
    /// The history of the user's files.
    pub vcs: Arc<dyn Vcs>,
    /// Models.
    pub providers: Arc<dyn Providers>,
    /// The user's programs.
    pub programs: Arc<dyn Programs>,
    /// What makes percentages real.
    pub targets: Arc<dyn Targets>,
    /// Where health numbers come from.
    pub metric_sources: Arc<dyn MetricSources>,
    /// Channels that people read.
    pub notifiers: Arc<dyn Notifiers>,
    /// How far a run is.
    pub progress: Arc<dyn Progress>,
    /// The process we are.
    pub process: Arc<dyn Process>,
    /// The CI system that runs us, or none.
    pub ci: Arc<dyn Ci>,
    /// Where state is kept between runs.
    pub stores: Arc<dyn Stores>,
    /// Who runs us, for the audit log.
    pub who: Who,
    /// The code host that this run belongs to.
    pub code_hosts: Arc<dyn CodeHosts>,
}

impl fmt::Debug for Services {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Services").finish_non_exhaustive()
    }
}

/// What a use-case hands back to be shown.
#[derive(Debug)]
pub struct Finished {
    /// The conclusion, which decides the exit code.
    pub outcome: Outcome,
    /// What standard output gets.
    pub stdout: Vec<u8>,
    /// What standard error gets: warnings and places of written files, one a line.
    pub notes: Vec<String>,
}

impl Finished {
    /// A conclusion without trouble.
    pub fn done(stdout: impl Into<Vec<u8>>) -> Self {
        Self { outcome: Outcome::Done, stdout: stdout.into(), notes: Vec::new() }
    }
}

/// The places a configuration is looked for, in this order, below the working directory.
pub const CONFIG_PLACES: [&str; 4] = ["prompt-cicd.yml", "prompt-cicd.yaml", ".github/prompt-cicd.yml", ".prompt-cicd.yml"];

/// The most bytes of a configuration or a prompt file that are read.
const TEXT_LIMIT: u64 = 16 * 1024 * 1024;

/// The most bytes of a file of samples that is read at once: a series, or current values alone.
const SAMPLES_LIMIT: u64 = 128 * 1024 * 1024;

/// Reads a file of samples, or standard input for `-`.
fn read_samples(services: &Services, path: &std::path::Path) -> Result<Vec<u8>, Failure> {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    let stream = services.workspace.open(path).map_err(Failure::File)?;
    let failed = |source| Failure::File(WorkspaceError::Io { path: path.to_owned(), source });
    stream.take(SAMPLES_LIMIT + 1).read_to_end(&mut bytes).map_err(failed)?;
    let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    if size > SAMPLES_LIMIT {
        return Err(Failure::File(WorkspaceError::TooLarge { path: path.to_owned(), size, limit: SAMPLES_LIMIT }));
    }
    Ok(bytes)
}

/// How a file is named in messages.
fn shown_path(path: &std::path::Path) -> String {
    if path == std::path::Path::new("-") { "standard input".to_owned() } else { path.display().to_string() }
}

/// Finds and reads the configuration file.
fn read_config(services: &Services, given: Option<PathBuf>) -> Result<(PathBuf, String), Failure> {
    let path = match given {
        Some(path) => path,
        None => CONFIG_PLACES
            .iter()
            .map(PathBuf::from)
            .find(|place| services.workspace.exists(place))
            .ok_or_else(|| Failure::NoConfiguration { places: CONFIG_PLACES.to_vec() })?,
    };
    let text = services.workspace.read_text(&path, TEXT_LIMIT).map_err(Failure::File)?;
    Ok((path, text))
}

/// Diagnostics as lines for standard error.
fn lines(diagnostics: &[Diagnostic]) -> Vec<String> {
    diagnostics.iter().map(line).collect()
}

/// One diagnostic as it is shown. What a user's file or a name in it says stays on its line and commands nobody.
fn line(diagnostic: &Diagnostic) -> String {
    let severity = match diagnostic.severity {
        Severity::Warning => "warning",
        Severity::Error => "error",
    };
    let help = diagnostic.help.as_ref().map(|help| format!("\n  help: {}", one_line(help))).unwrap_or_default();
    format!("{severity}: {}{help}", one_line(&diagnostic.described()))
}
