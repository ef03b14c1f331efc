use std::{sync::Arc, time::Duration};

use prompt_cicd::{
    adapters::{
        github::{GitHub, Identity, Settings},
        http::Http,
        secret::{Scrubber, Secret},
    },
    ports::code_host::{CodeHost as _, CodeHostError, CommentMode},
};
use serde_json::json;

use super::{World, in_real_time, on, on_as, settings};
use crate::support::{
    clock::ManualClock,
    github::{FakeGitHub, Mishap, State},
};

/// The error of reading pull request 7, which goes wrong like this as often as it is tried.
fn reading(mishap: Mishap) -> CodeHostError {
    on(State::new().mishap("GET", "/pulls/7", 99, mishap), async |world| world.github.pull_request(7, world.patience()).await.unwrap_err())
}

/// The error of writing the comment.
fn writing(state: State) -> CodeHostError {
    on(state, async |world| world.comment(CommentMode::Update, "new").await.unwrap_err())
}

fn refused(status: u16, message: &'static str) -> CodeHostError {
    writing(State::new().mishap("POST", "/comments", 99, Mishap::Status(status, message)))
}

#[test]
fn a_missing_permission_is_named() {
    for names_permissions in [true, false] {
        let mut state = State::new();
        state.denied.insert("pull_requests=write");
        state.names_permissions = names_permissions;
        let error = writing(state);
        assert!(matches!(&error, CodeHostError::PermissionMissing { permission, .. } if permission == "pull-requests: write"));
        insta::allow_duplicates! { insta::assert_snapshot!(error, @"POST /repos/octo/prompts/issues/7/comments: 403 Resource not accessible by integration; add `permissions: pull-requests: write` to the job; the token of a pull request from a fork can only read: write from a `workflow_run` job"); }
    }
    insta::assert_snapshot!(reading(Mishap::Status(403, "Resource not accessible by personal access token")), @"GET /repos/octo/prompts/pulls/7: 403 Resource not accessible by personal access token; give the token `permissions: pull-requests: read`");
}

#[test]
fn a_bot_that_asks_who_it_is_learns_what_to_do() {
    let state = State::new().comment("x", "<!-- prompt-cicd:test -->");
    on_as(state, Identity::Ask, async |world| {
        let error = world.comment(CommentMode::Update, "new").await.unwrap_err();
        insta::assert_snapshot!(error, @"GET /user: 403 Resource not accessible by integration; this is the token of an app: name the login it writes with, like `my-app[bot]`");
    });
}

#[test]
fn other_refusals_are_not_taken_for_permissions() {
    insta::assert_snapshot!(refused(403, "Unable to create comment because issue is locked."), @"POST /repos/octo/prompts/issues/7/comments: 403 Unable to create comment because issue is locked; unlock the conversation, or turn comments off");
    insta::assert_snapshot!(refused(403, "Resource protected by organization SAML enforcement."), @"POST /repos/octo/prompts/issues/7/comments: 403 Resource protected by organization SAML enforcement; an organization's rule stops this token: authorize it for single sign-on, or ask an administrator");
    insta::assert_snapshot!(refused(409, "Conflict"), @"POST /repos/octo/prompts/issues/7/comments: 409 Conflict; something else changed it at the same time, run it again");
    insta::assert_snapshot!(refused(410, "Issues are disabled for this repo"), @"POST /repos/octo/prompts/issues/7/comments: 410 Issues are disabled for this repo; it is gone or turned off: look at the repository's settings");
    insta::assert_snapshot!(reading(Mishap::Status(404, "Not Found")), @"GET /repos/octo/prompts/pulls/7: 404 Not Found; check that it is there and that the token may read it (a job needs `permissions: pull-requests: read`)");
}

#[test]
fn fields_that_are_wrong_are_named() {
    let errors = json!({"message": "Validation Failed", "errors": [
        {"resource": "IssueComment", "field": "body", "code": "custom", "message": "body is too long"},
        "and\nmore\u{1b}[31m",
    ]});
    let error = writing(State::new().mishap("POST", "/comments", 1, Mishap::Body(422, errors)));
    assert!(matches!(error, CodeHostError::Rejected { status: 422, .. }));
    insta::assert_snapshot!(error, @"POST /repos/octo/prompts/issues/7/comments: 422 Validation Failed (`body`: body is too long; and more [31m); change what is sent; please report it if that was prompt-cicd's own");
}

#[test]
fn a_wrong_token() {
    let mut state = State::new();
    state.login = "x";
    on(state, async |world| {
        world.fake.state().token = "another-token-altogether";
        let error = world.github.pull_request(7, world.patience()).await.unwrap_err();
        assert!(matches!(error, CodeHostError::BadToken { .. }));
        insta::assert_snapshot!(error, @"GET /repos/octo/prompts/pulls/7: 401 Bad credentials; pass a valid token (GITHUB_TOKEN ends with its job; others expire or are revoked)");
    });
}

