//! Five kinds of repository: what `init` writes holds together, lints, and runs.

use crate::support::Workspace;

/// A git repository that has these files.
fn repository(files: &[(&str, &str)]) -> Workspace {
    let workspace = Workspace::empty().file(".git/HEAD", "ref: refs/heads/main\n");
    files.iter().fold(workspace, |workspace, (path, text)| workspace.file(path, text))
}

/// Everything that must hold of what was written: it is valid, it lints, and it runs without a model.
fn holds(workspace: &Workspace, test: i32) {
    workspace.prompt_cicd(["config", "check"]).run().exits(0);
    workspace.prompt_cicd(["lint"]).run().exits(0);
    workspace.prompt_cicd(["test", "--provider", "echo", "--no-base"]).run().exits(test);
    workspace.prompt_cicd(["init", "--check"]).run().exits(0).shows("up to date");
    assert!(workspace.read(".github/workflows/prompt-template-pr.yml").contains("@v"), "callers are pinned");
}

#[test]
fn an_empty_one() {
    let workspace = repository(&[]);
    workspace.prompt_cicd(["init"]).run().exits(0).shows("wrote   ./prompts/greeting.prompt.yml").shows("\nNext:\n  1. ").shows("\n  3. ");
    workspace.prompt_cicd(["config", "check"]).run().exits(0);
    workspace.prompt_cicd(["lint"]).run().exits(0);
    // Its provider is a real one: what is needed is said.
    workspace.prompt_cicd(["test", "--no-base"]).run().exits(3).says("OPENAI_API_KEY").says("export OPENAI_API_KEY");
    workspace.prompt_cicd(["init", "--check"]).run().exits(0);
}

#[test]
fn prompts_as_texts() {
    let workspace = repository(&[
        ("prompts/greeting.txt", "Greet {{name}} in one sentence.\n"),
        ("prompts/README.md", "# About these\n"),
        ("app/my_prompts/summary.md", "Summarise this: {{text}}\n"),
        ("app/my_prompts/jinja.j2", "Hello {{ name }}{% for item in items %}, {{ item }}{% endfor %}\n"),
        ("notes/other.txt", "Not a prompt: {{name}}\n"),
        ("node_modules/pkg/prompts/theirs.txt", "Not ours: {{name}}\n"),
    ]);
    workspace
        .prompt_cicd(["init"])
        .run()
        .exits(0)
        .shows("found   3 prompts")
        .shows("with 3 suites")
        .shows("prompt-cicd test --provider echo");
    let config = workspace.read("prompt-cicd.yml");
    assert!(
        config.contains("prompts/greeting.txt") && config.contains("name: example name") && !config.contains("node_modules"),
        "{config}"
    );
    holds(&workspace, 0);
}

#[test]
fn prompts_of_github() {
    let prompt = "name: Classify\nmodel: openai/gpt-4o-mini\nmessages:\n  - {role: system, content: Answer in one word.}\n  - {role: user, content: \"{{review}}\"}\n";
    let cases =
        "testData:\n  - {review: splendid, expected: splendid}\nevaluators:\n  - {name: is it, string: {contains: \"{{expected}}\"}}\n";
    let workspace = repository(&[("classify.prompt.yml", &format!("{prompt}{cases}")), ("deep/er/plain.prompt.yml", prompt)]);
    workspace.prompt_cicd(["init"]).run().exits(0).shows("found   2 prompts").shows("GITHUB_TOKEN");
    let config = workspace.read("prompt-cicd.yml");
    // Two prompts of one name are two suites; cases that the file has are not written again.
    assert!(config.contains("name: Classify\n") && config.contains("name: deep-er-plain.prompt\n"), "{config}");
    assert_eq!(config.matches("cases:").count(), 1, "{config}");
    assert!(config.contains("kind: github-models"), "{config}");
    holds(&workspace, 0);
}

#[test]
fn the_seeds_json() {
    let text = r#"{"template": "Hello {name}, welcome to {place}!", "test_cases": [{"name": "Ana", "place": "Rome"}], "validation_rules": ["length_range:5,60"]}"#;
    let workspace = repository(&[("templates/greeting.json", text), ("package.json", "{\"name\": \"x\"}")]);
    workspace.prompt_cicd(["init"]).run().exits(0).shows("found   1 prompt\n").shows("with 1 suite\n");
    workspace.prompt_cicd(["config", "check"]).run().exits(0).shows("1 suite, 1 case");
    holds(&workspace, 0);
}

#[test]
fn two_hundred_prompts_and_what_cannot_be_used() {
    let mut workspace = repository(&[
        ("prompts/broken.prompt.yml", "messages: 7\n"),
        ("prompts/unreadable.txt", "Hello {{#if}}\n"),
        (
            "prompts/failing.json",
            "{\"template\": \"Hello {name}\", \"test_cases\": [{\"nam\": \"Ana\"}], \"validation_rules\": [\"length_range:1,60\"]}",
        ),
    ]);
    for number in 0..200 {
        let text = format!("name: p{number}\nmessages:\n  - {{role: user, content: \"Say {{{{word}}}} {number} times.\"}}\n");
        workspace = workspace.file(&format!("prompts/p{number}.prompt.yml"), &text);
    }
    let finished = workspace.prompt_cicd(["init"]).run().exits(0);
    finished
        .shows("with 200 suites")
        .shows("left    prompts/broken.prompt.yml: ")
        .shows("left    prompts/unreadable.txt: ")
        .shows("left    prompts/failing.json: ");
    workspace.prompt_cicd(["config", "check"]).run().exits(0).shows("200 suites, 200 cases");
    holds(&workspace, 0);
}
