//! `prompt-cicd pr`: a pull request's checks against a fake GitHub.

use serde_json::json;

use crate::support::{
    PromptCicd, Workspace,
    github::{FakeGitHub, File, Mishap, State, event},
};

const PROMPT: &str = "prompts/greeting.prompt.yml";
const BODY: &str = "Closes #12. The greeting asks for one sentence, because answers grew too long.";

struct World {
    github: FakeGitHub,
    workspace: Workspace,
}

/// A sound pull request that changes a prompt and its cases.
fn sound() -> State {
    let mut state = State::new();
    let pull = state.pull();
    "feat: shorten the greeting".clone_into(&mut pull.title);
    pull.body = Some(BODY.to_owned());
    pull.files = vec![File::modified(PROMPT), File::modified("cases/greeting.jsonl")];
    state.comparisons.insert("base-sha...head-sha".to_owned(), ("merge-base".to_owned(), Vec::new()));
    prompt(&mut state, "merge-base", "Hi {{name}}");
    prompt(&mut state, "head-sha", "Hello {{name}}");
    state
}

fn prompt(state: &mut State, at: &str, text: &str) {
    let file = format!("name: greeting\nmessages:\n  - {{role: user, content: \"{text}\"}}\n");
    state.contents.insert((at.to_owned(), PROMPT.to_owned()), file.into_bytes());
}

impl World {
    fn on(state: State) -> Self {
        Self { github: FakeGitHub::start(state), workspace: Workspace::greeting() }
    }

    fn pr(&self, args: &[&str]) -> PromptCicd {
        let here = json!({"full_name": "octo/prompts"});
        let side = |sha: &str, name: &str| json!({"sha": sha, "ref": name, "repo": here});
        let about = json!({"number": 7, "head": side("head-sha", "tune"), "base": side("base-sha", "main")});
        let payload = event("pull_request.opened", &json!({"number": 7, "pull_request": about, "repository": here}));
        let path = |name: &str| self.workspace.path().join(name).to_str().unwrap().to_owned();
        for file in ["runner/output", "runner/summary"] {
            self.workspace.write(file, b"");
        }
        self.workspace.write("runner/event.json", payload.to_string().as_bytes());
        let (api, token) = (self.github.api_url(), self.github.state().token);
        let mut call = self.workspace.prompt_cicd(["pr"].into_iter().chain(args.iter().copied()));
        for (name, value) in [
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_API_URL", &*api),
            ("GITHUB_SERVER_URL", "https://github.com"),
            ("GITHUB_REPOSITORY", "octo/prompts"),
            ("GITHUB_RUN_ID", "42"),
            ("GITHUB_TOKEN", token),
            ("GITHUB_EVENT_NAME", "pull_request"),
            ("GITHUB_EVENT_PATH", &path("runner/event.json")),
            ("GITHUB_OUTPUT", &path("runner/output")),
            ("GITHUB_STEP_SUMMARY", &path("runner/summary")),
            ("GITHUB_WORKSPACE", &path("")),
        ] {
            call = call.env(name, value);
        }
        call
    }

    fn labels(&self) -> Vec<String> {
        self.github.state().pull().labels.clone()
    }

    fn comments(&self) -> Vec<(u64, String)> {
        self.github.state().comments.iter().map(|comment| (comment.id, comment.body.clone())).collect()
    }
}

