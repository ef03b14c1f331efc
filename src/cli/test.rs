//! `prompt-cicd test`.

use std::{path::PathBuf, time::Duration};

use regex::Regex;

use super::publish::Told;
use crate::{
    app::test::{Against, BaseRequest, Scope, TestRequest},
    domain::{budget::Budget, comment::CommentMode, duration, suite::shard::Shard},
    ports::{provider::Recording, vcs::is_reference},
    report::{FileFormat, Format, Style},
};

/// Ask models for answers and judge them
///
/// Everything that can be known to be wrong is said before the first request: exit 3, nothing paid.
/// Exit 0: passed. 10: assertions failed. 12: worse than base. 11: lints stopped the run. 4: nothing selected. 13: the budget was spent. 30, 31: a provider gave no answer.
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(super) struct Args {
    /// Only samples whose suite/case matches this regular expression (repeatable; plain words match anywhere)
    #[arg(long = "filter", value_name = "REGEX", value_parser = regex)]
    filters: Vec<Regex>,
    /// Only suites and cases with this tag (repeatable)
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,
    /// Ask this provider instead of the suites' own
    #[arg(long, value_name = "NAME")]
    provider: Option<String>,
    /// Requests of a suite under way at once, instead of the suites' own
    #[arg(long, short = 'j', value_name = "N", value_parser = positive)]
    concurrency: Option<u32>,
    /// How often every case is asked, instead of the suites' own
    #[arg(long, value_name = "N", value_parser = positive)]
    repeat: Option<u32>,
    /// Ask what failed so many times again, to tell what is flaky; changes no verdict [3 where no number is given]
    #[arg(long, value_name = "N", num_args = 0..=1, require_equals = true, default_missing_value = "3", value_parser = confirm)]
    confirm: Option<u32>,
    /// How long one request may take, like 30s or 2m (a bare number is seconds), instead of the suites' own
    #[arg(long, value_name = "DURATION", value_parser = timeout)]
    timeout: Option<Duration>,
    /// Stop before more than this many US dollars are spent; what is left has no judgement
    #[arg(long, value_name = "USD", value_parser = dollars)]
    budget_usd: Option<f64>,
    /// Stop before more than this many tokens are used
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000_000_000_000))]
    budget_tokens: Option<u64>,
    /// Requests to each suite's provider before the run, which are not counted [default: run.warm-up]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=1000))]
    warm_up: Option<u32>,
    /// Compare with the prompts as this branch, tag or commit has them [default: in a pull request, where it left its base]
    #[arg(long, value_name = "REF", overrides_with = "no_base", value_parser = reference)]
    base: Option<String>,
    /// Compare with nothing, in a pull request too
    #[arg(long)]
    no_base: bool,
    /// Write every answer to this cassette
    #[arg(long, value_name = "FILE", conflicts_with = "replay")]
    record: Option<PathBuf>,
    /// Take every answer from this cassette and ask nobody
    #[arg(long, value_name = "FILE")]
    replay: Option<PathBuf>,
    /// Keep answers and take them again for equal requests
    #[arg(long, overrides_with = "no_cache")]
    cache: bool,
    /// Ask anew even if the configuration switches the cache on
    #[arg(long)]
    no_cache: bool,
    /// Keep this run in the history of cases [default: a workflow's runs of the default branch]
    #[arg(long)]
    record_history: bool,
    /// Compare with the last recorded runs of the default branch and the pinned baselines, or with those last runs and one of them
    #[arg(long, value_name = "NAME", num_args = 0..=1, require_equals = true)]
    #[expect(clippy::option_option, reason = "the flag may stand without a name")]
    baseline: Option<Option<String>>,
    /// Keep an open issue for each suite that fails, gets no answers or has flaky cases; the job needs `issues: write`
    #[arg(long)]
    issues: bool,
    /// Show what would be asked and what it might cost, and ask nothing
    #[arg(long)]
    dry_run: bool,
    /// What standard output gets: text, json, markdown, junit, html
    #[arg(long, value_name = "FORMAT", default_value = "text", value_parser = format)]
    format: Format,
    /// Only one of several parts of the cases, like 2/8, to spread a run over machines; `report merge` puts them together
    #[arg(long, value_name = "I/N", value_parser = shard, conflicts_with_all = ["confirm", "baseline", "record_history", "issues"])]
    shard: Option<Shard>,
    /// Write a report to a file as well, e.g. junit=report.xml (repeatable); sarif and shard are files only
    #[arg(long = "report", value_name = "FORMAT=FILE", value_parser = report)]
    reports: Vec<(FileFormat, PathBuf)>,
    /// Only suites that the pull request, push or merge group changes (what a workflow does by itself)
    #[arg(long, overrides_with = "all")]
    changed: bool,
    /// Every suite, whatever changed
    #[arg(long, overrides_with = "changed")]
    all: bool,
    #[command(flatten)]
    told: Told,
    /// Exit with 0 for bad results (10 to 13); failures keep their codes
    #[arg(long)]
    pub(super) no_fail: bool,
}

