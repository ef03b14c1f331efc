//! Benchmark results of any tool, and two of them compared.

pub mod compare;
pub mod measured;
pub mod runs;
pub mod samples;
pub mod unit;

#[cfg(test)]
mod tests;

use super::regression::Direction;
pub use samples::Samples;

/// A tool whose results are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tool {
    /// Our own JSON report.
    PromptCicd,
    /// pytest-benchmark's JSON.
    PytestBenchmark,
    /// The folder that Criterion keeps.
    Criterion,
    /// `cargo bench` with libtest.
    CargoBench,
    /// hyperfine's JSON.
    Hyperfine,
    /// `go test -bench`.
    Go,
    /// Google Benchmark's JSON.
    GoogleBenchmark,
    /// JMH's JSON.
    Jmh,
    /// `BenchmarkDotNet`'s JSON.
    BenchmarkDotNet,
    /// Catch2's XML.
    Catch2,
    /// Vitest's JSON.
    Vitest,
    /// A result file of asv.
    Asv,
    /// promptfoo's results.
    Promptfoo,
    /// A list of names, units and values, of which the bigger is better.
    BiggerIsBetter,
    /// A list of names, units and values, of which the smaller is better.
    SmallerIsBetter,
}

impl Tool {
    /// All, with the names that `--format` takes; the first is the one of reports.
    pub const NAMES: [(Self, &'static str); 15] = [
        (Self::PromptCicd, "prompt-cicd"),
        (Self::PytestBenchmark, "pytest-benchmark"),
        (Self::Criterion, "criterion"),
        (Self::CargoBench, "cargo-bench"),
        (Self::Hyperfine, "hyperfine"),
        (Self::Go, "go"),
        (Self::GoogleBenchmark, "google-benchmark"),
        (Self::Jmh, "jmh"),
        (Self::BenchmarkDotNet, "benchmarkdotnet"),
        (Self::Catch2, "catch2"),
        (Self::Vitest, "vitest"),
        (Self::Asv, "asv"),
        (Self::Promptfoo, "promptfoo"),
        (Self::BiggerIsBetter, "customBiggerIsBetter"),
        (Self::SmallerIsBetter, "customSmallerIsBetter"),
    ];

    /// The name of reports.
    pub fn name(self) -> &'static str {
        Self::NAMES.into_iter().find(|(tool, _)| *tool == self).map_or("", |(_, name)| name)
    }

    /// Reads a name; case, `-` and `_` do not count.
    pub fn parse(name: &str) -> Option<Self> {
        let plain = |text: &str| text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
        Self::NAMES.into_iter().find(|(_, known)| plain(known) == plain(name)).map(|(tool, _)| tool)
    }
}

/// The unit of pass rates and scores from 0 to 1: they are compared by points of a hundred, not by ratio.
pub const SHARE: &str = "share";

/// One benchmark's result.
#[derive(Debug, Clone, PartialEq)]
pub struct Benchmark {
    /// Unique in its file.
    pub name: String,
    /// As the tool wrote it; empty where it wrote none.
    pub unit: String,
    /// Which way is good.
    pub direction: Direction,
    /// The tool's own mean, or the mean of the samples; `None` where the tool has no number.
    pub value: Option<f64>,
    /// The samples, where the file carries them.
    pub samples: Samples,
    /// What went wrong while it ran: numbers of a run that failed are no measurement, whatever they are.
    pub fault: Option<String>,
    /// Samples that it lacks; those that are there were measured as they should be.
    pub gaps: Option<Gaps>,
}

/// Samples that were to be taken, and were not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gaps {
    /// How many.
    pub samples: usize,
    /// How many of how many, and why.
    pub why: String,
}

impl Benchmark {
    /// A benchmark of one number.
    pub fn number(name: impl Into<String>, unit: impl Into<String>, direction: Direction, value: Option<f64>) -> Self {
        Self { name: name.into(), unit: unit.into(), direction, value, samples: Samples::default(), fault: None, gaps: None }
    }

    /// The same with samples.
    #[must_use]
    pub fn with_samples(self, samples: Samples) -> Self {
        Self { samples, ..self }
    }

    /// The same with what went wrong, if anything did; what is known already stays.
    #[must_use]
    pub fn with_fault(self, fault: Option<String>) -> Self {
        Self { fault: self.fault.or(fault), ..self }
    }

    /// The same with the samples that it lacks.
    #[must_use]
    pub fn with_gaps(self, gaps: Option<Gaps>) -> Self {
        Self { gaps, ..self }
    }

    /// The value to compare: the tool's, else the mean of the samples.
    pub fn mean(&self) -> Option<f64> {
        self.value.or_else(|| self.samples.mean())
    }

    /// Why its samples are no measurement: a program that took no time, or less than none, did not run.
    pub fn impossible(&self) -> Option<&'static str> {
        let least = self.samples.least();
        if self.unit.is_empty() || unit::may_be_zero(&self.unit, self.direction) {
            None
        } else if least < 0.0 {
            Some("a sample is negative, which no time can be")
        } else if least <= 0.0 && self.direction == Direction::LowerIsBetter {
            Some("a sample is 0, which no time can be")
        } else {
            None
        }
    }
}
