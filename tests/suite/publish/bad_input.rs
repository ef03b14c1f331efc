use serde_json::json;

use super::{LIST, World};
use crate::support::{
    Behaviour, FakeModel, Workspace,
    github::{Mishap, State},
    numbered_cases,
};

/// A passing run in this world keeps its verdict, and says this.
#[track_caller]
fn passes_and_says(state: State, said: &[&str]) {
    let world = World::on(state, Workspace::greeting());
    let mut finished = world.pull_request(&["test", "--all"]).run().exits(0);
    for text in said {
        finished = finished.says(text);
    }
    assert_eq!(world.outputs()["verdict"], "passed");
    assert_eq!(world.outputs()["comment-url"], "");
    assert!(world.workspace.read("runner/summary").contains("Prompt tests passed"), "the summary is there");
    assert!(!finished.stderr.contains(world.github.state().token) || finished.stderr.contains("::add-mask::"), "{}", finished.stderr);
}

#[test]
fn an_event_that_is_missing_or_broken_is_named_and_hides_no_verdict() {
    let world = World::new();
    let broken =
        [("pull_request", json!({"pull_request": {"number": "7"}}), "the event `pull_request`"), ("push", json!([]), "the event `push`")];
    for (name, payload, said) in broken {
        let finished = world.step(name, &payload, &["test"]).run().exits(0).says(said).says("every suite is tested");
        assert!(finished.stderr.contains("runner/event.json"), "{}", finished.stderr);
    }
    world.pull_request(&["test"]).env("GITHUB_EVENT_PATH", "/nowhere/event.json").run().exits(0).says("/nowhere/event.json: No such file");
    world.pull_request(&["test"]).env("GITHUB_EVENT_PATH", "").run().exits(0).says("GITHUB_EVENT_PATH is not set");
    world.prompt("Hello there!");
    world.step("pull_request", &json!("{"), &["test"]).run().exits(10).says("no comment is written");
    assert_eq!(world.github.requests(), Vec::<String>::new());
}

#[test]
fn a_github_that_refuses_is_named_and_hides_no_verdict() {
    passes_and_says(
        State::new().mishap("POST", "/comments", 1, Mishap::Status(403, "Unable to create comment because issue is locked.")),
        &["no comment is written", "locked"],
    );
    passes_and_says(
        State::new().mishap("GET", "/comments", 9, Mishap::Status(401, "Bad credentials")),
        &["401 Bad credentials", "pass a valid token"],
    );
    let invalid = json!({"message": "Validation Failed", "errors": [{"resource": "IssueComment", "field": "body", "code": "custom", "message": "body is too long"}]});
    passes_and_says(
        State::new().mishap("POST", "/comments", 1, Mishap::Body(422, invalid)),
        &["422 Validation Failed", "body is too long"],
    );
    passes_and_says(State::new().mishap("GET", "/comments", 1, Mishap::Status(404, "Not Found")), &["404 Not Found", "pull-requests: "]);
}

#[test]
fn a_long_rate_limit_is_not_waited_for() {
    passes_and_says(
        State::new().mishap("GET", "/comments", 9, Mishap::PrimaryLimit(3_600)),
        &["primary rate limit: nothing is accepted until 2"],
    );
}

#[test]
fn a_github_that_is_broken_is_named_and_hides_no_verdict() {
    passes_and_says(State::new().mishap("GET", "/comments", 1, Mishap::Html(200)), &["no comment is written", "no proxy answers for it"]);
    passes_and_says(
        State::new().mishap("GET", "/comments", 1, Mishap::Redirect(302, "https://evil.example/".to_owned())),
        &["no comment is written"],
    );
}

#[test]
fn a_hiccup_is_got_over() {
    for mishap in [Mishap::Status(502, "Bad Gateway"), Mishap::Cut] {
        let world = World::on(State::new().mishap("GET", "/comments", 1, mishap), Workspace::greeting());
        world.pull_request(&["test", "--all"]).run().exits(0);
        assert_eq!(world.comments().len(), 1);
        assert_eq!(world.github.requests().iter().filter(|request| *request == LIST).count(), 2);
    }
}

