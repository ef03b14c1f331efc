//! `prompt-cicd lint`.

use std::path::PathBuf;

use clap::ValueEnum;

use crate::{
    app::lint::{LintRequest, Severity},
    report::{Style, lint::Format},
};

/// Check prompts and their cases' variables; ask no model
///
/// Exit 0: no finding at the threshold. 11: findings at the threshold or above, whatever the rule. 3: a file cannot be read.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Prompt files; those that the configuration's suites name where none is given
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// What standard output gets
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = LintFormat::Text)]
    format: LintFormat,
    /// The severity from which findings exit with 11, instead of the configuration's own
    #[arg(long, value_enum, value_name = "SEVERITY")]
    fail_on: Option<FailOn>,
    /// Exit with 0 for findings; failures keep their codes
    #[arg(long)]
    pub(super) no_fail: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum LintFormat {
    /// Lines of text
    Text,
    /// JSON
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Markdown, for a comment or a job summary
    Markdown,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum FailOn {
    Note,
    Warning,
    Error,
}

impl Args {
    pub(super) fn request(self, config: Option<PathBuf>, style: Style) -> LintRequest {
        LintRequest {
            config,
            paths: self.paths,
            format: match self.format {
                LintFormat::Text => Format::Text,
                LintFormat::Json => Format::Json,
                LintFormat::Sarif => Format::Sarif,
                LintFormat::Markdown => Format::Markdown,
            },
            fail_on: self.fail_on.map(|fail_on| match fail_on {
                FailOn::Note => Severity::Note,
                FailOn::Warning => Severity::Warning,
                FailOn::Error => Severity::Error,
            }),
            style,
        }
    }
}
