//! A piece of a JSON answer, compared: `json-path`.

use std::{borrow::Cow, cmp::Ordering, sync::Arc};

use serde_json::Value;
use serde_json_path::JsonPath;

use crate::domain::suite::assertion::{
    Check, Judgement, Kind, Parameters, Parsed, Problem, Subject,
    excerpt::{code, shorten},
    json::operand::{Bound, Operand, order, same},
    json::scan::whole,
    operand::{missing, unexpected},
    text::pattern::{Flags, Pattern},
};
use crate::domain::{
    prompt::{TemplateError, Variables},
    suggest::nearest,
};

pub(super) const KINDS: &[Kind] = &[Kind {
    name: "json-path",
    summary: "The values at a path in the JSON answer compare as asked; where the path finds several, every one of them.",
    source: "JSONPath is RFC 9535; by the crate serde_json_path",
    keys: &[
        ("path", "a JSONPath (RFC 9535), such as `$.items[*].price`"),
        ("equals", "the value; its texts may use variables, and a lone `{{variable}}` keeps its type"),
        ("not-equals", "a value it must not be"),
        ("gt", "a number it must be above"),
        ("ge", "a number it must be at or above"),
        ("lt", "a number it must be below"),
        ("le", "a number it must be at or below"),
        ("contains", "a piece of its text, or an item of its list"),
        ("matches", "a regular expression for its text"),
        ("exists", "`true`: the path finds something; `false`: it finds nothing"),
        ("is", "its type: string, number, integer, boolean, array, object or null"),
    ],
    example: "{type: json-path, path: $.age, gt: 18}",
    accepts: "{\"age\": 42}",
    rejects: "{\"age\": 7}",
    parse,
}];

/// Longer paths are no paths that people write.
const LENGTH: usize = 1_024;

/// The parser's time doubles with every filter inside a filter.
const NESTING: usize = 8;

/// How much of a value a reason shows.
const VALUE: usize = 80;

fn parse(parameters: &Parameters<'_>) -> Parsed {
    let path = parse_path(parameters.all.get("path"));
    let comparison = parse_comparison(parameters);
    match (path, comparison) {
        (Ok((source, path)), Ok(comparison)) => Ok(Arc::new(AtPath { source, path, comparison })),
        (path, comparison) => {
            let problems = path.err().into_iter().chain(comparison.err().into_iter().flatten());
            Err(problems.collect())
        }
    }
}

fn parse_path(value: Option<&Value>) -> Result<(String, JsonPath), Problem> {
    let value = value.filter(|value| !value.is_null()).ok_or_else(|| missing("path"))?;
    let source = value.as_str().ok_or_else(|| unexpected("path", "a JSONPath such as `$.age`", value))?;
    if source.len() > LENGTH {
        return Err(Problem::new("path", format!("the path is longer than {LENGTH} bytes")));
    }
    if nesting(source) > NESTING {
        return Err(Problem::new("path", format!("brackets stand in each other more than {NESTING} deep")));
    }
    let path = JsonPath::parse(source).map_err(|error| {
        let column = source.char_indices().take_while(|(at, _)| *at < error.position()).count() + 1;
        let said = if error.message() == "parser error" { "cannot be read from here on" } else { error.message() };
        let problem = Problem::new("path", format!("column {column}: {}", shorten(said, 2 * VALUE)));
        if source.starts_with('$') { problem } else { problem.with_help("a path starts with `$`, for example `$.age`") }
    })?;
    Ok((source.to_owned(), path))
}

fn nesting(source: &str) -> usize {
    let mut depth = 0_usize;
    let depths = source.chars().map(|character| {
        match character {
            '[' | '(' => depth += 1,
            ']' | ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth
    });
    depths.max().unwrap_or(0)
}

fn parse_comparison(parameters: &Parameters<'_>) -> Result<Comparison, Vec<Problem>> {
    let mut given = parameters.all.iter().filter(|(key, _)| COMPARISONS.contains(&key.as_str()));
    match (given.next(), given.next()) {
        (Some((key, value)), None) => Comparison::parse(key, value),
        (None, _) => {
            let problem = Problem::new("", "a comparison is missing");
            Err(vec![problem.with_help(format!("write one of {}", COMPARISONS.join(", ")))])
        }
        (Some((one, _)), Some((other, _))) => {
            let problem = Problem::new(other, format!("`{other}` stands beside `{one}`: an assertion takes one comparison"));
            Err(vec![problem.with_help("write one assertion for each")])
        }
    }
}

const COMPARISONS: &[&str] = &["equals", "not-equals", "gt", "ge", "lt", "le", "contains", "matches", "exists", "is"];

/// What the values at a path must be.
#[derive(Debug)]
enum Comparison {
    Equals(Operand),
    NotEquals(Operand),
    Order(Relation, Bound),
    Contains(Operand),
    Matches(Pattern),
    Exists(bool),
    Is(Type),
}

/// An order between numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Relation {
    Above,
    AtLeast,
    Below,
    AtMost,
}