#[test]
fn limits_say_until_when() {
    let limited = |mishap| {
        on(State::new().mishap("GET", "/pulls/7", 99, mishap), async |world: &World| {
            let error = world.github.pull_request(7, world.patience()).await.unwrap_err();
            assert_eq!(world.fake.requests().len(), 1, "it does not wait for what it cannot reach");
            error
        })
    };
    insta::assert_snapshot!(limited(Mishap::PrimaryLimit(600)), @"GET /repos/octo/prompts/pulls/7: 403 API rate limit exceeded for installation ID 1; primary rate limit: nothing is accepted until 2026-01-02T03:14:05Z, run it again then");
    insta::assert_snapshot!(limited(Mishap::SecondaryLimit(Some(90))), @"GET /repos/octo/prompts/pulls/7: 403 You have exceeded a secondary rate limit. Please wait a few minutes before you try again; secondary rate limit: nothing is accepted until 2026-01-02T03:05:35Z, run it again then");
    insta::assert_snapshot!(limited(Mishap::SecondaryLimit(None)), @"GET /repos/octo/prompts/pulls/7: 403 You have exceeded a secondary rate limit. Please wait a few minutes before you try again; secondary rate limit: nothing is accepted until 2026-01-02T03:05:05Z, run it again then");
    insta::assert_snapshot!(limited(Mishap::Status(429, "Too Many Requests")), @"GET /repos/octo/prompts/pulls/7: 429 Too Many Requests; secondary rate limit: nothing is accepted until 2026-01-02T03:05:05Z, run it again then");
}

#[test]
fn a_server_that_is_down() {
    insta::assert_snapshot!(reading(Mishap::Status(500, "Server Error")), @"GET /repos/octo/prompts/pulls/7: 500 Server Error (asked 5 times); check the network and GitHub's status page, then run it again");
    insta::assert_snapshot!(reading(Mishap::Html(502)), @"GET /repos/octo/prompts/pulls/7: 502 Bad Gateway (an HTML page) (asked 5 times); check the network and GitHub's status page, then run it again");
    let cut = reading(Mishap::Cut).to_string();
    let port = cut.split("127.0.0.1:").nth(1).unwrap().split(':').next().unwrap();
    insta::assert_snapshot!(cut.replace(port, "PORT"), @"GET /repos/octo/prompts/pulls/7: no whole answer from http://127.0.0.1:PORT: unexpected EOF during chunk size line (asked 5 times); check the network and GitHub's status page, then run it again");
    insta::assert_snapshot!(refused(503, "Service Unavailable"), @"POST /repos/octo/prompts/issues/7/comments: 503 Service Unavailable (asked 5 times); check the network and GitHub's status page, then run it again");
}

#[test]
fn nobody_there() {
    let fake = FakeGitHub::start(State::new());
    let settings = Settings { api_url: "http://127.0.0.1:9/".to_owned(), ..settings(&fake, Identity::ActionsBot) };
    let clock = Arc::new(ManualClock::default());
    let github = GitHub::new(settings, &Http::new().unwrap(), Arc::clone(&clock) as _, Arc::default()).unwrap();
    let patience = prompt_cicd::ports::code_host::Patience::of(&*clock, Duration::from_secs(1));
    let error = super::run(github.pull_request(7, patience)).unwrap_err();
    insta::assert_snapshot!(error, @"GET /repos/octo/prompts/pulls/7: no whole answer from http://127.0.0.1:9: Connection refused (os error 111) (asked 3 times); check the network and GitHub's status page, then run it again");
}

#[test]
fn an_answer_that_comes_too_late() {
    let slow = State::new().mishap("GET", "/pulls/7", 9, Mishap::Slow(Duration::from_secs(5)));
    let error =
        in_real_time(slow, Duration::from_millis(400), async |github, patience| github.pull_request(7, patience).await.unwrap_err());
    assert!(matches!(&error, CodeHostError::Unreachable { reason, .. } if reason.starts_with("no answer within 0.")), "{error}");
}

