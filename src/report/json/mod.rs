//! The report for programs: JSON in a frozen format, written piece by piece.

pub mod compared;
mod convert;
pub mod known;
mod repeats;
pub mod v1;

use std::io::{self, Write};

use serde::{Serialize, Serializer, ser::SerializeSeq};
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter};

use super::{escape::is_hidden, summary};
use crate::domain::suite::run::{Sample, SampleResult, SuiteRun, TestRun};

/// Writes the report as one line of JSON. Characters that a terminal or GitHub's runner would act on are written as
/// `\u` escapes, so that the same text is read back.
///
/// # Errors
/// When `out` cannot be written to.
pub fn render(run: &TestRun, out: &mut dyn Write) -> io::Result<()> {
    write_harmless(&v1::Report::from(run), out)
}

/// Writes a value as one line of JSON whose strings hold nothing that acts where they are shown.
pub(super) fn write_harmless(value: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    let mut serializer = serde_json::Serializer::with_formatter(&mut *out, Harmless(CompactFormatter));
    value.serialize(&mut serializer).map_err(io::Error::from)?;
    out.write_all(b"\n")
}

/// The same on many lines, for people; without a line break at its end.
pub(super) fn write_harmless_pretty(value: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    let mut serializer = serde_json::Serializer::with_formatter(&mut *out, Harmless(PrettyFormatter::new()));
    value.serialize(&mut serializer).map_err(io::Error::from)
}

/// The JSON Schema of the report.
pub fn schema() -> schemars::Schema {
    schemars::SchemaGenerator::new(schemars::generate::SchemaSettings::draft2020_12().for_serialize())
        .into_root_schema_for::<v1::Report<'static>>()
}

/// JSON whose strings hold nothing that acts where they are shown.
struct Harmless<F>(F);

impl<F: Formatter> Formatter for Harmless<F> {
    fn begin_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_array(out)
    }

    fn end_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_array(out)
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(out, first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_array_value(out)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_object(out)
    }

    fn end_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_object(out)
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(out, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_object_value(out)
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_object_value(out)
    }

    fn write_string_fragment<W: ?Sized + Write>(&mut self, out: &mut W, fragment: &str) -> io::Result<()> {
        let acts = |text: &str| text.starts_with("##[") || text.starts_with(is_hidden);
        let needs_care = fragment.contains("##[") || (!fragment.is_ascii() || fragment.contains('\u{7f}')) && fragment.contains(is_hidden);
        if !needs_care {
            return self.0.write_string_fragment(out, fragment);
        }
        let mut rest = fragment;
        while let Some(c) = rest.chars().next() {
            if acts(rest) {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    write!(out, "\\u{unit:04x}")?;
                }
            } else {
                write!(out, "{c}")?;
            }
            rest = rest.strip_prefix(c).unwrap_or_default();
        }
        Ok(())
    }
}

/// Writes the samples of these suites one by one.
fn write_samples<S: Serializer>(suites: &[SuiteRun], serializer: S) -> Result<S::Ok, S::Error> {
    let mut sequence = serializer.serialize_seq(Some(suites.iter().map(|suite| suite.samples.len()).sum()))?;
    for suite in suites {
        for sample in &suite.samples {
            sequence.serialize_element(&v1::CaseResult::of(suite, sample))?;
        }
    }
    sequence.end()
}

/// Writes a sentence for each sample that did not pass.
fn write_errors<S: Serializer>(suites: &[SuiteRun], serializer: S) -> Result<S::Ok, S::Error> {
    let mut sequence = serializer.serialize_seq(None)?;
    for suite in suites {
        for sample in &suite.samples {
            if let Some(why) = complaint(sample) {
                sequence.serialize_element(&format!("{}: {}: {why}", suite.name, summary::sample_name(sample)))?;
            }
        }
    }
    sequence.end()
}

fn complaint(sample: &Sample) -> Option<String> {
    match &sample.result {
        SampleResult::Judged { passed: true, .. } => None,
        SampleResult::Judged { assertions, .. } => {
            Some(summary::main_failure(assertions).map_or_else(|| "below the threshold".to_owned(), summary::assertion))
        }
        SampleResult::Faulted(fault) => Some(format!("no answer ({}): {}", fault.kind.as_str(), fault.message)),
        SampleResult::NotRun(reason) => Some(format!("not run: {}", summary::not_run_reason(reason))),
    }
}

#[cfg(test)]
mod tests;
