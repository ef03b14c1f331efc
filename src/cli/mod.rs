//! The command line: flags in, a request to `app` out. No decisions here.

mod audit;
mod baseline;
mod bench;
mod compare;
mod completions;
mod config;
mod detect;
mod distributions;
mod doctor;
mod env;
mod gate;
mod history;
mod init;
pub mod inputs;
mod lint;
mod monitor;
mod pr;
mod publish;
mod registry;
mod release;
mod report;
mod rollback;
mod rollout;
mod samples;
mod test;
mod trend;

use std::path::PathBuf;

use clap::{ArgAction, CommandFactory as _, Parser, Subcommand, ValueEnum, error::ErrorKind};

use crate::{
    app::{
        Failure, Finished, Services,
        config::Override,
        fetched::{with_configuration, with_configuration_or_none, with_gates_of_the_base},
    },
    report::Style,
};

/// Test prompts against real models, with numbers, before and after they change.
#[derive(Debug, Parser)]
#[command(
    name = "prompt-cicd",
    version,
    max_term_width = 100,
    disable_help_subcommand = true,
    arg_required_else_help = true,
    args_override_self = true
)]
pub struct Cli {
    /// What every command takes.
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    command: Command,
}

/// Flags of every command.
#[derive(Debug, clap::Args)]
pub struct Global {
    /// The configuration file [default: prompt-cicd.yml, prompt-cicd.yaml, .github/prompt-cicd.yml, .prompt-cicd.yml]
    #[arg(long, short, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Read the configuration from GitHub at this branch, tag or commit, and not from a checkout; HEAD is the default branch (rollout, rollback,
    /// monitor, history, audit, env, doctor, gate, pr, config)
    #[arg(long, global = true, value_name = "REF")]
    pub config_at: Option<String>,
    /// Say more; twice for every step, three times for libraries too
    #[arg(long, short, global = true, action = ArgAction::Count)]
    pub verbose: u8,
    /// No progress on standard error
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// Colours on the terminal
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    pub color: Color,
    /// How the log on standard error looks
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Text, value_name = "FORMAT")]
    pub log_format: LogFormat,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// How the log looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Lines for people
    Text,
    /// One JSON object a line
    Json,
}

#[derive(Debug, Subcommand)]
enum Command {
    Test(test::Args),
    Lint(lint::Args),
    Bench(Box<bench::Args>),
    Compare(compare::Args),
    Detect(Box<detect::Args>),
    Distributions(Box<distributions::Args>),
    Trend(trend::Args),
    Rollout(rollout::Args),
    Rollback(rollback::Args),
    Registry(registry::Args),
    Report(report::Args),
    Release(release::Args),
    Gate(gate::Args),
    Monitor(monitor::Args),
    Pr(pr::Args),
    Publish(publish::Args),
    Doctor(doctor::Args),
    Env(env::Args),
    Audit(audit::Args),
    History(history::Args),
    Baseline(baseline::Args),
    Init(init::Args),
    Config(config::Args),
    Completions(completions::Args),
}

impl Command {
    /// Whether the command reads no prompts and cases of the user's besides the configuration, and no results but those of its own job.
    fn goes_by_configuration_alone(&self) -> bool {
        match self {
            Self::Rollout(_)
            | Self::Rollback(_)
            | Self::Monitor(_)
            | Self::History(_)
            | Self::Audit(_)
            | Self::Env(_)
            | Self::Doctor(_)
            | Self::Gate(_)
            | Self::Pr(_)
            | Self::Config(_) => true,
            Self::Test(_)
            | Self::Lint(_)
            | Self::Bench(_)
            | Self::Compare(_)
            | Self::Detect(_)
            | Self::Distributions(_)
            | Self::Trend(_)
            | Self::Registry(_)
            | Self::Report(_)
            | Self::Release(_)
            | Self::Publish(_)
            | Self::Baseline(_)
            | Self::Init(_)
            | Self::Completions(_) => false,
        }
    }
}