#[test]
fn a_page_instead_of_an_answer() {
    insta::assert_snapshot!(reading(Mishap::Html(200)), @"GET /repos/octo/prompts/pulls/7: 200, but the answer is an HTML page; check that GITHUB_API_URL names the API and no proxy answers for it");
    insta::assert_snapshot!(reading(Mishap::Body(200, json!({"number": "seven"}))), @r#"GET /repos/octo/prompts/pulls/7: 200, but the answer cannot be read: invalid type: string "seven", expected u64 at line 1 column 17; check that GITHUB_API_URL names the API and no proxy answers for it"#);
}

#[test]
fn ten_megabytes_are_refused() {
    let error = reading(Mishap::Huge(10 * 1024 * 1024));
    assert!(matches!(error, CodeHostError::TooLarge { .. }));
    insta::assert_snapshot!(error, @"GET /repos/octo/prompts/pulls/7: the answer has more than 2097152 bytes; use a smaller file, or a narrower request");
}

#[test]
fn the_token_follows_no_redirect_to_another_host() {
    let elsewhere = FakeGitHub::start(State::new());
    let to = format!("{}/repos/octo/prompts/pulls/7", elsewhere.api_url());
    let error = reading(Mishap::Redirect(301, to));
    assert!(matches!(error, CodeHostError::Unusable { .. }));
    insta::assert_snapshot!(error, @"GET /repos/octo/prompts/pulls/7: 301, but it redirects to another host, which must not see the token; check that GITHUB_API_URL names the API and no proxy answers for it");
    assert!(elsewhere.requests().is_empty());
    elsewhere.finish();
}

#[test]
fn a_renamed_repository_is_followed_and_a_circle_is_not() {
    let moved = |times| State::new().mishap("GET", "/pulls/7", times, Mishap::Redirect(301, "/repos/octo/prompts/pulls/7".to_owned()));
    on(moved(1), async |world| assert_eq!(world.github.pull_request(7, world.patience()).await.unwrap().number, 7));
    let error = on(moved(99), async |world| world.github.pull_request(7, world.patience()).await.unwrap_err());
    insta::assert_snapshot!(error, @"GET /repos/octo/prompts/pulls/7: 301, but it redirects in a circle; check that GITHUB_API_URL names the API and no proxy answers for it");
    let moved_post = Mishap::Redirect(307, "/repos/octo/prompts/issues/7/comments".to_owned());
    on(State::new().mishap("POST", "/comments", 1, moved_post), async |world| {
        world.comment(CommentMode::Update, "new").await.unwrap();
        assert_eq!(world.comments().len(), 1, "a redirected POST stays a POST");
    });
}

#[test]
fn the_token_is_in_no_error_and_no_debug() {
    const TOKEN: &str = "ghs_0123456789abcdefghijABCDEFGHIJ";
    let echoed = Mishap::Body(422, json!({"message": format!("you sent {TOKEN}"), "errors": [format!("Bearer {TOKEN}")]}));
    let error = writing(State::new().mishap("POST", "/comments", 1, echoed));
    assert!(error.to_string().contains("you sent [secret]"), "{error}");
    for text in [error.to_string(), format!("{error:?}")] {
        assert!(!text.contains(TOKEN), "{text}");
    }
    on(State::new(), async |world| {
        world.github.pull_request(7, world.patience()).await.unwrap();
        let settings = settings(&world.fake, Identity::ActionsBot);
        assert!(!format!("{:?} {settings:?}", world.github).contains(TOKEN));
        assert_eq!(world.fake.journal()[0].headers["authorization"], format!("Bearer {TOKEN}").as_str());
    });
}

#[test]
fn settings_that_cannot_be() {
    let refused = |api_url: &str, repository: &str, token: &str| {
        let settings = Settings {
            api_url: api_url.to_owned(),
            repository: repository.to_owned(),
            token: Secret::new(token),
            identity: Identity::ActionsBot,
        };
        let clock = Arc::new(ManualClock::default());
        GitHub::new(settings, &Http::new().unwrap(), clock, Arc::new(Scrubber::default())).unwrap_err().to_string()
    };
    let (url, repository, token) = ("https://api.github.com", "octo/prompts", "ghs_token-token-token");
    insta::assert_snapshot!(refused("api.github.com", repository, token), @"GitHub: `api.github.com` is no API address: relative URL without a base; GITHUB_API_URL is like https://api.github.com");
    insta::assert_snapshot!(refused("ftp://api.github.com", repository, token), @"GitHub: `ftp://api.github.com` is no API address: it must begin with https:// and name a host; GITHUB_API_URL is like https://api.github.com");
    insta::assert_snapshot!(refused("https://me:hunter2hunter2@api.github.com", repository, token), @"GitHub: the API address must have no user, password, query or fragment");
    for wrong in ["prompts", "octo/prompts/x", "octo/..", "/prompts", "octo/pro mpts"] {
        assert!(refused(url, wrong, token).contains("is no repository"), "{wrong}");
    }
    insta::assert_snapshot!(refused(url, "prompts", token), @"GitHub: `prompts` is no repository; GITHUB_REPOSITORY is like owner/name");
    insta::assert_snapshot!(refused(url, repository, " "), @"GitHub: the token is empty; pass `${{ github.token }}` as GITHUB_TOKEN");
    insta::assert_snapshot!(refused(url, repository, "to\nken"), @"GitHub: the token has characters that no header may have; look for a line break in it");
}

#[test]
#[should_panic(expected = "GET /repos/octo/prompts/branches")]
fn the_fake_finds_requests_that_it_does_not_know() {
    let fake = FakeGitHub::start(State::new());
    let url = format!("{}/repos/octo/prompts/branches", fake.api_url());
    let ask = Http::new().unwrap().client().get(url).bearer_auth(fake.state().token).send();
    assert_eq!(super::run(ask).unwrap().status(), 404);
    fake.finish();
}
