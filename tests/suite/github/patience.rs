use std::time::Duration;

use prompt_cicd::ports::code_host::{CodeHost as _, CodeHostError, CommentMode, Patience};

use super::on;
use crate::support::github::{Mishap, State};

#[test]
fn reading_is_tried_again_with_growing_pauses() {
    on(State::new().mishap("GET", "/pulls/7", 4, Mishap::Status(502, "Bad Gateway")), async |world| {
        assert_eq!(world.github.pull_request(7, world.patience()).await.unwrap().number, 7);
        assert_eq!(world.sleeps(), [250, 500, 1_000, 2_000]);
    });
}

#[test]
fn changing_in_place_is_tried_again_too() {
    let state = State::new().comment("github-actions[bot]", "<!-- prompt-cicd:test -->\nold").mishap("PATCH", "/comments/", 1, Mishap::Cut);
    on(state, async |world| {
        world.comment(CommentMode::Update, "new").await.unwrap();
        assert_eq!(world.fake.requests().len(), 3);
    });
}

#[test]
fn nothing_is_tried_beyond_the_deadline() {
    on(State::new().mishap("GET", "/pulls/7", 99, Mishap::Status(502, "Bad Gateway")), async |world| {
        let patience = Patience::of(&*world.clock, Duration::from_millis(800));
        let error = world.github.pull_request(7, patience).await.unwrap_err();
        assert!(matches!(error, CodeHostError::Unreachable { attempts: 3, .. }), "{error}");
        assert_eq!(world.sleeps(), [250, 500]);

        let over = Patience { until: Duration::ZERO, waits_for_limits: true };
        let error = world.github.pull_request(7, over).await.unwrap_err();
        insta::assert_snapshot!(error, @"GET /repos/octo/prompts/pulls/7: no time was left to ask; check the network and GitHub's status page, then run it again");
        assert_eq!(world.fake.requests().len(), 3, "it was not asked");
    });
}

#[test]
fn limits_that_end_in_time_are_waited_for() {
    for (mishap, wait) in [(Mishap::PrimaryLimit(20), 20_000), (Mishap::SecondaryLimit(Some(7)), 7_000), (Mishap::PrimaryLimit(0), 1_000)] {
        on(State::new().mishap("GET", "/pulls/7", 1, mishap.clone()), async |world| {
            world.github.pull_request(7, world.patience()).await.unwrap();
            assert_eq!(world.sleeps(), [wait], "{mishap:?}");
        });
        // What a limit refuses was not done: a POST may follow it without looking.
        on(State::new().mishap("POST", "/comments", 1, mishap.clone()), async |world| {
            world.comment(CommentMode::Update, "new").await.unwrap();
            assert_eq!((world.comments().len(), world.fake.requests().len()), (1, 3), "{mishap:?}");
        });
    }
}

#[test]
fn a_rollback_never_waits_for_a_limit() {
    for mishap in [Mishap::PrimaryLimit(20), Mishap::SecondaryLimit(Some(1)), Mishap::SecondaryLimit(None)] {
        on(State::new().mishap("GET", "/pulls/7", 1, mishap), async |world| {
            let error = world.github.pull_request(7, world.patience().never_waiting()).await.unwrap_err();
            assert!(matches!(error, CodeHostError::RateLimited { .. }));
            assert!(world.sleeps().is_empty());
        });
    }
}

#[test]
fn a_rollback_still_tries_again_after_a_breakdown() {
    on(State::new().mishap("GET", "/pulls/7", 1, Mishap::Cut), async |world| {
        assert!(world.github.pull_request(7, world.patience().never_waiting()).await.is_ok());
    });
}
