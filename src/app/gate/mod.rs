//! `prompt-cicd gate`: rules over numbers that other tools produced, or that metric sources tell.

mod artifacts;
mod asked;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use serde_json::Value;

use super::{Failure, Finished, Outcome, Services, inside::Inside, read_config};
use crate::{
    config,
    domain::{
        annotation::{Annotation, Level},
        diagnostic::Place,
        gate::{GateResult, GateRule, GateRun, Source, Status, Unread, format},
    },
    ports::workspace::WorkspaceError,
    report::{
        Style,
        gate::{Format, render},
    },
};

/// The most bytes of another tool's file that are read. What a reader of JSON makes of them is at most some ten times as much.
const FILE_LIMIT: u64 = 64 * 1024 * 1024;

/// What a user asked for.
#[derive(Debug, Clone)]
pub struct GateRequest {
    /// The configuration; `None`: look in the usual places.
    pub config: Option<PathBuf>,
    /// Only these gates; empty: all.
    pub names: Vec<String>,
    /// Files that take the place of the configuration's, by the gate's name.
    pub files: Vec<(String, PathBuf)>,
    /// A folder with one folder for each artifact: the configuration's files are looked for in those, and not beside it.
    pub artifacts: Option<PathBuf>,
    /// What `{{prompt}}` is in queries.
    pub prompt: Option<String>,
    /// What `{{environment}}` is in queries.
    pub environment: Option<String>,
    /// What `{{version}}` is in queries.
    pub version: Option<String>,
    /// An earlier JSON report of this command, for ratchets.
    pub baseline: Option<PathBuf>,
    /// Where the JSON report goes, to be a baseline later.
    pub save: Option<PathBuf>,
    /// What standard output gets.
    pub format: Format,
    /// How text looks.
    pub style: Style,
}

/// Judges every gate.
///
/// # Errors
/// A configuration that is wrong, a gate that is not there, and nothing to judge.
pub async fn gate(services: &Services, request: &GateRequest) -> Result<Finished, Failure> {
    let (path, text) = read_config(services, request.config.clone())?;
    let (config, warnings) = config::parse(&text, &path.display().to_string()).map_err(Failure::Configuration)?;
    let base = path.parent().unwrap_or(Path::new("")).to_owned();
    let rules = selected(config.gates, request)?;
    let given: BTreeSet<&str> = request.files.iter().map(|(name, _)| name.as_str()).collect();
    let inside = Inside::of(services, &base, config.run.files_outside);
    if request.artifacts.is_none() {
        confine(services, &inside, &rules, &given, &path)?;
    }
    let before = request.baseline.as_deref().map(|path| baseline(services, path));
    let mut texts = Texts { services, read: BTreeMap::new() };
    let mut sources = config.metric_sources;
    inside.sources(services, &path, &mut sources, |source| asked::asks(&rules, source))?;
    let asked = asked::ask(services, &rules, sources, request).await;
    let gates = rules
        .iter()
        .zip(asked)
        .map(|(rule, asked)| {
            let place = |file: &Path| match &request.artifacts {
                None => Ok(base.join(file)),
                Some(folder) => artifacts::find(services, &inside, folder, file),
            };
            let value = asked.unwrap_or_else(|| read(rule, &given, place, &mut texts));
            rule.judge(value, earlier(rule, before.as_ref()))
        })
        .collect();
    let run = GateRun { gates };
    let mut notes = super::lines(&warnings);
    let mut lost = false;
    if let Some(path) = &request.save {
        let mut json = Vec::new();
        render(Format::Json, &run, &request.style, &mut json).map_err(|error| Failure::Internal(error.into()))?;
        if let Err(error) = services.workspace.write(path, &json) {
            notes.push(format!("error: {error}"));
            lost = true;
        }
    }
    let mut stdout = Vec::new();
    render(request.format, &run, &request.style, &mut stdout).map_err(|error| Failure::Internal(error.into()))?;
    let outcome = Outcome::Gated { closed: run.is_closed(), unwritten: lost };
    notes.extend(publish(services, &run, &outcome, &path));
    Ok(Finished { outcome, stdout, notes })
}

fn selected(rules: Vec<GateRule>, request: &GateRequest) -> Result<Vec<GateRule>, Failure> {
    let known: Vec<&str> = rules.iter().map(|rule| rule.name.as_str()).collect();
    let named = request.names.iter().chain(request.files.iter().map(|(name, _)| name));
    if let Some(unknown) = named.into_iter().find(|name| !known.contains(&name.as_str())) {
        let all = if known.is_empty() { "it has none".to_owned() } else { format!("it has {}", known.join(", ")) };
        return Err(Failure::NothingToDo(format!("the configuration has no gate `{unknown}`; {all}")));
    }
    let mut rules: Vec<GateRule> =
        rules.into_iter().filter(|rule| request.names.is_empty() || request.names.contains(&rule.name)).collect();
    if rules.is_empty() {
        return Err(Failure::NothingToDo(
            "the configuration has no gates: add `gates: {presets: [quality]}` or rules of your own".to_owned(),
        ));
    }
    for rule in &mut rules {
        if let Some((name, given)) = request.files.iter().rev().find(|(name, _)| *name == rule.name) {
            match &mut rule.source {
                // As given on the command line: relative to the working directory.
                Source::File { file, .. } => *file = Path::new("./").join(given),
                Source::Metric { source, .. } => {
                    return Err(Failure::NothingToDo(format!(
                        "the gate `{name}` asks the metric source `{source}`: --file has no place in it"
                    )));
                }
            }
        }
    }
    Ok(rules)
}

