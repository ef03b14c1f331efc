//! What ran and failed, or measured nothing: never a pass.

use serde_json::json;

use super::{list, values};
use crate::support::Workspace;

fn hyperfine(times: &[f64], codes: &[i32]) -> String {
    json!({"results": [{"command": "a", "mean": 1.0, "times": times, "exit_codes": codes}]}).to_string()
}

#[test]
fn a_command_that_failed_is_unusable_with_its_reason() {
    let times: Vec<f64> = (0..12).map(|at| 1.0 + 0.01 * f64::from(at)).collect();
    let quicker: Vec<f64> = times.iter().map(|time| 0.5 * time).collect();
    let mut codes = [0; 12];
    let workspace = Workspace::empty().file("base.json", &hyperfine(&times, &codes)).file("fine.json", &hyperfine(&quicker, &codes));
    codes[3] = 127;
    let workspace = workspace.file("head.json", &hyperfine(&quicker, &codes));
    workspace.prompt_cicd(["compare", "base.json", "fine.json"]).run().exits(0);
    let said = "a: on head: 1 of 12 runs failed, the first of them with code 127";
    for more in [&[][..], &["--allow-inconclusive"]] {
        let args = ["compare", "base.json", "head.json"].into_iter().chain(more.iter().copied());
        workspace.prompt_cicd(args).run().exits(13).shows("? INCONCLUSIVE: 1 benchmarks: 1 unusable").shows(said);
    }
}

/// One run of twelve that took no time did not run; a change for the worse stands all the same.
#[test]
fn a_time_of_0_among_samples_is_no_pass() {
    let times: Vec<f64> = (0..12).map(|at| 1.0 + 0.01 * f64::from(at)).collect();
    let with =
        |first: f64, factor: f64| hyperfine(&[&[first][..], &times.iter().map(|time| factor * time).collect::<Vec<_>>()].concat(), &[]);
    let workspace = Workspace::empty().file("base.json", &hyperfine(&times, &[]));
    for (first, why) in [(0.0, "a: on head: a sample is 0, which no time can be"), (-5.0, "a sample is negative, which no time can be")] {
        workspace.write("head.json", with(first, 0.5).as_bytes());
        workspace.prompt_cicd(["compare", "base.json", "head.json"]).run().exits(13).shows("1 unusable").shows(why);
        workspace.prompt_cicd(["baseline", "update", "--from", "head.json"]).run().exits(4).says("a sample is");
    }
    workspace.write("head.json", with(0.0, 9.0).as_bytes());
    workspace.prompt_cicd(["compare", "base.json", "head.json"]).run().exits(12).shows("worse all the same");
}

#[test]
fn a_failure_without_a_name_is_told_with_its_line() {
    let good = "pkg: x\nBenchmarkA-8 10 5 ns/op\nPASS\nok  \tx\t1s\n";
    let workspace = Workspace::empty().file("base.txt", good).file("head.txt", &format!("{good}FAIL\ty [build failed]\nFAIL\n"));
    let finished = workspace.prompt_cicd(["compare", "base.txt", "head.txt"]).run().exits(3);
    finished.says("head.txt:5:1: not read as a result of go: the package `y [build failed]` failed");
}

#[test]
fn a_benchmark_of_criterion_that_did_not_end_is_unusable() {
    let sample = |first: u32| json!({"iters": vec![1; 12], "times": (0..12).map(|at| first + at).collect::<Vec<u32>>()}).to_string();
    let id = |name: &str| json!({"full_id": name}).to_string();
    let mut workspace = Workspace::empty();
    for (side, first) in [("base", 1_000), ("head", 1_005)] {
        workspace = workspace
            .file(&format!("{side}/a/new/sample.json"), &sample(first))
            .file(&format!("{side}/a/new/benchmark.json"), &id("a"))
            .file(&format!("{side}/b/base/sample.json"), &sample(first))
            .file(&format!("{side}/b/base/benchmark.json"), &id("b"));
    }
    let run = || workspace.prompt_cicd(["compare", "base", "head"]).run();
    run().exits(13).shows("b: on base: new/sample.json is not there: the benchmark did not end");
}

