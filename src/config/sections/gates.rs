//! `gates:`

use std::{collections::BTreeMap, sync::OnceLock};

use super::metric_sources::check_query;
use crate::{
    config::{
        path::Path,
        problems::{Finding, Problems},
        raw::{self, Gate, Named},
        suggest,
    },
    domain::{
        gate::{Bound, GateRule, OnFail, Source, format},
        metric_source::Escape,
    },
};

/// The names under `metric-sources`, and how the queries of each are filled in.
type Sources<'s> = (&'s [String], &'s [(String, Escape)]);

/// The presets, commented; part of the documentation.
pub(in crate::config) const PRESETS: &str = include_str!("../gate-presets.yml");

/// Reads the gates: those of the presets first, each overridden by the file's rule of its name, then the file's own.
pub(in crate::config) fn read(gates: raw::Gates, sources: Sources<'_>, problems: &mut Problems<'_>) -> Vec<GateRule> {
    let section = Path::root().key("gates").key("rules");
    let mut own: Vec<(String, Gate)> = gates.rules.unwrap_or_default().0;
    let mut all: Vec<(String, Gate, Option<Gate>)> = Vec::new();
    for preset in gates.presets.iter().flatten() {
        for (name, rule) in presets().get(preset.as_str()).map(|rules| rules.0.as_slice()).unwrap_or_default() {
            let over = own.iter().position(|(other, _)| other == name).map(|at| own.remove(at).1);
            all.push((name.clone(), rule.clone(), over));
        }
    }
    all.extend(own.into_iter().map(|(name, rule)| (name, rule, None)));
    all.into_iter().filter_map(|(name, rule, over)| one(&name, laid(rule, over), sources, &section.key(&name), problems)).collect()
}

fn presets() -> &'static BTreeMap<String, Named<Gate>> {
    static VALUES: OnceLock<BTreeMap<String, Named<Gate>>> = OnceLock::new();
    VALUES.get_or_init(|| serde_yaml::from_str(PRESETS).expect("gate-presets.yml holds rules by preset"))
}

/// The keys of `over`, and below them those of the preset. A bound or a source of one's own takes the place of the preset's.
fn laid(rule: Gate, over: Option<Gate>) -> Gate {
    let Some(over) = over else { return rule };
    let bound = over.at_least.or(over.at_most).or(over.above).or(over.below).is_some();
    let base = if bound { Gate { at_least: None, at_most: None, above: None, below: None, ..rule } } else { rule };
    let asked = over.source.is_some() || over.query.is_some();
    let base = if asked { Gate { file: None, format: None, measure: None, ..base } } else { base };
    Gate {
        source: over.source.or(base.source),
        query: over.query.or(base.query),
        file: over.file.or(base.file),
        format: over.format.or(base.format),
        measure: over.measure.or(base.measure),
        at_least: over.at_least.or(base.at_least),
        at_most: over.at_most.or(base.at_most),
        above: over.above.or(base.above),
        below: over.below.or(base.below),
        never_worse: over.never_worse.or(base.never_worse),
        on_fail: over.on_fail.or(base.on_fail),
        enabled: over.enabled.or(base.enabled),
    }
}

fn one(name: &str, gate: Gate, sources: Sources<'_>, path: &Path, problems: &mut Problems<'_>) -> Option<GateRule> {
    if gate.enabled == Some(false) {
        return None;
    }
    if name.trim().is_empty() {
        problems.push(Finding::error(path.clone(), "a gate needs a name"));
    }
    let bounds: Vec<Bound> =
        [gate.at_least.map(Bound::AtLeast), gate.at_most.map(Bound::AtMost), gate.above.map(Bound::Above), gate.below.map(Bound::Below)]
            .into_iter()
            .flatten()
            .collect();
    let bound = match bounds.as_slice() {
        [bound] => Some(*bound),
        [] => {
            problems.push(Finding::error(path.clone(), "no bound").help("add `at-least`, `at-most`, `above` or `below`".to_owned()));
            None
        }
        _ => {
            problems.push(Finding::error(path.clone(), "more than one bound").help("make two gates of it".to_owned()));
            None
        }
    };
    let (never_worse, on_fail) = (gate.never_worse, if gate.on_fail.as_deref() == Some("warn") { OnFail::Warn } else { OnFail::Fail });
    let source = source(gate, sources, path, problems);
    Some(GateRule { name: name.to_owned(), source: source?, bound: bound?, never_worse, on_fail })
}

