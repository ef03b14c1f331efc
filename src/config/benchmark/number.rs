//! Numbers as tools write them.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{SeqAccess, Visitor},
};

use crate::domain::benchmark::Samples;

/// A number, one written as a text (`"NaN"`), or nothing.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Lenient(pub(super) Option<f64>);

impl<'de> Deserialize<'de> for Lenient {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct One;
        impl Visitor<'_> for One {
            type Value = Lenient;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number")
            }

            fn visit_f64<E>(self, value: f64) -> Result<Lenient, E> {
                Ok(Lenient(Some(value)))
            }

            #[expect(clippy::cast_precision_loss, reason = "as every JSON reader does it")]
            fn visit_i64<E>(self, value: i64) -> Result<Lenient, E> {
                Ok(Lenient(Some(value as f64)))
            }

            #[expect(clippy::cast_precision_loss, reason = "as every JSON reader does it")]
            fn visit_u64<E>(self, value: u64) -> Result<Lenient, E> {
                Ok(Lenient(Some(value as f64)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Lenient, E> {
                // A text that is no number is as bad as NaN: never silently nothing.
                Ok(Lenient(Some(text.trim().parse().unwrap_or(f64::NAN))))
            }

            fn visit_unit<E>(self) -> Result<Lenient, E> {
                Ok(Lenient(None))
            }
        }
        deserializer.deserialize_any(One)
    }
}

/// A list of samples, kept as they come. `null` and texts count as unusable.
#[derive(Debug, Clone, Default)]
pub(super) struct Kept(pub(super) Samples);

impl<'de> Deserialize<'de> for Kept {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List;
        impl<'de> Visitor<'de> for List {
            type Value = Kept;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of numbers")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Kept, A::Error> {
                let mut samples = Samples::default();
                while let Some(Lenient(value)) = list.next_element()? {
                    samples.push(value.unwrap_or(f64::NAN));
                }
                Ok(Kept(samples))
            }

            fn visit_unit<E>(self) -> Result<Kept, E> {
                Ok(Kept::default())
            }
        }
        deserializer.deserialize_any(List)
    }
}
