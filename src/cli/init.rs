//! `prompt-cicd init`.

use std::path::PathBuf;

use super::rollout::OutputFormat;
use crate::app::init::InitRequest;

/// Write a first configuration for the prompts that are here, and workflows in a git repository
///
/// It asks nothing. Prompts are found as `.prompt.yml`, as JSON or YAML with `template` and `test_cases` or `validation_rules`, and as texts in
/// folders of prompts. Exit 0: written. 3: a configuration is here already. 13: `--check` found something out of date.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Where to write
    #[arg(default_value = ".", value_name = "FOLDER")]
    folder: PathBuf,
    /// Write anew what is there already
    #[arg(long)]
    force: bool,
    /// Write workflows for GitHub into .github/workflows, beside a configuration that is there already too
    #[arg(long)]
    workflows: bool,
    /// Write nothing; say what is not what this version would write: callers, their version, the configuration's keys
    #[arg(long, conflicts_with_all = ["force", "workflows"])]
    check: bool,
    /// What standard output gets of --check
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = OutputFormat::Text)]
    format: OutputFormat,
}

impl Args {
    pub(super) fn request(self) -> InitRequest {
        InitRequest { folder: self.folder, force: self.force, workflows: self.workflows, check: self.check, shape: self.format.into() }
    }
}
