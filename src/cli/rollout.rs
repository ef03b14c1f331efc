//! `prompt-cicd rollout`.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};

use crate::{
    app::{
        Failure, Finished, Services,
        rollout::{self, Order, StartRequest, Subject},
    },
    domain::rollout::{Percent, Strategy},
    report::{Style, rollout::Shape},
};

/// Move a prompt's traffic from its stable version to a new one, stage by stage
///
/// Exit 0: done, or going on. 20: this state does not allow it. 21: held or stopped. 22: rolled back by itself. 23: a rollback failed, people are needed. 24: rolled back, but late. 30: a target or the store does not answer. 32: another run was first.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Begin a rollout of the prompt's version
    Start {
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        how: How,
    },
    /// Begin the last rollout again, also when it was rolled back
    Retry {
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        how: How,
    },
    /// Show what a rollout would do, and when
    Plan {
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        how: How,
    },
    /// Look once: finish what was begun, check health, go on or back; safe at any time
    Step(Place),
    /// Look again and again until it is over or waits for people
    Run(Place),
    /// Show every change until it is over; change nothing
    Watch(Place),
    /// Show where it is, and what the targets show
    Status(Place),
    /// Show the rollouts before, and the events of the last one
    History {
        #[command(flatten)]
        place: Place,
        /// How many rollouts
        #[arg(long, default_value_t = 10, value_name = "N")]
        limit: usize,
    },
    /// Hold it where it is
    Pause {
        #[command(flatten)]
        place: Place,
        /// Why
        #[arg(long, default_value = "manual pause", value_name = "TEXT")]
        reason: String,
    },
    /// Let it go on, or pass the gate it waits at
    Resume {
        #[command(flatten)]
        place: Place,
        /// Who approved, where it waits for an approval
        #[arg(long, value_name = "NAME")]
        approved_by: Option<String>,
    },
    /// Go to the next stage without waiting for time
    Promote {
        #[command(flatten)]
        place: Place,
        /// Go to the end
        #[arg(long)]
        full: bool,
        /// Who approved, where a stage before it asks for an approval
        #[arg(long, value_name = "NAME")]
        approved_by: Option<String>,
    },
    /// Set the candidate's share
    Set {
        #[command(flatten)]
        place: Place,
        /// The share, 0 to 100
        #[arg(value_parser = percent, value_name = "PERCENT")]
        percent: Percent,
        /// Whatever the health, and also between the plan's stages
        #[arg(long)]
        force: bool,
        /// Who approved, where a stage before it asks for an approval
        #[arg(long, value_name = "NAME")]
        approved_by: Option<String>,
    },
    /// Go to 100 % and make the candidate the stable version
    Complete {
        #[command(flatten)]
        place: Place,
        /// Whatever the health
        #[arg(long)]
        skip_final_checks: bool,
        /// Who approved, where a stage before it asks for an approval
        #[arg(long, value_name = "NAME")]
        approved_by: Option<String>,
    },
    /// Take the candidate's traffic away; it is not marked bad
    Abort {
        #[command(flatten)]
        place: Place,
        /// Why
        #[arg(long, default_value = "aborted by a person", value_name = "TEXT")]
        reason: String,
    },
}

