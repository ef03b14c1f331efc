//! Runs that failed: whatever numbers they wrote, nothing passes by them.

use super::*;

fn read_text(tool: Tool, text: &str) -> Result<Vec<Benchmark>, String> {
    read(tool, &mut text.as_bytes(), "f").map_err(|wrong| wrong.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
}

/// Names with what went wrong.
fn faults(tool: Tool, text: &str) -> Vec<(String, Option<String>)> {
    read_text(tool, text).unwrap().into_iter().map(|found| (found.name, found.fault)).collect()
}

/// Names with the samples that they lack.
fn gaps(tool: Tool, text: &str) -> Vec<(String, Option<String>)> {
    read_text(tool, text).unwrap().into_iter().map(|found| (found.name, found.gaps.map(|gaps| gaps.why))).collect()
}

fn fault(name: &str, why: &str) -> (String, Option<String>) {
    (name.to_owned(), Some(why.to_owned()))
}

fn fine(name: &str) -> (String, Option<String>) {
    (name.to_owned(), None)
}

#[test]
fn hyperfine_runs_that_ended_with_a_code() {
    let text = r#"{"results": [
        {"command": "a", "mean": 1, "times": [1, 1.1, 0.9], "exit_codes": [0, 2, null]},
        {"command": "b", "mean": 1, "times": [1], "exit_codes": [null]},
        {"command": "c", "mean": 1, "times": [1], "exit_codes": [0]},
        {"command": "d", "mean": 1, "times": [1]}]}"#;
    let expected = [
        fault("a", "2 of 3 runs failed, the first of them with code 2"),
        fault("b", "1 of 1 runs failed, the first of them with a signal"),
        fine("c"),
        fine("d"),
    ];
    assert_eq!(faults(Tool::Hyperfine, text), expected);
}

#[test]
fn libtest_benchmarks_that_failed() {
    let text = "running 2 tests\ntest a ... bench:   1 ns/iter (+/- 0)\ntest b ... FAILED\n\ntest result: FAILED. 0 passed; 1 failed\n";
    assert_eq!(faults(Tool::CargoBench, text), [fine("a"), fault("b", "the benchmark failed")]);
    assert_eq!(detect(b"running 1 test\ntest b ... FAILED\n"), Some(Tool::CargoBench));
    let unnamed = "running 1 test\ntest a ... bench: 1 ns/iter (+/- 0)\ntest result: FAILED. 0 passed; 1 failed\n";
    let wrong = read_text(Tool::CargoBench, unnamed).unwrap_err();
    assert!(wrong.contains("f:3:1") && wrong.contains("does not say which benchmark"), "{wrong}");
    // One crate whose run was cut off, before another one that ended.
    let cut =
        "running 2 tests\ntest a ... bench: 1 ns/iter (+/- 0)\nrunning 1 test\ntest b ... bench: 1 ns/iter (+/- 0)\ntest result: ok.\n";
    let wrong = read_text(Tool::CargoBench, cut).unwrap_err();
    assert!(wrong.contains("f:1:1") && wrong.contains("the run did not end"), "{wrong}");
    assert!(read_text(Tool::CargoBench, "running 1 test\ntest a ... bench: 1 ns/iter (+/- 0)\n").is_err());
}

#[test]
fn go_benchmarks_and_packages_that_failed() {
    let named = "pkg: x\nBenchmarkA-8 10 5 ns/op 3 B/op\nBenchmarkA/sub-8 10 5 ns/op\nBenchmarkAB-8 10 5 ns/op\nBenchmarkB-8 \t--- FAIL: BenchmarkB-8\n    b_test.go:3: no\n\
                 --- FAIL: BenchmarkA\nFAIL\nexit status 1\nFAIL\tx\t0.1s\nFAIL\n";
    let failed = "the benchmark failed";
    let expected = [
        fault("BenchmarkA", failed),
        fault("BenchmarkA (B/op)", failed),
        fault("BenchmarkA/sub", failed),
        fine("BenchmarkAB"),
        fault("BenchmarkB", failed),
    ];
    assert_eq!(faults(Tool::Go, named), expected);
    for (text, said) in [
        (
            "pkg: x\nBenchmarkA-8 10 5 ns/op\nPASS\nok  \tx\t1s\nFAIL\ty [build failed]\nFAIL\n",
            "f:5:1: not read as a result of go: the package `y [build failed]` failed",
        ),
        (
            "pkg: x\nBenchmarkA-8 10 5 ns/op\npanic: runtime error\n",
            "f:3:1: not read as a result of go: the run failed: `panic: runtime error`",
        ),
        ("BenchmarkA-8 10 5 ns/op\nFAIL\n", "f:2:1: not read as a result of go: the run failed: `FAIL`"),
        ("BenchmarkA-8 10 5 ns/op\n--- FAIL: TestX (0.00s)\nFAIL\n", "`TestX` failed"),
    ] {
        let wrong = read_text(Tool::Go, text).unwrap_err();
        assert!(wrong.contains(said), "{said}\n{wrong}");
    }
}

