//! `environments:` with the `rollouts:` that each of them keeps to.

use std::{collections::HashSet, time::Duration};

use super::{duration_at, metric_sources::check_query};
use crate::{
    config::{
        path::Path,
        problems::{Finding, Problems},
        raw::{self, rollout as raw_rollout},
        suggest,
    },
    domain::{
        duration,
        metric_source::Escape,
        rollback::{storm::StormLimits, watch::WatchSettings},
        rollout::{
            Percent, Plan, Strategy,
            health::{Comparison, Confirmation, Direction, Metric, MetricKind, OnNoData},
            plan::{self, CheckLimits, OnFailure, PlanStep, Stage},
            settings::EnvironmentSettings,
        },
    },
};

/// The watch at 100 % of a blue-green rollout that says nothing, in milliseconds.
const BLUE_GREEN_WATCH: u64 = 300_000;

/// The names that an environment may speak of; `None` where nobody knows them.
#[derive(Debug, Clone, Copy)]
pub(in crate::config) struct Names<'n> {
    pub(in crate::config) targets: Option<&'n [String]>,
    pub(in crate::config) sources: Option<&'n [String]>,
    /// How the queries of each source are filled in.
    pub(in crate::config) queries: &'n [(String, Escape)],
    pub(in crate::config) suites: &'n [String],
}

/// Reads the environments; those with problems are left out.
pub(in crate::config) fn read(
    environments: raw::Named<raw_rollout::Environment>,
    names: Names<'_>,
    problems: &mut Problems<'_>,
) -> Vec<EnvironmentSettings> {
    let section = Path::root().key("environments");
    let all: Vec<String> = environments.0.iter().map(|(name, _)| name.clone()).collect();
    let mut read = Vec::new();
    for (name, environment) in environments.0 {
        let path = section.key(name.as_str());
        let fits = !name.is_empty() && name.len() <= 60 && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
        if !fits || !name.starts_with(|c: char| c.is_ascii_alphanumeric()) {
            let help = "use letters, digits, - and _, like `production`".to_owned();
            problems.push(Finding::error(path.clone(), "cannot name an environment").at_key().help(help));
        }
        read.extend(one(name, environment, &all, names, &path, problems));
    }
    read
}

fn one(
    name: String,
    environment: raw_rollout::Environment,
    all: &[String],
    names: Names<'_>,
    path: &Path,
    problems: &mut Problems<'_>,
) -> Option<EnvironmentSettings> {
    let targets: Vec<String> = environment.targets?.into_iter().flatten().collect();
    let mut seen = HashSet::new();
    for (index, target) in targets.iter().enumerate() {
        let at = path.key("targets").index(index);
        if !seen.insert(target) {
            problems.push(Finding::error(at, "this target stands here twice"));
        } else if let Some(known) = names.targets {
            known_name(target, known, "target", "targets", at, problems);
        }
    }
    if let Some(from) = &environment.promote_from {
        if *from == name {
            problems.push(Finding::error(path.key("promote-from"), "a version cannot come from where it goes to"));
        } else {
            known_name(from, all, "environment", "environments", path.key("promote-from"), problems);
        }
    }
    let reader = Reader { path: path.key("rollouts"), names, problems, targets: targets.len() };
    let settings = reader.settings(name, targets, environment.promote_from, environment.approval.unwrap_or(false), environment.rollouts?);
    settings.map(|settings| EnvironmentSettings { url: url(environment.url, &path.key("url"), problems), ..settings })
}

/// How health is looked at after a rollback.
fn watch_after(watch: &raw_rollout::RollbackWatch, path: &Path, problems: &mut Problems<'_>) -> Option<WatchSettings> {
    let duration = duration_at(watch.duration.as_ref(), &path.key("duration"), problems);
    let interval = duration_at(watch.interval.as_ref(), &path.key("interval"), problems);
    Some(WatchSettings { duration: duration?, interval: interval?, always: watch.always? })
}

/// An address that may be linked.
fn url(written: Option<String>, path: &Path, problems: &mut Problems<'_>) -> Option<String> {
    let written = written?;
    super::reach::address(&written, path, problems)
}

