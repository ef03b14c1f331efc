//! Cases as a table: a header row, then one case a row. Columns are variables, but for a few with a meaning.

use std::{
    collections::HashSet,
    io::{self, Read},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use csv::{ReaderBuilder, StringRecord, StringRecordsIntoIter};
use serde_json::{Map, Value, json};

use super::{
    CaseReader, MOST_SHARED,
    case::id_of_position,
    quotes::{Quotes, Unbalanced},
};
use crate::{
    config::{assertions::names, path::Path, suggest},
    domain::{
        diagnostic::{Diagnostic, Place},
        suite::{Case, CaseId},
        utf8::{NotUtf8, Utf8},
    },
};

/// Prefixes other tools know in `__expected` and we do not: never taken for plain text.
const NOT_SUPPORTED: &[&str] = &["fn", "eval", "javascript", "python", "file", "grade", "llm-rubric", "similar", "webhook"];

/// What a column is for.
#[derive(Debug, Clone, PartialEq)]
enum Column {
    Id,
    Description,
    Tags,
    Expected,
    Assertion,
    Variable(String),
}

/// The most bytes of one row: a quote that is never closed must not take the rest of the file into memory.
const LONGEST_ROW: u64 = 10_000_000;

/// Reads a table of cases, row by row.
pub(super) struct Rows<R> {
    records: StringRecordsIntoIter<Bounded<R>>,
    since_row: Arc<AtomicU64>,
    file: String,
    /// The first row and what its columns are for; `None` before it is read.
    header: Option<(StringRecord, Vec<Column>)>,
    position: usize,
    reader: CaseReader,
    ended: bool,
}

impl<R: Read> Rows<R> {
    pub(super) fn new(input: R, file: &str) -> Self {
        let since_row = Arc::new(AtomicU64::new(0));
        let input = Bounded { input, since_row: Arc::clone(&since_row), quotes: Quotes::default(), utf8: Utf8::default() };
        let rows = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(input).into_records();
        Self { records: rows, since_row, file: file.to_owned(), header: None, position: 0, reader: CaseReader::default(), ended: false }
    }

    fn row(&mut self) -> Option<Result<StringRecord, Diagnostic>> {
        self.since_row.store(0, Ordering::Relaxed);
        let row = self.records.next()?;
        Some(row.map_err(|error| {
            self.ended |= error.is_io_error();
            broken(&error, &self.file)
        }))
    }

    /// Reads the first row; whether anything is wrong with it.
    fn begin(&mut self) -> Result<(), Vec<Diagnostic>> {
        let header = match self.row() {
            Some(Ok(header)) => header,
            Some(Err(problem)) => {
                self.ended = true;
                return Err(vec![problem]);
            }
            None => {
                self.ended = true;
                let help = "the first row names the columns: id, one for each variable, __expected";
                return Err(vec![Diagnostic::error(Place::at(&self.file, 1, 1), "", "the table is empty").with_help(help)]);
            }
        };
        let mut list = Vec::new();
        let columns = columns(&header, &self.file, &mut list);
        self.header = Some((header, columns));
        if list.is_empty() { Ok(()) } else { Err(list) }
    }
}

impl<R: Read> Iterator for Rows<R> {
    type Item = Result<Case, Vec<Diagnostic>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        if self.header.is_none()
            && let Err(problems) = self.begin()
        {
            return Some(Err(problems));
        }
        let row = match self.row()? {
            Ok(row) => row,
            Err(problem) => return Some(Err(vec![problem])),
        };
        self.position += 1;
        self.reader.assertions.forget_beyond(MOST_SHARED);
        let (header, columns) = self.header.as_ref()?;
        let mut list = Vec::new();
        let case = read_row(&row, self.position, header, columns, &self.file, &mut self.reader, &mut list);
        Some(case.filter(|_| list.is_empty()).ok_or(list))
    }
}

