//! Text in, values or diagnostics out. Nothing here opens a file or reads the environment.

use std::path::PathBuf;

use crate::domain::{provider::ProviderSettings, retry::RetryPolicy, suite::SuiteSettings};

/// A checked configuration: it cannot hold nonsense.
#[derive(Debug, Clone)]
pub struct Config {
    /// The providers in the order of the file.
    pub providers: Vec<ProviderSettings>,
    /// The suites in the order of the file.
    pub suites: Vec<SuiteSettings>,
    /// What the whole run keeps to.
    pub run: RunSettings,
}

/// What a run keeps to, all suites together.
#[derive(Debug, Clone, PartialEq)]
pub struct RunSettings {
    /// Requests under way at once, whatever the suites ask for.
    pub max_concurrency: usize,
    /// What happens when a provider does not answer.
    pub retry: RetryPolicy,
    /// The folder of the answer cache, relative to the configuration file; `None` when it is off.
    pub cache: Option<PathBuf>,
}
