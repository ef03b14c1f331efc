//! Numbers in a field.

use super::{
    number_text,
    spec::{Align, Sign, Spec},
    text::padded,
};

/// A number cut into what padding and grouping treat differently.
struct Parts {
    negative: bool,
    /// `0x` and its like.
    prefix: &'static str,
    /// The digits before the point.
    digits: String,
    /// Point, decimals, exponent, percent sign.
    rest: String,
    /// How many digits stand in a group.
    group: usize,
}

/// A whole number in a field.
pub(super) fn integer(number: i128, spec: &Spec) -> Result<String, String> {
    let (prefix, digits) = match spec.kind {
        None | Some('d' | 'n') => ("", number.unsigned_abs().to_string()),
        Some('b') => ("0b", format!("{:b}", number.unsigned_abs())),
        Some('o') => ("0o", format!("{:o}", number.unsigned_abs())),
        Some('x') => ("0x", format!("{:x}", number.unsigned_abs())),
        Some('X') => ("0X", format!("{:X}", number.unsigned_abs())),
        Some('c') => ("", character(number, spec)?),
        Some('e' | 'E' | 'f' | 'F' | 'g' | 'G' | '%') => {
            #[expect(clippy::cast_precision_loss, reason = "the nearest float is what Python takes too")]
            return float(number as f64, spec);
        }
        Some(kind) => return Err(format!("the format `{kind}` is for texts, and the value is a number")),
    };
    if spec.precision.is_some() {
        return Err("a whole number takes no digits behind a point; add `f` to show it as a float".to_owned());
    }
    if spec.no_negative_zero {
        return Err("`z` is for floats, and the value is a whole number".to_owned());
    }
    if spec.kind == Some('c') {
        return Ok(lay_out(Parts { negative: false, prefix: "", digits: String::new(), rest: digits, group: 3 }, spec));
    }
    let prefix = if spec.alternate { prefix } else { "" };
    let group = if matches!(spec.kind, Some('b' | 'o' | 'x' | 'X')) { 4 } else { 3 };
    Ok(lay_out(Parts { negative: number < 0, prefix, digits, rest: String::new(), group }, spec))
}

fn character(number: i128, spec: &Spec) -> Result<String, String> {
    if spec.sign.is_some() || spec.alternate {
        return Err("a sign or `#` does not go with `c`".to_owned());
    }
    let character = u32::try_from(number).ok().and_then(char::from_u32);
    character.map(String::from).ok_or_else(|| format!("{number} is no character"))
}

/// A floating-point number in a field.
pub(super) fn float(number: f64, spec: &Spec) -> Result<String, String> {
    let size = number.abs();
    let decimals = spec.precision.unwrap_or(6);
    let alternate = spec.alternate;
    let shown = match (spec.kind, spec.precision) {
        (None, None) => number_text::unsigned_shortest(size, alternate),
        (None, Some(precision)) => number_text::general(size, precision, alternate, true),
        (Some('e' | 'E'), _) => number_text::exponent(size, decimals, alternate),
        (Some('f' | 'F'), _) => number_text::fixed(size, decimals, alternate),
        (Some('g' | 'G' | 'n'), _) => number_text::general(size, decimals, alternate, false),
        (Some('%'), _) => format!("{}%", number_text::fixed(size * 100.0, decimals, alternate)),
        (Some(kind), _) => {
            let wants = if kind == 's' { "texts" } else { "whole numbers" };
            return Err(format!("the format `{kind}` is for {wants}, and the value is a float"));
        }
    };
    let mantissa = shown.split('e').next().unwrap_or(&shown);
    let zero = !mantissa.contains(|c: char| c.is_ascii_digit() && c != '0') && size.is_finite();
    let negative = number.is_sign_negative() && !(spec.no_negative_zero && zero);
    let shown = if matches!(spec.kind, Some('E' | 'F' | 'G')) { shown.to_uppercase() } else { shown };
    let length = shown.find(|c: char| !c.is_ascii_digit()).unwrap_or(shown.len());
    let (digits, rest) = shown.split_at(length);
    Ok(lay_out(Parts { negative, prefix: "", digits: digits.to_owned(), rest: rest.to_owned(), group: 3 }, spec))
}

fn lay_out(parts: Parts, spec: &Spec) -> String {
    let Parts { negative, prefix, digits, rest, group } = parts;
    let sign = match (negative, spec.sign) {
        (true, _) => "-",
        (false, Some(Sign::Plus)) => "+",
        (false, Some(Sign::Space)) => " ",
        (false, Some(Sign::Minus) | None) => "",
    };
    let fill = spec.fill.unwrap_or(if spec.zero { '0' } else { ' ' });
    let align = spec.align.unwrap_or(if spec.zero { Align::AfterSign } else { Align::Right });
    let around = sign.len() + prefix.len() + rest.chars().count();
    // Zeros in front of the digits are grouped as the digits are.
    let least = if fill == '0' && align == Align::AfterSign { spec.width.saturating_sub(around) } else { 0 };
    let digits = grouped(&digits, least, spec.grouping, group);
    let missing = spec.width.saturating_sub(around + digits.chars().count());
    if align == Align::AfterSign {
        return format!("{sign}{prefix}{}{rest}", padded(&digits, missing, fill, align));
    }
    padded(&format!("{sign}{prefix}{digits}{rest}"), missing, fill, align)
}

/// Digits in groups, with zeros in front until they are at least so long.
fn grouped(digits: &str, least: usize, separator: Option<char>, group: usize) -> String {
    if digits.is_empty() {
        return String::new();
    }
    let mut count = digits.len();
    let length = |count: usize| if separator.is_some() { count + (count - 1) / group } else { count };
    while length(count) < least {
        count += 1;
    }
    let padded = std::iter::repeat_n('0', count - digits.len()).chain(digits.chars());
    let mut shown = String::with_capacity(length(count));
    for (index, digit) in padded.enumerate() {
        if let (Some(separator), true) = (separator, index > 0 && (count - index).is_multiple_of(group)) {
            shown.push(separator);
        }
        shown.push(digit);
    }
    shown
}
