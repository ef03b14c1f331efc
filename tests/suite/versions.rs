//! `prompt-cicd release`: versions from tags and commits of a real repository, releases on a fake GitHub.

use std::process::Command;

use crate::support::{
    PromptCicd, Workspace,
    github::{FakeGitHub, Mishap, State},
};

const MAKE: &str = "POST /repos/octo/prompts/releases";

struct World {
    workspace: Workspace,
}

impl World {
    /// A repository with these commits and tags: `feat: a`, or `tag v1.0.0`.
    fn new(history: &[&str]) -> Self {
        let workspace = Workspace::greeting();
        let config = workspace.read("prompt-cicd.yml");
        let workspace = workspace.file("prompt-cicd.yml", &format!("{config}\nrelease: {{files: [package.json]}}\n"));
        let world = Self { workspace: workspace.file("package.json", "{\n  \"version\": \"1.0.0\"\n}\n") };
        world.git(&["init", "--quiet", "--initial-branch=main"]);
        world.git(&["add", "."]);
        for (index, entry) in history.iter().enumerate() {
            if let Some(tag) = entry.strip_prefix("tag ") {
                world.git(&["tag", "--annotate", "--message=x", tag]);
            } else {
                world.workspace.write("notes.txt", index.to_string().as_bytes());
                world.git(&["add", "notes.txt"]);
                world.git(&["commit", "--quiet", "--message", entry]);
            }
        }
        world
    }

