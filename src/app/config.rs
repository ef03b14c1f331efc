//! `prompt-cicd config check | show | schema`.

use std::path::PathBuf;

use serde_json::json;

use super::{Failure, Finished, Services, read_config};
use crate::{config, report::number::plural};

/// Whether output is for people or for machines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Lines of text.
    Text,
    /// JSON.
    Json,
}

/// Checks the configuration, its prompts and its cases, and asks nothing.
///
/// # Errors
/// Every problem at once.
pub fn check(services: &Services, given: Option<PathBuf>, shape: Shape) -> Result<Finished, Failure> {
    let checked = super::test::check(services, given)?;
    let stdout = match shape {
        Shape::Text => format!(
            "ok: {}, {}, {}\n",
            plural(checked.suites, "suite"),
            plural(checked.cases, "case"),
            plural(checked.providers, "provider")
        ),
        Shape::Json => format!(
            "{}\n",
            json!({"suites": checked.suites, "cases": checked.cases, "providers": checked.providers, "warnings": checked.warnings})
        ),
    };
    Ok(Finished { notes: super::lines(&checked.warnings), ..Finished::done(stdout) })
}

/// Shows every effective setting and where it comes from.
///
/// # Errors
/// A configuration that does not hold together.
pub fn show(services: &Services, given: Option<PathBuf>, shape: Shape) -> Result<Finished, Failure> {
    let (path, text) = read_config(services, given)?;
    let settings = config::show::effective(&text, &path.display().to_string()).map_err(Failure::Configuration)?;
    let stdout = match shape {
        Shape::Text => {
            let width =
                settings.iter().map(|setting| setting.path.chars().count() + setting.value.chars().count()).max().unwrap_or(0).min(80);
            let line = |setting: &config::show::Setting| {
                let left = format!("{}: {}", setting.path, setting.value);
                format!("{left:<width$}  # {}\n", setting.origin, width = width + 2)
            };
            settings.iter().map(line).collect::<Vec<_>>().concat()
        }
        Shape::Json => {
            let rows: Vec<_> = settings
                .iter()
                .map(|setting| json!({"path": setting.path, "value": setting.value, "origin": setting.origin.to_string()}))
                .collect();
            format!("{}\n", json!(rows))
        }
    };
    Ok(Finished::done(stdout))
}

/// The JSON Schema of the configuration file, for editors.
///
/// # Errors
/// Never in practice.
pub fn schema() -> Result<Finished, Failure> {
    let mut text = serde_json::to_string_pretty(&config::schema::schema()).map_err(|error| Failure::Internal(error.into()))?;
    text.push('\n');
    Ok(Finished::done(text))
}
