//! JSON with the names of seed 002, and of the implementations before it.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error as _, SeqAccess, Visitor},
};

use super::{MOST_VALUES, Pair, Series, Written};
use crate::{
    config::suggest,
    domain::diagnostic::{Diagnostic, Place},
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPair {
    metric_name: Option<String>,
    #[serde(alias = "historical_data", alias = "baseline", alias = "dist1")]
    baseline_values: Values,
    #[serde(alias = "current_data", alias = "current", alias = "dist2")]
    current_values: Values,
    #[serde(alias = "direction", alias = "metric_type")]
    consider_direction: Option<String>,
    use_statistical_tests: Option<Vec<String>>,
    confidence_level: Option<f64>,
    significance_level: Option<f64>,
    #[serde(alias = "minimum_effect_size")]
    min_effect_size: Option<f64>,
    outlier_threshold: Option<f64>,
    outlier_method: Option<String>,
    filter_outliers: Option<bool>,
    #[serde(alias = "minimum_samples")]
    min_samples: Option<usize>,
    #[serde(alias = "max_sample_size")]
    max_samples: Option<usize>,
    margin: Option<f64>,
    unit: Option<String>,
    baseline_unit: Option<String>,
    current_unit: Option<String>,
    seed: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSeries {
    metric_name: Option<String>,
    values: Values,
    timestamps: Option<Vec<Timestamp>>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Timestamp {
    Number(f64),
    Text(String),
}

/// Finite numbers, the first of which that is none being named by its place.
#[derive(Debug)]
struct Values(Vec<f64>);

pub(super) fn pair(bytes: &[u8], file: &str) -> Result<Pair, Vec<Diagnostic>> {
    let raw: RawPair = read(bytes, file)?;
    let level = raw.confidence_level.or(raw.significance_level.map(|alpha| 1.0 - alpha));
    let written = Written {
        metric: raw.metric_name,
        units: [raw.baseline_unit.or_else(|| raw.unit.clone()), raw.current_unit.or(raw.unit)],
        consider: raw.consider_direction,
        level,
        min_effect: raw.min_effect_size,
        outlier_threshold: raw.outlier_threshold,
        outlier_method: raw.outlier_method,
        filter_outliers: raw.filter_outliers,
        tests: raw.use_statistical_tests,
        min_samples: raw.min_samples,
        max_samples: raw.max_samples,
        margin: raw.margin,
        seed: raw.seed,
    };
    Ok(Pair { baseline: raw.baseline_values.0, current: raw.current_values.0, written })
}

pub(super) fn series(bytes: &[u8], file: &str) -> Result<Series, Vec<Diagnostic>> {
    if bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[') {
        let values: Values = read(bytes, file)?;
        return Ok(Series { values: values.0, ..Series::default() });
    }
    let raw: RawSeries = read(bytes, file)?;
    let timestamps = raw.timestamps.unwrap_or_default().into_iter().enumerate().map(|(index, timestamp)| match timestamp {
        Timestamp::Number(number) => Ok(number),
        Timestamp::Text(text) => super::table::seconds(&text)
            .map_err(|wrong| vec![Diagnostic::error(Place::file(file), "timestamps", format!("timestamp {index} (from 0) {wrong}"))]),
    });
    Ok(Series { metric: raw.metric_name, values: raw.values.0, timestamps: timestamps.collect::<Result<_, _>>()? })
}

fn read<T: DeserializeOwned>(bytes: &[u8], file: &str) -> Result<T, Vec<Diagnostic>> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    serde_json::from_slice(bytes).map_err(|error| {
        let place = Place::at(file, error.line().max(1), error.column().max(1));
        let (message, help) = explained(bytes, &error);
        let diagnostic = Diagnostic::error(place, "", message);
        vec![help.map_or(diagnostic.clone(), |help| diagnostic.with_help(help))]
    })
}

/// The parser's words without their place, and what to do.
fn explained(bytes: &[u8], error: &serde_json::Error) -> (String, Option<String>) {
    let said = error.to_string();
    let said = said.split(" at line ").next().unwrap_or(&said);
    let at = bytes.split(|byte| *byte == b'\n').nth(error.line().saturating_sub(1)).unwrap_or_default();
    let around = String::from_utf8_lossy(
        at.get(error.column().saturating_sub(10)..)
            .unwrap_or_default()
            .get(..24)
            .unwrap_or_else(|| at.get(error.column().saturating_sub(10)..).unwrap_or_default()),
    )
    .to_lowercase();
    if (said.starts_with("expected") || said.starts_with("invalid number")) && (around.contains("nan") || around.contains("inf")) {
        let help = "take the value out, or mend what measured it".to_owned();
        return ("NaN and Infinity are no finite numbers, and no JSON".to_owned(), Some(help));
    }
    if let Some(unknown) = said.strip_prefix("unknown field `").and_then(|rest| rest.split('`').next()) {
        const KNOWN: [&str; 15] = [
            "metric_name",
            "baseline_values",
            "current_values",
            "consider_direction",
            "use_statistical_tests",
            "confidence_level",
            "min_effect_size",
            "outlier_threshold",
            "outlier_method",
            "filter_outliers",
            "min_samples",
            "max_samples",
            "margin",
            "values",
            "timestamps",
        ];
        return (format!("`{}` is not known here", suggest::shorten(unknown)), suggest::help(unknown, "known names", KNOWN));
    }
    (suggest::shorten(said), None)
}

impl<'de> Deserialize<'de> for Values {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List;
        impl<'de> Visitor<'de> for List {
            type Value = Values;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of numbers")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Values, A::Error> {
                let mut values = Vec::new();
                while let Some(value) = list.next_element::<Number>()? {
                    if values.len() == MOST_VALUES {
                        return Err(A::Error::custom(format!("more than {MOST_VALUES} values")));
                    }
                    match value {
                        Number(Ok(value)) => values.push(value),
                        Number(Err(wrong)) => return Err(A::Error::custom(format!("value {} (from 0) {wrong}", values.len()))),
                    }
                }
                Ok(Values(values))
            }
        }
        deserializer.deserialize_seq(List)
    }
}

/// A number, or what stands in its place.
struct Number(Result<f64, String>);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct One;
        impl Visitor<'_> for One {
            type Value = Number;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number")
            }

            fn visit_f64<E>(self, value: f64) -> Result<Number, E> {
                Ok(Number(if value.is_finite() { Ok(value) } else { Err("is not finite".to_owned()) }))
            }

            #[expect(clippy::cast_precision_loss, reason = "as every JSON reader does it")]
            fn visit_i64<E>(self, value: i64) -> Result<Number, E> {
                Ok(Number(Ok(value as f64)))
            }

            #[expect(clippy::cast_precision_loss, reason = "as every JSON reader does it")]
            fn visit_u64<E>(self, value: u64) -> Result<Number, E> {
                Ok(Number(Ok(value as f64)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Number, E> {
                let wrong = super::number(text).err();
                Ok(Number(Err(wrong.unwrap_or_else(|| format!("is the text `{}`; write it without quotes", suggest::shorten(text))))))
            }

            fn visit_unit<E>(self) -> Result<Number, E> {
                Ok(Number(Err("is null: nothing was measured; take it out".to_owned())))
            }

            fn visit_bool<E>(self, value: bool) -> Result<Number, E> {
                Ok(Number(Err(format!("is {value}; write 1 and 0 for passed and failed"))))
            }
        }
        deserializer.deserialize_any(One)
    }
}