fn source(gate: Gate, (sources, queries): Sources<'_>, path: &Path, problems: &mut Problems<'_>) -> Option<Source> {
    let asked = gate.source.is_some() || gate.query.is_some();
    if asked && (gate.file.is_some() || gate.measure.is_some() || gate.format.is_some()) {
        let help = "keep `file` and `measure`, or `source` and `query`; make two gates of it for both".to_owned();
        problems.push(Finding::error(path.clone(), "a gate's number comes from a file or from a metric source, not from both").help(help));
        return None;
    }
    let needed = if asked {
        [("source", gate.source.is_none()), ("query", gate.query.is_none())]
    } else {
        [("file", gate.file.is_none()), ("measure", gate.measure.is_none())]
    };
    for (key, missing) in needed {
        if missing && !problems.is_written(&path.key(key)) {
            problems.push(Finding::error(path.clone(), format!("`{key}` is missing")));
        }
    }
    if asked {
        check_query(gate.query.as_ref(), gate.source.as_ref(), queries, path.key("query"), problems);
        if let Some(source) = gate.source.as_ref().filter(|source| !sources.contains(source)) {
            let help = suggest::help(source, "metric-sources", sources.iter().map(String::as_str))
                .or_else(|| Some("describe it under `metric-sources`".to_owned()));
            let message = format!("there is no metric source `{}`", suggest::shorten(source));
            problems.push(Finding::error(path.key("source"), message).help(help));
        }
        return Some(Source::Metric { source: gate.source?, query: gate.query? });
    }
    let (file, measure) = (gate.file?, gate.measure?);
    measured(gate.format.as_deref(), &measure, path, problems);
    Some(Source::File { file: file.into(), format: gate.format, measure })
}

