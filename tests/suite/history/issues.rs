//! `test --issues`: one open issue for each cause.

use super::world;
use crate::support::{
    Behaviour, FakeModel, PromptCicd, Workspace,
    github::{FakeGitHub, State},
};

fn night(workspace: &Workspace, github: &FakeGitHub, args: &[&str]) -> PromptCicd {
    let path = |name: &str| workspace.path().join(name).to_str().unwrap().to_owned();
    for file in ["output", "summary"] {
        workspace.write(file, b"");
    }
    let (api, token) = (github.api_url(), github.state().token);
    let environment = [
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_API_URL", api.as_str()),
        ("GITHUB_SERVER_URL", "https://github.com"),
        ("GITHUB_REPOSITORY", "octo/prompts"),
        ("GITHUB_RUN_ID", "42"),
        ("GITHUB_TOKEN", token),
        ("GITHUB_EVENT_NAME", "schedule"),
        ("GITHUB_OUTPUT", &path("output")),
        ("GITHUB_STEP_SUMMARY", &path("summary")),
        ("GITHUB_WORKSPACE", &path("")),
    ];
    let call = workspace.prompt_cicd(["test", "--issues", "--no-base"].into_iter().chain(args.iter().copied()));
    environment.iter().fold(call, |call, (name, value)| call.env(name, value))
}

/// Titles of the issues, and whether each is open.
fn issues(github: &FakeGitHub) -> Vec<(String, bool)> {
    github.state().issues.iter().map(|issue| (issue.title.clone(), issue.open)).collect()
}

#[test]
fn a_failing_suite_has_one_issue_until_it_is_green() {
    // The first night Ben is forgotten three times of five, the second night always, and from the third on never.
    fn nights(before: usize, message: &str) -> Result<String, u16> {
        let forgotten = message.contains("ben") && (before < 15 && before % 2 == 1 || (15..30).contains(&before));
        Ok(if forgotten { "Hello <!-- @octocat -->!".to_owned() } else { message.to_owned() })
    }
    let model = FakeModel::start(Behaviour::Rule(nights));
    let workspace = world(&model, "store: {kind: directory, path: state}\n");
    let github = FakeGitHub::start(State::new());
    night(&workspace, &github, &["--repeat", "5"]).run().exits(10).says("the issue about failing cases of greeting was opened");
    let (fails, flaky) = ("prompt tests: suite greeting fails".to_owned(), "prompt tests: suite greeting has flaky cases".to_owned());
    assert_eq!(issues(&github), [(fails.clone(), true), (flaky.clone(), true)]);
    {
        let state = github.state();
        assert_eq!(state.issues[0].labels, ["test-failure", "nightly", "automated"]);
        assert!(state.issues[0].body.contains("ben: 2 of 5 samples passed"), "{}", state.issues[0].body);
        assert!(!state.issues[0].body.contains("@octocat"), "{}", state.issues[0].body);
        drop(state);
    }
    night(&workspace, &github, &["--repeat", "5"]).run().exits(10).says("the issue about flaky cases of greeting was closed");
    assert_eq!(issues(&github), [(fails.clone(), true), (flaky.clone(), false)]);
    night(&workspace, &github, &["--repeat", "5"]).run().exits(0).says("the issue about failing cases of greeting was closed");
    assert_eq!(issues(&github), [(fails, false), (flaky, false)]);
    let quiet = night(&workspace, &github, &["--repeat", "5"]).run().exits(0);
    assert!(!quiet.stderr.contains("the issue about"), "{}", quiet.stderr);
}

#[test]
fn an_outage_has_an_issue_of_its_own_and_closes_none() {
    fn down(before: usize, message: &str) -> Result<String, u16> {
        match before {
            0..3 => Ok(message.replace("ben", "you")),
            3..6 => Err(400),
            _ => Ok(message.to_owned()),
        }
    }
    let model = FakeModel::start(Behaviour::Rule(down));
    let workspace = world(&model, "store: {kind: directory, path: state}\n");
    let github = FakeGitHub::start(State::new());
    night(&workspace, &github, &[]).run().exits(10);
    night(&workspace, &github, &[]).run().exits(31).says("the issue about missing answers of greeting was opened");
    let open = |github: &FakeGitHub| issues(github).into_iter().filter(|(_, open)| *open).map(|(title, _)| title).collect::<Vec<_>>();
    assert_eq!(open(&github), ["prompt tests: suite greeting fails", "prompt tests: suite greeting gets no answers"]);
    night(&workspace, &github, &[]).run().exits(0);
    assert_eq!(open(&github), Vec::<String>::new());
}

#[test]
fn a_code_host_that_refuses_changes_no_verdict() {
    let model = FakeModel::start(Behaviour::Echo);
    let workspace = world(&model, "");
    workspace.prompt_cicd(["test", "--issues"]).run().exits(0).says("warning: issues are not kept: ");
}
