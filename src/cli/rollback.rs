//! `prompt-cicd rollback`.

use std::{path::PathBuf, time::Duration};

use clap::{Subcommand, ValueEnum as _};

use super::rollout::{OutputFormat, Place};
use crate::{
    app::{
        Failure, Finished, Services,
        rollback::{self, RollbackRequest},
        rollout::Subject,
    },
    domain::duration,
    report::Style,
};

/// Put the previous stable version back on all traffic, within 30 s
///
/// Exit 0: done, or there already. 20: not allowed; the message says what is. 23: people are needed: some target does not show it, or there is nothing to go back to. 24: done, but not within 30 s.
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag")]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(super) struct Args {
    #[command(subcommand)]
    verb: Option<Verb>,
    /// The prompt's name
    #[arg(value_name = "PROMPT", required = true)]
    prompt: Option<String>,
    /// The environment; where there is only one, that one
    #[arg(long, short, value_name = "NAME")]
    environment: Option<String>,
    /// The version; else the previous stable one
    #[arg(long, value_name = "VERSION")]
    to: Option<String>,
    /// Why, for the record
    #[arg(long, default_value = "rolled back by a person", value_name = "TEXT")]
    reason: String,
    /// Check nothing first; targets before the record
    #[arg(long)]
    emergency: bool,
    /// Do not ask
    #[arg(long, short, visible_alias = "auto-approve")]
    yes: bool,
    /// The longest it may take, instead of the configuration's
    #[arg(long, value_parser = time, value_name = "DURATION")]
    timeout: Option<Duration>,
    /// Look at health for a while afterwards; the exit code is that of the rollback either way
    #[arg(long, overrides_with = "no_watch")]
    watch: bool,
    /// Do not, whatever the configuration says
    #[arg(long)]
    no_watch: bool,
    /// What standard output gets
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = OutputFormat::Text)]
    format: OutputFormat,
    /// Write what came of it to a file as well: text=FILE, json=FILE or markdown=FILE (repeatable)
    #[arg(long = "report", value_name = "FORMAT=FILE", value_parser = file)]
    reports: Vec<(OutputFormat, PathBuf)>,
    /// Show what would happen; change nothing
    #[arg(long)]
    dry_run: bool,
    /// Who asks, for the record; else whoever runs this
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Show the versions that can be gone back to
    ListVersions(Place),
    /// Show rollbacks, newest first
    History {
        #[command(flatten)]
        place: Place,
        /// How many
        #[arg(long, default_value_t = 10, value_name = "N")]
        limit: usize,
    },
    /// Check whether a version can be gone back to
    Validate {
        #[command(flatten)]
        place: Place,
        /// The version; else the previous stable one
        #[arg(long, value_name = "VERSION")]
        to: Option<String>,
    },
    /// Show the newest rollback and what the targets show now; go on with its watch
    Status {
        #[command(flatten)]
        place: Place,
        /// Wait until the watch is over
        #[arg(long)]
        watch: bool,
    },
    /// Finish a rollback that was interrupted
    Resume(Place),
}

fn time(text: &str) -> Result<Duration, String> {
    duration::parse(text).map_err(|error| error.to_string())
}

fn file(text: &str) -> Result<(OutputFormat, PathBuf), String> {
    let (name, path) = text.split_once('=').filter(|(_, path)| !path.is_empty()).ok_or("write FORMAT=FILE, like json=rollback.json")?;
    Ok((OutputFormat::from_str(name, false)?, PathBuf::from(path)))
}

pub(super) async fn run(services: &Services, config: Option<PathBuf>, style: Style, args: Args) -> Result<Finished, Failure> {
    match args.verb {
        Some(Verb::ListVersions(place)) => rollback::list_versions(services, &place.subject(config, style)).await,
        Some(Verb::History { place, limit }) => rollback::history(services, &place.subject(config, style), limit).await,
        Some(Verb::Validate { place, to }) => rollback::validate(services, &place.subject(config, style), to.as_deref()).await,
        Some(Verb::Status { place, watch }) => rollback::status(services, &place.subject(config, style), watch).await,
        Some(Verb::Resume(place)) => rollback::resume(services, &place.subject(config, style), None).await,
        None => {
            let subject = Subject {
                config,
                prompt: args.prompt.unwrap_or_default(),
                environment: args.environment,
                by: args.by,
                shape: args.format.into(),
                style,
                dry_run: args.dry_run,
            };
            let request = RollbackRequest {
                subject,
                to: args.to,
                reason: args.reason,
                yes: args.yes || args.emergency,
                emergency: args.emergency,
                timeout: args.timeout,
                reports: args.reports.into_iter().map(|(format, file)| (format.into(), file)).collect(),
                watch: args.watch.then_some(true).or(args.no_watch.then_some(false)),
            };
            rollback::rollback(services, &request).await
        }
    }
}
