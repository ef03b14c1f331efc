//! `prompt-cicd compare`.

use std::path::PathBuf;

use super::samples::SamplesFormat;
use crate::{
    app::compare::{Base, CompareRequest},
    report::Style,
};

/// Compare two result files of benchmarks, or one with recorded runs
///
/// Exit 0: no worse. 12: regression. 13: not decided, or not comparable. 3: a file cannot be read, or nothing in common. 4: nothing
/// recorded.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The results before: a file, or Criterion's folder; and the results after, which stand alone with --baseline
    #[arg(value_name = "BASE", required = true)]
    first: PathBuf,
    /// The results after
    #[arg(value_name = "HEAD", required_unless_present = "baseline", conflicts_with = "baseline")]
    second: Option<PathBuf>,
    /// Compare with the last runs that `baseline update` recorded of the default branch: those of this name [default: of head's tool]
    #[arg(long, value_name = "NAME", num_args = 0..=1, require_equals = true)]
    #[expect(clippy::option_option, reason = "the flag may stand without a name")]
    baseline: Option<Option<String>>,
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
    pub(super) fn request(self, config: Option<PathBuf>, style: Style) -> CompareRequest {
        let (base, head) = match (self.baseline, self.second) {
            (Some(name), _) => (Base::Recorded(name), self.first),
            (None, Some(head)) => (Base::File(self.first), head),
            // clap wants the second where there is no `--baseline`.
            (None, None) => (Base::Recorded(None), self.first),
        };
        CompareRequest {
            config,
            base,
            head,
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
