//! `prompt-cicd detect`.

use std::path::PathBuf;

use super::samples::{Samples, SamplesFormat};
use crate::{
    app::detect::{DetectRequest, Written},
    report::Style,
};

/// Look for a regression between two samples of a metric
///
/// Exit 0: no worse. 12: regression. 13: not decided. 3: values that cannot be used.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    samples: Samples,
    /// Which change counts: increase (lower is better), decrease (higher is better), both, neither [default: both]
    #[arg(long, value_name = "DIRECTION")]
    direction: Option<String>,
    /// The least effect that counts, in standard deviations [default: 0.5]
    #[arg(long, value_name = "D", allow_negative_numbers = true)]
    min_effect_size: Option<f64>,
    /// How much worse is fine, as a share like 0.1; decides instead of the least effect, and needs a direction
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true)]
    margin: Option<f64>,
    /// Fewer values a side than this are never judged [default: 10]
    #[arg(long, value_name = "COUNT", allow_negative_numbers = true)]
    min_samples: Option<usize>,
    /// How the result is written
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = SamplesFormat::Text)]
    format: SamplesFormat,
    /// Exit with 0 where only more values could decide
    #[arg(long)]
    allow_inconclusive: bool,
    /// Exit with 0 for a regression or no decision; failures keep their codes
    #[arg(long)]
    pub(super) no_fail: bool,
}

impl Args {
    pub(super) fn request(self, config: Option<PathBuf>, style: Style) -> DetectRequest {
        let (source, written) = self.samples.source_and_written();
        let written = Written {
            consider: self.direction,
            min_effect: self.min_effect_size,
            margin: self.margin,
            min_samples: self.min_samples,
            ..written
        };
        DetectRequest { config, source, written, format: self.format.format(), style, allow_inconclusive: self.allow_inconclusive }
    }
}