/// Which prompt, where, and how it is shown.
#[derive(Debug, clap::Args)]
pub(super) struct Place {
    /// The prompt's name
    #[arg(value_name = "PROMPT")]
    prompt: String,
    /// The environment; where there is only one, that one
    #[arg(long, short, value_name = "NAME")]
    environment: Option<String>,
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

#[derive(Debug, clap::Args)]
struct How {
    /// The version; else the one in the prompt's file
    #[arg(long, value_name = "VERSION")]
    version: Option<String>,
    /// The shares instead of the configuration's, increasing and ending at 100
    #[arg(long, value_delimiter = ',', value_parser = percent, value_name = "PERCENT,…")]
    stages: Option<Vec<Percent>>,
    /// The first share, before the plan's others
    #[arg(long, value_parser = percent, value_name = "PERCENT")]
    initial: Option<Percent>,
    /// The strategy instead of the configuration's
    #[arg(long, value_enum, value_name = "STRATEGY")]
    strategy: Option<StrategyName>,
    /// Also a version that was rolled back
    #[arg(long)]
    retry: bool,
    /// Who approved, where the environment asks for it
    #[arg(long, value_name = "NAME")]
    approved_by: Option<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum StrategyName {
    /// A growing share
    Canary,
    /// Prepared, then switched at once
    BlueGreen,
    /// One target after another
    Rolling,
}

/// What standard output gets.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum OutputFormat {
    /// Lines of text
    Text,
    /// JSON
    Json,
    /// Markdown, for a comment or a job summary
    Markdown,
}

impl From<OutputFormat> for Shape {
    fn from(format: OutputFormat) -> Self {
        match format {
            OutputFormat::Text => Self::Text,
            OutputFormat::Json => Self::Json,
            OutputFormat::Markdown => Self::Markdown,
        }
    }
}

fn percent(text: &str) -> Result<Percent, String> {
    let number = text.trim_end_matches('%').parse::<u8>().ok();
    number.and_then(Percent::new).ok_or_else(|| format!("`{text}` is no share: write a whole number from 0 to 100"))
}

impl Place {
    pub(super) fn subject(self, config: Option<PathBuf>, style: Style) -> Subject {
        Subject {
            config,
            prompt: self.prompt,
            environment: self.environment,
            by: self.by,
            shape: self.format.into(),
            style,
            dry_run: self.dry_run,
        }
    }
}

impl From<How> for StartRequest {
    fn from(how: How) -> Self {
        let strategy = how.strategy.map(|strategy| match strategy {
            StrategyName::Canary => Strategy::Canary,
            StrategyName::BlueGreen => Strategy::BlueGreen,
            StrategyName::Rolling => Strategy::Rolling,
        });
        Self { version: how.version, stages: how.stages, initial: how.initial, strategy, retry: how.retry, approved_by: how.approved_by }
    }
}

pub(super) async fn run(services: &Services, config: Option<PathBuf>, style: Style, args: Args) -> Result<Finished, Failure> {
    let subject = |place: Place| place.subject(config, style);
    match args.verb {
        Verb::Start { place, how } => Box::pin(rollout::start(services, &subject(place), &how.into())).await,
        Verb::Retry { place, how } => Box::pin(rollout::retry(services, &subject(place), &how.into())).await,
        Verb::Plan { place, how } => rollout::plan(services, &subject(place), &how.into()).await,
        Verb::Step(place) => Box::pin(rollout::step(services, &subject(place))).await,
        Verb::Run(place) => Box::pin(rollout::run(services, &subject(place), false)).await,
        Verb::Watch(place) => Box::pin(rollout::run(services, &subject(place), true)).await,
        Verb::Status(place) => rollout::status(services, &subject(place)).await,
        Verb::History { place, limit } => rollout::history(services, &subject(place), limit).await,
        Verb::Pause { place, reason } => rollout::order(services, &subject(place), Order::Pause { reason }).await,
        Verb::Resume { place, approved_by } => rollout::order(services, &subject(place), Order::Resume { approved_by }).await,
        Verb::Promote { place, full, approved_by } => rollout::order(services, &subject(place), Order::Promote { full, approved_by }).await,
        Verb::Set { place, percent, force, approved_by } => {
            rollout::order(services, &subject(place), Order::Set { percent, force, approved_by }).await
        }
        Verb::Complete { place, skip_final_checks, approved_by } => {
            rollout::order(services, &subject(place), Order::Complete { skip_final_checks, approved_by }).await
        }
        Verb::Abort { place, reason } => rollout::order(services, &subject(place), Order::Abort { reason }).await,
    }
}
