//! `prompt-cicd history`.

use std::path::PathBuf;

use clap::Subcommand;

use super::rollout::OutputFormat;
use crate::{
    app::{
        Failure, Finished, Services,
        history::{self, HistoryRequest, KpiRequest, Pruning, ReportRequest},
    },
    domain::kpi::Scope,
    report::Style,
};

/// Show what every case did in earlier runs: how often it passes, and whether it is flaky
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Show the cases, the most unsettled first
    Show(Which),
    /// Show how delivery goes, by the four measures of DORA
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
    /// Put together the last days: delivery, metrics, unsettled cases
    Report {
        /// Of this prompt; also what `{{prompt}}` is in queries
        #[arg(value_name = "PROMPT")]
        prompt: Option<String>,
        /// In this environment; also what `{{environment}}` is in queries
        #[arg(long, short, value_name = "NAME")]
        environment: Option<String>,
        /// What `{{version}}` is in queries
        #[arg(long, value_name = "VERSION")]
        prompt_version: Option<String>,
        /// How many days
        #[arg(long, value_name = "N", default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=366))]
        days: u32,
        /// Keep one issue that holds the newest report
        #[arg(long)]
        issue: bool,
        /// What standard output gets
        #[arg(long, value_enum, value_name = "FORMAT", default_value_t = OutputFormat::Text)]
        format: OutputFormat,
    },
    /// Let go of old runs; what their cases counted stays as sums
    Prune {
        #[command(flatten)]
        which: Which,
        /// Runs of each suite that stay at most; at least the newest one does
        #[arg(long, value_name = "N", required_unless_present = "before", value_parser = clap::value_parser!(u32).range(1..))]
        keep: Option<u32>,
        /// Let go of every run that began before this day or time, like 2026-01-31
        #[arg(long, value_name = "DATE", value_parser = day_or_time)]
        before: Option<String>,
        /// Say what would go; change nothing
        #[arg(long)]
        dry_run: bool,
    },
}

#[derive(Debug, clap::Args)]
struct Which {
    /// Only suites of this prompt, or the suite of this name
    #[arg(value_name = "PROMPT")]
    prompt: Option<String>,
    /// What standard output gets
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = OutputFormat::Text)]
    format: OutputFormat,
}

fn day_or_time(text: &str) -> Result<String, String> {
    let day = text.parse::<jiff::civil::Date>().ok().map(|day| format!("{day}T00:00:00.000Z"));
    let time = || text.parse::<jiff::Timestamp>().ok().map(|time| format!("{time:.3}"));
    day.or_else(time).ok_or_else(|| "a day like 2026-01-31, or a time like 2026-01-31T12:00:00Z, is needed".to_owned())
}

pub(super) async fn run(services: &Services, config: Option<PathBuf>, args: Args, style: Style) -> Result<Finished, Failure> {
    let request = |config, which: Which| HistoryRequest { config, prompt: which.prompt, shape: which.format.into(), style };
    match args.what {
        What::Show(which) => history::show(services, &request(config, which)).await,
        What::Kpi { prompt, environment, since, format } => {
            let request = KpiRequest { config, scope: Scope { prompt, environment }, since, shape: format.into() };
            history::kpi(services, &request).await
        }
        What::Report { prompt, environment, prompt_version, days, issue, format } => {
            let scope = Scope { prompt, environment };
            let request = ReportRequest { config, scope, version: prompt_version, days, issue, shape: format.into(), style };
            history::report(services, &request).await
        }
        What::Prune { which, keep, before, dry_run } => {
            let pruning = Pruning { keep: keep.and_then(|keep| usize::try_from(keep).ok()), before, dry_run };
            history::prune(services, &request(config, which), &pruning).await
        }
    }
}
