//! The GitHub client against a GitHub of our own.

/// Check runs and their annotations.
mod checks;
/// The one comment: found, changed, written anew.
mod comments;
/// Every refusal and breakdown, and what the user reads.
mod failures;
/// Issues and files.
mod issues;
/// When it asks again, and when it does not.
mod patience;
/// Pull requests and what they change.
mod pulls;

use std::{sync::Arc, time::Duration};

use prompt_cicd::{
    adapters::{
        clock::SystemClock,
        github::{GitHub, Identity, Settings},
        http::Http,
        secret::{Scrubber, Secret},
    },
    ports::{
        clock::Clock,
        code_host::{CodeHost as _, CodeHostError, Comment, CommentMode, Marker, Patience, Written},
    },
};

use crate::support::{
    clock::ManualClock,
    github::{FakeGitHub, State},
};

/// No test takes longer.
const WHOLE_TEST: Duration = Duration::from_secs(30);

/// The client, the GitHub it speaks to, and the clock both go by.
struct World {
    fake: FakeGitHub,
    github: GitHub,
    clock: Arc<ManualClock>,
}

impl World {
    fn patience(&self) -> Patience {
        Patience::of(&*self.clock, Duration::from_mins(1))
    }

    /// Puts the comment with the marker `test` on pull request 7.
    async fn comment(&self, mode: CommentMode, body: &str) -> Result<Option<Written>, CodeHostError> {
        let marker = marker();
        self.github.put_comment(&Comment { pull_request: 7, marker: &marker, body }, mode, self.patience()).await
    }

    /// (author, body) of the comments that are there.
    fn comments(&self) -> Vec<(String, String)> {
        self.fake.state().comments.iter().map(|comment| (comment.author.clone(), comment.body.clone())).collect()
    }

    /// Sleeps so far, in milliseconds.
    fn sleeps(&self) -> Vec<u128> {
        self.clock.sleeps().iter().map(Duration::as_millis).collect()
    }
}

fn marker() -> Marker {
    Marker::new("test").unwrap()
}

fn settings(fake: &FakeGitHub, identity: Identity) -> Settings {
    let token = Secret::new(fake.state().token);
    Settings { api_url: fake.api_url(), repository: fake.state().repository.clone(), token, identity }
}

fn client(fake: &FakeGitHub, identity: Identity, clock: Arc<dyn Clock>) -> GitHub {
    GitHub::new(settings(fake, identity), &Http::new().unwrap(), clock, Arc::new(Scrubber::default())).unwrap()
}

/// Runs a test against a GitHub in this state, as `github-actions[bot]`.
fn on<T>(state: State, test: impl AsyncFnOnce(&World) -> T) -> T {
    on_as(state, Identity::ActionsBot, test)
}

/// The same as somebody else.
fn on_as<T>(state: State, identity: Identity, test: impl AsyncFnOnce(&World) -> T) -> T {
    let fake = FakeGitHub::start(state);
    let clock = Arc::new(ManualClock::default());
    let github = client(&fake, identity, Arc::clone(&clock) as Arc<dyn Clock>);
    let world = World { fake, github, clock };
    let result = run(test(&world));
    world.fake.finish();
    result
}

/// Runs a test with the system's clock and so much patience.
fn in_real_time<T>(state: State, patience: Duration, test: impl AsyncFnOnce(&GitHub, Patience) -> T) -> T {
    let fake = FakeGitHub::start(state);
    let clock = Arc::new(SystemClock::default());
    let github = client(&fake, Identity::ActionsBot, Arc::clone(&clock) as Arc<dyn Clock>);
    let result = run(test(&github, Patience::of(&*clock, patience)));
    fake.finish();
    result
}

fn run<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { tokio::time::timeout(WHOLE_TEST, test).await.expect("the test takes too long") })
}
