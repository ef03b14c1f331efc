use super::{due, hosted, with};
use crate::support::{
    github::{FakeGitHub, Mishap, State},
    rollout::Stage,
};

const INCIDENTS: &str = "notifications:\n  incidents: {kind: github-issue}\n";
const BELOW: &str = "<!-- prompt-cicd:below is yours -->";

#[test]
fn a_rollback_opens_one_issue_with_its_post_mortem() {
    let github = FakeGitHub::start(State::new());
    let stage = with(Stage::new("5m", "30s"), INCIDENTS);
    hosted(&stage, &github, ["rollout", "start", "greeting"]).run().exits(0);
    assert_eq!(github.state().issues.len(), 0, "a start is no incident");
    let reason = format!("it's \"rude\"\n$(id) `x` <!channel> @octo | {BELOW} 🔥{}", "x".repeat(10_000));
    let done = hosted(&stage, &github, ["rollback", "greeting", "--yes", "--reason", &reason]).run().exits(0).says("was opened: https://");
    assert!(!done.stderr.contains("warning"), "{}", done.stderr);
    let issue = github.state().issues[0].clone();
    assert_eq!(issue.title, "Rolled back: greeting in production (2.0.0 → 1.0.0)");
    assert_eq!(issue.labels, ["post-mortem", "rollback", "high-priority"]);
    let body = &issue.body;
    for part in
        ["| within 30 s (SLA) | yes |", "| from → to | 2.0.0 → 1.0.0 |", "| who | ana |", "| trigger | manual |", "rollout of 2.0.0 began"]
    {
        assert!(body.contains(part), "{part} is missing:\n{body}");
    }
    let order = [
        "rollback ordered by ana",
        "rollback accepted",
        "decided: back to 1.0.0",
        "flags: written",
        "flags: **confirmed**, shows 1.0.0 100 %",
        "all done: success",
    ];
    let places: Vec<usize> = order.iter().map(|part| body.find(part).unwrap_or_else(|| panic!("{part} is missing:\n{body}"))).collect();
    assert!(places[1..].is_sorted(), "{places:?}\n{body}");
    assert_eq!(body.matches(BELOW).count(), 1, "the reason cannot take what is people's:\n{body}");
    assert!(!body.contains("@octo") && !body.contains("<!channel>") && body.contains("it's \"rude\" \\$(id) \\`x\\`"), "{body}");
    assert!(body.chars().count() < 10_000, "a long reason is cut: {}", body.len());
    github.finish();
}

#[test]
fn an_incident_that_goes_on_is_one_issue_and_what_people_wrote_stays() {
    let github = FakeGitHub::start(State::new());
    let stage = with(Stage::new("5m", "30s"), INCIDENTS);
    hosted(&stage, &github, ["rollout", "start", "greeting"]).run().exits(0);
    // Nobody can write where a folder stands.
    let flags = stage.workspace.path().join("flags.json");
    std::fs::rename(&flags, stage.workspace.path().join("kept.json")).unwrap();
    std::fs::create_dir_all(flags.join("x")).unwrap();
    hosted(&stage, &github, ["rollback", "greeting", "--yes", "--timeout", "1s"]).run().exits(23);
    let first = github.state().issues[0].clone();
    assert!(first.title.starts_with("Rollback FAILED: people needed: greeting"), "{}", first.title);
    assert!(first.body.contains("flags: **NOT confirmed**"), "{}", first.body);
    let written = format!("{}\nBecause of the moon.\n", first.body);
    github.state().issues[0].body = written;
    std::fs::remove_dir_all(&flags).unwrap();
    std::fs::rename(stage.workspace.path().join("kept.json"), &flags).unwrap();
    hosted(&stage, &github, ["rollback", "resume", "greeting"]).run().exits(0).says("was updated");
    let issues = github.state().issues.clone();
    assert_eq!(issues.len(), 1);
    assert_eq!(issues[0].title, "Rolled back: greeting in production (2.0.0 → 1.0.0)");
    assert!(issues[0].body.contains("all done: success") && issues[0].body.ends_with("Because of the moon.\n"), "{}", issues[0].body);
    assert!(issues[0].open, "a post-mortem is closed by people");
}

#[test]
fn an_issue_that_cannot_be_opened_waits_and_is_opened_once() {
    let mut refusing = State::new();
    refusing.denied.insert("issues=write");
    let github = FakeGitHub::start(refusing);
    let stage = with(Stage::new("5m", "30s"), INCIDENTS);
    stage.rollout("start", []).exits(0);
    hosted(&stage, &github, ["rollback", "greeting", "--emergency"]).run().exits(0).says("issues: write");
    assert_eq!(stage.share("1.0.0"), "100");
    github.state().denied.clear();
    // Done, and the answer is lost: it is looked for before it is opened again.
    github.state().add_mishap("POST", "/issues", 1, Mishap::DoneButCut);
    due(&stage);
    hosted(&stage, &github, ["rollback", "status", "greeting"]).run().exits(0).says("was opened");
    due(&stage);
    hosted(&stage, &github, ["rollback", "status", "greeting"]).run().exits(0);
    assert_eq!(github.state().issues.len(), 1);
    // Without any GitHub nothing is lost either, and nothing fails.
    stage.version("3.0.0");
    stage.rollout("start", []).exits(0);
    stage.call(["rollback", "greeting", "--yes"]).exits(0).says("people are not told yet");
}
