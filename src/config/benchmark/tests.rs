use std::io::Read;

use proptest::prelude::*;

use super::*;

const FILES: [(&str, Tool, &[u8]); 13] = [
    ("pytest", Tool::PytestBenchmark, include_bytes!("../../../tests/data/benchmarks/pytest-benchmark-base.json")),
    ("hyperfine", Tool::Hyperfine, include_bytes!("../../../tests/data/benchmarks/hyperfine-base.json")),
    ("google", Tool::GoogleBenchmark, include_bytes!("../../../tests/data/benchmarks/google-benchmark.json")),
    ("jmh", Tool::Jmh, include_bytes!("../../../tests/data/benchmarks/jmh.json")),
    ("dotnet", Tool::BenchmarkDotNet, include_bytes!("../../../tests/data/benchmarks/benchmarkdotnet.json")),
    ("vitest", Tool::Vitest, include_bytes!("../../../tests/data/benchmarks/vitest.json")),
    ("asv", Tool::Asv, include_bytes!("../../../tests/data/benchmarks/asv.json")),
    ("promptfoo", Tool::Promptfoo, include_bytes!("../../../tests/data/benchmarks/promptfoo.json")),
    ("cargo", Tool::CargoBench, include_bytes!("../../../tests/data/benchmarks/cargo-bench.txt")),
    ("go", Tool::Go, include_bytes!("../../../tests/data/benchmarks/go.txt")),
    ("catch2", Tool::Catch2, include_bytes!("../../../tests/data/benchmarks/catch2.xml")),
    ("bigger", Tool::BiggerIsBetter, include_bytes!("../../../tests/data/benchmarks/custom.json")),
    ("smaller", Tool::SmallerIsBetter, include_bytes!("../../../tests/data/benchmarks/custom.json")),
];

fn of(tool: Tool) -> Vec<Benchmark> {
    let (name, _, bytes) = FILES.into_iter().find(|(_, of, _)| *of == tool).unwrap();
    read(tool, &mut &*bytes, name).unwrap()
}

fn row(benchmark: &Benchmark) -> (&str, &str, Option<f64>, usize) {
    (&benchmark.name, &benchmark.unit, benchmark.mean(), benchmark.samples.seen())
}