#[test]
fn zero_on_head_is_no_improvement() {
    values(&list(&[("a", 1.0)]), &list(&[("a", 0.0)]), &[]).exits(13).shows("the value on head is 0, which no time can be");
    let of = |value: f64| json!([{"name": "a", "unit": "B/op", "value": value}]).to_string();
    values(&of(16.0), &of(0.0), &[]).exits(0).shows("improved").shows("-100.0%");
    // A rate of what should not happen may be 0, first and last; work that is done may not.
    let rate = |unit: &str, value: f64| json!([{"name": "a", "unit": unit, "value": value}]).to_string();
    values(&rate("dropped/s", 16.0), &rate("dropped/s", 0.0), &[]).exits(0).shows("improved");
    values(&rate("dropped/s", 0.0), &format!("{}\n", rate("dropped/s", 0.0)), &[]).exits(0).shows("unchanged");
    values(&rate("ops/s", 16.0), &rate("ops/s", 0.0), &[]).exits(13).shows("which no time can be");
    let go = |nanoseconds: u32| {
        let line = |at: u32| format!("BenchmarkA-8 10 {} ns/op 0 dropped/s\n", nanoseconds + at % 5);
        let lines = (0..12).fold(String::new(), |all, at| all + &line(at));
        format!("pkg: x\n{lines}PASS\nok  \tx\t1s\n")
    };
    let rules = "benchmarks:\n  - {name: \"*dropped/s)\", direction: lower-is-better}\n";
    let workspace = Workspace::empty().file("base.txt", &go(1_000)).file("head.txt", &go(1_001)).file("rules.yml", rules);
    workspace.prompt_cicd(["compare", "base.txt", "head.txt", "--thresholds", "rules.yml"]).run().exits(0).shows("dropped/s");
    // Nor is it a fault of whatever else is counted.
    let all = |frames: u8| {
        json!([{"name": "lint warnings", "unit": "warnings", "value": 0}, {"name": "error rate", "unit": "%", "value": 0},
            {"name": "dropped frames", "unit": "frames", "value": frames}])
    };
    values(&all(3).to_string(), &all(0).to_string(), &[]).exits(0).shows("✓ NO REGRESSION");
}

#[test]
fn one_sample_without_an_answer_does_not_hide_a_regression() {
    let case = |at: u32, state: &str, latency: f64| json!({"suite": "s", "case_id": format!("c{at}"), "state": state, "latency_ms": latency + f64::from(at % 7)});
    let report = |known: serde_json::Value, cases: Vec<serde_json::Value>| json!({"schema_version": 1, "tool": {"name": "prompt-cicd"}, "suites": [{"name": "s", "known_cases": known}], "test_case_results": cases});
    let many = |state: &str, latency: f64| (1..40).map(|at| case(at, state, latency)).collect::<Vec<_>>();
    let with = |first: &str, others: Vec<serde_json::Value>| [vec![case(0, first, 100.0)], others].concat();
    let good = report(json!([]), with("passed", many("passed", 100.0)));
    let bad = report(json!([]), with("error", many("failed", 300.0)));
    let quicker = report(json!([]), with("error", many("passed", 50.0)));
    let rule =
        json!([{"case_id": "c0", "counts": false, "quarantine": {"reason": "x", "until": "2030-01-01", "issue": null}, "flaky": null}]);
    let excused = report(rule, with("error", many("passed", 50.0)));
    let files = [("a.json", good), ("c.json", bad), ("quicker.json", quicker), ("excused.json", excused)];
    let workspace = files.iter().fold(Workspace::empty(), |workspace, (name, file)| workspace.file(name, &file.to_string()));
    let run = |head: &str| workspace.prompt_cicd(["compare", "a.json", head]).run();
    let said = "s: pass rate: on head: 1 of 40 samples have no answer, or were not asked; worse even with those counted in head's favour";
    run("c.json").exits(12).shows("REGRESSED").shows(said).shows("s: latency: on head: 1 of 40");
    run("quicker.json").exits(13).shows("2 unusable").shows("s: latency: on head: 1 of 40 samples have no answer");
    let excused = run("excused.json");
    assert!(!excused.stdout.contains("no answer") && !excused.stdout.contains("unusable"), "{}", excused.stdout);
}