#[test]
fn a_sound_pull_request_is_valid_labelled_and_told_once() {
    let mut state = sound();
    state.pull().labels = vec!["bug".to_owned(), "size/XL".to_owned()];
    state.pull().mergeable = vec![None, Some(true)];
    let world = World::on(state);
    world.pr(&[]).run().exits(0).shows("✓ VALID: pull request #7: 9 checks: 9 fine").shows("✓ title: follows Conventional Commits");
    assert_eq!(world.labels(), ["bug", "size/XS"]);
    let first = world.comments();
    assert_eq!(first.len(), 1);
    assert!(first[0].1.starts_with("<!-- prompt-cicd:pr:prompt-cicd.yml -->\n## ✅ Pull request valid: 9 checks"), "{}", first[0].1);
    let outputs = crate::actions::outputs(&world.workspace.read("runner/output"));
    assert_eq!((outputs["verdict"].as_str(), outputs["exit-code"].as_str(), outputs["failed"].as_str()), ("passed", "0", "0"));
    assert!(world.workspace.read("runner/summary").contains("Pull request valid"));
    // The next push finds it invalid, in the same comment.
    "tune it".clone_into(&mut world.github.state().pull().title);
    world.pr(&[]).run().exits(13).shows("✗ title: it is not `type: text`");
    let second = world.comments();
    assert_eq!((second.len(), second[0].0), (1, first[0].0));
    assert!(second[0].1.contains("❌ Pull request invalid"), "{}", second[0].1);
}

#[test]
fn each_check_is_seen_to_fail_on_the_whole_way() {
    type Change = fn(&mut State);
    let cases: [(Change, i32, &str); 10] = [
        (|state| "Feat: caps".clone_into(&mut state.pull().title), 13, "✗ title: `Feat` is no type; did you mean `feat`?"),
        (|state| state.pull().body = None, 0, "! description: 0 characters, fewer than 50"),
        (|state| state.pull().body = Some("x".repeat(60)), 0, "! issue: names no issue that it closes"),
        (|state| state.pull().lines = (900, 101), 0, "! size: 1001 lines (size/XL)"),
        (|state| drop(state.pull().files.pop()), 0, "! tests: prompts/greeting.prompt.yml changes, and no tests or suites do"),
        (|state| state.pull().files.push(File::modified("action.yml")), 0, "! docs: action.yml changes, and no documents do"),
        (|state| state.pull().mergeable = vec![Some(false)], 13, "✗ conflict: conflicts with the branch it goes to"),
        (|state| state.pull().files.push(File::modified("keys/deploy.pem")), 13, "✗ forbidden: must not be changed here: keys/deploy.pem"),
        (
            |state| prompt(state, "head-sha", "Hello"),
            0,
            "! breaking: prompts/greeting.prompt.yml no longer uses variable `name`: announce it with `!` in the title",
        ),
        (
            |state| prompt(state, "head-sha", "Hello {{name}} {{city}}"),
            0,
            "! breaking: prompts/greeting.prompt.yml wants a new variable `city`, which has no default",
        ),
    ];
    for (change, code, line) in cases {
        let mut state = sound();
        change(&mut state);
        World::on(state).pr(&[]).run().exits(code).shows(line);
    }
}

