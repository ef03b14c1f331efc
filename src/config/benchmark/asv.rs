//! asv: a result file of `results/MACHINE/`. Each combination of parameters is a benchmark; `null` is one that failed, a bare `NaN` one
//! that was skipped or gave no number.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader},
};

use serde::Deserialize;
use serde_json::Value;

use super::{Found, Wrong, bare::Bare, json};
use crate::domain::{benchmark::Benchmark, regression::Direction};

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    result_columns: Vec<String>,
    results: BTreeMap<String, Value>,
}

pub(super) fn read(stream: &mut dyn BufRead) -> Found {
    let file: File = json(&mut BufReader::new(Bare::new(stream)))?;
    let column = |wanted: &str| file.result_columns.iter().position(|name| name == wanted);
    let (result, params, samples) = (column("result").unwrap_or(0), column("params").unwrap_or(1), column("samples"));
    let mut found = Vec::new();
    for (name, value) in &file.results {
        let columns = match value {
            Value::Array(columns) => columns.as_slice(),
            // The first version of the form: the value alone.
            Value::Number(_) | Value::Null => &[],
            Value::String(text) if is_bare(text) => &[],
            Value::Bool(_) | Value::String(_) | Value::Object(_) => return Err(Wrong::of(format!("`{name}` has no list of columns"))),
        };
        let names = combinations(columns.get(params));
        let values: Vec<&Value> = match columns.get(result) {
            Some(Value::Array(values)) => values.iter().collect(),
            // One `null` or `NaN` for a benchmark of which every combination failed.
            Some(none @ (Value::Null | Value::String(_))) => vec![none; names.len()],
            Some(value) => vec![value],
            None => vec![value],
        };
        let unit = unit(name);
        for (index, value) in values.iter().enumerate() {
            let parameters = names.get(index).filter(|parameters| !parameters.is_empty());
            let name = parameters.map_or_else(|| name.clone(), |parameters| format!("{name}({parameters})"));
            let fault = match value {
                Value::Number(_) => None,
                Value::String(text) if text == "NaN" => {
                    Some("its result is `NaN`: the benchmark was skipped, or gave no number".to_owned())
                }
                Value::String(text) if is_bare(text) => Some(format!("its result is `{text}`, which is no measurement")),
                Value::Null | Value::Bool(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
                    Some("its result is `null`: the benchmark failed".to_owned())
                }
            };
            let these = samples.and_then(|column| columns.get(column)).and_then(|all| all.get(index)).and_then(Value::as_array);
            let these = these.into_iter().flatten().map(|sample| sample.as_f64().unwrap_or(f64::NAN)).collect();
            found.push(Benchmark::number(name, unit, Direction::LowerIsBetter, value.as_f64()).with_samples(these).with_fault(fault));
        }
    }
    Ok(found)
}

/// What [`Bare`] makes of what is no JSON.
fn is_bare(text: &str) -> bool {
    matches!(text, "NaN" | "Infinity" | "-Infinity")
}

/// asv tells what is measured by the name of the function.
fn unit(name: &str) -> &'static str {
    let function = name.rsplit('.').next().unwrap_or(name);
    if function.starts_with("time") {
        "s"
    } else if function.starts_with("mem") || function.starts_with("peakmem") {
        "bytes"
    } else {
        ""
    }
}

/// Every combination of the parameters' values, the last one changing quickest; at most as many as a result may have.
fn combinations(params: Option<&Value>) -> Vec<String> {
    let mut names = vec![String::new()];
    for values in params.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_array) {
        let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        if names.len().saturating_mul(values.len()) > super::MOST_BENCHMARKS {
            return Vec::new();
        }
        let more = |so_far: &String| {
            values
                .iter()
                .map(|value| if so_far.is_empty() { plain(value) } else { format!("{so_far}, {}", plain(value)) })
                .collect::<Vec<_>>()
        };
        names = names.iter().flat_map(more).collect();
    }
    names
}
