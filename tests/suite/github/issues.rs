use prompt_cicd::ports::code_host::{Action, CodeHost as _, CodeHostError, Issue, Marker};

use super::{World, on};
use crate::support::github::{Mishap, State};

const BOT: &str = "github-actions[bot]";
const OURS: &str = "<!-- prompt-cicd:cause -->\nold";

fn cause() -> Marker {
    Marker::new("cause").unwrap()
}

async fn put(world: &World, title: &str, body: &str) -> Action {
    let issue = Issue { marker: &cause(), title, body, labels: &["prompt-cicd"] };
    world.github.put_issue(&issue, world.patience()).await.unwrap().action
}

#[test]
fn one_issue_is_open_for_each_cause() {
    on(State::new().issue("mallory", "spoof", OURS), async |world| {
        assert_eq!(put(world, "It regressed", "first").await, Action::Created);
        assert_eq!(put(world, "It regressed", "second").await, Action::Updated);
        assert_eq!(put(world, "It regressed", "second").await, Action::Unchanged);
        let issues = world.fake.state().issues.clone();
        assert_eq!(issues.len(), 2);
        assert_eq!((issues[0].title.as_str(), issues[0].body.as_str()), ("spoof", OURS));
        assert_eq!((issues[1].title.as_str(), issues[1].body.as_str()), ("It regressed", "<!-- prompt-cicd:cause -->\nsecond"));
        assert_eq!(issues[1].labels, ["prompt-cicd"]);
    });
}

#[test]
fn a_closed_one_stays_closed_and_a_new_one_opens() {
    on(State::new().issue(BOT, "It regressed", OURS), async |world| {
        let closed = world.github.close_issue(&cause(), world.patience()).await.unwrap().unwrap();
        assert_eq!((closed.action, closed.id), (Action::Closed, 101));
        assert_eq!(world.github.close_issue(&cause(), world.patience()).await, Ok(None));
        assert_eq!(put(world, "It regressed", "again").await, Action::Created);
        let open: Vec<bool> = world.fake.state().issues.iter().map(|issue| issue.open).collect();
        assert_eq!(open, [false, true]);
    });
}

#[test]
fn an_issue_that_was_opened_unseen_is_not_opened_twice() {
    on(State::new().mishap("POST", "/issues", 1, Mishap::DoneBut(500)), async |world| {
        assert_eq!(put(world, "It regressed", "body").await, Action::Created);
        assert_eq!(world.fake.state().issues.len(), 1);
    });
}

#[test]
fn a_file_at_a_commit() {
    let mut state = State::new();
    let content = [0xff, 0x00, b'a'];
    state.contents.insert(("base-sha".to_owned(), "prompts/größe 100%?.yml".to_owned()), content.to_vec());
    on(state, async |world| {
        let file = async |path: &str, at: &str, limit| world.github.file(path, at, limit, world.patience()).await;
        assert_eq!(file("prompts/größe 100%?.yml", "base-sha", 3).await.unwrap(), content);
        assert!(matches!(file("prompts/größe 100%?.yml", "head-sha", 3).await, Err(CodeHostError::NotFound { .. })));
        insta::assert_snapshot!(file("prompts/größe 100%?.yml", "base-sha", 2).await.unwrap_err(), @"GET /repos/octo/prompts/contents/prompts/gr%C3%B6%C3%9Fe%20100%25%3F.yml: the answer has more than 2 bytes; use a smaller file, or a narrower request");
        insta::assert_snapshot!(file("prompts", "base-sha", 99).await.unwrap_err(), @"GET /repos/octo/prompts/contents/prompts: 400 `prompts` is a folder; name a file");
        let before = world.fake.requests().len();
        for path in ["../secrets", "a//b", "/a", "a/./b"] {
            assert!(matches!(file(path, "base-sha", 99).await, Err(CodeHostError::Rejected { .. })), "{path}");
        }
        assert_eq!(world.fake.requests().len(), before);
    });
}
