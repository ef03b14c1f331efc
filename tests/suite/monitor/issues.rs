use crate::{
    monitor::{ERRORS, LATENCY, Prometheus, workspace},
    support::{
        PromptCicd, Workspace,
        github::{FakeGitHub, State},
    },
};

fn step(workspace: &Workspace, github: &FakeGitHub) -> PromptCicd {
    let path = |name: &str| workspace.path().join(name).to_str().unwrap().to_owned();
    for file in ["output", "summary"] {
        workspace.write(file, b"");
    }
    let (api, token) = (github.api_url(), github.state().token);
    let mut call = workspace.prompt_cicd(["monitor", "--issues", "--environment", "production"]);
    for (name, value) in [
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_API_URL", api.as_str()),
        ("GITHUB_SERVER_URL", "https://github.com"),
        ("GITHUB_REPOSITORY", "octo/prompts"),
        ("GITHUB_RUN_ID", "42"),
        ("GITHUB_TOKEN", token),
        ("GITHUB_OUTPUT", &path("output")),
        ("GITHUB_STEP_SUMMARY", &path("summary")),
        ("GITHUB_WORKSPACE", &path("")),
    ] {
        call = call.env(name, value);
    }
    call
}

#[test]
fn one_issue_is_opened_updated_and_closed() {
    let prometheus = Prometheus::start(&[("p95", "400"), ("5xx", "0.001")]);
    let workspace = workspace(&prometheus.host.url, &[LATENCY, ERRORS]);
    let github = FakeGitHub::start(State::new());

    step(&workspace, &github).run().exits(12).says("the issue about latency was opened");
    {
        let state = github.state();
        assert_eq!(state.issues.len(), 1);
        assert_eq!((state.issues[0].title.as_str(), state.issues[0].open), ("latency of production is degraded", true));
        assert!(state.issues[0].body.contains("400 is above the warning bound 300"), "{}", state.issues[0].body);
        drop(state);
    }
    let outputs = crate::actions::outputs(&workspace.read("output"));
    assert_eq!(
        (outputs["verdict"].as_str(), outputs["exit-code"].as_str(), outputs["rollback-requested"].as_str()),
        ("degraded", "12", "false")
    );
    assert!(workspace.read("summary").contains("Monitoring degraded"));

    prometheus.shows(&[("p95", "600")]);
    step(&workspace, &github).run().exits(12).says("the issue about latency was updated");
    {
        let state = github.state();
        assert_eq!((state.issues.len(), state.issues[0].title.as_str()), (1, "latency of production is critical"));
        drop(state);
    }

    // What is not known neither opens nor closes.
    prometheus.shows(&[("p95", "NaN")]);
    step(&workspace, &github).run().exits(30);
    assert!(github.state().issues[0].open);

    prometheus.shows(&[("p95", "100")]);
    step(&workspace, &github).run().exits(0).says("the issue about latency was closed");
    assert_eq!(github.state().issues.iter().map(|issue| issue.open).collect::<Vec<_>>(), [false]);
    github.finish();
}

#[test]
fn a_missing_permission_is_said_and_hides_nothing() {
    let prometheus = Prometheus::start(&[("p95", "600"), ("5xx", "0.1")]);
    let workspace = workspace(&prometheus.host.url, &[LATENCY, ERRORS]);
    let mut state = State::new();
    state.denied.insert("issues=write");
    let github = FakeGitHub::start(state);
    step(&workspace, &github).run().exits(12).says("issues: write").shows("CRITICAL");
    let outputs = crate::actions::outputs(&workspace.read("output"));
    assert_eq!((outputs["verdict"].as_str(), outputs["rollback-requested"].as_str()), ("critical", "true"));
    // Without any GitHub.
    workspace.prompt_cicd(["monitor", "--issues"]).run().exits(12).says("issues are not kept");
}
