//! What the engine's own steps make: operators, lists, and the text between tags.

use minijinja::{Environment, Error, ErrorKind, Value, value::ValueKind};

use super::{ITEM, LOOKED, charge, is_list, items, listed, measured};

/// Lists and maps inside of each other.
const MOST_NESTED: usize = 100;
/// Values in lists that one rendering looks at, over and over perhaps.
const MOST_LOOKED_AT: usize = 10_000_000;

/// A step that is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Step {
    /// Text between tags.
    Raw,
    /// `+`
    Add,
    /// `*`
    Multiply,
    /// `~`
    Concat,
    /// `[a:b]`
    Slice,
    /// `==`, `<`, and tests with an argument.
    Compare,
    /// `a in b`
    In,
    /// `f(*list, **map)`
    Spread,
    /// `{% set a, b = list %}`
    Unpack,
    /// `[a, b]`, `(a, b)`, `{"a": b}`
    Build,
    /// `{% set namespace.a = value %}`
    Store,
}

impl Step {
    const ALL: [Self; 11] = [
        Self::Raw,
        Self::Add,
        Self::Multiply,
        Self::Concat,
        Self::Slice,
        Self::Compare,
        Self::In,
        Self::Spread,
        Self::Unpack,
        Self::Build,
        Self::Store,
    ];

    /// The filter that counts it, under a name that nobody can write.
    pub(in super::super) fn filter(self) -> &'static str {
        match self {
            Self::Raw => "\u{1}text",
            Self::Add => "\u{1}+",
            Self::Multiply => "\u{1}*",
            Self::Concat => "\u{1}~",
            Self::Slice => "\u{1}[:]",
            Self::Compare => "\u{1}==",
            Self::In => "\u{1}in",
            Self::Spread => "\u{1}**",
            Self::Unpack => "\u{1}set",
            Self::Build => "\u{1}[]",
            Self::Store => "\u{1}.",
        }
    }

    /// What messages call it.
    fn shown(self) -> &'static str {
        match self {
            Self::Raw => "the text between tags",
            Self::Add => "operator `+`",
            Self::Multiply => "operator `*`",
            Self::Concat => "operator `~`",
            Self::Slice => "a slice",
            Self::Compare | Self::In => "a comparison",
            Self::Spread => "a call with `*`",
            Self::Unpack => "`set` with several names",
            Self::Build => "a list",
            Self::Store => "`set`",
        }
    }

    /// Counts a step, and gives back what it is about to take.
    fn count(self, value: Value, limit: usize) -> Result<Value, Error> {
        match self {
            Self::Raw => charge(value.as_usize().unwrap_or(0), self.shown(), limit)?,
            Self::Unpack | Self::Build => {
                if self == Self::Build {
                    looked_at(&value, 0)?;
                }
                charge(listed(items(&value), 2 * ITEM).saturating_add(2 * ITEM), self.shown(), limit)?;
            }
            Self::Add | Self::Multiply | Self::Concat | Self::Slice | Self::Compare | Self::In | Self::Spread | Self::Store => {
                let mut operands: Vec<Value> = value.try_iter()?.collect();
                charge(self.taking(&operands, limit)?, self.shown(), limit)?;
                if let Self::Add | Self::Multiply | Self::Slice = self {
                    made(&mut operands, self.shown(), limit)?;
                }
                // The engine lays the last of a list down first.
                operands.reverse();
                return Ok(Value::from(operands));
            }
        }
        Ok(value)
    }

    /// Bytes of what it makes of its operands.
    fn taking(self, operands: &[Value], limit: usize) -> Result<usize, Error> {
        let [first, others @ ..] = operands else { return Ok(0) };
        let second = others.first().unwrap_or(first);
        Ok(match self {
            Self::Concat => measured(first, limit).saturating_add(measured(second, limit)),
            Self::Add => match (first.as_str(), second.as_str()) {
                (Some(first), Some(second)) => first.len().saturating_add(second.len()),
                _ if is_list(first) && is_list(second) => listed(items(first).saturating_add(items(second)), ITEM),
                (_, _) => 0,
            },
            Self::Multiply => repeated(first, second).max(repeated(second, first)),
            Self::Slice => sliced(first, others),
            Self::Compare => {
                for value in operands {
                    looked_at(value, 0)?;
                }
                // What is looked for in a text becomes one.
                let texts = operands.iter().filter(|value| value.as_str().is_some()).count();
                if texts == 1 {
                    operands.iter().filter(|value| value.as_str().is_none()).map(|value| measured(value, limit)).sum()
                } else {
                    0
                }
            }
            Self::In => {
                looked_for(first, second)?;
                if second.as_str().is_some() && first.as_str().is_none() { measured(first, limit) } else { 0 }
            }
            Self::Spread => {
                let lists = operands.iter().filter(|value| value.as_str().is_none());
                listed(lists.fold(0, |sum, list| sum.saturating_add(items(list))), 2 * ITEM)
            }
            Self::Store => {
                if is_namespace(first) {
                    return Err(within_itself());
                }
                looked_at(first, 0)?;
                0
            }
            Self::Raw | Self::Unpack | Self::Build => 0,
        })
    }
}

