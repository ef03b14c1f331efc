//! How long a server asks us to wait.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};

/// No server may ask for more than this: it would be a mistake in its numbers.
const LONGEST: Duration = Duration::from_hours(24);

/// What the headers ask for: `retry-after-ms`, `Retry-After` in seconds or as a date (compared with the server's own
/// `Date`, else with `now`), else the limits that are used up (`x-ratelimit-reset…`, `anthropic-ratelimit-…-reset`).
pub(in super::super) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let server_now = headers.get(DATE).and_then(|date| http_date(date.to_str().ok()?)).unwrap_or(now);
    let milliseconds = text("retry-after-ms").and_then(|ms| seconds(ms.parse::<f64>().ok()? / 1_000.0));
    let asked = milliseconds.or_else(|| {
        let value = text(RETRY_AFTER.as_str())?;
        value.parse().ok().and_then(seconds).or_else(|| Some(until(http_date(value)?, server_now)))
    });
    asked.or_else(|| used_up(&text, server_now)).map(|wait| wait.min(LONGEST))
}

fn used_up<'text>(text: &impl Fn(&str) -> Option<&'text str>, now: Timestamp) -> Option<Duration> {
    let openai = ["requests", "tokens"].into_iter().filter_map(|what| {
        let empty = text(&format!("x-ratelimit-remaining-{what}"))? == "0";
        empty.then(|| span(text(&format!("x-ratelimit-reset-{what}"))?)).flatten()
    });
    let anthropic = ["requests", "tokens", "input-tokens", "output-tokens"].into_iter().filter_map(|what| {
        let empty = text(&format!("anthropic-ratelimit-{what}-remaining"))? == "0";
        empty.then(|| Some(until(text(&format!("anthropic-ratelimit-{what}-reset"))?.parse().ok()?, now))).flatten()
    });
    let plain = || {
        let number: f64 = text("x-ratelimit-reset")?.parse().ok()?;
        #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 stay below 2^53")]
        let now = now.as_millisecond() as f64 / 1_000.0;
        // Seconds to go, or a moment as seconds or milliseconds since 1970.
        seconds(if number > 1e11 {
            (number / 1_000.0 - now).max(0.0)
        } else if number > 1e8 {
            (number - now).max(0.0)
        } else {
            number
        })
    };
    openai.chain(anthropic).max().or_else(plain)
}

/// `6m0s`, `1.5s`, `20ms`, `1h2m`: a sum of numbers with units.
fn span(text: &str) -> Option<Duration> {
    let mut total = 0.0;
    let mut rest = text;
    while !rest.is_empty() {
        let (number, tail) = rest.split_at(rest.find(|c: char| c.is_ascii_alphabetic())?);
        let (unit, tail) = tail.split_at(tail.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(tail.len()));
        let factor = match unit {
            "ms" => 0.001,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3_600.0,
            "d" => 86_400.0,
            _ => return None,
        };
        total += number.parse::<f64>().ok()? * factor;
        rest = tail;
    }
    seconds(total)
}

fn seconds(number: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(number).ok()
}

fn http_date(text: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()
}

fn until(then: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(then.duration_since(now)).unwrap_or(Duration::ZERO)
}

#[cfg(test)]
mod tests {
    use super::*;

    type Headers = &'static [(&'static str, &'static str)];

    fn asked(headers: Headers) -> Option<f64> {
        let headers: HeaderMap = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        retry_after(&headers, "2026-01-02T03:04:05Z".parse().unwrap()).map(|wait| wait.as_secs_f64())
    }

    #[test]
    fn seconds_and_dates() {
        let table: &[(Headers, Option<f64>)] = &[
            (&[("retry-after", "7")], Some(7.0)),
            (&[("retry-after", "1.5")], Some(1.5)),
            (&[("retry-after-ms", "250"), ("retry-after", "7")], Some(0.25)),
            (&[("retry-after", "Fri, 02 Jan 2026 03:04:15 GMT")], Some(10.0)),
            (&[("retry-after", "Fri, 02 Jan 2026 03:04:00 GMT")], Some(0.0)),
            (&[("retry-after", "Fri, 02 Jan 2026 03:04:15 GMT"), ("date", "Fri, 02 Jan 2026 03:04:14 GMT")], Some(1.0)),
            (&[("retry-after", "99999999999999")], Some(86_400.0)),
            (&[("retry-after", "-3")], None),
            (&[("retry-after", "soon")], None),
            (&[], None),
        ];
        for (headers, expected) in table {
            assert_eq!(asked(headers), *expected, "{headers:?}");
        }
    }

    #[test]
    fn the_limit_that_is_used_up() {
        let table: &[(Headers, Option<f64>)] = &[
            (&[("x-ratelimit-remaining-requests", "0"), ("x-ratelimit-reset-requests", "1m2.5s")], Some(62.5)),
            (&[("x-ratelimit-remaining-requests", "3"), ("x-ratelimit-reset-requests", "1m")], None),
            (&[("x-ratelimit-remaining-tokens", "0"), ("x-ratelimit-reset-tokens", "20ms")], Some(0.02)),
            (&[("x-ratelimit-remaining-tokens", "0"), ("x-ratelimit-reset-tokens", "nonsense")], None),
            (&[("anthropic-ratelimit-tokens-remaining", "0"), ("anthropic-ratelimit-tokens-reset", "2026-01-02T03:04:08Z")], Some(3.0)),
            (&[("x-ratelimit-reset", "12")], Some(12.0)),
            (&[("x-ratelimit-reset", "1767323055")], Some(10.0)),
            (&[("x-ratelimit-reset", "1767323055000")], Some(10.0)),
        ];
        for (headers, expected) in table {
            assert_eq!(asked(headers), *expected, "{headers:?}");
        }
    }
}
