//! `prompt-cicd config check | show | schema`.

use std::path::PathBuf;

use serde_json::json;

use super::{Failure, Finished, Services, read_config};
pub use crate::config::show::Origin;
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

/// A value that goes before the configuration file's, and who said it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    /// The key; `[*]` stands for every item of a list.
    pub key: &'static str,
    /// The value as written.
    pub value: String,
    /// Who said it.
    pub origin: Origin,
}

/// `suites[3].repeat` → `suites[*].repeat`.
fn without_indexes(path: &str) -> String {
    let mut parts = path.split('[');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |path, part| {
        let (index, rest) = part.split_once(']').unwrap_or((part, ""));
        let index = if index.chars().all(|character| character.is_ascii_digit()) { "*" } else { index };
        format!("{path}[{index}]{rest}")
    })
}

/// A number or a boolean as it is, anything else as a text.
fn as_json(value: &str) -> String {
    let plain = serde_json::from_str::<serde_json::Value>(value).is_ok_and(|value| value.is_number() || value.is_boolean());
    if plain { value.to_owned() } else { json!(value).to_string() }
}

/// Shows every effective setting and where it comes from.
///
/// # Errors
/// A configuration that does not hold together.
pub fn show(services: &Services, given: Option<PathBuf>, shape: Shape, overrides: &[Override]) -> Result<Finished, Failure> {
    let (path, text) = read_config(services, given)?;
    let mut settings = config::show::effective(&text, &path.display().to_string()).map_err(Failure::Configuration)?;
    for setting in &mut settings {
        let key = without_indexes(&setting.path);
        if let Some(found) = overrides.iter().find(|found| found.key == key) {
            setting.value = as_json(&found.value);
            setting.origin = found.origin.clone();
        }
    }
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
