use std::time::Duration;

use super::FakeSlack;
use crate::monitor::{LATENCY, Prometheus, workspace};

#[test]
fn people_hear_of_a_metric_when_it_changes_and_not_at_every_pass() {
    let slack = FakeSlack::start(200, Duration::ZERO);
    let prometheus = Prometheus::start(&[("p95", "100")]);
    let workspace = workspace(&prometheus.host.url, &[LATENCY]);
    let config = workspace.read("prompt-cicd.yml") + "\nnotifications: {ops: {kind: slack}}\nstore: {kind: directory, path: state}\n";
    workspace.write("prompt-cicd.yml", config.as_bytes());
    let pass = |code: i32| workspace.prompt_cicd(["monitor"]).env("SLACK_WEBHOOK_URL", &slack.url()).run().exits(code);
    pass(0);
    assert_eq!(slack.heard(), Vec::<String>::new(), "what is healthy is no news");
    prometheus.shows(&[("p95", "400")]);
    pass(12);
    pass(12);
    // What is not known is no news either.
    prometheus.shows(&[("p95", "NaN")]);
    pass(30);
    prometheus.shows(&[("p95", "600")]);
    pass(12);
    prometheus.shows(&[("p95", "100")]);
    pass(0);
    assert_eq!(
        slack.heard(),
        ["Monitoring latency (healthy → degraded)", "Monitoring latency (degraded → critical)", "Monitoring latency (critical → healthy)"]
    );
}
