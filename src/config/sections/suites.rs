//! `suites:`

use std::{collections::HashMap, path::PathBuf};

use serde_json::{Map, Value};

use super::{duration_at, repeat};
use crate::{
    config::{
        cases::{self, CaseReader},
        check::mistyped,
        parameters,
        path::Path,
        problems::{Finding, Problems},
        raw, suggest,
    },
    domain::{
        diagnostic::Diagnostic,
        suite::{Case, CaseDefaults, CaseSource, Limits, Performance, SuiteSettings},
    },
};

/// Reads the suites; those with problems are left out. `providers` is the user's section, unchecked.
pub(in crate::config) fn read(
    suites: Vec<Option<raw::Suite>>,
    providers: Option<&Map<String, Value>>,
    problems: &mut Problems<'_>,
) -> Vec<SuiteSettings> {
    let section = Path::root().key("suites");
    let mut reader = CaseReader::default();
    let mut names: HashMap<String, Path> = HashMap::new();
    let mut read = Vec::new();
    for (index, suite) in suites.into_iter().enumerate() {
        let Some(suite) = suite else { continue };
        let path = section.index(index);
        if let Some(name) = &suite.name {
            unique(name, &path.key("name"), &mut names, problems);
        }
        read.extend(one(suite, &path, providers, &mut reader, problems));
    }
    read
}

fn unique(name: &str, path: &Path, names: &mut HashMap<String, Path>, problems: &mut Problems<'_>) {
    if name.trim().is_empty() {
        problems.push(Finding::error(path.clone(), "must not be blank"));
    } else if let Some(first) = names.get(name) {
        let message = format!("a second suite is called `{}`; the first one is at {}", suggest::shorten(name), problems.place_of(first));
        problems.push(Finding::error(path.clone(), message).help("give each suite its own name".to_owned()));
    } else {
        names.insert(name.to_owned(), path.clone());
    }
}

fn one(
    suite: raw::Suite,
    path: &Path,
    providers: Option<&Map<String, Value>>,
    reader: &mut CaseReader,
    problems: &mut Problems<'_>,
) -> Option<SuiteSettings> {
    let provider = provider(suite.provider, path, providers, problems);
    let judge = suite.judge.and_then(|name| known(name, path.key("judge"), providers, problems));
    let mut findings = Vec::new();
    let defaults = defaults(suite.defaults.unwrap_or_default(), &path.key("defaults"), reader, &mut findings);
    let sound_defaults = findings.is_empty();
    let parameters = suite.parameters.map(|written| parameters::read(&written, &path.key("parameters"), &mut findings));
    problems.extend(findings);
    let limits = suite.limits.as_ref().and_then(|written| limits(written, &path.key("limits"), problems));
    let performance =
        suite.performance.map_or(Some(Performance::default()), |written| performance(&written, &path.key("performance"), problems));
    let repeat = suite.repeat.as_ref().and_then(|written| repeat::read(written, &path.key("repeat"), problems));
    let before = problems.count();
    let written = problems.is_written(&path.key("cases"));
    let cases = match suite.cases {
        Some(cases) => case_source(cases, &path.key("cases"), reader, problems),
        // What was written and is wrong was said.
        None => (!written).then_some(CaseSource::Prompt),
    };
    if let Some(CaseSource::Inline(inline)) = &cases {
        // An assertion that could not be read must not be called missing.
        let readable = sound_defaults && problems.count() == before;
        check(inline, cases::repeated_ids(inline), path, problems);
        if readable {
            check(inline, cases::without_assertions(inline, &defaults, &cases::give_assertions(&path.to_string())), path, problems);
        }
    }
    Some(SuiteSettings {
        name: suite.name?,
        path: path.to_string(),
        place: problems.place_of(path),
        prompt: PathBuf::from(suite.prompt?),
        provider: provider?,
        judge,
        model: suite.model,
        parameters: parameters.unwrap_or_default(),
        concurrency: usize::try_from(suite.concurrency?).ok()?,
        repeat: repeat?,
        min_pass_rate: suite.min_pass_rate?,
        performance: performance?,
        limits: limits?,
        tags: suite.tags.into_iter().flatten().collect(),
        cases: cases?,
        defaults,
    })
}

/// What a suite's cases must keep to together. Their paths tell more here than in a file of cases.
fn check(inline: &[Case], found: Vec<Diagnostic>, suite: &Path, problems: &mut Problems<'_>) {
    for diagnostic in found {
        let index = inline.iter().position(|case| case.place == diagnostic.place);
        let path = index.map_or_else(|| suite.clone(), |index| suite.key("cases").index(index));
        problems.add(Diagnostic { path: path.to_string(), ..diagnostic });
    }
}