/// A measure that no file can have is said now, not after an hour of tests.
fn measured(format: Option<&str>, measure: &str, path: &Path, problems: &mut Problems<'_>) {
    let path = path.key("measure");
    if format == Some(format::JSON) {
        if !measure.starts_with('/') {
            let help = "for example `/latency/p99`".to_owned();
            problems.push(Finding::error(path, "with `format: json` the measure is a JSON pointer, which begins with `/`").help(help));
        }
        return;
    }
    if format.is_none() && measure.starts_with('/') {
        return;
    }
    let known: Vec<&str> = format::all()
        .filter(|known| format.is_none_or(|name| known.name == name))
        .flat_map(|known| known.measures.iter().map(|(name, _)| *name))
        .collect();
    if !known.contains(&measure) {
        let of = format.map_or_else(|| "no format has".to_owned(), |name| format!("{name} files have no"));
        let message = format!("{of} `{}`", suggest::shorten(measure));
        problems.push(Finding::error(path, message).help(suggest::help(measure, "measures", known)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse;

    fn read(gates: &str) -> Result<Vec<GateRule>, Vec<String>> {
        let rest = "version: 1\nproviders: {say: {kind: echo}}\nsuites: [{name: s, prompt: p, provider: say, cases: c.jsonl}]\n";
        match parse(&format!("{rest}{gates}"), "c.yml") {
            Ok((config, _)) => Ok(config.gates),
            Err(problems) => Err(problems.iter().map(ToString::to_string).collect()),
        }
    }

    #[test]
    fn presets_are_sound_and_can_be_overridden() {
        assert_eq!(presets().keys().map(String::as_str).collect::<Vec<_>>(), raw::gates::PRESETS);
        assert_eq!(read("").unwrap(), []);
        let all = read("gates: {presets: [quality, service]}\n").unwrap();
        assert_eq!(all.len(), presets().values().map(|rules| rules.0.len()).sum::<usize>());
        let changed = read("gates: {presets: [quality], rules: {coverage: {at-least: 85}, tests: {enabled: false}, mine: {file: a.json, measure: /x, below: 2}}}\n").unwrap();
        assert_eq!(changed.iter().find(|rule| rule.name == "coverage").unwrap().bound, Bound::AtLeast(85.0));
        assert!(changed.iter().all(|rule| rule.name != "tests"));
        assert_eq!(changed.last().unwrap().name, "mine");
        let live = read(
            "gates: {presets: [service], rules: {latency-p99: {source: m, query: up}}}\nmetric-sources: {m: {kind: prometheus, url: \"http://127.0.0.1:9\"}}\n",
        );
        let p99 = live.unwrap().into_iter().find(|rule| rule.name == "latency-p99").unwrap();
        assert_eq!((p99.source.to_string().as_str(), p99.bound), ("up from m", Bound::Below(100.0)));
        let turned = read("gates: {presets: [quality], rules: {complexity: {at-most: 3, on-fail: fail}}}\n").unwrap();
        let complexity = turned.iter().find(|rule| rule.name == "complexity").unwrap();
        assert_eq!((complexity.bound, complexity.on_fail), (Bound::AtMost(3.0), OnFail::Fail));
    }

    #[test]
    fn what_is_wrong_is_told_with_what_was_meant() {
        for (text, expected) in [
            ("gates: {presets: [qualty]}\n", "did you mean `quality`?"),
            ("gates: {rules: {a: {file: x, measure: tests}}}\n", "no bound"),
            ("gates: {rules: {a: {file: x, measure: tests, above: 1, below: 2}}}\n", "more than one bound"),
            ("gates: {rules: {a: {measure: tests, above: 1}}}\n", "`file` is missing"),
            ("gates: {rules: {a: {source: m, above: 1}}}\n", "`query` is missing"),
            ("gates: {rules: {a: {query: up, above: 1}}}\n", "`source` is missing"),
            ("gates: {rules: {a: {source: m, query: up, file: x, above: 1}}}\n", "not from both"),
            (
                "gates: {rules: {a: {source: promethues, query: up, above: 1}}}\nmetric-sources: {prometheus: {kind: prometheus, url: \"http://127.0.0.1:9\"}}\n",
                "did you mean `prometheus`?",
            ),
            (
                "gates: {rules: {a: {source: m, query: \"up{v={{version}}}\", above: 1}}}\nmetric-sources: {m: {kind: prometheus, url: \"http://127.0.0.1:9\"}}\n",
                "outside of quotes",
            ),
            ("gates: {rules: {a: {file: x, measure: line-covrage, above: 1}}}\n", "did you mean `line-coverage`?"),
            ("gates: {rules: {a: {file: x, format: junit, measure: line-coverage, above: 1}}}\n", "junit files have no"),
            ("gates: {rules: {a: {file: x, format: json, measure: p99, above: 1}}}\n", "JSON pointer"),
            ("gates: {rules: {a: {file: x, format: cobertra, measure: line-coverage, above: 1}}}\n", "did you mean `cobertura`?"),
            ("gates: {rules: {a: {file: x, measure: tests, at-lest: 1}}}\n", "did you mean `at-least`?"),
            ("gates: {rules: {a: {file: x, measure: tests, above: 1, on-fail: wran}}}\n", "did you mean `warn`?"),
        ] {
            let problems = read(text).unwrap_err();
            assert!(problems.iter().any(|problem| problem.contains(expected)), "{text}: {problems:?}");
        }
    }
}
