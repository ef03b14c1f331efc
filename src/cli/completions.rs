//! `prompt-cicd completions`.

use clap::CommandFactory as _;
use clap_complete::Shell;

use super::Cli;
use crate::app::Finished;

/// Print completions for a shell
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

pub(super) fn run(args: &Args) -> Finished {
    let mut out = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "prompt-cicd", &mut out);
    Finished::done(out)
}
