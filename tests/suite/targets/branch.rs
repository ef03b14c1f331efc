//! A manifest on a branch: of a bare remote by `git push`, of a GitHub by its API.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    time::Duration,
};

use prompt_cicd::{
    adapters::{
        clock::SystemClock,
        github::{GitHub, GitHubBranch, Identity, Settings},
        http::{Http, site::Sites},
        secret::{Scrubber, Secret},
        store::GitBranch,
        target::TargetFactory,
    },
    domain::target::{Agreement, FlagdPlace, Observed, Shares, TargetKind, TargetSettings},
    ports::{
        clock::Clock,
        store::{Branch, Branches, StoreError},
        target::{Target, TargetErrorKind, Targets as _},
    },
};

use super::{DEADLINE, desired, flagd};
use crate::support::{
    clock::ManualClock,
    github::{FakeGitHub, Mishap, State},
};

fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git").args(arguments).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Branches of a remote beside a folder, or of a fake GitHub.
enum Reach {
    Push { beside: PathBuf, clock: Arc<dyn Clock> },
    Api { github: Arc<GitHub> },
}

impl Branches for Reach {
    fn open(&self, remote: Option<&str>, branch: &str) -> Result<Arc<dyn Branch>, StoreError> {
        Ok(match self {
            Self::Push { beside, clock } => {
                let remote = remote.unwrap_or("remote.git");
                Arc::new(GitBranch::new(remote, branch, beside, Arc::clone(clock), Arc::new(Scrubber::default())))
            }
            Self::Api { github } => Arc::new(GitHubBranch::new(Arc::clone(github), branch)),
        })
    }
}

fn open(reach: Reach, clock: Arc<dyn Clock>, flag: &str, remote: Option<&str>) -> Arc<dyn Target> {
    let sites = Sites::new(Arc::new(|_: &str| None), Arc::new(Scrubber::default()));
    let place =
        FlagdPlace::Branch { remote: remote.map(str::to_owned), branch: "flags/{{environment}}".into(), path: "p/{{prompt}}.json".into() };
    let kind = TargetKind::Flagd { place, flag: flag.to_owned() };
    let factory = TargetFactory::new(sites, "").with_branches(Arc::new(reach), clock);
    factory.open(&TargetSettings { name: "t".into(), kind, timeout: DEADLINE }, &desired(0, 1).subject).unwrap()
}

fn pushing(beside: &Path, flag: &str, remote: Option<&str>) -> Arc<dyn Target> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    open(Reach::Push { beside: beside.to_owned(), clock: Arc::clone(&clock) }, clock, flag, remote)
}

/// A bare remote below a folder that is nobody's repository.
fn remote() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    git(folder.path(), &["init", "--quiet", "--bare", "remote.git"]);
    folder
}

fn by_api(fake: &FakeGitHub) -> (Arc<dyn Target>, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::default());
    let api_url = fake.api_url();
    let (token, repository) = {
        let state = fake.state();
        (state.token, state.repository.clone())
    };
    let settings = Settings { api_url, repository, token: Secret::new(token), identity: Identity::ActionsBot };
    let shared = Arc::clone(&clock) as Arc<dyn Clock>;
    let github = GitHub::new(settings, &Http::new().unwrap(), Arc::clone(&shared), Arc::new(Scrubber::default())).unwrap();
    (open(Reach::Api { github: Arc::new(github) }, shared, "greeting", None), clock)
}

fn confirmed(observed: &Observed, percent: u8, epoch: u64) {
    assert_eq!(observed.agreement(&desired(percent, epoch), Shares::Any), Agreement::Confirmed, "{observed:?}");
}

const BRANCH: &str = "heads/flags/production";

