//! A list of cases in YAML or JSON.

use serde_json::Value;

use super::CaseReader;
use crate::{
    config::{check::mistyped, document::Document, path::Path, problems::Problems},
    domain::{diagnostic::Diagnostic, suite::Case},
};

/// Reads a file that is one list of cases.
pub(super) fn parse(text: &str, file: &str) -> Result<Vec<Case>, Vec<Diagnostic>> {
    let mut document = Document::read(text, file)?;
    let value = document.value.take();
    let mut problems = document.problems(file);
    let cases = match value {
        Value::Array(items) => read(items, &Path::root(), &mut CaseReader::default(), &mut problems),
        other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => {
            let help = "write each case after a dash: `- vars: {name: Ana}`".to_owned();
            problems.push(mistyped(&Path::root(), "expected a list of cases", false, &other).help(help));
            Vec::new()
        }
    };
    problems.finish().map(|_| cases)
}

/// Reads the items of a list of cases that stands at `path`. What is wrong is reported and left out.
pub(in crate::config) fn read(items: Vec<Value>, path: &Path, reader: &mut CaseReader, problems: &mut Problems<'_>) -> Vec<Case> {
    let mut findings = Vec::new();
    let mut cases = Vec::with_capacity(items.len());
    for (index, item) in items.into_iter().enumerate() {
        let path = path.index(index);
        let place = problems.place_of(&path);
        let case = reader.read(item, index + 1, place, &path, &mut findings);
        cases.extend(case.map(|case| Case { assertion_lines: lines(&case, &path.key("assert"), problems), ..case }));
        problems.extend(findings.drain(..));
    }
    cases
}

/// Where the case's own assertions stand; none when that is the case's own line.
fn lines(case: &Case, path: &Path, problems: &Problems<'_>) -> Vec<usize> {
    let lines: Vec<usize> = (0..case.assertions.len()).filter_map(|index| problems.place_of(&path.index(index)).line).collect();
    if lines.iter().any(|line| Some(*line) != case.place.line) { lines } else { Vec::new() }
}
