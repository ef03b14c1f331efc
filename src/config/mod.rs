//! Text in, values or diagnostics out. Nothing here opens a file or reads the environment.
//!
//! A text goes through [`document`] (parse, locate, check against the schema of [`raw`]), gets the [`defaults`] laid
//! under it, and becomes domain types in [`sections`]. Every step reports all it finds and hands on what is sound, so
//! that one run shows every problem.

mod assertions;
pub mod benchmark;
pub mod cases;
mod check;
pub mod defaults;
mod document;
mod locate;
mod parameters;
mod path;
mod problems;
pub mod prompt_file;
mod raw;
pub mod samples;
pub mod schema;
mod sections;
pub mod show;
mod strict_json;
mod suggest;
mod text_layout;

#[cfg(test)]
mod soup;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

use serde_json::Value;

use crate::domain::{
    budget::Budget, comment::CommentMode, diagnostic::Diagnostic, environment::Wanted, gate::GateRule, history, lint::LintSettings,
    metric_source::MetricSourceSettings, monitor, notice::ChannelSettings, provider::ProviderSettings, pull_request::Rules, regression,
    retry::RetryPolicy, rollout::settings::EnvironmentSettings, store::StoreSettings, suite::SuiteSettings, target::TargetSettings,
};
use document::Document;
use path::Path;
use problems::{Finding, Problems};

/// The profiles of `environments`, commented; part of the documentation.
pub const ENVIRONMENT_PROFILES: &str = defaults::PROFILES;

/// The presets of `gates`, commented; part of the documentation.
pub const GATE_PRESETS: &str = sections::gates::PRESETS;

/// What `init` writes.
#[cfg(test)]
const STARTER: &str = include_str!("../../templates/init/prompt-cicd.yml");

/// A checked configuration: it cannot hold nonsense.
#[derive(Debug, Clone)]
pub struct Config {
    /// The providers in the order of the file.
    pub providers: Vec<ProviderSettings>,
    /// Whether the file names none of them, so that GitHub Models answers.
    pub implied_provider: bool,
    /// The suites in the order of the file.
    pub suites: Vec<SuiteSettings>,
    /// What the whole run keeps to.
    pub run: RunSettings,
    /// What is checked before any model is asked.
    pub lints: LintSettings,
    /// Where prompts are served, in the order of the file.
    pub environments: Vec<EnvironmentSettings>,
    /// What `env apply` sets up on the code host.
    pub hosting: Wanted,
    /// How head is compared with base.
    pub regression: regression::Settings,
    /// Where state is kept between runs.
    pub store: StoreSettings,
    /// What GitHub is told.
    pub github: GitHubSettings,
    /// What `pr` checks.
    pub pull_request: PullRequestSettings,
    /// How versions are named, and where they stand.
    pub release: ReleaseSettings,
    /// What makes shares real, in the order of the file.
    pub targets: Vec<TargetSettings>,
    /// Where health numbers come from, in the order of the file.
    pub metric_sources: Vec<MetricSourceSettings>,
    /// Rules over other tools' numbers, presets first.
    pub gates: Vec<GateRule>,
    /// What `monitor` looks at.
    pub monitor: monitor::Settings,
    /// Who is told of what; the page of `github.deployments` among them.
    pub notifications: Vec<ChannelSettings>,
    /// What is kept of runs.
    pub history: history::settings::Settings,
    /// Cases that do not fail a run, for a time.
    pub quarantine: Vec<history::quarantine::Rule>,
}

/// What GitHub is told beside outputs, annotations and the job summary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GitHubSettings {
    /// What becomes of the comment on a pull request.
    pub comment: CommentMode,
    /// Whether a check run is made.
    pub check_run: bool,
    /// Whether rollouts are shown on the Environments page.
    pub deployments: bool,
}

/// How versions are named, and where they stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseSettings {
    /// Before the number in a tag.
    pub tag_prefix: String,
    /// Files that name the version.
    pub files: Vec<PathBuf>,
    /// The changelog.
    pub changelog: PathBuf,
}

/// What `pr` checks of a pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullRequestSettings {
    /// What the checks compare with.
    pub rules: Rules,
    /// Whether the label of the size is kept.
    pub size_labels: bool,
}

/// What a run keeps to, all suites together.
#[derive(Debug, Clone, PartialEq)]
pub struct RunSettings {
    /// Requests under way at once, whatever the suites ask for.
    pub max_concurrency: usize,
    /// What happens when a provider does not answer.
    pub retry: RetryPolicy,
    /// The folder of the answer cache, relative to the configuration file; `None` when it is off.
    pub cache: Option<PathBuf>,
    /// What the run may spend at most.
    pub budget: Budget,
    /// Requests to each suite's provider before the run, which are not counted.
    pub warm_up: u32,
    /// Whether prompts, cases and cassettes may lie outside of the repository.
    pub files_outside: bool,
}

