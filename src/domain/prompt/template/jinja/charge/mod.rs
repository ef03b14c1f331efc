//! What a rendering puts together, in bytes: what it writes, sets and lets macros give, and what its filters and operators make. It is
//! counted before it is made, and never given back.

use std::{
    cell::Cell,
    fmt::{self, Write},
    sync::LazyLock,
};

use minijinja::{
    Environment, Error, ErrorKind, State, Value, escape_formatter, filters as of_engine, functions,
    value::{Rest, ValueKind, ValueOrKwargs},
};

use super::super::too_large_for;

mod steps;

pub(super) use steps::Step;

/// Bytes of one item of a list.
const ITEM: usize = 24;
/// Items of one list that a filter makes.
const MOST_ITEMS: usize = 1_000_000;

/// Filters that make nothing larger.
const FREE: [&str; 14] = ["length", "count", "first", "min", "max", "abs", "round", "int", "float", "attr", "default", "d", "bool", "e"];

/// Filters that lay lists around what they are given.
const NESTING: [&str; 6] = ["batch", "slice", "groupby", "items", "dictsort", "zip"];
/// Filters that make their items only when they are asked for.
const LATER: [&str; 3] = ["reverse", "chain", "zip"];

thread_local! {
    /// Bytes that the rendering under way on this thread has put together.
    static PUT: Cell<usize> = const { Cell::new(0) };
    /// Values in lists that it has looked at.
    static LOOKED: Cell<usize> = const { Cell::new(0) };
}

/// Begins a rendering.
pub(super) fn begin() {
    PUT.set(0);
    LOOKED.set(0);
}

pub(super) fn charge(bytes: usize, what: &str, limit: usize) -> Result<(), Error> {
    let put = PUT.get().saturating_add(bytes);
    PUT.set(put);
    if put > limit {
        return Err(Error::new(ErrorKind::InvalidOperation, format!("{}: {what}", too_large_for(limit))));
    }
    Ok(())
}

/// The names of filters that charge, registered with their own under a name that nobody can write.
macro_rules! filters {
    ($environment:expr, $($name:ident)*) => {{
        $($environment.add_filter(concat!("\u{1}", stringify!($name)), of_engine::$name);)*
        [$(stringify!($name)),*]
    }};
}

/// The names of all filters.
pub(super) fn filters() -> &'static [&'static str] {
    static ALL: LazyLock<Vec<&'static str>> = LazyLock::new(|| install(&mut Environment::new(), 0).into_iter().chain(FREE).collect());
    &ALL
}

/// Puts the counting into an environment, and gives the names of the filters that it counts.
pub(super) fn install(environment: &mut Environment<'static>, limit: usize) -> Vec<&'static str> {
    // What a template captures is in no writer of ours; it is counted here.
    environment.set_formatter(move |output, state, value| {
        charge(measured(value, limit), "what is written", limit)?;
        escape_formatter(output, state, value)
    });
    let charged = filters!(environment, upper lower title capitalize trim string escape reverse replace join indent format split lines list sort
        unique map select reject selectattr rejectattr groupby batch slice items dictsort chain zip tojson pprint safe sum last);
    for name in charged {
        environment.add_filter(name, move |state: &mut State<'_, '_>, values: Rest<ValueOrKwargs>| {
            let (mut values, what) = (values.into_values(), format!("filter `{name}`"));
            if NESTING.contains(&name) {
                values.iter().try_for_each(|value| steps::looked_at(value, 0))?;
            }
            charge(filtered(name, &values, limit), &what, limit)?;
            if LATER.contains(&name) {
                steps::made(&mut values, &what, limit)?;
            }
            let result = state.apply_filter(&format!("\u{1}{name}"), &values)?;
            // A map that asks one map after the other, and each of these others.
            if name == "chain" && result.kind() == ValueKind::Map { copied(&result) } else { Ok(result) }
        });
    }
    steps::install(environment, limit);
    nesting(environment, "dict", Value::from_function(functions::dict));
    nesting(environment, "namespace", Value::from_function(functions::namespace));
    environment
        .add_filter("e", |state: &mut State<'_, '_>, values: Rest<ValueOrKwargs>| state.apply_filter("escape", &values.into_values()));
    charged.to_vec()
}

/// A function that lays a map around what it is given, with a look at that before.
fn nesting(environment: &mut Environment<'static>, name: &'static str, plain: Value) {
    environment.add_function(name, move |state: &mut State<'_, '_>, values: Rest<ValueOrKwargs>| {
        let values = values.into_values();
        values.iter().try_for_each(|value| steps::looked_at(value, 0))?;
        plain.call(state, &values)
    });
}

/// A map with values of its own.
fn copied(map: &Value) -> Result<Value, Error> {
    let pairs: Result<Vec<(Value, Value)>, Error> = map.try_iter()?.map(|key| map.get_item(&key).map(|value| (key, value))).collect();
    Ok(Value::from_pairs(pairs?))
}

/// Counts what is written to it, and ends behind the limit.
struct Counter {
    bytes: usize,
    limit: usize,
}

impl Write for Counter {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.bytes = self.bytes.saturating_add(text.len());
        if self.bytes > self.limit { Err(fmt::Error) } else { Ok(()) }
    }
}