#[test]
fn go_runs_that_were_killed_in_the_middle() {
    let did_not_end = "its last line has no numbers: the benchmark did not end";
    let samples = "BenchmarkA-8 10 5 ns/op\n".repeat(12);
    for (text, at) in [
        (format!("goos: linux\ngoarch: amd64\npkg: x\n{samples}BenchmarkB-8 \t"), "f:1:1"),
        (format!("pkg: x\n{samples}"), "f:1:1"),
        (format!("pkg: x\nPASS\nok  \tx\t1s\npkg: y\n{samples}"), "f:4:1"),
        (format!("pkg: x\n{samples}pkg: y\n{samples}PASS\nok  \ty\t1s\n"), "f:1:1"),
    ] {
        let wrong = read_text(Tool::Go, &text).unwrap_err();
        assert!(wrong.contains(at) && wrong.contains("the run did not end"), "{wrong}");
    }
    // Lines alone, as `grep` leaves them, have no frame to go by.
    assert_eq!(faults(Tool::Go, &samples), [fine("BenchmarkA")]);
    for begun in ["BenchmarkB-8 \t", "BenchmarkB-8   \tsome words\n", "BenchmarkB-8", "BenchmarkB-8 \t 100\t", "BenchmarkB-8\t100\t5"] {
        assert_eq!(faults(Tool::Go, &format!("{samples}{begun}")), [fine("BenchmarkA"), fault("BenchmarkB", did_not_end)], "{begun}");
    }
    assert_eq!(faults(Tool::Go, &format!("{samples}BenchmarkA-8 \t")), [fault("BenchmarkA", did_not_end)], "its last repetition");
    // With -v the names come first, and those of benchmarks that only have others within them.
    let verbose =
        "pkg: x\n=== RUN   BenchmarkA\nBenchmarkA\nBenchmarkA/one\nBenchmarkA/one-8 10 5 ns/op\nBenchmarks of today\nBenchmarking\nPASS\n";
    assert_eq!(faults(Tool::Go, verbose), [fine("BenchmarkA/one")]);
}

#[test]
fn google_repetitions_that_failed_or_were_skipped() {
    let text = r#"{"context": {}, "benchmarks": [
        {"name": "a", "run_name": "a", "run_type": "iteration", "real_time": 5, "time_unit": "ns"},
        {"name": "a", "run_name": "a", "run_type": "iteration", "error_occurred": true, "error_message": "no file"},
        {"name": "b", "run_name": "b", "run_type": "iteration", "skipped": true, "skip_message": "no GPU", "real_time": 0},
        {"name": "c", "run_name": "c", "run_type": "iteration", "real_time": 5},
        {"name": "c", "run_name": "c", "run_type": "iteration"}]}"#;
    let expected = [fault("a", "the benchmark failed: no file"), fault("b", "the benchmark was skipped: no GPU"), fine("c")];
    assert_eq!(faults(Tool::GoogleBenchmark, text), expected);
    assert!(read_text(Tool::GoogleBenchmark, text).unwrap()[2].samples.is_unusable(), "a repetition without a number");
}