impl Cli {
    /// Whether a bad result (10 to 13) is to exit with 0.
    pub fn no_fail(&self) -> bool {
        match &self.command {
            Command::Test(args) => args.no_fail,
            Command::Lint(args) => args.no_fail,
            Command::Gate(args) => args.no_fail,
            Command::Monitor(args) => args.no_fail,
            Command::Pr(args) => args.no_fail,
            Command::Compare(args) => args.no_fail,
            Command::Detect(args) => args.no_fail,
            Command::Report(args) => args.no_fail(),
            Command::Registry(_)
            | Command::Release(_)
            | Command::Rollout(_)
            | Command::Rollback(_)
            | Command::Distributions(_)
            | Command::Trend(_)
            | Command::Publish(_)
            | Command::Init(_)
            | Command::Config(_)
            | Command::Bench(_)
            | Command::Doctor(_)
            | Command::Env(_)
            | Command::Audit(_)
            | Command::History(_)
            | Command::Baseline(_)
            | Command::Completions(_) => false,
        }
    }

    /// The same, where its flags go together.
    ///
    /// # Errors
    /// `--config-at` for a command that reads prompts or cases, too: those would be of the checkout.
    pub fn checked(self) -> Result<Self, clap::Error> {
        if self.global.config_at.is_none() || self.command.goes_by_configuration_alone() {
            return Ok(self);
        }
        let message = "`--config-at` is for `rollout`, `rollback`, `monitor`, `history`, `audit`, `env`, `doctor`, `gate`, `pr` and `config`: this \
                       command reads files besides the configuration, and those would be of another commit; check that commit out instead";
        Err(Self::command().error(ErrorKind::ArgumentConflict, message))
    }

    /// Carries out the command. `overrides` are what inputs and environment put before the configuration file.
    ///
    /// # Errors
    /// Whatever keeps the command from concluding.
    pub async fn run(self, services: &Services, style: Style, overrides: &[Override]) -> Result<Finished, Failure> {
        let (fetched, config) = match &self.global.config_at {
            None => (None, self.global.config),
            Some(at) if matches!(self.command, Command::Pr(_)) => {
                with_configuration_or_none(services, self.global.config, at).await.map(|(services, path)| (Some(services), path))?
            }
            Some(at) if matches!(self.command, Command::Gate(_)) => {
                with_gates_of_the_base(services, self.global.config, at).await.map(|(services, path)| (Some(services), Some(path)))?
            }
            Some(at) => with_configuration(services, self.global.config, at).await.map(|(services, path)| (Some(services), Some(path)))?,
        };
        let services = fetched.as_ref().unwrap_or(services);
        match self.command {
            Command::Test(args) => crate::app::test::test(services, args.request(config, style)).await,
            Command::Lint(args) => crate::app::lint::lint(services, &args.request(config, style)),
            Command::Report(args) => report::run(services, config, args, style).await,
            Command::Release(args) => release::run(services, config, args).await,
            Command::Registry(args) => registry::run(services, config, style, args).await,
            Command::Rollout(args) => Box::pin(rollout::run(services, config, style, args)).await,
            Command::Rollback(args) => Box::pin(rollback::run(services, config, style, args)).await,
            Command::Doctor(args) => Box::pin(crate::app::doctor::doctor(services, &args.request(config, fetched.is_some()))).await,
            Command::Env(args) => Box::pin(env::run(services, config, args)).await,
            Command::Bench(args) => Box::pin(crate::app::bench::bench(services, &args.request(config, style))).await,
            Command::Compare(args) => crate::app::compare::compare(services, &args.request(config, style)).await,
            Command::Detect(args) => crate::app::detect::detect(services, &args.request(config, style)).await,
            Command::Distributions(args) => crate::app::distributions::distributions(services, &args.request(style)),
            Command::Trend(args) => crate::app::trend::trend(services, &args.request(style)),
            Command::Gate(args) => crate::app::gate::gate(services, &args.request(config, style)).await,
            Command::Monitor(args) => crate::app::monitor::monitor(services, &args.request(config, style)).await,
            Command::Pr(args) => crate::app::pr::pr(services, &args.request(config, style)).await,
            Command::Publish(args) => crate::app::publish::publish(services, &args.request()).await,
            Command::Init(args) => crate::app::init::init(services, &args.request()),
            Command::Config(args) => config::run(services, config, args, overrides),
            Command::Audit(args) => audit::run(services, config, args, style).await,
            Command::History(args) => history::run(services, config, args, style).await,
            Command::Baseline(args) => baseline::run(services, config, args, style).await,
            Command::Completions(args) => Ok(completions::run(&args)),
        }
    }
}
