//! Numbers in a JSON document: what a pointer leads to, by its form.
//!
//! A number is a value; a list of numbers is samples; `{"value": 1.5, "at": …}` is a value with its time;
//! `{"samples": […]}` is samples; `{"series": [{"labels": {…}, "points": [[at, value], …]}]}` is series. Times are
//! seconds since 1970. `null` and the texts `NaN`, `+Inf`, `-Inf` stand for what JSON has no number for.

use serde_json::Value;

use super::tell::{Teller, now_ms};
use crate::domain::metric_source::{Found, Labels, Point, Series};

/// One number of a document.
enum Number {
    Finite(f64),
    Undefined,
    Infinite,
}

fn number(value: &Value) -> Result<Number, String> {
    match value {
        Value::Null => Ok(Number::Undefined),
        Value::Number(number) => Ok(number.as_f64().filter(|number| number.is_finite()).map_or(Number::Infinite, Number::Finite)),
        Value::String(text) => match text.as_str() {
            "NaN" | "nan" => Ok(Number::Undefined),
            "Inf" | "+Inf" | "-Inf" | "inf" | "-inf" | "Infinity" | "-Infinity" => Ok(Number::Infinite),
            _ => Err("a text instead of a number; write it without quotes".to_owned()),
        },
        Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
            Err("neither a number, nor a list of numbers, nor one of the known forms".to_owned())
        }
    }
}

