//! CSV: a column for each side, or a column of values.

use std::io::Read;

use csv::{ReaderBuilder, StringRecord, Trim};

use super::{Keep, MOST_VALUES, Pair, Series, Written, number};
use crate::{
    config::suggest,
    domain::diagnostic::{Diagnostic, Place},
};

const BASELINE: [&str; 5] = ["baseline", "baseline_values", "base", "historical_data", "dist1"];
const CURRENT: [&str; 5] = ["current", "current_values", "head", "current_data", "dist2"];
const VALUE: [&str; 3] = ["value", "values", "y"];
/// More problems are not listed.
const MOST_PROBLEMS: usize = 10;
const TIME: [&str; 5] = ["timestamp", "timestamps", "time", "date", "x"];

/// Row by row: no more of the table is held than the values that are kept.
pub(super) fn pair(stream: impl Read, file: &str, keep: Keep) -> Result<Pair, Vec<Diagnostic>> {
    let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).trim(Trim::All).from_reader(stream);
    let (mut row, mut columns, mut wrong) = (StringRecord::new(), None, Vec::new());
    let mut sides = [keep.baseline(), keep.current()];
    // Columns may differ in length, but an empty cell between two values is a measurement that is not there.
    let mut ends: [Option<usize>; 2] = [None; 2];
    let mut fields = 0;
    while reader.read_record(&mut row).map_err(|error| vec![no_csv(&error, file)])? {
        let line = line_of(row.position());
        let places = match columns {
            Some(places) => places,
            None if is_header(&row) => {
                columns = Some([column(&row, &BASELINE, "baseline", file)?, column(&row, &CURRENT, "current", file)?]);
                fields = row.len();
                continue;
            }
            None => {
                fields = 2;
                *columns.insert([0, 1])
            }
        };
        if row.len() > fields {
            wrong.push(too_many(file, line, (row.len(), fields), "`baseline` and `current`"));
        }
        for ((side, end), place) in sides.iter_mut().zip(&mut ends).zip(places) {
            match (row.get(place).filter(|cell| !cell.is_empty()), *end) {
                (Some(_), Some(empty)) => wrong.push(gap(file, empty, line, place)),
                (Some(cell), None) => match number(cell) {
                    Ok(value) => side.push(value),
                    Err(message) => wrong.push(not_a_value(file, line, place, &message)),
                },
                (None, _) => *end = end.or(Some(line)),
            }
            // Once is enough.
            if end.is_some() && row.get(place).is_some_and(|cell| !cell.is_empty()) {
                *end = None;
            }
            if side.kept() > MOST_VALUES {
                let message = format!("more than {MOST_VALUES} values; draw some with --max-samples");
                return Err(vec![Diagnostic::error(Place::line(file, line), "", message)]);
            }
        }
        if wrong.len() >= MOST_PROBLEMS {
            break;
        }
    }
    let [baseline, current] = sides;
    if wrong.is_empty() { Ok(Pair::of(baseline, current, Written::default())) } else { Err(wrong) }
}

fn is_header(row: &StringRecord) -> bool {
    row.iter().all(|cell| cell.parse::<f64>().is_err() && seconds(cell).is_err()) && row.iter().any(|cell| !cell.is_empty())
}

fn line_of(position: Option<&csv::Position>) -> usize {
    position.and_then(|position| usize::try_from(position.line()).ok()).unwrap_or(1)
}

fn no_csv(error: &csv::Error, file: &str) -> Diagnostic {
    Diagnostic::error(Place::line(file, line_of(error.position())), "", format!("this is no CSV: {error}"))
}

fn not_a_value(file: &str, line: usize, column: usize, message: &str) -> Diagnostic {
    Diagnostic::error(Place::line(file, line), "", format!("column {}: the value {message}", column + 1))
}

fn too_many(file: &str, line: usize, (found, expected): (usize, usize), names: &str) -> Diagnostic {
    Diagnostic::error(Place::line(file, line), "", format!("{found} fields where {expected} are expected: which of them are meant?"))
        .with_help(format!("name the columns {names} in a first line; others are passed over then"))
}

fn gap(file: &str, empty: usize, line: usize, column: usize) -> Diagnostic {
    let message = format!("column {}: the cell is empty, and line {line} goes on", column + 1);
    Diagnostic::error(Place::line(file, empty), "", message)
        .with_help("take the row out, or say what was measured; only the end of a column may be empty")
}

