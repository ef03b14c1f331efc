//! `prompt-cicd config`.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};

use crate::app::{
    Failure, Finished, Services,
    config::{Override, Shape, check, schema, show},
};

/// Check and show the configuration
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Check the configuration, its prompts and its cases; ask nothing
    Check(Output),
    /// Show every effective setting and where it comes from
    Show(Output),
    /// Print the JSON Schema of the configuration, for editors
    Schema,
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
}

impl From<Output> for Shape {
    fn from(output: Output) -> Self {
        match output.format {
            OutputFormat::Text => Self::Text,
            OutputFormat::Json => Self::Json,
        }
    }
}

pub(super) fn run(services: &Services, path: Option<PathBuf>, args: Args, overrides: &[Override]) -> Result<Finished, Failure> {
    match args.what {
        What::Check(output) => check(services, path, output.into()),
        What::Show(output) => show(services, path, output.into(), overrides),
        What::Schema => schema(),
    }
}