#[test]
fn every_file_is_told_by_its_beginning() {
    for (name, tool, bytes) in FILES {
        let expected = (!matches!(tool, Tool::BiggerIsBetter | Tool::SmallerIsBetter)).then_some(tool);
        assert_eq!(detect(bytes), expected, "{name}");
    }
    assert_eq!(detect(b"hello"), None);
    assert_eq!(detect(br#"{"schema_version": 1, "tool": {}}"#), Some(Tool::PromptCicd));
}

#[test]
fn real_files_are_read_with_their_samples() {
    let pytest = of(Tool::PytestBenchmark);
    assert_eq!(pytest.len(), 2);
    assert!(pytest.iter().all(|benchmark| benchmark.samples.seen() == 40 && benchmark.name.starts_with("test_b.py::")), "{pytest:?}");
    let hyperfine = of(Tool::Hyperfine);
    assert_eq!(hyperfine[0].name, "sleep 0.002");
    assert_eq!(hyperfine[0].samples.seen(), 15);
    // The tool's own mean is the mean of its samples.
    for benchmark in pytest.iter().chain(&hyperfine) {
        let (mean, own) = (benchmark.samples.mean().unwrap(), benchmark.value.unwrap());
        assert!((mean - own).abs() < 1e-9 * own, "{benchmark:?}");
    }
    let sample = include_str!("../../../tests/data/benchmarks/criterion-base/sums/plain/new/sample.json");
    let id = include_str!("../../../tests/data/benchmarks/criterion-base/sums/plain/new/benchmark.json");
    let criterion = criterion_benchmark(sample, Some(id), "sample.json", "x").unwrap();
    assert_eq!((criterion.name.as_str(), criterion.samples.seen()), ("sums/plain", 20));
    assert!((100.0..100_000.0).contains(&criterion.mean().unwrap()));
}

#[test]
fn files_of_the_other_tools_are_read() {
    let google = of(Tool::GoogleBenchmark);
    let google: Vec<_> = google.iter().map(row).collect();
    assert_eq!(google, [("BM_Copy/8", "ns", Some(11.0), 3), ("BM_Broken", "ns", None, 0), ("BM_Only", "us", Some(5.5), 0)]);
    let jmh = of(Tool::Jmh);
    assert_eq!(row(&jmh[0]), ("org.sample.B.sort (avgt) [size=100]", "us/op", Some(25.5), 2));
    assert_eq!(jmh.iter().map(|found| found.direction).collect::<Vec<_>>(), [Direction::LowerIsBetter, Direction::HigherIsBetter]);
    let dotnet = of(Tool::BenchmarkDotNet);
    assert_eq!(dotnet.iter().map(row).collect::<Vec<_>>(), [("Demo.Fast", "ns", Some(11.0), 3), ("Demo.Broken", "ns", None, 0)]);
    let vitest = of(Tool::Vitest);
    assert_eq!(row(&vitest[0]), ("sort.bench.ts > sorting > native", "ms", Some(2.0), 3));
    let asv = of(Tool::Asv);
    let expected = [
        ("bench.Suite.peakmem_list", "bytes", Some(1_000_000.0), 0),
        ("bench.Suite.time_keys(10)", "s", Some(0.5), 2),
        ("bench.Suite.time_keys(20)", "s", None, 0),
    ];
    assert_eq!(asv.iter().map(row).collect::<Vec<_>>(), expected);
    let promptfoo = of(Tool::Promptfoo);
    assert_eq!(row(&promptfoo[0]), ("echo | Hello: latency", "ms", Some(10.5), 2));
    assert_eq!((promptfoo[3].name.as_str(), promptfoo[3].samples.seen()), ("echo | Hello: pass rate", 3));
    let cargo = of(Tool::CargoBench);
    assert_eq!(
        cargo.iter().map(row).collect::<Vec<_>>(),
        [("sort::quick", "ns", Some(1_234.56), 0), ("sort::slow", "ns", Some(12_345_678.0), 0)]
    );
    let go = of(Tool::Go);
    assert_eq!(row(&go[0]), ("BenchmarkFib10", "ns/op", Some(330.0), 2));
    assert_eq!((go[2].name.as_str(), go[2].direction), ("BenchmarkCopy/1K (MB/s)", Direction::HigherIsBetter));
    assert_eq!(row(&of(Tool::Catch2)[0]), ("Fibonacci > Fib <20>", "ns", Some(1_234.5), 0));
    let custom = of(Tool::BiggerIsBetter);
    assert_eq!((custom[0].value, custom[0].direction), (Some(1_200.0), Direction::HigherIsBetter));
    assert!(custom[1].value.unwrap().is_nan());
    let own = br#"{"schema_version": 1, "tool": {}, "test_case_results": [
        {"suite": "s", "state": "passed", "latency_ms": 12.5, "cached": false, "origin": "live", "score": 1, "cost_usd": null}]}"#;
    let own = read(Tool::PromptCicd, &mut own.as_slice(), "own").unwrap();
    assert_eq!(
        own.iter().map(row).collect::<Vec<_>>(),
        [("s: latency", "ms", Some(12.5), 1), ("s: score", "share", Some(1.0), 1), ("s: pass rate", "share", Some(1.0), 1)]
    );
}

#[test]
fn a_file_of_another_form_is_named() {
    let (_, _, bytes) = FILES[0];
    let wrong = read(Tool::Jmh, &mut &*bytes, "f").unwrap_err();
    assert!(wrong[0].message.contains("not read as a result of jmh"), "{wrong:?}");
    let nan = read(Tool::Hyperfine, &mut &b"{\"results\": [{\"command\": \"x\", \"mean\": NaN}]}"[..], "f").unwrap_err();
    assert!(nan[0].message.contains("NaN and Infinity are no JSON"), "{nan:?}");
    let none = read(Tool::Go, &mut &b"hello"[..], "f").unwrap_err();
    assert!(none[0].message.contains("it has no benchmark"), "{none:?}");
}

/// A pytest-benchmark file of any length that is never whole in memory.
struct Endless {
    left: usize,
    state: u8,
}

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let piece: &[u8] = match (self.state, self.left) {
            (0, _) => b"{\"benchmarks\": [{\"name\": \"b\", \"stats\": {\"mean\": 0.125, \"data\": [0.125",
            (1, 1..) => b", 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125",
            (1, 0) => b"]}}]}",
            _ => return Ok(0),
        };
        match (self.state, self.left) {
            (1, 1..) => self.left -= 1,
            _ => self.state += 1,
        }
        buffer[..piece.len()].copy_from_slice(piece);
        Ok(piece.len())
    }
}

#[test]
fn more_samples_than_are_kept_are_streamed() {
    let found = read(Tool::PytestBenchmark, &mut Endless { left: 20_000, state: 0 }, "endless").unwrap();
    assert_eq!((found[0].samples.seen(), found[0].samples.values().len()), (320_001, crate::domain::benchmark::samples::MOST_KEPT));
}

