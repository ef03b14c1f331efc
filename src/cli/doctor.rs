//! `prompt-cicd doctor`.

use std::path::PathBuf;

use clap::ValueEnum;

use crate::{app::doctor::DoctorRequest, report::doctor::Format};

/// Look whether everything that a run needs is there, and say what to do; change nothing
///
/// Configuration, prompts, keys (whether they are set, never what they are), servers and their models, the store, targets, GitHub and the permissions of its token.
/// Exit 0: all well. 3: something is written wrongly or missing here. 30: a server does not answer. 31: one refuses.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Find out which permissions of the token write: by requests that lack what they must have, so that nothing can come of them
    #[arg(long)]
    writes: bool,
    /// What standard output gets
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = OutputFormat::Text)]
    format: OutputFormat,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum OutputFormat {
    /// Lines of text
    Text,
    /// JSON
    Json,
}

impl Args {
    /// `alone`: the configuration was fetched, and nothing beside it.
    pub(super) fn request(&self, config: Option<PathBuf>, alone: bool) -> DoctorRequest {
        let format = match self.format {
            OutputFormat::Text => Format::Text,
            OutputFormat::Json => Format::Json,
        };
        DoctorRequest { config, alone, writes: self.writes, format }
    }
}
