//! `cargo bench` with libtest: `test NAME ... bench: 1,234.5 ns/iter (+/- 67.8)`.

use std::io::BufRead;

use super::{Found, lines};
use crate::domain::{benchmark::Benchmark, regression::Direction};

pub(super) fn read(stream: &mut dyn BufRead) -> Found {
    let mut found = Vec::new();
    lines(stream, |line| {
        let Some((name, rest)) = line.strip_prefix("test ").and_then(|rest| rest.split_once("... bench:")) else { return };
        let Some((number, _)) = rest.split_once(" ns/iter") else { return };
        // A number that cannot be read is named in the comparison, not dropped.
        let value = number.trim().replace(',', "").parse().unwrap_or(f64::NAN);
        found.push(Benchmark::number(name.trim(), "ns", Direction::LowerIsBetter, Some(value)));
    })?;
    Ok(found)
}
