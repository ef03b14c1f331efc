//! JSON with the names of seed 002, and of the implementations before it.

use std::{fmt, io::Read};

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, DeserializeSeed, Error as _, SeqAccess, Visitor},
};

use super::{
    Keep, MOST_VALUES, Pair, Series,
    keys::Names,
    quick::{Quick, Source},
};
use crate::{
    config::suggest,
    domain::{
        diagnostic::{Diagnostic, Place},
        regression::analysis::Drawn,
    },
};

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

/// From a text that is there as a whole: what is wrong is shown with what stands around it.
pub(super) fn pair(bytes: &[u8], file: &str, keep: Keep) -> Result<Pair, Vec<Diagnostic>> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    ended(&mut serde_json::Deserializer::from_slice(bytes), Names(keep, None)).map_err(|error| diagnosed(bytes, file, &error))
}

/// From a stream, whose text is never kept.
pub(super) fn pair_from(stream: impl Read, file: &str, keep: Keep) -> Result<Pair, Vec<Diagnostic>> {
    let source = Source::new(stream);
    let mut reader = serde_json::Deserializer::from_reader(source.shared());
    ended(&mut reader, Names(keep, Some(&source))).map_err(|error| {
        // The parser did not see all of it.
        let (line, column) = source.position();
        let place = Place::at(file, line, column);
        diagnosed(&[], file, &error).into_iter().map(|wrong| Diagnostic { place: place.clone(), ..wrong }).collect()
    })
}

fn ended<'de, R: serde_json::de::Read<'de>>(reader: &mut serde_json::Deserializer<R>, names: Names<'_>) -> Result<Pair, serde_json::Error> {
    let pair = names.deserialize(&mut *reader)?;
    reader.end()?;
    Ok(pair)
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
    serde_json::from_slice(bytes).map_err(|error| diagnosed(bytes, file, &error))
}

fn diagnosed(bytes: &[u8], file: &str, error: &serde_json::Error) -> Vec<Diagnostic> {
    let place = Place::at(file, error.line().max(1), error.column().max(1));
    let (message, help) = explained(bytes, error);
    let diagnostic = Diagnostic::error(place, "", message);
    vec![help.map_or(diagnostic.clone(), |help| diagnostic.with_help(help))]
}

/// The names of `detect`'s own object.
const KNOWN: [&str; 13] = [
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
];

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
    if bytes.is_empty() && said == "expected value" {
        return (format!("{said} (NaN and Infinity are no JSON)"), None);
    }
    if let Some(unknown) = said.strip_prefix("unknown field `").and_then(|rest| rest.split('`').next()) {
        // The parser lists the names of a series itself; those of two samples are these.
        let own: Vec<&str> = said.split("expected").nth(1).into_iter().flat_map(|rest| rest.split('`').skip(1).step_by(2)).collect();
        if let (false, true) = (own.is_empty(), KNOWN.contains(&unknown)) {
            let help = format!("it is a name of `detect`, which compares two samples; here there are: {}", own.join(", "));
            return (format!("`{unknown}` is not known here"), Some(help));
        }
        let known = if own.is_empty() { KNOWN.to_vec() } else { own };
        return (format!("`{}` is not known here", suggest::shorten(unknown)), suggest::help(unknown, "known names", known));
    }
    (suggest::shorten(said), None)
}

impl<'de> Deserialize<'de> for Values {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Side(Drawn::new(None, 0), None).deserialize(deserializer).map(|side| Self(side.into_values()))
    }
}

/// A list of finite numbers, kept or drawn as it comes.
pub(super) struct Side<'q>(pub(super) Drawn, pub(super) Option<&'q dyn Quick>);

impl<'de> DeserializeSeed<'de> for Side<'_> {
    type Value = Drawn;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Drawn, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Side<'_> {
    type Value = Drawn;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of numbers")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Drawn, A::Error> {
        let Self(mut side, quick) = self;
        if let Some(quick) = quick {
            quick.numbers(&mut |value| {
                side.push(value);
                side.kept() <= MOST_VALUES
            });
        }
        while let Some(value) = list.next_element::<Number>()? {
            match value {
                Number(Ok(value)) => side.push(value),
                Number(Err(wrong)) => return Err(A::Error::custom(format!("value {} (from 0) {wrong}", side.seen()))),
            }
            if side.kept() > MOST_VALUES {
                return Err(A::Error::custom(format!("more than {MOST_VALUES} values; draw some with --max-samples")));
            }
        }
        Ok(side)
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
