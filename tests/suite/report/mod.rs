use std::process::Command;

use serde_json::Value;

use crate::support::{Behaviour, FakeModel, Workspace, numbered_cases};

/// Half of the cases pass, over two suites, three repeats each.
fn workspace() -> Workspace {
    let workspace = Workspace::greeting().file("cases/greeting.jsonl", &numbered_cases(30));
    let suite = "  - name: other\n    prompt: prompts/greeting.prompt.yml\n    provider: model\n    repeat: 3\n    min-pass-rate: 0.1\n    cases: cases/greeting.jsonl\n    defaults:\n      assert:\n        - contains: \"1\"\n";
    let config = workspace.read("prompt-cicd.yml") + suite;
    workspace.file("prompt-cicd.yml", &config)
}

fn shards(workspace: &Workspace, total: usize, args: &[&str]) -> Vec<String> {
    let files: Vec<String> = (1..=total).map(|index| format!("shards/{index}-of-{total}.json")).collect();
    for (index, file) in files.iter().enumerate() {
        let (shard, report) = (format!("{}/{total}", index + 1), format!("shard={file}"));
        let finished = workspace.prompt_cicd([&["test", "--shard", &shard, "--report", &report, "--no-fail"], args].concat()).run();
        assert_eq!(finished.code, 0, "{finished:?}");
    }
    files
}

fn merged(workspace: &Workspace, files: &[String]) -> Value {
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    workspace.prompt_cicd([&["report", "merge", "--format", "json", "--no-fail"], files.as_slice()].concat()).run().exits(0).json()
}

