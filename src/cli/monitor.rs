//! `prompt-cicd monitor`.

use std::path::PathBuf;

use clap::ValueEnum;

use crate::{
    app::monitor::MonitorRequest,
    report::{Style, monitor::Format},
};

/// Look once at the metrics in production: thresholds, trend, change points, baseline
///
/// Exit 0: every metric is healthy. 12: one is degraded or critical. 13: a comparison is not decided. 30: a source was not reached or had no usable data. 31: a source refused. 3: the configuration is wrong.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Metrics by name; all of the configuration where none is given
    #[arg(value_name = "METRIC")]
    metrics: Vec<String>,
    /// What `{{prompt}}` is in queries
    #[arg(long, value_name = "NAME")]
    prompt: Option<String>,
    /// What `{{environment}}` is in queries
    #[arg(long, value_name = "NAME")]
    environment: Option<String>,
    /// What `{{version}}` is in queries
    #[arg(long, value_name = "VERSION")]
    prompt_version: Option<String>,
    /// Keep one open issue for each degraded or critical metric, and close it when the metric is healthy
    #[arg(long)]
    issues: bool,
    /// What standard output gets
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = MonitorFormat::Text)]
    format: MonitorFormat,
    /// Exit with 0 for degraded, critical and undecided metrics; failures keep their codes
    #[arg(long)]
    pub(super) no_fail: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum MonitorFormat {
    /// For a terminal
    Text,
    /// JSON
    Json,
    /// Markdown, for an issue or a job summary
    Markdown,
}

impl Args {
    pub(super) fn request(self, config: Option<PathBuf>, style: Style) -> MonitorRequest {
        MonitorRequest {
            config,
            metrics: self.metrics,
            prompt: self.prompt,
            environment: self.environment,
            version: self.prompt_version,
            issues: self.issues,
            format: match self.format {
                MonitorFormat::Text => Format::Text,
                MonitorFormat::Json => Format::Json,
                MonitorFormat::Markdown => Format::Markdown,
            },
            style,
        }
    }
}
