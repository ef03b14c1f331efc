//! What JSON is compared with: values with variables in their texts, and an order of numbers.

use std::{borrow::Cow, cmp::Ordering};

use serde_json::{Map, Number, Value};

use crate::domain::prompt::{Template, TemplateError, Variables};
use crate::domain::suite::assertion::{
    Problem,
    excerpt::quote,
    operand::{render, template, unexpected, unfit},
};

/// A JSON value whose texts may use variables.
#[derive(Debug)]
pub(in crate::domain::suite::assertion) enum Operand {
    Literal(Value),
    /// A text; where it is one variable and nothing else, that variable's path: it keeps its type.
    Text(Template, Option<String>),
    List(Vec<Self>),
    Map(Vec<(String, Self)>),
}

impl Operand {
    /// Reads a value.
    ///
    /// # Errors
    /// The templates in it that do not parse.
    pub(in crate::domain::suite::assertion) fn parse(value: &Value, path: &str) -> Result<Self, Vec<Problem>> {
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => Ok(Self::Literal(value.clone())),
            Value::String(source) => {
                let template = template(source, path).map_err(|problem| vec![problem])?;
                let lone = lone_variable(source).map(str::to_owned);
                Ok(if template.is_literal() { Self::Literal(value.clone()) } else { Self::Text(template, lone) })
            }
            Value::Array(items) => {
                let parts = items.iter().enumerate().map(|(index, item)| Self::parse(item, &format!("{path}[{index}]")));
                let parts = gather(parts)?;
                let literal = parts.iter().all(Self::is_literal);
                Ok(if literal { Self::Literal(value.clone()) } else { Self::List(parts) })
            }
            Value::Object(map) => {
                let entry = |(key, item): (&String, &Value)| Ok((key.clone(), Self::parse(item, &format!("{path}.{key}"))?));
                let parts = gather(map.iter().map(entry))?;
                let literal = parts.iter().all(|(_, part)| part.is_literal());
                Ok(if literal { Self::Literal(value.clone()) } else { Self::Map(parts) })
            }
        }
    }

    fn is_literal(&self) -> bool {
        matches!(self, Self::Literal(_))
    }

    /// The value with these variables.
    ///
    /// # Errors
    /// When a variable is missing.
    pub(in crate::domain::suite::assertion) fn resolve<'a>(&'a self, variables: &'a Variables) -> Result<Cow<'a, Value>, TemplateError> {
        match self {
            Self::Literal(value) => Ok(Cow::Borrowed(value)),
            Self::Text(template, lone) => match lone.as_deref().and_then(|path| lookup(path, variables)) {
                Some(value) => Ok(Cow::Borrowed(value)),
                None => Ok(Cow::Owned(Value::String(render(template, variables)?.into_owned()))),
            },
            Self::List(parts) => {
                let items: Result<Vec<Value>, _> = parts.iter().map(|part| part.resolve(variables).map(Cow::into_owned)).collect();
                items.map(|items| Cow::Owned(Value::Array(items)))
            }
            Self::Map(parts) => {
                let entry = |(key, part): &'a (String, Self)| Ok((key.clone(), part.resolve(variables)?.into_owned()));
                let map: Result<Map<String, Value>, TemplateError> = parts.iter().map(entry).collect();
                map.map(|map| Cow::Owned(Value::Object(map)))
            }
        }
    }
}

/// All parts, or all problems.
fn gather<T>(parts: impl Iterator<Item = Result<T, Vec<Problem>>>) -> Result<Vec<T>, Vec<Problem>> {
    let (mut good, mut problems) = (Vec::new(), Vec::new());
    for part in parts {
        match part {
            Ok(part) => good.push(part),
            Err(found) => problems.extend(found),
        }
    }
    if problems.is_empty() { Ok(good) } else { Err(problems) }
}

/// `user.name` of `{{ user.name }}`.
fn lone_variable(source: &str) -> Option<&str> {
    let name = source.strip_prefix("{{")?.strip_suffix("}}")?.trim();
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    (!name.is_empty() && name.chars().all(plain)).then_some(name)
}

fn lookup<'a>(path: &str, variables: &'a Variables) -> Option<&'a Value> {
    let mut parts = path.split('.');
    let first = variables.values().get(parts.next()?)?;
    parts.try_fold(first, |value, part| value.get(part))
}

/// A number, or a text with variables that becomes one.
#[derive(Debug)]
pub(in crate::domain::suite::assertion) enum Bound {
    Literal(Number),
    Text(Template),
}

impl Bound {
    /// Reads a number or a text with variables.
    ///
    /// # Errors
    /// When it is neither.
    pub(in crate::domain::suite::assertion) fn parse(value: &Value, path: &str) -> Result<Self, Problem> {
        match value {
            Value::Number(number) => Ok(Self::Literal(number.clone())),
            Value::String(source) => {
                let template = template(source, path)?;
                if template.is_literal() {
                    return number(source).map(Self::Literal).ok_or_else(|| unexpected(path, "a number", value));
                }
                Ok(Self::Text(template))
            }
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => Err(unexpected(path, "a number", value)),
        }
    }

    /// The number with these variables.
    ///
    /// # Errors
    /// When a variable is missing or the text is no number.
    pub(in crate::domain::suite::assertion) fn resolve(&self, variables: &Variables) -> Result<Cow<'_, Number>, TemplateError> {
        match self {
            Self::Literal(number) => Ok(Cow::Borrowed(number)),
            Self::Text(template) => {
                let text = render(template, variables)?;
                let number =
                    number(&text).ok_or_else(|| unfit(format!("{} is {}, not a number", quote(template.source()), quote(&text))))?;
                Ok(Cow::Owned(number))
            }
        }
    }
}

/// A finite number in JSON's spelling.
fn number(text: &str) -> Option<Number> {
    text.trim().parse().ok()
}

/// The order of two numbers: exact for integers, and never undefined for what JSON can hold.
pub(in crate::domain::suite::assertion) fn order(one: &Number, other: &Number) -> Option<Ordering> {
    match (one.as_i128(), other.as_i128()) {
        (Some(one), Some(other)) => Some(one.cmp(&other)),
        _ => one.as_f64()?.partial_cmp(&other.as_f64()?),
    }
}

/// Whether two values are the same: 1 and 1.0 are, and so are maps in any order.
pub(in crate::domain::suite::assertion) fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => order(one, other) == Some(Ordering::Equal),
        (Value::Array(one), Value::Array(other)) => one.len() == other.len() && one.iter().zip(other).all(|(a, b)| same(a, b)),
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len() && one.iter().all(|(key, a)| other.get(key).is_some_and(|b| same(a, b)))
        }
        _ => one == other,
    }
}