fn known_name(name: &str, known: &[String], one: &str, many: &str, path: Path, problems: &mut Problems<'_>) {
    if !known.iter().any(|known| known == name) {
        let help = suggest::help(name, many, known.iter().map(String::as_str)).or_else(|| Some(format!("describe it under `{many}`")));
        problems.push(Finding::error(path, format!("there is no {one} `{}`", suggest::shorten(name))).help(help));
    }
}

struct Reader<'r, 'p> {
    path: Path,
    names: Names<'r>,
    problems: &'r mut Problems<'p>,
    targets: usize,
}

/// What stages are made with.
struct Pace {
    hold: u64,
    watch: u64,
    checks: u32,
}

impl Reader<'_, '_> {
    fn settings(
        mut self,
        name: String,
        targets: Vec<String>,
        promote_from: Option<String>,
        approval: bool,
        rollouts: raw_rollout::Rollouts,
    ) -> Option<EnvironmentSettings> {
        let strategy = Strategy::ALL.into_iter().find(|strategy| Some(strategy.as_str()) == rollouts.strategy.as_deref());
        let health = rollouts.health.unwrap_or_default();
        let at = self.path.key("health");
        let interval = duration_at(health.interval.as_ref(), &at.key("interval"), self.problems);
        let check_timeout = duration_at(health.timeout.as_ref(), &at.key("timeout"), self.problems);
        let error_retry = duration_at(health.error_retry.as_ref(), &at.key("error-retry"), self.problems);
        let metrics = self.metrics(health.metrics.unwrap_or_default());
        let stage_duration = self.duration(rollouts.stage_duration.as_deref(), "stage-duration");
        let stage_timeout = duration_at(rollouts.stage_timeout.as_ref(), &self.path.key("stage-timeout"), self.problems);
        let watch = rollouts.watch.as_deref().map(|text| self.duration(Some(text), "watch"));
        let rollback = rollouts.rollback.unwrap_or_default();
        let at = self.path.key("rollback");
        let rollback_timeout = duration_at(rollback.timeout.as_ref(), &at.key("timeout"), self.problems);
        let cool_down = duration_at(rollback.cool_down.as_ref(), &at.key("cool-down"), self.problems);
        if let Some(suite) = &rollouts.smoke {
            known_name(suite, self.names.suites, "suite", "suites", self.path.key("smoke"), self.problems);
        }
        let rollback_watch = watch_after(&rollback.watch.unwrap_or_default(), &at.key("watch"), self.problems);
        let (strategy, checks) = (strategy?, health.checks?);
        let default_watch = if strategy == Strategy::BlueGreen { BLUE_GREEN_WATCH } else { 0 };
        let pace = Pace { hold: stage_duration?, watch: watch.unwrap_or(Some(default_watch))?, checks };
        let stages = self.stages(strategy, rollouts.stages, rollouts.steps, rollouts.smoke, &pace);
        let plan = Plan {
            strategy,
            stages: stages?,
            interval: millis(interval?),
            error_retry: millis(error_retry?),
            stage_timeout: millis(stage_timeout?),
            limits: CheckLimits {
                failure: health.failure_limit?,
                inconclusive: health.inconclusive_limit?,
                consecutive_error: health.consecutive_error_limit?,
            },
            on_failure: OnFailure::parse(rollouts.on_failure.as_deref()?)?,
            metrics: metrics?,
            alpha: health.alpha?,
        };
        let settings = EnvironmentSettings {
            name,
            targets,
            promote_from,
            approval,
            plan,
            stage_duration: pace.hold,
            watch: pace.watch,
            checks,
            check_timeout: check_timeout?,
            max_concurrent: usize::try_from(rollouts.max_concurrent?).ok()?,
            rollback_timeout: rollback_timeout?,
            storm: StormLimits { cool_down: millis(cool_down?), most_per_hour: usize::try_from(rollback.max_per_hour?).ok()? },
            rollback_watch: rollback_watch?,
            url: None,
        };
        self.timeouts(&settings);
        Some(settings)
    }

    fn timeouts(&mut self, settings: &EnvironmentSettings) {
        let longest = settings.plan.stages.iter().map(|stage| stage.hold).max().unwrap_or(0);
        if settings.plan.stage_timeout <= longest {
            let message = "a stage fails before it can be held: the time-out is not longer than the longest stage";
            let help = "make `stage-timeout` longer".to_owned();
            self.problems.push(Finding::error(self.path.key("stage-timeout"), message).help(help));
        }
    }

