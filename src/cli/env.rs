//! `prompt-cicd env`.

use std::path::PathBuf;

use clap::Subcommand;

use super::rollout::OutputFormat;
use crate::app::{
    Failure, Finished, Services,
    env::{self, EnvRequest},
};

/// Set up what GitHub has for environments: reviewers, waits, branches, variables, labels, required checks, the state branch, MLflow aliases
///
/// Needs `GITHUB_TOKEN` (a job's own token cannot do this: a personal or an app's token with `administration: write`) and `GITHUB_REPOSITORY`.
/// Exit 0: done, or nothing to do. 13: `status` found a difference. 20: nobody said yes to `destroy`. 30 and 31: GitHub or a registry does not answer, or refuses. 32: a rollout came in between.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Show what `apply` would change; change nothing
    Plan(Which),
    /// Make and change what differs from the configuration; twice is once
    Apply {
        #[command(flatten)]
        which: Which,
        /// Show what would happen; change nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Delete what `apply` made, and nothing else
    Destroy {
        #[command(flatten)]
        which: Which,
        /// Show what would happen; change nothing
        #[arg(long)]
        dry_run: bool,
        /// Yes, delete it
        #[arg(long)]
        yes: bool,
    },
    /// Show whether everything is as the configuration says; exit 13 where it is not
    Status(Which),
}

#[derive(Debug, clap::Args)]
struct Which {
    /// An environment of the configuration, and nothing beside it; may be given several times
    #[arg(long, value_name = "NAME")]
    environment: Vec<String>,
    /// What standard output gets
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = OutputFormat::Text)]
    format: OutputFormat,
}

pub(super) async fn run(services: &Services, config: Option<PathBuf>, args: Args) -> Result<Finished, Failure> {
    let request = |which: Which, dry_run: bool, yes: bool| EnvRequest {
        config,
        environments: which.environment,
        shape: which.format.into(),
        dry_run,
        yes,
    };
    match args.verb {
        Verb::Plan(which) => env::plan(services, &request(which, true, false)).await,
        Verb::Apply { which, dry_run } => env::apply(services, &request(which, dry_run, false)).await,
        Verb::Destroy { which, dry_run, yes } => env::destroy(services, &request(which, dry_run, yes)).await,
        Verb::Status(which) => env::status(services, &request(which, true, false)).await,
    }
}