pub(super) fn series(text: &str, file: &str) -> Result<Series, Vec<Diagnostic>> {
    let (header, rows) = rows(text, file)?;
    let (time, value) = match &header {
        None if rows.first().is_some_and(|(_, row)| row.len() > 1) => (Some(0), 1),
        None => (None, 0),
        Some(header) => {
            let time = header.iter().position(|name| TIME.contains(&name.to_lowercase().as_str()));
            let value = match column(header, &VALUE, "value", file) {
                Ok(value) => value,
                // A lone column besides the time needs no name.
                Err(wrong) => match (0..header.len()).filter(|index| Some(*index) != time).collect::<Vec<_>>().as_slice() {
                    [only] => *only,
                    _ => return Err(wrong),
                },
            };
            (time, value)
        }
    };
    let fields = header.as_ref().map_or(2, StringRecord::len);
    let long = rows.iter().filter(|(_, row)| row.len() > fields).take(MOST_PROBLEMS);
    let long: Vec<Diagnostic> = long.map(|(line, row)| too_many(file, *line, (row.len(), fields), "`timestamp` and `value`")).collect();
    if !long.is_empty() {
        return Err(long);
    }
    let values = numbers(&rows, value, file)?;
    let Some(time) = time else { return Ok(Series { values, ..Series::default() }) };
    let timestamps = rows.iter().map(|(line, row)| {
        let text = row.get(time).unwrap_or_default();
        seconds(text).map_err(|wrong| vec![Diagnostic::error(Place::line(file, *line), "", format!("the timestamp {wrong}"))])
    });
    Ok(Series {
        metric: header.and_then(|header| header.get(value).map(str::to_owned)),
        values,
        timestamps: timestamps.collect::<Result<_, _>>()?,
    })
}

type Rows = (Option<StringRecord>, Vec<(usize, StringRecord)>);

/// The header, if the first row is one, and the other rows with their lines.
fn rows(text: &str, file: &str) -> Result<Rows, Vec<Diagnostic>> {
    let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).trim(Trim::All).from_reader(text.as_bytes());
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| vec![no_csv(&error, file)])?;
        let line = line_of(record.position());
        if rows.len() == MOST_VALUES {
            return Err(vec![Diagnostic::error(Place::line(file, line), "", format!("more than {MOST_VALUES} rows"))]);
        }
        rows.push((line, record));
    }
    let is_header = rows.first().is_some_and(|(_, row)| is_header(row));
    let header = is_header.then(|| rows.remove(0).1);
    Ok((header, rows))
}

fn column(header: &StringRecord, names: &[&str], what: &str, file: &str) -> Result<usize, Vec<Diagnostic>> {
    header.iter().position(|name| names.contains(&name.to_lowercase().as_str())).ok_or_else(|| {
        let written: Vec<String> = header.iter().map(suggest::shorten).collect();
        let help = format!("name a column `{what}`; there are: {}", written.join(", "));
        vec![Diagnostic::error(Place::line(file, 1), "", format!("no column holds the {what} values")).with_help(help)]
    })
}

/// The numbers of a column; cells that are empty or not there are left out at its end alone, since columns may differ in length.
fn numbers(rows: &[(usize, StringRecord)], column: usize, file: &str) -> Result<Vec<f64>, Vec<Diagnostic>> {
    let mut values = Vec::new();
    let mut wrong = Vec::new();
    let mut end = None;
    for (line, row) in rows {
        match row.get(column).filter(|cell| !cell.is_empty()).map(number) {
            Some(_) if let Some(empty) = end.take() => wrong.push(gap(file, empty, *line, column)),
            Some(Ok(value)) => values.push(value),
            Some(Err(message)) if wrong.len() < MOST_PROBLEMS => wrong.push(not_a_value(file, *line, column, &message)),
            None => end = end.or(Some(*line)),
            Some(Err(_)) => {}
        }
    }
    if wrong.is_empty() { Ok(values) } else { Err(wrong) }
}

/// A number as it is, or a date as seconds since 1970.
pub(super) fn seconds(text: &str) -> Result<f64, String> {
    let text = text.trim();
    if let Ok(number) = text.parse::<f64>() {
        return if number.is_finite() { Ok(number) } else { Err(format!("is `{}`, which is not finite", suggest::shorten(text))) };
    }
    let instant = text.parse::<jiff::Timestamp>().ok().or_else(|| {
        let civil = text.parse::<jiff::civil::DateTime>().ok()?;
        civil.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
    });
    instant
        .map(|instant| instant.as_duration().as_secs_f64())
        .ok_or_else(|| format!("is `{}`, which is neither a number nor a date like 2026-11-21T10:00:00Z", suggest::shorten(text)))
}
