//! `regression:`

use std::collections::BTreeSet;

use crate::{
    config::{
        path::Path,
        problems::{Finding, Problems},
        raw, suggest,
    },
    domain::{
        regression::{Decides, Direction, Margin, Metric, OnInconclusive, Rules, Settings, Unit},
        suite::assertion::kinds,
    },
};

/// Reads `regression`; `None` when something in it is wrong.
pub(in crate::config) fn read(regression: raw::Regression, problems: &mut Problems<'_>) -> Option<Settings> {
    let section = Path::root().key("regression");
    let written = regression.metrics.unwrap_or_default().0;
    let mut metrics: Vec<Option<Metric>> = Vec::with_capacity(written.len());
    let place = |name: &str| Metric::OF_A_RUN.iter().position(|known| *known == name).unwrap_or(usize::MAX);
    let mut ordered: Vec<_> = written.into_iter().collect();
    ordered.sort_by_key(|(name, _)| place(name));
    let mut wanted = BTreeSet::new();
    for (name, metric) in ordered {
        let path = section.key("metrics").key(&name);
        metrics.push(one(&name, &metric, &path, problems));
        let fails = metrics.last().is_some_and(|metric| metric.as_ref().is_some_and(|metric| metric.decides == Decides::Fail));
        if fails && problems.is_written(&path) {
            wanted.insert(name);
        }
    }
    Some(Settings {
        metrics: metrics.into_iter().collect::<Option<_>>()?,
        wanted,
        rules: Rules {
            alpha: regression.alpha?,
            power: regression.power?,
            min_samples: usize::try_from(regression.min_samples?).ok()?,
            seed: u64::from(regression.seed?),
        },
        on_inconclusive: match regression.on_inconclusive?.as_str() {
            "fail" => OnInconclusive::Fail,
            _ => OnInconclusive::Warn,
        },
    })
}

fn one(name: &str, written: &raw::RegressionMetric, path: &Path, problems: &mut Problems<'_>) -> Option<Metric> {
    let known = Metric::of_a_run(name);
    if known.is_none() && !is_assertion(name) {
        let names = Metric::OF_A_RUN.into_iter().chain(kinds().map(|kind| kind.name));
        let help = suggest::nearest(name, names).map_or_else(
            || format!("metrics of a run: {}; any kind of assertion is one too", Metric::OF_A_RUN.join(", ")),
            |meant| format!("did you mean `{meant}`?"),
        );
        problems.push(Finding::error(path.clone(), format!("there is no metric `{}`", suggest::shorten(name))).at_key().help(help));
        return None;
    }
    let direction = written.direction.as_deref().and_then(|word| Direction::NAMES.into_iter().find(|(name, _)| *name == word));
    let Some((_, direction)) = direction else {
        // A direction that was written and is wrong was said.
        if !problems.is_written(&path.key("direction")) {
            let message = format!("the metric `{}` has no direction: nobody can say which way is worse", suggest::shorten(name));
            let help = "write `direction: higher-is-better` or `direction: lower-is-better`".to_owned();
            problems.push(Finding::error(path.clone(), message).at_key().help(help));
        }
        return None;
    };
    let like = known.clone().or_else(|| Metric::of_a_run("score"))?;
    let relative = match written.scale.as_deref() {
        Some(word) => word == "relative",
        None => matches!(like.margin, Margin::Relative { .. }),
    };
    if relative && name == "pass-rate" {
        let message = "a share of a share says little: a pass rate needs an absolute margin";
        problems.push(Finding::error(path.key("scale"), message).help("write `scale: absolute` and `fail: 0.02`".to_owned()));
        return None;
    }
    let (of_warn, of_fail) = like.margin.bounds();
    let fail = written.fail.unwrap_or(of_fail);
    // Who only tightens `fail` means the warning too.
    let warn = if problems.is_written(&path.key("warn")) { written.warn? } else { written.warn.unwrap_or(of_warn).min(fail) };
    if warn > fail {
        let message = format!("it would fail at {fail} before it warns at {warn}");
        problems.push(Finding::error(path.key("warn"), message).help("make `warn` at most `fail`".to_owned()));
        return None;
    }
    if relative && direction == Direction::HigherIsBetter && fail >= 1.0 {
        let message = "a metric that may shrink cannot lose more than all of it";
        problems.push(Finding::error(path.key("fail"), message).help("make `fail` less than 1".to_owned()));
        return None;
    }
    let margin = if relative { Margin::Relative { warn, fail } } else { Margin::Absolute { warn, fail } };
    let decides = match written.decides.as_deref() {
        Some("off") => Decides::Off,
        Some("warn") => Decides::Warn,
        Some(_) => Decides::Fail,
        None => like.decides,
    };
    let unit = known.map_or(Unit::Score, |known| known.unit);
    Some(Metric { name: name.to_owned(), direction, margin, unit, decides })
}

