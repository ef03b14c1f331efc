//! `prompt-cicd bench`.

use std::{path::PathBuf, time::Duration};

use clap::ValueEnum;

use crate::{
    app::{
        bench::BenchRequest,
        publish::Telling,
        test::{Against, BaseRequest, Scope, TestRequest},
    },
    domain::budget::Budget,
    ports::provider::Recording,
    report::{Style, bench::Format},
};

/// Measure a prompt: latency, time to the first token, tokens, cost, with percentiles
///
/// Assertions are judged and shown, and decide nothing.
/// Exit 0: measured. 13: the budget was spent. 30, 31: a provider gave no answer. 4: no such prompt.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The prompt's name, its file, or the name of a suite
    #[arg(value_name = "PROMPT")]
    prompt: String,
    /// Requests at least, in whole passes over the cases
    #[arg(long, short = 'n', value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    iterations: u32,
    /// Requests before, which are not counted
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=1000))]
    warm_up: Option<u32>,
    /// Ask this provider instead of the suites' own
    #[arg(long, value_name = "NAME")]
    provider: Option<String>,
    /// Requests under way at once [default: 1, so that none slows another]
    #[arg(long, short = 'j', value_name = "N", value_parser = super::test::positive)]
    concurrency: Option<u32>,
    /// How long one request may take, like 30s or 2m (a bare number is seconds)
    #[arg(long, value_name = "DURATION", value_parser = super::test::timeout)]
    timeout: Option<Duration>,
    /// Stop before more than this many US dollars are spent
    #[arg(long, value_name = "USD", value_parser = super::test::dollars)]
    budget_usd: Option<f64>,
    /// Stop before more than this many tokens are used
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000_000_000_000))]
    budget_tokens: Option<u64>,
    /// What standard output gets
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = OutputFormat::Text)]
    format: OutputFormat,
    /// Write the JSON here as well, for `compare`
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum OutputFormat {
    /// Lines of text
    Text,
    /// JSON, which `compare` reads
    Json,
    /// Markdown, for a comment or a job summary
    Markdown,
}

impl Args {
    pub(super) fn request(self, config: Option<PathBuf>, style: Style) -> BenchRequest {
        let test = TestRequest {
            config,
            filters: Vec::new(),
            tags: Vec::new(),
            provider: self.provider,
            concurrency: Some(self.concurrency.unwrap_or(1) as usize),
            repeat: None,
            confirm: None,
            timeout: self.timeout,
            budget: Budget { usd: self.budget_usd, tokens: self.budget_tokens },
            warm_up: self.warm_up,
            shard: None,
            base: BaseRequest::Nothing,
            recording: Recording::default(),
            // What the cache holds was measured another day.
            cache: Some(false),
            dry_run: false,
            record_history: false,
            issues: false,
            against: Against::Nothing,
            format: crate::report::Format::Json,
            reports: Vec::new(),
            scope: Scope::All,
            telling: Telling::nobody(),
            style,
        };
        BenchRequest {
            prompt: self.prompt,
            iterations: self.iterations,
            test,
            format: match self.format {
                OutputFormat::Text => Format::Text,
                OutputFormat::Json => Format::Json,
                OutputFormat::Markdown => Format::Markdown,
            },
            output: self.output,
            style,
        }
    }
}