#[test]
fn catch2_benchmarks_that_threw_and_cases_that_failed() {
    let case =
        |inner: &str, success: bool| format!(r#"<Catch><TestCase name="t">{inner}<OverallResult success="{success}"/></TestCase></Catch>"#);
    let one = r#"<BenchmarkResults name="a"><mean value="5"/></BenchmarkResults>"#;
    let threw = r#"<BenchmarkResults name="b"><failed message="boom"/></BenchmarkResults>"#;
    assert_eq!(faults(Tool::Catch2, &case(&format!("{one}{threw}"), true)), [fine("t > a"), fault("t > b", "the benchmark failed: boom")]);
    assert_eq!(faults(Tool::Catch2, &case(one, false)), [fault("t > a", "the test case `t` failed")]);
    let wrong = read_text(Tool::Catch2, &case("", false)).unwrap_err();
    assert!(wrong.contains("the test case `t` failed before it had a benchmark"), "{wrong}");
    let wrong = read_text(Tool::Catch2, &format!(r#"<Catch><TestCase name="t">{one}<BenchmarkResults name="b">"#)).unwrap_err();
    assert!(wrong.contains("ends in the middle"), "{wrong}");
}

#[test]
fn what_has_no_result_says_so() {
    let vitest = r#"{"files": [{"filepath": "x", "groups": [{"fullName": "g", "benchmarks": [
        {"name": "a", "mean": 1}, {"name": "b", "mean": 1, "error": {"message": "boom"}}, {"name": "c", "rank": 0, "samples": []}]}]}]}"#;
    assert_eq!(faults(Tool::Vitest, vitest), [fine("g > a"), fault("g > b", "the task failed with an error"), fine("g > c")]);
    assert_eq!(read_text(Tool::Vitest, vitest).unwrap()[2].mean(), None);
    let asv = r#"{"env_name": "e", "result_columns": ["result", "params", "samples"], "results": {
        "s.time_a": [[0.5, null], [["1", "2"]], [[0.4, null], null]], "s.time_b": [null, [["1", "2"]]]}}"#;
    let null = "its result is `null`: the benchmark failed";
    let expected = [fine("s.time_a(1)"), fault("s.time_a(2)", null), fault("s.time_b(1)", null), fault("s.time_b(2)", null)];
    assert_eq!(faults(Tool::Asv, asv), expected);
    assert!(read_text(Tool::Asv, asv).unwrap()[0].samples.is_unusable(), "a sample that is `null`");
    // As Python writes it, which is no JSON: what was skipped.
    let bare = r#"{"env_name": "NaN", "result_columns": ["result", "params", "samples"], "results": {
        "s.time_a": [[0.5, NaN], [["1", "2"]], [[0.4, NaN], null]], "s.time_b": [NaN], "s.track_c": [[-Infinity]], "s.time_d": NaN}}"#;
    let (skipped, endless) =
        ("its result is `NaN`: the benchmark was skipped, or gave no number", "its result is `-Infinity`, which is no measurement");
    let expected = [
        fine("s.time_a(1)"),
        fault("s.time_a(2)", skipped),
        fault("s.time_b", skipped),
        fault("s.time_d", skipped),
        fault("s.track_c", endless),
    ];
    assert_eq!(faults(Tool::Asv, bare), expected);
    assert!(read_text(Tool::Asv, bare).unwrap()[0].samples.is_unusable(), "a sample that is `NaN`");
    assert!(read_text(Tool::Asv, &bare.replace("NaN]", "Nan]")).is_err());
    let dotnet = r#"{"HostEnvironmentInfo": {}, "Benchmarks": [{"FullName": "D.F", "Statistics": null}]}"#;
    assert_eq!(faults(Tool::BenchmarkDotNet, dotnet), [fault("D.F", "it has no statistics: the benchmark failed")]);
    let jmh = r#"[{"benchmark": "b", "mode": "avgt", "primaryMetric": {"score": "NaN", "scoreUnit": "s/op", "rawData": [["NaN"]]}}]"#;
    let found = read_text(Tool::Jmh, jmh).unwrap();
    assert!(found[0].value.unwrap().is_nan() && found[0].samples.is_unusable(), "{found:?}");
    let pytest = r#"{"machine_info": {}, "benchmarks": [{"name": "b", "stats": {"mean": null, "data": []}}]}"#;
    assert_eq!(read_text(Tool::PytestBenchmark, pytest).unwrap()[0].mean(), None);
}

