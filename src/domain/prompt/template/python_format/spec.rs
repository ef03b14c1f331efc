//! What stands behind `:` in a field, and formatting by it.

use serde_json::Value;

use super::{number, text};

/// The widest field and the most digits. More than this is a mistake, and would fill the memory.
const MOST: usize = 10_000;

/// `[[fill]align][sign][z][#][0][width][grouping][.precision][type]`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a letter of the format")]
pub(super) struct Spec {
    pub(super) fill: Option<char>,
    pub(super) align: Option<Align>,
    pub(super) sign: Option<Sign>,
    /// `z`: no negative zero.
    pub(super) no_negative_zero: bool,
    /// `#`.
    pub(super) alternate: bool,
    /// `0` before the width.
    pub(super) zero: bool,
    pub(super) width: usize,
    /// `,` or `_`.
    pub(super) grouping: Option<char>,
    pub(super) precision: Option<usize>,
    /// The letter at the end.
    pub(super) kind: Option<char>,
    /// Nothing was written, which is not the same as a format without an effect.
    pub(super) written: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Align {
    Left,
    Right,
    Center,
    /// Padding between sign and digits.
    AfterSign,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    Minus,
    Plus,
    Space,
}

impl Align {
    fn of(c: char) -> Option<Self> {
        match c {
            '<' => Some(Self::Left),
            '>' => Some(Self::Right),
            '^' => Some(Self::Center),
            '=' => Some(Self::AfterSign),
            _ => None,
        }
    }
}

impl Spec {
    /// Reads a format; what is wrong comes as a fragment.
    pub(super) fn parse(written: &str) -> Result<Self, String> {
        let mut spec = Self { written: !written.is_empty(), ..Self::default() };
        let mut rest = written;
        let mut start = rest.chars();
        match (start.next(), start.next().and_then(Align::of)) {
            (Some(fill), Some(align)) => {
                (spec.fill, spec.align) = (Some(fill), Some(align));
                rest = start.as_str();
            }
            (Some(first), None) => {
                if let Some(align) = Align::of(first) {
                    spec.align = Some(align);
                    rest = rest.strip_prefix(first).unwrap_or(rest);
                }
            }
            (None, _) => {}
        }
        for (letter, sign) in [('+', Sign::Plus), ('-', Sign::Minus), (' ', Sign::Space)] {
            if spec.sign.is_none() && taken(&mut rest, letter) {
                spec.sign = Some(sign);
            }
        }
        spec.no_negative_zero = taken(&mut rest, 'z');
        spec.alternate = taken(&mut rest, '#');
        spec.zero = spec.fill.is_none() && taken(&mut rest, '0');
        spec.width = number(&mut rest, "width")?.unwrap_or(0);
        if let Some(separator) = [',', '_'].into_iter().find(|separator| taken(&mut rest, *separator)) {
            spec.grouping = Some(separator);
            if rest.starts_with([',', '_']) {
                return Err("digits are grouped by `,` or by `_`, once".to_owned());
            }
        }
        if taken(&mut rest, '.') {
            spec.precision = Some(number(&mut rest, "precision")?.ok_or("a number of digits is missing behind `.`")?);
        }
        let mut end = rest.chars();
        spec.kind = end.next();
        if end.next().is_some() || spec.kind.is_some_and(|kind| !"bcdeEfFgGnosxX%".contains(kind)) {
            return Err(format!("`{}` is no format of a field: it may be like `>10`, `05d` or `.2f`", shown(written)));
        }
        spec.check_grouping()?;
        Ok(spec)
    }

    fn check_grouping(&self) -> Result<(), String> {
        match (self.grouping, self.kind) {
            (None, _)
            | (Some(_), None | Some('d' | 'e' | 'f' | 'g' | 'E' | 'G' | '%' | 'F'))
            | (Some('_'), Some('b' | 'o' | 'x' | 'X')) => Ok(()),
            (Some(separator), Some(kind)) => Err(format!("digits of the format `{kind}` are not grouped by `{separator}`")),
        }
    }
}

fn shown(written: &str) -> String {
    written.chars().take(30).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn taken(rest: &mut &str, letter: char) -> bool {
    match rest.strip_prefix(letter) {
        Some(after) => {
            *rest = after;
            true
        }
        None => false,
    }
}

fn number(rest: &mut &str, what: &str) -> Result<Option<usize>, String> {
    let length = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let (digits, after) = rest.split_at(length);
    *rest = after;
    if digits.is_empty() {
        return Ok(None);
    }
    match digits.parse() {
        Ok(number) if number <= MOST => Ok(Some(number)),
        Ok(_) | Err(_) => Err(format!("a {what} above {MOST} is refused")),
    }
}

/// A value as the format shows it; what cannot be done comes as a fragment.
pub(super) fn format(value: &Value, spec: &Spec) -> Result<String, String> {
    if !spec.written {
        return Ok(text::plain(value));
    }
    match value {
        Value::String(content) => text::format(content, spec),
        Value::Bool(flag) => number::integer(i128::from(*flag), spec),
        Value::Number(written) => match (written.as_i64(), written.as_u64(), written.as_f64()) {
            (Some(whole), _, _) => number::integer(i128::from(whole), spec),
            (None, Some(whole), _) => number::integer(i128::from(whole), spec),
            (None, None, Some(float)) => number::float(float, spec),
            (None, None, None) => Err(format!("{written} is no number that can be formatted")),
        },
        Value::Null | Value::Array(_) | Value::Object(_) => {
            Err(format!("{} takes no format; write `!s` before the `:` to format its text", text::kind(value)))
        }
    }
}
