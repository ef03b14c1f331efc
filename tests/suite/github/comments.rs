use prompt_cicd::{
    adapters::github::Identity,
    ports::code_host::{Action, CodeHostError, CommentMode},
};

use super::{on, on_as};
use crate::support::github::{Mishap, State};

const BOT: &str = "github-actions[bot]";
const OURS: &str = "<!-- prompt-cicd:test -->\nold";
const LIST: &str = "GET /repos/octo/prompts/issues/7/comments";
const POST: &str = "POST /repos/octo/prompts/issues/7/comments";

/// Pull request 7 with so many comments of people, then ours.
fn after_others(others: usize) -> State {
    let crowd = (0..others).fold(State::new(), |state, index| state.comment("ada", &format!("comment {index}")));
    crowd.comment(BOT, OURS)
}

#[test]
fn the_first_run_writes_it() {
    on(State::new().comment("ada", "nice"), async |world| {
        let written = world.comment(CommentMode::Update, "new").await.unwrap().unwrap();
        assert_eq!((written.action, written.id), (Action::Created, 102));
        assert_eq!(written.url, "https://github.com/octo/prompts/pull/7#issuecomment-102");
        assert_eq!(world.comments()[1], (BOT.to_owned(), "<!-- prompt-cicd:test -->\nnew".to_owned()));
        assert_eq!(world.fake.requests(), [LIST, POST]);
    });
}

#[test]
fn later_runs_change_it_with_two_requests() {
    on(after_others(99), async |world| {
        let written = world.comment(CommentMode::Update, "new").await.unwrap().unwrap();
        assert_eq!((written.action, written.id), (Action::Updated, 200));
        assert_eq!(world.comments().last().unwrap().1, "<!-- prompt-cicd:test -->\nnew");
        assert_eq!(world.fake.requests(), [LIST, "PATCH /repos/octo/prompts/issues/comments/200"]);
    });
}

#[test]
fn nothing_is_sent_when_it_says_so_already() {
    for there in ["<!-- prompt-cicd:test -->\nold", "<!-- prompt-cicd:test -->\r\nold\r\n"] {
        on(State::new().comment(BOT, there), async |world| {
            assert_eq!(world.comment(CommentMode::Update, "old").await.unwrap().unwrap().action, Action::Unchanged);
            assert_eq!(world.fake.requests(), [LIST]);
        });
    }
}

#[test]
fn it_is_found_on_the_third_page() {
    on(after_others(250), async |world| {
        assert_eq!(world.comment(CommentMode::Update, "new").await.unwrap().unwrap().action, Action::Updated);
        assert_eq!(world.comments().len(), 251);
        assert_eq!(world.fake.requests().iter().filter(|request| *request == LIST).count(), 3);
    });
}

#[test]
fn what_others_write_is_never_ours() {
    let state = State::new()
        .comment("mallory", OURS)
        .comment("github-actions", OURS)
        .comment("other[bot]", OURS)
        .comment(BOT, "quoted:\n<!-- prompt-cicd:test -->\n")
        .comment(BOT, "<!-- prompt-cicd:test-of-another-config -->\n");
    on(state, async |world| {
        let before = world.comments();
        assert_eq!(world.comment(CommentMode::Update, "new").await.unwrap().unwrap().action, Action::Created);
        assert_eq!(world.comments()[..5], before);
    });
}

#[test]
fn a_personal_token_asks_once_who_it_is() {
    let mut state = State::new().comment("mallory", OURS).comment("Grace", OURS);
    (state.login, state.token) = ("grace", "ghp_0123456789abcdefghijABCDEFGHIJ");
    on_as(state, Identity::Ask, async |world| {
        for body in ["one", "two"] {
            assert_eq!(world.comment(CommentMode::Update, body).await.unwrap().unwrap().id, 102);
        }
        assert_eq!(world.fake.requests().iter().filter(|request| *request == "GET /user").count(), 1);
    });
}

#[test]
fn an_app_is_told_who_it_is() {
    let mut state = State::new().comment(BOT, OURS).comment("prompts[bot]", OURS);
    state.login = "prompts[bot]";
    on_as(state, Identity::Login("prompts[bot]".to_owned()), async |world| {
        assert_eq!(world.comment(CommentMode::Update, "new").await.unwrap().unwrap().id, 102);
    });
}

