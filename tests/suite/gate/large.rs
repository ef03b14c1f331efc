//! Files that are too large, and files that would take many times their size in memory.

use std::{
    fs::File,
    io::{BufWriter, Read as _, Write as _},
    process::{Command, Stdio},
};

use serde_json::Value;

use super::gated;
use crate::support::Workspace;

/// One gate reads the file; the others make a report that no pipe takes at once, so that its writer waits.
fn rules() -> String {
    let others = (0..400).map(|number| format!("    other{number}: {{file: nowhere.xml, measure: tests, above: 0, on-fail: warn}}\n"));
    format!("  rules:\n    security: {{file: security.sarif, measure: findings, at-most: 0}}\n{}", others.collect::<String>())
}

/// A SARIF file of so many copies of a chunk of results.
fn sarif(chunk: &str, copies: usize) -> Workspace {
    let workspace = gated(&rules());
    let mut file = BufWriter::new(File::create(workspace.path().join("security.sarif")).unwrap());
    file.write_all(b"{\"version\": \"2.1.0\", \"runs\": [{\"tool\": {\"driver\": {\"name\": \"huge\"}}, \"results\": [").unwrap();
    for _ in 0..copies {
        file.write_all(chunk.as_bytes()).unwrap();
    }
    file.write_all(b"{\"kind\": \"pass\"}]}]}").unwrap();
    file.flush().unwrap();
    workspace
}

/// The exit code of `gate`, that gate of its report, and the most memory that it had resident, in bytes.
fn judged(workspace: &Workspace) -> (i32, Value, u64) {
    let pipe = workspace.path().join("gates.json");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let mut command = Command::new(env!("CARGO_BIN_EXE_prompt-cicd"));
    command.args(["gate", "--save", "gates.json"]).current_dir(workspace.path()).env_clear();
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
    // Opens once the gates are judged, and waits for somebody to read.
    let mut saved = File::open(&pipe).unwrap();
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let mut text = String::new();
    saved.read_to_string(&mut text).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let peak = line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024;
    let mut report: Value = serde_json::from_str(&text).unwrap();
    let gate = report["gates"].as_array_mut().unwrap().iter_mut().find(|gate| gate["name"] == "security").unwrap().take();
    (child.wait().unwrap().code().unwrap(), gate, peak)
}

#[test]
#[cfg(target_os = "linux")]
fn a_sarif_of_200_mb_closes_its_gate_with_its_name_and_is_not_held_in_memory() {
    // Every result is suppressed: who read it all would find nothing that counts.
    let result = format!("{{\"ruleId\": \"r\", \"message\": {{\"text\": \"{}\"}}, \"suppressions\": [{{}}]}},\n", "x".repeat(1_000));
    let (code, gate, huge) = judged(&sarif(&result.repeat(1_000), 200));
    assert_eq!((code, gate["status"].as_str(), gate["value"].is_null()), (13, Some("failed"), true), "{gate}");
    let said = gate["reason"].as_str().unwrap();
    assert!(said.contains("security.sarif: 21") && said.contains("bytes, more than the 67108864 allowed here"), "{said}");
    assert!(said.ends_with("have the tool write a summary, or only what counts"), "{said}");
    let (code, _, small) = judged(&sarif(&result, 1));
    assert_eq!(code, 0);
    assert!(huge < small + 20_000_000, "{huge} bytes at the peak, {small} for one result");
}

#[test]
#[cfg(target_os = "linux")]
fn many_small_results_take_no_more_memory_than_their_text() {
    let (chunk, copies) = ("{\"level\":\"note\"},".repeat(1_000), 300);
    let (code, gate, many) = judged(&sarif(&chunk, copies));
    assert_eq!((code, gate["value"].as_f64()), (13, Some(300_000.0)), "{gate}");
    let (_, _, few) = judged(&sarif("{\"level\":\"note\"},", 1));
    let text = u64::try_from(chunk.len() * copies).unwrap();
    assert!(many < few + 3 * text, "{many} bytes at the peak for {text} bytes of text, {few} for one result");
}