/// Bytes of a value as text; of one above the limit some number above it.
fn measured(value: &Value, limit: usize) -> usize {
    value.as_str().map_or_else(|| written(limit, format_args!("{value}")), str::len)
}

fn written(limit: usize, text: fmt::Arguments<'_>) -> usize {
    let mut counter = Counter { bytes: 0, limit };
    // The error only says that the limit is reached.
    counter.write_fmt(text).map_or(limit.saturating_add(1), |()| counter.bytes)
}

fn all(values: &[Value], limit: usize) -> usize {
    values.iter().fold(0, |sum, value| sum.saturating_add(measured(value, limit)))
}

fn is_list(value: &Value) -> bool {
    matches!(value.kind(), ValueKind::Seq | ValueKind::Iterable)
}

/// Items of a list or map, as far as they are counted.
fn items(value: &Value) -> usize {
    if value.as_str().is_some() {
        return measured(value, usize::MAX);
    }
    value.len().unwrap_or_else(|| value.try_iter().map_or(0, |items| items.take(MOST_ITEMS + 1).count()))
}

/// Bytes for a list of so many items; too many for a list of too many.
fn listed(items: usize, each: usize) -> usize {
    if items > MOST_ITEMS { usize::MAX } else { items.saturating_mul(each) }
}

/// What a filter makes, at most.
fn filtered(name: &str, values: &[Value], limit: usize) -> usize {
    let Some((value, arguments)) = values.split_first() else { return 0 };
    let text = value.as_str();
    let size = || all(values, limit);
    match name {
        "upper" | "lower" | "title" | "capitalize" | "trim" | "string" | "safe" | "sum" => size().saturating_mul(2),
        "escape" => size().saturating_mul(6),
        "reverse" if text.is_some() => size(),
        "replace" => replaced(values, limit),
        "join" => measured(value, limit).saturating_add(items(value).saturating_mul(all(arguments, limit))),
        "indent" => {
            let lines = text.map_or(1, |text| text.matches('\n').count() + 1);
            size().saturating_add((lines + 1).saturating_mul(largest(arguments).max(4)))
        }
        "format" => {
            let spec = text.unwrap_or_default();
            let fields = spec.matches('%').count();
            let widths = spec.split(|c: char| !c.is_ascii_digit()).filter(|digits| !digits.is_empty());
            let padding = widths.map(|digits| digits.parse().unwrap_or(usize::MAX)).fold(0, usize::saturating_add);
            let given = if spec.contains('*') { largest(arguments).saturating_mul(fields) } else { 0 };
            spec.len().saturating_add(fields.saturating_mul(all(arguments, limit))).saturating_add(padding).saturating_add(given)
        }
        "split" | "lines" => {
            let text = text.unwrap_or_default();
            let between = arguments.first().and_then(Value::as_str).unwrap_or(if name == "lines" { "\n" } else { " " });
            let pieces = if between == " " { text.split_whitespace().count() } else { text.matches(between).count() };
            text.len().saturating_add(listed(pieces + 1, ITEM))
        }
        "batch" | "slice" => {
            let count = arguments.first().and_then(Value::as_usize).unwrap_or(0);
            let filled = if name == "batch" && arguments.len() < 2 { 0 } else { count };
            listed(items(value).saturating_add(filled), 4 * ITEM)
        }
        "tojson" => size().saturating_mul(6).saturating_mul(1 + largest(arguments)),
        "pprint" => written(limit, format_args!("{value:#?}")),
        // What makes lists.
        _ => listed(values.iter().filter(|value| is_list(value) || value.kind() == ValueKind::Map).map(items).sum(), 2 * ITEM),
    }
}

fn replaced(values: &[Value], limit: usize) -> usize {
    let [text, from, to, ..] = values else { return 0 };
    let (size, to) = (measured(text, limit), measured(to, limit));
    if size > limit || measured(from, limit) > limit {
        return size.max(limit.saturating_add(1));
    }
    let (text, from) = (text.to_string(), from.to_string());
    let places = if from.is_empty() { text.chars().count() + 1 } else { text.matches(from.as_str()).count() };
    size.saturating_add(places.saturating_mul(to))
}

/// The largest number among arguments, those with names included.
fn largest(arguments: &[Value]) -> usize {
    let of = |value: &Value| {
        let named = || value.try_iter().ok().into_iter().flatten().filter_map(|key| value.get_item(&key).ok()?.as_usize()).max();
        value.as_usize().or_else(|| if value.kind() == ValueKind::Map { named() } else { None })
    };
    arguments.iter().filter_map(of).max().unwrap_or(0)
}