#[test]
fn recreating_writes_first_and_removes_then() {
    on(State::new().comment(BOT, OURS).comment("ada", "hm").comment(BOT, OURS), async |world| {
        let written = world.comment(CommentMode::Recreate, "old").await.unwrap().unwrap();
        assert_eq!((written.action, written.id), (Action::Recreated, 104));
        assert_eq!(world.comments(), [("ada".to_owned(), "hm".to_owned()), (BOT.to_owned(), OURS.to_owned())]);
        let requests = world.fake.requests();
        assert_eq!(
            requests[3..],
            [POST, "DELETE /repos/octo/prompts/issues/comments/101", "DELETE /repos/octo/prompts/issues/comments/103"]
        );
    });
}

#[test]
fn off_asks_nothing() {
    on(State::new().comment(BOT, OURS), async |world| {
        assert_eq!(world.comment(CommentMode::Off, "new").await, Ok(None));
        assert!(world.fake.requests().is_empty());
    });
}

#[test]
fn deleted_meanwhile_it_is_written_again() {
    on(State::new().comment(BOT, OURS).mishap("PATCH", "/comments/", 1, Mishap::CommentsGone), async |world| {
        assert_eq!(world.comment(CommentMode::Update, "new").await.unwrap().unwrap().action, Action::Created);
        assert_eq!(world.comments().len(), 1);
    });
}

#[test]
fn a_post_that_was_done_unseen_is_not_sent_again() {
    for mishap in [Mishap::DoneBut(500), Mishap::DoneBut(502), Mishap::DoneButCut] {
        for mode in [CommentMode::Update, CommentMode::Recreate] {
            on(State::new().mishap("POST", "/comments", 1, mishap.clone()), async |world| {
                let written = world.comment(mode, "new").await.unwrap().unwrap();
                assert_eq!((written.action, written.id), (Action::Created, 101), "{mishap:?}");
                assert_eq!(world.comments().len(), 1, "{mishap:?}");
                assert_eq!(world.fake.requests(), [LIST, POST, LIST], "{mishap:?}");
            });
        }
    }
}

#[test]
fn a_post_that_failed_is_sent_again_after_looking() {
    on(State::new().mishap("POST", "/comments", 2, Mishap::Status(503, "busy")), async |world| {
        assert_eq!(world.comment(CommentMode::Update, "new").await.unwrap().unwrap().action, Action::Created);
        assert_eq!(world.fake.requests(), [LIST, POST, LIST, POST, LIST, POST]);
        assert_eq!(world.sleeps(), [250, 500]);
        let unchanged = world.fake.journal().iter().filter(|request| request.headers.contains_key("if-none-match")).count();
        assert_eq!(unchanged, 2, "looking again is conditional: it does not count against the limit when nothing changed");
    });
}

#[test]
fn a_body_that_github_would_refuse_is_not_sent() {
    on(State::new(), async |world| {
        let marked = "<!-- prompt-cicd:test -->\n".len();
        let fits = "é".repeat(65_536 - marked);
        assert_eq!(world.comment(CommentMode::Update, &fits).await.unwrap().unwrap().action, Action::Created);
        let error = world.comment(CommentMode::Update, &(fits + "x")).await.unwrap_err();
        assert!(matches!(error, CodeHostError::TooLarge { .. }));
        insta::assert_snapshot!(error, @"POST /repos/octo/prompts/issues/7/comments: the comment has more than 65536 characters; shorten it before it is sent, and link the full report");
        assert_eq!(world.fake.requests(), [LIST, POST]);
    });
}

#[test]
fn a_conversation_without_end_is_not_guessed_at() {
    on((0..10_050).fold(State::new(), |state, _| state.comment("ada", "again")), async |world| {
        let error = world.comment(CommentMode::Update, "new").await.unwrap_err();
        insta::assert_snapshot!(error, @"GET /repos/octo/prompts/issues/7/comments: the conversation has more than 10000 comments; open a new pull request, or turn comments off");
        assert_eq!(world.fake.requests().len(), 100);
    });
}