    /// A duration that may be nothing, in milliseconds.
    fn duration(&mut self, text: Option<&str>, key: &str) -> Option<u64> {
        match duration::parse(text?) {
            Ok(duration) => Some(millis(duration)),
            Err(error) => {
                self.problems.push(Finding::error(self.path.key(key), error.to_string()));
                None
            }
        }
    }

    fn stages(
        &mut self,
        strategy: Strategy,
        shares: Option<Vec<f64>>,
        steps: Option<Vec<Option<raw_rollout::Step>>>,
        smoke: Option<String>,
        pace: &Pace,
    ) -> Option<Vec<Stage>> {
        if steps.is_some() && strategy != Strategy::Canary {
            let help = "steps are for `strategy: canary`".to_owned();
            self.problems.push(Finding::error(self.path.key("steps"), format!("{} has its own steps", strategy.as_str())).help(help));
        }
        let (made, key) = match (strategy, steps) {
            (Strategy::BlueGreen, _) => return Some(plan::blue_green(smoke, pace.watch, pace.checks)),
            (Strategy::Rolling, _) => return Some(plan::rolling(self.targets, pace.hold, pace.checks)),
            (Strategy::Canary, Some(steps)) => {
                let count = steps.len();
                let steps: Vec<PlanStep> = steps
                    .into_iter()
                    .enumerate()
                    .filter_map(|(index, step)| self.step(step?, &self.path.key("steps").index(index)))
                    .collect();
                if steps.len() < count {
                    return None;
                }
                (plan::stages(&steps, pace.checks), "steps")
            }
            (Strategy::Canary, None) => {
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the schema bounds each to 1..=100")]
                let shares: Vec<Percent> = shares?.into_iter().filter_map(|share| Percent::new(share as u8)).collect();
                (plan::canary(&shares, pace.hold, pace.watch, pace.checks), "stages")
            }
        };
        made.map_err(|error| self.problems.push(Finding::error(self.path.key(key), error.to_string()))).ok()
    }

    fn step(&mut self, step: raw_rollout::Step, path: &Path) -> Option<PlanStep> {
        let mut read = Vec::new();
        if let Some(weight) = step.set_weight {
            read.push(PlanStep::SetWeight(u8::try_from(weight).ok().and_then(Percent::new)?));
        }
        if let Some(pause) = step.pause {
            read.push(duration_or_person(pause.duration.as_ref(), path, self.problems)?);
        }
        read.extend(step.analysis.and_then(|analysis| analysis.checks).map(PlanStep::Analysis));
        read.extend(step.approval.map(|_| PlanStep::Approval));
        if let Some(suite) = step.smoke {
            known_name(&suite, self.names.suites, "suite", "suites", path.key("smoke"), self.problems);
            read.push(PlanStep::Smoke(suite));
        }
        if let (Some(step), true) = (read.pop(), read.is_empty()) {
            return Some(step);
        }
        let help = "write one of `set-weight`, `pause`, `analysis`, `approval`, `smoke`".to_owned();
        self.problems.push(Finding::error(path.clone(), "a step has exactly one key").help(help));
        None
    }

    fn metrics(&mut self, metrics: Vec<Option<raw_rollout::Metric>>) -> Option<Vec<Metric>> {
        let section = self.path.key("health").key("metrics");
        let wanted = metrics.len();
        let mut names = HashSet::new();
        let mut read = Vec::new();
        for (index, metric) in metrics.into_iter().enumerate() {
            let (Some(metric), path) = (metric, section.index(index)) else { continue };
            if metric.name.as_ref().is_some_and(|name| !names.insert(name.clone())) {
                self.problems.push(Finding::error(path.key("name"), "a second metric has this name"));
            }
            read.extend(self.metric(metric, &path));
        }
        if !read.is_empty() && read.iter().all(|metric| metric.dry_run) {
            let help = "let one count; or leave `metrics` out, and a person resumes each stage".to_owned();
            let message = "every metric is a `dry-run`, so no rollout here can ever be found unhealthy";
            self.problems.push(Finding::error(section, message).help(help));
            return None;
        }
        (read.len() == wanted).then_some(read)
    }

