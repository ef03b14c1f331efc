//! The compiled binary with flag file, MLflow, HAProxy and Prometheus together: what a rollout changes, and how long it takes.
#![expect(clippy::print_stdout, reason = "the figures are what it is run for")]

use std::{
    fs,
    path::Path,
    process::{Command, Output},
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::targets::{backend, push, variable};

struct Folder(tempfile::TempDir);

impl Folder {
    fn new(config: &str) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        fs::write(folder.0.path().join("prompt-cicd.yml"), config).unwrap();
        folder
    }

    fn version(&self, number: &str) {
        let text =
            format!("name: speed\nversion: {number}\nmessages:\n  - {{role: user, content: \"Hello {{{{name}}}}, this is {number}\"}}\n");
        fs::write(self.0.path().join("speed.prompt.yml"), text).unwrap();
    }

    fn call(&self, args: &[&str]) -> (Output, Duration) {
        let started = Instant::now();
        let output = Command::new(env!("CARGO_BIN_EXE_prompt-cicd")).current_dir(self.0.path()).args(args).output().unwrap();
        (output, started.elapsed())
    }

    fn done(&self, args: &[&str]) -> (Value, Duration) {
        let (output, took) = self.call(args);
        let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{args:?}: {:?}\n{stdout}\n{stderr}", output.status);
        (serde_json::from_str(&stdout).unwrap_or_default(), took)
    }
}

const BASE: &str = "version: 1
providers: {say: {kind: echo}}
suites:
  - {name: speed, prompt: speed.prompt.yml, provider: say, cases: [{vars: {name: Ana}, assert: [{contains: Ana}]}]}
store: {kind: directory, path: state}
";

/// p50 and p99, printed.
fn quantiles(name: &str, mut took: Vec<Duration>) -> [Duration; 2] {
    took.sort();
    let found = [took[took.len() / 2], took[(took.len() * 99).div_ceil(100) - 1]];
    println!("{name}, {} times: p50 {:.1?}, p99 {:.1?}", took.len(), found[0], found[1]);
    found
}

#[test]
fn a_rollback_is_confirmed_on_all_targets_within_its_time() {
    let (mlflow, port) = (variable("PROMPT_CICD_REAL_MLFLOW", "mlflow/start.sh PORT"), variable("PROMPT_CICD_REAL_HAPROXY", "haproxy"));
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/services/haproxy");
    let ports = [backend("1.0.0").to_string(), backend("2.0.0").to_string()];
    let started = Command::new(scripts.join("start.sh")).arg(&port).args(&ports).output().unwrap();
    assert!(started.status.success(), "{}", String::from_utf8_lossy(&started.stderr));
    let socket = String::from_utf8(started.stdout).unwrap().trim().to_owned();
    let unique = std::process::id();
    let folder = Folder::new(&format!(
        "{BASE}targets:\n  flags: {{kind: flagd, path: flags.json}}\n  registry: {{kind: mlflow, url: \"{mlflow}\", model: \"speed-{unique}\"}}\n  \
         balancer: {{kind: haproxy, socket: \"{socket}\", backend: prompts}}\n\
         environments: {{production: {{targets: [flags, registry, balancer]}}}}\nrollouts: {{stages: [10, 100], stage-duration: 1h, stage-timeout: 2h}}\n"
    ));
    folder.version("1.0.0");
    folder.done(&["rollout", "start", "speed"]);
    folder.version("2.0.0");
    let (mut inside, mut whole, mut start) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..100 {
        let verb = if round == 0 { "start" } else { "retry" };
        start.push(folder.done(&["rollout", verb, "speed"]).1);
        let (record, took) = folder.done(&["rollback", "speed", "--yes", "--format", "json"]);
        assert_eq!((record["status"].as_str(), record["targets"].as_array().map(Vec::len)), (Some("success"), Some(3)), "{record}");
        inside.push(Duration::from_secs_f64(record["duration_seconds"].as_f64().unwrap()));
        whole.push(took);
    }
    quantiles("10 % shown on flagd, MLflow and HAProxy, whole process", start);
    let [_, accepted] = quantiles("rollback on flagd, MLflow and HAProxy, accepted to confirmed", inside);
    quantiles("rollback on flagd, MLflow and HAProxy, whole process", whole);
    let stopped = Command::new(scripts.join("stop.sh")).arg(&port).status().unwrap();
    assert!(stopped.success() && accepted < Duration::from_secs(2), "{accepted:?}");
}

