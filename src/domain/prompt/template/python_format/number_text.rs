//! The digits of floating-point numbers, as `CPython` writes them.

/// Digits with the place of the point, before they are laid out.
struct Digits {
    digits: String,
    /// How many digits stand before the point; may be negative.
    point: i32,
}

/// How digits are laid out.
#[derive(Debug, Clone, Copy, Default)]
struct Layout {
    exponent: bool,
    /// At least so many digits.
    least: usize,
    /// A digit behind the point even for a whole number.
    one_decimal: bool,
    /// A point even where nothing follows.
    keep_point: bool,
}

impl Digits {
    /// The shortest digits that read back as the same number, or so many digits behind the first one.
    fn of(number: f64, decimals: Option<usize>) -> Self {
        let written = decimals.map_or_else(|| shortest_exponent(number), |decimals| format!("{number:.decimals$e}"));
        let (mantissa, exponent) = written.split_once('e').unwrap_or((&written, "0"));
        let exponent: i32 = exponent.parse().unwrap_or(0);
        Self { digits: mantissa.chars().filter(char::is_ascii_digit).collect(), point: exponent + 1 }
    }

    fn lay_out(&self, layout: Layout) -> String {
        let (point, exponent) = if layout.exponent { (1, Some(self.point - 1)) } else { (self.point, None) };
        let before = usize::try_from(point).unwrap_or(0);
        let decimal = usize::from(layout.one_decimal && !layout.exponent);
        let least = layout.least.max(before + decimal).max(self.digits.len());
        let zeros = usize::try_from(-point).unwrap_or(0);
        let mut digits = self.digits.chars().chain(std::iter::repeat('0'));
        let mut shown: String = digits.by_ref().take(before).collect();
        if shown.is_empty() {
            shown.push('0');
        }
        let decimals: String = std::iter::repeat_n('0', zeros).chain(digits.take(least - before)).collect();
        if layout.keep_point || !decimals.is_empty() {
            shown.push('.');
        }
        shown.push_str(&decimals);
        if let Some(exponent) = exponent {
            shown = format!("{shown}e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs());
        }
        shown
    }

    fn without_zeros(mut self) -> Self {
        self.digits.truncate(self.digits.trim_end_matches('0').len().max(1));
        self
    }
}

/// The shortest digits. Where two are equally near, Python takes the even one and Rust the larger one.
fn shortest_exponent(number: f64) -> String {
    let shortest = format!("{number:e}");
    let decimals = shortest.split('e').next().and_then(|mantissa| mantissa.split_once('.')).map_or(0, |(_, decimals)| decimals.len());
    let even = format!("{number:.decimals$e}");
    if even.parse::<f64>().is_ok_and(|read| read.to_bits() == number.to_bits()) { even } else { shortest }
}

/// `repr`: the shortest digits, in a form that shows it is no whole number.
pub(super) fn shortest(number: f64) -> String {
    let sign = if number.is_sign_negative() && !number.is_nan() { "-" } else { "" };
    format!("{sign}{}", unsigned_shortest(number.abs(), false))
}

/// The same for a number of 0 or more.
pub(super) fn unsigned_shortest(number: f64, keep_point: bool) -> String {
    if !number.is_finite() {
        return not_finite(number);
    }
    let digits = Digits::of(number, None);
    let exponent = digits.point <= -4 || digits.point > 16;
    digits.lay_out(Layout { exponent, one_decimal: true, keep_point, ..Layout::default() })
}

/// `e`: one digit, the decimals, the exponent.
pub(super) fn exponent(number: f64, decimals: usize, keep_point: bool) -> String {
    if !number.is_finite() {
        return not_finite(number);
    }
    Digits::of(number, Some(decimals)).lay_out(Layout { exponent: true, least: decimals + 1, keep_point, ..Layout::default() })
}

/// `f`: so many decimals.
pub(super) fn fixed(number: f64, decimals: usize, keep_point: bool) -> String {
    if !number.is_finite() {
        return not_finite(number);
    }
    let point = if keep_point && decimals == 0 { "." } else { "" };
    format!("{number:.decimals$}{point}")
}

/// `g`: so many digits, with an exponent where that is shorter. `alternate` keeps zeros at the end.
pub(super) fn general(number: f64, precision: usize, alternate: bool, one_decimal: bool) -> String {
    if !number.is_finite() {
        return not_finite(number);
    }
    let precision = precision.max(1);
    let digits = Digits::of(number, Some(precision - 1));
    let most = i32::try_from(precision).unwrap_or(i32::MAX) - i32::from(one_decimal);
    let exponent = digits.point <= -4 || digits.point > most;
    let digits = if alternate { digits } else { digits.without_zeros() };
    digits.lay_out(Layout { exponent, least: 0, one_decimal, keep_point: alternate })
}

fn not_finite(number: f64) -> String {
    if number.is_nan() { "nan" } else { "inf" }.to_owned()
}
