//! Numbers that do not survive being read: what is kept of them has other digits than what was written.

/// Digits from which a number may be longer than what is kept of it.
const MANY: usize = 16;

/// What to do about such a number.
pub(super) const HELP: &str = "put it in quotes: a text keeps every digit";

/// Whether a text may hold a number that loses digits: a quick look, which may be wrong in this direction only.
pub(in crate::config) fn may_lose(text: &str) -> bool {
    let mut run = 0;
    text.bytes().any(|byte| {
        run = if byte.is_ascii_digit() || byte == b'.' { run + 1 } else { 0 };
        run >= MANY
    })
}

/// Whether a number is kept as another one; a text that is no decimal number loses nothing.
pub(super) fn loses(written: &str) -> bool {
    let plain = written.strip_prefix(['-', '+']).unwrap_or(written);
    let (mantissa, exponent) = plain.split_once(['e', 'E']).map_or((plain, None), |(mantissa, exponent)| (mantissa, Some(exponent)));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let is_number = digits(whole) && digits(fraction) && !(whole.is_empty() && fraction.is_empty());
    // YAML takes a number that begins with 0 as a text.
    if !is_number || (whole.len() > 1 && whole.starts_with('0')) {
        return false;
    }
    if exponent.is_none() && !mantissa.contains('.') {
        return written.parse::<i64>().is_err() && plain.parse::<u64>().is_err()
            || written.starts_with('-') && written.parse::<i64>().is_err();
    }
    let Ok(kept) = written.parse::<f64>() else { return false };
    // The shortest text that means the same number has its digits, or that with as many digits as were written, as C's %.17g gives.
    let digits = significant(written);
    significant(&format!("{kept:e}")) != digits && significant(&format!("{kept:.*e}", digits.len().saturating_sub(1))) != digits
}

/// The digits of a number without sign, point, exponent and the zeros at both ends.
fn significant(number: &str) -> String {
    let mantissa = number.split(['e', 'E']).next().unwrap_or_default();
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    digits.trim_matches('0').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_otherwise_than_it_was_written_loses() {
        for number in [
            "18446744073709551616",
            "-9223372036854775809",
            "12345678901234567890123",
            "100000000000000000000",
            "0.12345678901234567890",
            "3.141592653589793238",
            "1234567.12345678912345",
            "1.2345678901234567890e5",
        ] {
            assert!(loses(number) && may_lose(number), "{number}");
        }
    }

    #[test]
    fn what_is_kept_as_it_was_written_does_not() {
        for number in [
            "0",
            "-1",
            "18446744073709551615",
            "-9223372036854775808",
            "0.1",
            "1.10",
            "1e3",
            "1.5E-7",
            "0.10000000149011612",
            "3.141592653589793",
            "1.0",
            "0.10000000000000001",
            "0.29999999999999999",
            "100000000000000000000.5x",
            "abc",
            "",
            "-",
            ".",
            "01234567890123456789",
            "0x12345678901234567890",
            "2024-01-01",
            "1.2.3",
            "1e",
        ] {
            assert!(!loses(number), "{number}");
        }
        assert!(!may_lose("{\"id\": 123456789012345, \"b\": 1.5}"));
    }

    proptest::proptest! {
        #[test]
        fn every_number_that_a_program_writes_is_kept(number: f64, whole: i64) {
            proptest::prop_assert!(!number.is_finite() || !loses(&serde_json::json!(number).to_string()), "{}", number);
            proptest::prop_assert!(!loses(&whole.to_string()));
        }
    }
}