/// Refuses a row that is longer than any is, bytes that are no text, and quotes that are not closed where their field ends.
struct Bounded<R> {
    input: R,
    since_row: Arc<AtomicU64>,
    quotes: Quotes,
    utf8: Utf8,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(buffer)?;
        if self.since_row.fetch_add(read as u64, Ordering::Relaxed) > LONGEST_ROW {
            return Err(io::Error::other(format!("a row has more than {LONGEST_ROW} bytes; is a double quote not closed?")));
        }
        match buffer.get(..read) {
            Some(bytes) if read > 0 => self.utf8.take(bytes),
            _ if buffer.is_empty() => Ok(()),
            _ => self.utf8.end(),
        }
        .map_err(io::Error::other)?;
        let quotes = match buffer.get(..read) {
            Some(bytes) if read > 0 => self.quotes.take(bytes),
            _ if buffer.is_empty() => Ok(()),
            _ => self.quotes.end(),
        };
        quotes.map_err(io::Error::other)?;
        Ok(read)
    }
}

fn columns(header: &StringRecord, file: &str, list: &mut Vec<Diagnostic>) -> Vec<Column> {
    let mut seen = HashSet::new();
    let line = line_of(header);
    header
        .iter()
        .enumerate()
        .map(|(index, name)| {
            let name = name.trim();
            let problem = if name.is_empty() {
                Some((format!("column {} has no name", index + 1), "name the variable, or remove the column".to_owned()))
            } else if !seen.insert(name.to_owned()) {
                Some((format!("the column `{}` comes twice", suggest::shorten(name)), "keep one of them".to_owned()))
            } else if name.starts_with("__") && column(name) == Column::Variable(name.to_owned()) {
                let help = suggest::help(name, "special columns", ["__expected"]).unwrap_or_default();
                Some((format!("the special column `{}` is not known", suggest::shorten(name)), help))
            } else {
                None
            };
            if let Some((message, help)) = problem {
                list.push(Diagnostic::error(Place::line(file, line), suggest::shorten(name), message).with_help(help));
            }
            column(name)
        })
        .collect()
}

fn column(name: &str) -> Column {
    match name {
        "id" => Column::Id,
        "description" => Column::Description,
        "tags" => Column::Tags,
        "expected" => Column::Expected,
        _ if name.strip_prefix("__expected").is_some_and(|number| number.chars().all(|c| c.is_ascii_digit())) => Column::Assertion,
        _ => Column::Variable(name.to_owned()),
    }
}

fn read_row(
    row: &StringRecord,
    position: usize,
    header: &StringRecord,
    columns: &[Column],
    file: &str,
    reader: &mut CaseReader,
    list: &mut Vec<Diagnostic>,
) -> Option<Case> {
    let place = Place::line(file, line_of(row));
    if row.len() != columns.len() {
        let fields = if row.len() == 1 { "field" } else { "fields" };
        let message = format!("this row has {} {fields}, the header has {}", row.len(), columns.len());
        list.push(Diagnostic::error(place, "", message).with_help("put fields that contain a comma or a line break in double quotes"));
        return None;
    }
    let mut case = Case {
        id: id_of_position(position),
        description: None,
        vars: Map::new(),
        expected: None,
        assertions: Vec::new(),
        threshold: None,
        tags: Vec::new(),
        place: place.clone(),
        assertion_lines: Vec::new(),
    };
    for ((column, cell), name) in columns.iter().zip(row).zip(header) {
        let given = !cell.trim().is_empty();
        match column {
            Column::Variable(name) => drop(case.vars.insert(name.clone(), cell.into())),
            Column::Id if given => case.id = CaseId(cell.trim().to_owned()),
            Column::Description if given => case.description = Some(cell.to_owned()),
            Column::Tags => case.tags = cell.split(';').map(str::trim).filter(|tag| !tag.is_empty()).map(str::to_owned).collect(),
            Column::Expected if given => case.expected = Some(cell.into()),
            Column::Assertion if given => match assertion(cell, reader) {
                Ok(assertion) => case.assertions.push(assertion),
                Err(problems) => list.extend(problems.into_iter().map(|problem| Diagnostic {
                    place: place.clone(),
                    path: name.trim().to_owned(),
                    ..problem
                })),
            },
            Column::Id | Column::Description | Column::Expected | Column::Assertion => {}
        }
    }
    Some(case)
}

