//! A list of `{name, unit, value}`.

use std::io::BufRead;

use serde::Deserialize;

use super::{Found, json, number::Lenient};
use crate::domain::{benchmark::Benchmark, regression::Direction};

#[derive(Deserialize)]
struct Entry {
    name: String,
    #[serde(default)]
    unit: String,
    value: Lenient,
}

pub(super) fn read(stream: &mut dyn BufRead, direction: Direction) -> Found {
    let entries: Vec<Entry> = json(stream)?;
    Ok(entries.into_iter().map(|entry| Benchmark::number(entry.name, entry.unit, direction, entry.value.0)).collect())
}