    fn git(&self, arguments: &[&str]) -> String {
        let said = Command::new("git")
            .args(["-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "commit.gpgsign=false", "-c", "tag.gpgsign=false"])
            .args(arguments)
            .current_dir(self.workspace.path())
            .output()
            .unwrap();
        assert!(said.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&said.stderr));
        String::from_utf8(said.stdout).unwrap().trim().to_owned()
    }

    fn release(&self, arguments: &[&str]) -> PromptCicd {
        let mut call = self.workspace.prompt_cicd(["release"].into_iter().chain(arguments.iter().copied()));
        for (name, value) in [
            ("GIT_AUTHOR_NAME", "Ada"),
            ("GIT_AUTHOR_EMAIL", "a@example.com"),
            ("GIT_COMMITTER_NAME", "Ada"),
            ("GIT_COMMITTER_EMAIL", "a@example.com"),
        ] {
            call = call.env(name, value);
        }
        call
    }
}

#[test]
fn commits_since_the_newest_tag_decide() {
    let world = World::new(&["feat: a", "tag v0.9.0", "tag v1.0.0", "tag nightly", "fix: b", "docs: c"]);
    world.release(&["next"]).run().exits(0).shows("1.0.1");
    world
        .release(&["show"])
        .run()
        .exits(0)
        .shows("released: 1.0.0 (tag v1.0.0")
        .shows("in files: 1.0.0")
        .shows("2 commits")
        .shows("next: 1.0.1");
    world.release(&["next", "--type", "beta"]).run().exits(0).shows("1.0.1-beta.1");
    world.release(&["next", "--type", "major"]).run().exits(0).shows("2.0.0");
    world.release(&["next", "--type", "majr"]).run().exits(2).says("write auto, major, minor");
    let json = world.release(&["show", "--format", "json"]).run().exits(0).json();
    assert_eq!((json["version"].as_str(), json["next"].as_str(), json["commits_since"].as_u64()), (Some("1.0.0"), Some("1.0.1"), Some(2)));
    let list = world.release(&["list", "--format", "json"]).run().exits(0).json();
    assert_eq!(list["releases"][0]["version"], "1.0.0");
    assert_eq!(list["releases"][1]["commit"], world.git(&["rev-parse", "v0.9.0^{commit}"]));
    let breaking = World::new(&["feat: a", "tag v1.0.0", "fix: b\n\nBREAKING CHANGE: c"]);
    breaking.release(&["next"]).run().exits(0).shows("2.0.0");
}

#[test]
fn commits_without_types_and_repositories_without_tags_are_told() {
    let world = World::new(&["feat: a", "tag v1.0.0", "wip", "docs: b"]);
    world.release(&["next"]).run().exits(4).says("none of 2 commits asks for a release").says("--type patch");
    world.release(&["show"]).run().exits(0).shows("next: none; none of 2 commits");
    let untagged = World::new(&["feat: a", "fix: b"]);
    untagged.release(&["show"]).run().exits(0).shows("released: nothing yet").shows("next: 1.0.0");
    // What the files name never goes down; where they name nothing, it begins with 0.1.0.
    untagged.release(&["prepare", "--type", "minor", "--dry-run"]).run().exits(0).shows("nothing → 1.0.0");
    untagged.release(&["next", "--type", "rc"]).run().exits(0).shows("1.0.1-rc.1");
    let config = untagged.workspace.read("prompt-cicd.yml").replace("files: [package.json]", "files: []");
    untagged.workspace.write("prompt-cicd.yml", config.as_bytes());
    untagged.release(&["next"]).run().exits(0).shows("0.1.0");
    untagged.release(&["list"]).run().exits(0).shows("no version was released yet");
    let nowhere = Workspace::greeting();
    nowhere.prompt_cicd(["release", "show"]).run().exits(3).says("not a git repository");
}

#[test]
fn a_version_in_files_never_goes_down() {
    let world = World::new(&["feat: a", "tag v1.0.0", "fix: b"]);
    world.workspace.write("package.json", b"{\n  \"version\": \"2.0.0\"\n}\n");
    world.release(&["prepare"]).run().exits(20).says("1.0.1 does not come after 2.0.0");
    assert!(world.workspace.read("package.json").contains("2.0.0"));
}

#[test]
fn a_shallow_clone_is_refused_instead_of_miscounted() {
    let world = World::new(&["feat: a", "tag v1.0.0", "fix: b", "fix: c"]);
    let clone = world.workspace.path().join("clone");
    world.git(&["clone", "--quiet", "--depth=1", &format!("file://{}", world.workspace.path().display()), clone.to_str().unwrap()]);
    PromptCicd::new(&clone).args(["release", "next"]).run().exits(3).says("this clone is shallow").says("fetch-depth: 0");
}

#[test]
fn notes_have_sections_and_hostile_subjects_stay_text() {
    let world = World::new(&[
        "feat: a",
        "tag v1.0.0",
        "feat(ui)!: b\n\nBREAKING CHANGE: c is gone",
        "fix: @octocat [x](http://e) <b>",
        "chore: d",
        "words",
        "fix: ::warning::x",
    ]);
    let notes = world.release(&["notes"]).run().exits(0).stdout;
    let headings: Vec<&str> = notes.lines().filter(|line| line.starts_with("###")).collect();
    assert_eq!(headings, ["### Breaking", "### Fixed", "### Other"]);
    assert!(notes.contains(":warning::x") && !notes.contains("u{200b}"), "{notes}");
    assert!(notes.contains("- **ui**: c is gone (`"), "{notes}");
    assert!(!notes.contains("@octocat") && !notes.contains("<b>") && !notes.contains("](http://e)"), "{notes}");
    let head = world.git(&["rev-parse", "HEAD"]);
    world.git(&["tag", "v2.0.0"]);
    world.release(&["compare", "1.0.0", "2.0.0"]).run().exits(0).shows("c is gone");
    world.release(&["compare", "v1.0.0", &head]).run().exits(0).shows("c is gone");
    world.release(&["compare", "1.0.0", "--output=/tmp/x"]).run().exits(2);
    world.release(&["compare", "1.0.0", "3.0.0"]).run().exits(3).says("3.0.0");
    let changelog = world.release(&["changelog"]).run().exits(0).stdout;
    assert!(changelog.starts_with("# Changelog\n\n## 2.0.0 - 20") && changelog.contains("\n## 1.0.0 - 20"), "{changelog}");
}

#[test]
fn preparing_writes_files_and_changelog_and_commits_only_these() {
    let world = World::new(&["feat: a", "tag v1.0.0", "feat: b"]);
    world.workspace.write("unrelated.txt", b"x");
    world.git(&["add", "unrelated.txt"]);
    world.release(&["prepare", "--dry-run"]).run().exits(0).shows("1.0.0 → 1.1.0 (nothing was done: --dry-run)");
    assert!(world.workspace.read("package.json").contains("1.0.0"));
    world.release(&["prepare", "--auto-commit"]).run().exits(0).shows("1.0.0 → 1.1.0").shows("commit: ");
    assert!(world.workspace.read("package.json").contains("\"version\": \"1.1.0\""));
    assert!(world.workspace.read("CHANGELOG.md").starts_with("# Changelog\n\n## 1.1.0 - 20"), "{}", world.workspace.read("CHANGELOG.md"));
    assert_eq!(world.git(&["log", "-1", "--format=%s"]), "chore(release): 1.1.0");
    assert_eq!(world.git(&["show", "--format=", "--name-only", "HEAD"]), "CHANGELOG.md\npackage.json");
    assert!(world.git(&["status", "--porcelain"]).contains("A  unrelated.txt"));
    // Twice is refused: the changelog has it.
    world.release(&["prepare"]).run().exits(3).says("it has a section for 1.1.0 already").says("commit it, or take the section away");
    // Its own commit is no news of it.
    world.git(&["tag", "--annotate", "--message=x", "v1.1.0", "HEAD"]);
    let notes = world.release(&["compare", "1.0.0", "1.1.0"]).run().exits(0);
    assert!(notes.stdout.contains("- b (") && !notes.stdout.contains("**release**"), "{}", notes.stdout);
}

#[test]
fn a_commit_that_git_refuses_leaves_the_way_on() {
    let world = World::new(&["feat: a", "tag v1.0.0", "feat: b"]);
    let nobody = world.release(&["prepare", "--auto-commit"]).env("GIT_AUTHOR_NAME", "").env("GIT_COMMITTER_NAME", "");
    let refused = nobody.run().exits(31).says("git refused: ");
    refused.says("git commit -m \"chore(release): 1.1.0\" -- package.json CHANGELOG.md");
    assert!(world.workspace.read("package.json").contains("1.1.0"));
}

#[test]
fn a_repository_without_commits_is_told_so() {
    let world = World::new(&[]);
    for verb in [&["show"][..], &["next"], &["notes"], &["list"], &["publish", "--dry-run"]] {
        world.release(verb).run().exits(3).says("this repository has no commit yet; commit something first");
    }
}

#[test]
fn versions_in_files_are_raised_and_set() {
    let world = World::new(&["feat: a"]);
    world.release(&["bump", "minor"]).run().exits(0).shows("1.0.0 → 1.1.0").shows("package.json");
    world.release(&["bump", "alpha"]).run().exits(0).shows("1.1.0 → 1.1.1-alpha.1");
    world.release(&["set", "1.1.1-alpha.1"]).run().exits(20).says("1.1.1-alpha.1 does not come after 1.1.1-alpha.1");
    world.release(&["set", "01.2.3"]).run().exits(2);
    world.release(&["set", "3.0.0", "--dry-run"]).run().exits(0).shows("3.0.0");
    assert!(world.workspace.read("package.json").contains("1.1.1-alpha.1"));
    world.workspace.write("package.json", b"{}");
    world.release(&["bump", "patch"]).run().exits(3).says("package.json").says("it names no version");
}

#[test]
fn a_prompt_has_versions_of_its_own() {
    let world = World::new(&["feat: a", "tag v5.0.0", "tag greeting/v1.2.0", "feat: elsewhere"]);
    world.release(&["next", "--prompt", "greeting"]).run().exits(4).says("none of 0 commits");
    world
        .workspace
        .write("prompts/greeting.prompt.yml", b"name: greeting\nversion: 1.2.0\nmessages:\n  - {role: user, content: \"Hi {{name}}\"}\n");
    world.git(&["add", "prompts"]);
    world.git(&["commit", "--quiet", "--message", "fix(greeting): shorter"]);
    world.release(&["next", "--prompt", "greeting"]).run().exits(0).shows("1.2.1");
    world.release(&["prepare", "--prompt", "greeting", "--auto-commit"]).run().exits(0).shows("1.2.0 → 1.2.1");
    assert!(world.workspace.read("prompts/greeting.prompt.yml").contains("version: 1.2.1"));
    assert_eq!(world.git(&["log", "-1", "--format=%s"]), "chore(release): greeting 1.2.1");
    world.release(&["show", "--prompt", "greetin"]).run().exits(4).says("no suite has a prompt `greetin`; there are greeting");
}

fn on_github(world: &World, github: &FakeGitHub, arguments: &[&str]) -> PromptCicd {
    let (api, token) = (github.api_url(), github.state().token);
    let mut call = world.release(arguments);
    for (name, value) in [
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_API_URL", &*api),
        ("GITHUB_SERVER_URL", "https://github.com"),
        ("GITHUB_REPOSITORY", "octo/prompts"),
        ("GITHUB_RUN_ID", "42"),
        ("GITHUB_TOKEN", token),
    ] {
        call = call.env(name, value);
    }
    call
}

#[test]
fn a_release_is_made_once_whatever_happens_on_the_way() {
    let world = World::new(&["feat: a", "tag v1.0.0", "feat: b"]);
    let github = FakeGitHub::start(State::new().mishap("POST", "/releases", 1, Mishap::DoneBut(502)));
    on_github(&world, &github, &["publish", "--dry-run"]).run().exits(0).shows("1.0.0 → 1.1.0 (nothing was done");
    on_github(&world, &github, &["publish"]).run().exits(0).shows("release: https://github.com/octo/prompts/releases/tag/v1.1.0");
    on_github(&world, &github, &["publish"]).run().exits(0).says("v1.1.0 was released already; nothing was changed");
    world.workspace.write("output", b"");
    let output = world.workspace.path().join("output").to_str().unwrap().to_owned();
    on_github(&world, &github, &["publish"]).env("GITHUB_OUTPUT", &output).run().exits(0);
    let outputs = crate::actions::outputs(&std::fs::read_to_string(&output).unwrap());
    let url = "https://github.com/octo/prompts/releases/tag/v1.1.0";
    assert_eq!(["version", "tag", "release-url"].map(|name| outputs[name].as_str()), ["1.1.0", "v1.1.0", url]);
    let releases = github.state().releases.clone();
    assert_eq!(releases.len(), 1);
    assert_eq!((releases[0]["tag_name"].as_str(), releases[0]["prerelease"].as_bool()), (Some("v1.1.0"), Some(false)));
    assert_eq!(releases[0]["target_commitish"], world.git(&["rev-parse", "HEAD"]));
    let body = releases[0]["body"].as_str().unwrap();
    assert!(body.contains("### Added\n\n- b ([`") && body.contains("](https://github.com/octo/prompts/commit/"), "{body}");
    assert_eq!(github.requests().iter().filter(|request| *request == MAKE).count(), 1);
}

#[test]
fn a_token_that_may_not_release_is_named() {
    let world = World::new(&["feat: a", "tag v1.0.0", "feat: b"]);
    let mut state = State::new();
    state.denied.insert("contents=write");
    let github = FakeGitHub::start(state);
    on_github(&world, &github, &["publish"]).run().exits(31).says("contents");
    on_github(&world, &github, &["publish", "--release-version", "0.9.0"]).run().exits(20).says("0.9.0 does not come after 1.0.0");
}