#[test]
fn a_change_is_one_commit_that_others_read_and_twice_is_once() {
    let folder = remote();
    let bare = folder.path().join("remote.git");
    let target = pushing(folder.path(), "{{prompt}}", None);
    run(async {
        assert_eq!(target.observe(DEADLINE).await, Ok(Observed::default()));
        let mut before = vec![false; flagd::USERS];
        for (commits, percent) in [(1, 10), (2, 50), (3, 100)] {
            target.apply(&desired(percent, 1), &format!("op-{percent}"), DEADLINE).await.unwrap();
            // Another process reads it back from the remote, and one that repeats the operation changes nothing.
            let other = pushing(folder.path(), "{{prompt}}", None);
            confirmed(&other.observe(DEADLINE).await.unwrap(), percent, 1);
            other.apply(&desired(percent, 1), &format!("op-{percent}"), DEADLINE).await.unwrap();
            assert_eq!(git(&bare, &["rev-list", "--count", "flags/production"]), commits.to_string());
            let manifest = folder.path().join("read.json");
            std::fs::write(&manifest, git(&bare, &["show", "flags/production:p/greeting.json"])).unwrap();
            let now = flagd::served(&manifest);
            assert!((flagd::share(&now) - f64::from(percent)).abs() <= flagd::OFF, "{percent}: {}", flagd::share(&now));
            assert!(before.iter().zip(&now).all(|(before, now)| *now || !before), "somebody lost the candidate at {percent} %");
            before = now;
        }
        target.apply(&desired(0, 2), "rollback", DEADLINE).await.unwrap();
        confirmed(&target.observe(DEADLINE).await.unwrap(), 0, 2);
        let late = pushing(folder.path(), "{{prompt}}", None).apply(&desired(50, 1), "late", DEADLINE).await.unwrap_err();
        assert_eq!(late.kind, TargetErrorKind::Fenced, "{late}");
    });
    let said = git(&bare, &["log", "-1", "--format=%s%n%b", "flags/production~1"]);
    assert_eq!(said, "flags: greeting 2.0.0 at 100 % in production\nRollout: greeting-7\nOperation: op-100");
}

#[test]
fn other_files_and_flags_of_the_branch_stay() {
    let folder = remote();
    git(folder.path(), &["clone", "--quiet", "remote.git", "clone"]);
    let clone = folder.path().join("clone");
    git(&clone, &["checkout", "--quiet", "--orphan", "flags/production"]);
    std::fs::create_dir(clone.join("p")).unwrap();
    std::fs::write(clone.join("p/greeting.json"), "{\"flags\": {\"theirs\": {\"state\": \"DISABLED\"}}}").unwrap();
    std::fs::write(clone.join("README.md"), "theirs").unwrap();
    git(&clone, &["add", "."]);
    git(&clone, &["-c", "user.name=x", "-c", "user.email=x@example.com", "commit", "--quiet", "--message", "by hand"]);
    git(&clone, &["push", "--quiet", "origin", "flags/production"]);
    // The remote is known by the name that the repository gives it.
    run(pushing(&clone, "{{prompt}}", Some("origin")).apply(&desired(10, 1), "op", DEADLINE)).unwrap();
    let bare = folder.path().join("remote.git");
    assert_eq!(git(&bare, &["show", "flags/production:README.md"]), "theirs");
    let manifest: serde_json::Value = serde_json::from_str(&git(&bare, &["show", "flags/production:p/greeting.json"])).unwrap();
    assert_eq!(manifest["flags"]["theirs"], serde_json::json!({"state": "DISABLED"}));
    assert_eq!(manifest["flags"]["greeting"]["metadata"]["percent"], 10);
    assert_eq!(git(&bare, &["rev-list", "--count", "flags/production"]), "2");
    assert_eq!(git(&clone, &["status", "--porcelain"]), "", "the user's repository is as it was");
}

#[test]
fn writers_at_the_same_time_lose_no_flag() {
    let folder = remote();
    std::thread::scope(|scope| {
        for index in 0..3 {
            let target = pushing(folder.path(), &format!("flag-{index}"), None);
            scope.spawn(move || {
                for percent in [10, 50] {
                    run(target.apply(&desired(percent, 1), &format!("{index}-{percent}"), DEADLINE)).unwrap();
                }
            });
        }
    });
    let bare = folder.path().join("remote.git");
    let manifest: serde_json::Value = serde_json::from_str(&git(&bare, &["show", "flags/production:p/greeting.json"])).unwrap();
    assert!((0..3).all(|index| manifest["flags"][format!("flag-{index}")]["metadata"]["percent"] == 50), "{manifest}");
    assert_eq!(git(&bare, &["rev-list", "--count", "flags/production"]), "6");
}

