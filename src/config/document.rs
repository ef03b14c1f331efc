//! From a text to typed values: parse, locate, check against the schema of the type, then read what is sound.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{
    check::{self, Checked},
    locate::{self, Mark, Tree},
    path::Path,
    problems::{Finding, Problems, at, in_order, text_problem},
    strict_json::{self, JsonError},
};
use crate::domain::diagnostic::{Diagnostic, Place};

/// A text that could be read, with the places of its values.
#[derive(Debug)]
pub(super) struct Document {
    /// The values, merge keys carried out.
    pub(super) value: Value,
    /// Where they stand.
    pub(super) tree: Tree,
    /// Keys that come twice: wrong, and no reason to stop looking.
    duplicates: Vec<locate::TextProblem>,
}

impl Document {
    /// Reads YAML, or JSON where the file's name says so.
    ///
    /// # Errors
    /// Why the text has no values: syntax, or something of YAML that we refuse.
    pub(super) fn read(text: &str, file: &str) -> Result<Self, Vec<Diagnostic>> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let is_json = has_extension(file, &["json"]);
        let (value, tree, problems) = if is_json { read_json(text, file)? } else { read_yaml(text, file)? };
        Ok(Self { value, tree, duplicates: problems })
    }

    /// A collector for this document's problems, with those of its text in it.
    pub(super) fn problems<'d>(&'d self, file: &'d str) -> Problems<'d> {
        let mut problems = Problems::new(file, &self.tree);
        problems.extend_text(&self.duplicates);
        problems
    }
}

/// Checks a value against the schema of `T` and keeps what is sound of it: unknown keys and wrong values are
/// reported and taken out (in lists they become null), so that everything else can still be looked at.
pub(super) fn sound<T: schemars::JsonSchema>(value: &Value, problems: &mut Problems<'_>) -> Option<Value> {
    let Checked { findings, sound } = check::check::<T>(value);
    problems.extend(findings);
    sound
}

/// Reads a sound value.
pub(super) fn typed<T: DeserializeOwned>(value: Value, problems: &mut Problems<'_>) -> Option<T> {
    match serde_json::from_value(value) {
        Ok(typed) => Some(typed),
        Err(error) => {
            problems.push(Finding::error(Path::root(), format!("this file cannot be read: {error}")));
            None
        }
    }
}

/// Whether the file's name ends with one of these, in any case.
pub(super) fn has_extension(file: &str, extensions: &[&str]) -> bool {
    extension(file).is_some_and(|extension| extensions.iter().any(|known| extension.eq_ignore_ascii_case(known)))
}

/// What stands behind the last dot of a file's name.
pub(super) fn extension(file: &str) -> Option<&str> {
    std::path::Path::new(file).extension().and_then(|extension| extension.to_str())
}

type ReadText = (Value, Tree, Vec<locate::TextProblem>);

fn read_json(text: &str, file: &str) -> Result<ReadText, Vec<Diagnostic>> {
    let value =
        strict_json::parse(text)
            // Keys that come twice are listed with their places below; the values are read leniently for now.
            .or_else(|error| {
                if error.is_duplicate() { serde_json::from_str(text).map_err(|error| JsonError::new(&error, text)) } else { Err(error) }
            })
            .map_err(|error| {
                let message = format!("not JSON: {}", error.message);
                vec![Diagnostic::error(Place::at(file, error.line, error.column), "", message)]
            })?;
    let (tree, problems) = locate::read_json(text, 1);
    stop_on_fatal(file, &problems)?;
    Ok((value, tree, problems))
}

fn read_yaml(text: &str, file: &str) -> Result<ReadText, Vec<Diagnostic>> {
    let (tree, mut problems) = locate::read_yaml(text).map_err(|error| {
        let diagnostic = Diagnostic::error(at(file, error.mark), "", format!("not YAML: {}", error.message));
        vec![Diagnostic { help: error.help.map(str::to_owned), ..diagnostic }]
    })?;
    stop_on_fatal(file, &problems)?;
    let mut value: Value = serde_yaml::from_str(text).map_err(|error| {
        // What was found before it says more, such as a number that is too long.
        let known: Vec<Diagnostic> = problems.iter().map(|problem| text_problem(file, problem)).collect();
        if known.is_empty() { vec![yaml_error(&error, file)] } else { in_order(known) }
    })?;
    if text.contains("<<") {
        merge(&mut value, &Path::root(), &tree, &mut problems);
    }
    stop_on_fatal(file, &problems)?;
    Ok((value, tree, problems))
}

fn stop_on_fatal(file: &str, problems: &[locate::TextProblem]) -> Result<(), Vec<Diagnostic>> {
    if problems.iter().any(|problem| problem.fatal) {
        return Err(in_order(problems.iter().map(|problem| text_problem(file, problem)).collect()));
    }
    Ok(())
}

fn yaml_error(error: &serde_yaml::Error, file: &str) -> Diagnostic {
    let place = error.location().map_or_else(|| Place::file(file), |location| Place::at(file, location.line(), location.column()));
    let said = error.to_string();
    let message = said.split(" at line ").next().unwrap_or(&said);
    let help = if message.contains("repetition limit") || message.contains("recursion limit") {
        Some("aliases (`*name`) repeat too much here; write the values out")
    } else {
        None
    };
    let diagnostic = Diagnostic::error(place, "", format!("not YAML we can use: {message}"));
    Diagnostic { help: help.map(str::to_owned), ..diagnostic }
}

/// Carries out merge keys: `<<: *base`, or a list of maps. The map's own keys win, earlier maps win over later ones.
fn merge(value: &mut Value, path: &Path, tree: &Tree, problems: &mut Vec<locate::TextProblem>) {
    match value {
        Value::Object(map) => {
            for (key, child) in map.iter_mut() {
                merge(child, &path.key(key.as_str()), tree, problems);
            }
            if let Some(base) = map.shift_remove("<<")
                && !lay_under(map, base)
            {
                let path = path.key("<<");
                let mark = tree.find_nearest(&path).map_or(Mark { line: 1, column: 1 }, |found| found.value);
                let message = "the merge key `<<` takes a map or a list of maps".to_owned();
                problems.push(locate::TextProblem {
                    mark,
                    path,
                    message,
                    help: Some("write `<<: *name` with an anchor on a map"),
                    fatal: true,
                });
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                merge(item, &path.index(index), tree, problems);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn lay_under(map: &mut Map<String, Value>, base: Value) -> bool {
    match base {
        Value::Object(base) => {
            for (key, value) in base {
                map.entry(key).or_insert(value);
            }
            true
        }
        Value::Array(bases) => bases.into_iter().all(|base| base.is_object() && lay_under(map, base)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}
