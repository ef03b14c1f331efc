mod check;
mod kinds;

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

#[test]
fn workflows_are_those_that_people_can_copy() {
    let workspace = Workspace::empty();
    workspace.prompt_cicd(["init", "--workflows"]).run().exits(0).shows("wrote   ./prompt-cicd.yml").shows("add the secrets");
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("workflows");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        assert_eq!(workspace.read(&format!(".github/workflows/{name}")), std::fs::read_to_string(&path).unwrap(), "{name}");
        seen += 1;
    }
    assert_eq!(seen, 9);
}

#[test]
fn workflows_come_beside_a_configuration_that_is_there() {
    let workspace = Workspace::greeting().file(".github/workflows/gradual-rollout.yml", "mine");
    let before = workspace.read("prompt-cicd.yml");
    workspace.prompt_cicd(["init", "--workflows"]).run().exits(0).shows("kept    ./.github/workflows/gradual-rollout.yml");
    assert_eq!(workspace.read("prompt-cicd.yml"), before);
    assert_eq!(workspace.read(".github/workflows/gradual-rollout.yml"), "mine");
    workspace.read(".github/workflows/emergency-rollback.yml");
}

#[test]
fn git_is_told_to_leave_alone_what_is_kept_here() {
    let workspace = Workspace::empty().file(".gitignore", "target");
    workspace.prompt_cicd(["init"]).run().exits(0).shows("added to ./.gitignore");
    let once = workspace.read(".gitignore");
    assert!(once.starts_with("target\n#") && once.ends_with("\n/.prompt-cicd/\n"), "{once}");
    workspace.prompt_cicd(["init", "--check"]).run().exits(0).shows("✓ .gitignore: as this version writes it");
    let again = workspace.prompt_cicd(["init", "--force"]).run().exits(0);
    assert!(!again.stdout.contains(".gitignore"), "{}", again.stdout);
    assert_eq!(workspace.read(".gitignore"), once, "twice is once");
    // Beside a configuration that is there, and where git had no such file.
    std::fs::remove_file(workspace.path().join(".gitignore")).unwrap();
    workspace
        .prompt_cicd(["init", "--check"])
        .run()
        .exits(13)
        .shows("✗ .gitignore: differs")
        .shows("`prompt-cicd init --workflows` adds it");
    workspace.prompt_cicd(["init", "--workflows"]).run().exits(0).shows("wrote   ./.gitignore");
    workspace.prompt_cicd(["init", "--check"]).run().exits(0);
}
