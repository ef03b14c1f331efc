use proptest::prelude::*;

use super::*;
use crate::domain::regression::analysis::{Consider, TestKind};

fn wrong(text: &str) -> String {
    pair(text.as_bytes(), "in")
        .unwrap_err()
        .iter()
        .map(|found| format!("{} {:?}", found.described(), found.help))
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn json_with_the_names_of_the_seed_is_read() {
    let text = r#"{"metric_name": "latency", "baseline_values": [1, 2.5, -3e2], "current_values": [4],
        "consider_direction": "increase", "use_statistical_tests": ["t_test", "ks"], "confidence_level": 0.99}"#;
    let found = pair(text.as_bytes(), "in.json").unwrap();
    assert_eq!((found.baseline, found.current), (vec![1.0, 2.5, -300.0], vec![4.0]));
    let question = found.written.question().unwrap();
    assert_eq!((question.metric.as_str(), question.consider, question.level), ("latency", Consider::Increase, 0.99));
    assert_eq!(question.tests, [TestKind::TTest, TestKind::KolmogorovSmirnov]);
}

#[test]
fn what_is_no_number_is_named_with_its_place() {
    let json = |value: &str| wrong(&format!("{{\"baseline_values\": [1, {value}], \"current_values\": [1]}}"));
    assert!(json("\"NaN\"").contains("value 1 (from 0) is `NaN`, which is no finite number"), "{}", json("\"NaN\""));
    assert!(json("NaN").contains("NaN and Infinity are no finite numbers"), "{}", json("NaN"));
    assert!(json("-Infinity").contains("NaN and Infinity"), "{}", json("-Infinity"));
    assert!(json("1e999").contains("out of range"), "{}", json("1e999"));
    assert!(json("null").contains("value 1 (from 0) is null"), "{}", json("null"));
    assert!(json("true").contains("write 1 and 0"), "{}", json("true"));
    assert!(json("\"12ms\"").contains("a number with a unit"), "{}", json("\"12ms\""));
    assert!(json("\"12\"").contains("without quotes"), "{}", json("\"12\""));
    assert!(wrong("{\"baseline_value\": [1]}").contains("did you mean `baseline_values`?"));
    assert!(wrong("  ").contains("the file is empty"));
    assert!(wrong("baseline,current\n1,2\n3,nan\n").starts_with("in:3"), "{}", wrong("baseline,current\n1,2\n3,nan\n"));
    assert!(wrong("a,b\n1,2\n").contains("no column holds the baseline values"));
}

#[test]
fn units_and_words_must_fit() {
    let text = r#"{"baseline_values": [1], "current_values": [2], "baseline_unit": "ms", "current_unit": "s",
        "consider_direction": "incrase", "use_statistical_tests": ["t-tst"], "outlier_method": "zz"}"#;
    let problems = pair(text.as_bytes(), "in").unwrap().written.question().unwrap_err();
    assert_eq!(problems.len(), 4, "{problems:?}");
    assert_eq!(problems[1].1.as_deref(), Some("did you mean `increase`?"));
    assert_eq!(problems[2].1.as_deref(), Some("did you mean `t_test`?"));
}

#[test]
fn tables_may_have_columns_of_different_length() {
    let found = pair(b"current,baseline\n1,2\n3,4\n,6\n", "in.csv").unwrap();
    assert_eq!((found.baseline, found.current), (vec![2.0, 4.0, 6.0], vec![1.0, 3.0]));
    let bare = pair(b"1,2\n3,4\n", "in.csv").unwrap();
    assert_eq!((bare.baseline, bare.current), (vec![1.0, 3.0], vec![2.0, 4.0]));
}

#[test]
fn series_come_with_dates_numbers_or_neither() {
    assert_eq!(series(b"[1, 2, 3]", "in").unwrap().values, [1.0, 2.0, 3.0]);
    let dated = series(b"time,latency\n2026-01-01T00:00:00Z,5\n2026-01-01T00:01:00Z,6\n", "in").unwrap();
    assert_eq!((dated.metric.as_deref(), dated.timestamps[1] - dated.timestamps[0]), (Some("latency"), 60.0));
    let json = series(br#"{"values": [1, 2], "timestamps": ["2026-01-01", 5]}"#, "in").unwrap();
    assert_eq!(json.timestamps.len(), 2);
    assert_eq!(list("[1, 2.5; -3]").unwrap(), [1.0, 2.5, -3.0]);
    assert!(list("1,x").unwrap_err().contains("value 1 (from 0) is `x`"));
    assert_eq!((list("1 2\n3").unwrap(), list("[]").unwrap()), (vec![1.0, 2.0, 3.0], vec![]));
}

#[test]
fn what_is_not_there_is_not_passed_over() {
    for text in ["1,,2", "1,2,", ",1", "1; ;2"] {
        assert!(list(text).unwrap_err().contains("is empty"), "{text}");
    }
    assert!(wrong("baseline,current\n1,2\n3,4,5\n").contains("in:3: 3 fields where 2 are expected"));
    assert!(wrong("1,2,9\n3,4,9\n").contains("in:1: 3 fields where 2 are expected"));
    assert!(wrong("baseline,current\n1,2\n,4\n5,6\n").contains("in:3: column 1: the cell is empty, and line 4 goes on"));
    let passed_over = pair(b"host,baseline,current\na,1,2\nb,3,4\n", "in.csv").unwrap();
    assert_eq!(passed_over.baseline, [1.0, 3.0], "a column with another name is none of ours");
    let wrong = |text: &str| series(text.as_bytes(), "in").unwrap_err().iter().map(ToString::to_string).collect::<String>();
    assert!(wrong("value\n1\n\"\"\n3\n").contains("the cell is empty"), "{}", wrong("value\n1\n\"\"\n3\n"));
    assert!(wrong("1,2,3\n2,3,4\n").contains("3 fields where 2 are expected"));
}

#[test]
fn nobody_is_told_to_write_what_he_wrote() {
    let wrong = |text: &str| series(text.as_bytes(), "in").unwrap_err().iter().map(ToString::to_string).collect::<String>();
    let found = wrong(r#"{"baseline_values": [1, 2]}"#);
    assert!(found.contains("it is a name of `detect`") && !found.contains("did you mean `baseline_values`"), "{found}");
    assert!(wrong(r#"{"valeus": [1, 2]}"#).contains("did you mean `values`?"));
    assert!(!wrong(r#"{"margn": [1, 2]}"#).contains("did you mean"));
}

proptest! {
    #[test]
    fn no_input_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        drop((pair(&bytes, "in"), series(&bytes, "in"), list(&String::from_utf8_lossy(&bytes))));
    }

    #[test]
    fn a_mutated_input_is_read_or_refused_and_never_holds_what_is_not_finite(
        at in 0usize..200, byte: u8, cut in 0usize..200,
    ) {
        let mut bytes = br#"{"metric_name": "m", "baseline_values": [1.5, 2, 3e3], "current_values": [4, -5, 0.1], "margin": 0.1, "unit": "ms"}"#.to_vec();
        if let Some(place) = bytes.get_mut(at) { *place = byte; }
        bytes.truncate(cut.max(20));
        if let Ok(found) = pair(&bytes, "in") {
            prop_assert!(found.baseline.iter().chain(&found.current).all(|value| value.is_finite()));
        }
    }
}