#[test]
fn thresholds_are_read_and_checked_at_once() {
    let text = "warn: 5 %\nfail: 0.1\nmissing: fail\nbenchmarks:\n  - {name: 'parse*', fail: 50%, direction: higher-is-better}\n";
    let (found, places) = thresholds::read(text, "t.yml").unwrap();
    assert_eq!(places[0].to_string(), "t.yml:5:12");
    assert_eq!((found.warn, found.fail, found.missing_fails), (5.0, 10.0, true));
    assert_eq!((found.rules[0].fail, found.rules[0].direction), (Some(50.0), Some(Direction::HigherIsBetter)));
    let wrong =
        thresholds::read("warn: 30%\nfail: 20%\nmissing: no\nbenchmarks: [{name: a, direction: up, fail: -1}]", "t.yml").unwrap_err();
    assert_eq!(wrong.len(), 4, "{wrong:?}");
    // What only one of both says is not held against a default.
    let (found, _) = thresholds::read("fail: 5 %", "t.yml").unwrap();
    assert_eq!((found.warn, found.fail), (5.0, 5.0));
}

#[test]
fn a_misspelt_threshold_is_told_with_its_place_and_what_was_meant() {
    let said = |text: &str| {
        let wrong = thresholds::read(text, "t.yml").unwrap_err();
        wrong.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    let found = said("fail: 20 %\nwran: 5 %\nbenchmarks:\n  - name: a\n    direktion: up\n  - name: b\n    direction: higher-is-beter\n");
    for expected in [
        "t.yml:2:1: wran: unknown key `wran`\n  help: did you mean `warn`?",
        "t.yml:5:5: benchmarks[0].direktion: unknown key `direktion`\n  help: did you mean `direction`?",
        "t.yml:7:16: benchmarks[1].direction: unknown direction `higher-is-beter`\n  help: did you mean `higher-is-better`?",
    ] {
        assert!(found.contains(expected), "{expected}\n{found}");
    }
    assert!(said("missing: fial").contains("did you mean `fail`?"));
}

#[test]
fn one_name_for_two_benchmarks_is_refused_and_names_are_kept_apart_where_they_can_be() {
    let twice =
        br#"[{"name": "a", "unit": "s", "value": 1}, {"name": "a", "unit": "s", "value": 2}, {"name": "b", "unit": "s", "value": 2}]"#;
    let wrong = read(Tool::SmallerIsBetter, &mut twice.as_slice(), "f.json").unwrap_err();
    assert_eq!(wrong.len(), 1);
    assert!(wrong[0].to_string().contains("the name `a` stands for 2 benchmarks"), "{wrong:?}");
    let packages = b"pkg: x/one\nBenchmarkA-8 1 5 ns/op\nPASS\npkg: x/two\nBenchmarkA-8 1 9 ns/op\nPASS\n";
    let found = read(Tool::Go, &mut packages.as_slice(), "go.txt").unwrap();
    assert_eq!(
        found.iter().map(row).collect::<Vec<_>>(),
        [("x/one.BenchmarkA", "ns/op", Some(5.0), 1), ("x/two.BenchmarkA", "ns/op", Some(9.0), 1)]
    );
    let jobs = br#"{"Benchmarks": [{"FullName": "D.F", "DisplayInfo": "D.F: Job-A", "Statistics": {"Mean": 1}},
        {"FullName": "D.F", "DisplayInfo": "D.F: Job-B", "Statistics": {"Mean": 2}}]}"#;
    let found = read(Tool::BenchmarkDotNet, &mut jobs.as_slice(), "f").unwrap();
    assert_eq!(found.iter().map(|found| found.name.as_str()).collect::<Vec<_>>(), ["D.F: Job-A", "D.F: Job-B"]);
    let long = "x".repeat(90);
    let entry = |end: &str, index: u8| {
        format!(r#"{{"provider": {{"id": "p"}}, "prompt": {{"label": "{long}{end}"}}, "promptIdx": {index}, "success": true}}"#)
    };
    let prompts = format!(r#"{{"results": {{"results": [{}, {}]}}}}"#, entry("a", 0), entry("b", 1));
    let found = read(Tool::Promptfoo, &mut prompts.as_bytes(), "f").unwrap();
    assert!(found.len() == 2 && found[0].name.contains("#0: pass rate") && found[1].name.contains("#1: pass rate"), "{found:?}");
}

proptest! {
    // More by PROPTEST_CASES.
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.max(2_000), ..ProptestConfig::default() })]

    #[test]
    fn no_mutated_file_panics(file in 0usize..FILES.len(), edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12), cut: prop::sample::Index) {
        let (name, tool, bytes) = FILES[file];
        let mut bytes = bytes.to_vec();
        for (place, byte) in edits {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        if cut.index(3) == 0 {
            bytes.truncate(cut.index(bytes.len()));
        }
        drop((detect(&bytes), read(tool, &mut bytes.as_slice(), name)));
    }
}
