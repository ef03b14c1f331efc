//! `prompt-cicd init`.

use std::path::PathBuf;

/// Write a first configuration with a prompt and cases
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Where to write
    #[arg(default_value = ".", value_name = "FOLDER")]
    pub(super) folder: PathBuf,
    /// Write anew what is there already
    #[arg(long)]
    pub(super) force: bool,
    /// Write workflows for GitHub into .github/workflows, beside a configuration that is there already too
    #[arg(long)]
    pub(super) workflows: bool,
}
