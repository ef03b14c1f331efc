use std::time::Duration;

use super::{FakeSlack, SECRET, due, told, waiting, with};
use crate::support::rollout::Stage;

const OPS: &str = "notifications:\n  ops: {kind: slack}\n";

#[test]
fn a_rollout_and_its_rollback_are_told_in_order_and_once() {
    let slack = FakeSlack::start(200, Duration::ZERO);
    let stage = with(Stage::with("stages: [10, 50, 100]\n  stage-duration: 5m", "30s"), OPS);
    told(&stage, &slack, ["rollout", "start", "greeting"]).run().exits(0);
    told(&stage, &slack, ["rollout", "pause", "greeting", "--reason", "lunch"]).run().exits(0);
    told(&stage, &slack, ["rollout", "resume", "greeting"]).run().exits(0);
    told(&stage, &slack, ["rollout", "step", "greeting"]).run().exits(0);
    told(&stage, &slack, ["rollout", "promote", "greeting"]).run().exits(0);
    let reason = "<!channel> it's \"rude\" $(id) & 🔥\n::error::x";
    told(&stage, &slack, ["rollback", "greeting", "--yes", "--reason", reason]).run().exits(0);
    let place = "greeting in production";
    assert_eq!(
        slack.heard(),
        [
            format!("Rollout started: {place} (1.0.0 → 2.0.0)"),
            format!("Rollout stands still: {place} (1.0.0 → 2.0.0)"),
            format!("Rollout goes on: {place} (1.0.0 → 2.0.0)"),
            format!("Rollback started: {place} (2.0.0 → 1.0.0)"),
            format!("Rolled back: {place} (2.0.0 → 1.0.0)"),
        ]
    );
    let last = slack.host.received().last().unwrap().clone();
    let body = String::from_utf8(last.body.to_vec()).unwrap();
    assert!(body.contains("&lt;!channel&gt; it's \\\"rude\\\"") && !body.contains("<!channel>"), "{body}");
    // Nothing waits, and what follows tells nothing again.
    told(&stage, &slack, ["rollback", "status", "greeting"]).run().exits(0);
    told(&stage, &slack, ["rollback", "greeting", "--yes"]).run().exits(0);
    assert_eq!(slack.heard().len(), 5);
}

#[test]
fn only_what_a_channel_asks_for_is_told() {
    let slack = FakeSlack::start(200, Duration::ZERO);
    let more = "notifications:\n  ops: {kind: slack, events: [rollback-finished], environments: [production]}\n";
    let stage = with(Stage::new("5m", "30s"), more);
    told(&stage, &slack, ["rollout", "start", "greeting"]).run().exits(0);
    told(&stage, &slack, ["rollback", "greeting", "--emergency"]).run().exits(0);
    assert_eq!(slack.heard(), ["Rolled back: greeting in production (2.0.0 → 1.0.0)"]);
}

#[test]
fn a_channel_that_fails_changes_nothing_and_is_tried_again() {
    let broken = FakeSlack::start(500, Duration::ZERO);
    let stage = with(Stage::new("5m", "30s"), OPS);
    told(&stage, &broken, ["rollout", "start", "greeting"]).run().exits(0).says("people are not told yet").says("rollup_error");
    let late = told(&stage, &broken, ["rollback", "greeting", "--yes", "--format", "json"]).run().exits(0);
    assert!(!late.stderr.contains("xoxo") && !late.stdout.contains("xoxo"), "{late:?}");
    assert_eq!((late.json()["status"].as_str(), late.json()["sla_met"].as_bool()), (Some("success"), Some(true)));
    assert_eq!(stage.share("1.0.0"), "100");
    // What waits is kept with the rollout, without the address.
    let waiting = waiting(&stage).to_string();
    assert_eq!(waiting.matches("\"notice\"").count(), 3, "{waiting}");
    assert!(!waiting.contains(SECRET) && !waiting.contains("xoxo"), "{waiting}");
    // The pause after a failure is over in this record: the next look sends all of them.
    let well = FakeSlack::start(200, Duration::ZERO);
    due(&stage);
    told(&stage, &well, ["rollback", "status", "greeting"]).run().exits(0);
    assert_eq!(well.heard().len(), 3, "{:?}", well.heard());
    due(&stage);
    told(&stage, &well, ["rollback", "status", "greeting"]).run().exits(0);
    assert_eq!(well.heard().len(), 3, "once is enough");
}

#[test]
fn a_channel_that_hangs_delays_no_rollback() {
    let slow = FakeSlack::start(200, Duration::from_mins(1));
    let stage = with(Stage::new("5m", "30s"), "notifications:\n  ops: {kind: slack, timeout: 1s}\n");
    told(&stage, &slow, ["rollout", "start", "greeting"]).run().exits(0).says("no answer within");
    let done = told(&stage, &slow, ["rollback", "greeting", "--emergency", "--format", "json"]).run().exits(0);
    let result = done.json();
    assert!(result["duration_seconds"].as_f64().unwrap() < 1.0, "the second that Slack got does not count: {result}");
    assert_eq!(result["sla_met"], true);
}

#[test]
fn a_missing_or_unsafe_address_is_named_and_never_shown() {
    let stage = with(Stage::new("5m", "30s"), OPS);
    let set = |percent: &str, url: &str| {
        super::call(&stage, ["rollout", "set", "greeting", percent, "--force"]).env("SLACK_WEBHOOK_URL", url).run()
    };
    stage.rollout("start", []).exits(0).says("SLACK_WEBHOOK_URL").says("is not set");
    due(&stage);
    let unsafe_one = set("20", "http://hooks.example.com/services/xoxo-secret-path").exits(0).says("must begin with https://");
    assert!(!unsafe_one.stderr.contains("xoxo"), "{}", unsafe_one.stderr);
    due(&stage);
    let odd = set("30", "xoxo-what-is-this").exits(0).says("is no address of a webhook");
    assert!(!odd.stderr.contains("xoxo"), "{}", odd.stderr);
}

#[test]
fn killed_after_the_writing_people_are_told_by_the_next_look() {
    let slack = FakeSlack::start(200, Duration::ZERO);
    let stage = with(Stage::new("5m", "30s"), OPS);
    // A channel that hangs holds the process after everything is written, where it is killed.
    let deaf = FakeSlack::start(200, Duration::from_mins(1));
    let mut child = told(&stage, &deaf, ["rollout", "start", "greeting"]).spawn();
    let begun = std::time::Instant::now();
    while deaf.host.received().is_empty() && begun.elapsed() < Duration::from_mins(1) {
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(stage.status()["new_version"], "2.0.0");
    // The dead one's claim is not over: nobody sends what it may have sent.
    told(&stage, &slack, ["rollout", "step", "greeting"]).run().exits(0);
    assert_eq!(slack.heard(), Vec::<String>::new());
    due(&stage);
    told(&stage, &slack, ["rollout", "step", "greeting"]).run().exits(0);
    assert_eq!(slack.heard(), ["Rollout started: greeting in production (1.0.0 → 2.0.0)"]);
}
