//! Suites: cases for one prompt, judged by assertions.

pub mod assertion;
pub mod case;
pub mod confirm;
pub mod pass_at;
pub mod performance;
pub mod repeat;
pub mod run;
pub mod shard;

use std::{path::PathBuf, time::Duration};

pub use case::{Case, CaseId};
pub use performance::Performance;
pub use repeat::Repeat;

use super::diagnostic::Place;

/// A suite as the configuration has it, before its prompt and cases are read.
#[derive(Debug, Clone)]
pub struct SuiteSettings {
    /// Its name, unique in the file.
    pub name: String,
    /// Where it stands in the configuration (`suites[2]`), for messages.
    pub path: String,
    /// The same as a place in the file.
    pub place: Place,
    /// The prompt's file, relative to the configuration file.
    pub prompt: PathBuf,
    /// The provider's name.
    pub provider: String,
    /// The provider that judges where an assertion names none.
    pub judge: Option<String>,
    /// The model asked for; `None`: the prompt's, else the provider's.
    pub model: Option<String>,
    /// Parameters laid over the prompt's own.
    pub parameters: serde_json::Map<String, serde_json::Value>,
    /// How many requests of this suite may be under way at once.
    pub concurrency: usize,
    /// How often every case is asked.
    pub repeat: Repeat,
    /// The share of samples that must pass, in [0, 1].
    pub min_pass_rate: f64,
    /// What the whole suite may come to.
    pub performance: Performance,
    /// Time limits.
    pub limits: Limits,
    /// Words to select suites by.
    pub tags: Vec<String>,
    /// Where the cases are.
    pub cases: CaseSource,
    /// What every case gets.
    pub defaults: CaseDefaults,
}

/// How long things may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// One request, from the first byte sent to the last byte read.
    pub request: Duration,
    /// One sample with its retries.
    pub case: Duration,
    /// The whole suite.
    pub suite: Duration,
}

/// Where a suite's cases come from.
#[derive(Debug, Clone)]
pub enum CaseSource {
    /// Files relative to the configuration file, read one after another.
    Files(Vec<PathBuf>),
    /// Written in the configuration.
    Inline(Vec<Case>),
    /// Those the prompt's file brings along.
    Prompt,
}

/// What every case of a suite gets.
#[derive(Debug, Clone, Default)]
pub struct CaseDefaults {
    /// Variables that a case may override.
    pub vars: serde_json::Map<String, serde_json::Value>,
    /// Assertions beside the case's own.
    pub assertions: Vec<std::sync::Arc<assertion::Assertion>>,
    /// The weighted score from which a case passes; `None`: every assertion must pass.
    pub threshold: Option<f64>,
}
