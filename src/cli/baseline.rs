//! `prompt-cicd baseline`.

use std::path::PathBuf;

use clap::Subcommand;

use super::rollout::OutputFormat;
use crate::{
    app::{
        Failure, Finished, Services,
        baseline::{self, BaselineRequest, OfBenchmarks, Pruning},
    },
    ports::vcs::is_reference,
    report::Style,
};

/// Keep what runs are compared with: the last runs of the default branch, and pinned ones
///
/// Exit 4: no such suite, name or run. `prompt-cicd test --baseline` compares.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Show the runs that are kept, and what is pinned
    Show(Which),
    /// Take in a run from its JSON report, or a run of benchmarks from any file that `compare` reads
    Update {
        #[command(flatten)]
        which: Which,
        /// The report, as `test --report json=FILE` writes it, or what a benchmark tool wrote
        #[arg(long, value_name = "FILE")]
        from: PathBuf,
        /// The commit that was tested [default: the one that the report names; of benchmarks, the one that is checked out]
        #[arg(long, value_name = "COMMIT", value_parser = reference)]
        commit: Option<String>,
        /// The tool that wrote the benchmarks, where it is not to be guessed
        #[arg(long = "from-format", value_name = "TOOL")]
        tool: Option<String>,
        /// The name that benchmarks are kept under [default: the tool's]
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
    },
    /// Keep the last runs under a name, like a release, until it is pinned anew
    Pin {
        #[command(flatten)]
        which: Which,
        /// The name
        name: String,
        /// The last runs before this branch, tag or commit [default: those that `test --baseline` takes]
        #[arg(long, value_name = "REF", value_parser = reference)]
        at: Option<String>,
    },
    /// Let go of old runs, or of what is pinned
    Prune {
        #[command(flatten)]
        which: Which,
        /// Runs of each suite that stay at most; those of commits that did not reach the default branch go first
        #[arg(long, value_name = "N", required_unless_present_any = ["unpin", "unmerged"])]
        keep: Option<usize>,
        /// Let go of all runs of commits that did not reach the default branch
        #[arg(long)]
        unmerged: bool,
        /// Let go of the baseline that is pinned under this name
        #[arg(long, value_name = "NAME")]
        unpin: Option<String>,
    },
}

#[derive(Debug, clap::Args)]
struct Which {
    /// Only this suite
    #[arg(long, value_name = "NAME")]
    suite: Option<String>,
    /// What standard output gets (show)
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = OutputFormat::Text)]
    format: OutputFormat,
}

fn reference(text: &str) -> Result<String, String> {
    if is_reference(text) { Ok(text.to_owned()) } else { Err("the name of a branch, a tag or a commit is needed".to_owned()) }
}

pub(super) async fn run(services: &Services, config: Option<PathBuf>, args: Args, style: Style) -> Result<Finished, Failure> {
    let request = |which: Which| BaselineRequest { config, suite: which.suite, shape: which.format.into(), style };
    match args.what {
        What::Show(which) => baseline::show(services, &request(which)).await,
        What::Update { which, from, commit, tool, name } => {
            let asked = OfBenchmarks { format: tool, name };
            baseline::update(services, &request(which), &from, commit.as_deref(), &asked).await
        }
        What::Pin { which, name, at } => baseline::pin(services, &request(which), &name, at.as_deref()).await,
        What::Prune { which, keep, unmerged, unpin } => {
            baseline::prune(services, &request(which), &Pruning { keep, unmerged, unpin }).await
        }
    }
}
