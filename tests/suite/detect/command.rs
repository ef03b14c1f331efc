use serde_json::json;

use crate::support::{Finished, Workspace};

fn detect(input: &str, more: &[&str]) -> Finished {
    let workspace = Workspace::empty().file("in", input);
    workspace.prompt_cicd(["detect", "in"].into_iter().chain(more.iter().copied())).run()
}

fn latency(shift: f64, n: usize) -> String {
    let values = |shift: f64| (0..n).map(|index| 100.0 + shift + f64::from(u32::try_from(index * 7 % 10).unwrap())).collect::<Vec<_>>();
    json!({"metric_name": "latency", "baseline_values": values(0.0), "current_values": values(shift), "consider_direction": "increase"})
        .to_string()
}

#[test]
fn a_regression_exits_with_12_and_every_field_is_there() {
    let found = detect(&latency(8.0, 30), &["--format", "json"]).exits(12).json();
    assert_eq!((&found["regression_detected"], &found["verdict"]), (&json!(true), &json!("regressed")));
    for name in ["confidence", "p_value", "effect_size", "margin", "minimum_detectable_effect", "consensus_score"] {
        assert!(found[name].is_number(), "{name}: {found}");
    }
    for test in ["t_test", "mann_whitney"] {
        for name in ["statistic", "p_value"] {
            assert!(found["statistical_tests"][test][name].is_number(), "{test} {name}: {found}");
        }
        assert_eq!(found["statistical_tests"][test]["significant"], true);
    }
    for side in ["baseline", "current"] {
        for name in ["mean", "std", "median", "min", "max", "p95"] {
            assert!(found["summary_statistics"][side][name].is_number(), "{side} {name}: {found}");
        }
    }
    assert!(found["confidence_interval"]["lower"].as_f64().unwrap() > 0.0);
    assert!(found["recommendation"].as_str().unwrap().contains("latency regressed"));
    detect(&latency(8.0, 30), &["--no-fail"]).exits(0);
}

#[test]
fn negative_numbers_are_values_of_flags_and_told_as_such() {
    for flags in [["--margin", "-5"], ["--min-effect-size", "-0.5"], ["--confidence-level", "-1"], ["--outlier-threshold", "-3"]] {
        let found = detect(&latency(8.0, 30), &flags).exits(3);
        assert!(!found.stderr.contains("unexpected argument"), "{flags:?}: {}", found.stderr);
    }
    detect(&latency(8.0, 30), &["--min-samples", "-1"]).exits(2).says("invalid value '-1' for '--min-samples");
    Workspace::empty().prompt_cicd(["compare", "a", "b", "--fail", "-5"]).run().exits(3).says("--fail: not a share of 0 or more");
    Workspace::empty().prompt_cicd(["detect", "--baseline", "1,,2", "--current", "1,2"]).run().exits(3).says("value 1 (from 0) is empty");
}

#[test]
fn better_is_fine_and_undecided_is_no_pass() {
    detect(&latency(-8.0, 30), &[]).exits(0).shows("IMPROVED");
    detect(&latency(0.1, 400), &[]).exits(0).shows("NON-INFERIOR");
    // The same values twice, and values that never vary, are no measurements.
    for values in [latency(0.0, 400), json!({"baseline_values": vec![5; 20], "current_values": vec![5; 20]}).to_string()] {
        detect(&values, &["--allow-inconclusive"]).exits(13).shows("INCONCLUSIVE");
    }
    let undecided = latency(0.5, 12);
    detect(&undecided, &[]).exits(13).shows("INCONCLUSIVE latency: Not decided; about");
    detect(&undecided, &["--allow-inconclusive"]).exits(0);
    // What could not be judged at all stays closed.
    detect(&latency(8.0, 4), &["--allow-inconclusive"]).exits(13).shows("4 of at least 10 values");
}

#[test]
fn values_that_are_none_are_named() {
    let with = |value: &str| format!("{{\"baseline_values\": [1, 2, {value}], \"current_values\": [1, 2, 3]}}");
    detect(&with("NaN"), &[]).exits(3).says("NaN and Infinity are no finite numbers");
    detect(&with("\"Infinity\""), &[]).exits(3).says("value 2 (from 0) is `Infinity`");
    detect(&with("\"12ms\""), &[]).exits(3).says("a number with a unit");
    detect("{\"baseline_values\": [], \"current_values\": [1]}", &[]).exits(3).says("baseline: no values");
    detect("", &[]).exits(3).says("the file is empty");
    detect("{\"baseline_values\": [1], \"current_values\": [1], \"baseline_unit\": \"ms\", \"current_unit\": \"s\"}", &[])
        .exits(3)
        .says("the baseline is in `ms` and the current values are in `s`");
    detect(&latency(1.0, 20), &["--direction", "incrase"]).exits(3).says("did you mean `increase`?");
    detect(&latency(1.0, 20), &["--direction", "both", "--margin", "0.1"]).exits(3).says("a margin needs a direction");
    let workspace = Workspace::empty();
    workspace.prompt_cicd(["detect", "nowhere.json"]).run().exits(3).says("nowhere.json");
}

#[test]
fn lists_and_tables_are_samples_too() {
    let lists = ["detect", "--baseline", "-1,1,-1,1,-1,1,-1,1,-1,1", "--current", "9,11,9,11,9,11,9,11,9,11", "--direction", "increase"];
    Workspace::empty().prompt_cicd(lists).run().exits(12).shows("REGRESSED");
    let rows = (0..20).map(|row| format!("{},{}\n", 100 + row % 3, 130 + row % 3)).collect::<Vec<_>>().concat();
    detect(&format!("baseline,current\n{rows}"), &["--direction", "lower_is_better", "--margin", "0.1"]).exits(12).shows("REGRESSED");
    detect(&format!("baseline,current\n{rows}"), &["--direction", "lower-is-better", "--margin", "0.5"]).exits(0).shows("NON-INFERIOR");
}

#[test]
fn a_hostile_name_stays_text_in_every_format() {
    let attack = "x</title><script>alert(1)</script>\n::error::boom | [a](http://evil)";
    let input = latency(8.0, 20).replace("\"latency\"", &json!(attack).to_string());
    for format in ["text", "markdown", "html"] {
        let found = detect(&input, &["--format", format]).exits(12);
        assert!(!found.stdout.contains("<script>") || format == "text", "{format}: {}", found.stdout);
        assert!(!found.stdout.lines().any(|line| line.starts_with("::error")), "{format}: {}", found.stdout);
        assert!(!found.stdout.contains("[a](http://evil)") || format == "text", "{format}: {}", found.stdout);
    }
    assert!(detect(&input, &["--format", "html"]).stdout.contains("<svg"));
    assert!(detect(&input, &["--format", "markdown"]).stdout.contains("xychart-beta"));
}

#[test]
fn subsampling_is_done_only_when_asked() {
    let input = latency(0.1, 12_000);
    let all = detect(&input, &["--format", "json"]).exits(0).json();
    assert_eq!(all["summary_statistics"]["baseline"]["n"], 12_000);
    let some = detect(&input, &["--format", "json", "--max-samples"]).exits(0).json();
    assert_eq!(
        (&some["summary_statistics"]["baseline"]["n"], &some["summary_statistics"]["baseline"]["given"]),
        (&json!(10_000), &json!(12_000))
    );
}