    #[expect(clippy::too_many_lines, reason = "one key after another")]
    fn metric(&mut self, metric: raw_rollout::Metric, path: &Path) -> Option<Metric> {
        let source = metric.source?;
        if let Some(known) = self.names.sources {
            known_name(&source, known, "metric source", "metric-sources", path.key("source"), self.problems);
        }
        for (key, query) in [("query", &metric.query), ("total", &metric.total)] {
            check_query(query.as_ref(), Some(&source), self.names.queries, path.key(key), self.problems);
        }
        let kind = match metric.kind.as_deref() {
            None | Some("mean") => MetricKind::Mean,
            Some("errors") => MetricKind::Errors,
            Some(_) => MetricKind::Probe,
        };
        let direction = match (kind, metric.direction.as_deref()) {
            (MetricKind::Mean, Some("lower-is-better")) | (MetricKind::Errors, None) => Some(Direction::LowerIsBetter),
            (MetricKind::Mean, Some(_)) | (MetricKind::Probe, None) => Some(Direction::HigherIsBetter),
            (MetricKind::Mean, None) => None,
            (MetricKind::Errors | MetricKind::Probe, Some(_)) => {
                self.problems.push(Finding::error(path.key("direction"), "only the direction of a mean is asked for").at_key());
                None
            }
        };
        if kind == MetricKind::Mean && metric.direction.is_none() {
            let help = "add `direction: lower-is-better` (latency, cost) or `higher-is-better` (scores)".to_owned();
            self.problems
                .push(Finding::error(path.key("direction"), "`direction` is missing: a gate that does not know it is none").help(help));
        }
        if (kind == MetricKind::Errors) != metric.total.is_some() {
            let (message, help) = if kind == MetricKind::Errors {
                ("`total` is missing: failures mean nothing without the requests", "add the query of the requests since the last check")
            } else {
                ("`total` is for `kind: errors`", "remove it")
            };
            self.problems.push(Finding::error(path.key("total"), message).help(help.to_owned()));
        }
        if kind == MetricKind::Mean && metric.bound.is_none() && metric.guardrail.is_none() && metric.compare.is_none() {
            let help = "add `bound`, `compare` or both".to_owned();
            self.problems.push(Finding::error(path.clone(), "nothing is asked of this metric, so it can never fail").help(help));
        }
        if kind == MetricKind::Errors && metric.bound.is_none() && metric.guardrail.is_none() && metric.compare.is_none() {
            let help = "add `bound` (a rate), `compare` or both".to_owned();
            self.problems.push(Finding::error(path.clone(), "nothing is asked of this metric, so it can never fail").help(help));
        }
        let compare =
            metric.compare.map(|compare| Comparison { margin: compare.margin.unwrap_or(0.0), prove: compare.prove.unwrap_or(false) });
        let confirm = match metric.confirm {
            Some(confirm) => Confirmation { k: confirm.k?, of: confirm.of? },
            // A probe that fails once may be bad luck.
            None if kind == MetricKind::Probe => Confirmation { k: 3, of: 3 },
            None => Confirmation { k: 1, of: 1 },
        };
        if confirm.k > confirm.of {
            self.problems.push(Finding::error(path.key("confirm"), "more often than there are checks"));
        }
        let fewest = if compare.is_some() { 100 } else { 1 };
        Some(Metric {
            name: metric.name?,
            source,
            query: metric.query?,
            total: metric.total,
            kind,
            direction: direction?,
            bound: metric.bound,
            guardrail: metric.guardrail,
            compare,
            min_samples: metric.min_samples.map_or(fewest, u64::from),
            on_no_data: if metric.on_no_data.as_deref() == Some("fail") { OnNoData::Fail } else { OnNoData::Inconclusive },
            weight: metric.weight.unwrap_or(1.0),
            critical: metric.critical.unwrap_or(true),
            confirm,
            dry_run: metric.dry_run.unwrap_or(false),
        })
    }
}

fn duration_or_person(text: Option<&String>, path: &Path, problems: &mut Problems<'_>) -> Option<PlanStep> {
    let Some(text) = text else { return Some(PlanStep::PauseForPerson) };
    duration_at(Some(text), &path.key("pause").key("duration"), problems).map(|duration| PlanStep::Pause(millis(duration)))
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
