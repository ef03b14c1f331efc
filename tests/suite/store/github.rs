use std::{sync::Arc, time::Duration};

use prompt_cicd::{
    adapters::{
        clock::SystemClock,
        github::{GitHub, GitHubBranch, Identity, Settings},
        http::Http,
        secret::{Scrubber, Secret},
        store::BranchStore,
    },
    ports::{
        clock::Clock,
        store::{Expect, Patience, Store, StoreError},
    },
};
use serde_json::json;

use super::{
    contract::{self, Subject, key},
    run,
};
use crate::support::{
    clock::ManualClock,
    github::{FakeGitHub, Mishap, State},
};

const HISTORY: u64 = 1_000_000;
const BRANCH: &str = "heads/prompt-cicd-state";

fn opened(fake: &FakeGitHub, history: u64, clock: Arc<dyn Clock>) -> Arc<dyn Store> {
    let api_url = fake.api_url();
    let (token, repository) = {
        let state = fake.state();
        (state.token, state.repository.clone())
    };
    let settings = Settings { api_url, repository, token: Secret::new(token), identity: Identity::ActionsBot };
    let github = GitHub::new(settings, &Http::new().unwrap(), Arc::clone(&clock), Arc::new(Scrubber::default())).unwrap();
    Arc::new(BranchStore::new(Arc::new(GitHubBranch::new(Arc::new(github), "prompt-cicd-state")), clock, history))
}

/// A world whose clock moves only when somebody sleeps.
fn still(state: State) -> (FakeGitHub, Arc<dyn Store>, Arc<ManualClock>) {
    let fake = FakeGitHub::start(state);
    let clock = Arc::new(ManualClock::default());
    let store = opened(&fake, HISTORY, Arc::clone(&clock) as Arc<dyn Clock>);
    (fake, store, clock)
}

fn patience(clock: &ManualClock) -> Patience {
    Patience::of(clock, Duration::from_mins(1))
}

#[test]
fn the_branch_keeps_the_contract() {
    let fake = FakeGitHub::start(State::new());
    let open = |clock| opened(&fake, HISTORY, clock);
    run(Subject::new(&open).keeps_the_contract());
    fake.finish();
}

#[test]
fn the_branch_loses_no_update_among_stale_tips() {
    let fake = FakeGitHub::start(State::new());
    let open = |clock| opened(&fake, HISTORY, clock);
    run(Subject::new(&open).loses_no_update(contract::Race { writers: 8, each: 50 }));
    fake.finish();
}

#[test]
fn a_write_is_a_tree_a_commit_and_a_move_without_force() {
    let (fake, store, clock) = still(State::new());
    run(store.put(&key("a"), json!(1), Expect::Absent, patience(&clock))).unwrap();
    let revision = run(store.get(&key("a"), patience(&clock))).unwrap().unwrap().revision;
    let before = fake.requests().len();
    run(store.put(&key("a"), json!(2), Expect::Revision(revision), patience(&clock))).unwrap();
    let below = "/repos/octo/prompts";
    let requests: Vec<String> = fake.requests()[before..].iter().map(|request| request.replace(below, "")).collect();
    let shape: Vec<&str> = requests.iter().map(|request| request.split("/commits/").next().unwrap()).collect();
    let expected = [
        "GET /git/ref/heads/prompt-cicd-state",
        "GET /git",
        "GET /contents/records/a.json",
        "POST /git/trees",
        "POST /git/commits",
        "PATCH /git/refs/heads/prompt-cicd-state",
    ];
    assert_eq!(shape, expected);
    assert_eq!(fake.state().git.history(BRANCH).len(), 2);
    fake.finish();
}

#[test]
fn refusals_without_a_reason_are_tried_again_from_the_start() {
    let (fake, store, clock) = still(State::new());
    let first = run(store.put(&key("a"), json!(1), Expect::Absent, patience(&clock))).unwrap();
    fake.state().git.spurious = 8;
    let second = run(store.put(&key("a"), json!(2), Expect::Revision(first), patience(&clock))).unwrap();
    assert_eq!(fake.state().git.history(BRANCH).len(), 2, "one commit, whatever was refused");
    let tips = fake.requests().iter().filter(|request| request.starts_with("GET") && request.ends_with(BRANCH)).count();
    assert_eq!(tips, 1 + 9, "the tip is read anew for each try");
    // Half a minute of it is lived through.
    let slept: Duration = clock.sleeps().iter().sum();
    assert!(slept > Duration::from_secs(5) && slept < Duration::from_secs(30), "{slept:?}");
    fake.state().git.spurious = usize::MAX;
    let error = run(store.put(&key("a"), json!(3), Expect::Revision(second), patience(&clock))).unwrap_err();
    assert!(
        matches!(&error, StoreError::Unreachable { reason, maybe_done: false, .. } if reason.contains("422 Reference cannot be updated")),
        "{error}"
    );
    fake.finish();
}

#[test]
fn a_rule_is_no_race() {
    let (fake, store, clock) = still(State::new());
    let first = run(store.put(&key("a"), json!(1), Expect::Absent, patience(&clock))).unwrap();
    fake.state().git.protected = true;
    let error = run(store.put(&key("a"), json!(2), Expect::Revision(first), patience(&clock))).unwrap_err();
    assert!(matches!(&error, StoreError::Refused { reason, .. } if reason.contains("rule violations")), "{error}");
    assert!(clock.sleeps().is_empty());
    fake.finish();
}

