//! `prompt-cicd history`.

use std::path::PathBuf;

use clap::Subcommand;

use super::rollout::OutputFormat;
use crate::{
    app::{
        Failure, Finished, Services,
        history::{self, KpiRequest},
    },
    domain::kpi::Scope,
};

/// Show what earlier rollouts came to
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Show how delivery goes: deployment frequency, lead time, change failure rate, time to restore
    Kpi {
        /// Only of this prompt
        #[arg(value_name = "PROMPT")]
        prompt: Option<String>,
        /// Only in this environment
        #[arg(long, short, value_name = "NAME")]
        environment: Option<String>,
        /// From this day or time on, like 2026-01-31; else from the audit log's beginning
        #[arg(long, value_name = "DATE", value_parser = day_or_time)]
        since: Option<String>,
        /// What standard output gets
        #[arg(long, value_enum, value_name = "FORMAT", default_value_t = OutputFormat::Text)]
        format: OutputFormat,
    },
}

fn day_or_time(text: &str) -> Result<String, String> {
    let day = text.parse::<jiff::civil::Date>().ok().map(|day| format!("{day}T00:00:00.000Z"));
    let time = || text.parse::<jiff::Timestamp>().ok().map(|time| format!("{time:.3}"));
    day.or_else(time).ok_or_else(|| "a day like 2026-01-31, or a time like 2026-01-31T12:00:00Z, is needed".to_owned())
}

pub(super) async fn run(services: &Services, config: Option<PathBuf>, args: Args) -> Result<Finished, Failure> {
    match args.what {
        What::Kpi { prompt, environment, since, format } => {
            let request = KpiRequest { config, scope: Scope { prompt, environment }, since, shape: format.into() };
            history::kpi(services, &request).await
        }
    }
}
