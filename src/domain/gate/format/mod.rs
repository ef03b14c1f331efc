//! Files of other tools, read down to named numbers. A format is a row of [`FORMATS`].

mod coverage;
mod dependencies;
mod findings;
mod junit;
mod plain;
mod sarif;
mod tally;
mod xml;

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;

/// A format.
#[derive(Debug, Clone, Copy)]
pub struct Format {
    /// Its name in `format:`.
    pub name: &'static str,
    /// Which tool writes it, and how.
    pub tool: &'static str,
    /// Its numbers: name and meaning.
    pub measures: &'static [(&'static str, &'static str)],
    /// Whether a text looks like it.
    looks_like: fn(&str) -> bool,
    /// Reads it; the error is a sentence.
    read: fn(&str) -> Result<Readings, String>,
}

/// The numbers of a file by name.
pub type Readings = BTreeMap<&'static str, f64>;

/// Every format. The first that a text looks like is taken where none is named.
pub const FORMATS: [Format; 13] = [
    coverage::COBERTURA,
    junit::JUNIT,
    coverage::LCOV,
    sarif::SARIF,
    coverage::COVERAGE_PY,
    coverage::LLVM_COV,
    plain::REPORT,
    findings::BANDIT,
    dependencies::CARGO_OUTDATED,
    findings::MYPY,
    dependencies::PIP_OUTDATED,
    findings::RADON,
    findings::RUFF,
];

/// The format for any JSON file: the measure is a JSON pointer.
pub const JSON: &str = "json";

/// Formats that no text can be told from others by: they must be named.
pub const NAMED: [Format; 1] = [dependencies::NPM_OUTDATED];

/// All formats by name, `json` left out.
pub fn all() -> impl Iterator<Item = &'static Format> {
    FORMATS.iter().chain(&NAMED)
}

/// The number of a measure in a text.
///
/// # Errors
/// A sentence that says what is wrong and what to do.
pub fn read(text: &str, format: Option<&str>, measure: &str) -> Result<f64, String> {
    let text = text.trim_start_matches('\u{feff}');
    if format == Some(JSON) || (format.is_none() && measure.starts_with('/')) {
        return plain::pointer(text, measure);
    }
    let format = match format {
        Some(name) => all().find(|format| format.name == name).ok_or_else(|| format!("no format is called `{name}`"))?,
        None if text.trim().is_empty() => return Err("it is empty: did the tool end before it wrote it?".to_owned()),
        None => guessed(text, measure).ok_or_else(|| {
            let names: Vec<&str> = all().map(|format| format.name).collect();
            format!("not a format we know; name it with `format:` ({}, {JSON})", names.join(", "))
        })?,
    };
    let readings = (format.read)(text).map_err(|why| {
        let other = FORMATS.iter().find(|other| other.name != format.name && (other.looks_like)(text));
        let meant = other.map(|other| format!("; it looks like `{}`", other.name)).unwrap_or_default();
        format!("not {}: {why}{meant}", format.name)
    })?;
    readings.get(measure).copied().ok_or_else(|| {
        let known: Vec<&str> = readings.keys().copied().collect();
        format!("no `{measure}` in this {} file; it has {}", format.name, known.join(", "))
    })
}

/// The format that a text looks like. Where several may have written it, as with an empty list, the one that has the measure is meant.
fn guessed(text: &str, measure: &str) -> Option<&'static Format> {
    let alike = || FORMATS.iter().filter(|format| (format.looks_like)(text));
    alike().find(|format| format.measures.iter().any(|(name, _)| *name == measure)).or_else(|| alike().next())
}

/// JSON into a type, with a short reason.
fn json<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_json::from_str(text).map_err(|error| format!("{error}"))
}

/// Whether a JSON text begins with an object that has this key near its start.
fn has_key(text: &str, key: &str) -> bool {
    let head: String = text.chars().take(20_000).collect();
    head.trim_start().starts_with('{') && head.contains(&format!("\"{key}\""))
}

#[expect(clippy::cast_precision_loss, reason = "counts of tests and findings stay far below 2^53")]
fn number(count: usize) -> f64 {
    count as f64
}

/// `part` of `whole` in percent; an error when there is nothing.
fn percent(part: f64, whole: f64, of: &str) -> Result<f64, String> {
    if whole > 0.0 { Ok(100.0 * part / whole) } else { Err(format!("it covers no {of}")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_each_measure_is_explained() {
        let mut names: Vec<&str> = all().map(|format| format.name).chain([JSON]).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
        assert!(all().all(|format| !format.measures.is_empty() && format.measures.iter().all(|(_, meaning)| !meaning.is_empty())));
    }

    #[test]
    fn a_file_of_another_tool_is_named() {
        assert_eq!(read("", None, "line-coverage").unwrap_err(), "it is empty: did the tool end before it wrote it?");
        let lcov = "TN:\nSF:a.rs\nLF:10\nLH:9\nend_of_record\n";
        let error = read(lcov, Some("cobertura"), "line-coverage").unwrap_err();
        assert!(error.starts_with("not cobertura: ") && error.ends_with("; it looks like `lcov`"), "{error}");
        assert!(read("hello", None, "line-coverage").unwrap_err().starts_with("not a format we know"));
        assert_eq!(read(lcov, None, "tests").unwrap_err(), "no `tests` in this lcov file; it has files, line-coverage, lines");
        // Nothing found, and nothing outdated.
        assert_eq!((read("[]", None, "findings"), read("[]", None, "outdated")), (Ok(0.0), Ok(0.0)));
    }
}
