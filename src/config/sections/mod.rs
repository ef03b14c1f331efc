//! The sections of the configuration: raw values in, domain types out. What is wrong is reported and skipped, so that
//! the rest is still looked at.

pub(super) mod gates;
pub(super) mod github;
pub(super) mod history;
pub(super) mod hosting;
mod kubernetes;
pub(super) mod lints;
pub(super) mod metric_sources;
pub(super) mod monitor;
pub(super) mod notifications;
pub(super) mod providers;
pub(super) mod pull_request;
mod reach;
pub(super) mod regression;
pub(super) mod release;
mod repeat;
pub(super) mod rollout;
pub(super) mod run;
pub(super) mod store;
pub(super) mod suites;
pub(super) mod targets;

use std::time::Duration;

use super::{
    path::Path,
    problems::{Finding, Problems},
};
use crate::domain::duration;

/// A duration above zero.
fn duration_at(text: Option<&String>, path: &Path, problems: &mut Problems<'_>) -> Option<Duration> {
    let text = text?;
    match duration::parse(text) {
        Ok(duration) if duration.is_zero() => problems.push(Finding::error(path.clone(), "must be longer than nothing")),
        Ok(duration) => return Some(duration),
        Err(error) => problems.push(Finding::error(path.clone(), error.to_string())),
    }
    None
}

/// Whether a text can be the name of an environment variable.
fn is_variable_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
