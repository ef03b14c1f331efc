use std::{
    fmt::Write as _,
    fs::File,
    io::Read as _,
    process::{Command, Stdio},
};

use serde_json::Value;

use crate::support::Workspace;

/// A case that a run does not hold costs less; one that it holds costs more than 4,000 bytes.
const BYTES_PER_CASE: u64 = 1_500;

/// So many cases of the greeting, of about 500 bytes each.
fn workspace(cases: usize) -> Workspace {
    let filler = "as reviews go, this one goes on for a while; ".repeat(10);
    let mut lines = String::new();
    for number in 0..cases {
        writeln!(lines, "{{\"id\": \"c{number}\", \"vars\": {{\"name\": \"N{number} {filler}\"}}}}").unwrap();
    }
    Workspace::greeting().file("cases/greeting.jsonl", &lines)
}

/// The most memory that a run had resident, in bytes, every report but the last one written.
fn peak(workspace: &Workspace) -> u64 {
    let pipe = workspace.path().join("last.md");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let reports = ["json=run.json", "junit=run.xml", "html=run.html", "shard=run.shard", "markdown=last.md"];
    let args = reports.iter().flat_map(|report| ["--report", report]);
    let mut command = Command::new(env!("CARGO_BIN_EXE_prompt-cicd"));
    command.arg("test").args(args).current_dir(workspace.path()).env_clear().stdin(Stdio::null()).stdout(Stdio::null());
    let mut child = command.spawn().unwrap();
    // Opens once the program wants to write the last report, and waits for somebody to read it.
    let mut last = File::open(&pipe).unwrap();
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    last.read_to_end(&mut Vec::new()).unwrap();
    assert!(child.wait().unwrap().success());
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

#[test]
#[cfg(target_os = "linux")]
fn more_cases_take_little_more_memory() {
    let (few, many) = (12_000, 32_000);
    let (less, more) = (peak(&workspace(few)), peak(&workspace(many)));
    let each = more.saturating_sub(less) / (many - few) as u64;
    assert!(each < BYTES_PER_CASE, "{each} bytes for each case more: {less} bytes for {few} cases, {more} for {many}");
}

/// Minutes in a debug build: part of `LONG=1 scripts/test`.
#[test]
#[ignore = "takes minutes; LONG=1 scripts/test runs it"]
#[cfg(target_os = "linux")]
fn a_million_cases_take_less_than_500_mb() {
    let lines: Vec<String> =
        (0..1_000_000).map(|number| format!("{{\"id\": \"case-{number}\", \"vars\": {{\"name\": \"{number}\"}}}}\n")).collect();
    let workspace = Workspace::greeting().file("cases/greeting.jsonl", &lines.concat());
    let most = peak(&workspace);
    println!("{} MB at the peak", most / 1_000_000);
    assert!(most < 500_000_000, "{most} bytes");
}

#[test]
fn a_long_run_keeps_all_numbers_and_the_first_texts() {
    let workspace = workspace(12_000);
    let args = ["test", "--report", "json=run.json", "--report", "junit=run.xml", "--report", "html=run.html", "--report", "shard=1.json"];
    workspace.prompt_cicd(args).run().exits(0).shows("PASSED").shows("warning: more than 10000 samples");
    let whole: Value = serde_json::from_str(&workspace.read("run.json")).unwrap();
    let samples = whole["test_case_results"].as_array().unwrap();
    assert_eq!(samples.len(), 12_000);
    let texts = samples.iter().map(|sample| (sample["output"].is_string(), sample["input"] != serde_json::json!({})));
    assert!(texts.enumerate().all(|(index, (output, input))| output == input && output == (index < 10_000)));
    assert!(samples.iter().all(|sample| sample["latency_ms"].is_number() && sample["assertions"][0]["passed"] == true));
    let junit = workspace.read("run.xml");
    assert_eq!(junit.matches("<testcase ").count(), 10_000);
    assert!(junit.contains("tests=\"12000\"") && junit.contains("name=\"samples-not-listed\" value=\"2000\""));
    assert!(workspace.read("run.html").contains("more samples are not on this page"));
    // The same samples in the order of the cases, whatever number of machines asked them.
    let mut merge = vec!["report", "merge", "--format", "json"];
    let shards = ["1/3", "2/3", "3/3"].map(|shard| (shard, format!("shard=of{}.json", &shard[..1])));
    for (shard, report) in &shards {
        workspace.prompt_cicd(["test", "--shard", shard, "--report", report]).run().exits(0);
    }
    merge.extend(shards.iter().filter_map(|(_, report)| report.strip_prefix("shard=")));
    let merged = workspace.prompt_cicd(merge).run().exits(0).json();
    let plain = |report: &Value| -> Vec<Value> {
        let mut samples = report["test_case_results"].as_array().unwrap().clone();
        for measured in ["execution_time", "latency_ms", "queue_ms"] {
            for sample in &mut samples {
                sample.as_object_mut().unwrap().remove(measured);
            }
        }
        samples
    };
    assert_eq!(plain(&merged), plain(&whole));
    assert_eq!(merged["warnings"], whole["warnings"]);
}

#[test]
fn what_is_wrong_in_a_large_file_is_said_up_to_a_bound() {
    let workspace = workspace(12_000);
    let good = workspace.read("cases/greeting.jsonl");
    let twice = format!("{good}{{\"id\": \"c7\", \"vars\": {{\"name\": \"N\"}}}}\n");
    workspace.write("cases/greeting.jsonl", twice.as_bytes());
    workspace.prompt_cicd(["test"]).run().exits(3).says("jsonl:12001").says("a second case has the id `c7`").says("jsonl:8");
    let broken = format!("{good}{}", "not JSON\n".repeat(130));
    workspace.write("cases/greeting.jsonl", broken.as_bytes());
    let finished = workspace.prompt_cicd(["test"]).run().exits(3).says("jsonl:12001:").says("and 30 more problems in this file");
    assert_eq!(finished.stderr.matches("not JSON:").count(), 100);
    workspace.write("cases/greeting.jsonl", format!("{good}\n{{\"id\": \"last\", \"vars\": {{}}}}\n").as_bytes());
    workspace.prompt_cicd(["test"]).run().exits(3).says("`name`").says("case `last`");
}

#[test]
fn ids_that_come_twice_are_found_however_many_there_are() {
    for cases in [1_500, 6_000] {
        let workspace = workspace(cases);
        let once = workspace.read("cases/greeting.jsonl");
        workspace.write("cases/greeting.jsonl", once.repeat(2).as_bytes());
        workspace.prompt_cicd(["test"]).run().exits(3).says("a second case has the id");
    }
}

#[test]
fn a_large_table_is_read_row_by_row() {
    let filler = "so \"\"many\"\"\nwords, ".repeat(25);
    let rows = (0..12_000).map(|number| format!("r{number},\"{number} {filler}\"\n")).collect::<Vec<_>>().concat();
    let config = Workspace::greeting().read("prompt-cicd.yml").replace("greeting.jsonl", "greeting.csv");
    let workspace = Workspace::greeting().file("prompt-cicd.yml", &config).file("cases/greeting.csv", &format!("\u{feff}id,name\n{rows}"));
    assert!(workspace.read("cases/greeting.csv").len() > 4 * 1024 * 1024);
    workspace.prompt_cicd(["test", "--filter", "r11999$"]).run().exits(0).shows("1 of 1 sample passed");
    let ragged = format!("id,name\n{rows}odd\n");
    workspace.write("cases/greeting.csv", ragged.as_bytes());
    workspace.prompt_cicd(["test"]).run().exits(3).says("this row has 1 field, the header has 2");
}
