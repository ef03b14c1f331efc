//! What Prometheus answers to a query, read into named results.

use serde::Deserialize;
use serde_json::Value;

use super::{document::Collected, tell::Teller};
use crate::domain::metric_source::{Found, Labels, Point, Series};

/// An answer of `/api/v1/query` and `/api/v1/query_range`.
#[derive(Debug, Deserialize)]
pub(super) struct Answer {
    pub(super) status: String,
    #[serde(default)]
    data: Option<Data>,
    #[serde(default)]
    pub(super) error: String,
    #[serde(default, rename = "errorType")]
    pub(super) error_type: String,
    /// Of Prometheus, and of Thanos where a part of the stores did not answer.
    #[serde(default)]
    pub(super) warnings: Vec<String>,
    #[serde(default)]
    pub(super) infos: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Data {
    #[serde(rename = "resultType")]
    kind: String,
    result: Value,
}

/// A time in seconds and a number as text.
type Sample = (f64, String);

#[derive(Debug, Deserialize)]
struct Element {
    #[serde(default)]
    metric: Labels,
    #[serde(default)]
    value: Option<Sample>,
    #[serde(default)]
    values: Vec<Sample>,
    #[serde(default)]
    histogram: Option<Value>,
    #[serde(default)]
    histograms: Vec<Value>,
}

impl Answer {
    /// What it holds. A warning that a part is missing makes the whole partial.
    pub(super) fn found(self, teller: &Teller) -> Result<Found, String> {
        let Some(data) = self.data else { return Err("it has no `data`".to_owned()) };
        let partial = self.warnings.iter().find(|warning| speaks_of_missing_parts(warning)).cloned();
        let found = match data.kind.as_str() {
            "scalar" => scalar(data.result)?,
            "vector" | "matrix" => elements(data.result, data.kind == "vector", teller)?,
            other => return Err(format!("a result of type {other}; a query must give numbers")),
        };
        Ok(match (partial, found) {
            (Some(missing), Found::Value { labels, point }) => {
                Found::Partial { series: vec![Series { labels, points: vec![point] }], missing }
            }
            (Some(missing), Found::Series(series)) => Found::Partial { series, missing },
            (Some(_) | None, found) => found,
        })
    }
}

/// Whether a warning says that data is missing; other warnings are about the query's style.
fn speaks_of_missing_parts(warning: &str) -> bool {
    let warning = warning.to_ascii_lowercase();
    ["partial", "remote read", "remote_read", "no store", "store", "unavailable", "failed", "error"]
        .iter()
        .any(|word| warning.contains(word))
        && !warning.starts_with("promql info")
}

fn scalar(result: Value) -> Result<Found, String> {
    let sample: Sample = serde_json::from_value(result).map_err(|error| format!("its scalar is not understood: {error}"))?;
    let mut collected = Collected::default();
    let points = point(&sample, &mut collected)?;
    collected.add(Labels::new(), points.into_iter().collect());
    Ok(single(collected, usize::MAX))
}

fn elements(result: Value, instant: bool, teller: &Teller) -> Result<Found, String> {
    let count = result.as_array().map_or(0, Vec::len);
    if count > teller.max_series {
        return Ok(Found::TooMany { count, limit: teller.max_series });
    }
    let elements: Vec<Element> = serde_json::from_value(result).map_err(|error| format!("its result is not understood: {error}"))?;
    let mut collected = Collected::default();
    for element in elements {
        if element.histogram.is_some() || !element.histograms.is_empty() {
            return Err("a native histogram; take a quantile of it: histogram_quantile(0.95, …)".to_owned());
        }
        let mut points = Vec::with_capacity(element.values.len());
        for sample in element.value.iter().chain(&element.values) {
            points.extend(point(sample, &mut collected)?);
        }
        collected.add(element.metric, points);
    }
    Ok(if instant && count == 1 { single(collected, teller.max_samples) } else { collected.found(teller.max_samples) })
}

/// A finite point; what is not finite is counted.
fn point((seconds, text): &Sample, collected: &mut Collected) -> Result<Option<Point>, String> {
    let value: f64 = text.parse().map_err(|_none| "a sample that is no number".to_owned())?;
    if !seconds.is_finite() || seconds.abs() > 1e12 {
        return Err("a time that is none".to_owned());
    }
    if value.is_finite() {
        #[expect(clippy::cast_possible_truncation, reason = "bounded above")]
        return Ok(Some(Point { at_ms: (seconds * 1_000.0).round() as i64, value }));
    }
    if value.is_nan() {
        collected.not_numbers += 1;
    } else {
        collected.infinite += 1;
    }
    Ok(None)
}

/// A result of one number is a value, not a series.
fn single(collected: Collected, max_samples: usize) -> Found {
    let found = collected.found(max_samples);
    let Found::Series(series) = &found else { return found };
    match series.as_slice() {
        [Series { labels, points }] => points.first().map_or(Found::Empty, |point| Found::Value { labels: labels.clone(), point: *point }),
        [] | [..] => found,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{super::document::tests::teller, *};

    fn found(data: &Value, warnings: &[&str]) -> Result<&'static str, String> {
        let answer: Answer = serde_json::from_value(json!({"status": "success", "data": data, "warnings": warnings})).unwrap();
        answer.found(&teller()).map(|found| found.name())
    }

    fn vector(values: &[&str]) -> Value {
        let result: Vec<Value> = values.iter().map(|value| json!({"metric": {"a": "b"}, "value": [1_700_000_000.123, value]})).collect();
        json!({"resultType": "vector", "result": result})
    }

    #[test]
    fn every_result_has_its_name() {
        let matrix = |values: Value| json!({"resultType": "matrix", "result": [{"metric": {}, "values": values}]});
        for (data, name) in [
            (vector(&["1.5"]), "value"),
            (vector(&["NaN"]), "not-a-number"),
            (vector(&["+Inf"]), "infinite"),
            (vector(&["-Inf"]), "infinite"),
            (vector(&[]), "empty"),
            (vector(&["1", "2"]), "series"),
            (vector(&["1", "NaN"]), "partial"),
            (vector(&["1"; 4]), "too-many"),
            (json!({"resultType": "scalar", "result": [1, "2"]}), "value"),
            (json!({"resultType": "scalar", "result": [1, "NaN"]}), "not-a-number"),
            (matrix(json!([[1, "1"], [2, "2"]])), "series"),
            (matrix(json!([[1, "1"], [2, "NaN"]])), "partial"),
            (matrix(json!([[1, "NaN"]])), "not-a-number"),
            (matrix(json!([[1, "1"], [2, "1"], [3, "1"], [4, "1"], [5, "1"], [6, "1"]])), "too-many"),
            (json!({"resultType": "matrix", "result": []}), "empty"),
        ] {
            assert_eq!(found(&data, &[]), Ok(name), "{data}");
        }
        for (data, word) in [
            (json!({"resultType": "string", "result": [1, "x"]}), "type string"),
            (vector(&["x"]), "no number"),
            (json!({"resultType": "vector", "result": [{"metric": {}, "histogram": [1, {}]}]}), "native histogram"),
            (json!({"resultType": "vector", "result": [{"metric": {"a": 1}}]}), "not understood"),
            (Value::Null, "no `data`"),
        ] {
            assert!(found(&data, &[]).unwrap_err().contains(word), "{data}");
        }
    }

    #[test]
    fn a_warning_that_data_is_missing_makes_it_partial() {
        assert_eq!(found(&vector(&["1"]), &["fetch series for {…}: store 10.0.0.1 unavailable"]), Ok("partial"));
        assert_eq!(found(&vector(&["1"]), &["PromQL info: metric might not be a counter, name does not end in _total"]), Ok("value"));
    }
}