#[test]
fn what_the_remote_refuses_or_does_not_answer_is_named() {
    let folder = remote();
    let error = run(pushing(folder.path(), "greeting", Some("nowhere.git")).apply(&desired(10, 1), "op", DEADLINE)).unwrap_err();
    assert!(error.kind == TargetErrorKind::Refused && error.message.contains("branch flags/production of nowhere.git"), "{error}");
    let hook = folder.path().join("remote.git/hooks/pre-receive");
    let script = |text: &str| {
        std::fs::write(&hook, text).unwrap();
        std::fs::set_permissions(&hook, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    };
    script("#!/bin/sh\necho 'not on a Friday' >&2\nexit 1\n");
    let target = pushing(folder.path(), "greeting", None);
    let error = run(target.apply(&desired(10, 1), "op", DEADLINE)).unwrap_err();
    assert!(error.kind == TargetErrorKind::Refused && error.message.contains("pre-receive hook declined"), "{error}");
    assert_eq!(run(target.observe(DEADLINE)), Ok(Observed::default()));
    script("#!/bin/sh\nexec sleep 8\n");
    let began = std::time::Instant::now();
    let error = run(target.apply(&desired(10, 1), "op", Duration::from_secs(2))).unwrap_err();
    assert!(error.kind.may_have_applied() && began.elapsed() < Duration::from_secs(6), "{error}: {:?}", began.elapsed());
    std::fs::remove_file(&hook).unwrap();
    // What is there and is no manifest is left alone.
    git(folder.path(), &["clone", "--quiet", "remote.git", "clone"]);
    let clone = folder.path().join("clone");
    git(&clone, &["checkout", "--quiet", "--orphan", "flags/production"]);
    std::fs::create_dir(clone.join("p")).unwrap();
    std::fs::write(clone.join("p/greeting.json"), "{").unwrap();
    git(&clone, &["add", "."]);
    git(&clone, &["-c", "user.name=x", "-c", "user.email=x@example.com", "commit", "--quiet", "--message", "by hand"]);
    git(&clone, &["push", "--quiet", "--force", "origin", "flags/production"]);
    let target = pushing(folder.path(), "greeting", None);
    let error = run(target.apply(&desired(10, 1), "op", DEADLINE)).unwrap_err();
    let place = "p/greeting.json of branch flags/production of remote.git is no flag manifest";
    assert!(error.kind == TargetErrorKind::Corrupt && error.message.contains(place), "{error}");
    assert_eq!(run(target.observe(DEADLINE)).unwrap_err().kind, TargetErrorKind::Corrupt);
}

#[test]
fn by_the_api_too_a_change_is_one_commit() {
    let fake = FakeGitHub::start(State::new());
    let (target, clock) = by_api(&fake);
    run(async {
        target.apply(&desired(10, 1), "op-1", DEADLINE).await.unwrap();
        // Somebody else writes the flag of another prompt in the meantime, and GitHub refuses for no reason.
        fake.state().git.change(BRANCH, "other.json", "{}");
        fake.state().git.spurious = 4;
        target.apply(&desired(25, 1), "op-2", DEADLINE).await.unwrap();
        assert!(!clock.sleeps().is_empty(), "a refusal is not answered by the next request at once");
        target.apply(&desired(25, 1), "op-2", DEADLINE).await.unwrap();
        confirmed(&target.observe(DEADLINE).await.unwrap(), 25, 1);
        let state = fake.state();
        let history = state.git.history(BRANCH);
        assert_eq!((history.len(), state.git.file(&history[0], "other.json").map(String::as_str)), (3, Some("{}")));
    });
    fake.finish();
}

#[test]
fn an_older_copy_that_the_api_shows_after_a_write_is_read_again() {
    let fake = FakeGitHub::start(State::new());
    let (target, clock) = by_api(&fake);
    run(async {
        target.apply(&desired(10, 1), "op-1", DEADLINE).await.unwrap();
        target.apply(&desired(25, 1), "op-2", DEADLINE).await.unwrap();
        fake.state().git.lagging = 2;
        confirmed(&target.observe(DEADLINE).await.unwrap(), 25, 1);
        assert_eq!(clock.sleeps().len(), 2);
        // Where the branch really was put back, that is what is shown.
        fake.state().git.lagging = usize::MAX;
        confirmed(&target.observe(DEADLINE).await.unwrap(), 10, 1);
    });
    fake.finish();
}

#[test]
fn an_answer_of_the_api_that_was_lost_is_found_by_reading_back() {
    let fake = FakeGitHub::start(State::new());
    let (target, _clock) = by_api(&fake);
    run(async {
        target.apply(&desired(10, 1), "op-1", DEADLINE).await.unwrap();
        fake.state().add_mishap("PATCH", "/git/refs/", 5, Mishap::DoneButCut);
        let error = target.apply(&desired(25, 1), "op-2", DEADLINE).await.unwrap_err();
        assert!(error.kind.may_have_applied(), "{error:?}");
        confirmed(&target.observe(DEADLINE).await.unwrap(), 25, 1);
        target.apply(&desired(25, 1), "op-2", DEADLINE).await.unwrap();
        assert_eq!(fake.state().git.history(BRANCH).len(), 2, "it was written once");
        fake.state().git.protected = true;
        let error = target.apply(&desired(50, 1), "op-3", DEADLINE).await.unwrap_err();
        assert!(error.kind == TargetErrorKind::Refused && error.message.contains("rule violations"), "{error}");
        fake.state().denied.insert("contents=write");
        let error = target.apply(&desired(50, 1), "op-3", DEADLINE).await.unwrap_err();
        assert!(error.kind == TargetErrorKind::Refused && error.message.contains("contents: write"), "{error}");
    });
    fake.finish();
}
