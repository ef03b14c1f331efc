use serde_json::Value;

/// The file, what its tool is called, the samples of a benchmark that it carries, and how many benchmarks there are.
const FILES: [(&str, &str, u64, usize); 10] = [
    ("pytest-benchmark.json", "pytest-benchmark", 30, 2),
    ("asv.json", "asv", 12, 4),
    ("hyperfine.json", "hyperfine", 20, 2),
    ("google-benchmark.json", "google-benchmark", 12, 2),
    ("catch2.xml", "catch2", 0, 2),
    ("go.txt", "go", 12, 6),
    ("criterion", "criterion", 20, 2),
    ("cargo-bench.txt", "cargo-bench", 0, 2),
    ("vitest.json", "vitest", 0, 2),
    ("promptfoo.json", "promptfoo", 12, 8),
];

/// Written by the real tools (`tests/services/benchmark-tools/run.sh`): `slower` does ten times as much on head.
#[test]
fn what_the_tools_wrote_is_read_and_compared() {
    let folder = crate::docs::root().join("tests/data/benchmarks/written");
    for (file, tool, samples, benchmarks) in FILES {
        let (base, head) = (folder.join("base").join(file), folder.join("head").join(file));
        let found = super::compare(&[base.to_str().unwrap(), head.to_str().unwrap(), "--output", "json"]).exits(12).json();
        assert_eq!((&found["base_format"], &found["head_format"]), (&Value::from(tool), &Value::from(tool)), "{file}");
        let rows = found["benchmarks"].as_array().unwrap();
        assert_eq!(rows.len(), benchmarks, "{file}: {found:#}");
        let slower = rows.iter().find(|row| row["name"].as_str().unwrap().to_lowercase().contains("slower") && row["status"] == "failed");
        let slower = slower.unwrap_or_else(|| panic!("{file}: {found:#}"));
        assert!(slower["change_pct"].as_f64().unwrap() > 400.0, "{file}: {slower}");
        for side in ["base", "head"] {
            assert!(slower["samples"][side].as_u64().unwrap() >= samples, "{file}: {slower}");
        }
        // A result against itself says nothing.
        super::compare(&[base.to_str().unwrap(), base.to_str().unwrap()]).exits(13);
    }
}
