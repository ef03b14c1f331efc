use std::os::unix::fs::symlink;

use crate::support::Workspace;

const PROMPT: &str = "name: outside\nmessages:\n  - {role: user, content: \"Hello {{name}}!\"}\n";
const CASES: &str = "{\"id\": \"ana\", \"vars\": {\"name\": \"Ana\"}}\n";

/// A repository in a folder with files beside it; git says what the repository is.
fn repository() -> Workspace {
    let outer = Workspace::greeting().file("secrets/outside.prompt.yml", PROMPT).file("secrets/outside.jsonl", CASES);
    for file in ["prompt-cicd.yml", "prompts/greeting.prompt.yml", "cases/greeting.jsonl"] {
        let text = outer.read(file);
        outer.write(&format!("repository/{file}"), text.as_bytes());
    }
    outer.file("repository/.git/HEAD", "ref: refs/heads/main\n")
}

fn with(workspace: &Workspace, from: &str, to: &str) {
    let config = workspace.read("repository/prompt-cicd.yml");
    assert!(config.contains(from), "{config}");
    workspace.write("repository/prompt-cicd.yml", config.replace(from, to).as_bytes());
}

/// `test` and `config check` refuse, and the key allows it.
#[track_caller]
fn refused(workspace: &Workspace, says: &[&str]) {
    for command in ["test", "check"] {
        let args: &[&str] = if command == "test" { &["test"] } else { &["config", "check"] };
        let config = ["--config", "repository/prompt-cicd.yml"];
        let mut finished = workspace.prompt_cicd(args.iter().copied().chain(config)).run().exits(3);
        for text in says.iter().chain(&["is outside of the repository", "files-outside"]) {
            finished = finished.says(text);
        }
    }
    let allowed = workspace.read("repository/prompt-cicd.yml") + "run: {files-outside: true}\n";
    workspace.write("repository/prompt-cicd.yml", allowed.as_bytes());
    workspace.prompt_cicd(["test", "--config", "repository/prompt-cicd.yml"]).run().exits(0);
}

#[test]
fn a_prompt_outside_is_refused() {
    let workspace = repository();
    with(&workspace, "prompt: prompts/greeting.prompt.yml", "prompt: ../secrets/outside.prompt.yml");
    refused(&workspace, &["the prompt cannot be read: repository/../secrets/outside.prompt.yml leads to ", "prompt-cicd.yml:5"]);
    let workspace = repository();
    let whole = workspace.path().join("secrets/outside.prompt.yml");
    with(&workspace, "prompt: prompts/greeting.prompt.yml", &format!("prompt: {}", whole.display()));
    refused(&workspace, &["the prompt cannot be read: /"]);
}

#[test]
fn cases_outside_are_refused_by_name_and_by_pattern() {
    for cases in ["../secrets/outside.jsonl", "../secrets/*.jsonl", "prompts/../../secrets/out*.jsonl"] {
        let workspace = repository();
        with(&workspace, "cases: cases/greeting.jsonl", &format!("cases: {cases}"));
        refused(&workspace, &["the cases cannot be read: ", "outside.jsonl leads to "]);
    }
}

#[test]
fn a_link_out_of_the_repository_is_refused() {
    let workspace = repository();
    symlink(workspace.path().join("secrets/outside.prompt.yml"), workspace.path().join("repository/prompts/link.prompt.yml")).unwrap();
    with(&workspace, "prompt: prompts/greeting.prompt.yml", "prompt: prompts/link.prompt.yml");
    refused(&workspace, &["prompts/link.prompt.yml leads to "]);
    let workspace = repository();
    symlink("../secrets", workspace.path().join("repository/linked")).unwrap();
    with(&workspace, "cases: cases/greeting.jsonl", "cases: linked/*.jsonl");
    refused(&workspace, &["linked/outside.jsonl leads to "]);
}

#[test]
fn a_cassette_outside_is_refused() {
    let workspace = repository();
    workspace.prompt_cicd(["test", "--config", "repository/prompt-cicd.yml", "--record", "secrets/answers.jsonl"]).run().exits(0);
    with(&workspace, "  model: {kind: echo}", "  model: {kind: cassette, path: ../secrets/answers.jsonl, model: echo}");
    refused(&workspace, &["providers.model.path", "the cassette cannot be read: "]);
}

#[test]
fn whatever_stays_inside_is_fine() {
    let workspace = repository();
    symlink("greeting.prompt.yml", workspace.path().join("repository/prompts/link.prompt.yml")).unwrap();
    with(&workspace, "prompt: prompts/greeting.prompt.yml", "prompt: cases/../prompts/link.prompt.yml");
    workspace.prompt_cicd(["test", "--config", "repository/prompt-cicd.yml"]).run().exits(0);
    // A configuration in a folder of its own may name what stands beside the folder.
    let config = workspace.read("repository/prompt-cicd.yml");
    let config = config.replace("cases/../prompts", "../prompts").replace("cases: cases/", "cases: ../cases/");
    workspace.write("repository/ci/prompt-cicd.yml", config.as_bytes());
    workspace.prompt_cicd(["test", "--config", "repository/ci/prompt-cicd.yml"]).run().exits(0);
}

