//! `prompt-cicd pr`.

use std::path::PathBuf;

use clap::ValueEnum;

use crate::{
    app::pr::PrRequest,
    domain::comment::CommentMode,
    report::{Style, pull_request::Format},
};

/// Check a pull request: title, description, size, tests, documents, conflicts, what breaks
///
/// Needs the repository and a token in GITHUB_REPOSITORY and GITHUB_TOKEN. Exit 0: valid. 13: a check failed.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The pull request; without it the one whose event started the workflow
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..))]
    number: Option<u64>,
    /// The comment: change it in place (update), write it anew at the end (recreate), or write none (off)
    #[arg(long, value_name = "MODE", value_parser = super::test::comment)]
    comment: Option<CommentMode>,
    /// Leave the labels of the size alone
    #[arg(long)]
    no_labels: bool,
    /// Write nothing on GitHub
    #[arg(long)]
    dry_run: bool,
    /// What standard output gets
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = PrFormat::Text)]
    format: PrFormat,
    /// Exit with 0 for an invalid pull request; failures keep their codes
    #[arg(long)]
    pub(super) no_fail: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum PrFormat {
    /// A line for each check
    Text,
    /// JSON
    Json,
    /// Markdown, for a comment or a job summary
    Markdown,
}

impl Args {
    pub(super) fn request(self, config: Option<PathBuf>, style: Style) -> PrRequest {
        PrRequest {
            config,
            number: self.number,
            comment: self.comment,
            labels: self.no_labels.then_some(false),
            dry_run: self.dry_run,
            format: match self.format {
                PrFormat::Text => Format::Text,
                PrFormat::Json => Format::Json,
                PrFormat::Markdown => Format::Markdown,
            },
            style,
        }
    }
}
