//! `prompt-cicd compare`.

use std::path::PathBuf;

use super::samples::SamplesFormat;
use crate::{app::compare::CompareRequest, report::Style};

/// Compare two result files of benchmarks
///
/// Exit 0: no worse. 12: regression. 13: not decided, or not comparable. 3: a file cannot be read, or nothing in common.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The results before: a file, or Criterion's folder
    #[arg(value_name = "BASE")]
    base: PathBuf,
    /// The results after
    #[arg(value_name = "HEAD")]
    head: PathBuf,
    /// What both are written by, where it is not to be guessed: `pytest-benchmark`, `hyperfine`, …
    #[arg(long = "format", value_name = "TOOL")]
    tool: Option<String>,
    /// What base is written by, where it differs
    #[arg(long, value_name = "TOOL")]
    base_format: Option<String>,
    /// What head is written by, where it differs
    #[arg(long, value_name = "TOOL")]
    head_format: Option<String>,
    /// A file of thresholds and directions by benchmark
    #[arg(long, value_name = "FILE")]
    thresholds: Option<PathBuf>,
    /// Warn of a change for the worse above this [default: 10%]
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true)]
    warn: Option<String>,
    /// Fail for a change for the worse above this [default: 20%]
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true)]
    fail: Option<String>,
    /// The chance of any false regression among benchmarks with samples
    #[arg(long, value_name = "SHARE", default_value_t = 0.05, allow_negative_numbers = true)]
    alpha: f64,
    /// How the result is written
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = SamplesFormat::Text)]
    output: SamplesFormat,
    /// Exit with 0 where only more samples could decide
    #[arg(long)]
    allow_inconclusive: bool,
    /// Exit with 0 for a regression or no decision; failures keep their codes
    #[arg(long)]
    pub(super) no_fail: bool,
}

impl Args {
    pub(super) fn request(self, style: Style) -> CompareRequest {
        CompareRequest {
            base: self.base,
            head: self.head,
            formats: [self.base_format.or_else(|| self.tool.clone()), self.head_format.or(self.tool)],
            thresholds: self.thresholds,
            bounds: [self.warn, self.fail],
            alpha: self.alpha,
            format: self.output.format(),
            style,
            allow_inconclusive: self.allow_inconclusive,
        }
    }
}
