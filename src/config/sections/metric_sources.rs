//! `metric-sources:`

use std::path::PathBuf;

use super::{
    duration_at,
    providers::{needed, program},
    reach::{Http, http, keys_of_kind},
};
use crate::{
    config::{
        path::Path,
        problems::{Finding, Problems},
        raw::{self, Named},
        suggest,
    },
    domain::metric_source::{Escape, MetricHttp, MetricProgram, MetricSourceKind, MetricSourceSettings, Query},
};

const HTTP: &[&str] = &["prometheus", "http-json"];

/// Keys that only some kinds take; `kind`, `timeout` and the limits belong to all.
const KEYS_OF_KINDS: &[(&str, &[&str])] = &[
    ("url", HTTP),
    ("token-env", HTTP),
    ("headers", HTTP),
    ("age-query", &["prometheus"]),
    ("path", &["file"]),
    ("command", &["command"]),
    ("env", &["command"]),
    ("pass-env", &["command"]),
];

/// Reads the metric sources; those with problems are left out.
pub(in crate::config) fn read(
    sources: &Named<raw::metric_sources::MetricSource>,
    problems: &mut Problems<'_>,
) -> Vec<MetricSourceSettings> {
    let section = Path::root().key("metric-sources");
    let mut read = Vec::new();
    for (name, source) in sources.entries() {
        let path = section.key(name.as_str());
        if name.trim().is_empty() {
            problems.push(Finding::error(path.clone(), "a metric source needs a name").at_key());
        }
        let timeout = duration_at(source.timeout.as_ref(), &path.key("timeout"), problems);
        let max_age = duration_at(source.max_age.as_ref(), &path.key("max-age"), problems);
        let limit = |number: Option<u32>| usize::try_from(number?).ok();
        let limits = limit(source.max_series).zip(limit(source.max_samples));
        let kind = kind(source, &path, problems);
        if let (Some(kind), Some(timeout), Some((max_series, max_samples))) = (kind, timeout, limits) {
            read.push(MetricSourceSettings { name: name.clone(), kind, timeout, max_age, max_series, max_samples });
        }
    }
    read
}

fn kind(source: &raw::metric_sources::MetricSource, path: &Path, problems: &mut Problems<'_>) -> Option<MetricSourceKind> {
    let kind = source.kind.as_deref()?;
    keys_of_kind("metric source", kind, KEYS_OF_KINDS, path, problems);
    match kind {
        "prometheus" => {
            if let Some(query) = &source.age_query {
                if let Err(error) = Query::check(query, Escape::PromQl) {
                    problems.push(Finding::error(path.key("age-query"), error.to_string()));
                }
                if source.max_age.is_none() {
                    let message = "nothing is compared with the age";
                    problems.push(Finding::error(path.key("age-query"), message).help("add e.g. `max-age: 2m`".to_owned()));
                }
            }
            Some(MetricSourceKind::Prometheus { http: site(source, path, problems)?, age_query: source.age_query.clone() })
        }
        "http-json" => {
            if let Some(Err(error)) = source.url.as_ref().map(|url| Query::check(url, Escape::Address)) {
                problems.push(Finding::error(path.key("url"), error.to_string()));
            }
            Some(MetricSourceKind::HttpJson(site(source, path, problems)?))
        }
        "file" => {
            let file = needed(source.path.as_ref(), path, "path", "path: metrics.json", problems)?;
            if file.contains("{{") {
                let message = "a file's path is not filled in: it is one file for all versions";
                problems.push(
                    Finding::error(path.key("path"), message)
                        .help("write the place into the query, like `query: /{{version}}/p95`".to_owned()),
                );
            }
            Some(MetricSourceKind::File(PathBuf::from(file)))
        }
        "command" => {
            let (argv, pass_env, env) =
                program(source.command.as_ref(), source.env.as_ref(), source.pass_env.as_ref(), path, "command: [./metrics.sh]", problems)?;
            Some(MetricSourceKind::Command(MetricProgram { argv, pass_env, env }))
        }
        _ => None,
    }
}

/// How the queries of each source are filled in, by its name.
pub(in crate::config) fn escapes(sources: Option<&Named<raw::metric_sources::MetricSource>>) -> Vec<(String, Escape)> {
    let of_kind = |kind: Option<&str>| match kind {
        Some("prometheus") => Escape::PromQl,
        Some("http-json" | "file") => Escape::JsonPointer,
        Some(_) | None => Escape::None,
    };
    sources.into_iter().flat_map(Named::entries).map(|(name, source)| (name.clone(), of_kind(source.kind.as_deref()))).collect()
}

/// Checks that a query can be filled in, and that it is one for its source.
pub(in crate::config) fn check_query(
    query: Option<&String>,
    source: Option<&String>,
    escapes: &[(String, Escape)],
    path: Path,
    problems: &mut Problems<'_>,
) {
    let (Some(query), Some(source)) = (query, source) else { return };
    let Some((_, escape)) = escapes.iter().find(|(name, _)| name == source) else { return };
    match Query::check(query, *escape) {
        Err(error) => {
            let help = error.unknown().and_then(|name| suggest::help(name, "known names", Query::NAMES));
            problems.push(Finding::error(path, error.to_string()).help(help));
        }
        Ok(()) if *escape == Escape::JsonPointer && !query.is_empty() && !query.starts_with('/') => {
            let help = "write it like `/metrics/error_rate`".to_owned();
            problems.push(Finding::error(path, format!("`{}` is no JSON pointer", suggest::shorten(query))).help(help));
        }
        Ok(()) => {}
    }
}