fn provider(name: Option<String>, suite: &Path, providers: Option<&Map<String, Value>>, problems: &mut Problems<'_>) -> Option<String> {
    let path = suite.key("provider");
    let Some(name) = name else {
        let wrong = problems.is_written(&path) || problems.is_written(&Path::root().key("suite-defaults").key("provider"));
        if !wrong {
            let help = "add `provider:` here, or once for all suites under `suite-defaults`".to_owned();
            problems.push(Finding::error(path, "`provider` is missing").help(help));
        }
        return None;
    };
    known(name, path, providers, problems)
}

/// The name, where there is a provider of that name.
fn known(name: String, path: Path, providers: Option<&Map<String, Value>>, problems: &mut Problems<'_>) -> Option<String> {
    if providers.is_some_and(|providers| providers.contains_key(&name)) {
        return Some(name);
    }
    let names = providers.into_iter().flat_map(Map::keys).map(String::as_str);
    let help = suggest::help(&name, "providers", names).or_else(|| Some("describe it under `providers`".to_owned()));
    problems.push(Finding::error(path, format!("there is no provider `{}`", suggest::shorten(&name))).help(help));
    None
}

fn defaults(written: raw::CaseDefaults, path: &Path, reader: &mut CaseReader, findings: &mut Vec<Finding>) -> CaseDefaults {
    let assert = written.assert.map(Value::Array);
    CaseDefaults {
        vars: written.vars.unwrap_or_default(),
        assertions: assert.map(|list| reader.assertions.list(&list, &path.key("assert"), findings)).unwrap_or_default(),
        threshold: written.threshold,
    }
}

fn limits(written: &raw::Limits, path: &Path, problems: &mut Problems<'_>) -> Option<Limits> {
    let request = duration_at(written.request.as_ref(), &path.key("request"), problems);
    let case = duration_at(written.case.as_ref(), &path.key("case"), problems);
    let suite = duration_at(written.suite.as_ref(), &path.key("suite"), problems);
    let limits = Limits { request: request?, case: case?, suite: suite? };
    for (inner, outer, is_longer) in [("request", "case", limits.request > limits.case), ("case", "suite", limits.case > limits.suite)] {
        if is_longer {
            let message = format!("the limit of a {inner} is longer than that of a {outer}, which ends it first");
            let written = [inner, outer].map(|key| path.key(key)).into_iter().find(|path| problems.is_written(path));
            problems.push(
                Finding::warning(written.unwrap_or_else(|| path.key(inner)), message)
                    .help(format!("make `{outer}` longer, or `{inner}` shorter")),
            );
        }
    }
    Some(limits)
}

fn performance(written: &raw::Performance, path: &Path, problems: &mut Problems<'_>) -> Option<Performance> {
    let before = problems.count();
    let mut at = |text: Option<&String>, key: &str| duration_at(text, &path.key(key), problems);
    let latency_mean = at(written.latency_mean.as_ref(), "latency-mean");
    let latency_p95 = at(written.latency_p95.as_ref(), "latency-p95");
    let latency_p99 = at(written.latency_p99.as_ref(), "latency-p99");
    let performance =
        Performance { latency_mean, latency_p95, latency_p99, cost_usd: written.cost_usd, tokens: written.tokens.map(u64::from) };
    (problems.count() == before).then_some(performance)
}

fn case_source(written: Value, path: &Path, reader: &mut CaseReader, problems: &mut Problems<'_>) -> Option<CaseSource> {
    match written {
        Value::String(file) => Some(CaseSource::Files(vec![PathBuf::from(file)])),
        // Nothing to run is not wrong as a text; the run says so with an exit code of its own.
        Value::Array(items) if items.is_empty() => Some(CaseSource::Inline(Vec::new())),
        Value::Array(items) if items.iter().any(Value::is_string) => files(&items, path, problems),
        Value::Array(items) => {
            let wanted = items.len();
            let cases = cases::inline(items, path, reader, problems);
            (cases.len() == wanted).then_some(CaseSource::Inline(cases))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => None,
    }
}

fn files(items: &[Value], path: &Path, problems: &mut Problems<'_>) -> Option<CaseSource> {
    let mut files = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        match item {
            Value::String(file) if file.trim().is_empty() => problems.push(Finding::error(path.index(index), "must not be empty")),
            Value::String(file) => files.push(PathBuf::from(file)),
            Value::Object(_) => problems.push(
                Finding::error(path.index(index), "files and cases stand in one list")
                    .help("move these cases to a file, or the files to a suite of their own".to_owned()),
            ),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => {
                problems.push(mistyped(&path.index(index), "expected the path of a file", true, item));
            }
        }
    }
    (files.len() == items.len()).then_some(CaseSource::Files(files))
}