#[test]
fn an_answer_that_was_lost_is_looked_for() {
    for mishap in [Mishap::DoneButCut, Mishap::DoneBut(502)] {
        let (fake, store, clock) = still(State::new());
        let first = run(store.put(&key("a"), json!(1), Expect::Absent, patience(&clock))).unwrap();
        fake.state().add_mishap("PATCH", "/git/refs/", 5, mishap);
        let second = run(store.put(&key("a"), json!(2), Expect::Revision(first), patience(&clock))).unwrap();
        let found = run(store.get(&key("a"), patience(&clock))).unwrap().unwrap();
        assert_eq!((found.revision, found.value), (second, json!(2)));
        assert_eq!(fake.state().git.history(BRANCH).len(), 2, "it was written once");
        fake.finish();
    }
}

#[test]
fn an_older_copy_is_read_again() {
    let (fake, store, clock) = still(State::new());
    let first = run(store.put(&key("a"), json!(1), Expect::Absent, patience(&clock))).unwrap();
    let second = run(store.put(&key("a"), json!(2), Expect::Revision(first), patience(&clock))).unwrap();
    fake.state().git.lagging = 2;
    run(store.put(&key("a"), json!(3), Expect::Revision(second), patience(&clock))).unwrap();
    assert_eq!(run(store.get(&key("a"), patience(&clock))).unwrap().unwrap().value, 3);
    // Whoever reads after its own write sees it.
    fake.state().git.lagging = 3;
    assert_eq!(run(store.get(&key("a"), patience(&clock))).unwrap().unwrap().value, 3);
    // Where the branch stays where it was, that is what it is.
    fake.state().git.lagging = usize::MAX;
    assert_eq!(run(store.get(&key("a"), patience(&clock))).unwrap().unwrap().value, 2);
    fake.finish();
}

#[test]
fn a_copy_from_before_the_branch_or_two_writes_ago_is_read_again() {
    let (fake, store, clock) = still(State::new());
    let first = run(store.put(&key("a"), json!(1), Expect::Absent, patience(&clock))).unwrap();
    let oldest = fake.state().git.refs[BRANCH].clone();
    fake.state().git.older = (2, None);
    assert_eq!(run(store.get(&key("a"), patience(&clock))).unwrap().unwrap().value, 1);
    fake.state().git.older = (2, None);
    let second = run(store.put(&key("a"), json!(2), Expect::Revision(first), patience(&clock))).unwrap();
    run(store.put(&key("a"), json!(3), Expect::Revision(second), patience(&clock))).unwrap();
    for older in [Some(oldest), None] {
        fake.state().git.older = (3, older);
        assert_eq!(run(store.get(&key("a"), patience(&clock))).unwrap().unwrap().value, 3);
    }
    // A branch that somebody deleted is not waited for for ever.
    fake.state().git.older = (usize::MAX, None);
    assert!(run(store.get(&key("a"), patience(&clock))).unwrap().is_none());
    fake.finish();
}

#[test]
fn history_begins_anew_where_nobody_came_between() {
    let fake = FakeGitHub::start(State::new());
    let clock = Arc::new(ManualClock::default());
    let store = opened(&fake, 4, Arc::clone(&clock) as Arc<dyn Clock>);
    let mut expect = Expect::Absent;
    let mut longest = 0;
    for number in 0..11 {
        expect = Expect::Revision(run(store.put(&key("a"), json!(number), expect, patience(&clock))).unwrap());
        run(store.put(&key(&format!("kept/{number}")), json!(number), Expect::Absent, patience(&clock))).unwrap();
        longest = longest.max(fake.state().git.history(BRANCH).len());
    }
    assert_eq!(longest, 4);
    assert_eq!(run(store.list(None, patience(&clock))).unwrap().len(), 12);
    assert!(fake.requests().iter().any(|request| request == "POST /graphql"));
    fake.finish();
}

#[test]
fn what_a_token_may_not_do_is_said() {
    let mut state = State::new();
    state.denied.insert("contents=write");
    let (fake, store, clock) = still(state);
    assert_eq!(run(store.get(&key("a"), patience(&clock))), Ok(None));
    let error = run(store.put(&key("a"), json!(1), Expect::Absent, patience(&clock))).unwrap_err();
    assert!(matches!(&error, StoreError::Refused { reason, .. } if reason.contains("contents: write")), "{error}");
    fake.finish();
}

#[test]
fn a_slow_github_ends_in_time() {
    let fake = FakeGitHub::start(State::new().mishap("GET", "/git/ref/", 9, Mishap::Slow(Duration::from_secs(20))));
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    let store = opened(&fake, HISTORY, Arc::clone(&clock));
    let began = std::time::Instant::now();
    let error = run(store.put(&key("a"), json!(1), Expect::Absent, Patience::of(&*clock, Duration::from_secs(1)))).unwrap_err();
    assert!(matches!(error, StoreError::Unreachable { maybe_done: false, .. }), "{error}");
    assert!(began.elapsed() < Duration::from_secs(4));
}

#[test]
fn what_was_changed_by_hand_is_refused_with_its_place() {
    let (fake, store, clock) = still(State::new());
    run(store.put(&key("a"), json!(1), Expect::Absent, patience(&clock))).unwrap();
    fake.state().git.change(BRANCH, "records/a.json", "{}");
    let error = run(store.get(&key("a"), patience(&clock))).unwrap_err();
    assert!(matches!(&error, StoreError::Corrupt { place, .. } if place.contains("records/a.json at ")), "{error}");
    fake.finish();
}
