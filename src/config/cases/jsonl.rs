//! One case a line. Lines without problems cost one parse; only a line with problems is walked again for places.

use super::CaseReader;
use crate::{
    config::{
        locate,
        path::Path,
        problems::{Problems, in_order},
        strict_json,
    },
    domain::{
        diagnostic::{Diagnostic, Place},
        suite::Case,
    },
};

/// The longest line we read, in bytes.
const LONGEST_LINE: usize = 10_000_000;

/// Reads a file of JSON Lines; blank lines are passed over.
pub(super) fn parse(text: &str, file: &str) -> Result<Vec<Case>, Vec<Diagnostic>> {
    let mut reader = CaseReader::default();
    let mut cases = Vec::new();
    let mut list = Vec::new();
    let lines = text.lines().enumerate().map(|(index, line)| (index + 1, line)).filter(|(_, line)| !line.trim().is_empty());
    for (position, (number, line)) in lines.enumerate() {
        match read_line(line, number, position + 1, file, &mut reader) {
            Ok(case) => cases.push(case),
            Err(problems) => list.extend(problems),
        }
    }
    if list.is_empty() { Ok(cases) } else { Err(in_order(list)) }
}

fn read_line(line: &str, number: usize, position: usize, file: &str, reader: &mut CaseReader) -> Result<Case, Vec<Diagnostic>> {
    if line.len() > LONGEST_LINE {
        let message = format!("the line has {} bytes, more than the {LONGEST_LINE} of a case", line.len());
        return Err(vec![Diagnostic::error(Place::line(file, number), "", message)]);
    }
    let value = match strict_json::parse(line) {
        Ok(value) => value,
        Err(error) => {
            let (tree, duplicates) = locate::read_json(line, number);
            let mut problems = Problems::new(file, &tree);
            if error.is_duplicate() && !duplicates.is_empty() {
                problems.extend_text(&duplicates);
            } else {
                let help = "write one JSON object in each line";
                problems.add(
                    Diagnostic::error(Place::at(file, number, error.column), "", format!("not JSON: {}", error.message)).with_help(help),
                );
            }
            return Err(problems.finish().err().unwrap_or_default());
        }
    };
    let mut findings = Vec::new();
    let case = reader.read(value, position, Place::line(file, number), &Path::root(), &mut findings);
    if let (Some(case), true) = (case, findings.is_empty()) {
        return Ok(case);
    }
    let (tree, _) = locate::read_json(line, number);
    let mut problems = Problems::new(file, &tree);
    problems.extend(findings);
    Err(problems.finish().err().unwrap_or_default())
}
