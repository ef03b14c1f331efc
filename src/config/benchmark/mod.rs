//! Result files of benchmark tools, a file of this folder for each. Samples are read as a stream: a file of any size
//! takes memory for what [`crate::domain::benchmark::Samples`] keeps.

mod asv;
mod bare;
mod benchmark_dot_net;
mod cargo_bench;
mod catch2;
mod criterion;
mod custom;
mod go;
mod google;
mod hyperfine;
mod jmh;
mod number;
mod own;
mod promptfoo;
mod pytest;
pub mod thresholds;
mod vitest;

#[cfg(test)]
mod failed_tests;
#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Read},
};

use serde::de::DeserializeOwned;

use super::suggest;
use crate::domain::{
    benchmark::{Benchmark, Tool},
    diagnostic::{Diagnostic, Place},
    regression::Direction,
};
pub use criterion::{
    ENDING as CRITERION_ENDING, ID as CRITERION_ID, SAMPLE as CRITERION_SAMPLE, benchmark as criterion_benchmark,
    interrupted as criterion_interrupted,
};

/// Bytes that telling the tool from takes.
pub const PREFIX: u64 = 64 * 1024;
/// The most benchmarks of one file.
const MOST_BENCHMARKS: usize = 100_000;
/// The most names that a problem lists.
const MOST_NAMED: usize = 10;
/// The longest line of a text format, in bytes.
const LONGEST_LINE: u64 = 1024 * 1024;

/// The tool that a file's beginning looks like.
pub fn detect(prefix: &[u8]) -> Option<Tool> {
    let text = String::from_utf8_lossy(prefix);
    let text = text.trim_start_matches(|c: char| c == '\u{feff}' || c.is_whitespace());
    let has = |key: &str| text.contains(&format!("\"{key}\""));
    match text.chars().next()? {
        '<' if text.contains("<Catch2TestRun") || text.contains("<Catch ") || text.contains("<BenchmarkResults") => Some(Tool::Catch2),
        '[' if has("primaryMetric") || has("jmhVersion") => Some(Tool::Jmh),
        // Whether bigger or smaller is better, a list of values does not say.
        '<' | '[' => None,
        '{' if has("HostEnvironmentInfo") => Some(Tool::BenchmarkDotNet),
        '{' if has("machine_info") || has("commit_info") => Some(Tool::PytestBenchmark),
        '{' if has("result_columns") || has("env_name") => Some(Tool::Asv),
        '{' if has("context") && has("benchmarks") => Some(Tool::GoogleBenchmark),
        '{' if has("schema_version") && has("tool") => Some(Tool::PromptCicd),
        '{' if has("evalId") || has("promptIdx") || has("promptId") => Some(Tool::Promptfoo),
        '{' if has("results") && has("command") => Some(Tool::Hyperfine),
        '{' if has("filepath") && has("groups") => Some(Tool::Vitest),
        _ if text.lines().any(|line| line.starts_with("test ") && (line.contains("ns/iter") || line.ends_with(" ... FAILED"))) => {
            Some(Tool::CargoBench)
        }
        _ if text.lines().any(|line| line.starts_with("Benchmark") && line.contains("/op")) => Some(Tool::Go),
        _ => None,
    }
}

/// Reads a result of a tool.
///
/// # Errors
/// A file of another form, with the tool that it looks like; nothing in it.
pub fn read(tool: Tool, stream: &mut dyn Read, file: &str) -> Result<Vec<Benchmark>, Vec<Diagnostic>> {
    let mut stream = BufReader::with_capacity(256 * 1024, stream);
    let found = match tool {
        Tool::PromptCicd => own::read(&mut stream),
        Tool::PytestBenchmark => pytest::read(&mut stream),
        Tool::Hyperfine => hyperfine::read(&mut stream),
        Tool::GoogleBenchmark => google::read(&mut stream),
        Tool::Jmh => jmh::read(&mut stream),
        Tool::BenchmarkDotNet => benchmark_dot_net::read(&mut stream),
        Tool::Vitest => vitest::read(&mut stream),
        Tool::Asv => asv::read(&mut stream),
        Tool::Promptfoo => promptfoo::read(&mut stream),
        Tool::BiggerIsBetter => custom::read(&mut stream, Direction::HigherIsBetter),
        Tool::SmallerIsBetter => custom::read(&mut stream, Direction::LowerIsBetter),
        Tool::CargoBench => cargo_bench::read(&mut stream),
        Tool::Go => go::read(&mut stream),
        Tool::Catch2 => catch2::read(&mut stream),
        Tool::Criterion => Err(Wrong::of("Criterion's results are a folder: name `target/criterion` itself")),
    };
    let failed = |wrong: Wrong| {
        let place = wrong.place.map_or_else(|| Place::file(file), |(line, column)| Place::at(file, line.max(1), column.max(1)));
        vec![Diagnostic::error(place, "", format!("not read as a result of {}: {}", tool.name(), wrong.message))]
    };
    let found = found.map_err(failed)?;
    match found.len() {
        0 => Err(failed(Wrong::of("it has no benchmark"))),
        n if n > MOST_BENCHMARKS => Err(failed(Wrong::of(format!("more than {MOST_BENCHMARKS} benchmarks")))),
        _ => distinct(&found, file).map(|()| found),
    }
}