#[test]
fn without_git_the_working_directory_counts() {
    let workspace = repository();
    std::fs::remove_dir_all(workspace.path().join("repository/.git")).unwrap();
    with(&workspace, "prompt: prompts/greeting.prompt.yml", "prompt: ../secrets/outside.prompt.yml");
    // Everything below the working directory.
    workspace.prompt_cicd(["test", "--config", "repository/prompt-cicd.yml"]).run().exits(0);
    let inner = crate::support::PromptCicd::new(&workspace.path().join("repository"));
    inner.args(["test"]).run().exits(3).says("the prompt cannot be read: ../secrets/outside.prompt.yml leads to ");
}

#[test]
fn no_version_is_registered_from_outside() {
    let workspace = repository();
    with(&workspace, "prompt: prompts/greeting.prompt.yml", "prompt: ../secrets/outside.prompt.yml");
    let args = ["registry", "register", "outside", "--config", "repository/prompt-cicd.yml"];
    workspace.prompt_cicd(args).run().exits(3).says("is outside of the repository");
}

/// A command on the repository with more in its configuration is refused with the key; `files-outside` lets it go on.
#[track_caller]
fn confined(more: &str, args: &[&str], says: &[&str]) {
    let workspace = repository();
    let config = workspace.read("repository/prompt-cicd.yml");
    workspace.write("repository/prompt-cicd.yml", format!("{config}{more}").as_bytes());
    symlink("../secrets", workspace.path().join("repository/linked")).unwrap();
    let call = || workspace.prompt_cicd(args.iter().copied().chain(["--config", "repository/prompt-cicd.yml"]));
    let mut refused = call().run().exits(3);
    for text in says.iter().chain(&["is outside of the repository", "files-outside"]) {
        refused = refused.says(text);
    }
    workspace.write("repository/prompt-cicd.yml", format!("{config}{more}run: {{files-outside: true}}\n").as_bytes());
    let allowed = call().run();
    assert!(!allowed.stderr.contains("is outside of the repository"), "{allowed:?}");
    assert!(!workspace.path().join("secrets/new.md").exists());
}

#[test]
fn gates_read_only_files_of_the_repository_and_what_the_command_line_gives() {
    // Whether it is there is not told.
    for file in ["../secrets/junit.xml", "/etc/hostname", "linked/junit.xml", "nowhere/../../secrets/none.xml", "./../secrets/junit.xml"] {
        let more = format!("gates: {{rules: {{tests: {{file: {file}, measure: failures, at-most: 0}}}}}}\n");
        confined(&more, &["gate"], &["gates.rules.tests.file"]);
    }
    confined(
        "metric-sources: {numbers: {kind: file, path: ../secrets/numbers.json}}\n\
         gates: {rules: {latency: {source: numbers, query: /p95, at-most: 1}}}\n",
        &["gate"],
        &["metric-sources.numbers.path"],
    );
    let workspace = repository().file("secrets/junit.xml", "<testsuites><testcase name=\"a\"/></testsuites>");
    let config = workspace.read("repository/prompt-cicd.yml");
    let more = "gates: {rules: {tests: {file: ../secrets/none.xml, measure: failures, at-most: 0}}}\n";
    workspace.write("repository/prompt-cicd.yml", format!("{config}{more}").as_bytes());
    let args = ["gate", "--config", "repository/prompt-cicd.yml", "--file", "tests=secrets/junit.xml"];
    workspace.prompt_cicd(args).run().exits(0).shows("OPEN");
}

#[test]
fn a_gates_file_is_looked_for_beside_the_configuration_however_it_is_written() {
    let workspace = repository().file("repository/quality/junit.xml", "<testsuites><testcase name=\"a\"/></testsuites>");
    let config = workspace.read("repository/prompt-cicd.yml");
    let more = "gates: {rules: {tests: {file: ./quality/junit.xml, measure: failures, at-most: 0}}}\n";
    workspace.write("repository/prompt-cicd.yml", format!("{config}{more}").as_bytes());
    workspace.prompt_cicd(["gate", "--config", "repository/prompt-cicd.yml"]).run().exits(0).shows("OPEN");
}

#[test]
fn monitoring_reads_only_files_of_the_repository() {
    confined(
        "metric-sources: {numbers: {kind: file, path: ../secrets/numbers.json}}\n\
         monitor: {metrics: [{name: latency, source: numbers, query: /p95, direction: lower-is-better, critical: 500}]}\n",
        &["monitor"],
        &["metric-sources.numbers.path"],
    );
}

#[test]
fn a_release_writes_only_files_of_the_repository() {
    for (more, key) in [
        ("release: {files: [../secrets/package.json]}\n", "release.files"),
        ("release: {changelog: ../secrets/new.md}\n", "release.changelog"),
        ("release: {changelog: linked/new.md}\n", "release.changelog"),
    ] {
        confined(more, &["release", "show"], &[key]);
    }
}

#[test]
fn init_does_not_write_through_links_of_a_repository() {
    let workspace = Workspace::empty().file("elsewhere/kept", "").file("repository/.git/HEAD", "ref: refs/heads/main\n");
    symlink("../elsewhere", workspace.path().join("repository/.github")).unwrap();
    let inner = crate::support::PromptCicd::new(&workspace.path().join("repository"));
    inner.args(["init"]).run().exits(3).says(".github/workflows/").says("is outside of the repository").says("remove the link");
    assert!(!workspace.path().join("elsewhere/workflows").exists());
}
