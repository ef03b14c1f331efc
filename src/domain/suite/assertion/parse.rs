//! Reading assertions: short form, long form, negation; every problem at once.

use std::{collections::HashMap, sync::Arc};

use serde_json::{Map, Value};

use super::{
    Assertion, Kind, Parameters, Parsed, Problem, excerpt, kinds,
    operand::{missing, unexpected},
    rule,
};
use crate::domain::suggest::{near, nearest};

/// A label in a report has at most this many characters.
pub(super) const LABEL: usize = 80;

/// Groups may stand in each other this deep.
const MAX_DEPTH: usize = 8;

/// What other tools call our kinds, with what to write here.
const FOREIGN: &[(&str, &str)] = &[
    ("exact-match", "`equals`"),
    ("regex-match", "`regex`"),
    ("length-range", "`min-length` and `max-length`"),
    ("max-execution-time", "`latency`"),
    (
        "contains-sql",
        "`is-sql` where the whole answer is SQL, or `command` with a parser of your own; finding SQL in a text is not built in",
    ),
    ("meteor", "`rouge-n`, `bleu` or `gleu`; METEOR is not built in"),
];

impl Assertion {
    /// Reads an assertion in the short form (`contains: x`, or `is-json` alone) or the long form
    /// (`{type: contains, value: x, weight: 2}`). `not-` in front of any kind negates it.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(value: &Value) -> Result<Self, Vec<Problem>> {
        parse_at(value, 0)
    }
}

/// Reads assertions and shares equal ones: thousands of cases with the same pattern or schema compile it once.
#[derive(Debug, Default)]
pub struct Reader {
    seen: HashMap<String, Arc<Assertion>>,
}

impl Reader {
    /// As [`Assertion::parse`].
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn read(&mut self, value: &Value) -> Result<Arc<Assertion>, Vec<Problem>> {
        let written = value.to_string();
        if let Some(seen) = self.seen.get(&written) {
            return Ok(Arc::clone(seen));
        }
        let assertion = Arc::new(Assertion::parse(value)?);
        self.seen.insert(written, Arc::clone(&assertion));
        Ok(assertion)
    }
}

/// Reads an assertion that stands in `depth` groups.
pub(super) fn parse_at(value: &Value, depth: usize) -> Result<Assertion, Vec<Problem>> {
    if depth > MAX_DEPTH {
        return Err(vec![Problem::new("", format!("groups stand in each other more than {MAX_DEPTH} deep"))]);
    }
    if let Value::String(text) = value
        && resolve(text).is_err()
        && rule::is_rule(text)
    {
        return seed_rule(text).map_err(|problem| vec![problem]);
    }
    let written = Written::read(value).map_err(|problem| vec![problem])?;
    let mut problems = Vec::new();
    let weight = written.weight().unwrap_or_else(|problem| {
        problems.push(problem);
        1.0
    });
    let parsed = resolve(written.name).map_err(|problem| problem_at_name(&written, problem)).and_then(|(kind, negated)| {
        let check = written.check(kind, depth, &mut problems)?;
        Ok((negated, check))
    });
    match parsed {
        Ok((negated, check)) if problems.is_empty() => {
            Ok(Assertion { name: written.name.to_owned(), label: written.label(), negated, weight, check })
        }
        Ok(_) => Err(problems),
        Err(more) => {
            problems.extend(more);
            Err(problems)
        }
    }
}

/// A text that is no kind of ours may be a rule in the seed's spelling.
fn seed_rule(text: &str) -> Result<Assertion, Problem> {
    let rule = rule::parse(text).map_err(|error| Problem {
        path: String::new(),
        message: format!("column {}: {}", error.column, error.message),
        help: error.help,
    })?;
    rule.assertion.ok_or_else(|| {
        let problem = Problem::new("", format!("`{}` is a check of the prompt, not of an answer", rule.kind.name));
        problem.with_help("write it under `validation_rules` in the prompt's file")
    })
}

fn problem_at_name(written: &Written<'_>, mut problem: Problem) -> Vec<Problem> {
    if written.form == Form::Long {
        "type".clone_into(&mut problem.path);
    }
    vec![problem]
}

/// The kind a name stands for, and whether it is negated.
fn resolve(name: &str) -> Result<(&'static Kind, bool), Problem> {
    let find = |name: &str| kinds().find(|kind| kind.name == name);
    if let Some(kind) = find(name) {
        return Ok((kind, false));
    }
    if let Some(kind) = name.strip_prefix("not-").and_then(find) {
        return Ok((kind, true));
    }
    let problem = Problem::new("", format!("unknown assertion `{}`", excerpt::shorten(name, LABEL)));
    Err(problem.with_help(meant(name)))
}

/// What to write instead of an unknown name.
fn meant(name: &str) -> String {
    let (not, bare) = name.strip_prefix("not-").map_or(("", name), |bare| ("not-", bare));
    let ours = bare.to_lowercase().replace('_', "-");
    if let Some((_, help)) = FOREIGN.iter().find(|(foreign, _)| *foreign == ours) {
        return format!("write {help}");
    }
    let close: Vec<String> = near(bare, kinds().map(|kind| kind.name)).into_iter().map(|name| format!("`{not}{name}`")).collect();
    match close.split_last() {
        None => format!("known are {}", kinds().map(|kind| kind.name).collect::<Vec<_>>().join(", ")),
        Some((only, [])) => format!("did you mean {only}?"),
        Some((last, others)) => format!("did you mean {} or {last}?", others.join(", ")),
    }
}

