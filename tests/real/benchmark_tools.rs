//! Every reader on what its tool writes today: `tests/services/benchmark-tools/run.sh` measures a toy twice, base and then head,
//! where one benchmark does ten times the work.

use std::{path::PathBuf, process::Command};

use serde_json::Value;

/// The file, what its tool is called, and how many samples of a benchmark it carries at least.
const FILES: [(&str, &str, u64); 10] = [
    ("pytest-benchmark.json", "pytest-benchmark", 30),
    ("asv.json", "asv", 10),
    ("hyperfine.json", "hyperfine", 20),
    ("google-benchmark.json", "google-benchmark", 12),
    ("catch2.xml", "catch2", 0),
    ("go.txt", "go", 12),
    ("criterion", "criterion", 20),
    ("cargo-bench.txt", "cargo-bench", 0),
    ("vitest.json", "vitest", 0),
    ("promptfoo.json", "promptfoo", 12),
];

#[test]
fn what_every_tool_writes_is_read_and_compared() {
    let folder: PathBuf = std::env::var_os("PROMPT_CICD_REAL_BENCHMARK_TOOLS")
        .unwrap_or_else(|| panic!("PROMPT_CICD_REAL_BENCHMARK_TOOLS is not set: run scripts/test, or tests/services/benchmark-tools"))
        .into();
    for (file, tool, samples) in FILES {
        let output = Command::new(env!("CARGO_BIN_EXE_prompt-cicd"))
            .arg("compare")
            .args([folder.join("base").join(file), folder.join("head").join(file)])
            .args(["--output", "json"])
            .output()
            .unwrap();
        let (said, wrong) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        let found: Value = serde_json::from_str(&said).unwrap_or_else(|_| panic!("{file}: {wrong}"));
        assert_eq!((&found["base_format"], &found["head_format"]), (&Value::from(tool), &Value::from(tool)), "{file}");
        let rows = found["benchmarks"].as_array().unwrap();
        let named = |name: &str| rows.iter().filter(|row| row["name"].as_str().unwrap().to_lowercase().contains(name)).collect::<Vec<_>>();
        let (slower, same) = (named("slower"), named("same"));
        assert!(!slower.is_empty() && !same.is_empty(), "{file}: {said}");
        // The others of a tool measure what did not change: allocations, cost, scores.
        let times = slower.iter().filter(|row| row["change_pct"].as_f64().is_some_and(|change| change > 50.0)).count();
        println!("{tool}: {} benchmarks, exit {:?}, {times} slower, {}", rows.len(), output.status.code(), slower[0]);
        assert!(times > 0, "{file}: {said}");
        assert_eq!(output.status.code(), Some(12), "{file}: {said}");
        for side in ["base", "head"] {
            assert!(slower[0]["samples"][side].as_u64().unwrap() >= samples, "{file}: fewer than {samples} samples: {}", slower[0]);
        }
    }
}
