//! Gates over numbers of a Prometheus: what is missing, no number, empty or stale closes them.

use super::Workspace;
use crate::monitor::Prometheus;

const RULES: &str = "  rules:\n    latency-p99: {source: prom, query: p99, below: 100}\n    throughput: {source: prom, query: rps, above: 50}\n    memory: {source: prom, query: memory_gb, below: 2}\n    error-rate: {source: prom, query: error_percent, below: 1}\n";

fn gated(url: &str, rules: &str, more: &str) -> Workspace {
    super::gated(&format!("{rules}metric-sources: {{prom: {{kind: prometheus, url: \"{url}\"{more}}}}}\n"))
}

#[test]
fn every_bound_of_a_service_opens_and_closes() {
    let well = [("p99", "99.9"), ("rps", "50.1"), ("memory_gb", "1.99"), ("error_percent", "0.99")];
    let prometheus = Prometheus::start(&well);
    let workspace = gated(&prometheus.host.url, RULES, "");
    workspace.prompt_cicd(["gate"]).run().exits(0).shows("4 gates: 4 open").shows("✓ latency-p99: 99.9 (below 100; p99 from prom)");
    for (query, bad, why) in [
        ("p99", "100", "100 is not below 100"),
        ("rps", "50", "50 is not above 50"),
        ("memory_gb", "2", "2 is not below 2"),
        ("error_percent", "1", "1 is not below 1"),
    ] {
        prometheus.shows(&[(query, bad)]);
        workspace.prompt_cicd(["gate"]).run().exits(13).shows("1 closed, 3 open").shows(why);
        prometheus.shows(&well);
    }
    let json = workspace.prompt_cicd(["gate", "--format", "json"]).run().exits(0).json();
    assert_eq!((json["gates"][0]["source"].as_str(), json["gates"][0]["query"].as_str()), (Some("prom"), Some("p99")));
    assert!(json["gates"][0]["file"].is_null());
}

#[test]
fn what_is_no_fresh_number_closes_the_gate_and_says_why() {
    let prometheus = Prometheus::start(&[("p99", "50"), ("age", "10")]);
    let rule = "  rules: {latency-p99: {source: prom, query: p99, below: 100}}\n";
    let workspace = gated(&prometheus.host.url, rule, ", max-age: 1m, age-query: age");
    workspace.prompt_cicd(["gate"]).run().exits(0);
    for (query, shown, why) in [
        ("p99", "NaN", "prom: the result is not a number (often 0/0: no traffic)"),
        ("p99", "+Inf", "prom: the result is infinite"),
        ("p99", "nothing", "prom: the source has no data for this query"),
        ("age", "61", "prom: the newest data is 61 s old, more than 60 s"),
        ("age", "nothing", "prom: the source has no data for this query"),
    ] {
        prometheus.shows(&[("p99", "50"), ("age", "10"), (query, shown)]);
        let finished = workspace.prompt_cicd(["gate"]).run().exits(13).shows("✗ latency-p99: –");
        assert!(
            finished.stdout.contains(why) || shown == "61" && finished.stdout.contains("old, more than"),
            "{shown}: {}",
            finished.stdout
        );
    }
    // A query that Prometheus refuses, and a Prometheus that is gone.
    let unknown = "  rules: {latency-p99: {source: prom, query: p98, below: 100}}\n";
    gated(&prometheus.host.url, unknown, "").prompt_cicd(["gate"]).run().exits(13).shows("parse error");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    gated(&nobody, rule, "").prompt_cicd(["gate"]).run().exits(13).shows("prom").shows("✗ CLOSED");
    gated(&nobody, rule, ", token-env: NOT_SET").prompt_cicd(["gate"]).run().exits(13).shows("NOT_SET");
}

#[test]
fn names_are_filled_in_and_never_guessed() {
    let prometheus = Prometheus::start(&[("p99{v=\"2.0.0\"}", "50")]);
    let rule = "  rules: {latency-p99: {source: prom, query: 'p99{v=\"{{version}}\"}', below: 100}}\n";
    let workspace = gated(&prometheus.host.url, rule, "");
    workspace.prompt_cicd(["gate"]).run().exits(13).shows("its query has {{version}}: say what it is with --prompt-version");
    workspace.prompt_cicd(["gate", "--prompt-version", "2.0.0"]).run().exits(0).shows("latency-p99: 50");
    workspace.prompt_cicd(["gate", "--file", "latency-p99=x.json"]).run().exits(4).says("--file has no place in it");
}
