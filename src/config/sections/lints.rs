//! `lints:`

use serde_json::{Map, Value};

use crate::{
    config::raw,
    domain::lint::{Ignore, LintSettings, Severity, catalogue},
};

/// Reads `lints`, whose values the schema has checked; `None` when something in it is wrong.
pub(in crate::config) fn read(lints: raw::Lints) -> Option<LintSettings> {
    let severities = catalogue::RULES.iter().filter_map(|rule| {
        let word = lints.rules.get(rule.id)?.get("severity")?.as_str()?;
        // What is no severity is `off`.
        Some((rule.id, Severity::parse(word)?))
    });
    Some(LintSettings {
        enabled: lints.enabled?,
        fail_on: Severity::parse(lints.fail_on.as_deref()?)?,
        severities: severities.collect(),
        min_length: limit(&lints.rules, "min_length")?,
        max_length: limit(&lints.rules, "max_length")?,
        ignore: lints.ignore.into_iter().flatten().filter_map(ignore).collect(),
        scan_output: lints.scan_output?,
    })
}

fn limit(rules: &Map<String, Value>, rule: &str) -> Option<usize> {
    let (key, _) = raw::bound_of(rule)?;
    let number = rules.get(rule)?.get(key)?;
    // The schema takes `100.0` for a whole number too.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the schema bounds the number to 0..=1,000,000,000")]
    let whole = || number.as_f64().map(|number| number as usize);
    number.as_u64().and_then(|number| usize::try_from(number).ok()).or_else(whole)
}

fn ignore(entry: raw::LintIgnore) -> Option<Ignore> {
    let rule = catalogue::rule(entry.rule.as_deref()?)?;
    Some(Ignore { rule: rule.id, path: entry.path?, reason: entry.reason? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{default_lints, parse};

    const REST: &str = "providers: {say: {kind: echo}}\nsuites: [{name: s, prompt: p, provider: say, cases: c.jsonl}]\n";

    fn read(lints: &str) -> Result<LintSettings, Vec<String>> {
        match parse(&format!("version: 1\n{REST}{lints}"), "c.yml") {
            Ok((config, _)) => Ok(config.lints),
            Err(problems) => Err(problems.iter().map(ToString::to_string).collect()),
        }
    }

    #[test]
    fn the_defaults_are_those_of_the_catalogue() {
        let defaults = default_lints();
        assert_eq!(defaults.severities, LintSettings::catalogue());
        assert_eq!(read("").unwrap(), defaults);
    }

    #[test]
    fn a_file_changes_what_it_says_and_nothing_else() {
        let lints = read(
            "lints:\n  fail-on: warning\n  rules:\n    secrets: {severity: off}\n    max_length: {max: 7.0}\n  ignore:\n    - {rule: sql_injection, path: 'cases/*', reason: they attack}\n",
        )
        .unwrap();
        assert_eq!(
            (lints.fail_on, lints.severity("secrets"), lints.severity("max_length")),
            (Severity::Warning, None, Some(Severity::Warning))
        );
        assert_eq!((lints.min_length, lints.max_length), (1, 7));
        assert_eq!(lints.ignored("sql_injection", "cases/a.jsonl"), Some("they attack"));
        assert!(lints.enabled && !lints.scan_output);
    }

    #[test]
    fn what_is_wrong_is_told_with_what_was_meant() {
        for (text, expected) in [
            ("lints: {rules: {sql-injektion: {severity: off}}}\n", "did you mean `sql_injection`?"),
            ("lints: {rules: {secrets: {severity: fatal}}}\n", "error"),
            ("lints: {rules: {secrets: {max: 3}}}\n", "`max`"),
            ("lints: {fail-on: eror}\n", "did you mean `error`?"),
            ("lints: {ignore: [{rule: secret, path: x, reason: y}]}\n", "did you mean `secrets`?"),
            ("lints: {ignore: [{rule: secrets, path: x}]}\n", "reason"),
            ("lints: {enable: true}\n", "did you mean `enabled`?"),
            ("lints: {rules: {max_length: {max: -1}}}\n", "max"),
        ] {
            let problems = read(text).unwrap_err();
            assert!(problems.len() == 1 && problems[0].contains(expected), "{text}: {problems:?}");
        }
    }
}
