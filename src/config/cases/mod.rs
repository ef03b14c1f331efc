//! Cases from files: JSON Lines, lists in YAML or JSON, and CSV.

mod case;
mod csv;
mod jsonl;
mod list;
mod quotes;

use std::{collections::HashMap, io::Read, sync::Arc};

pub(super) use case::{CaseReader, KEYS};
pub(super) use list::read as inline;

use super::{document::extension, problems::in_order, suggest::shorten};
use crate::domain::{
    diagnostic::{Diagnostic, Place},
    suite::{Case, CaseDefaults, CaseSource, SuiteSettings, assertion::Assertion},
};

/// Different assertions of one file that are read once and shared.
const MOST_SHARED: usize = 1_000;

/// Reads the cases of a file, in the form its extension names.
///
/// # Errors
/// Everything that is wrong in the file.
pub fn parse(text: &str, file: &str) -> Result<Vec<Case>, Vec<Diagnostic>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let form = extension(file).unwrap_or_default().to_ascii_lowercase();
    match form.as_str() {
        "jsonl" | "ndjson" => collected(jsonl::Lines::new(text.as_bytes(), file)),
        "yml" | "yaml" | "json" => list::parse(text, file),
        "csv" => collected(csv::Rows::new(text.as_bytes(), file)),
        _ => Err(vec![
            Diagnostic::error(Place::file(file), "", "cases cannot be read from a file of this kind")
                .with_help("use .jsonl, .yml, .json or .csv"),
        ]),
    }
}

/// All cases, or all that is wrong.
fn collected(read: impl Iterator<Item = Result<Case, Vec<Diagnostic>>>) -> Result<Vec<Case>, Vec<Diagnostic>> {
    let (mut cases, mut list) = (Vec::new(), Vec::new());
    for case in read {
        match case {
            Ok(case) if list.is_empty() => cases.push(case),
            Ok(_) => {}
            Err(problems) => list.extend(problems),
        }
    }
    if list.is_empty() { Ok(cases) } else { Err(in_order(list)) }
}

/// Cases one after another, or what is wrong with one.
pub type Stream = Box<dyn Iterator<Item = Result<Case, Vec<Diagnostic>>> + Send>;

/// Whether the form of a file allows to read its cases one by one.
pub fn can_stream(file: &std::path::Path) -> bool {
    file.extension()
        .and_then(|form| form.to_str())
        .is_some_and(|form| matches!(form.to_ascii_lowercase().as_str(), "jsonl" | "ndjson" | "csv"))
}

/// Reads the cases of a file one by one, without ever holding the file; `None` where its form allows only to read it whole.
pub fn stream(input: Box<dyn Read + Send>, file: &str) -> Option<Stream> {
    match extension(file).unwrap_or_default().to_ascii_lowercase().as_str() {
        "jsonl" | "ndjson" => Some(Box::new(jsonl::Lines::new(input, file))),
        "csv" => Some(Box::new(csv::Rows::new(input, file))),
        _ => None,
    }
}

/// Checks the cases of a suite together: every name once, and no case without an assertion that counts.
pub fn check(cases: &[Case], suite: &SuiteSettings) -> Vec<Diagnostic> {
    let mut list = repeated_ids(cases);
    let help = match suite.cases {
        CaseSource::Prompt => format!("give the prompt's file `evaluators`, or write assertions under `{}.defaults.assert`", suite.path),
        CaseSource::Files(_) | CaseSource::Inline(_) => give_assertions(&suite.path),
    };
    list.extend(without_assertions(cases, &suite.defaults, &help));
    in_order(list)
}

/// What to do about a case that could never fail.
pub(super) fn give_assertions(suite: &str) -> String {
    format!("give it `assert`, or write assertions for all cases under `{suite}.defaults.assert`")
}

/// Names that more than one case has.
pub(super) fn repeated_ids(cases: &[Case]) -> Vec<Diagnostic> {
    let mut first: HashMap<&str, &Place> = HashMap::with_capacity(cases.len());
    let mut list = Vec::new();
    for case in cases {
        if let Some(first) = first.get(case.id.0.as_str()) {
            let message = format!("a second case has the id `{}`; the first one is at {first}", shorten(&case.id.0));
            list.push(Diagnostic::error(case.place.clone(), "", message).with_help("give each case its own `id`"));
        } else {
            first.insert(&case.id.0, &case.place);
        }
    }
    list
}

/// Cases that could never fail.
pub(super) fn without_assertions(cases: &[Case], defaults: &CaseDefaults, help: &str) -> Vec<Diagnostic> {
    let counts = |assertions: &[Arc<Assertion>]| assertions.iter().any(|assertion| assertion.weight > 0.0);
    if counts(&defaults.assertions) {
        return Vec::new();
    }
    let explain = |case: &Case| {
        let message = format!("case `{}` has no assertion that counts, so it could never fail", shorten(&case.id.0));
        Diagnostic::error(case.place.clone(), "", message).with_help(help)
    };
    cases.iter().filter(|case| !counts(&case.assertions)).map(explain).collect()
}

#[cfg(test)]
mod tests;
