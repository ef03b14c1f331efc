//! How a metric source is reached.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

/// A metric source of the configuration, checked and complete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetricSourceSettings {
    /// The name under `metric-sources:`.
    pub name: String,
    /// What it is.
    pub kind: MetricSourceKind,
    /// The longest that one question may take, whatever the caller allows.
    pub timeout: Duration,
    /// How old the newest number may be; `None` does not look.
    pub max_age: Option<Duration>,
    /// The most series of one answer.
    pub max_series: usize,
    /// The most samples of one answer, all series together.
    pub max_samples: usize,
}

/// What a metric source can be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MetricSourceKind {
    /// A Prometheus server, or one that speaks its HTTP API.
    Prometheus {
        /// The address before `/api/v1/query`.
        http: MetricHttp,
        /// A query for the age of the data in seconds: an instant answer carries the time of the question, so that
        /// only a query can tell a value that stopped changing from one that is fresh.
        age_query: Option<String>,
    },
    /// A JSON document at an address; queries are JSON pointers into it.
    HttpJson(MetricHttp),
    /// A JSON file; queries are JSON pointers into it.
    File(PathBuf),
    /// A program: the question as JSON on its standard input, a JSON document on its standard output.
    Command(MetricProgram),
}

impl MetricSourceKind {
    /// The word used in `kind:`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Prometheus { .. } => "prometheus",
            Self::HttpJson(_) => "http-json",
            Self::File(_) => "file",
            Self::Command(_) => "command",
        }
    }
}

/// An address with its token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetricHttp {
    /// The address.
    pub url: String,
    /// The environment variable with the token, sent as `Authorization: Bearer …`.
    pub token_env: Option<String>,
    /// Extra headers with fixed texts.
    pub headers: BTreeMap<String, String>,
}

/// A program, started without a shell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetricProgram {
    /// Program and arguments.
    pub argv: Vec<String>,
    /// Environment variables it may see beside `PATH`, `HOME` and the locale.
    pub pass_env: Vec<String>,
    /// Variables set to a fixed text.
    pub env: BTreeMap<String, String>,
}