fn site(source: &raw::metric_sources::MetricSource, path: &Path, problems: &mut Problems<'_>) -> Option<MetricHttp> {
    needed(source.url.as_ref(), path, "url", "url: http://127.0.0.1:9090", problems)?;
    let (url, token_env, headers): Http = http(source.url.as_ref(), source.token_env.as_ref(), source.headers.as_ref(), path, problems)?;
    Some(MetricHttp { url, token_env, headers })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::config::parse;

    const REST: &str = "version: 1\nproviders: {say: {kind: echo}}\nsuites: [{name: s, prompt: p, provider: say, cases: c.jsonl}]\n";

    #[test]
    fn queries_are_checked_before_anybody_asks_them() {
        let rest = format!(
            "{REST}metric-sources:\n  prom: {{kind: prometheus, url: \"http://127.0.0.1:9\"}}\n  file: {{kind: file, path: m.json}}\n\
             targets: {{flags: {{kind: flagd, path: f.json}}}}\nenvironments: {{production: {{targets: [flags]}}}}\n"
        );
        let metric =
            |source: &str, query: &str| format!("{{name: a, source: {source}, query: '{query}', direction: lower-is-better, bound: 1}}");
        for (source, query, said) in [
            ("prom", r#"x{v="{{vresion}}"}"#, "there is no `{{vresion}}`"),
            ("prom", r#"x{v="{{vresion}}"}"#, "did you mean `version`?"),
            ("prom", "x{v={{version}}}", "outside of quotes"),
            ("file", "/{{versoin}}/p95", "did you mean `version`?"),
            ("file", "{{version}}/p95", "is no JSON pointer"),
        ] {
            let rollouts = format!("{rest}rollouts:\n  health:\n    metrics:\n      - {}\n", metric(source, query));
            let monitor = format!("{rest}monitor:\n  metrics:\n      - {}\n", metric(source, query).replace("bound", "warning"));
            for text in [rollouts, monitor] {
                let problems = parse(&text, "c.yml").unwrap_err();
                assert_eq!(problems.len(), 1, "{problems:?}");
                let shown = format!("{} {}", problems[0], problems[0].help.clone().unwrap_or_default());
                assert!(shown.contains(said), "{query}: {shown}");
                let line = text.lines().position(|line| line.contains("name: a")).unwrap() + 1;
                assert!(shown.contains(&format!("c.yml:{line}:")), "{shown}");
            }
        }
        let path =
            parse(&format!("{REST}metric-sources: {{file: {{kind: file, path: 'm-{{{{version}}}}.json'}}}}\n"), "c.yml").unwrap_err();
        assert!(path[0].to_string().contains("is not filled in"), "{path:?}");
    }

    fn read(sources: &str) -> Result<Vec<MetricSourceSettings>, String> {
        match parse(&format!("{REST}metric-sources:\n{sources}"), "c.yml") {
            Ok((config, _)) => Ok(config.metric_sources),
            Err(problems) => Err(problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")),
        }
    }

    #[test]
    fn every_kind_is_read_with_its_defaults() {
        let sources = read(
            "  a: {kind: prometheus, url: 'http://127.0.0.1:9090', max-age: 2m, age-query: 'time() - max(timestamp(up{v=\"{{version}}\"}))'}\n  \
             b: {kind: http-json, url: 'http://127.0.0.1/{{version}}'}\n  c: {kind: file, path: m.json}\n  d: {kind: command, command: [m]}\n",
        )
        .unwrap();
        let kinds: Vec<&str> = sources.iter().map(|source| source.kind.name()).collect();
        assert_eq!(kinds, ["prometheus", "http-json", "file", "command"]);
        assert_eq!((sources[0].timeout, sources[0].max_age), (Duration::from_secs(2), Some(Duration::from_mins(2))));
        assert_eq!((sources[1].max_series, sources[1].max_samples, sources[1].max_age), (1_000, 100_000, None));
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (source, expected) in [
            ("{kind: prometeus}", "did you mean `prometheus`?"),
            ("{kind: prometheus}", "`url` is missing"),
            ("{kind: prometheus, url: 'http://x', age-query: up}", "nothing is compared"),
            ("{kind: prometheus, url: 'http://x', max-age: 1m, age-query: 'up{v={{version}}}'}", "outside of quotes"),
            ("{kind: http-json, url: 'http://x/{{verison}}'}", "there is no `{{verison}}`"),
            ("{kind: file}", "`path` is missing"),
            ("{kind: file, path: m, url: 'http://x'}", "does not take `url`"),
            ("{kind: command, command: [m], max-series: 0}", "at least 1"),
        ] {
            let said = read(&format!("  m: {source}\n")).unwrap_err();
            assert!(said.contains(expected), "{source}: {said}");
        }
    }
}