/// The configuration's files lie in the repository; what the command line gives may lie anywhere.
fn confine(services: &Services, inside: &Inside, rules: &[GateRule], given: &BTreeSet<&str>, config: &Path) -> Result<(), Failure> {
    let base = config.parent().unwrap_or(Path::new(""));
    let named = |rule: &GateRule| match &rule.source {
        Source::File { file, .. } if !given.contains(rule.name.as_str()) => {
            Some((format!("gates.rules.{}.file", rule.name), base.join(file)))
        }
        Source::File { .. } | Source::Metric { .. } => None,
    };
    let files: Vec<(String, PathBuf)> = rules.iter().filter_map(named).collect();
    inside.confine(services, config, files.iter().map(|(key, path)| (key.clone(), path.as_path())))
}

/// Files that several gates read are read once.
struct Texts<'s> {
    services: &'s Services,
    read: BTreeMap<PathBuf, Result<String, Unread>>,
}

impl Texts<'_> {
    fn get(&mut self, path: &Path) -> Result<&str, Unread> {
        let read = self.read.entry(path.to_owned()).or_insert_with(|| {
            self.services.workspace.read_text(path, FILE_LIMIT).map_err(|error| {
                let next = match error {
                    WorkspaceError::TooLarge { .. } => "have the tool write a summary, or only what counts",
                    WorkspaceError::NotUtf8 { .. } => "have the tool write UTF-8",
                    WorkspaceError::Io { .. } => "did the step before write it?",
                };
                Unread(format!("{error}; {next}"))
            })
        });
        read.as_deref().map_err(Clone::clone)
    }
}

type Baseline = Result<BTreeMap<String, f64>, Unread>;

/// The number in a file. `place` is where the configuration's one is.
fn read(
    rule: &GateRule,
    given: &BTreeSet<&str>,
    place: impl Fn(&Path) -> Result<PathBuf, Unread>,
    texts: &mut Texts<'_>,
) -> Result<f64, Unread> {
    let Source::File { file, format, measure } = &rule.source else { return Err(Unread("its metric source was not asked".to_owned())) };
    let path = if given.contains(rule.name.as_str()) { file.clone() } else { place(file)? };
    let text = texts.get(&path)?;
    format::read(text, format.as_deref(), measure).map_err(|why| Unread(format!("{}: {why}", file.display())))
}

/// The baseline's number for a rule.
fn earlier(rule: &GateRule, before: Option<&Baseline>) -> Result<f64, Unread> {
    match before {
        None => Err(Unread(
            "`never-worse` needs a baseline: give --baseline FILE, which `gate --save FILE` wrote on the main branch".to_owned(),
        )),
        Some(Err(why)) => Err(why.clone()),
        Some(Ok(values)) => {
            values.get(&rule.name).copied().ok_or_else(|| Unread(format!("the baseline has no number for `{}`", rule.name)))
        }
    }
}

/// The numbers of an earlier run.
fn baseline(services: &Services, path: &Path) -> Baseline {
    let text = services.workspace.read_text(path, FILE_LIMIT).map_err(|error| Unread(format!("the baseline: {error}")))?;
    let broken = |why: String| Unread(format!("the baseline {}: {why}", path.display()));
    let json: Value = serde_json::from_str(&text).map_err(|error| broken(error.to_string()))?;
    let gates =
        json.get("gates").and_then(Value::as_array).ok_or_else(|| broken("no `gates` in it; is it of `gate --save`?".to_owned()))?;
    let number = |gate: &Value| Some((gate.get("name")?.as_str()?.to_owned(), gate.get("value")?.as_f64()?));
    Ok(gates.iter().filter_map(number).collect())
}

fn publish(services: &Services, run: &GateRun, outcome: &Outcome, config: &Path) -> Vec<String> {
    let ci = &services.ci;
    if !ci.is_present() {
        return Vec::new();
    }
    let annotation = |gate: &GateResult| {
        let level = match gate.status {
            Status::Passed => return None,
            Status::Warned => Level::Warning,
            Status::Failed => Level::Error,
        };
        let title = format!("gate {}", gate.rule.name);
        let message = gate.reason.clone().unwrap_or_default();
        Some(Annotation { level, place: Place::file(config.display().to_string()), title, message })
    };
    let annotations: Vec<Annotation> = run.gates.iter().filter_map(annotation).collect();
    ci.annotate(&annotations);
    let style = Style { color: false, width: 120, verbose: false };
    let mut summary = Vec::new();
    let written = render(Format::Markdown, run, &style, &mut summary).map_err(|error| error.to_string());
    let mut untold: Vec<String> = Vec::new();
    let text = String::from_utf8_lossy(&summary);
    if let Err(error) = written.and_then(|()| ci.append_summary(&text).map_err(|error| error.to_string())) {
        untold.push(format!("warning: {error}"));
    }
    let verdict = if run.is_closed() { "failed" } else { "passed" };
    let outputs = [
        ("verdict", verdict.to_owned()),
        ("exit-code", outcome.exit_code().to_string()),
        ("passed", run.count(Status::Passed).to_string()),
        ("failed", run.count(Status::Failed).to_string()),
    ];
    untold.extend(ci.set_outputs(&outputs).err().map(|error| format!("warning: {error}")));
    untold
}
