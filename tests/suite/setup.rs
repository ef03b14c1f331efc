//! `setup/action.yml`: what it fetches, checks and refuses, with a server for the releases and a `gh` of our own.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, process::Command};

use axum::{Router, extract::State, http::StatusCode, routing::get};
use serde_json::Value;

use crate::support::Workspace;

const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The release that everything here installs.
const REPOSITORY: &str = "org/prompt-cicd";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn action() -> Value {
    serde_yaml::from_str(include_str!("../../setup/action.yml")).unwrap()
}

/// Releases at an address, and a runner's folder.
struct Setup {
    folder: Workspace,
    server: String,
    _runtime: tokio::runtime::Runtime,
}

/// How it ended.
struct Finished {
    success: bool,
    said: String,
    path: String,
}

fn archive_name() -> String {
    format!("prompt-cicd-{VERSION}-{}-unknown-linux-gnu.tar.gz", std::env::consts::ARCH)
}

fn run(command: &mut Command) {
    assert!(command.status().unwrap().success(), "{command:?}");
}

impl Setup {
    /// A release whose program is a script that says its version, and a `gh` that ends with `gh` and writes its arguments.
    fn new(gh: Option<i32>) -> Self {
        let program = format!("#!/bin/sh\necho prompt-cicd {VERSION}\n");
        let folder = Workspace::empty().file("release/program/prompt-cicd", &program).file("runner/path", "").file("runner/output", "");
        let release = folder.path().join("release");
        run(Command::new("tar").current_dir(&release).args(["-czf", &archive_name(), "-C", "program", "prompt-cicd"]));
        run(Command::new("sh").current_dir(&release).args(["-c", "sha256sum *.tar.gz > SHA256SUMS"]));
        if let Some(code) = gh {
            let script = format!("#!/bin/sh\necho \"$@\" > {}\nexit {code}\n", folder.path().join("gh-arguments").display());
            folder.write("bin/gh", script.as_bytes());
            fs::set_permissions(folder.path().join("bin/gh"), fs::Permissions::from_mode(0o755)).unwrap();
        }
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let server = format!("http://{}", listener.local_addr().unwrap());
        let pattern = format!("/{REPOSITORY}/releases/download/v{VERSION}/{{name}}");
        let router = Router::new().route(&pattern, get(file)).with_state(release);
        runtime.spawn(async move { axum::serve(listener, router).await });
        Self { folder, server, _runtime: runtime }
    }

    /// Runs the script with the action's own defaults, apart from what is given.
    fn install(&self, given: &[(&str, &str)]) -> Finished {
        let path = |name: &str| self.folder.path().join(name);
        let mut command = Command::new("bash");
        command.env_clear().arg(root().join("setup/install.sh")).current_dir(self.folder.path());
        command.env("PATH", format!("{}:/usr/bin:/bin", path("bin").display()));
        command.env("RUNNER_TEMP", path("runner")).env("GITHUB_PATH", path("runner/path")).env("GITHUB_OUTPUT", path("runner/output"));
        command.env("GITHUB_SERVER_URL", &self.server).env("GH_TOKEN", "a-token");
        for name in ["version", "repository", "attestation"] {
            command.env(name.to_uppercase(), action()["inputs"][name]["default"].as_str().unwrap());
        }
        let output = command.envs(given.iter().copied()).output().unwrap();
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        Finished { success: output.status.success(), said, path: self.folder.read("runner/path") }
    }
}

async fn file(State(folder): State<std::path::PathBuf>, axum::extract::Path(name): axum::extract::Path<String>) -> (StatusCode, Vec<u8>) {
    fs::read(folder.join(name)).map_or((StatusCode::NOT_FOUND, Vec::new()), |bytes| (StatusCode::OK, bytes))
}

impl Finished {
    #[track_caller]
    fn refuses(self, why: &str) {
        assert!(!self.success && self.said.contains("::error title=prompt-cicd was not installed::"), "{}", self.said);
        assert!(self.said.contains(why), "{}", self.said);
        assert_eq!(self.path, "", "what was refused is not on the PATH");
    }
}

#[test]
fn the_program_is_checked_and_put_on_the_path() {
    let setup = Setup::new(Some(0));
    let finished = setup.install(&[]);
    assert!(finished.success, "{}", finished.said);
    let program = Path::new(finished.path.trim()).join("prompt-cicd");
    assert_eq!(Command::new(&program).output().unwrap().stdout, format!("prompt-cicd {VERSION}\n").as_bytes());
    assert_eq!(setup.folder.read("runner/output"), format!("path={}\n", program.display()));
    let asked = setup.folder.read("gh-arguments");
    for argument in [
        "attestation verify",
        "--repo org/prompt-cicd",
        "--signer-workflow org/prompt-cicd/.github/workflows/release.yml",
        "--source-ref refs/tags/v",
    ] {
        assert!(asked.contains(argument), "{argument} is missing: {asked}");
    }
}

#[test]
fn what_is_not_the_release_is_refused() {
    let setup = Setup::new(Some(0));
    let name = setup.folder.path().join("release").join(archive_name());
    let good = fs::read(&name).unwrap();
    fs::write(&name, [good.as_slice(), b"more"].concat()).unwrap();
    setup.install(&[]).refuses("has another checksum");
    fs::write(&name, &good).unwrap();
    assert!(setup.install(&[]).success);

    Setup::new(Some(1)).install(&[]).refuses("is not attested");
    let unnamed = Setup::new(Some(0));
    unnamed.folder.write("release/SHA256SUMS", b"");
    unnamed.install(&[]).refuses("does not name");
    let other = Setup::new(Some(0));
    other.install(&[("VERSION", "9.9.9")]).refuses("v9.9.9");
}

#[test]
fn without_gh_only_the_checksum_counts_and_only_when_that_is_asked_for() {
    let setup = Setup::new(None);
    if !Path::new("/usr/bin/gh").exists() {
        setup.install(&[]).refuses("gh is missing");
    }
    assert!(setup.install(&[("ATTESTATION", "false")]).success);
}

#[test]
fn inputs_are_no_program() {
    let setup = Setup::new(Some(0));
    for (name, value) in [
        ("VERSION", "0.1.0; touch owned"),
        ("VERSION", "../../../v0.1.0"),
        ("VERSION", "latest"),
        ("REPOSITORY", "org/prompt-cicd/../../evil"),
        ("REPOSITORY", "org"),
        ("ATTESTATION", "no"),
    ] {
        setup.install(&[(name, value)]).refuses(&format!("the input '{}'", name.to_lowercase()));
    }
    assert!(!setup.folder.path().join("owned").exists());
    for step in action()["runs"]["steps"].as_array().unwrap() {
        assert!(!step["run"].as_str().unwrap().contains("${{"), "text from inputs comes by the environment");
    }
}

#[test]
fn its_release_is_this_version() {
    assert_eq!(action()["inputs"]["version"]["default"], VERSION);
}