/// A report without what a clock or the machine says.
fn without_measurements(mut report: Value) -> String {
    fn strip(value: &mut Value) {
        const MEASURED: [&str; 10] = [
            "started_at",
            "total_execution_time",
            "average_test_time",
            "memory_usage_mb",
            "cpu_usage_percent",
            "queue_ms",
            "execution_time",
            "warnings",
            "latency_ms",
            "duration_s",
        ];
        match value {
            Value::Object(map) => {
                map.retain(|key, _| !MEASURED.contains(&key.as_str()));
                map.values_mut().for_each(strip);
            }
            Value::Array(items) => items.iter_mut().for_each(strip),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    strip(&mut report);
    report.to_string()
}

#[test]
fn any_number_of_shards_gives_the_report_of_one_run() {
    let workspace = workspace();
    let whole = workspace.prompt_cicd(["test", "--format", "json", "--no-fail"]).run().json();
    assert_eq!(whole["total_tests"], 120);
    assert!(whole["failed_tests"].as_u64().unwrap() > 10 && whole["passed_tests"].as_u64().unwrap() > 30);
    let whole = without_measurements(whole);
    for total in [1, 3, 8] {
        let mut files = shards(&workspace, total, &[]);
        assert_eq!(without_measurements(merged(&workspace, &files)), whole, "{total} shards");
        let first = merged(&workspace, &files).to_string();
        files.reverse();
        assert_eq!(merged(&workspace, &files).to_string(), first, "the order of the files does not count");
    }
}

#[test]
fn the_merged_run_decides() {
    let workspace = workspace();
    let files = shards(&workspace, 2, &[]);
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    let args = [&["report", "merge", "--report", "junit=junit.xml"], files.as_slice()].concat();
    workspace.prompt_cicd(args).run().exits(0).shows("120 samples");
    assert!(workspace.read("junit.xml").contains("<testsuites"));
    let strict = workspace.read("prompt-cicd.yml").replace("min-pass-rate: 0.1", "min-pass-rate: 0.9");
    let workspace = workspace.file("prompt-cicd.yml", &strict);
    let files = shards(&workspace, 2, &[]);
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    workspace.prompt_cicd([&["report", "merge"], files.as_slice()].concat()).run().exits(10);
}

#[test]
fn the_merged_run_writes_every_report_that_one_machine_writes() {
    let hidden = "{\"id\": \"odd\", \"vars\": {\"name\": \"A\\u200bna\"}}\n";
    let workspace = workspace().file("cases/greeting.jsonl", &(numbered_cases(30) + hidden));
    let whole = ["test", "--no-fail", "--report", "sarif=one.sarif", "--report", "junit=one.xml"];
    workspace.prompt_cicd(whole).run().exits(0);
    let files = shards(&workspace, 3, &[]);
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    let merge = ["report", "merge", "--no-fail", "--report", "sarif=three.sarif", "--report", "junit=three.xml"];
    workspace.prompt_cicd([merge.as_slice(), files.as_slice()].concat()).run().exits(0);
    let sarif: Value = serde_json::from_str(&workspace.read("one.sarif")).unwrap();
    assert!(!sarif["runs"][0]["results"].as_array().unwrap().is_empty(), "{sarif}");
    assert_eq!(workspace.read("three.sarif"), workspace.read("one.sarif"));
    let cases = |file: &str| workspace.read(file).matches("<testcase ").count();
    assert_eq!((cases("three.xml"), cases("one.xml")), (cases("one.xml"), 124));
    let again = [&["report", "merge", "--report", "shard=x.json"], files.as_slice()].concat();
    workspace.prompt_cicd(again).run().exits(2).says("a merged run is no shard");
}

#[test]
fn shards_without_a_case_are_fine() {
    let workspace = Workspace::greeting();
    let files = shards(&workspace, 8, &[]);
    assert_eq!(merged(&workspace, &files)["passed_tests"], 2);
}

#[test]
fn what_is_no_whole_run_is_refused() {
    let workspace = workspace();
    let files = shards(&workspace, 3, &[]);
    let merge = |files: &[&str]| workspace.prompt_cicd([&["report", "merge"], files].concat()).run();
    let [one, two, three] = [&files[0], &files[1], &files[2]].map(String::as_str);
    merge(&[one, three]).exits(3).says("shard 2/3 is missing").says("nothing was merged");
    merge(&[one, two, three, two]).exits(3).says("shards/2-of-3.json: shard 2/3 a second time");
    merge(&["shards"]).exits(0);
    workspace.write("empty/none.txt", b"");
    merge(&["empty"]).exits(3).says("no shard of a run is in this folder");
    merge(&["prompt-cicd.yml"]).exits(3).says("no shard of a run");
    merge(&["nowhere.json"]).exits(3);
    let args = ["report", "merge", "--report", "json=shards/1-of-3.json", one, two, three];
    workspace.prompt_cicd(args).run().exits(3).says("this command reads it");
    // A shard with other flags, and one of a configuration that has changed since.
    workspace.prompt_cicd(["test", "--shard", "2/3", "--repeat", "2", "--report", "shard=odd.json", "--no-fail"]).run().exits(0);
    merge(&[one, "odd.json", three]).exits(3).says("odd.json: made with other prompts, cases or flags");
    let changed = workspace.read("prompt-cicd.yml") + "\n# changed\n";
    workspace.write("prompt-cicd.yml", changed.as_bytes());
    merge(&[one, two, three]).exits(3).says("another configuration file than this one");
}

#[test]
fn outages_and_budgets_survive_the_merge() {
    let model = FakeModel::start(Behaviour::Status(404, "{}"));
    let workspace = Workspace::asking(&model.base_url());
    for shard in ["1/2", "2/2"] {
        let report = format!("shard={}.json", &shard[..1]);
        workspace.prompt_cicd(["test", "--shard", shard, "--report", &report]).run();
    }
    workspace.prompt_cicd(["report", "merge", "1.json", "2.json"]).run().exits(31);
}

#[test]
fn what_is_no_shard_is_a_usage_error() {
    for wrong in ["0/3", "4/3", "x", "1/1000"] {
        Workspace::greeting().prompt_cicd(["test", "--shard", wrong]).run().exits(2).says("like 2/8");
    }
}

/// A quarantine holds in the merged run as in one that is not spread, whichever shard has the case.
#[test]
fn a_quarantine_survives_the_merge() {
    let rules: Vec<String> = [3, 4, 5, 17]
        .iter()
        .map(|number| format!("  - {{prompt: greeting, case: c{number}, until: 2099-01-01, reason: \"known since {number}\"}}\n"))
        .collect();
    let cases: Vec<String> = (0..30)
        .map(|number| {
            let said = if [3, 4, 5, 17].contains(&number) { "nobody" } else { "Hello" };
            format!("{{\"id\": \"c{number}\", \"vars\": {{\"name\": \"N{number}\"}}, \"assert\": [{{\"contains\": \"{said}\"}}]}}\n")
        })
        .collect();
    let workspace = Workspace::greeting().file("cases/greeting.jsonl", &cases.concat());
    let config = workspace.read("prompt-cicd.yml") + "quarantine:\n" + &rules.concat();
    let workspace = workspace.file("prompt-cicd.yml", &config);
    let whole = workspace.prompt_cicd(["test", "--format", "json"]).run().exits(0).json();
    assert_eq!((&whole["failed_tests"], &whole["verdict"]), (&4.into(), &"passed".into()));
    for total in [2, 8, 40] {
        let files = shards(&workspace, total, &[]);
        let together = merged(&workspace, &files);
        assert_eq!((&together["warnings"], &together["verdict"]), (&whole["warnings"], &"passed".into()), "{total} shards");
        assert_eq!(without_measurements(together), without_measurements(whole.clone()), "{total} shards");
    }
}

#[test]
fn what_a_part_cannot_do_is_refused_or_said() {
    let workspace = workspace();
    for flag in ["--baseline", "--confirm=2", "--record-history", "--issues"] {
        workspace
            .prompt_cicd(["test", "--shard", "1/2", flag])
            .run()
            .exits(2)
            .says("cannot be used with")
            .says(flag.split('=').next().unwrap());
    }
    let config = workspace.read("prompt-cicd.yml");
    let adaptive = config.replace("repeat: 3", "repeat: {min: 2, max: 6}");
    workspace.write("prompt-cicd.yml", adaptive.as_bytes());
    workspace.prompt_cicd(["test", "--shard", "1/2"]).run().exits(3).says("repeats until it is decided").says("--repeat N");
    // A configuration that records every run: the part is not recorded, and that is said.
    workspace.write("prompt-cicd.yml", (config + "history: {record: always}\n").as_bytes());
    let finished = workspace.prompt_cicd(["test", "--shard", "1/2", "--no-fail"]).run().exits(0);
    finished.says("the history is not recorded: a shard is a part of a run");
}

/// Commits everything that is here.
fn commit(workspace: &Workspace, message: &str) {
    let settings = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"];
    for args in [&["init", "--quiet"][..], &["add", "."], &["commit", "--quiet", "-m", message]] {
        let output = Command::new("git").args(settings).args(args).current_dir(workspace.path()).output().unwrap();
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

/// A pull request brings shards that passed once: a check that merges what lies about would pass with them.
#[test]
fn shards_of_another_commit_are_refused_though_they_fit_one_another() {
    let workspace = workspace();
    commit(&workspace, "one");
    let files = shards(&workspace, 2, &[]);
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    let merge = [&["report", "merge"], files.as_slice()].concat();
    workspace.prompt_cicd(merge.iter().copied()).run().exits(0);
    commit(&workspace, "the results of another run");
    let refused = workspace.prompt_cicd(merge.iter().copied()).run().exits(3);
    refused.says("shards/1-of-2.json: of another commit: ").says("is checked out here").says("nothing was merged");
    // Without git's folder it is the job's own commit that counts.
    std::fs::remove_dir_all(workspace.path().join(".git")).unwrap();
    workspace.prompt_cicd(merge.iter().copied()).run().exits(3).says("and none is checked out here");
}
