//! Blue-green, rolling, a canary of one's own, and what must be said before a rollout may begin or go on.

use serde_json::{Value, json};

use crate::support::rollout::Stage;

const BASE: &str = "version: 1
providers: {say: {kind: echo}}
suites:
  - {name: smoke, prompt: prompts/greeting.prompt.yml, provider: say, cases: [{vars: {name: Ana}, assert: [{contains: Hello}]}]}
store: {kind: directory, path: state}
metric-sources:
  numbers: {kind: file, path: numbers.json}
";

/// `rollouts:` with these keys, and latency as its metric.
fn rollouts(keys: &str) -> String {
    format!(
        "rollouts:\n  {keys}\n  health:\n    interval: 100ms\n    metrics:\n      - {{name: latency, source: numbers, query: \
         '/{{{{version}}}}/latency', direction: lower-is-better, bound: 800}}\n"
    )
}

/// One environment, 1.0.0 stable there, 2.0.0 in the file.
fn production(targets: &[&str], more: &str, keys: &str) -> Stage {
    let listed: Vec<String> = targets.iter().map(|name| format!("  {name}: {{kind: flagd, path: {name}.json}}\n")).collect();
    let environment = format!("environments:\n  production: {{targets: [{}]{more}}}\n", targets.join(", "));
    let listed = listed.concat();
    let stage = Stage::of(&format!("{BASE}targets:\n{listed}{environment}{}", rollouts(keys)));
    let approved: &[&str] = if more.contains("approval") { &["--approved-by", "ben"] } else { &[] };
    stage.rollout("start", approved.iter().copied()).exits(0);
    stage.version("2.0.0");
    stage
}

/// What each target shows of 2.0.0, in percent.
fn shares(stage: &Stage) -> Vec<String> {
    let of = |target: &Value| {
        let text = target["shows"].as_str().unwrap();
        text.split(", ")
            .find_map(|part| part.strip_prefix("2.0.0 ")?.strip_suffix(" %").map(str::to_owned))
            .unwrap_or_else(|| "0".to_owned())
    };
    stage.status()["targets"].as_array().unwrap().iter().map(of).collect()
}

fn says(stage: &Stage, text: &str) {
    let prompt = format!("name: greeting\nversion: 2.0.0\nmessages:\n  - {{role: user, content: \"{text} {{{{name}}}}\"}}\n");
    stage.workspace.write("prompts/greeting.prompt.yml", prompt.as_bytes());
}

#[test]
fn blue_green_is_prepared_tried_switched_watched_and_retired() {
    let stage = production(&["flags"], "", "strategy: blue-green\n  smoke: smoke\n  watch: 300ms");
    // At 0 % nobody can measure the candidate, and nobody asks to.
    stage.workspace.write("numbers.json", json!({"1.0.0": {"latency": 500}}).to_string().as_bytes());
    stage.rollout("start", []).exits(0).shows("progressing at stage 1 of 2 (0 %)");
    assert_eq!(shares(&stage), ["0"]);
    assert!(stage.workspace.read("flags.json").contains("\"2.0.0\""), "the candidate is prepared beside the stable version");
    for order in [vec!["promote"], vec!["promote", "--full"], vec!["set", "100"], vec!["complete"]] {
        stage.rollout(order[0], order[1..].iter().copied()).exits(20).says("the suite `smoke` has not passed yet");
    }
    stage.numbers(500.0, 500.0);
    stage.rollout("step", []).exits(0).shows("stage 2 of 2 (100 %)");
    assert_eq!(shares(&stage), ["100"]);
    let list = || stage.call(["registry", "list", "greeting"]).exits(0).stdout;
    assert!(list().contains("production candidate") && list().contains("production stable"), "the old one is kept: {}", list());
    let run = stage.rollout("run", ["--format", "json"]).exits(0).json();
    assert_eq!((run["status"].as_str(), run["stable_version"].as_str()), (Some("completed"), Some("2.0.0")));
    assert!(list().contains("production retired"), "{}", list());
}

#[test]
fn blue_green_goes_back_at_once_while_it_is_watched() {
    let stage = production(&["flags"], "", "strategy: blue-green\n  smoke: smoke\n  watch: 10m");
    stage.rollout("start", []).exits(0);
    stage.rollout("step", []).exits(0);
    assert_eq!(shares(&stage), ["100"]);
    stage.numbers(500.0, 900.0);
    let back = stage.rollout("run", ["--format", "json"]).exits(22).json();
    assert_eq!((back["phase"].as_str(), back["stable_version"].as_str()), (Some("rolled-back"), Some("1.0.0")));
    assert_eq!(shares(&stage), ["0"]);
}