#[test]
fn levels_come_from_the_configuration() {
    let mut state = sound();
    state.pull().body = None;
    "wip".clone_into(&mut state.pull().title);
    let world = World::on(state);
    let config = world.workspace.read("prompt-cicd.yml");
    world.workspace.write(
        "prompt-cicd.yml",
        format!("{config}\npull-request: {{checks: {{title: off, issue: fail}}, size-labels: false}}\n").as_bytes(),
    );
    let finished = world.pr(&["--format", "json", "--comment", "off"]).run().exits(13);
    let json = finished.json();
    let statuses: Vec<(&str, &str)> = json["checks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|check| (check["check"].as_str().unwrap(), check["status"].as_str().unwrap()))
        .collect();
    assert_eq!(statuses[..2], [("description", "warned"), ("issue", "failed")]);
    assert_eq!((world.labels().len(), world.comments().len()), (0, 0));
    world.pr(&["--no-fail", "--comment", "off"]).run().exits(0).shows("✗ INVALID");
    world.workspace.write("prompt-cicd.yml", format!("{config}\npull-request: {{checks: {{titel: off, issue: fial}}}}\n").as_bytes());
    world.pr(&[]).run().exits(3).says("did you mean `title`?").says("did you mean `fail`?");
}

#[test]
fn what_is_not_known_is_never_a_pass() {
    let mut state = sound();
    state.pull().mergeable = vec![None];
    World::on(state).pr(&[]).run().exits(13).shows("✗ conflict: whether it can be merged is not known yet");
    let world = World::on(sound().mishap("GET", "/pulls/7/files", 9, Mishap::Status(500, "broken")));
    world.pr(&[]).run().exits(30);
    assert_eq!(world.comments().len(), 0);
    let mut state = sound();
    state.contents.clear();
    World::on(state).pr(&[]).run().exits(0).says("what of it breaks is not known");
}

#[test]
fn a_token_that_may_not_write_hides_no_verdict() {
    let mut state = sound();
    state.denied.extend(["issues=write", "pull_requests=write"]);
    let world = World::on(state);
    world.pr(&[]).run().exits(0).shows("✓ VALID").says("the label size/XS is not set").says("no comment is written");
    let mut state = sound();
    state.pull().head_repository = Some("mallory/prompts".to_owned());
    let world = World::on(state);
    world.pr(&[]).run().exits(0).says("the token of a pull request from a fork can only read");
    assert_eq!((world.comments().len(), world.labels().len()), (0, 0));
}

#[test]
fn three_thousand_files_and_hostile_texts_are_borne() {
    let mut state = sound();
    let pull = state.pull();
    pull.files = (0..3_000).map(|index| File::modified(format!("src/{index}.rs"))).collect();
    "feat: @octocat </table> | ```".clone_into(&mut pull.title);
    pull.files.push(File::modified("x"));
    pull.files[0] = File::modified("src/@everyone|<!-- prompt-cicd:pr -->\n::error::x");
    let world = World::on(state);
    // A file that must not be changed may be among those that nobody tells.
    let finished = world.pr(&[]).run().exits(13).shows("✗ forbidden: what must not be changed may be among the files");
    assert!(!finished.stdout.lines().any(|line| line.starts_with("::error::x")), "{}", finished.stdout);
    let (_, body) = world.comments().remove(0);
    assert!(!body.contains("@everyone") && body.replace("\\<!--", "").matches("<!--").count() == 1, "{body}");
    assert!(body.contains("GitHub tells no more than 3000 changed files: what is in the others was not looked at"), "{body}");
}

#[test]
fn without_a_pull_request_there_is_nothing_to_check() {
    let world = World::on(sound());
    world.pr(&[]).env("GITHUB_EVENT_NAME", "schedule").run().exits(4).says("name one with --number");
    world.pr(&["--number", "7", "--dry-run"]).env("GITHUB_EVENT_NAME", "schedule").run().exits(0).shows("✓ VALID");
    assert_eq!((world.comments().len(), world.labels().len()), (0, 0));
    world.pr(&["--number", "8"]).run().exits(31);
    world.github.state().pull().state = "closed";
    world.pr(&[]).run().exits(4).says("pull request #7 is not open any more");
    world.pr(&[]).env("GITHUB_TOKEN", "").run().exits(3).says("GITHUB_TOKEN is not set");
}

/// A pull request that turns a check off is still held to it; where its base has no configuration, the defaults hold.
#[test]
fn the_checks_are_those_of_the_base() {
    let mut state = sound();
    "tune it".clone_into(&mut state.pull().title);
    let world = World::on(state);
    let config = world.workspace.read("prompt-cicd.yml");
    let off = format!("{config}pull-request: {{checks: {{title: off}}}}\n");
    world.workspace.write("prompt-cicd.yml", off.as_bytes());
    world.pr(&[]).run().exits(0);
    let at = ["--config-at", "base-sha"];
    world.pr(&at).run().exits(31).says("base-sha...base-sha");
    world.github.state().comparisons.insert("base-sha...base-sha".to_owned(), ("base-sha".to_owned(), Vec::new()));
    world.pr(&at).run().exits(13).shows("✗ title: it is not `type: text`");
    world.github.state().contents.insert(("base-sha".to_owned(), "prompt-cicd.yml".to_owned()), config.into_bytes());
    world.pr(&at).run().exits(13).shows("✗ title: it is not `type: text`");
    world.github.state().contents.insert(("base-sha".to_owned(), "prompt-cicd.yml".to_owned()), off.into_bytes());
    world.pr(&at).run().exits(0);
}