/// Puts the counting of steps into an environment.
pub(super) fn install(environment: &mut Environment<'static>, limit: usize) {
    for step in Step::ALL {
        environment.add_filter(step.filter(), move |value: Value| step.count(value, limit));
    }
}

fn repeated(value: &Value, times: &Value) -> usize {
    let Some(times) = times.as_usize() else { return 0 };
    match value.as_str() {
        Some(text) => text.len().saturating_mul(times),
        None if is_list(value) => listed(items(value).saturating_mul(times), ITEM),
        None => 0,
    }
}

fn sliced(value: &Value, range: &[Value]) -> usize {
    let Some(text) = value.as_str() else { return if is_list(value) { listed(items(value), ITEM) } else { 0 } };
    let end = range.get(1).and_then(Value::as_usize).map_or(text.len(), |end| end.saturating_mul(4));
    let stepped = range.get(2).is_some_and(|step| !step.is_none());
    // Backwards it takes the text apart into characters.
    if stepped { text.len().saturating_mul(5) } else { end.min(text.len()) }
}

fn is_namespace(value: &Value) -> bool {
    value.as_object().is_some_and(|object| object.type_name().ends_with("::Namespace"))
}

fn within_itself() -> Error {
    Error::new(ErrorKind::InvalidOperation, "a namespace cannot be kept in a namespace, nor in a list")
}

/// Looks at everything in a value: what is nested too deeply costs the stack of whoever walks it, and what holds itself has no end.
pub(super) fn looked_at(value: &Value, depth: usize) -> Result<(), Error> {
    let is_map = value.kind() == ValueKind::Map;
    if !is_map && !is_list(value) {
        return Ok(());
    }
    if depth > MOST_NESTED {
        return Err(Error::new(ErrorKind::InvalidOperation, format!("lists more than {MOST_NESTED} deep")));
    }
    for item in value.try_iter()? {
        look(1)?;
        let item = if is_map { value.get_item(&item)? } else { item };
        if is_namespace(&item) {
            return Err(within_itself());
        }
        looked_at(&item, depth + 1)?;
    }
    Ok(())
}

/// Counts values that are looked at.
fn look(values: usize) -> Result<(), Error> {
    let looked = LOOKED.get().saturating_add(values);
    LOOKED.set(looked);
    if looked > MOST_LOOKED_AT {
        return Err(Error::new(
            ErrorKind::InvalidOperation,
            format!("the template looks at more than {MOST_LOOKED_AT} values in lists; does a loop end?"),
        ));
    }
    Ok(())
}

/// Looks at what `in` does: a map finds a key without a look at its values, and a list has no need of the insides of its items where
/// what is looked for has none.
fn looked_for(value: &Value, among: &Value) -> Result<(), Error> {
    looked_at(value, 0)?;
    if !is_list(among) {
        return Ok(());
    }
    if is_list(value) || value.kind() == ValueKind::Map { looked_at(among, 0) } else { look(items(among)) }
}

/// Makes lists of what would be made item by item later: one such on top of the other costs the stack of whoever walks it.
pub(super) fn made(values: &mut [Value], what: &str, limit: usize) -> Result<(), Error> {
    for value in values.iter_mut().filter(|value| value.kind() == ValueKind::Iterable) {
        charge(listed(items(value), ITEM), what, limit)?;
        *value = value.try_iter()?.collect();
    }
    Ok(())
}