#[test]
fn a_suite_that_fails_lets_nobody_see_the_candidate_and_does_not_storm() {
    let stage = production(&["flags"], "", "strategy: blue-green\n  smoke: smoke");
    says(&stage, "Goodbye");
    stage.rollout("start", []).exits(0);
    stage.rollout("step", []).exits(22).shows("the suite `smoke` failed");
    assert_eq!(shares(&stage), ["0"]);
    stage.rollout("retry", []).exits(0);
    stage.rollout("step", []).exits(21).shows("too many automatic rollbacks");
    assert_eq!(stage.status()["epoch"], 1, "the second one was left to people");
}

#[test]
fn rolling_goes_target_by_target() {
    let stage = production(&["eu", "us", "asia"], "", "strategy: rolling\n  stage-duration: 0s");
    stage.rollout("plan", []).exits(0).shows("1. 100 % on eu from").shows("3. 100 % on eu, us, asia");
    stage.rollout("start", []).exits(0);
    assert_eq!(shares(&stage), ["100", "0", "0"]);
    stage.rollout("set", ["50", "--force"]).exits(20).says("goes target by target");
    stage.rollout("promote", []).exits(20).says("is not known yet");
    stage.rollout("run", []).exits(0);
    assert_eq!(shares(&stage), ["100", "100", "100"]);
    assert_eq!(stage.status()["status"], "completed");
}

#[test]
fn rolling_takes_every_target_back_and_stops_at_one_that_is_down() {
    let stage = production(&["eu", "us", "asia"], "", "strategy: rolling\n  stage-duration: 10m");
    stage.rollout("start", []).exits(0);
    stage.rollout("step", []).exits(0);
    stage.rollout("promote", []).exits(0);
    assert_eq!(shares(&stage), ["100", "100", "0"]);
    stage.numbers(500.0, 900.0);
    stage.rollout("run", []).exits(22);
    assert_eq!(shares(&stage), ["0", "0", "0"]);
    let stage = production(&["eu", "us", "asia"], "", "strategy: rolling\n  stage-duration: 0s");
    stage.rollout("start", []).exits(0);
    std::fs::remove_file(stage.workspace.path().join("us.json")).unwrap();
    std::fs::create_dir(stage.workspace.path().join("us.json")).unwrap();
    let code = stage.rollout("step", []).code;
    assert!([21, 30, 31].contains(&code), "{code}");
    let after = stage.status();
    assert_eq!((after["targets"][2]["shows"].as_str(), after["status"].as_str()), (Some("1.0.0 100 %"), Some("in_progress")), "{after}");
}

#[test]
fn one_environment_after_another() {
    let config = format!(
        "{BASE}targets:\n  a: {{kind: flagd, path: a.json}}\n  b: {{kind: flagd, path: b.json}}\nenvironments:\n  staging: {{targets: [a]}}\n  \
         production: {{targets: [b], promote-from: staging, approval: true}}\n{}",
        rollouts("stages: [100]")
    );
    let stage = Stage::of(&config);
    for environment in ["staging", "production"] {
        stage.rollout("start", ["-e", environment, "--approved-by", "ben"]).exits(0);
    }
    stage.version("2.0.0");
    stage.rollout("start", ["-e", "production", "--approved-by", "ben"]).exits(20).says("staging");
    stage.rollout("start", ["-e", "staging"]).exits(0);
    stage.rollout("start", ["-e", "production"]).exits(20).says("only with an approval").says("start --approved-by NAME");
    stage.rollout("start", ["-e", "production", "--approved-by", " "]).exits(20).says("only with an approval");
    let started = stage.rollout("start", ["-e", "production", "--approved-by", "ben", "--format", "json"]).exits(0).json();
    assert_eq!((started["status"].as_str(), started["current_percentage"].as_u64()), (Some("completed"), Some(100)));
}

#[test]
fn what_waits_for_an_approval_goes_on_with_one_and_not_without() {
    let keys = "steps: [{set-weight: 10}, {approval: {}}, {set-weight: 50}, {pause: {}}, {set-weight: 100}]";
    let stage = production(&["flags"], "", keys);
    stage.rollout("plan", []).exits(0).shows("1. 10 % from 0 s on; then somebody approves").shows("a person resumes it");
    for change in [["--stages", "10,100"], ["--initial", "20"], ["--strategy", "rolling"]] {
        stage.rollout("start", change).exits(20).says("asks for an approval, and other stages would leave it out");
    }
    stage.rollout("start", []).exits(0);
    for order in [vec!["set", "100", "--force"], vec!["set", "11", "--force"], vec!["complete", "--skip-final-checks"]] {
        stage.rollout(order[0], order[1..].iter().copied()).exits(20).says("left only with an approval: say whose with --approved-by");
    }
    stage.rollout("step", []).exits(21).shows("waiting for an approval");
    stage.rollout("step", []).exits(21);
    stage.rollout("resume", []).exits(20).says("say whose with --approved-by");
    assert_eq!(shares(&stage), ["10"]);
    stage.rollout("resume", ["--approved-by", "ben"]).exits(0);
    assert_eq!(shares(&stage), ["50"]);
    stage.rollout("run", []).exits(21).shows("waiting for a person");
    stage.rollout("resume", []).exits(0);
    assert_eq!(stage.status()["status"], "completed");
    let log = stage.call(["audit", "show", "--format", "json"]).exits(0).stdout;
    assert!(log.contains("\"approved_by\": \"ben\"") || log.contains("\"approved_by\":\"ben\""), "{log}");
}

