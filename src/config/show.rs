//! Every effective value, and where it comes from.

use std::fmt;

use serde_json::Value;

use super::{
    document::Document,
    finish,
    path::Path,
    problems::{self, Problems},
};
use crate::domain::diagnostic::{Diagnostic, Place};

/// One effective value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Its key, e.g. `suites[0].limits.request`.
    pub path: String,
    /// The value as JSON.
    pub value: String,
    /// Who says so.
    pub origin: Origin,
}

/// Who decided a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// `defaults.yml`.
    Default,
    /// `defaults.yml`, because the file names no provider.
    NoProvider,
    /// The user's file.
    File(Place),
    /// A flag of the command line, by name.
    Flag(String),
    /// An input of the action, by name.
    Input(String),
    /// An environment variable, by name.
    Environment(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::NoProvider => f.write_str("default, for the file names no provider: GitHub Models, in a workflow"),
            Self::File(Place { file, line: Some(line), .. }) => write!(f, "{file}:{line}"),
            Self::File(place) => write!(f, "{place}"),
            Self::Flag(name) => write!(f, "flag {name}"),
            Self::Input(name) => write!(f, "input {name}"),
            Self::Environment(name) => write!(f, "environment {name}"),
        }
    }
}

/// Every value a run with this file would keep to, section by section.
///
/// # Errors
/// Everything that is wrong with the file.
pub fn effective(text: &str, file: &str) -> Result<Vec<Setting>, Vec<Diagnostic>> {
    let document = Document::read(text, file)?;
    let mut problems = document.problems(file);
    let effective = super::read(&document.value, &mut problems).map(|(_, effective)| effective);
    let implied = document.value.get("providers").is_none();
    let mut settings = Vec::new();
    if let Some(effective) = &effective {
        for section in [
            "version",
            "providers",
            "suite-defaults",
            "suites",
            "run",
            "lints",
            "regression",
            "gates",
            "monitor",
            "github",
            "store",
            "targets",
            "metric-sources",
            "notifications",
            "environments",
            "rollouts",
        ] {
            if let Some(value) = effective.get(section) {
                collect(value, &Path::root().key(section), &problems, &mut settings);
            }
        }
    }
    if implied {
        for setting in settings.iter_mut().filter(|setting| setting.origin == Origin::Default && of_provider(&setting.path)) {
            setting.origin = Origin::NoProvider;
        }
    }
    finish(effective, problems).map(|_| settings)
}

fn collect(value: &Value, path: &Path, problems: &Problems<'_>, settings: &mut Vec<Setting>) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (key, value) in map {
                collect(value, &path.key(key.as_str()), problems, settings);
            }
        }
        Value::Array(suites) if *path == Path::root().key("suites") => {
            for (index, suite) in suites.iter().enumerate() {
                collect(suite, &path.index(index), problems, settings);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
            settings.push(Setting { path: path.to_string(), value: value.to_string(), origin: origin(path, problems) });
        }
    }
}

/// Whether a value says who answers.
fn of_provider(path: &str) -> bool {
    path.starts_with("providers.") || path.starts_with("suites[") && path.ends_with("].provider")
}

fn origin(path: &Path, problems: &Problems<'_>) -> Origin {
    let written = problems.is_written(path) || problems::shared(path).is_some_and(|shared| problems.is_written(&shared));
    if written { Origin::File(problems.place_of(path)) } else { Origin::Default }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "version: 1\nproviders:\n  say: {kind: echo}\n  web: {kind: anthropic}\nsuite-defaults:\n  repeat: 2\nsuites:\n  - name: a\n    \
                        prompt: p.txt\n    provider: say\n    limits: {case: 1m}\n    cases: [c.jsonl]\n";

    fn line(settings: &[Setting], path: &str) -> String {
        let setting = settings.iter().find(|setting| setting.path == path).unwrap_or_else(|| panic!("{path}: {settings:?}"));
        format!("{} ({})", setting.value, setting.origin)
    }

    #[test]
    fn every_value_says_where_it_comes_from() {
        let settings = effective(TEXT, "c.yml").unwrap();
        for (path, expected) in [
            ("version", "1 (c.yml:1)"),
            ("providers.web.base-url", "\"https://api.anthropic.com/v1\" (default)"),
            ("suite-defaults.repeat", "2 (c.yml:6)"),
            ("suites[0].repeat", "2 (c.yml:6)"),
            ("suites[0].limits.case", "\"1m\" (c.yml:11)"),
            ("suites[0].limits.request", "\"30s\" (default)"),
            ("suites[0].cases", "[\"c.jsonl\"] (c.yml:12)"),
            ("run.retry.budget", "\"60s\" (default)"),
            ("run.cache", "false (default)"),
        ] {
            assert_eq!(line(&settings, path), expected, "{path}");
        }
    }

    #[test]
    fn every_default_is_shown() {
        let shown = effective(
            "version: 1\nproviders: {a: {kind: openai}, b: {kind: anthropic}}\nsuites: [{name: s, prompt: p, provider: a, cases: c}]\n",
            "c.yml",
        )
        .unwrap();
        let defaults = super::super::defaults::values();
        for (section, below) in [
            ("suite-defaults", "suites[0]"),
            ("run", "run"),
            ("lints", "lints"),
            ("regression", "regression"),
            ("provider-kinds/openai", "providers.a"),
            ("provider-kinds/anthropic", "providers.b"),
        ] {
            let Some(Value::Object(values)) =
                section.split('/').try_fold(&Value::Object(defaults.clone()), |value, key| value.get(key)).cloned()
            else {
                panic!("{section}");
            };
            for (key, value) in values {
                let path = format!("{below}.{key}");
                if value.is_object() {
                    assert!(shown.iter().any(|setting| setting.path.starts_with(&path)), "{path}");
                } else {
                    assert_eq!(line(&shown, &path), format!("{value} (default)"));
                }
            }
        }
    }

    #[test]
    fn a_file_without_providers_says_who_answers() {
        let settings = effective("version: 1\nsuites: [{name: s, prompt: p, cases: c}]\n", "c.yml").unwrap();
        let told = "default, for the file names no provider: GitHub Models, in a workflow";
        for (path, value) in [
            ("providers.github-models.model", "\"openai/gpt-4o-mini\""),
            ("providers.github-models.base-url", "\"https://models.github.ai/inference\""),
            ("suites[0].provider", "\"github-models\""),
        ] {
            assert_eq!(line(&settings, path), format!("{value} ({told})"), "{path}");
        }
        // Whoever names one means it.
        for text in [
            "suite-defaults: {provider: x}\nsuites: [{name: s, prompt: p, cases: c}]\n",
            "providers: {}\nsuites: [{name: s, prompt: p, cases: c}]\n",
        ] {
            assert!(effective(&format!("version: 1\n{text}"), "c.yml").is_err(), "{text}");
        }
    }

    #[test]
    fn a_wrong_file_has_no_effective_values() {
        assert_eq!(effective("version: 2\n", "c.yml").unwrap_err().len(), 1);
    }
}
