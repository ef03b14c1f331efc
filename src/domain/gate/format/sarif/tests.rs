//! SARIF files, and what is counted of them.

use crate::domain::gate::format::read;

fn counts(text: &str) -> [Result<f64, String>; 4] {
    ["findings", "errors", "warnings", "notes"].map(|measure| read(text, None, measure))
}

#[test]
fn what_is_open_is_counted_and_an_unfinished_run_is_no_zero() {
    let text = r#"{"version": "2.1.0", "runs": [{"tool": {}, "results": [{"level": "error"}, {}, {"level": "note"},
        {"level": "error", "suppressions": [{"kind": "inSource"}]}, {"kind": "pass"}]}]}"#;
    assert_eq!(counts(text), [Ok(3.0), Ok(1.0), Ok(1.0), Ok(1.0)]);
    assert!(read(r#"{"runs": [{"tool": {}}]}"#, None, "findings").unwrap_err().contains("the tool did not finish"));
    assert!(read(r#"{"runs": [], "tool": 1}"#, None, "findings").unwrap_err().contains("no run"));
}

#[test]
fn a_result_without_a_level_has_that_of_its_rule() {
    let rules = r#""rules": [{"id": "a"}, {"id": "b", "defaultConfiguration": {"level": "error"}},
        {"id": "c", "defaultConfiguration": {"level": "note"}}]"#;
    let of = |results: &str| {
        // The rules come after the results, of two runs: the other's rules count for nothing.
        let run = format!(r#"{{"results": [{results}], "tool": {{"driver": {{"name": "x", {rules}}}}}}}"#);
        counts(&format!(r#"{{"runs": [{run}, {{"tool": {{}}, "results": [{{"ruleId": "b"}}]}}]}}"#))
    };
    let one = |errors: f64, warnings: f64, notes: f64| [Ok(errors + warnings + notes), Ok(errors), Ok(warnings), Ok(notes)];
    for error in [r#""ruleIndex": 1"#, r#""ruleId": "b", "ruleIndex": -1"#, r#""ruleId": "b/sub/1""#, r#""rule": {"id": "b"}"#] {
        assert_eq!(of(&format!("{{{error}}}")), one(1.0, 1.0, 0.0), "{error}");
    }
    assert_eq!(of(r#"{"ruleId": "b", "ruleIndex": 0}"#), one(1.0, 1.0, 0.0), "of two rules the worse");
    assert_eq!(of(r#"{"ruleId": "b", "level": "note"}"#), one(0.0, 1.0, 1.0), "its own level comes first");
    assert_eq!(of(r#"{"ruleId": "c"}, {"ruleId": "a"}, {"ruleIndex": 99}, {"ruleId": "z"}"#), one(0.0, 4.0, 1.0));
}

#[test]
fn rules_of_extensions_are_found() {
    let of = |result: &str| {
        read(
            &format!(
                r#"{{"runs": [{{"tool": {{"driver": {{"name": "CodeQL", "rules": [{{"id": "own"}}]}}, "extensions": [{{"name": "none"}},
                {{"name": "js", "guid": "g", "rules": [{{"id": "js/sql", "defaultConfiguration": {{"level": "error"}}}}]}}]}},
                "results": [{result}]}}]}}"#
            ),
            None,
            "errors",
        )
    };
    let codeql = r#"{"ruleId": "js/sql", "ruleIndex": 0, "rule": {"id": "js/sql", "index": 0, "toolComponent": {"index": 1}}}"#;
    for error in [
        codeql,
        r#"{"rule": {"index": 0, "toolComponent": {"name": "js"}}}"#,
        r#"{"rule": {"index": 0, "toolComponent": {"guid": "g"}}}"#,
        r#"{"ruleId": "js/sql"}"#,
    ] {
        assert_eq!(of(error), Ok(1.0), "{error}");
    }
    assert_eq!(of(r#"{"ruleIndex": 0}"#), Ok(0.0), "of the driver");
}

#[test]
fn a_failed_invocation_is_no_zero() {
    let text = r#"{"runs": [{"tool": {}, "invocations": [{"executionSuccessful": true}, {"executionSuccessful": false}], "results": []}]}"#;
    let why = "not sarif: runs[0].invocations[1] has executionSuccessful false: the tool did not finish";
    assert_eq!(read(text, None, "findings").unwrap_err(), why);
    assert_eq!(read(&text.replace("false", "true"), None, "findings"), Ok(0.0));
}

#[test]
fn only_accepted_suppressions_suppress() {
    let of = |suppressions: &str| {
        read(&format!(r#"{{"runs": [{{"tool": {{}}, "results": [{{"suppressions": [{suppressions}]}}]}}]}}"#), None, "findings")
    };
    let [none, accepted, review, rejected] =
        ["{}", r#"{"status": "accepted"}"#, r#"{"status": "underReview"}"#, r#"{"status": "rejected"}"#];
    assert_eq!([of(none), of(accepted), of(&format!("{none}, {accepted}"))], [Ok(0.0), Ok(0.0), Ok(0.0)]);
    assert_eq!([of(""), of(review), of(rejected), of(&format!("{accepted}, {rejected}"))], [Ok(1.0), Ok(1.0), Ok(1.0), Ok(1.0)]);
}

#[test]
fn more_rules_than_can_be_held_are_an_error() {
    let text = format!(r#"{{"runs": [{{"tool": {{"driver": {{"rules": [{}{{}}]}}}}, "results": []}}]}}"#, "{},".repeat(100_000));
    assert_eq!(read(&text, None, "findings").unwrap_err(), "not sarif: runs[0] has more than 100000 rules");
}