type Parsed = Result<Arc<crate::domain::suite::assertion::Assertion>, Vec<Diagnostic>>;

/// Reads a cell like `contains: x`, `is-json` or a plain text, which must be the whole answer.
fn assertion(cell: &str, reader: &mut CaseReader) -> Parsed {
    let (name, value) = cell.split_once(':').map_or((cell.trim(), None), |(name, value)| (name.trim(), Some(value.trim())));
    let bare = name.strip_prefix("not-").unwrap_or(name);
    let problem = |message: String, help: String| Err(vec![Diagnostic::error(Place::file(""), "", message).with_help(help)]);
    if names().any(|known| known == bare) {
        return typed(name, value, reader);
    }
    let function = bare.split('(').next().unwrap_or(bare).trim();
    if value.is_some() && NOT_SUPPORTED.contains(&function) {
        return problem(format!("assertions of the kind `{function}` are not supported"), plain_text_help(cell));
    }
    let word = value.is_some() && bare.len() > 3 && bare.chars().all(|c| c.is_ascii_lowercase() || c == '-');
    if let Some(meant) = suggest::nearest(bare, names()).filter(|_| word) {
        return problem(
            format!("unknown assertion `{}`", suggest::shorten(name)),
            format!("did you mean `{meant}`? {}", plain_text_help(cell)),
        );
    }
    read(&json!({ "equals": cell }), reader)
}

fn plain_text_help(cell: &str) -> String {
    format!("for a plain text write `equals: {}`", suggest::shorten(cell))
}

/// A cell is text; what it stands for follows from what the kind takes: text, a list at commas, or a JSON value.
fn typed(name: &str, value: Option<&str>, reader: &mut CaseReader) -> Parsed {
    let with = |value: Value| Value::Object([(name.to_owned(), value)].into_iter().collect());
    let Some(text) = value.filter(|text| !text.is_empty()) else {
        return read(&json!({ "type": name }), reader);
    };
    if name.ends_with("-any") || name.ends_with("-all") {
        let items: Vec<&str> = text.split(',').map(str::trim).filter(|item| !item.is_empty()).collect();
        return read(&with(json!(items)), reader);
    }
    let as_text = read(&with(text.into()), reader);
    match (as_text, serde_json::from_str::<Value>(text)) {
        (Err(problems), Ok(value)) => read(&with(value), reader).or(Err(problems)),
        (read, _) => read,
    }
}

fn read(value: &Value, reader: &mut CaseReader) -> Parsed {
    let mut findings = Vec::new();
    let read = reader.assertions.one(value, &Path::root(), &mut findings);
    let file = Place::file("");
    read.ok_or_else(|| findings.into_iter().map(|finding| finding.at(file.clone())).collect())
}

fn line_of(row: &StringRecord) -> usize {
    row.position().map_or(1, |position| usize::try_from(position.line()).unwrap_or(usize::MAX))
}

fn broken(error: &csv::Error, file: &str) -> Diagnostic {
    if let csv::ErrorKind::Io(error) = error.kind()
        && let Some(wrong) = error.get_ref().and_then(|error| error.downcast_ref::<NotUtf8>())
    {
        return wrong.described(file);
    }
    if let csv::ErrorKind::Io(error) = error.kind()
        && let Some(quotes) = error.get_ref().and_then(|error| error.downcast_ref::<Unbalanced>())
    {
        let help = "close it in front of the next comma or line break; a double quote inside of quotes is written twice";
        return Diagnostic::error(Place::line(file, quotes.line()), "", quotes.to_string()).with_help(help);
    }
    let place = error
        .position()
        .map_or_else(|| Place::file(file), |position| Place::line(file, usize::try_from(position.line()).unwrap_or(usize::MAX)));
    Diagnostic::error(place, "", format!("the table cannot be read: {error}"))
}