/// Refuses benchmarks of one name: which of them a comparison would mean, nobody can say.
///
/// # Errors
/// The names that stand for several.
pub fn distinct(found: &[Benchmark], file: &str) -> Result<(), Vec<Diagnostic>> {
    let mut times: BTreeMap<&str, usize> = BTreeMap::new();
    for benchmark in found {
        *times.entry(&benchmark.name).or_default() += 1;
    }
    let several: Vec<_> = times.into_iter().filter(|(_, times)| *times > 1).collect();
    let wrong = several.iter().take(MOST_NAMED).map(|(name, times)| {
        let message = format!("the name `{}` stands for {times} benchmarks: nobody can say which is meant", suggest::shorten(name));
        Diagnostic::error(Place::file(file), "", message).with_help("give each benchmark a name of its own")
    });
    let mut wrong: Vec<Diagnostic> = wrong.collect();
    if several.len() > MOST_NAMED {
        wrong.push(Diagnostic::error(Place::file(file), "", format!("and {} more such names", several.len() - MOST_NAMED)));
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong) }
}

/// What to say to a name that stands for no tool.
pub fn unknown_tool(name: &str) -> (String, Option<String>) {
    let names = Tool::NAMES.into_iter().map(|(_, name)| name);
    (format!("`{}` is no format of benchmark results", suggest::shorten(name)), suggest::help(name, "formats", names))
}

/// Why a file is no result of the tool.
#[derive(Debug)]
struct Wrong {
    place: Option<(usize, usize)>,
    message: String,
}

impl Wrong {
    fn of(message: impl Into<String>) -> Self {
        Self { place: None, message: message.into() }
    }

    fn at(line: usize, message: impl Into<String>) -> Self {
        Self { place: Some((line, 1)), message: message.into() }
    }
}

impl From<serde_json::Error> for Wrong {
    fn from(error: serde_json::Error) -> Self {
        let said = error.to_string();
        let said = said.split(" at line ").next().unwrap_or(&said);
        let hint = if said == "expected value" { " (NaN and Infinity are no JSON)" } else { "" };
        Self { place: Some((error.line(), error.column())), message: format!("{}{hint}", suggest::shorten(said)) }
    }
}

impl From<std::io::Error> for Wrong {
    fn from(error: std::io::Error) -> Self {
        Self::of(error.to_string())
    }
}

type Found = Result<Vec<Benchmark>, Wrong>;

fn json<T: DeserializeOwned>(stream: &mut dyn BufRead) -> Result<T, Wrong> {
    let mut deserializer = serde_json::Deserializer::from_reader(stream);
    let value = T::deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(value)
}

/// Calls for every line, whose length is bounded, with its number from 1.
fn lines(stream: &mut dyn BufRead, mut each: impl FnMut(usize, &str)) -> Result<(), Wrong> {
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        let read = Read::take(&mut *stream, LONGEST_LINE).read_until(b'\n', &mut line)?;
        if read == 0 {
            return Ok(());
        }
        if read as u64 == LONGEST_LINE {
            return Err(Wrong::of(format!("a line of more than {LONGEST_LINE} bytes")));
        }
        each(number, String::from_utf8_lossy(&line).trim_end());
    }
    Ok(())
}
