//! The workflows, carried out: parsed as they are, every condition, input and output worked out by GitHub's own evaluator, our steps run
//! by the binary, against a GitHub with a state. `PROMPT_CICD_REAL_EXPRESSIONS` is where `tests/services/validators` installed it;
//! with `PROMPT_CICD_IMAGE` our steps are the container's.

/// Actions of others.
mod actions;
/// Rollouts, rollbacks, monitoring: each path through them.
mod deliveries;
/// GitHub's evaluator.
mod expressions;
/// Pull requests, gates, releases.
mod proposals;
/// Groups of runs.
mod queue;
/// Who calls whom, which jobs run.
mod runner;
/// What `init` writes.
mod starts;
/// The steps of a job.
mod step;
/// One story from a worse prompt to a post-mortem.
mod story;
/// A repository, GitHub, and an application's flags.
mod world;

use serde_json::{Value, json};
use world::World;

const CONFIG: &str = "version: 1
providers: {say: {kind: echo}}
suites:
  - name: greeting
    prompt: prompts/greeting.prompt.yml
    provider: say
    cases: cases/greeting.jsonl
    defaults: {assert: [{contains: \"{{name}}\"}]}
targets:
  flags: {kind: flagd, url: \"FLAGS\", flag: \"{{prompt}}-{{environment}}\"}
metric-sources:
  METRICS
environments:
  staging: {targets: [flags], rollouts: {stages: [100]}}
  production: {targets: [flags], promote-from: staging}
rollouts:
  stages: [10, 100]
  stage-duration: HOLD
  rollback: {watch: {duration: 2s, interval: 500ms}}
  health:
    interval: INTERVAL
    metrics:
      - {name: latency, source: numbers, query: 'QUERY', direction: lower-is-better, bound: 800, guardrail: 5000}
monitor:
  metrics:
    - {name: p95, source: numbers, query: 'P95', direction: lower-is-better, warning: 800, critical: 900}
    - {name: errors, source: numbers, query: 'ERRORS', direction: lower-is-better, critical: 0.05}
notifications:
  incidents: {kind: github-issue, events: [rollback-finished, rollback-failed, rollback-unhealthy]}
github: {deployments: true}
release: {changelog: CHANGELOG.md}
";

fn prompt(version: &str, text: &str) -> String {
    format!("name: greeting\nversion: {version}\nmessages:\n  - {{role: user, content: \"{text}\"}}\n")
}

/// A repository with a prompt 1.0.0, twelve cases, and the workflows that `init` writes; numbers of health are at an address.
fn world(hold: &str, interval: &str) -> World {
    let world = World::new();
    let config = CONFIG
        .replace("FLAGS", &world.flags_url)
        .replace("METRICS", &format!("numbers: {{kind: http-json, url: \"{}\"}}", world.numbers_url))
        .replace("HOLD", hold)
        .replace("INTERVAL", interval)
        .replace("QUERY", "/{{version}}/latency")
        .replace("P95", "/p95")
        .replace("ERRORS", "/errors");
    world.write("prompt-cicd.yml", &config);
    let cases: Vec<String> =
        (1..=12).map(|number| format!("{{\"id\": \"c{number}\", \"vars\": {{\"name\": \"Name{number}\"}}}}\n")).collect();
    world.write("cases/greeting.jsonl", &cases.concat());
    world.write("prompts/greeting.prompt.yml", &prompt("1.0.0", "Hello {{name}}!"));
    numbers(&world, 500.0, 0.001);
    world.commit("feat: greet");
    world
}

/// What health is, of every version and in production.
fn numbers(world: &World, latency: f64, errors: f64) {
    let version = json!({"latency": latency});
    let all = json!({"1.0.0": version, "2.0.0": version, "3.0.0": version, "p95": latency, "errors": errors});
    *world.numbers.lock().unwrap() = Some(all);
}

/// The share in percent that the application gives a version in an environment, by the flag's own rule.
fn share(world: &World, environment: &str, version: &str) -> String {
    let flag = &world.flag()["flags"][format!("greeting-{environment}")];
    let arms = flag["targeting"]["if"][1]["fractional"].as_array();
    let arm = |arm: &Value| (arm[0] == version).then(|| arm[1].to_string());
    match arms.map(|arms| arms.iter().find_map(arm).unwrap_or_else(|| "0".to_owned())) {
        Some(share) => share,
        None if flag["defaultVariant"] == version => "100".to_owned(),
        None => "0".to_owned(),
    }
}
