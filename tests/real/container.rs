//! The action in its image (`PROMPT_CICD_IMAGE`), started by `scripts/run-action` as GitHub's runner starts it.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::{MetadataExt as _, chown},
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

use crate::{
    github::{FakeGitHub, File, State},
    model_server::{Behaviour, FakeModel},
};

/// Whom the checked-out files belong to on a runner, where the container is root.
const RUNNER: u32 = 1_001;

const CONFIG: &str = "version: 1
providers:
  model: {kind: echo}
suites:
  - name: greeting
    prompt: prompts/greeting.prompt.yml
    provider: model
    cases: cases/greeting.jsonl
    defaults:
      assert:
        - contains: \"{{name}}\"
";

/// A step: a workspace that belongs to somebody else, and the runner's files.
struct Step {
    workspace: tempfile::TempDir,
    files: tempfile::TempDir,
}

/// How it ended.
struct Finished {
    code: i32,
    stdout: String,
    stderr: String,
    files: PathBuf,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn image() -> String {
    std::env::var("PROMPT_CICD_IMAGE").expect("PROMPT_CICD_IMAGE names the image: run scripts/test, or scripts/image")
}

impl Step {
    fn with_config(config: &str) -> Self {
        let step = Self { workspace: tempfile::tempdir().unwrap(), files: tempfile::tempdir().unwrap() };
        let prompt = "name: greeting\nversion: 1.2.0\nmessages:\n  - {role: user, content: \"Hello {{name}}!\"}\n";
        let cases = "{\"id\": \"ana\", \"vars\": {\"name\": \"Ana\"}}\n{\"id\": \"ben\", \"vars\": {\"name\": \"Ben\"}}\n";
        for (path, text) in [("prompt-cicd.yml", config), ("prompts/greeting.prompt.yml", prompt), ("cases/greeting.jsonl", cases)] {
            let path = step.workspace.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        step.give_to_runner();
        step
    }

    fn new() -> Self {
        Self::with_config(CONFIG)
    }

    /// Only root can give files away; elsewhere whoever runs the tests is another user than the container's root anyway.
    fn give_to_runner(&self) {
        let mine = fs::metadata(self.workspace.path()).unwrap().uid();
        if mine != 0 {
            return;
        }
        for path in [".", "prompts", "cases", "prompt-cicd.yml", "prompts/greeting.prompt.yml", "cases/greeting.jsonl"] {
            chown(self.workspace.path().join(path), Some(RUNNER), Some(RUNNER)).unwrap();
        }
    }

    fn run(&self, options: &[&str]) -> Finished {
        let output = Command::new(root().join("scripts/run-action"))
            .args(["--image", &image(), "--files"])
            .arg(self.files.path())
            .args(options)
            .arg(self.workspace.path())
            .output()
            .unwrap();
        Finished {
            code: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
            files: self.files.path().to_owned(),
        }
    }
}

impl Finished {
    #[track_caller]
    fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    fn file(&self, name: &str) -> String {
        fs::read_to_string(self.files.join(name)).unwrap()
    }