#[test]
fn promptfoo_errors_are_no_failures() {
    let entry = |index: u8, more: &str| format!(r#"{{"provider": {{"id": "p"}}, "promptIdx": {index}, "latencyMs": 5, {more}}}"#);
    let entries = [
        entry(0, r#""success": true, "failureReason": 0"#),
        entry(0, r#""success": false, "failureReason": 2, "error": "429 Too Many Requests""#),
        // An assertion that failed: its reason is called an error, too.
        entry(1, r#""success": false, "failureReason": 1, "error": "Expected output to contain x", "gradingResult": {"pass": false}"#),
        // Older: nobody says why, but nothing was graded.
        entry(2, r#""success": false, "error": "API error: 500""#),
        entry(3, r#""success": false, "error": "No output", "failureReason": 0"#),
        entry(4, r#""success": false, "error": "Expected x", "gradingResult": {"pass": false}"#),
    ];
    let found = gaps(Tool::Promptfoo, &format!(r#"{{"evalId": "e", "results": {{"results": [{}]}}}}"#, entries.join(",")));
    let why = |name: &str| found.iter().find(|(found, _)| found == name).unwrap_or_else(|| panic!("{name}: {found:?}")).1.as_deref();
    assert_eq!(why("p | prompt 0: latency"), Some("1 of 2 tests ended with an error: 429 Too Many Requests"));
    assert_eq!(why("p | prompt 1: pass rate"), None);
    assert_eq!(why("p | prompt 2: pass rate"), Some("1 of 1 tests ended with an error: API error: 500"));
    assert_eq!(why("p | prompt 3: pass rate"), Some("1 of 1 tests ended with an error: No output"));
    assert_eq!(why("p | prompt 4: pass rate"), None);
}

#[test]
fn our_own_samples_without_an_answer() {
    let text = r#"{"schema_version": 1, "tool": {}, "test_case_results": [
        {"suite": "s", "state": "passed", "latency_ms": 12.5}, {"suite": "s", "state": "error"}, {"suite": "s", "state": "not-run"},
        {"suite": "t", "state": "failed", "latency_ms": 1}]}"#;
    let found = gaps(Tool::PromptCicd, text);
    assert_eq!(found[0], fault("s: latency", "2 of 3 samples have no answer, or were not asked"));
    assert!(found.iter().filter(|(name, _)| name.starts_with("t:")).all(|(_, gap)| gap.is_none()), "{found:?}");
    assert_eq!(read_text(Tool::PromptCicd, text).unwrap()[0].gaps.as_ref().unwrap().samples, 2);
    // Nobody counts on a case in quarantine; on a flaky one they do.
    let known = r#"{"schema_version": 1, "suites": [{"name": "s", "known_cases": [
        {"case_id": "a", "quarantine": {"reason": "x"}}, {"case_id": "b", "quarantine": null}]}, {"name": "t"}], "test_case_results": [
        {"suite": "s", "case_id": "a", "state": "error"}, {"suite": "s", "case_id": "c", "state": "passed"}, "MORE"]}"#;
    let with = |more: &str| gaps(Tool::PromptCicd, &known.replace("\"MORE\"", more))[0].1.clone();
    assert_eq!(with(r#"{"suite": "s", "case_id": "c", "state": "failed"}"#), None);
    for other in [r#"{"suite": "s", "case_id": "b", "state": "error"}"#, r#"{"suite": "s", "case_id": "c", "state": "not-run"}"#] {
        assert_eq!(with(other).as_deref(), Some("1 of 2 samples have no answer, or were not asked"));
    }
}

#[test]
fn a_criterion_benchmark_without_samples_did_not_end() {
    let found = criterion_interrupted(Some(r#"{"full_id": "g/f"}"#), "g/f/new/sample.json", "x").unwrap();
    assert_eq!((found.name.as_str(), found.fault.as_deref()), ("g/f", Some("new/sample.json is not there: the benchmark did not end")));
    assert!(criterion_benchmark(r#"{"iters": [1], "times": [1]}"#, Some("{"), "f", "x").is_err(), "half a file beside it");
}
