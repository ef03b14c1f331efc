use prompt_cicd::ports::code_host::{Annotation, AnnotationLevel, Check, CodeHost as _, CodeHostError, Conclusion, Written};
use serde_json::json;

use super::{World, on};
use crate::support::github::{Mishap, State};

fn annotations(count: u32) -> Vec<Annotation> {
    let one = |line| Annotation {
        path: "prompts/größe.yml".to_owned(),
        start_line: line,
        end_line: line,
        columns: Some((3, 9)),
        level: AnnotationLevel::Warning,
        title: "flaky".to_owned(),
        message: format!("remark {line}"),
    };
    (1..=count).map(one).collect()
}

async fn create(world: &World, annotations: &[Annotation], conclusion: Conclusion) -> Result<Written, CodeHostError> {
    let check = Check {
        name: "prompt-cicd test",
        head: "head-sha",
        external_id: "run-1.1",
        details_url: Some("https://github.com/octo/prompts/actions/runs/1"),
        conclusion,
        title: "1 of 3 failed",
        summary: "…",
        annotations,
    };
    world.github.create_check(&check, world.patience()).await
}

/// The messages of the annotations that are there.
fn there(world: &World) -> Vec<String> {
    let state = world.fake.state();
    assert_eq!(state.checks.len(), 1);
    state.checks[0].annotations.iter().map(|remark| remark["message"].as_str().unwrap().to_owned()).collect()
}

fn expected(count: u32) -> Vec<String> {
    annotations(count).into_iter().map(|remark| remark.message).collect()
}

#[test]
fn a_hundred_and_twenty_annotations_are_three_requests() {
    on(State::new(), async |world| {
        let written = create(world, &annotations(120), Conclusion::Failure).await.unwrap();
        assert_eq!(written.url, "https://github.com/octo/prompts/runs/101");
        assert_eq!(there(world), expected(120));
        let patch = "PATCH /repos/octo/prompts/check-runs/101";
        assert_eq!(world.fake.requests(), ["POST /repos/octo/prompts/check-runs", patch, patch]);
    });
}

#[test]
fn what_is_sent() {
    on(State::new(), async |world| {
        let mut two = annotations(2);
        two[1].end_line = 4;
        create(world, &two, Conclusion::Neutral).await.unwrap();
        let expected = json!({
            "name": "prompt-cicd test",
            "head_sha": "head-sha",
            "external_id": "run-1.1",
            "status": "completed",
            "conclusion": "neutral",
            "details_url": "https://github.com/octo/prompts/actions/runs/1",
            "output": {"title": "1 of 3 failed", "summary": "…", "annotations": [
                {"path": "prompts/größe.yml", "start_line": 1, "end_line": 1, "start_column": 3, "end_column": 9,
                 "annotation_level": "warning", "title": "flaky", "message": "remark 1"},
                {"path": "prompts/größe.yml", "start_line": 2, "end_line": 4,
                 "annotation_level": "warning", "title": "flaky", "message": "remark 2"},
            ]},
        });
        let journal = world.fake.journal();
        assert_eq!(journal[0].body, expected);
        for (name, value) in [
            ("accept", "application/vnd.github+json"),
            ("x-github-api-version", "2022-11-28"),
            ("user-agent", concat!("prompt-cicd/", env!("CARGO_PKG_VERSION"))),
            ("content-type", "application/json"),
        ] {
            assert_eq!(journal[0].headers[name], value);
        }
        assert!(!journal[0].headers.contains_key("transfer-encoding"), "the length is known");
    });
}

#[test]
fn a_check_or_batch_that_was_done_unseen_is_not_sent_again() {
    for (method, mishap) in [("POST", Mishap::DoneBut(502)), ("PATCH", Mishap::DoneButCut), ("PATCH", Mishap::DoneBut(500))] {
        on(State::new().mishap(method, "/check-runs", 1, mishap), async |world| {
            create(world, &annotations(120), Conclusion::Success).await.unwrap();
            assert_eq!(there(world), expected(120));
        });
    }
}

#[test]
fn a_batch_that_failed_is_sent_again() {
    on(State::new().mishap("PATCH", "/check-runs", 2, Mishap::Status(500, "no")), async |world| {
        create(world, &annotations(51), Conclusion::Success).await.unwrap();
        assert_eq!(there(world), expected(51));
    });
}

#[test]
fn the_conclusion_is_there_even_when_a_later_batch_is_not() {
    on(State::new().mishap("PATCH", "/check-runs", 1, Mishap::Status(422, "Invalid request.")), async |world| {
        let error = create(world, &annotations(51), Conclusion::Failure).await.unwrap_err();
        insta::assert_snapshot!(error, @"PATCH /repos/octo/prompts/check-runs/101: 422 Invalid request; change what is sent; please report it if that was prompt-cicd's own");
        assert_eq!(world.fake.state().checks[0].conclusion, "failure");
    });
}