impl Args {
    pub(super) fn request(self, config: Option<PathBuf>, style: Style) -> TestRequest {
        TestRequest {
            config,
            filters: self.filters,
            tags: self.tags,
            provider: self.provider,
            concurrency: self.concurrency.map(|concurrency| concurrency as usize),
            repeat: self.repeat,
            confirm: self.confirm,
            timeout: self.timeout,
            shard: self.shard,
            warm_up: self.warm_up,
            budget: Budget { usd: self.budget_usd, tokens: self.budget_tokens },
            base: match (self.base, self.no_base) {
                (Some(reference), _) => BaseRequest::At(reference),
                (None, true) => BaseRequest::Nothing,
                (None, false) => BaseRequest::Usual,
            },
            recording: Recording { record: self.record, replay: self.replay, cache: None },
            cache: match (self.cache, self.no_cache) {
                (true, _) => Some(true),
                (false, true) => Some(false),
                (false, false) => None,
            },
            dry_run: self.dry_run,
            format: self.format,
            reports: self.reports,
            scope: match (self.all, self.changed) {
                (true, _) => Scope::All,
                (false, true) => Scope::Changed,
                (false, false) => Scope::ByEvent,
            },
            telling: self.told.into(),
            style,
            record_history: self.record_history,
            issues: self.issues,
            against: match self.baseline {
                None => Against::Nothing,
                Some(None) => Against::All,
                Some(Some(name)) => Against::Named(name),
            },
        }
    }
}

fn regex(text: &str) -> Result<Regex, String> {
    Regex::new(text).map_err(|error| error.to_string())
}

pub(super) fn positive(text: &str) -> Result<u32, String> {
    text.parse().ok().filter(|number| (1..=10_000).contains(number)).ok_or_else(|| "a whole number from 1 to 10000 is needed".to_owned())
}

fn confirm(text: &str) -> Result<u32, String> {
    text.parse().ok().filter(|number| (1..=100).contains(number)).ok_or_else(|| "a whole number from 1 to 100 is needed".to_owned())
}

pub(super) fn dollars(text: &str) -> Result<f64, String> {
    let number = text.trim().trim_start_matches('$').parse().ok().filter(|usd: &f64| *usd > 0.0 && *usd <= 1e9);
    number.ok_or_else(|| "an amount of US dollars above zero is needed, like 0.50".to_owned())
}

fn shard(text: &str) -> Result<Shard, String> {
    Shard::parse(text).ok_or_else(|| format!("a part of 1 to {} parts is needed, like 2/8", Shard::MOST))
}

fn reference(text: &str) -> Result<String, String> {
    if is_reference(text) { Ok(text.to_owned()) } else { Err("the name of a branch, a tag or a commit is needed".to_owned()) }
}

pub(super) fn timeout(text: &str) -> Result<Duration, String> {
    let with_unit = if text.trim().parse::<f64>().is_ok() { format!("{}s", text.trim()) } else { text.to_owned() };
    let parsed = duration::parse(&with_unit).map_err(|error| error.to_string())?;
    if parsed.is_zero() { Err("a duration above zero is needed".to_owned()) } else { Ok(parsed) }
}

fn format(text: &str) -> Result<Format, String> {
    Format::parse(text).map_err(|error| error.to_string())
}

pub(super) fn comment(text: &str) -> Result<CommentMode, String> {
    CommentMode::parse(text).ok_or_else(|| "write update, recreate or off".to_owned())
}

fn report(text: &str) -> Result<(FileFormat, PathBuf), String> {
    let (format_name, path) = text.split_once('=').ok_or_else(|| "write FORMAT=FILE, like junit=report.xml".to_owned())?;
    if path.is_empty() {
        return Err(format!("no file named after `{format_name}=`"));
    }
    Ok((FileFormat::parse(format_name).map_err(|error| error.to_string())?, PathBuf::from(path)))
}
