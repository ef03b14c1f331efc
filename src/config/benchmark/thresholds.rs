//! Thresholds of benchmarks, in one YAML or JSON file.

use serde::Deserialize;

use crate::{
    config::suggest,
    domain::{
        benchmark::compare::{Rule, Thresholds},
        diagnostic::{Diagnostic, Place},
        regression::Direction,
    },
};

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct File {
    warn: Option<Share>,
    fail: Option<Share>,
    missing: Option<String>,
    #[serde(default)]
    benchmarks: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Entry {
    name: String,
    warn: Option<Share>,
    fail: Option<Share>,
    direction: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Share {
    Number(f64),
    Text(String),
}

/// Reads thresholds: shares like `0.1` or `10 %`.
///
/// # Errors
/// Everything that is wrong with them.
pub fn read(text: &str, file: &str) -> Result<Thresholds, Vec<Diagnostic>> {
    let raw: File = serde_yaml::from_str(text).map_err(|error| {
        let place = error.location().map_or_else(|| Place::file(file), |at| Place::at(file, at.line().max(1), at.column().max(1)));
        vec![Diagnostic::error(place, "", suggest::shorten(&error.to_string()))]
    })?;
    let mut wrong = Vec::new();
    let mut say = |path: String, message: String| wrong.push(Diagnostic::error(Place::file(file), path, message));
    let defaults = Thresholds::default();
    let missing_fails = match raw.missing.as_deref() {
        None | Some("report") => false,
        Some("fail") => true,
        Some(other) => {
            say("missing".to_owned(), format!("`{}` is neither `report` nor `fail`", suggest::shorten(other)));
            false
        }
    };
    let warn = share(raw.warn.as_ref(), "warn", &mut say).unwrap_or(defaults.warn);
    let fail = share(raw.fail.as_ref(), "fail", &mut say).unwrap_or(defaults.fail.max(warn));
    let mut rules = Vec::new();
    for (index, entry) in raw.benchmarks.into_iter().enumerate() {
        let path = |key: &str| format!("benchmarks[{index}].{key}");
        let rule = Rule {
            warn: share(entry.warn.as_ref(), &path("warn"), &mut say),
            fail: share(entry.fail.as_ref(), &path("fail"), &mut say),
            direction: entry.direction.as_deref().and_then(|word| match word {
                "higher-is-better" => Some(Direction::HigherIsBetter),
                "lower-is-better" => Some(Direction::LowerIsBetter),
                other => {
                    say(path("direction"), format!("`{}` is neither `higher-is-better` nor `lower-is-better`", suggest::shorten(other)));
                    None
                }
            }),
            pattern: entry.name,
        };
        if rule.warn.unwrap_or(warn) > rule.fail.unwrap_or(fail) {
            say(path("warn"), "warns later than it fails: `warn` must be at most `fail`".to_owned());
        }
        rules.push(rule);
    }
    if warn > fail {
        say("warn".to_owned(), "warns later than it fails: `warn` must be at most `fail`".to_owned());
    }
    if wrong.is_empty() { Ok(Thresholds { warn, fail, rules, missing_fails }) } else { Err(wrong) }
}

/// A share in per cent.
fn share(written: Option<&Share>, path: &str, say: &mut impl FnMut(String, String)) -> Option<f64> {
    let percent = match written? {
        Share::Number(share) => Some(share * 100.0),
        Share::Text(text) => percent(text),
    };
    let sane = percent.filter(|percent| (0.0..=10_000.0).contains(percent));
    if sane.is_none() {
        say(path.to_owned(), "not a share of 0 or more, like `0.1` or `10 %`".to_owned());
    }
    sane
}

/// Reads `10 %` or `0.1` as 10.
pub fn percent(text: &str) -> Option<f64> {
    let text = text.trim();
    let number = |text: &str| text.trim().parse::<f64>().ok().filter(|value| value.is_finite());
    text.strip_suffix('%').map_or_else(|| number(text).map(|share| share * 100.0), number)
}
