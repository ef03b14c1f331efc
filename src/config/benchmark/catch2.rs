//! Catch2: the XML reporter's `BenchmarkResults`. Nanoseconds. A benchmark that threw has `failed` in place of numbers; in a test
//! case that failed, nobody knows what its benchmarks did.

use std::io::{BufRead, Read};

use quick_xml::{
    Reader,
    events::{BytesStart, Event},
};

use super::{Found, Wrong};
use crate::{
    config::suggest,
    domain::{benchmark::Benchmark, regression::Direction},
};

/// The most bytes that are read.
const LARGEST: u64 = 256 * 1024 * 1024;

pub(super) fn read(stream: &mut dyn BufRead) -> Found {
    // One event is held in memory as a whole, so a file without an end must have one.
    let mut reader = Reader::from_reader(Read::take(stream, LARGEST));
    let mut buffer = Vec::new();
    let mut found = Vec::new();
    let mut case = String::new();
    let mut open: Option<Benchmark> = None;
    // Where the benchmarks of this test case begin, and how many elements are open.
    let (mut of_case, mut depth) = (0, 0_usize);
    loop {
        buffer.clear();
        let event = reader.read_event_into(&mut buffer).map_err(|error| Wrong::of(format!("not XML: {error}")))?;
        if matches!(event, Event::Start(_)) {
            depth += 1;
        } else if matches!(event, Event::End(_)) {
            depth = depth.saturating_sub(1);
        }
        match event {
            Event::Start(tag) | Event::Empty(tag) => match tag.name().as_ref() {
                b"TestCase" => {
                    case = attribute(&tag, b"name")?.unwrap_or_default();
                    of_case = found.len();
                }
                b"BenchmarkResults" => {
                    let name = attribute(&tag, b"name")?.unwrap_or_default();
                    let name = if case.is_empty() { name } else { format!("{case} > {name}") };
                    open = Some(Benchmark::number(name, "ns", Direction::LowerIsBetter, None));
                }
                b"mean" => {
                    if let (Some(benchmark), Some(value)) = (&mut open, attribute(&tag, b"value")?) {
                        benchmark.value = Some(value.trim().parse().unwrap_or(f64::NAN));
                    }
                }
                b"failed" => {
                    if let Some(benchmark) = &mut open {
                        let said = attribute(&tag, b"message")?.unwrap_or_default();
                        benchmark.fault = Some(format!("the benchmark failed: {}", suggest::shorten(&said)));
                    }
                }
                b"OverallResult" if attribute(&tag, b"success")?.as_deref() == Some("false") => failed(&case, &mut found, of_case)?,
                _ => {}
            },
            Event::End(tag) if tag.name().as_ref() == b"BenchmarkResults" => found.extend(open.take()),
            Event::Eof if depth > 0 => return Err(Wrong::of("the file ends in the middle: the run did not end")),
            Event::Eof => return Ok(found),
            // Entities of its own making could grow without bound; no reporter writes any.
            Event::DocType(_) => return Err(Wrong::of("a document type is not accepted")),
            Event::End(_) | Event::Text(_) | Event::CData(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::GeneralRef(_) => {
            }
        }
    }
}

/// What a failed test case does to its benchmarks.
fn failed(case: &str, found: &mut [Benchmark], of_case: usize) -> Result<(), Wrong> {
    let case = suggest::shorten(case);
    let benchmarks = found.get_mut(of_case..).unwrap_or_default();
    if benchmarks.is_empty() {
        return Err(Wrong::of(format!("the test case `{case}` failed before it had a benchmark")));
    }
    for benchmark in benchmarks {
        benchmark.fault.get_or_insert_with(|| format!("the test case `{case}` failed"));
    }
    Ok(())
}

fn attribute(tag: &BytesStart<'_>, name: &[u8]) -> Result<Option<String>, Wrong> {
    let wrong = |error: &dyn std::fmt::Display| Wrong::of(format!("not XML: {error}"));
    let Some(attribute) = tag.try_get_attribute(name).map_err(|error| wrong(&error))? else { return Ok(None) };
    let raw = String::from_utf8_lossy(&attribute.value).into_owned();
    quick_xml::escape::unescape(&raw).map(|text| Some(text.into_owned())).map_err(|error| wrong(&error))
}
