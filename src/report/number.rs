//! Numbers as people read them.

use std::time::Duration;

use crate::domain::duration;

/// Stands where a number is not known.
pub const UNKNOWN: &str = "–";

/// Stands between groups of three digits: a narrow space that does not break.
const THIN_SPACE: char = '\u{202f}';

/// A share as `83.3 %`. Only a full share reads `100 %`, and only an empty one `0 %`.
pub fn percent(share: f64) -> String {
    if !share.is_finite() {
        return UNKNOWN.to_owned();
    }
    let value = share * 100.0;
    if share > 0.0 && value < 0.1 {
        "< 0.1 %".to_owned()
    } else if share < 1.0 && value > 99.9 {
        "> 99.9 %".to_owned()
    } else {
        format!("{} %", without_trailing_zeros(&format!("{value:.1}")))
    }
}

/// A bound as a user wrote it, in percent with up to four decimals.
pub fn bound(share: f64) -> String {
    format!("{} %", without_trailing_zeros(&format!("{:.4}", share * 100.0)))
}

/// Milliseconds as `0.42 ms`, `4.2 ms`, `870 ms`, `1.12 s`, `3 min 05 s`.
pub fn millis(value: f64) -> String {
    if !value.is_finite() || value < 0.0 {
        UNKNOWN.to_owned()
    } else if value < 1.0 {
        format!("{value:.2} ms")
    } else if value < 9.95 {
        format!("{value:.1} ms")
    } else if value < 999.5 {
        format!("{value:.0} ms")
    } else if value < 9_995.0 {
        format!("{:.2} s", value / 1_000.0)
    } else {
        Duration::try_from_secs_f64(value / 1_000.0).map_or_else(|_| UNKNOWN.to_owned(), duration::human)
    }
}

/// A count with its digits in groups of three: `12 345`.
pub fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3 * THIN_SPACE.len_utf8());
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(THIN_SPACE);
        }
        out.push(digit);
    }
    out
}

/// How many of something there are.
pub fn size(value: usize) -> String {
    count(u64::try_from(value).unwrap_or(u64::MAX))
}

/// Dollars: cents from one dollar up, two telling digits below.
pub fn usd(value: f64) -> String {
    if !value.is_finite() || value < 0.0 {
        UNKNOWN.to_owned()
    } else if value <= 0.0 {
        "$0".to_owned()
    } else if value >= 0.995 {
        format!("${value:.2}")
    } else {
        // The first telling digit stands at this decimal place; one more follows.
        let place = (1..=12).find(|place| value * 10_f64.powi(*place) >= 0.995).unwrap_or(12);
        let decimals = usize::try_from(place).unwrap_or(12) + 1;
        format!("${}", without_trailing_zeros(&format!("{value:.decimals$}")))
    }
}

/// `1 sample`, `2 samples`.
pub fn plural(value: usize, noun: &str) -> String {
    format!("{} {noun}{}", size(value), if value == 1 { "" } else { "s" })
}

fn without_trailing_zeros(number: &str) -> &str {
    if number.contains('.') { number.trim_end_matches('0').trim_end_matches('.') } else { number }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentage_never_claims_more_than_it_has() {
        for (share, expected) in
            [(1.0, "100 %"), (0.9999, "> 99.9 %"), (5.0 / 6.0, "83.3 %"), (0.8, "80 %"), (0.0001, "< 0.1 %"), (0.0, "0 %"), (f64::NAN, "–")]
        {
            assert_eq!(percent(share), expected, "{share}");
        }
        assert_eq!(bound(0.8333), "83.33 %");
        assert_eq!(bound(1.0), "100 %");
    }

    #[test]
    fn milliseconds_keep_three_telling_digits_or_fewer() {
        for (value, expected) in [
            (0.0, "0.00 ms"),
            (0.421, "0.42 ms"),
            (4.21, "4.2 ms"),
            (9.96, "10 ms"),
            (870.4, "870 ms"),
            (999.7, "1.00 s"),
            (1_121.0, "1.12 s"),
            (12_345.0, "12.3 s"),
            (185_000.0, "3 min 05 s"),
            (f64::INFINITY, "–"),
        ] {
            assert_eq!(millis(value), expected, "{value}");
        }
    }

    #[test]
    fn counts_are_grouped() {
        for (value, expected) in [(0, "0"), (999, "999"), (1_000, "1\u{202f}000"), (1_234_567, "1\u{202f}234\u{202f}567")] {
            assert_eq!(count(value), expected);
        }
        assert_eq!(plural(1, "sample"), "1 sample");
        assert_eq!(plural(0, "sample"), "0 samples");
    }

    #[test]
    fn dollars_show_what_matters() {
        for (value, expected) in [
            (0.0, "$0"),
            (0.000_001_234, "$0.0000012"),
            (0.0123, "$0.012"),
            (0.5, "$0.5"),
            (0.996, "$1.00"),
            (12.345, "$12.35"),
            (1e-15, "$0"),
            (f64::NAN, "–"),
        ] {
            assert_eq!(usd(value), expected, "{value}");
        }
    }
}
