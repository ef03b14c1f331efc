//! `prompt-cicd trend`.

use std::path::PathBuf;

use super::samples::SamplesFormat;
use crate::{app::trend::TrendRequest, report::Style};

/// Show where values in order of time are going; judge nothing
///
/// Exit 0: shown. 3: values that cannot be used.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// JSON (a list, or `values` and `timestamps`) or CSV; `-` is standard input
    #[arg(value_name = "FILE", required_unless_present = "values", conflicts_with = "values")]
    file: Option<PathBuf>,
    /// The values, with commas between
    #[arg(long, value_name = "VALUES", allow_hyphen_values = true)]
    values: Option<String>,
    /// The metric's name in the report
    #[arg(long, value_name = "NAME")]
    metric: Option<String>,
    /// The confidence level
    #[arg(long, value_name = "LEVEL", default_value_t = 0.95, allow_negative_numbers = true)]
    confidence_level: f64,
    /// The seed of the permutations that find change points
    #[arg(long, value_name = "NUMBER", default_value_t = 20_250_801, allow_negative_numbers = true)]
    seed: u64,
    /// How the result is written
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = SamplesFormat::Text)]
    format: SamplesFormat,
}

impl Args {
    pub(super) fn request(self, style: Style) -> TrendRequest {
        TrendRequest {
            file: self.file,
            values: self.values,
            metric: self.metric,
            level: self.confidence_level,
            seed: self.seed,
            format: self.format.format(),
            style,
        }
    }
}
