//! Our own reports, and any number in any JSON.

use serde::Deserialize;
use serde_json::Value;

use super::{Format, Readings, has_key, json, number, percent};

/// Our JSON report.
pub(super) const REPORT: Format = Format {
    name: "prompt-cicd",
    tool: "prompt-cicd test (`--report json=PATH`)",
    measures: &[
        ("prompt-pass-rate", "passed samples over judged ones, in percent"),
        ("samples", "all samples"),
        ("failed", "samples that failed"),
        ("unjudged", "samples without a judgement"),
        ("cost-usd", "what the run cost; only where it is known"),
    ],
    looks_like: |text| has_key(text, "schema_version") && text.contains("\"total_tests\""),
    read: report,
};

fn report(text: &str) -> Result<Readings, String> {
    #[derive(Deserialize)]
    struct Results {
        total_tests: usize,
        passed_tests: usize,
        failed_tests: usize,
        performance_metrics: Performance,
    }
    #[derive(Deserialize)]
    struct Performance {
        cost_usd: Option<f64>,
        #[serde(default)]
        tokens: Tokens,
    }
    #[derive(Default, Deserialize)]
    struct Tokens {
        #[serde(default)]
        estimated: bool,
    }
    let results = json::<Results>(text)?;
    let judged = results.passed_tests + results.failed_tests;
    let mut readings = Readings::from([
        ("samples", number(results.total_tests)),
        ("failed", number(results.failed_tests)),
        ("unjudged", number(results.total_tests.saturating_sub(judged))),
    ]);
    if let Ok(rate) = percent(number(results.passed_tests), number(judged), "samples") {
        readings.insert("prompt-pass-rate", rate);
    }
    // A guess opens no gate.
    let spent = results.performance_metrics;
    readings.extend(spent.cost_usd.filter(|_| !spent.tokens.estimated).map(|cost| ("cost-usd", cost)));
    Ok(readings)
}

/// The number at a JSON pointer.
pub(super) fn pointer(text: &str, pointer: &str) -> Result<f64, String> {
    let value: Value = json(text).map_err(|why| format!("not JSON: {why}"))?;
    let found = value.pointer(pointer).ok_or_else(|| format!("nothing at `{pointer}`"))?;
    match found {
        Value::Number(number) => number.as_f64().ok_or_else(|| format!("the number at `{pointer}` is out of range")),
        Value::Null | Value::Bool(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => Err(format!("no number at `{pointer}`")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::read;

    #[test]
    fn a_pointer_leads_to_a_number_or_says_what_is_there() {
        let text = r#"{"latency": {"p99": 99.5, "unit": "ms"}}"#;
        assert_eq!(read(text, None, "/latency/p99"), Ok(99.5));
        assert_eq!(read(text, Some("json"), "/latency/unit").unwrap_err(), "no number at `/latency/unit`");
        assert_eq!(read(text, Some("json"), "/nope").unwrap_err(), "nothing at `/nope`");
        assert!(read("{", Some("json"), "/x").unwrap_err().starts_with("not JSON: "));
    }
}
