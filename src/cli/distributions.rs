//! `prompt-cicd distributions`.

use super::samples::{Samples, SamplesFormat};
use crate::{app::distributions::DistributionsRequest, report::Style};

/// Show how two samples differ; judge nothing
///
/// Exit 0: shown. 3: values that cannot be used.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    samples: Samples,
    /// How the result is written
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = SamplesFormat::Text)]
    format: SamplesFormat,
}

impl Args {
    pub(super) fn request(self, style: Style) -> DistributionsRequest {
        let (source, written) = self.samples.source_and_written();
        DistributionsRequest { source, written, format: self.format.format(), style }
    }
}
