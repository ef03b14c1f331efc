//! `history:` and `quarantine:`

use crate::{
    config::{
        path::Path,
        problems::{Finding, Problems},
        raw::history::{History, Quarantine},
    },
    domain::history::{
        quarantine::Rule,
        settings::{KnownFlaky, Record, Settings},
    },
};

/// Reads `history`, whose words the schema has checked; `None` when something in it is wrong.
pub(in crate::config) fn read(history: &History) -> Option<Settings> {
    Some(Settings {
        record: match history.record.as_deref()? {
            "main" => Record::Main,
            "always" => Record::Always,
            "never" => Record::Never,
            _ => return None,
        },
        keep: usize::try_from(history.keep?).ok()?,
        baseline_runs: usize::try_from(history.baseline_runs?).ok()?,
        min_samples: u64::from(history.min_samples?),
        known_flaky: match history.flaky.as_deref()? {
            "fail" => KnownFlaky::Fails,
            "warn" => KnownFlaky::Warns,
            _ => return None,
        },
    })
}

/// Reads `quarantine`; a rule that is wrong is told and left out.
pub(in crate::config) fn quarantine(rules: Vec<Option<Quarantine>>, problems: &mut Problems<'_>) -> Vec<Rule> {
    let path = Path::root().key("quarantine");
    rules.into_iter().enumerate().filter_map(|(index, rule)| self::rule(rule?, &path.index(index), problems)).collect()
}

fn rule(rule: Quarantine, path: &Path, problems: &mut Problems<'_>) -> Option<Rule> {
    let until = rule.until?;
    let Ok(day) = until.parse::<jiff::civil::Date>() else {
        let help = "write a day like 2026-03-31; the rule holds until it ends (UTC)".to_owned();
        problems.push(Finding::error(path.key("until"), "this is not a day").help(help));
        return None;
    };
    Some(Rule {
        prompt: rule.prompt.unwrap_or_else(|| "*".to_owned()),
        case: rule.case?,
        until: day.to_string(),
        reason: rule.reason?,
        issue: rule.issue,
        path: path.to_string(),
        place: problems.place_of(path),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, parse};

    fn read(text: &str) -> Result<Config, String> {
        let rest = "version: 1\nproviders: {say: {kind: echo}}\nsuites: [{name: s, prompt: p, provider: say, cases: c.jsonl}]\n";
        match parse(&format!("{rest}{text}"), "c.yml") {
            Ok((config, _)) => Ok(config),
            Err(problems) => Err(problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")),
        }
    }

    #[test]
    fn defaults_and_rules_are_read() {
        let config = read("").unwrap();
        assert_eq!(config.history, Settings::default());
        assert!(config.quarantine.is_empty());
        let config =
            read("history: {record: never, keep: 5, flaky: warn}\nquarantine: [{case: \"a*\", until: 2026-03-31, reason: slow}]\n")
                .unwrap();
        assert_eq!((config.history.record, config.history.keep, config.history.known_flaky), (Record::Never, 5, KnownFlaky::Warns));
        let rule = config.quarantine.first().unwrap();
        assert_eq!((rule.prompt.as_str(), rule.case.as_str(), rule.until.as_str()), ("*", "a*", "2026-03-31"));
        assert_eq!(rule.place.line, Some(5));
    }

    #[test]
    fn what_is_wrong_is_told() {
        for (text, expected) in [
            ("quarantine: [{case: a, until: 2026-02-30, reason: r}]", "not a day"),
            ("quarantine: [{case: a, until: soon, reason: r}]", "not a day"),
            ("quarantine: [{case: a, until: 2026-03-31}]", "reason"),
            ("quarantine: [{until: 2026-03-31, reason: r}]", "case"),
            ("quarantine: [{case: a, reason: r}]", "until"),
            ("quarantine: [{case: a, untill: 2026-03-31, reason: r}]", "did you mean `until`?"),
            ("history: {record: mian}", "did you mean `main`?"),
            ("history: {keep: 0}", "history.keep"),
            ("history: {flaky: pass}", "history.flaky"),
        ] {
            let problems = read(text).unwrap_err();
            assert!(problems.contains(expected), "{text}: {problems}");
        }
    }
}
