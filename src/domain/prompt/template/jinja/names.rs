//! The filters and tests that the engine has, and the ones that were meant by others.

use std::borrow::Cow;

use minijinja::{Error, ErrorKind};

use super::charge;
use crate::domain::suggest;

/// Every test, as in `is defined`.
const TESTS: [&str; 42] = [
    "undefined",
    "defined",
    "none",
    "safe",
    "escaped",
    "boolean",
    "odd",
    "even",
    "divisibleby",
    "number",
    "integer",
    "int",
    "float",
    "string",
    "sequence",
    "iterable",
    "mapping",
    "startingwith",
    "endingwith",
    "lower",
    "upper",
    "sameas",
    "eq",
    "equalto",
    "==",
    "ne",
    "!=",
    "lt",
    "lessthan",
    "<",
    "le",
    "<=",
    "gt",
    "greaterthan",
    ">",
    "ge",
    ">=",
    "in",
    "true",
    "false",
    "filter",
    "test",
];

/// The message for a filter that there is not; `None` for one that there is.
pub(super) fn unknown_filter(name: &str) -> Option<String> {
    unknown("filter", name, charge::filters())
}

/// The message for a test that there is not; `None` for one that there is.
pub(super) fn unknown_test(name: &str) -> Option<String> {
    unknown("test", name, &TESTS)
}

/// What was meant, where the engine says that it does not know a name.
pub(super) fn explained(error: &Error) -> Option<String> {
    let name = error.detail()?.split(' ').nth(1)?;
    if error.kind() == ErrorKind::UnknownFilter {
        unknown_filter(name)
    } else if error.kind() == ErrorKind::UnknownTest {
        unknown_test(name)
    } else {
        None
    }
}

fn unknown(what: &str, name: &str, known: &[&'static str]) -> Option<String> {
    // The engine reads `equal to` as `equalto`.
    let name: Cow<'_, str> =
        if name.contains(char::is_whitespace) { name.split_whitespace().collect::<String>().into() } else { name.into() };
    if known.contains(&name.as_ref()) {
        return None;
    }
    let meant = suggest::nearest(&name, known.iter().copied()).map(|meant| format!("; did you mean `{meant}`?"));
    Some(format!("{what} {name} is unknown{}", meant.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use minijinja::Environment;

    use super::*;

    #[test]
    fn every_name_is_one_of_the_engine_and_every_one_of_the_engine_is_known() {
        let environment = Environment::new();
        let mut state = environment.empty_state();
        for name in TESTS {
            let asked = state.perform_test(name, &[]);
            assert!(asked.map_or_else(|error| error.kind() != ErrorKind::UnknownTest, |_| true), "{name}");
        }
        assert_eq!(unknown_test("equal to"), None);
        assert_eq!(unknown_test("defind").as_deref(), Some("test defind is unknown; did you mean `defined`?"));
        assert_eq!(unknown_filter("uper").as_deref(), Some("filter uper is unknown; did you mean `upper`?"));
        assert_eq!(unknown_filter("xyzzy").as_deref(), Some("filter xyzzy is unknown"));
    }
}
