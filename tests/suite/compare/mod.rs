//! `prompt-cicd compare`: two result files, thresholds and significance.

/// Runs that failed.
mod failed;
/// Files that the real tools wrote.
mod written;

use std::fs;

use serde_json::{Value, json};

use crate::support::{Finished, Workspace};

fn data(name: &str) -> String {
    crate::docs::root().join("tests/data/benchmarks").join(name).display().to_string()
}

fn compare(args: &[&str]) -> Finished {
    Workspace::empty().prompt_cicd(["compare"].into_iter().chain(args.iter().copied())).run()
}

/// A list of benchmarks `{name, unit, value}`.
fn list(values: &[(&str, f64)]) -> String {
    json!(values.iter().map(|(name, value)| json!({"name": name, "unit": "s", "value": value})).collect::<Vec<_>>()).to_string()
}

fn values(base: &str, head: &str, more: &[&str]) -> Finished {
    let workspace = Workspace::empty().file("base.json", base).file("head.json", head);
    let args = ["compare", "base.json", "head.json", "--format", "customSmallerIsBetter"];
    workspace.prompt_cicd(args.into_iter().chain(more.iter().copied())).run()
}

#[test]
fn the_behaviour_cases_hold() {
    let path = crate::docs::root().join("tests/data/behaviour/compare.json");
    let cases: Vec<Value> = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let mut compared = 0;
    for case in cases.iter().filter(|case| case["status"] == "keep" && case["given"].get("current_mean_s").is_some()) {
        let (given, then) = (&case["given"], &case["then"]);
        let head = list(&[("b", given["current_mean_s"].as_f64().unwrap()), ("other", 1.0)]);
        let base = match given["baseline_mean_s"].as_f64() {
            Some(mean) => list(&[("b", mean), ("other", 1.0)]),
            None => list(&[("other", 1.0)]),
        };
        let fails = then["fail"].as_bool().unwrap_or(false);
        let found = values(&base, &head, &["--output", "json"]).exits(if fails { 12 } else { 0 }).json();
        let row = found["benchmarks"].as_array().unwrap().iter().find(|row| row["name"] == "b").unwrap().clone();
        // What fails is a word of its own here.
        let status = if fails { "failed" } else { then["status"].as_str().unwrap() };
        assert_eq!(row["status"], status, "{case}");
        assert_eq!(row["fails"], fails, "{case}");
        for name in ["change_text", "in_regressions", "in_improvements"] {
            if let Some(expected) = then.get(name) {
                assert_eq!(&row[name], expected, "{name}: {case}");
            }
        }
        if let Some(expected) = then["change_pct"].as_f64() {
            assert!((row["change_pct"].as_f64().unwrap() - expected).abs() < 1e-12, "{case}");
        }
        compared += 1;
    }
    assert!(compared >= 9, "{compared}");
}

#[test]
fn files_of_real_tools_are_compared() {
    let [base, head] = ["pytest-benchmark-base.json", "pytest-benchmark-head.json"].map(data);
    let found = compare(&[&base, &head, "--output", "json"]).json();
    assert_eq!((&found["base_format"], found["benchmarks"].as_array().unwrap().len()), (&json!("pytest-benchmark"), 2));
    assert!(found["benchmarks"].as_array().unwrap().iter().all(|row| row["decided_by"] == "samples"));
    compare(&[&base, &base]).exits(13).shows("? INCONCLUSIVE").shows("base and head are the same file");
    let [base, head] = ["hyperfine-base.json", "hyperfine-head.json"].map(data);
    compare(&[&base, &head, "--no-fail"]).exits(0).shows("sleep 0.002");
    let [base, head] = ["criterion-base", "criterion-head"].map(data);
    compare(&[&base, &head, "--no-fail"]).exits(0).shows("sums/plain").shows("sums/fixed");
    compare(&[&base, &base, "--allow-inconclusive"]).exits(13).shows("the same file");
}

