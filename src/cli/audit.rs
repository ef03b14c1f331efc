//! `prompt-cicd audit`.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};

use crate::{
    app::{
        Failure, Finished, Services,
        audit::{AuditRequest, Selection, show, verify},
    },
    report::{Style, audit::Format},
};

/// Show and verify the audit log: who did what, when and why
///
/// Exit 0: the log is intact. 13: it is broken; the first broken entry is named. 3, 30, 31: the store cannot be read.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Show entries, oldest first
    Show(Show),
    /// Check that no entry was changed, taken away or put in
    Verify(Output),
}

#[derive(Debug, clap::Args)]
struct Show {
    /// Only entries about this prompt
    #[arg(long, value_name = "NAME")]
    prompt: Option<String>,
    /// Only entries in this environment
    #[arg(long, value_name = "NAME")]
    environment: Option<String>,
    /// Only the newest entries, at most so many
    #[arg(long, value_name = "N")]
    last: Option<usize>,
    #[command(flatten)]
    output: Output,
}

#[derive(Debug, clap::Args)]
struct Output {
    /// What standard output gets
    #[arg(long, value_enum, default_value_t = OutputFormat::Text, value_name = "FORMAT")]
    format: OutputFormat,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum OutputFormat {
    /// Lines of text
    Text,
    /// JSON
    Json,
    /// One JSON object for each entry
    Jsonl,
    /// Markdown, for a comment or a job summary
    Markdown,
}

impl From<OutputFormat> for Format {
    fn from(format: OutputFormat) -> Self {
        match format {
            OutputFormat::Text => Self::Text,
            OutputFormat::Json => Self::Json,
            OutputFormat::Jsonl => Self::JsonLines,
            OutputFormat::Markdown => Self::Markdown,
        }
    }
}

pub(super) async fn run(services: &Services, config: Option<PathBuf>, args: Args, style: Style) -> Result<Finished, Failure> {
    match args.what {
        What::Show(args) => {
            let selection = Selection { prompt: args.prompt, environment: args.environment, last: args.last };
            show(services, AuditRequest { config, format: args.output.format.into(), style }, &selection).await
        }
        What::Verify(output) => verify(services, AuditRequest { config, format: output.format.into(), style }).await,
    }
}