/// Reads a configuration; with it come warnings.
///
/// # Errors
/// Everything that is wrong with it, warnings included, in the order of the file.
pub fn parse(text: &str, file: &str) -> Result<(Config, Vec<Diagnostic>), Vec<Diagnostic>> {
    let document = Document::read(text, file)?;
    let mut problems = document.problems(file);
    let config = read(&document.value, &mut problems).map(|(config, _)| config);
    finish(config, problems)
}

/// How lints are carried out where there is no configuration.
pub fn default_lints() -> LintSettings {
    let defaults = defaults::values().get("lints").cloned().unwrap_or_default();
    let lints: Option<raw::Lints> = serde_json::from_value(defaults).ok();
    lints.and_then(sections::lints::read).expect("defaults.yml has every value of `lints`")
}

/// What decides how each suite's samples are judged, by the suite's name, to see whether two versions of a file differ in
/// it; nothing where the file cannot be read.
pub fn judged_by(text: &str, file: &str) -> std::collections::BTreeMap<String, Value> {
    const KEYS: [&str; 7] = ["provider", "model", "parameters", "repeat", "min-pass-rate", "limits", "defaults"];
    let Ok(document) = Document::read(text, file) else { return std::collections::BTreeMap::new() };
    let mut problems = document.problems(file);
    let Some((_, effective)) = read(&document.value, &mut problems) else { return std::collections::BTreeMap::new() };
    let suites = effective.get("suites").and_then(Value::as_array).cloned().unwrap_or_default();
    let of_suite = |suite: Value| {
        let name = suite.get("name")?.as_str()?.to_owned();
        let provider = suite.get("provider").and_then(Value::as_str).and_then(|name| effective.get("providers")?.get(name)).cloned();
        let mut kept: Vec<Value> = KEYS.iter().map(|key| suite.get(key).cloned().unwrap_or_default()).collect();
        kept.push(provider.unwrap_or_default());
        Some((name, Value::Array(kept)))
    };
    suites.into_iter().filter_map(of_suite).collect()
}

/// What `pr` checks, and where comments go, where there is no configuration.
pub fn default_pull_request() -> (PullRequestSettings, GitHubSettings) {
    let of = |key: &str| defaults::values().get(key).cloned().unwrap_or_default();
    let checks = serde_json::from_value(of("pull-request")).ok().and_then(sections::pull_request::read);
    let github = serde_json::from_value(of("github")).ok().and_then(|github| sections::github::read(&github));
    checks.zip(github).expect("defaults.yml has every value of `pull-request` and `github`")
}

/// How versions are named where there is no configuration.
pub fn default_release() -> ReleaseSettings {
    let section = defaults::values().get("release").cloned().unwrap_or_default();
    let release = serde_json::from_value(section).ok().and_then(sections::release::read);
    release.expect("defaults.yml has every value of `release`")
}

/// Where state is kept where there is no configuration.
pub fn default_store() -> StoreSettings {
    let document = Document::read(defaults::TEXT, "defaults.yml").expect("defaults.yml is YAML");
    let store = document.value.get("store").cloned().and_then(|store| serde_json::from_value(store).ok());
    let mut problems = document.problems("defaults.yml");
    store.and_then(|store| sections::store::read(store, &mut problems)).expect("defaults.yml has every value of `store`")
}