#[test]
fn a_step_with_ten_metrics_of_a_thousand_series_is_quick() {
    let (prometheus, gateway) = (
        variable("PROMPT_CICD_REAL_PROMETHEUS", "prometheus/start.sh PORT GATEWAY"),
        variable("PROMPT_CICD_REAL_PUSHGATEWAY", "prometheus/start.sh PORT GATEWAY"),
    );
    // 10 metrics, 50 instances of each of two versions.
    let series: Vec<String> = (0..10)
        .flat_map(|metric| ["1.0.0", "2.0.0"].into_iter().flat_map(move |version| (0..50).map(move |instance| (metric, version, instance))))
        .map(|(metric, version, instance)| format!("speed_{metric}{{version=\"{version}\",pod=\"p{instance}\"}} {}\n", 100 + instance))
        .collect();
    push(&gateway, &series.concat());
    let metrics: Vec<String> = (0..10)
        .map(|metric| {
            format!(
                "      - {{name: m{metric}, source: p, query: 'avg(speed_{metric}{{version=\"{{{{version}}}}\"}})', direction: lower-is-better, bound: 500}}\n"
            )
        })
        .collect();
    let metrics = metrics.concat();
    let folder = Folder::new(&format!(
        "{BASE}targets: {{flags: {{kind: flagd, path: flags.json}}}}\nmetric-sources: {{p: {{kind: prometheus, url: \"{prometheus}\"}}}}\n\
         environments: {{production: {{targets: [flags]}}}}\nrollouts:\n  stage-duration: 1h\n  stage-timeout: 2h\n  health:\n    interval: 400ms\n    \
         inconclusive-limit: 1000\n    metrics:\n{metrics}"
    ));
    folder.version("1.0.0");
    folder.done(&["rollout", "start", "speed"]);
    folder.version("2.0.0");
    folder.done(&["rollout", "start", "speed"]);
    let until = Instant::now() + Duration::from_secs(30);
    while folder.done(&["rollout", "status", "speed", "--format", "json"]).0["health_status"]["healthy"] != true {
        folder.call(&["rollout", "step", "speed"]);
        assert!(Instant::now() < until, "Prometheus has no numbers after 30 s");
        std::thread::sleep(Duration::from_millis(300));
    }
    let took = (0..50)
        .map(|_| {
            // A check is due again, and only one: a step makes those that are.
            std::thread::sleep(Duration::from_millis(450));
            folder.done(&["rollout", "step", "speed"]).1
        })
        .collect();
    let status = folder.done(&["rollout", "status", "speed", "--format", "json"]).0;
    let healthy = status["health_status"]["metrics"].as_array().unwrap().iter().filter(|metric| metric["verdict"] == "healthy").count();
    assert_eq!(healthy, 10, "{status}");
    let [p50, _] = quantiles("rollout step, 10 Prometheus metrics of 1,000 series, whole process", took);
    assert!(p50 < Duration::from_millis(300), "{p50:?}");
}

#[test]
fn ten_whole_rollouts() {
    let folder = Folder::new(&format!(
        "{BASE}targets: {{flags: {{kind: flagd, path: flags.json}}}}\nmetric-sources: {{n: {{kind: file, path: n.json}}}}\n\
         environments: {{production: {{targets: [flags]}}}}\nrollouts:\n  stage-duration: 0s\n  health:\n    interval: 1ms\n    metrics:\n      \
         - {{name: latency, source: n, query: /latency, direction: lower-is-better, bound: 800}}\n"
    ));
    fs::write(folder.0.path().join("n.json"), "{\"latency\": 500}").unwrap();
    folder.version("1.0.0");
    folder.done(&["rollout", "start", "speed"]);
    let took: Vec<Duration> = (2..12)
        .map(|major| {
            folder.version(&format!("{major}.0.0"));
            let started = Instant::now();
            folder.done(&["rollout", "start", "speed"]);
            assert_eq!(folder.done(&["rollout", "run", "speed", "--format", "json"]).0["status"], "completed");
            started.elapsed()
        })
        .collect();
    let average = took.iter().sum::<Duration>() / 10;
    // The limits of ROLL-037.
    let [_, longest] = quantiles("10, 25, 50, 100 % with a check at each stage, two processes", took);
    assert!(longest < Duration::from_secs(15) && average < Duration::from_secs(10), "{longest:?}, {average:?}");
}
