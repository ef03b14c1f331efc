use crate::support::{Behaviour, FakeModel, Workspace};

#[test]
fn what_it_writes_runs_as_it_stands() {
    let workspace = Workspace::empty();
    workspace.prompt_cicd(["init"]).run().exits(0).shows("prompt-cicd test --dry-run");
    workspace.prompt_cicd(["config", "check"]).run().exits(0);
    workspace.prompt_cicd(["test", "--dry-run"]).run().exits(0).shows("3 requests");
    let model = FakeModel::start(Behaviour::Echo);
    let config = workspace.read("prompt-cicd.yml").replace("https://api.openai.com/v1", &model.base_url());
    let workspace = workspace.file("prompt-cicd.yml", &config);
    workspace.prompt_cicd(["test"]).env("OPENAI_API_KEY", "key-for-the-test").run().exits(0);
}

#[test]
fn it_touches_nothing_that_is_there() {
    let workspace = Workspace::empty().file("prompts/greeting.prompt.yml", "mine");
    workspace.prompt_cicd(["init"]).run().exits(0).shows("kept");
    assert_eq!(workspace.read("prompts/greeting.prompt.yml"), "mine");
    workspace.prompt_cicd(["init"]).run().exits(3).says("already");
    workspace.prompt_cicd(["init", "--force"]).run().exits(0);
    assert_ne!(workspace.read("prompts/greeting.prompt.yml"), "mine");
}