#[test]
fn a_copy_of_a_file_proves_nothing() {
    let text = fs::read_to_string(data("hyperfine-base.json")).unwrap();
    let workspace = Workspace::empty().file("base.json", &text).file("head.json", &text).file("other.json", &format!("{text} \n"));
    let run = |head: &str| workspace.prompt_cicd(["compare", "base.json", head, "--output", "json"]).run().exits(13).json();
    let found = run("head.json");
    assert_eq!((&found["undecided"], &found["regression_detected"]), (&json!(true), &json!(false)));
    assert!(found["why"].as_str().unwrap().contains("byte for byte"), "{found:#}");
    assert!(run("other.json")["why"].as_str().unwrap().contains("every sample of base is the same on head"));
    let args = ["compare", "base.json", "head.json", "--allow-inconclusive"];
    workspace.prompt_cicd(args).run().exits(0).shows("? INCONCLUSIVE");
    // Without samples, too.
    let list = list(&[("a", 1.0)]);
    values(&list, &list, &[]).exits(13).shows("byte for byte the same");
    // Written anew, with the same numbers: nobody measures a time to the last digit twice.
    let again = list.replace(',', " , ");
    values(&list, &again, &[]).exits(13).shows("the two files hold the same measurements, to the last digit: a copy?");
    values(&list, &again, &["--allow-inconclusive"]).exits(0).shows("? INCONCLUSIVE");
    values(&list, &list.replace("1.0", "1.01"), &[]).exits(0).shows("✓ NO REGRESSION").shows("by threshold only");
    // Counts come again by themselves.
    let counts = "[{\"name\": \"a\", \"unit\": \"allocs/op\", \"value\": 12}]";
    values(counts, &counts.replace(": ", ":  "), &[]).exits(0).shows("✓ NO REGRESSION");
}

#[test]
fn samples_that_decide_nothing_are_inconclusive_with_their_reason() {
    let file = |times: [f64; 12]| json!({"results": [{"command": "a", "mean": 1.0, "times": times}]}).to_string();
    let base = [1.0, 3.0, 0.4, 1.9, 0.7, 2.2, 1.1, 0.5, 2.7, 0.9, 1.6, 0.8];
    let mut head = base.map(|time| time * 1.01);
    head.reverse();
    let workspace = Workspace::empty().file("base.json", &file(base)).file("head.json", &file(head));
    let found = workspace.prompt_cicd(["compare", "base.json", "head.json"]).env("COLUMNS", "60").run().exits(13);
    let found = found.shows("? INCONCLUSIVE").shows("a: the interval spans the margin; about ");
    assert!(!found.stdout.contains("no room for: why"), "{}", found.stdout);
    workspace.prompt_cicd(["compare", "base.json", "head.json", "--allow-inconclusive"]).run().exits(0);
}

#[test]
fn names_that_stand_for_two_and_thresholds_for_none_are_told() {
    let twice = list(&[("a", 1.0), ("a", 5.0)]);
    values(&twice, &list(&[("a", 1.0)]), &[]).exits(3).says("the name `a` stands for 2 benchmarks");
    let workspace = Workspace::empty()
        .file("base.json", &list(&[("parse", 1.0)]))
        .file("head.json", &list(&[("parse", 1.01)]))
        .file("t.yml", "benchmarks:\n  - name: prase\n    fail: 50%\n")
        .file("typo.yml", "fail: 20%\nbenchmark: []\n");
    let run = |thresholds: &str| {
        workspace.prompt_cicd(["compare", "base.json", "head.json", "--format", "customSmallerIsBetter", "--thresholds", thresholds]).run()
    };
    run("t.yml").exits(0).says("t.yml:2:11: thresholds for `prase` hold for no benchmark; did you mean `parse`?");
    run("typo.yml").exits(3).says("typo.yml:2:1").says("did you mean `benchmarks`?");
}

