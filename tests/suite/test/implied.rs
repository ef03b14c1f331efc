//! GitHub Models where a configuration names no provider.

use crate::support::{Behaviour, FakeModel, PromptCicd, Workspace};

const CONFIG: &str = "version: 1\nsuites:\n  - name: greeting\n    prompt: prompts/greeting.prompt.yml\n    cases: cases/greeting.jsonl\n    defaults: {assert: [{contains: \"{{name}}\"}]}\n";

fn without_providers() -> Workspace {
    Workspace::greeting().file("prompt-cicd.yml", CONFIG)
}

fn in_workflow(workspace: &Workspace, model: &FakeModel, args: &[&str]) -> PromptCicd {
    let url = model.base_url();
    workspace
        .prompt_cicd(args.iter().copied())
        .env("GITHUB_ACTIONS", "true")
        .env("GITHUB_TOKEN", "ghs_0123456789abcdefghijABCDEFGHIJ")
        .env("PROMPT_CICD_GITHUB_MODELS_URL", &url)
}

#[test]
fn a_workflow_without_a_provider_asks_github_models_and_says_so() {
    let model = FakeModel::start(Behaviour::Echo);
    let workspace = without_providers();
    in_workflow(&workspace, &model, &["test", "--no-base"])
        .run()
        .exits(0)
        .says("the configuration names no provider: GitHub Models answers (openai/gpt-4o-mini)")
        .shows("openai/gpt-4o-mini");
    model.received(|received| {
        assert_eq!(received[0].path, "/v1/chat/completions");
        assert_eq!(received[0].authorization.as_deref(), Some("Bearer ghs_0123456789abcdefghijABCDEFGHIJ"));
        assert_eq!(received[0].body["model"], "openai/gpt-4o-mini");
    });
    // The action hands the token on as its input.
    in_workflow(&workspace, &model, &["test", "--no-base"]).env("GITHUB_TOKEN", "").env("INPUT_TOKEN", "ghs_of_the_input").run().exits(0);
    model.received(|received| assert_eq!(received.last().unwrap().authorization.as_deref(), Some("Bearer ghs_of_the_input")));
    workspace.prompt_cicd(["config", "show"]).run().exits(0).shows("default, for the file names no provider: GitHub Models");
}

#[test]
fn a_refusal_names_the_permission() {
    for status in [401, 403] {
        let model = FakeModel::start(Behaviour::Status(status, "{\"error\": {\"message\": \"no access\"}}"));
        in_workflow(&without_providers(), &model, &["test", "--no-base"]).run().exits(31).says("permissions: models: read");
    }
    let model = FakeModel::start(Behaviour::Echo);
    let workspace = without_providers();
    in_workflow(&workspace, &model, &["test", "--no-base"]).env("GITHUB_TOKEN", "").run().exits(3).says("permissions: models: read");
    model.received(|received| assert!(received.is_empty()));
}

#[test]
fn elsewhere_nobody_is_asked_and_the_next_step_is_said() {
    let model = FakeModel::start(Behaviour::Echo);
    let run = without_providers()
        .prompt_cicd(["test"])
        .env("GITHUB_TOKEN", "ghp_x")
        .env("PROMPT_CICD_GITHUB_MODELS_URL", &model.base_url())
        .run();
    run.exits(3).says("the configuration names no provider").says("describe one under `providers`");
    model.received(|received| assert!(received.is_empty()));
    // Whoever writes it down may ask it from anywhere; another address gets no token.
    let written = format!("{CONFIG}providers: {{g: {{kind: github-models}}}}\nsuite-defaults: {{provider: g}}\n");
    let workspace = Workspace::greeting().file("prompt-cicd.yml", &written);
    workspace.prompt_cicd(["test"]).env("GITHUB_TOKEN", "ghp_x").env("PROMPT_CICD_GITHUB_MODELS_URL", &model.base_url()).run().exits(0);
    let other = written.replace("github-models}", &format!("github-models, base-url: \"{}\"}}", model.base_url()));
    Workspace::greeting().file("prompt-cicd.yml", &other).prompt_cicd(["test"]).env("GITHUB_TOKEN", "ghp_x").run().exits(0);
    model.received(|received| assert_eq!(received.last().unwrap().authorization, None));
}