#[test]
fn a_go_run_that_was_killed_is_no_pass() {
    let lines = |more: &str| (0..12).map(|at| format!("BenchmarkA-8 \t 1000\t {}.{more} ns/op\n", 100 + at)).collect::<Vec<_>>().concat();
    let (samples, slower) = (lines("5"), lines("25"));
    let workspace = Workspace::empty()
        .file("base.txt", &format!("goos: linux\npkg: x\n{samples}PASS\nok  \tx\t1s\n"))
        .file("head.txt", &format!("goos: linux\npkg: x\n{slower}BenchmarkB-8 \t"))
        .file("lines.txt", &format!("{slower}BenchmarkB-8 \t"))
        .file("fine.txt", &slower);
    let run = |head: &str| workspace.prompt_cicd(["compare", "base.txt", head]).run();
    run("head.txt").exits(3).says("head.txt:1:1: not read as a result of go: the run did not end");
    run("lines.txt").exits(13).shows("BenchmarkB: on head: its last line has no numbers: the benchmark did not end");
    run("fine.txt").exits(0);
}

#[test]
fn each_row_says_on_which_scale_it_was_judged() {
    let entry = |at: u32, latency: f64, passes: bool| json!({"provider": {"id": "p"}, "prompt": {"label": "q"}, "promptIdx": 0, "success": passes, "latencyMs": latency + f64::from(at % 7)});
    let file = |latency: f64, passing: u32| {
        json!({"evalId": "e", "results": {"results": (0..40).map(|at| entry(at, latency, at < passing)).collect::<Vec<_>>()}}).to_string()
    };
    let workspace = Workspace::empty().file("base.json", &file(100.0, 40)).file("head.json", &file(200.0, 10));
    let run = |more: &[&str]| {
        workspace.prompt_cicd(["compare", "base.json", "head.json"].into_iter().chain(more.iter().copied())).run().exits(12)
    };
    let text = run(&[]).shows("head against base").shows("ratio 1.9").shows("difference -75 points (90 %: ");
    assert!(!text.stdout.contains("ratio, 90 %"), "{}", text.stdout);
    run(&["--alpha", "0.01"]).shows("(98 %: ");
    let rows = run(&["--output", "json"]).json()["benchmarks"].clone();
    let scale = |name: &str| rows.as_array().unwrap().iter().find(|row| row["name"] == name).unwrap()["scale"].clone();
    assert_eq!([scale("p | q: latency"), scale("p | q: pass rate")], [json!("ratio"), json!("difference")]);
}

#[test]
fn what_decided_by_threshold_is_told_as_it_is() {
    let one = |value: f64| list(&[("a", value)]);
    values(&one(1.0), &one(1.01), &[]).exits(0).shows("by threshold only, as neither side has samples to judge by");
    let samples = hyperfine(&(0..12).map(|at| 1.0 + 0.01 * f64::from(at)).collect::<Vec<_>>(), &[]);
    let workspace = Workspace::empty()
        .file("base.json", &samples)
        .file("head.json", &hyperfine(&[1.5], &[]))
        .file("near.json", &hyperfine(&[1.06], &[]));
    let found = workspace.prompt_cicd(["compare", "base.json", "head.json"]).run();
    // The mean that the tool wrote is compared; a side has samples.
    assert!(!found.stdout.contains("neither side"), "{}", found.stdout);
    workspace.prompt_cicd(["compare", "base.json", "near.json"]).run().exits(13).shows("12 and 1 of at least 10 samples");
}

#[test]
fn a_wrong_flag_is_no_matter_of_the_values() {
    let one = list(&[("a", 1.0)]);
    for flag in ["--alpha", "--fail"] {
        let finished = values(&one, &one, &[flag, "7x"]);
        assert!(!finished.stderr.contains("mend the values"), "{}", finished.stderr);
    }
    values(&one, &one, &["--alpha", "2"]).exits(3).says("--alpha: must lie between").says("help: `prompt-cicd compare --help` says");
    values(&one, &one, &["--fail", "x"]).exits(3).says("--fail: not a share").says("help: `prompt-cicd compare --help` says");
    let workspace = Workspace::empty().file("a.json", &one).file("t.yml", "fail: x\n");
    let args = ["compare", "a.json", "a.json", "--format", "customSmallerIsBetter", "--thresholds", "t.yml"];
    let finished = workspace.prompt_cicd(args).run().exits(3).says("compare.md shows a file of thresholds");
    assert!(!finished.stderr.contains("mend the values"), "{}", finished.stderr);
}
