//! One case a line. Lines without problems cost one parse; only a line with problems is walked again for places.

use std::io::{self, BufRead as _, BufReader, Read};

use super::{CaseReader, MOST_SHARED};
use crate::{
    config::{locate, path::Path, problems::Problems, strict_json},
    domain::{
        diagnostic::{Diagnostic, Place},
        suite::Case,
        utf8::Utf8,
    },
};

/// The longest line we read, in bytes.
const LONGEST_LINE: usize = 10_000_000;

/// Reads JSON Lines one after another; blank lines are passed over.
pub(super) struct Lines<R> {
    input: BufReader<R>,
    file: String,
    /// The last line read, from 1.
    number: usize,
    /// The last case read, from 1.
    position: usize,
    reader: CaseReader,
    ended: bool,
}

impl<R: Read> Lines<R> {
    pub(super) fn new(input: R, file: &str) -> Self {
        let input = BufReader::with_capacity(64 * 1024, input);
        Self { input, file: file.to_owned(), number: 0, position: 0, reader: CaseReader::default(), ended: false }
    }

    /// The next line without its end, as far as a case may be long, and how long it is.
    fn line(&mut self) -> io::Result<Option<(Vec<u8>, usize)>> {
        let mut line = Vec::new();
        self.input.by_ref().take(LONGEST_LINE as u64 + 2).read_until(b'\n', &mut line)?;
        if line.is_empty() {
            return Ok(None);
        }
        let mut length = line.len();
        if line.pop_if(|last| *last == b'\n').is_none() {
            length += self.input.skip_until(b'\n')?;
        }
        length -= usize::from(length > line.len());
        line.pop_if(|last| *last == b'\r');
        Ok(Some((line, length)))
    }
}

impl<R: Read> Iterator for Lines<R> {
    type Item = Result<Case, Vec<Diagnostic>>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.ended {
            self.number += 1;
            let place = Place::line(&self.file, self.number);
            let (line, length) = match self.line() {
                Ok(Some(line)) => line,
                Ok(None) => break,
                Err(error) => {
                    self.ended = true;
                    return Some(Err(vec![Diagnostic::error(place, "", format!("the file cannot be read: {error}"))]));
                }
            };
            if length > LONGEST_LINE {
                self.position += 1;
                let message = format!("the line has {length} bytes, more than the {LONGEST_LINE} of a case");
                return Some(Err(vec![Diagnostic::error(place, "", message)]));
            }
            let line = match String::from_utf8(line) {
                Ok(line) => line,
                Err(error) => {
                    self.position += 1;
                    let mut utf8 = Utf8::from_line(self.number);
                    let wrong = utf8.take(error.as_bytes()).and_then(|()| utf8.end()).err();
                    return Some(Err(wrong.map(|wrong| wrong.described(&self.file)).into_iter().collect()));
                }
            };
            let line = if self.number == 1 { line.strip_prefix('\u{feff}').unwrap_or(&line) } else { &line };
            if !line.trim().is_empty() {
                self.position += 1;
                self.reader.assertions.forget_beyond(MOST_SHARED);
                return Some(read_line(line, self.number, self.position, &self.file, &mut self.reader));
            }
        }
        self.ended = true;
        None
    }
}

fn read_line(line: &str, number: usize, position: usize, file: &str, reader: &mut CaseReader) -> Result<Case, Vec<Diagnostic>> {
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
    if locate::may_lose(line) {
        let (tree, losses) = locate::read_json(line, number);
        if !losses.is_empty() {
            let mut problems = Problems::new(file, &tree);
            problems.extend_text(&losses);
            return Err(problems.finish().err().unwrap_or_default());
        }
    }
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
