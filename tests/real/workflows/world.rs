//! A repository with its history, its place on GitHub, its reviewers, and a server of flags that an application reads.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use axum::{
    Router,
    body::Bytes,
    extract::State as Extract,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Response},
    routing::get,
};
use serde_json::{Value, json};

use crate::github::{FakeGitHub, File, State, event};

/// Where everything happens.
pub(super) const REPOSITORY: &str = "octo/prompts";

/// The repository, as every payload tells of it.
pub(super) fn here() -> Value {
    json!({"full_name": REPOSITORY, "default_branch": "main"})
}

pub(super) fn git(folder: &Path, arguments: &[&str]) -> String {
    let said = Command::new("git")
        .args(["-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "commit.gpgsign=false", "-c", "init.defaultBranch=main"])
        .args(["-c", "tag.gpgsign=false", "-c", "uploadpack.allowAnySHA1InWant=true", "-c", "protocol.file.allow=always"])
        .args(arguments)
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .output()
        .unwrap();
    assert!(said.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&said.stderr));
    String::from_utf8(said.stdout).unwrap().trim().to_owned()
}

/// What the flags' server holds, and how often it was changed.
#[derive(Debug, Default)]
struct Flags {
    text: Option<String>,
    writes: u64,
}

pub(super) struct World {
    pub(super) github: FakeGitHub,
    repository: tempfile::TempDir,
    artifacts: tempfile::TempDir,
    flags: Arc<Mutex<Flags>>,
    pub(super) flags_url: String,
    /// What the application measures, at an address; nothing there is no answer.
    pub(super) numbers: Arc<Mutex<Option<Value>>>,
    pub(super) numbers_url: String,
    /// The repository's variables.
    pub(super) variables: Mutex<BTreeMap<String, String>>,
    /// Which GitHub environments have required reviewers, and whether they say yes.
    pub(super) reviewers: Mutex<BTreeMap<String, bool>>,
    /// Which GitHub environments have reviewers who do not answer.
    pub(super) away: Mutex<BTreeSet<String>>,
    /// The groups of runs under way, and of those that wait for reviewers.
    pub(super) queues: Mutex<BTreeSet<String>>,
    runs: AtomicU64,
    _runtime: tokio::runtime::Runtime,
}

impl World {
    /// An empty repository; `init --workflows` writes into it what it writes for everybody.
    pub(super) fn new() -> Self {
        Self::of(&[("prompt-cicd.yml", "version: 1\n")], &["init", "--workflows"])
    }

    /// A repository with these files, in which somebody calls `init`.
    pub(super) fn started(files: &[(&str, &str)]) -> Self {
        Self::of(files, &["init"])
    }

    fn of(files: &[(&str, &str)], command: &[&str]) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let flags: Arc<Mutex<Flags>> = Arc::default();
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let flags_url = format!("http://{address}/flags.json");
        let numbers: Arc<Mutex<Option<Value>>> = Arc::default();
        let measured = Router::new().route("/numbers.json", get(measured)).with_state(Arc::clone(&numbers));
        let app = Router::new().route("/flags.json", get(read).put(write)).with_state(Arc::clone(&flags)).merge(measured);
        runtime.spawn(async move { axum::serve(listener, app).await.unwrap() });
        let repository = tempfile::tempdir().unwrap();
        git(repository.path(), &["init", "--quiet"]);
        git(repository.path(), &["config", "uploadpack.allowAnySHA1InWant", "true"]);
        let mut state = State::new();
        state.rate_limit_left = 100_000;
        let world = Self {
            github: FakeGitHub::start(state),
            repository,
            artifacts: tempfile::tempdir().unwrap(),
            flags,
            flags_url,
            numbers,
            numbers_url: format!("http://{address}/numbers.json"),
            variables: Mutex::default(),
            reviewers: Mutex::default(),
            away: Mutex::default(),
            queues: Mutex::default(),
            runs: AtomicU64::new(1_000),
            _runtime: runtime,
        };
        for (path, text) in files {
            world.write(path, text);
        }
        let said = Command::new(env!("CARGO_BIN_EXE_prompt-cicd")).args(command).current_dir(world.repository()).output().unwrap();
        assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
        world
    }

    pub(super) fn repository(&self) -> &Path {
        self.repository.path()
    }

    pub(super) fn artifacts(&self, run: u64) -> PathBuf {
        self.artifacts.path().join(run.to_string())
    }

    pub(super) fn next_run(&self) -> u64 {
        self.runs.fetch_add(1, Ordering::SeqCst)
    }

    pub(super) fn write(&self, path: &str, text: &str) {
        let path = self.repository().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Commits everything; the new commit.
    pub(super) fn commit(&self, message: &str) -> String {
        git(self.repository(), &["add", "--all"]);
        git(self.repository(), &["commit", "--quiet", "--allow-empty", "-m", message]);
        self.sync();
        self.sha("HEAD")
    }

    pub(super) fn sha(&self, reference: &str) -> String {
        git(self.repository(), &["rev-parse", reference])
    }

    /// GitHub knows every commit: its files, and what lies between each two.
    fn sync(&self) {
        let commits: Vec<String> = git(self.repository(), &["rev-list", "--all"]).lines().map(str::to_owned).collect();
        let mut state = self.github.state();
        for commit in &commits {
            for path in git(self.repository(), &["ls-tree", "-r", "--name-only", commit]).lines() {
                let key = (commit.clone(), path.to_owned());
                let text = || git(self.repository(), &["show", &format!("{commit}:{path}")]) + "\n";
                state.contents.entry(key).or_insert_with(|| text().into_bytes());
            }
        }
        // Whoever names no commit gets the default branch.
        let main = self.sha("main");
        state.contents.retain(|(at, _), _| !at.is_empty());
        let on_main = state.contents.iter().filter(|((at, _), _)| *at == main);
        let on_main: Vec<_> = on_main.map(|((_, path), bytes)| ((String::new(), path.clone()), bytes.clone())).collect();
        state.contents.extend(on_main);
        for base in &commits {
            for head in &commits {
                let between = format!("{base}...{head}");
                state.comparisons.entry(between).or_insert_with(|| {
                    let merge_base = git(self.repository(), &["merge-base", base, head]);
                    let files = changed(self.repository(), &merge_base, head);
                    (merge_base, files)
                });
            }
        }
    }

    /// Opens pull request 7 from a branch, or tells of its newest commit; the merge commit that GitHub makes of it comes back.
    pub(super) fn propose(&self, branch: &str, title: &str, body: &str) -> String {
        let (head, base) = (self.sha(branch), self.sha("main"));
        git(self.repository(), &["checkout", "--quiet", "--detach", "main"]);
        git(self.repository(), &["merge", "--quiet", "--no-ff", "-m", "merge of a pull request", branch]);
        let merge = self.sha("HEAD");
        git(self.repository(), &["branch", "--force", "pull-7-merge", &merge]);
        git(self.repository(), &["checkout", "--quiet", "main"]);
        self.sync();
        let files = changed(self.repository(), &base, &head);
        let mut state = self.github.state();
        let pull = state.pull();
        (pull.head, pull.base, pull.files) = (head, base, files);
        title.clone_into(&mut pull.title);
        pull.body = Some(body.to_owned());
        merge
    }

    /// The event of the pull request as it is now.
    pub(super) fn pull_request(&self, action: &str) -> Value {
        let pull = self.github.state().pull().clone();
        let head = json!({"sha": pull.head, "ref": "tune", "repo": pull.head_repository.map(|name| json!({"full_name": name}))});
        let base = json!({"sha": pull.base, "ref": "main", "repo": here()});
        let about = json!({"number": 7, "head": head, "base": base, "title": pull.title, "body": pull.body});
        let name = if action == "synchronize" { "pull_request.synchronize" } else { "pull_request.opened" };
        event(name, &json!({"action": action, "number": 7, "pull_request": about, "repository": here()}))
    }

    /// Merges the pull request's branch into main.
    pub(super) fn merge(&self, branch: &str) -> String {
        git(self.repository(), &["checkout", "--quiet", "main"]);
        git(self.repository(), &["merge", "--quiet", "--no-ff", "-m", &format!("Merge {branch}"), branch]);
        self.sync();
        self.sha("main")
    }

    /// What the application serves: the share of each version, of what the flag's rule says.
    pub(super) fn flag(&self) -> Value {
        let flags = self.flags.lock().unwrap();
        flags.text.as_deref().map_or(Value::Null, |text| serde_json::from_str(text).unwrap())
    }

    pub(super) fn flag_writes(&self) -> u64 {
        self.flags.lock().unwrap().writes
    }
}

fn changed(repository: &Path, base: &str, head: &str) -> Vec<File> {
    let said = git(repository, &["diff", "--name-status", "--no-renames", base, head]);
    let file = |line: &str| {
        let (status, path) = line.split_once('\t').unwrap();
        let status = match status {
            "A" => "added",
            "D" => "removed",
            _ => "modified",
        };
        File { path: path.to_owned(), previous: None, status }
    };
    said.lines().map(file).collect()
}

fn etag(flags: &Flags) -> String {
    format!("\"{}\"", flags.writes)
}

async fn measured(Extract(numbers): Extract<Arc<Mutex<Option<Value>>>>) -> Response {
    let numbers = numbers.lock().unwrap().clone();
    numbers.map_or_else(|| StatusCode::NOT_FOUND.into_response(), |numbers| axum::Json(numbers).into_response())
}

async fn read(Extract(flags): Extract<Arc<Mutex<Flags>>>) -> Response {
    let flags = flags.lock().unwrap();
    match &flags.text {
        Some(text) => ([("etag", etag(&flags)), ("content-type", "application/json".to_owned())], text.clone()).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn write(Extract(flags): Extract<Arc<Mutex<Flags>>>, headers: HeaderMap, body: Bytes) -> Response {
    let mut flags = flags.lock().unwrap();
    if headers.get("if-match").is_some_and(|wanted| wanted.to_str().ok() != Some(etag(&flags).as_str())) {
        return StatusCode::PRECONDITION_FAILED.into_response();
    }
    flags.text = Some(String::from_utf8(body.to_vec()).unwrap());
    flags.writes += 1;
    StatusCode::NO_CONTENT.into_response()
}