    /// The outputs as the runner reads them, and the delimiters that closed them.
    fn outputs(&self) -> (BTreeMap<String, String>, Vec<String>) {
        let (mut found, mut delimiters) = (BTreeMap::new(), Vec::new());
        let text = self.file("output");
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            let (name, delimiter) = line.split_once("<<").unwrap_or_else(|| panic!("{line} is no output"));
            let value: Vec<&str> = lines.by_ref().take_while(|line| *line != delimiter).collect();
            found.insert(name.to_owned(), value.join("\n"));
            delimiters.push(delimiter.to_owned());
        }
        (found, delimiters)
    }
}

#[test]
fn a_good_prompt_passes_by_the_inputs_alone() {
    let step = Step::new();
    let finished = step.run(&["--with", "report=json=out/report.json\nhtml=out/report.html"]).exits(0);
    let (outputs, delimiters) = finished.outputs();
    for (name, value) in [("verdict", "passed"), ("exit-code", "0"), ("passed", "2"), ("failed", "0"), ("report-json", "out/report.json")] {
        assert_eq!(outputs.get(name).map(String::as_str), Some(value), "{name}: {outputs:?}");
    }
    let shortest = delimiters.iter().map(String::len).min().unwrap();
    assert!(shortest > 20 && delimiters[0] != step.run(&[]).exits(0).outputs().1[0], "delimiters are random: {delimiters:?}");
    assert!(finished.file("summary").contains("Prompt tests passed"), "{}", finished.file("summary"));
    assert_eq!((finished.file("env"), finished.file("path")), (String::new(), String::new()), "later steps are left alone");
}

#[test]
fn what_it_writes_lies_in_the_workspace_and_belongs_to_root() {
    let step = Step::new();
    step.run(&["--with", "report=json=out/report.json"]).exits(0);
    let report = step.workspace.path().join("out/report.json");
    let json: Value = serde_json::from_str(&fs::read_to_string(&report).unwrap()).unwrap();
    assert_eq!(json["total_tests"], 2);
    assert_eq!(fs::metadata(&report).unwrap().uid(), 0, "the container is root");
    assert_ne!(fs::metadata(step.workspace.path().join("prompt-cicd.yml")).unwrap().uid(), 0, "the workspace is not root's");
}

#[test]
fn a_bad_prompt_fails_the_step_and_annotates_a_path_of_the_repository() {
    let step = Step::with_config(&CONFIG.replace("contains: \"{{name}}\"", "contains: goodbye"));
    let finished = step.run(&[]).exits(10);
    assert!(
        finished.stderr.contains("::error title=suite greeting%3A failed,file=prompts/greeting.prompt.yml,line=4,col=27::"),
        "{}",
        finished.stderr
    );
    assert_eq!(finished.outputs().0["verdict"], "failed");
    step.run(&["--with", "no-fail=true"]).exits(0);
}

#[test]
fn a_model_on_the_network_is_asked_and_its_key_masked() {
    let model = FakeModel::start(Behaviour::Say("\n::error::forged\n##[error]forged"));
    let provider = format!("{{kind: openai, base-url: \"{}\", model: fake, api-key-env: MODEL_LOGIN}}", model.base_url());
    let step = Step::with_config(&CONFIG.replace("{kind: echo}", &provider));
    let finished = step.run(&["--env", "MODEL_LOGIN=a-value-worth-hiding"]).exits(10);
    assert_eq!(model.requests(), 2);
    assert!(finished.stderr.contains("::add-mask::a-value-worth-hiding\n"), "{}", finished.stderr);
    for line in finished.stdout.lines().chain(finished.stderr.lines()) {
        assert!(!line.trim_start().starts_with("::error::forged") && !line.contains("##["), "{line}");
    }
}

#[test]
fn certificates_are_there_for_https() {
    // Nothing listens there: it is the connection that fails, not the lack of anything to trust.
    let provider = "{kind: openai, base-url: \"https://127.0.0.1:9/v1\", model: fake}";
    let finished = Step::with_config(&CONFIG.replace("{kind: echo}", provider)).run(&[]).exits(30);
    let said = format!("{}{}", finished.stdout, finished.stderr);
    assert!(said.contains("127.0.0.1") && !said.contains("no CA certificates"), "{said}");
}

/// The commit that a pull request goes to.
const BASE: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

/// A pull request at a GitHub of our own, whose base has the files of the step; an image without git reads them there.
fn pull_request(step: &Step, mut state: State) -> FakeGitHub {
    BASE.clone_into(&mut state.pull().base);
    state.pull().files.push(File::modified("prompts/greeting.prompt.yml"));
    state.comparisons.insert(format!("{BASE}...{BASE}"), (BASE.to_owned(), Vec::new()));
    for path in ["prompt-cicd.yml", "prompts/greeting.prompt.yml", "cases/greeting.jsonl"] {
        state.contents.insert((BASE.to_owned(), path.to_owned()), fs::read(step.workspace.path().join(path)).unwrap());
    }
    FakeGitHub::start(state)
}

/// The step on the pull request as it is, with the event's file and the token that the runner gives.
fn tested(step: &Step, github: &FakeGitHub) -> Finished {
    let pull = github.state().pull().clone();
    let from = pull.head_repository.unwrap_or_else(|| "octo/prompts".to_owned());
    let payload = tempfile::NamedTempFile::new().unwrap();
    let event = serde_json::json!({"action": "synchronize", "number": 7, "repository": {"full_name": "octo/prompts"}, "pull_request": {
        "number": 7, "state": "open",
        "head": {"sha": pull.head, "ref": "change", "repo": {"full_name": from}},
        "base": {"sha": pull.base, "ref": "main", "repo": {"full_name": "octo/prompts"}},
    }});
    fs::write(payload.path(), event.to_string()).unwrap();
    let event = format!("pull_request={}", payload.path().display());
    let variables = [
        format!("GITHUB_API_URL={}", github.api_url()),
        format!("GITHUB_TOKEN={}", github.state().token),
        "GITHUB_REPOSITORY=octo/prompts".to_owned(),
    ];
    let mut options = vec!["--event", &event];
    options.extend(variables.iter().flat_map(|variable| ["--env", variable]));
    step.run(&options)
}

#[test]
fn a_pull_request_goes_from_open_to_green_with_one_comment() {
    let step = Step::new();
    let github = pull_request(&step, State::new());
    let push = |head: &str, text: &str| {
        let prompt = format!("name: greeting\nversion: 1.3.0\nmessages:\n  - {{role: user, content: \"{text}\"}}\n");
        fs::write(step.workspace.path().join("prompts/greeting.prompt.yml"), prompt).unwrap();
        github.state().pull().head = head.repeat(40);
        tested(&step, &github)
    };
    let comment = || {
        let state = github.state();
        assert_eq!(state.comments.len(), 1, "one comment throughout");
        state.comments.first().map(|comment| (comment.id, comment.body.clone())).unwrap()
    };
    let finished = push("1", "Hello!").exits(10);
    let (first, text) = comment();
    assert!(text.contains("ana") && text.contains("❌"), "{text}");
    assert!(finished.outputs().0["comment-url"].starts_with("http"), "{:?}", finished.outputs().0);
    push("2", "Hello Ana!").exits(10);
    let (second, text) = comment();
    assert!(second == first && text.contains("ben"), "{text}");
    let finished = push("3", "Good day {{name}}!").exits(0);
    let (third, text) = comment();
    assert!(third == first && text.contains("✅"), "{text}");
    assert_eq!(finished.outputs().0["verdict"], "passed");
    let asked = github.requests();
    assert!(asked.iter().any(|request| request.contains("/contents/prompts/greeting.prompt.yml")), "base is read: {asked:?}");
    github.finish();
}

#[test]
fn a_fork_s_read_only_token_hides_no_verdict() {
    for (config, code, verdict) in
        [(CONFIG.to_owned(), 0, "passed"), (CONFIG.replace("contains: \"{{name}}\"", "contains: goodbye"), 10, "failed")]
    {
        let step = Step::with_config(&config);
        let mut state = State::new();
        state.pull().head_repository = Some("somebody/prompts".to_owned());
        let github = pull_request(&step, state);
        let finished = tested(&step, &github).exits(code);
        assert_eq!(finished.outputs().0["verdict"], verdict);
        assert!(github.requests().iter().all(|request| request.starts_with("GET ")), "nothing is written");
        assert!(step.workspace.path().join(".prompt-cicd/comment.json").exists(), "{}", finished.stderr);
        github.finish();
    }
}

#[test]
fn a_missing_folder_and_a_wrong_input_say_so() {
    let finished = Step::new().run(&["--with", "working-directory=nowhere"]).exits(3);
    assert!(finished.stderr.contains("nowhere"), "{}", finished.stderr);
    Step::new().run(&["--with", "dry-run=yes"]).exits(2);
    let unknown = Step::new().run(&["--with", "fail-on=regression-of-nothing"]);
    assert_eq!((unknown.code, unknown.stderr.contains("no input 'fail-on'")), (2, true), "run-action knows action.yml: {}", unknown.stderr);
}

#[test]
fn a_release_s_archive_holds_the_image_s_own_program() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["Cargo.toml", "LICENSE", "scripts/release/build", "scripts/container/engine.sh"] {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::copy(root().join(name), path).unwrap();
    }
    // The image is built already: it only gets the name that is asked for.
    let tagged = ". scripts/container/engine.sh\nfind_engine\n\"${engine[@]}\" tag \"$PROMPT_CICD_IMAGE\" \"$2\"\n";
    fs::write(folder.path().join("scripts/image"), format!("#!/bin/bash\nset -eu\n{tagged}")).unwrap();
    fs::set_permissions(folder.path().join("scripts/image"), fs::metadata(root().join("scripts/image")).unwrap().permissions()).unwrap();
    let run = |program: &str, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).current_dir(folder.path()).output().unwrap();
        assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    run("bash", &["scripts/release/build", "dist"]);
    let version = env!("CARGO_PKG_VERSION");
    let (arch, target) = if cfg!(target_arch = "aarch64") { ("arm64", "aarch64") } else { ("amd64", "x86_64") };
    let archive = format!("dist/prompt-cicd-{version}-{target}-unknown-linux-gnu.tar.gz");
    assert_eq!(run("tar", &["-tzf", &archive]), "LICENSE\nprompt-cicd\n");
    run("tar", &["-xzf", &archive]);
    assert_eq!(run("./prompt-cicd", &["--version"]), format!("prompt-cicd {version}\n"));
    assert!(run("tar", &["-tf", &format!("dist/image-{arch}.tar")]).contains("manifest.json"));
    // The same image gives the same archive.
    run("bash", &["scripts/release/build", "again"]);
    let bytes = |below: &str| fs::read(folder.path().join(archive.replace("dist/", below))).unwrap();
    assert!(bytes("dist/") == bytes("again/"));
}
