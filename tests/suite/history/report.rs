use crate::{
    monitor::Prometheus,
    support::{
        PromptCicd,
        github::{FakeGitHub, State},
        rollout::Stage,
    },
};

const CONFIG: &str = "version: 1
providers: {say: {kind: echo}}
suites:
  - {name: greeting, prompt: prompts/greeting.prompt.yml, provider: say, cases: [{vars: {name: Ana}, assert: [{contains: Ana}]}]}
store: {kind: directory, path: state}
targets:
  flags: {kind: flagd, path: flags.json}
metric-sources:
  numbers: {kind: file, path: numbers.json}
  prom: {kind: prometheus, url: \"URL\"}
environments:
  production: {targets: [flags]}
rollouts:
  stages: [10, 100]
  stage-duration: 0s
  health:
    interval: 10ms
    metrics:
      - {name: latency, source: numbers, query: '/{{version}}/latency', direction: lower-is-better, bound: 800}
monitor:
  metrics:
    - {name: p95, source: prom, query: p95, direction: lower-is-better, critical: 900}
    - {name: errors, source: prom, query: 5xx, direction: lower-is-better, critical: 0.05}
";

fn step(stage: &Stage, github: &FakeGitHub) -> PromptCicd {
    stage.workspace.write("summary", b"");
    let (api, token) = (github.api_url(), github.state().token);
    let summary = stage.workspace.path().join("summary").to_str().unwrap().to_owned();
    let mut call = stage.workspace.prompt_cicd(["history", "report", "greeting", "--environment", "production", "--issue"]);
    for (name, value) in [
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_API_URL", api.as_str()),
        ("GITHUB_SERVER_URL", "https://github.com"),
        ("GITHUB_REPOSITORY", "octo/prompts"),
        ("GITHUB_TOKEN", token),
        ("GITHUB_STEP_SUMMARY", &summary),
    ] {
        call = call.env(name, value);
    }
    call
}

#[test]
fn the_last_days_are_in_one_issue_with_trends_and_delivery() {
    let prometheus = Prometheus::start(&[("p95", "480"), ("5xx", "0.001")]);
    let rising: Vec<f64> = (0..168).map(|hour| f64::from(hour).mul_add(1.2, 280.0)).collect();
    prometheus.ranges("p95", rising);
    let stage = Stage::of(&CONFIG.replace("URL", &prometheus.host.url));
    stage.rollout("start", []).exits(0);
    stage.version("2.0.0");
    stage.rollout("start", []).exits(0);
    stage.rollout("run", []).exits(0);
    stage.call(["rollback", "greeting", "--yes"]).exits(0);
    stage.call(["test", "--record-history"]).exits(0);
    let github = FakeGitHub::start(State::new());

    // A metric that gets worse is what the report is for, and no failure of it.
    step(&stage, &github).run().exits(0).says("the issue about the last days was opened").shows("change failure rate");
    let body = {
        let there = github.state();
        assert_eq!((there.issues.len(), there.issues[0].title.as_str()), (1, "Report of greeting in production"));
        assert_eq!(there.issues[0].labels, ["report"]);
        there.issues[0].body.clone()
    };
    assert!(body.contains("greeting in production, the 7 days to "), "{body}");
    assert!(body.contains("| change failure rate | 50.0 % | 1 failed of 2 ended | unknown |"), "{body}");
    let row = body.lines().find(|line| line.starts_with("| p95 |")).unwrap();
    assert!(row.contains("degraded") && row.contains("480") && row.contains('█'), "{row}");
    assert!(body.contains("### Cases\n\n1 unknown"), "{body}");
    assert_eq!(stage.workspace.read("summary").trim(), body.split_once('\n').unwrap().1.trim(), "the same in the summary");

    prometheus.shows(&[("p95", "300")]);
    step(&stage, &github).run().exits(0).says("the issue about the last days was updated");
    assert_eq!(github.state().issues.len(), 1);
    let json = stage.call(["history", "report", "--days", "1", "--format", "json"]).exits(0).json();
    assert_eq!((json["days"].as_u64(), json["delivery"].as_array().map(Vec::len)), (Some(1), Some(2)), "{json}");
    assert_eq!(json["metrics"]["metrics"][0]["trend"]["course"], "rising", "{json}");
    github.finish();
}

#[test]
fn what_cannot_be_asked_is_said_and_is_no_success() {
    let prometheus = Prometheus::start(&[("p95", "480"), ("5xx", "nothing")]);
    let stage = Stage::of(&CONFIG.replace("URL", &prometheus.host.url));
    let report = ["history", "report", "greeting", "--environment", "production"];
    stage.call(report).exits(30).shows("errors").shows("change failure rate   unknown").shows("cases: no run is recorded");
    prometheus.shows(&[("5xx", "0.001")]);
    stage.call(report).exits(0);
    drop(prometheus);
    stage.call(report).exits(30).shows("inconclusive");
    let without = CONFIG.split("monitor:").next().unwrap().replace("URL", "http://127.0.0.1:9");
    Stage::of(&without).call(report).exits(0).shows("the configuration has no `monitor.metrics`");
    let named = CONFIG.replace("query: p95", "query: 'p95{v=\"{{version}}\"}'").replace("URL", "http://127.0.0.1:9");
    Stage::of(&named).call(report).exits(3).says("say what it is with --prompt-version");
    stage.call(["history", "report", "--days", "0"]).exits(2);
}

#[test]
fn a_token_that_may_not_write_issues_is_said_and_changes_nothing() {
    let prometheus = Prometheus::start(&[("p95", "480"), ("5xx", "0.001")]);
    let stage = Stage::of(&CONFIG.replace("URL", &prometheus.host.url));
    let mut denying = State::new();
    denying.denied.insert("issues=write");
    let github = FakeGitHub::start(denying);
    step(&stage, &github).run().exits(0).says("warning: the issue with the report").says("issues");
    assert!(stage.workspace.read("summary").contains("### Delivery"));
}