/// How an assertion is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// Its name alone.
    Bare,
    /// One key, the name.
    Short,
    /// `type` and other keys.
    Long,
}

/// An assertion as written, before anything in it is understood.
struct Written<'a> {
    form: Form,
    name: &'a str,
    weight: Option<&'a Value>,
    /// Without `type` and `weight`.
    keys: Map<String, Value>,
}

impl<'a> Written<'a> {
    fn read(value: &'a Value) -> Result<Self, Problem> {
        let map = match value {
            Value::String(name) => return Ok(Self { form: Form::Bare, name, weight: None, keys: Map::new() }),
            Value::Object(map) => map,
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => {
                return Err(unexpected("", "an assertion such as `contains: text`", value));
            }
        };
        if let Some(kind) = map.get("type") {
            let name = kind.as_str().ok_or_else(|| unexpected("type", "the name of an assertion", kind))?;
            let keys = map.iter().filter(|(key, _)| !matches!(key.as_str(), "type" | "weight"));
            let keys = keys.map(|(key, value)| (key.clone(), value.clone())).collect();
            return Ok(Self { form: Form::Long, name, weight: map.get("weight"), keys });
        }
        let mut entries = map.iter();
        match (entries.next(), entries.next()) {
            (Some((name, value)), None) => {
                let keys = Map::from_iter([("value".to_owned(), value.clone())]);
                Ok(Self { form: Form::Short, name, weight: None, keys })
            }
            (None, _) => Err(Problem::new("", "the assertion is empty").with_help("write for example `contains: text`")),
            (Some(_), Some(_)) => {
                let problem = Problem::new("", "`type` is missing: only a single key can stand for the assertion's name");
                let name = map.keys().find(|key| resolve(key).is_ok());
                let name = name.map_or("contains", String::as_str);
                Err(problem.with_help(format!("write `{{type: {name}, value: …, weight: 1}}`")))
            }
        }
    }

    fn weight(&self) -> Result<f64, Problem> {
        let Some(value) = self.weight else { return Ok(1.0) };
        match value.as_f64() {
            Some(weight) if weight.is_finite() && weight >= 0.0 => Ok(weight),
            Some(weight) => Err(Problem::new("weight", format!("{weight} is not a weight: it must be 0 or more"))),
            None => Err(unexpected("weight", "a number of 0 or more", value)),
        }
    }

    /// Builds the check, with problems that point at what was written.
    fn check(&self, kind: &Kind, depth: usize, problems: &mut Vec<Problem>) -> Parsed {
        let example = || format!("for example {}", excerpt::shorten(kind.example, 2 * LABEL));
        let takes_value = kind.keys.iter().any(|(key, _)| *key == "value");
        if self.form == Form::Short && !takes_value {
            return Err(vec![Problem::new("", format!("`{}` takes no single value", kind.name)).with_help(example())]);
        }
        let mistaken = self.unknown_keys(kind, problems);
        let value = self.keys.get("value").filter(|value| !value.is_null());
        (kind.parse)(&Parameters { value, all: &self.keys, depth }).map_err(|found| {
            let found = found.into_iter().filter(|problem| !mistaken.contains(&problem.message)).map(|mut problem| {
                if problem.path.is_empty() && problem.help.is_none() {
                    problem.help = Some(example());
                }
                self.place(&mut problem);
                problem
            });
            found.collect()
        })
    }

    /// Reports keys the kind does not take. Returns the messages that the corrections would make pointless.
    fn unknown_keys(&self, kind: &Kind, problems: &mut Vec<Problem>) -> Vec<String> {
        let known = || kind.keys.iter().map(|(key, _)| *key);
        let mut pointless = Vec::new();
        for key in self.keys.keys().filter(|key| !known().any(|known| known == *key)) {
            let problem = Problem::new(key, format!("`{}` takes no `{}`", self.name, excerpt::shorten(key, LABEL)));
            let help = if let Some(meant) = nearest(key, known().chain(["type", "weight"])) {
                pointless.push(missing(meant).message);
                format!("did you mean `{meant}`?")
            } else {
                let takes: Vec<String> = known().chain(["weight"]).map(|key| format!("`{key}`")).collect();
                format!("it takes {}", takes.join(", "))
            };
            problems.push(problem.with_help(help));
        }
        pointless
    }

    /// Families speak of `value`; in the short form it stands behind the name.
    fn place(&self, problem: &mut Problem) {
        if self.form != Form::Short {
            return;
        }
        if let Some(rest) = problem.path.strip_prefix("value")
            && (rest.is_empty() || rest.starts_with(['.', '[']))
        {
            problem.path = format!("{}{rest}", self.name);
        }
    }

    /// `contains: "x"`, `json-path {path: "$.age", gt: 18}` or `is-json`.
    fn label(&self) -> String {
        let name = self.name;
        let text = match (self.keys.len(), self.keys.get("value")) {
            (0, _) | (1, Some(Value::Null)) => name.to_owned(),
            (1, Some(value)) => format!("{name}: {value}"),
            _ => {
                let keys: Vec<String> = self.keys.iter().map(|(key, value)| format!("{key}: {value}")).collect();
                format!("{name} {{{}}}", keys.join(", "))
            }
        };
        excerpt::shorten(text, LABEL)
    }
}
