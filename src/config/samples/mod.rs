//! Samples for `detect`, `distributions` and `trend`: JSON with the seed's names, CSV, or lists on the command line.

mod json;
mod keys;
mod quick;
mod stream;
mod table;
mod written;

#[cfg(test)]
mod tests;

use crate::domain::{
    diagnostic::{Diagnostic, Place},
    regression::analysis::{Drawn, Question},
    utf8::NotUtf8,
};
pub use stream::pair_from;
pub use written::Written;

/// The most values of one sample that are held: 160 MB with their order.
pub const MOST_VALUES: usize = 10_000_000;

/// Two samples and what their file says about them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Pair {
    /// The baseline's values in the order of the file.
    pub baseline: Vec<f64>,
    /// The current values.
    pub current: Vec<f64>,
    /// How many values each side had; more than are here where they were drawn.
    pub seen: [usize; 2],
    /// What the file asks for.
    pub written: Written,
}

/// Which values of a file are kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Keep {
    /// So many of each side, drawn while they are read; all without.
    pub most: Option<usize>,
    /// By which they are drawn.
    pub seed: u64,
    /// Whether the current values may stand alone.
    pub alone: bool,
}

impl Keep {
    fn baseline(self) -> Drawn {
        Drawn::new(self.most, self.seed)
    }

    fn current(self) -> Drawn {
        Drawn::new(self.most, Question { seed: self.seed, ..Question::default() }.seed_of_current())
    }
}

impl Pair {
    /// Two sides as they were read.
    fn of(baseline: Drawn, current: Drawn, written: Written) -> Self {
        let seen = [baseline.seen(), current.seen()];
        Self { baseline: baseline.into_values(), current: current.into_values(), seen, written }
    }

    /// Two lists, all of whose values are kept.
    pub fn of_lists(baseline: Vec<f64>, current: Vec<f64>) -> Self {
        let seen = [baseline.len(), current.len()];
        Self { baseline, current, seen, written: Written::default() }
    }
}

/// Values in order of time.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Series {
    /// What is measured.
    pub metric: Option<String>,
    /// The values.
    pub values: Vec<f64>,
    /// Their positions: numbers, or seconds since 1970 where the file had dates. Empty: 0, 1, 2, …
    pub timestamps: Vec<f64>,
}

/// Reads two samples: JSON when the text begins like JSON, else CSV.
///
/// # Errors
/// Everything that keeps the values from being used, with its place.
pub fn pair(bytes: &[u8], file: &str) -> Result<Pair, Vec<Diagnostic>> {
    pair_kept(bytes, file, Keep::default())
}

fn pair_kept(bytes: &[u8], file: &str, keep: Keep) -> Result<Pair, Vec<Diagnostic>> {
    if looks_like_json(bytes) { json::pair(bytes, file, keep) } else { table::pair(text(bytes, file)?.as_bytes(), file, keep) }
}

/// Reads the current values alone, to be held against recorded runs: an object with `current_values`, a list, or CSV of one column.
///
/// # Errors
/// Everything that keeps the values from being used, with its place; baseline values beside them.
pub fn current(bytes: &[u8], file: &str) -> Result<(Vec<f64>, Written), Vec<Diagnostic>> {
    if bytes.trim_ascii_start().first() != Some(&b'{') {
        return series(bytes, file).map(|series| (series.values, Written { metric: series.metric, ..Written::default() }));
    }
    let pair = json::pair(bytes, file, Keep { alone: true, ..Keep::default() })?;
    if pair.seen[0] > 0 {
        let help = "leave out --baseline to compare the two sides of the file, or take its baseline values out";
        let message = "the file has baseline values, and --baseline names recorded runs: which are meant?";
        return Err(vec![Diagnostic::error(Place::file(file), "", message).with_help(help)]);
    }
    Ok((pair.current, pair.written))
}

/// Reads a series: a JSON object or list, or CSV.
///
/// # Errors
/// Everything that keeps the values from being used, with its place.
pub fn series(bytes: &[u8], file: &str) -> Result<Series, Vec<Diagnostic>> {
    if looks_like_json(bytes) { json::series(bytes, file) } else { table::series(text(bytes, file)?, file) }
}

/// Reads a list as it stands on a command line: numbers with commas or spaces between.
///
/// # Errors
/// The first piece that is no finite number.
pub fn list(text: &str) -> Result<Vec<f64>, String> {
    let text = text.trim().trim_start_matches('[').trim_end_matches(']');
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let mut pieces = Vec::new();
    for piece in text.split([',', ';']) {
        if piece.trim().is_empty() {
            return Err(format!(
                "value {} (from 0) is empty: two commas, or one at an end; take it out, or say what was measured",
                pieces.len()
            ));
        }
        pieces.extend(piece.split_whitespace());
    }
    pieces.into_iter().enumerate().map(|(index, piece)| number(piece).map_err(|wrong| format!("value {index} (from 0) {wrong}"))).collect()
}

/// A finite number, or what is wrong with the text.
fn number(text: &str) -> Result<f64, String> {
    let shown = super::suggest::shorten(text);
    match text.trim().parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(value),
        Ok(_) => Err(format!("is `{shown}`, which is no finite number; take it out, or mend what measured it")),
        Err(_) => match text.find(|c: char| c.is_ascii_alphabetic() || c == '%' || c == 'µ') {
            Some(at) if at > 0 && text.get(..at).is_some_and(|number| number.trim().parse::<f64>().is_ok()) => {
                Err(format!("is `{shown}`, a number with a unit; write plain numbers, all in one unit"))
            }
            Some(_) | None => Err(format!("is `{shown}`, which is no number")),
        },
    }
}

fn looks_like_json(bytes: &[u8]) -> bool {
    let start = bytes.iter().find(|byte| !byte.is_ascii_whitespace() && !matches!(byte, 0xef | 0xbb | 0xbf));
    matches!(start, Some(b'{' | b'[' | b'"'))
}

fn text<'b>(bytes: &'b [u8], file: &str) -> Result<&'b str, Vec<Diagnostic>> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let unplaced = || Diagnostic::error(Place::file(file), "", format!("not UTF-8 text: {error}"));
        vec![NotUtf8::find(bytes).map_or_else(unplaced, |wrong| wrong.described(file))]
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim().is_empty() {
        return Err(vec![
            Diagnostic::error(Place::file(file), "", "the file is empty")
                .with_help("write JSON with `baseline_values` and `current_values`, or CSV with the columns `baseline` and `current`"),
        ]);
    }
    Ok(text)
}
