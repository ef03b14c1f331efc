//! Durations as people write them (`500ms`, `30s`, `5m`, `2h`) and read them.

use std::time::Duration;

use thiserror::Error;

/// Why a text is not a duration.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("`{text}` is not a duration: write a number with a unit, like 500ms, 30s, 5m or 2h")]
pub struct DurationError {
    text: String,
}

/// Reads `500ms`, `1.5s`, `5m`, `2h`.
///
/// # Errors
/// When there is no unit, no number, or the number is negative, not finite or too large.
pub fn parse(text: &str) -> Result<Duration, DurationError> {
    let error = || DurationError { text: text.to_owned() };
    let trimmed = text.trim();
    let split = trimmed.find(|c: char| c.is_ascii_alphabetic()).ok_or_else(error)?;
    let (number, unit) = trimmed.split_at(split);
    let number: f64 = number.trim().parse().ok().filter(|n: &f64| n.is_finite() && *n >= 0.0).ok_or_else(error)?;
    let seconds = match unit {
        "ms" => number / 1_000.0,
        "s" => number,
        "m" => number * 60.0,
        "h" => number * 3_600.0,
        _ => return Err(error()),
    };
    Duration::try_from_secs_f64(seconds).ok().ok_or_else(error)
}

/// Milliseconds with their fraction.
pub fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}

/// A short text for people: `870 ms`, `4.2 s`, `3 min 05 s`, `2 h 10 min`.
pub fn human(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if duration.is_zero() {
        "0 s".to_owned()
    } else if seconds < 0.001 {
        format!("{} µs", duration.as_micros())
    } else if seconds < 1.0 {
        format!("{:.0} ms", seconds * 1_000.0)
    } else if seconds < 60.0 {
        format!("{seconds:.1} s")
    } else if seconds < 3_600.0 {
        format!("{} min {:02} s", duration.as_secs() / 60, duration.as_secs() % 60)
    } else {
        format!("{} h {:02} min", duration.as_secs() / 3_600, duration.as_secs() % 3_600 / 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_read() {
        for (text, expected) in [("500ms", 500), ("1.5s", 1_500), ("30 s", 30_000), ("5m", 300_000), ("2h", 7_200_000)] {
            assert_eq!(parse(text), Ok(Duration::from_millis(expected)), "{text}");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["", "30", "s", "-1s", "1e400s", "5 minutes", "NaNs", "inf s"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn people_read_short_texts() {
        for (millis, expected) in [(0, "0 s"), (870, "870 ms"), (4_200, "4.2 s"), (185_000, "3 min 05 s"), (7_800_000, "2 h 10 min")] {
            assert_eq!(human(Duration::from_millis(millis)), expected);
        }
    }
}