/// The checked configuration and the effective values it was read from.
fn read(written: &Value, problems: &mut Problems<'_>) -> Option<(Config, Value)> {
    if written.is_null() {
        problems.push(Finding::error(Path::root(), "the file is empty").help("`prompt-cicd init` writes one to start from".to_owned()));
        return None;
    }
    let written = without_extensions(written);
    let sound = document::sound::<raw::File>(&written, problems)?;
    let effective = defaults::lay_under(&sound);
    let file: raw::File = document::typed(effective.clone(), problems)?;
    version(file.version.as_ref(), problems);
    // Without any, the defaults have one.
    let providers = written.get("providers").or_else(|| effective.get("providers")).and_then(Value::as_object);
    let run = sections::run::read(&file.run.unwrap_or_default(), problems);
    let lints = sections::lints::read(file.lints.unwrap_or_default());
    let suites: Vec<String> = file.suites.iter().flatten().filter_map(|suite| suite.name.clone()).collect();
    let keys = |section: &str| -> Vec<String> {
        written.get(section).and_then(Value::as_object).map(|map| map.keys().cloned().collect()).unwrap_or_default()
    };
    let queries = sections::metric_sources::escapes(file.metric_sources.as_ref());
    let (targets, sources) = (keys("targets"), keys("metric-sources"));
    let names = sections::rollout::Names { targets: Some(&targets), sources: Some(&sources), queries: &queries, suites: &suites };
    let regression = sections::regression::read(file.regression.unwrap_or_default(), problems);
    let store = sections::store::read(file.store.unwrap_or_default(), problems);
    let on_host = file.github.as_ref();
    let labels = on_host.and_then(|github| github.labels);
    let hosting = sections::hosting::read(file.environments.as_ref(), labels, on_host.and_then(|github| github.ruleset.as_ref()), problems);
    let github = sections::github::read(&file.github.unwrap_or_default());
    let pull_request = sections::pull_request::read(file.pull_request.unwrap_or_default());
    let release = sections::release::read(file.release.unwrap_or_default());
    let gates = sections::gates::read(file.gates.unwrap_or_default(), (&sources, &queries), problems);
    let monitor = sections::monitor::read(file.monitor.unwrap_or_default(), (&sources, &queries), problems);
    let environments: Vec<String> =
        written.get("environments").and_then(Value::as_object).map(|map| map.keys().cloned().collect()).unwrap_or_default();
    let mut notifications = sections::notifications::read(file.notifications.unwrap_or_default(), &environments, problems);
    notifications.extend(github.filter(|github| github.deployments).map(|_| ChannelSettings::mirror()));
    let target_settings = sections::targets::read(&file.targets.unwrap_or_default(), problems);
    if let Some(store) = &store {
        sections::store::apart(store, &target_settings, &environments, problems);
    }
    let config = Config {
        implied_provider: written.get("providers").is_none(),
        hosting,
        environments: sections::rollout::read(file.environments.unwrap_or_default(), names, problems),
        providers: sections::providers::read(&file.providers.unwrap_or_default(), providers, problems),
        suites: sections::suites::read(file.suites, providers, problems),
        targets: target_settings,
        metric_sources: sections::metric_sources::read(&file.metric_sources.unwrap_or_default(), problems),
        run: run?,
        lints: lints?,
        regression: regression?,
        store: store?,
        github: github?,
        pull_request: pull_request?,
        release: release?,
        gates,
        monitor: monitor?,
        notifications,
        history: sections::history::read(&file.history.unwrap_or_default())?,
        quarantine: sections::history::quarantine(file.quarantine, problems),
    };
    warn_of_held_concurrency(&config, problems);
    Some((config, effective))
}

/// The value when nothing is wrong, with the warnings.
fn finish<T>(value: Option<T>, problems: Problems<'_>) -> Result<(T, Vec<Diagnostic>), Vec<Diagnostic>> {
    let warnings = problems.finish()?;
    let nothing_said =
        || vec![Diagnostic::error(crate::domain::diagnostic::Place::file(""), "", "nothing could be read, and no reason is known")];
    value.map(|value| (value, warnings)).ok_or_else(nothing_said)
}

/// Keys that begin with `x-` hold what anchors point to, and nothing else looks at them.
fn without_extensions(written: &Value) -> Value {
    match written {
        Value::Object(map) => {
            Value::Object(map.iter().filter(|(key, _)| !key.starts_with("x-")).map(|(key, value)| (key.clone(), value.clone())).collect())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => written.clone(),
    }
}

fn version(version: Option<&Value>, problems: &mut Problems<'_>) {
    if version.is_some_and(|version| *version != 1) {
        let help = "write `version: 1`; a newer form needs a newer prompt-cicd".to_owned();
        problems.push(Finding::error(Path::root().key("version"), "this version of the file's form is not known").help(help));
    }
}

fn warn_of_held_concurrency(config: &Config, problems: &mut Problems<'_>) {
    for suite in config.suites.iter().filter(|suite| suite.concurrency > config.run.max_concurrency) {
        let most = config.run.max_concurrency;
        // A default that is held back is nobody's mistake.
        if !problems.is_written(&Path::parse(&suite.path).key("concurrency")) {
            continue;
        }
        let message = format!("more than `run.max-concurrency`, which holds it to {most}");
        problems.push(
            Finding::warning(Path::parse(&suite.path).key("concurrency"), message)
                .help(format!("raise `run.max-concurrency` to {}", suite.concurrency)),
        );
    }
}
