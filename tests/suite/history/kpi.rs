use std::process::Command;

use serde_json::Value;

use crate::support::{
    PromptCicd,
    github::{FakeGitHub, State},
    rollout::Stage,
};

fn kpi(stage: &Stage, more: &[&str]) -> Value {
    stage.call(["history", "kpi", "--format", "json"].into_iter().chain(more.iter().copied())).exits(0).json()
}

fn git(stage: &Stage, args: &[&str]) {
    let output = Command::new("git")
        .args(["-c", "user.name=ana", "-c", "user.email=ana@example.com", "-c", "commit.gpgsign=false"])
        .args(args)
        .current_dir(stage.workspace.path())
        .env("GIT_COMMITTER_DATE", "2026-01-01T00:00:00Z")
        .output()
        .unwrap();
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_measures_come_from_what_happened() {
    let stage = Stage::empty("stages: [10, 100]\n  stage-duration: 0s", "10ms");
    stage.numbers(500.0, 500.0);
    let none = kpi(&stage, &[]);
    for unknown in ["deployment_frequency_per_day", "change_failure_rate", "time_to_restore_seconds", "lead_time_seconds"] {
        assert_eq!(none[unknown], Value::Null, "{none}");
    }
    stage.call(["history", "kpi"]).exits(0).shows("time to restore       unknown");
    // 1.0.0 comes from a commit, 2.0.0 from nowhere.
    git(&stage, &["init", "-q", "-b", "main"]);
    stage.version("1.0.0");
    git(&stage, &["add", "prompts"]);
    git(&stage, &["commit", "-q", "-m", "1.0.0"]);
    stage.rollout("start", []).exits(0);
    stage.version("2.0.0");
    stage.rollout("start", []).exits(0);
    stage.rollout("run", []).exits(0);
    stage.call(["rollback", "greeting", "--yes"]).exits(0);
    let all = kpi(&stage, &["--environment", "production"]);
    assert_eq!((all["deployments_completed"].as_u64(), all["changes_with_commit"].as_u64()), (Some(2), Some(1)), "{all}");
    assert_eq!(
        (all["changes_ended"].as_u64(), all["changes_failed"].as_u64(), all["changes_restored"].as_u64()),
        (Some(2), Some(1), Some(1))
    );
    assert_eq!((all["deployment_frequency_per_day"].as_f64(), all["change_failure_rate"].as_f64()), (Some(2.0), Some(0.5)));
    let (restore, lead) = (all["time_to_restore_seconds"].as_f64().unwrap(), all["lead_time_seconds"].as_f64().unwrap());
    assert!((0.0..60.0).contains(&restore), "{all}");
    assert!(lead > 24.0 * 3_600.0, "the commit is of the first of January 2026: {all}");
    assert_eq!(kpi(&stage, &["--environment", "staging"])["deployment_frequency_per_day"], Value::Null);
    stage.call(["history", "kpi", "other"]).exits(4).says("there is no prompt `other`");
    stage.call(["history", "kpi", "--format", "markdown"]).exits(0).shows("| change failure rate | 50.0 % | 1 failed of 2 ended |");
    stage.call(["history", "kpi", "--since", "yesterday"]).exits(2).says("a day like 2026-01-31");
}

/// A job's shallow clone ends after the commit that made the version: GitHub knows it.
#[test]
fn in_a_shallow_clone_the_commit_is_asked_of_github() {
    let stage = Stage::empty("stages: [10, 100]\n  stage-duration: 0s", "10ms");
    stage.numbers(500.0, 500.0);
    stage.version("1.0.0");
    git(&stage, &["init", "-q", "-b", "main"]);
    git(&stage, &["add", "."]);
    git(&stage, &["commit", "-q", "-m", "1.0.0"]);
    stage.workspace.write("notes.md", b"later");
    git(&stage, &["add", "."]);
    git(&stage, &["commit", "-q", "-m", "notes"]);
    let commit = "c".repeat(40);
    for known in [true, false] {
        let elsewhere = tempfile::tempdir().unwrap();
        let clone = elsewhere.path().join("clone");
        let from = format!("file://{}", stage.workspace.path().display());
        let cloned = Command::new("git").args(["clone", "-q", "--depth", "1", &from]).arg(&clone).status().unwrap();
        assert!(cloned.success());
        let mut remote = State::new();
        if known {
            let change = (commit.clone(), "2026-01-01T00:00:00Z".to_owned());
            remote.last_changes.insert("prompts/greeting.prompt.yml".to_owned(), change);
        }
        let (github, at) = (FakeGitHub::start(remote), clone.canonicalize().unwrap().display().to_string());
        let token = github.state().token;
        let job = |args: &[&str]| {
            let call = PromptCicd::new(&clone).args(args.iter().copied()).env("GITHUB_ACTIONS", "true").env("GITHUB_WORKSPACE", &at);
            call.env("GITHUB_API_URL", &github.api_url()).env("GITHUB_TOKEN", token).env("GITHUB_REPOSITORY", "octo/prompts").run().exits(0)
        };
        job(&["rollout", "start", "greeting"]);
        let shown = job(&["registry", "show", "greeting", "1.0.0", "--format", "json"]).json();
        let measured = job(&["history", "kpi", "--format", "json"]);
        let kpis = measured.json();
        let lead = kpis["lead_time_seconds"].as_f64();
        if known {
            assert_eq!(shown["commit"], commit, "{shown}");
            assert!(kpis["changes_with_commit"] == 1 && lead.is_some_and(|lead| lead > 24.0 * 3_600.0), "{kpis}");
        } else {
            assert_eq!((&shown["commit"], lead), (&Value::Null, None), "{shown}");
            measured.says("registered in a shallow clone where GitHub cannot be asked");
        }
        let asked = github.requests().into_iter().filter(|request| request.ends_with("/repos/octo/prompts/commits")).count();
        assert_eq!(asked, 1, "{:?}", github.requests());
        github.finish();
    }
}