impl Relation {
    fn holds(self, order: Ordering) -> bool {
        match self {
            Self::Above => order.is_gt(),
            Self::AtLeast => order.is_ge(),
            Self::Below => order.is_lt(),
            Self::AtMost => order.is_le(),
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Above => "above",
            Self::AtLeast => "at least",
            Self::Below => "below",
            Self::AtMost => "at most",
        }
    }
}

/// A type of JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Type {
    String,
    Number,
    Integer,
    Boolean,
    Array,
    Object,
    Null,
}

impl Type {
    const ALL: [Self; 7] = [Self::String, Self::Number, Self::Integer, Self::Boolean, Self::Array, Self::Object, Self::Null];

    fn name(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Number => "number",
            Self::Integer => "integer",
            Self::Boolean => "boolean",
            Self::Array => "array",
            Self::Object => "object",
            Self::Null => "null",
        }
    }

    fn parse(value: &Value) -> Result<Self, Problem> {
        // YAML reads a bare `null` as nothing.
        if value.is_null() {
            return Ok(Self::Null);
        }
        let written = value.as_str().ok_or_else(|| unexpected("is", "the name of a type", value))?;
        Self::ALL.into_iter().find(|one| one.name() == written).ok_or_else(|| {
            let names = Self::ALL.map(Self::name);
            let help =
                nearest(written, names).map_or_else(|| format!("types are {}", names.join(", ")), |name| format!("did you mean `{name}`?"));
            Problem::new("is", format!("unknown type {}", code(written))).with_help(help)
        })
    }

    fn has(self, value: &Value) -> bool {
        match self {
            Self::String => value.is_string(),
            Self::Number => value.is_number(),
            // As JSON Schema has it, 1.0 is an integer.
            Self::Integer => {
                value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|number| number.fract().abs() < f64::MIN_POSITIVE)
            }
            Self::Boolean => value.is_boolean(),
            Self::Array => value.is_array(),
            Self::Object => value.is_object(),
            Self::Null => value.is_null(),
        }
    }
}

impl Comparison {
    fn parse(key: &str, value: &Value) -> Result<Self, Vec<Problem>> {
        let one = |problem| vec![problem];
        let relation = |relation| Bound::parse(value, key).map(|bound| Self::Order(relation, bound)).map_err(one);
        match key {
            "equals" => Operand::parse(value, key).map(Self::Equals),
            "not-equals" => Operand::parse(value, key).map(Self::NotEquals),
            "contains" => Operand::parse(value, key).map(Self::Contains),
            "gt" => relation(Relation::Above),
            "ge" => relation(Relation::AtLeast),
            "lt" => relation(Relation::Below),
            "le" => relation(Relation::AtMost),
            "matches" => Pattern::parse(value, Flags::default(), key).map(Self::Matches).map_err(one),
            "exists" => value.as_bool().map(Self::Exists).ok_or_else(|| one(unexpected(key, "`true` or `false`", value))),
            _ => Type::parse(value).map(Self::Is).map_err(one),
        }
    }

    fn prepare(&self, variables: &Variables) -> Result<(), TemplateError> {
        match self {
            Self::Equals(operand) | Self::NotEquals(operand) | Self::Contains(operand) => operand.resolve(variables).map(drop),
            Self::Order(_, bound) => bound.resolve(variables).map(drop),
            Self::Matches(pattern) => pattern.regex(variables).map(drop),
            Self::Exists(_) | Self::Is(_) => Ok(()),
        }
    }
}

#[derive(Debug)]
struct AtPath {
    source: String,
    path: JsonPath,
    comparison: Comparison,
}