/// What `pointer` leads to. Nothing there is [`Found::Empty`].
pub(super) fn read(document: &Value, pointer: &str, teller: &Teller) -> Result<Found, String> {
    if !pointer.is_empty() && !pointer.starts_with('/') {
        return Err(format!("`{pointer}` is no JSON pointer: write it like /metrics/error_rate"));
    }
    let Some(value) = document.pointer(pointer) else { return Ok(Found::Empty) };
    let now = now_ms();
    match value {
        Value::Array(items) => samples(items, teller),
        Value::Object(map) => {
            if let Some(value) = map.get("value") {
                let at = map.get("at").map(time).transpose()?;
                let found = one(value, at.unwrap_or(now))?;
                return Ok(teller.fresh(found, at, now));
            }
            if let Some(items) = map.get("samples").and_then(Value::as_array) {
                let at = map.get("at").map(time).transpose()?;
                return Ok(teller.fresh(samples(items, teller)?, at, now));
            }
            let list = map.get("series").and_then(Value::as_array).ok_or("an object without `value`, `samples` or `series`")?;
            series(list, teller, now)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => one(value, now),
    }
}

fn one(value: &Value, at_ms: i64) -> Result<Found, String> {
    Ok(match number(value)? {
        Number::Finite(value) => Found::Value { labels: Labels::new(), point: Point { at_ms, value } },
        Number::Undefined => Found::NotANumber,
        Number::Infinite => Found::Infinite,
    })
}

fn time(value: &Value) -> Result<i64, String> {
    let seconds = value.as_f64().filter(|seconds| seconds.abs() < 1e12).ok_or("a time that is no number of seconds since 1970")?;
    #[expect(clippy::cast_possible_truncation, reason = "bounded above")]
    Ok((seconds * 1_000.0).round() as i64)
}

/// A list without times. A hole in it has no place to be shown at, so the list is not usable at all.
fn samples(items: &[Value], teller: &Teller) -> Result<Found, String> {
    if items.len() > teller.max_samples {
        return Ok(Found::TooMany { count: items.len(), limit: teller.max_samples });
    }
    let mut numbers = Vec::with_capacity(items.len());
    for item in items {
        match number(item)? {
            Number::Finite(number) => numbers.push(number),
            Number::Undefined => return Ok(Found::NotANumber),
            Number::Infinite => return Ok(Found::Infinite),
        }
    }
    Ok(if numbers.is_empty() { Found::Empty } else { Found::Samples(numbers) })
}

fn series(list: &[Value], teller: &Teller, now: i64) -> Result<Found, String> {
    if list.len() > teller.max_series {
        return Ok(Found::TooMany { count: list.len(), limit: teller.max_series });
    }
    let mut collected = Collected::default();
    for entry in list {
        let labels = entry.get("labels").and_then(Value::as_object).into_iter().flatten();
        let labels: Labels = labels.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect();
        let points = entry.get("points").and_then(Value::as_array).ok_or("a series without `points`")?;
        let mut read = Vec::with_capacity(points.len());
        for point in points {
            let Some([at, value]) = point.as_array().map(Vec::as_slice) else {
                return Err("a point that is not [time, value]".to_owned());
            };
            let at_ms = time(at)?;
            match number(value)? {
                Number::Finite(value) => read.push(Point { at_ms, value }),
                Number::Undefined => collected.not_numbers += 1,
                Number::Infinite => collected.infinite += 1,
            }
        }
        collected.add(labels, read);
    }
    let newest = collected.newest_ms();
    Ok(teller.fresh(collected.found(teller.max_samples), newest, now))
}

/// Series while they are read, with what was no finite number.
#[derive(Debug, Default)]
pub(super) struct Collected {
    pub(super) series: Vec<Series>,
    pub(super) points: usize,
    pub(super) not_numbers: usize,
    pub(super) infinite: usize,
}

impl Collected {
    /// Adds a series in the order of time; one without points is left out.
    pub(super) fn add(&mut self, labels: Labels, mut points: Vec<Point>) {
        points.sort_by_key(|point| point.at_ms);
        self.points += points.len();
        if !points.is_empty() {
            self.series.push(Series { labels, points });
        }
    }

    pub(super) fn newest_ms(&self) -> Option<i64> {
        self.series.iter().filter_map(|series| series.points.last()).map(|point| point.at_ms).max()
    }

    /// What it comes to.
    pub(super) fn found(self, max_samples: usize) -> Found {
        let all = self.points + self.not_numbers + self.infinite;
        if all > max_samples {
            return Found::TooMany { count: all, limit: max_samples };
        }
        match (self.points, self.not_numbers, self.infinite) {
            (0, 0, 0) => Found::Empty,
            (0, 0, _) => Found::Infinite,
            (0, _, _) => Found::NotANumber,
            (_, 0, 0) => Found::Series(self.series),
            (_, not_numbers, infinite) => {
                let missing = format!("of {all} points {not_numbers} are not a number and {infinite} are infinite");
                Found::Partial { series: self.series, missing }
            }
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::{sync::Arc, time::Duration};

    use serde_json::json;

    use super::*;

    pub(in super::super) fn teller() -> Teller {
        let second = Duration::from_secs(1);
        Teller {
            name: "m".into(),
            timeout: 2 * second,
            max_age: Some(60 * second),
            max_series: 3,
            max_samples: 5,
            scrubber: Arc::default(),
        }
    }

    #[test]
    fn every_form_has_its_name() {
        let now = now_ms() / 1_000;
        let document = json!({
            "number": 1.5, "null": null, "nan": "NaN", "inf": "+Inf", "text": "1.5", "flag": true, "empty": [], "list": [1, 2.5],
            "hole": [1, null], "long": [1, 2, 3, 4, 5, 6], "huge": 1e308, "a/b": 7,
            "fresh": {"value": 3, "at": now}, "old": {"value": 3, "at": now - 3600}, "samples": {"samples": [1, 2], "at": now},
            "series": {"series": [{"labels": {"v": "2"}, "points": [[now, 2], [now - 1, 1]]}]},
            "holes": {"series": [{"points": [[now, 2], [now - 1, null]]}]},
            "nothing": {"series": []}, "all": {"series": [{"points": [[now, null]]}]},
            "past": {"series": [{"points": [[now - 3600, 2]]}]},
            "many": {"series": [{}, {}, {}, {}]},
            "stranger": {"a": 1},
        });
        let read = |pointer: &str| read(&document, pointer, &teller()).map(|found| found.name());
        for (pointer, name) in [
            ("/number", "value"),
            ("/null", "not-a-number"),
            ("/nan", "not-a-number"),
            ("/inf", "infinite"),
            ("/missing", "empty"),
            ("/empty", "empty"),
            ("/list", "samples"),
            ("/hole", "not-a-number"),
            ("/long", "too-many"),
            ("/huge", "value"),
            ("/a~1b", "value"),
            ("/fresh", "value"),
            ("/old", "stale"),
            ("/samples", "samples"),
            ("/series", "series"),
            ("/holes", "partial"),
            ("/nothing", "empty"),
            ("/all", "not-a-number"),
            ("/past", "stale"),
            ("/many", "too-many"),
        ] {
            assert_eq!(read(pointer), Ok(name), "{pointer}");
        }
        for (pointer, word) in
            [("/text", "without quotes"), ("/flag", "neither"), ("/stranger", "without `value`"), ("number", "no JSON pointer")]
        {
            assert!(read(pointer).unwrap_err().contains(word), "{pointer}");
        }
    }

    #[test]
    fn points_are_put_in_order() {
        let document = json!({"series": [{"points": [[20, 2], [10, 1]]}]});
        let old = Teller { max_age: None, ..teller() };
        assert_eq!(read(&document, "", &old).unwrap().numbers(), [1.0, 2.0]);
    }
}
