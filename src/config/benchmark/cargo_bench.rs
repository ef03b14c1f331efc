//! `cargo bench` with libtest: `test NAME ... bench: 1,234.5 ns/iter (+/- 67.8)`, or `test NAME ... FAILED`.

use std::io::BufRead;

use super::{Found, Wrong, lines};
use crate::domain::{benchmark::Benchmark, regression::Direction};

pub(super) fn read(stream: &mut dyn BufRead) -> Found {
    let mut found: Vec<Benchmark> = Vec::new();
    // The line of the `running N tests` whose `test result` is still to come, and how many have failed since.
    let mut running: Option<usize> = None;
    let mut failed = 0_usize;
    let mut wrong: Option<Wrong> = None;
    let unfinished = |line: usize| Wrong::at(line, "no `test result` follows this `running …`: the run did not end");
    lines(stream, |at, line| {
        if line.starts_with("running ") && (line.ends_with(" tests") || line.ends_with(" test")) {
            wrong = wrong.take().or_else(|| running.map(unfinished));
            (running, failed) = (Some(at), 0);
        } else if let Some(result) = line.strip_prefix("test result: ") {
            if result.starts_with("FAILED") && failed == 0 {
                wrong = wrong.take().or_else(|| Some(Wrong::at(at, "the run failed, and does not say which benchmark did")));
            }
            running = None;
        } else if let Some((name, rest)) = line.strip_prefix("test ").and_then(|rest| rest.split_once("... ")) {
            let benchmark = |value| Benchmark::number(name.trim(), "ns", Direction::LowerIsBetter, value);
            if rest.starts_with("FAILED") {
                failed += 1;
                found.push(benchmark(None).with_fault(Some("the benchmark failed".to_owned())));
            } else if let Some((number, _)) = rest.strip_prefix("bench:").and_then(|rest| rest.split_once(" ns/iter")) {
                // A number that cannot be read is named in the comparison, not dropped.
                found.push(benchmark(Some(number.trim().replace(',', "").parse().unwrap_or(f64::NAN))));
            }
        }
    })?;
    match wrong.or_else(|| running.map(unfinished)) {
        Some(wrong) => Err(wrong),
        None => Ok(found),
    }
}
