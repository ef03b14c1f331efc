//! `prompt-cicd registry`.

use std::path::PathBuf;

use clap::Subcommand;

use super::rollout::OutputFormat;
use crate::{
    app::{
        Failure, Finished, Services,
        registry::{self, Mark, Subject},
    },
    report::Style,
};

/// Keep the versions of prompts: what they hold, and what became of them
///
/// Exit 20: what is asked for is not allowed; the message says what is.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Show every version of a prompt
    List(Which),
    /// Show one version, and whether its content still has its digest
    Show {
        #[command(flatten)]
        which: Which,
        /// The version
        version: String,
    },
    /// Keep the version in the prompt's file
    Register(Which),
    /// Make a version a candidate of an environment, where the way there allows it
    Promote {
        #[command(flatten)]
        which: Which,
        /// The version
        version: String,
        /// The environment; where there is only one, that one
        #[arg(long, short, value_name = "NAME")]
        environment: Option<String>,
    },
    /// Mark a version bad: it is not started and not gone back to any more
    MarkBad {
        #[command(flatten)]
        which: Which,
        /// The version
        version: String,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
    /// Keep a version only for the record: it is not started and not gone back to
    Archive {
        #[command(flatten)]
        which: Which,
        /// The version
        version: String,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
        /// Take it back from there
        #[arg(long)]
        undo: bool,
    },
    /// Show what differs between two versions
    Diff {
        #[command(flatten)]
        which: Which,
        /// The older version
        old: String,
        /// The newer version
        new: String,
    },
    /// Show the versions that one was made from
    Lineage {
        #[command(flatten)]
        which: Which,
        /// The version
        version: String,
    },
}

#[derive(Debug, clap::Args)]
struct Which {
    /// The prompt's name
    #[arg(value_name = "PROMPT")]
    prompt: String,
    /// What standard output gets
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = OutputFormat::Text)]
    format: OutputFormat,
    /// Show what would happen; change nothing
    #[arg(long)]
    dry_run: bool,
    /// Who asks, for the record; else whoever runs this
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
}

pub(super) async fn run(services: &Services, config: Option<PathBuf>, style: Style, args: Args) -> Result<Finished, Failure> {
    let subject =
        |which: Which| Subject { config, prompt: which.prompt, by: which.by, shape: which.format.into(), style, dry_run: which.dry_run };
    match args.verb {
        Verb::List(which) => registry::list(services, &subject(which)).await,
        Verb::Show { which, version } => registry::show(services, &subject(which), &version).await,
        Verb::Register(which) => registry::register(services, &subject(which)).await,
        Verb::Promote { which, version, environment } => {
            registry::promote(services, &subject(which), &Mark { version, environment, reason: None }).await
        }
        Verb::MarkBad { which, version, reason } => {
            registry::mark_bad(services, &subject(which), &Mark { version, environment: None, reason: Some(reason) }).await
        }
        Verb::Archive { which, version, reason, undo } => {
            registry::archive(services, &subject(which), &Mark { version, environment: None, reason }, undo).await
        }
        Verb::Diff { which, old, new } => registry::diff(services, &subject(which), &old, &new).await,
        Verb::Lineage { which, version } => registry::lineage(services, &subject(which), &version).await,
    }
}