#[test]
fn what_fails_warns_and_is_missing_is_told_in_every_format() {
    let base = list(&[("a", 1.0), ("b", 1.0), ("gone", 1.0)]);
    let head = list(&[("a", 1.5), ("b", 1.15), ("new<script>", 1.0)]);
    let found = values(&base, &head, &[]).exits(12).shows("✗ failed").shows("! regression").shows("MISSING").shows("NEW");
    assert!(found.stdout.starts_with("✗ REGRESSED: 4 benchmarks: 1 failed, 1 missing, 1 regression, 1 new"), "{}", found.stdout);
    values(&base, &head, &["--output", "markdown"]).exits(12).shows("| ✗ failed | a |");
    let page = values(&base, &head, &["--output", "html"]).exits(12);
    assert!(!page.stdout.contains("<script"), "{}", page.stdout);
    values(&base, &head, &["--warn", "60%", "--fail", "0.7"]).exits(0);
    values(&base, &head, &["--no-fail"]).exits(0);
}

#[test]
fn a_file_of_thresholds_holds_for_the_names_it_fits() {
    let workspace = Workspace::empty()
        .file("base.json", &list(&[("ops", 100.0), ("time", 1.0), ("gone", 1.0)]))
        .file("head.json", &list(&[("ops", 70.0), ("time", 1.3)]))
        .file("t.yml", "fail: 50%\nbenchmarks:\n  - {name: 'op*', fail: 20%, direction: higher-is-better}\n")
        .file("strict.yml", "fail: 50%\nmissing: fail\n")
        .file("broken.yml", "fail: x\nmissing: maybe\n");
    let run = |thresholds: &str| {
        workspace
            .prompt_cicd(["compare", "base.json", "head.json", "--format", "custom-smaller-is-better", "--thresholds", thresholds])
            .run()
    };
    run("t.yml").exits(12).shows("✗ failed");
    run("strict.yml").exits(13);
    run("broken.yml").exits(3).says("not a share").says("unknown missing `maybe`").says("there are: report, fail");
}

#[test]
fn what_cannot_be_compared_never_passes() {
    let one = list(&[("b", 1.0)]);
    values(&list(&[("b", 0.0)]), &one, &[]).exits(13).shows("the value on base is 0");
    values(&list(&[("b", -1.0)]), &one, &["--allow-inconclusive"]).exits(13).shows("negative");
    values(&one, "[{\"name\": \"b\", \"unit\": \"s\", \"value\": \"NaN\"}]", &[]).exits(13).shows("not finite");
    values(&one, "[{\"name\": \"b\", \"unit\": \"MB\", \"value\": 1}]", &[])
        .exits(13)
        .shows("base is in `s` and head in `MB`")
        .shows("1 s");
    values(&one, "[{\"name\": \"b\", \"unit\": \"ms\", \"value\": 1001}]", &[]).exits(0).shows("1000 ms  1001 ms");
    values(&one, &list(&[("c", 1.0)]), &[]).exits(3).says("no benchmark in common");
    values(&one, "[]", &[]).exits(3).says("it has no benchmark");
    values(&one, "[{\"name\": \"b\", \"value\": NaN}]", &[]).exits(3).says("NaN and Infinity are no JSON");
}

#[test]
fn a_file_of_another_tool_is_told_with_what_it_looks_like() {
    let [pytest, list] = ["pytest-benchmark-base.json", "custom.json"].map(data);
    compare(&[&pytest, &pytest, "--format", "hyperfine"]).exits(3).says("did you mean `--format pytest-benchmark`?");
    compare(&[&pytest, &pytest, "--format", "hyperfin"]).exits(3).says("did you mean `hyperfine`?");
    compare(&[&list, &list]).exits(3).says("--format customSmallerIsBetter or --format customBiggerIsBetter");
    let workspace = Workspace::empty().file("x", "hello");
    workspace.prompt_cicd(["compare", "x", "x"]).run().exits(3).says("not a result of any tool").says("pytest-benchmark");
    workspace.prompt_cicd(["compare", "nowhere", "x"]).run().exits(3).says("nowhere");
    workspace.prompt_cicd(["compare", ".", "."]).run().exits(3).says("no new/sample.json below this folder");
}

#[test]
fn our_own_reports_are_compared() {
    let workspace = Workspace::greeting();
    let report = workspace.prompt_cicd(["test", "--format", "json"]).run().exits(0).stdout;
    let workspace = workspace.file("base.json", &report).file("head.json", &report);
    workspace.prompt_cicd(["compare", "base.json", "head.json"]).run().exits(13).shows("greeting: pass rate").shows("byte for byte");
}