#[test]
fn without_a_token_the_run_is_what_it_was() {
    let world = World::new();
    world
        .pull_request(&["test"])
        .env("GITHUB_TOKEN", "")
        .run()
        .exits(0)
        .says("no GitHub to ask: GITHUB_TOKEN is not set; pass it to the step");
    world.pull_request(&["test"]).env("GITHUB_REPOSITORY", "nonsense").run().exits(0).says("`nonsense` is no repository");
    world.pull_request(&["test"]).env("GITHUB_API_URL", "ftp://x").run().exits(0).says("is no API address");
    assert_eq!(world.github.requests(), Vec::<String>::new());
}

#[test]
fn a_pull_request_that_is_closed_still_gets_its_comment() {
    let mut state = State::new();
    state.pull().state = "closed";
    state.pull().locked = true;
    let world = World::on(state, Workspace::greeting());
    world.pull_request(&["test"]).run().exits(0);
    assert_eq!(world.comments().len(), 1);
}

#[test]
fn without_a_summary_file_the_rest_is_told() {
    let world = World::new();
    let finished = world.pull_request(&["test"]).env("GITHUB_STEP_SUMMARY", "").run().exits(0);
    assert!(!finished.stderr.contains("warning"), "{}", finished.stderr);
    assert_eq!(world.comments().len(), 1);
    world.pull_request(&["test"]).env("GITHUB_STEP_SUMMARY", "/nowhere/summary").run().exits(0).says("/nowhere/summary");
}

#[test]
fn an_answer_of_ten_megabytes_fits() {
    let answer: &'static str = Box::leak(format!("{}\n@octocat ```\n", "é".repeat(5_000_000)).into_boxed_str());
    let model = FakeModel::start(Behaviour::Say(answer));
    let world = World::on(State::new(), Workspace::asking(&model.base_url()));
    world.pull_request(&["test"]).run().exits(10);
    let (_, body) = world.comments().remove(0);
    assert!(body.chars().count() < 65_536 && body.contains("characters in all"), "{} characters", body.chars().count());
}

#[test]
fn thousands_of_failing_cases_fit_and_what_is_left_out_is_said() {
    let world = World::on(State::new(), Workspace::greeting().file("cases/greeting.jsonl", &numbered_cases(5_000)));
    world.prompt("Hello there!");
    world.pull_request(&["test"]).run().exits(10);
    let (_, body) = world.comments().remove(0);
    assert!(body.chars().count() <= 65_536, "{} characters", body.chars().count());
    assert!(body.contains("Left out for want of room: 4\u{202f}9"), "{body}");
    assert!(world.workspace.read("runner/summary").len() <= 1_000_000);
}

#[test]
fn a_hundred_thousand_findings_are_bounded_and_counted() {
    let cases: Vec<String> =
        (0..100_000).map(|number| format!("{{\"id\": \"c{number}\", \"vars\": {{\"name\": \"a\\u202eb\"}}}}\n")).collect();
    let workspace = Workspace::greeting().file("cases/greeting.jsonl", &cases.concat());
    let config = workspace.read("prompt-cicd.yml") + "lints: {fail-on: warning}\n";
    let world = World::on(State::new(), workspace.file("prompt-cicd.yml", &config));
    let finished = world.pull_request(&["test", "--quiet", "--check-run", "--report", "sarif=out/lints.sarif"]).run().exits(11);
    assert_eq!(finished.stderr.matches("::warning ").count(), 10, "the runner keeps ten: {}", finished.stderr);
    let sarif: serde_json::Value = serde_json::from_str(&world.workspace.read("out/lints.sarif")).unwrap();
    assert_eq!(sarif["runs"][0]["results"].as_array().unwrap().len(), 100, "a hundred of a rule");
    assert!((100..=1_000).contains(&world.github.state().checks[0].annotations.len()));
    assert!(world.workspace.read("runner/summary").len() <= 1_000_000);
    let (_, body) = world.comments().remove(0);
    assert!(body.chars().count() <= 65_536 && body.contains("99980 more findings"), "{} characters", body.chars().count());
}