impl Check for AtPath {
    fn judge(&self, subject: &Subject<'_>) -> Judgement {
        let answer = match whole(&subject.answer.text) {
            Ok(answer) => answer,
            Err(error) => return Judgement::undecided(format!("is not JSON: {error}")),
        };
        let nodes = self.path.query_located(&answer);
        let path = code(&self.source);
        if let Comparison::Exists(wanted) = self.comparison {
            let verb = if nodes.is_empty() { "does not exist" } else { "exists" };
            return Judgement::new(nodes.is_empty() != wanted, format!("{path} {verb}"));
        }
        if nodes.is_empty() {
            return Judgement::new(false, format!("{path} finds nothing in the answer"));
        }
        let test = match Test::new(&self.comparison, subject.variables) {
            Ok(test) => test,
            Err(error) => return Judgement::undecided(error.message),
        };
        let several = nodes.len() > 1;
        match nodes.iter().find(|node| !test.holds(node.node())) {
            Some(node) => {
                let all = if several { format!("; all {} values must", nodes.len()) } else { String::new() };
                let place = shorten(node.location(), VALUE);
                Judgement::new(false, format!("{place}: {} {}{all}", shorten(node.node(), VALUE), test.words(false)))
            }
            None if several => Judgement::new(true, format!("{path}: each of {} values {}", nodes.len(), test.words(true))),
            None => {
                let value = nodes.iter().next().map_or_else(String::new, |node| shorten(node.node(), VALUE));
                Judgement::new(true, format!("{path}: {value} {}", test.words(true)))
            }
        }
    }

    fn prepare(&self, variables: &Variables) -> Result<(), TemplateError> {
        self.comparison.prepare(variables)
    }
}

/// A comparison with its variables filled in.
enum Test<'a> {
    Equals(Cow<'a, Value>),
    NotEquals(Cow<'a, Value>),
    Order(Relation, Cow<'a, serde_json::Number>),
    Contains(Cow<'a, Value>),
    Matches(Cow<'a, regex::Regex>),
    Is(Type),
    /// Whatever is there.
    Anything,
}

impl<'a> Test<'a> {
    fn new(comparison: &'a Comparison, variables: &'a Variables) -> Result<Self, TemplateError> {
        Ok(match comparison {
            Comparison::Equals(operand) => Self::Equals(operand.resolve(variables)?),
            Comparison::NotEquals(operand) => Self::NotEquals(operand.resolve(variables)?),
            Comparison::Order(relation, bound) => Self::Order(*relation, bound.resolve(variables)?),
            Comparison::Contains(operand) => Self::Contains(operand.resolve(variables)?),
            Comparison::Matches(pattern) => Self::Matches(pattern.regex(variables)?),
            Comparison::Is(kind) => Self::Is(*kind),
            Comparison::Exists(_) => Self::Anything,
        })
    }

    fn holds(&self, node: &Value) -> bool {
        match self {
            Self::Equals(wanted) => same(node, wanted),
            Self::NotEquals(unwanted) => !same(node, unwanted),
            Self::Order(relation, bound) => {
                node.as_number().and_then(|number| order(number, bound)).is_some_and(|order| relation.holds(order))
            }
            Self::Contains(wanted) => match (node, wanted.as_ref()) {
                (Value::String(text), Value::String(piece)) => text.contains(piece.as_str()),
                // A piece of a text is a text, whatever type the variable has.
                (Value::String(text), Value::Number(number)) => text.contains(&number.to_string()),
                (Value::Array(items), wanted) => items.iter().any(|item| same(item, wanted)),
                _ => false,
            },
            Self::Matches(regex) => node.as_str().is_some_and(|text| regex.is_match(text)),
            Self::Is(kind) => kind.has(node),
            Self::Anything => true,
        }
    }

    fn words(&self, holds: bool) -> String {
        let (is, verb) = if holds { ("is", "") } else { ("is not", "does not ") };
        let third = if holds { "s" } else { "" };
        match self {
            Self::Equals(wanted) => format!("{is} {}", shorten(wanted, VALUE)),
            Self::NotEquals(unwanted) if holds => format!("is not {}", shorten(unwanted, VALUE)),
            Self::NotEquals(unwanted) => format!("is {}, and must not be", shorten(unwanted, VALUE)),
            Self::Order(relation, bound) => format!("{is} {} {bound}", relation.words()),
            Self::Contains(wanted) => format!("{verb}contain{third} {}", shorten(wanted, VALUE)),
            Self::Matches(regex) => format!("{verb}match{} {}", if holds { "es" } else { "" }, code(regex.as_str())),
            Self::Is(kind) => format!("{is} of type {}", kind.name()),
            Self::Anything => "exists".to_owned(),
        }
    }
}