#[test]
fn any_growing_list_that_ends_at_everything() {
    let keys = "stage-duration: 0s";
    for (list, expected) in
        [("100", vec![100]), ("1,2,3,99,100", vec![1, 2, 3, 99, 100]), ("5,10,25,50,75,100", vec![5, 10, 25, 50, 75, 100])]
    {
        let stage = production(&["flags"], "", keys);
        let mut seen: Vec<u64> = Vec::new();
        stage.rollout("start", ["--stages", list]).exits(0);
        while stage.status()["status"] == "in_progress" {
            seen.push(stage.status()["current_percentage"].as_u64().unwrap());
            stage.rollout("set", ["--force", &expected[seen.len().min(expected.len() - 1)].to_string()]).exits(0);
            assert!(seen.len() <= expected.len(), "{seen:?}");
        }
        seen.push(stage.status()["current_percentage"].as_u64().unwrap());
        assert_eq!(seen, expected);
    }
    let stage = production(&["flags"], "", keys);
    for list in ["50", "10,10,100", "100,10", "0,100"] {
        stage.rollout("start", ["--stages", list]).exits(20);
    }
    stage.rollout("start", ["--stages", "10,101"]).exits(2).says("is no share");
    stage.rollout("start", ["--stages", "10,100", "--strategy", "rolling"]).exits(20).says("shares of a canary");
    stage.rollout("start", ["--initial", "7", "--stages", "10,100"]).exits(0);
    assert_eq!(stage.status()["stages"], json!([7, 10, 100]));
}

#[test]
fn promoting_completing_trying_again_and_what_was() {
    let stage = production(&["flags"], "", "stage-duration: 10m");
    stage.rollout("start", []).exits(0);
    stage.rollout("promote", ["--full"]).exits(20).says("is not known yet");
    stage.rollout("step", []).exits(0);
    stage.rollout("promote", ["--full"]).exits(0);
    assert_eq!((stage.status()["status"].as_str(), shares(&stage)), (Some("completed"), vec!["100".to_owned()]));
    stage.rollout("retry", []).exits(20).says("completed");
    stage.rollout("complete", []).exits(20).says("the rollout is completed");
    stage.version("3.0.0");
    stage.rollout("start", []).exits(0);
    stage.rollout("set", ["25"]).exits(20).says("is not known yet");
    stage.rollout("set", ["26", "--force"]).exits(0);
    assert_eq!(stage.status()["current_percentage"], 26);
    stage.rollout("abort", ["--reason", "wrong day"]).exits(0);
    stage.rollout("retry", []).exits(0).shows("2.0.0 -> 3.0.0");
    stage.rollout("step", []).exits(0);
    stage.rollout("complete", []).exits(0);
    let text = stage.rollout("history", []).exits(0).stdout;
    let lines: Vec<&str> = text.lines().filter(|line| line.starts_with("production.greeting.")).collect();
    let expected = [
        "production.greeting.4 2.0.0 -> 3.0.0: completed",
        "production.greeting.3 2.0.0 -> 3.0.0: failed",
        "production.greeting.2 1.0.0 -> 2.0.0: completed",
        "production.greeting.1 1.0.0 -> 1.0.0: completed",
    ];
    assert!(lines.len() == 4 && lines.iter().zip(expected).all(|(line, expected)| line.starts_with(expected)), "{text}");
    let value = stage.rollout("history", ["--format", "json", "--limit", "1"]).exits(0).json();
    assert_eq!((value["rollouts"].as_array().unwrap().len(), value["rollouts"][0]["reason"].as_str()), (1, Some("wrong day")), "{value}");
    assert!(value["events"].as_array().unwrap().iter().any(|event| event["event"] == "complete"), "{value}");
    let plan = stage.rollout("plan", ["--format", "json"]).exits(0).json();
    assert_eq!(plan["plan"]["stages"].as_array().unwrap().len(), 4, "{plan}");
}
