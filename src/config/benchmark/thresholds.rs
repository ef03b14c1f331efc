//! Thresholds of benchmarks, in one YAML or JSON file.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use crate::{
    config::{
        document::{Document, sound, typed},
        path::Path,
        problems::{Finding, Problems},
    },
    domain::{
        benchmark::compare::{Rule, Thresholds},
        diagnostic::{Diagnostic, Place},
        regression::Direction,
    },
};

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct File {
    /// Worse by more than this is a warning.
    #[schemars(schema_with = "of_share")]
    #[serde(default)]
    warn: Option<Share>,
    /// Worse by more than this fails.
    #[schemars(schema_with = "of_share")]
    #[serde(default)]
    fail: Option<Share>,
    /// What a benchmark that head does not have does.
    #[schemars(schema_with = "of_missing")]
    #[serde(default)]
    missing: Option<String>,
    /// What holds for some benchmarks.
    #[serde(default)]
    benchmarks: Vec<Entry>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Entry {
    /// The names it holds for; `*` stands for any characters.
    name: String,
    /// Instead of the general one.
    #[schemars(schema_with = "of_share")]
    #[serde(default)]
    warn: Option<Share>,
    /// Instead of the general one.
    #[schemars(schema_with = "of_share")]
    #[serde(default)]
    fail: Option<Share>,
    /// Which way is good, instead of what the tool says.
    #[schemars(schema_with = "of_direction")]
    #[serde(default)]
    direction: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Share {
    Number(f64),
    Text(String),
}

fn of_share(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": ["number", "string"], "examples": ["10 %"]})
}

fn of_missing(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "enum": ["report", "fail"]})
}

fn of_direction(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "enum": Direction::NAMES.map(|(name, _)| name)})
}

/// Reads thresholds, shares like `0.1` or `10 %`, and the place of the name of each entry of `benchmarks`.
///
/// # Errors
/// Everything that is wrong with them.
pub fn read(text: &str, file: &str) -> Result<(Thresholds, Vec<Place>), Vec<Diagnostic>> {
    let document = Document::read(text, file)?;
    let mut problems = document.problems(file);
    let read = sound::<File>(&document.value, &mut problems).and_then(|value| typed::<File>(value, &mut problems));
    let thresholds = read.map(|file| of(file, &mut problems));
    problems.finish()?;
    thresholds.ok_or_else(Vec::new)
}

fn of(raw: File, problems: &mut Problems<'_>) -> (Thresholds, Vec<Place>) {
    let root = Path::root();
    let defaults = Thresholds::default();
    let warn = share(raw.warn.as_ref(), &root.key("warn"), problems);
    let fail = share(raw.fail.as_ref(), &root.key("fail"), problems);
    // Who names one of them means the other one not to get in its way.
    let (warn, fail) = match (warn, fail) {
        (Some(warn), Some(fail)) => {
            in_order(warn, fail, &root.key("warn"), problems);
            (warn, fail)
        }
        (Some(warn), None) => (warn, defaults.fail.max(warn)),
        (None, Some(fail)) => (defaults.warn.min(fail), fail),
        (None, None) => (defaults.warn, defaults.fail),
    };
    let (mut rules, mut places) = (Vec::new(), Vec::new());
    for (index, entry) in raw.benchmarks.into_iter().enumerate() {
        let path = root.key("benchmarks").index(index);
        places.push(problems.place_of(&path.key("name")));
        let rule = Rule {
            warn: share(entry.warn.as_ref(), &path.key("warn"), problems),
            fail: share(entry.fail.as_ref(), &path.key("fail"), problems),
            direction: Direction::NAMES
                .into_iter()
                .find(|(name, _)| entry.direction.as_deref() == Some(name))
                .map(|(_, direction)| direction),
            pattern: entry.name,
        };
        if let Some(own) = rule.warn {
            in_order(own, rule.fail.unwrap_or(fail), &path.key("warn"), problems);
        }
        rules.push(rule);
    }
    (Thresholds { warn, fail, rules, missing_fails: raw.missing.as_deref() == Some("fail") }, places)
}

fn in_order(warn: f64, fail: f64, path: &Path, problems: &mut Problems<'_>) {
    if warn > fail {
        let message = format!("warns above {warn} % and fails above {fail} % already");
        problems.push(Finding::error(path.clone(), message).help("make `warn` at most `fail`".to_owned()));
    }
}

/// A share in per cent.
fn share(written: Option<&Share>, path: &Path, problems: &mut Problems<'_>) -> Option<f64> {
    let percent = match written? {
        Share::Number(share) => Some(share * 100.0),
        Share::Text(text) => percent(text),
    };
    let sane = percent.filter(|percent| (0.0..=10_000.0).contains(percent));
    if sane.is_none() {
        problems.push(Finding::error(path.clone(), "not a share of 0 or more, like `0.1` or `10 %`"));
    }
    sane
}

/// Reads `10 %` or `0.1` as 10.
pub fn percent(text: &str) -> Option<f64> {
    let text = text.trim();
    let number = |text: &str| text.trim().parse::<f64>().ok().filter(|value| value.is_finite());
    text.strip_suffix('%').map_or_else(|| number(text).map(|share| share * 100.0), number)
}
