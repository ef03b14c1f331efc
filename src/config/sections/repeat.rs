//! `repeat:` of a suite.

use serde_json::Value;

use crate::{
    config::{
        path::Path,
        problems::{Finding, Problems},
    },
    domain::suite::Repeat,
};

/// Reads a number of repeats, or its bounds; the schema has looked at the types.
pub(super) fn read(written: &Value, path: &Path, problems: &mut Problems<'_>) -> Option<Repeat> {
    let Value::Object(bounds) = written else {
        return Some(Repeat::fixed(whole(written)?));
    };
    let max = whole(bounds.get("max")?)?;
    let min = match bounds.get("min") {
        Some(min) => whole(min)?,
        None => 1,
    };
    if min > max {
        let message = format!("every case would be asked {min} times at least and {max} times at most");
        problems.push(Finding::error(path.key("min"), message).help("make `min` at most `max`".to_owned()));
        return None;
    }
    if min == max {
        let message = "`min` and `max` are equal, so no answer can change how often a case is asked";
        problems.push(Finding::warning(path.key("max"), message).help(format!("write `repeat: {max}`, or raise `max`")));
    }
    Repeat::between(min, max)
}

/// A whole number, also where it is written as `4.0`.
fn whole(written: &Value) -> Option<u32> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the schema bounds the number to 1..=10,000")]
    written.as_f64().map(|number| number as u32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse;

    fn read(suites: &str) -> Result<(Vec<Repeat>, Vec<String>), Vec<String>> {
        let said = |list: Vec<crate::domain::diagnostic::Diagnostic>| list.iter().map(ToString::to_string).collect::<Vec<_>>();
        match parse(&format!("version: 1\nproviders: {{say: {{kind: echo}}}}\n{suites}"), "c.yml") {
            Ok((config, warnings)) => Ok((config.suites.iter().map(|suite| suite.repeat).collect(), said(warnings))),
            Err(problems) => Err(said(problems)),
        }
    }

    fn one(repeat: &str) -> Result<Repeat, Vec<String>> {
        read(&format!("suites: [{{name: s, prompt: p, provider: say, cases: c.jsonl, repeat: {repeat}}}]\n")).map(|(read, _)| read[0])
    }

    #[test]
    fn a_number_and_bounds_are_read() {
        assert_eq!(one("3"), Ok(Repeat::fixed(3)));
        assert_eq!(one("{min: 2, max: 6, stop: decided}"), Ok(Repeat::between(2, 6).unwrap()));
        assert_eq!(one("{max: 4.0}"), Ok(Repeat::between(1, 4).unwrap()));
    }

    #[test]
    fn suites_share_bounds_and_may_say_otherwise() {
        let suites = "suite-defaults: {provider: say, repeat: {min: 2, max: 6}}\nsuites:\n- {name: a, prompt: p, cases: c.jsonl}\n\
            - {name: b, prompt: p, cases: c.jsonl, repeat: {max: 9}}\n- {name: c, prompt: p, cases: c.jsonl, repeat: 3}\n";
        let between = |min, max| Repeat::between(min, max).unwrap();
        assert_eq!(read(suites).unwrap().0, [between(2, 6), between(2, 9), Repeat::fixed(3)]);
    }

    #[test]
    fn what_is_wrong_is_told_with_what_was_meant() {
        for (written, expected) in [
            ("0", "must be at least 1, found 0"),
            ("three", "expected a whole number or a map"),
            ("{min: 5, max: 3}", "asked 5 times at least and 3 times at most"),
            ("{min: 2}", "`max` is missing"),
            ("{min: 0, max: 3}", "repeat.min: must be at least 1, found 0"),
            ("{max: 101}", "repeat.max: must be at most 100, found 101"),
            ("{max: 5, stop: decide}", "did you mean `decided`?"),
            ("{max: 5, mni: 2}", "did you mean `min`?"),
        ] {
            let problems = one(written).unwrap_err();
            assert!(problems.len() == 1 && problems[0].contains(expected), "{written}: {problems:?}");
        }
        let (_, warnings) = read("suites: [{name: s, prompt: p, provider: say, cases: c.jsonl, repeat: {min: 3, max: 3}}]\n").unwrap();
        assert!(warnings[0].contains("write `repeat: 3`, or raise `max`"), "{warnings:?}");
    }
}
