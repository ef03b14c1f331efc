//! Values as Python's `str`, `repr` and `ascii` show them, and texts in a field.

use std::fmt::Write;

use serde_json::Value;

use super::{
    number_text,
    spec::{Align, Spec},
};

/// What a value is, in plain words.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a map",
    }
}

/// `str(value)`.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => repr(value),
    }
}

/// `repr(value)`.
pub(super) fn repr(value: &Value) -> String {
    let mut shown = String::new();
    write_repr(value, &mut shown);
    shown
}

/// `ascii(value)`.
pub(super) fn ascii(value: &Value) -> String {
    let mut shown = String::new();
    for c in repr(value).chars() {
        if c.is_ascii() { shown.push(c) } else { escape(c, &mut shown) }
    }
    shown
}

fn write_repr(value: &Value, shown: &mut String) {
    match value {
        Value::Null => shown.push_str("None"),
        Value::Bool(true) => shown.push_str("True"),
        Value::Bool(false) => shown.push_str("False"),
        Value::Number(number) if number.is_f64() => shown.push_str(&number_text::shortest(number.as_f64().unwrap_or(f64::NAN))),
        Value::Number(number) => shown.push_str(&number.to_string()),
        Value::String(text) => write_text(text, shown),
        Value::Array(items) => {
            shown.push('[');
            for (index, item) in items.iter().enumerate() {
                shown.push_str(if index == 0 { "" } else { ", " });
                write_repr(item, shown);
            }
            shown.push(']');
        }
        Value::Object(map) => {
            shown.push('{');
            for (index, (key, item)) in map.iter().enumerate() {
                shown.push_str(if index == 0 { "" } else { ", " });
                write_text(key, shown);
                shown.push_str(": ");
                write_repr(item, shown);
            }
            shown.push('}');
        }
    }
}

fn write_text(text: &str, shown: &mut String) {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    shown.push(quote);
    for c in text.chars() {
        match c {
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            '\\' => shown.push_str("\\\\"),
            c if c == quote => {
                shown.push('\\');
                shown.push(c);
            }
            c if is_printable(c) => shown.push(c),
            c => escape(c, shown),
        }
    }
    shown.push(quote);
}

/// Rust's `Debug` escapes what Python does not print too. A letter in front keeps it from escaping combining marks.
fn is_printable(c: char) -> bool {
    if c.is_ascii() { !c.is_ascii_control() } else { !format!("{:?}", format!("a{c}")).contains('\\') }
}

fn escape(c: char, shown: &mut String) {
    let code = u32::from(c);
    let written = match code {
        0..=0xff => write!(shown, "\\x{code:02x}"),
        0x100..=0xffff => write!(shown, "\\u{code:04x}"),
        _ => write!(shown, "\\U{code:08x}"),
    };
    written.expect("writing to a string does not fail");
}

/// A text in a field.
pub(super) fn format(text: &str, spec: &Spec) -> Result<String, String> {
    let refused = |what: &str| Err(format!("{what} is for numbers, and the value is a text"));
    match spec.kind {
        None | Some('s') => {}
        Some(kind) => return refused(&format!("the format `{kind}`")),
    }
    if spec.sign.is_some() {
        return refused("a sign");
    }
    if spec.no_negative_zero {
        return refused("`z`");
    }
    if spec.alternate {
        return refused("`#`");
    }
    if spec.grouping.is_some() {
        return refused("grouping digits");
    }
    if spec.align == Some(Align::AfterSign) {
        return refused("the alignment `=`");
    }
    let shown: String = spec.precision.map_or_else(|| text.to_owned(), |most| text.chars().take(most).collect());
    let missing = spec.width.saturating_sub(shown.chars().count());
    let fill = spec.fill.unwrap_or(if spec.zero { '0' } else { ' ' });
    Ok(padded(&shown, missing, fill, spec.align.unwrap_or(Align::Left)))
}

/// A text with padding of so many characters around it.
pub(super) fn padded(text: &str, missing: usize, fill: char, align: Align) -> String {
    let left = match align {
        Align::Left => 0,
        Align::Right | Align::AfterSign => missing,
        Align::Center => missing / 2,
    };
    let pad = |count: usize| std::iter::repeat_n(fill, count);
    pad(left).chain(text.chars()).chain(pad(missing - left)).collect()
}
