//! The manifest, read by an evaluator nobody here wrote, and kept on a server.

use std::{
    path::Path,
    sync::{Arc, Mutex},
};

use axum::{http::StatusCode, response::IntoResponse as _};
use flagd_evaluation_engine::{FlagParser, Operator};
use open_feature::EvaluationContext;
use prompt_cicd::{
    domain::target::{Agreement, FlagdPlace, Shares, TargetKind},
    ports::target::TargetErrorKind,
};

use super::{DEADLINE, desired, http, open};
use crate::support::hosts::{Host, Request};

/// `tests/real/targets.rs` asks 100 000 users with two other evaluators; this one is slow without optimisation.
pub(super) const USERS: usize = 10_000;
/// Percentage points that a share may be off: three standard deviations at 50 % of so many users.
pub(super) const OFF: f64 = 1.5;

/// Who gets the candidate, by user; two threads share the work.
pub(super) fn served(manifest: &Path) -> Vec<bool> {
    let flags = FlagParser::parse_string(&std::fs::read_to_string(manifest).unwrap()).unwrap().flags;
    let flag = &flags["greeting"];
    let rule = flag.get_targeting();
    let part = |users: std::ops::Range<usize>| -> Vec<bool> {
        let operator = Operator::new();
        users
            .map(|user| {
                let context = EvaluationContext::default().with_targeting_key(format!("user-{user}"));
                let variant = operator.apply("greeting", &rule, &context).unwrap().unwrap_or_else(|| flag.default_variant.clone());
                assert!(flag.variants.contains_key(&variant), "{variant}");
                variant == "2.0.0"
            })
            .collect()
    };
    std::thread::scope(|scope| {
        let second = scope.spawn(|| part(USERS / 2..USERS));
        let mut all = part(0..USERS / 2);
        all.extend(second.join().unwrap());
        all
    })
}

pub(super) fn share(served: &[bool]) -> f64 {
    f64::from(u32::try_from(served.iter().filter(|candidate| **candidate).count()).unwrap())
        / f64::from(u32::try_from(served.len()).unwrap())
        * 100.0
}

#[tokio::test]
async fn a_growing_share_loses_nobody_and_a_rollback_brings_all_back() {
    let folder = tempfile::tempdir().unwrap();
    let target = open(TargetKind::Flagd { place: FlagdPlace::File("flags.json".into()), flag: "{{prompt}}".into() }, folder.path());
    let path = folder.path().join("flags.json");
    let mut before = vec![false; USERS];
    for percent in [10, 25, 50, 100] {
        target.apply(&desired(percent, 1), &format!("stage-{percent}"), DEADLINE).await.unwrap();
        let now = served(&path);
        assert!((share(&now) - f64::from(percent)).abs() <= OFF, "{percent}: {}", share(&now));
        let lost = before.iter().zip(&now).filter(|(before, now)| **before && !**now).count();
        assert_eq!(lost, 0, "users who had the candidate below {percent} % and lost it");
        before = now;
    }
    target.apply(&desired(0, 2), "rollback", DEADLINE).await.unwrap();
    assert_eq!(served(&path).iter().filter(|candidate| **candidate).count(), 0);
}

#[tokio::test]
async fn two_rollouts_do_not_begin_with_the_same_users() {
    let folder = tempfile::tempdir().unwrap();
    let target = open(TargetKind::Flagd { place: FlagdPlace::File("flags.json".into()), flag: "{{prompt}}".into() }, folder.path());
    let mut cohorts = Vec::new();
    for rollout in ["greeting-7", "greeting-8"] {
        let mut desired = desired(10, 1);
        desired.rollout = rollout.into();
        target.apply(&desired, rollout, DEADLINE).await.unwrap();
        cohorts.push(served(&folder.path().join("flags.json")));
    }
    let both: Vec<bool> = cohorts[0].iter().zip(&cohorts[1]).map(|(first, second)| *first && *second).collect();
    assert!((share(&both) - 1.0).abs() < 0.3, "{} % are in both; independent cohorts share 1 %", share(&both));
}

#[tokio::test]
async fn without_a_key_everybody_is_stable_until_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let target = open(TargetKind::Flagd { place: FlagdPlace::File("flags.json".into()), flag: "{{prompt}}".into() }, folder.path());
    for (percent, expected) in [(0, "1.0.0"), (99, "1.0.0"), (100, "2.0.0")] {
        target.apply(&desired(percent, 1), &percent.to_string(), DEADLINE).await.unwrap();
        let text = std::fs::read_to_string(folder.path().join("flags.json")).unwrap();
        let rule = FlagParser::parse_string(&text).unwrap().flags["greeting"].get_targeting();
        let variant = Operator::new().apply("greeting", &rule, &EvaluationContext::default()).unwrap();
        assert_eq!(variant.as_deref(), Some(expected), "{percent}");
    }
}

/// A server of one document that keeps to `If-Match`, and how often it lets somebody else write in between.
#[derive(Debug, Default)]
struct Stored {
    text: Option<String>,
    revision: u32,
    intruders: u32,
}

fn serve(stored: &Mutex<Stored>, request: &Request) -> axum::response::Response {
    let mut stored = stored.lock().unwrap();
    let tag = format!("\"{}\"", stored.revision);
    if request.method == "GET" {
        let answer =
            stored.text.clone().map_or_else(|| StatusCode::NOT_FOUND.into_response(), |text| ([("etag", tag)], text).into_response());
        if stored.intruders > 0 {
            stored.intruders -= 1;
            stored.revision += 1;
        }
        return answer;
    }
    let header = |name: &str| request.headers.get(name).and_then(|value| value.to_str().ok());
    if header("if-match").is_some_and(|wanted| wanted != tag) || (header("if-none-match") == Some("*") && stored.text.is_some()) {
        return StatusCode::PRECONDITION_FAILED.into_response();
    }
    stored.text = Some(String::from_utf8(request.body.to_vec()).unwrap());
    stored.revision += 1;
    StatusCode::NO_CONTENT.into_response()
}

#[tokio::test]
async fn a_server_is_written_under_its_etag() {
    let stored = Arc::new(Mutex::new(Stored::default()));
    let state = Arc::clone(&stored);
    let host = Host::start(move |request| {
        let answer = serve(&state, &request);
        async move { answer }
    })
    .await;
    let target = open(TargetKind::Flagd { place: FlagdPlace::Http(http(&host.url)), flag: "f".into() }, Path::new(""));
    target.apply(&desired(10, 1), "one", DEADLINE).await.unwrap();
    stored.lock().unwrap().intruders = 3;
    target.apply(&desired(25, 1), "two", DEADLINE).await.unwrap();
    assert_eq!(target.observe(DEADLINE).await.unwrap().agreement(&desired(25, 1), Shares::Any), Agreement::Confirmed);
    let puts = host.received().iter().filter(|request| request.method == "PUT").count();
    assert_eq!(puts, 5, "one to make it, three refused, one to change it");
    stored.lock().unwrap().intruders = u32::MAX;
    assert_eq!(target.apply(&desired(50, 1), "three", DEADLINE).await.unwrap_err().kind, TargetErrorKind::Conflict);
}