/// Whether samples can have assertions of this name.
fn is_assertion(name: &str) -> bool {
    let plain = name.strip_prefix("not-").unwrap_or(name);
    kinds().any(|kind| kind.name == plain) || name.starts_with("scan:")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse;

    const REST: &str = "providers: {say: {kind: echo}}\nsuites: [{name: s, prompt: p, provider: say, cases: c.jsonl}]\n";

    fn read(regression: &str) -> Result<Settings, Vec<String>> {
        match parse(&format!("version: 1\n{REST}{regression}"), "c.yml") {
            Ok((config, _)) => Ok(config.regression),
            Err(problems) => Err(problems.iter().map(ToString::to_string).collect()),
        }
    }

    #[test]
    fn the_defaults_are_those_of_the_domain() {
        assert_eq!(read("").unwrap(), Settings::default());
    }

    #[test]
    fn a_file_changes_what_it_says_and_nothing_else() {
        let settings = read(
            "regression:\n  on-inconclusive: fail\n  alpha: 0.01\n  seed: 7\n  metrics:\n    latency: {fail: 0.05, decides: fail}\n    \
             tokens: {decides: off}\n    is-json: {direction: higher-is-better, fail: 0.1}\n",
        )
        .unwrap();
        assert_eq!((settings.on_inconclusive, settings.rules.alpha, settings.rules.seed), (OnInconclusive::Fail, 0.01, 7));
        let metric = |name: &str| settings.metrics.iter().find(|metric| metric.name == name).unwrap_or_else(|| panic!("{name}"));
        assert_eq!(metric("latency").margin, Margin::Relative { warn: 0.05, fail: 0.05 });
        assert_eq!((metric("latency").decides, metric("tokens").decides), (Decides::Fail, Decides::Off));
        assert_eq!(metric("is-json").margin, Margin::Absolute { warn: 0.02, fail: 0.1 });
        assert_eq!(settings.metrics.iter().position(|metric| metric.name == "is-json"), Some(6), "our own come after those of every run");
        assert_eq!(metric("cost"), &Metric::of_a_run("cost").unwrap());
    }

    #[test]
    fn a_metric_that_somebody_wrote_and_that_can_fail_is_wanted() {
        let wanted =
            |metrics: &str| read(&format!("regression: {{metrics: {{{metrics}}}}}\n")).unwrap().wanted.into_iter().collect::<Vec<_>>();
        assert_eq!(wanted("cost: {fail: 0.1}, latency: {fail: 0.1}, tokens: {decides: off}"), ["cost"]);
        assert_eq!(wanted("latency: {decides: fail}, is-json: {direction: higher-is-better}"), ["is-json", "latency"]);
        assert_eq!(wanted("cost: {decides: warn}"), Vec::<String>::new());
    }

    #[test]
    fn what_is_wrong_is_told_with_what_was_meant() {
        for (text, expected) in [
            ("regression: {metrics: {is-json: {fail: 0.1}}}\n", "has no direction"),
            ("regression: {metrics: {latncy: {fail: 0.1}}}\n", "did you mean `latency`?"),
            ("regression: {metrics: {latency: {direction: lower}}}\n", "lower-is-better"),
            ("regression: {metrics: {latency: {warn: 0.3, fail: 0.2}}}\n", "fail at 0.2 before it warns at 0.3"),
            ("regression: {metrics: {pass-rate: {scale: relative}}}\n", "absolute margin"),
            ("regression: {metrics: {score: {scale: relative, fail: 1.0}}}\n", "less than 1"),
            ("regression: {metrics: {latency: {fail: 0}}}\n", "fail"),
            ("regression: {alpah: 0.05}\n", "did you mean `alpha`?"),
            ("regression: {alpha: 0.9}\n", "alpha"),
            ("regression: {on-inconclusive: pass}\n", "warn"),
            ("regression: {min-samples: 1}\n", "min-samples"),
        ] {
            let problems = read(text).unwrap_err();
            assert!(problems.len() == 1 && problems[0].contains(expected), "{text}: {problems:?}");
        }
    }
}
