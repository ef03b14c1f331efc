//! `scripts/release`: what a tag must find in place, and what the major version's tag names.

use std::{fs, path::Path, process::Command};

use crate::support::Workspace;

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// A copy of what the scripts read, with a section for this version in the changelog.
fn copy() -> Workspace {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folder = Workspace::empty();
    for name in ["Cargo.toml", "Cargo.lock", "action.yml", "setup/action.yml", "LICENSE"] {
        folder = folder.file(name, &fs::read_to_string(root.join(name)).unwrap());
    }
    for below in ["scripts/release", "workflows"] {
        for entry in fs::read_dir(root.join(below)).unwrap() {
            let path = entry.unwrap().path();
            let name = format!("{below}/{}", path.file_name().unwrap().to_str().unwrap());
            folder = folder.file(&name, &fs::read_to_string(&path).unwrap());
            // One script starts another.
            fs::set_permissions(folder.path().join(&name), fs::metadata(&path).unwrap().permissions()).unwrap();
        }
    }
    folder.file(
        "CHANGELOG.md",
        &format!("# Changelog\n\n## Unreleased\n\n- later\n\n## {VERSION} (2026-01-02)\n\n- this\n\n## 0.0.1\n\n- before\n"),
    )
}

/// Runs a script, with the programs in `programs` before all others.
fn script(folder: &Workspace, name: &str, arguments: &[&str]) -> (bool, String) {
    let path = std::env::var("PATH").unwrap();
    let output = Command::new("bash")
        .current_dir(folder.path())
        .arg(format!("scripts/release/{name}"))
        .args(arguments)
        .env("PATH", format!("{}:{path}", folder.path().join("programs").display()))
        .env("CALLS", folder.path().join("calls"))
        .env("GITHUB_REF_NAME", format!("v{VERSION}"))
        .env("GITHUB_REPOSITORY", "Org/prompt-cicd")
        .env("GITHUB_ACTOR", "octocat")
        .env("GITHUB_OUTPUT", folder.path().join("output"))
        .env("GH_TOKEN", "a-token-worth-hiding")
        .output()
        .unwrap();
    (output.status.success(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
}

fn git(folder: &Workspace, arguments: &[&str]) -> String {
    let identity = ["-c", "user.name=Somebody", "-c", "user.email=somebody@example.org"];
    let output = Command::new("git").current_dir(folder.path()).args(identity).args(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_tag_must_be_named_by_everything_that_names_a_version() {
    let folder = copy();
    assert!(script(&folder, "check", &[&format!("v{VERSION}")]).0);
    let (fine, said) = script(&folder, "check", &["v9.8.7"]);
    assert!(!fine);
    let callers = fs::read_dir(folder.path().join("workflows")).unwrap();
    let callers: Vec<String> = callers.map(|caller| format!("workflows/{}", caller.unwrap().file_name().to_str().unwrap())).collect();
    assert!(!callers.is_empty());
    for file in
        ["Cargo.toml", "Cargo.lock", "action.yml", "setup/action.yml", "CHANGELOG.md"].into_iter().chain(callers.iter().map(String::as_str))
    {
        assert!(said.contains(&format!("{file} does not name 9.8.7")), "{said}");
    }
}

#[test]
fn the_notes_are_the_section_of_the_version() {
    let folder = copy();
    assert_eq!(script(&folder, "notes", &[VERSION]).1.trim(), "- this");
    let (fine, said) = script(&folder, "notes", &["9.8.7"]);
    assert!(!fine && said.contains("no section '## 9.8.7'"), "{said}");
}

#[test]
fn the_tag_of_the_major_version_names_the_image_by_its_digest() {
    let folder = copy();
    git(&folder, &["init", "--quiet"]);
    git(&folder, &["add", "."]);
    git(&folder, &["commit", "--quiet", "--message", "all"]);
    let digest = format!("sha256:{}", "0123456789abcdef".repeat(4));
    let (fine, said) = script(&folder, "move-major", &["--dry-run", &digest]);
    assert!(fine, "{said}");
    let major = format!("v{}", VERSION.split('.').next().unwrap());
    let action = git(&folder, &["show", &format!("{major}:action.yml")]);
    let image = action.lines().find(|line| line.contains("image: ")).unwrap();
    assert!(image.ends_with(&format!(":{VERSION}@{digest}")), "{image}");
    assert_eq!(
        git(&folder, &["rev-parse", &format!("{major}^")]),
        git(&folder, &["rev-parse", "HEAD^"]),
        "one commit on the release's own"
    );
    assert!(!script(&folder, "move-major", &["--dry-run", "sha256:short"]).0);
}

/// A program that notes how it was called, then does this.
fn program(folder: &Workspace, name: &str, body: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    let path = format!("programs/{name}");
    folder.write(&path, format!("#!/bin/bash\necho \"{name} $*\" >>\"$CALLS\"\n{body}\n").as_bytes());
    fs::set_permissions(folder.path().join(path), fs::Permissions::from_mode(0o755)).unwrap();
}

fn calls(folder: &Workspace) -> Vec<String> {
    folder.read("calls").replace(folder.path().canonicalize().unwrap().to_str().unwrap(), "HERE").lines().map(str::to_owned).collect()
}

#[test]
fn the_major_version_s_tag_moves_where_it_is_published_and_the_release_s_own_stays() {
    let (folder, remote) = (copy(), Workspace::empty());
    git(&remote, &["init", "--quiet", "--bare", "."]);
    let major = format!("v{}", VERSION.split('.').next().unwrap());
    let (release, there) = (format!("v{VERSION}"), remote.path().to_str().unwrap().to_owned());
    git(&folder, &["init", "--quiet"]);
    git(&folder, &["remote", "add", "origin", &there]);
    git(&folder, &["add", "."]);
    git(&folder, &["commit", "--quiet", "--message", "an earlier release"]);
    git(&folder, &["tag", &major]);
    git(&folder, &["commit", "--quiet", "--allow-empty", "--message", "this one"]);
    git(&folder, &["tag", &release]);
    git(&folder, &["push", "--quiet", "origin", &major, &release]);
    let tag = |name: &str| git(&remote, &["rev-parse", &format!("refs/tags/{name}")]);
    let (before, own) = (tag(&major), tag(&release));
    program(&folder, "gh", "");
    let digest = format!("sha256:{}", "0123456789abcdef".repeat(4));
    let (fine, said) = script(&folder, "move-major", &[&digest]);
    assert!(fine, "{said}");
    assert_eq!(calls(&folder), ["gh auth setup-git"], "it pushes as the job");
    assert_ne!(tag(&major), before);
    assert_eq!(tag(&release), own, "{release} never moves");
    assert_eq!(git(&remote, &["rev-parse", &format!("{major}^")]), own, "one commit on the release's own");
    let action = git(&remote, &["show", &format!("{major}:action.yml")]);
    assert!(action.lines().any(|line| line.ends_with(&format!(":{VERSION}@{digest}"))), "{action}");
}

/// What the build jobs hand over.
fn built() -> Workspace {
    let mut folder = copy();
    for target in ["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"] {
        folder = folder.file(&format!("dist/prompt-cicd-{VERSION}-{target}.tar.gz"), target);
    }
    folder.file("dist/image-amd64.tar", "amd64").file("dist/image-arm64.tar", "arm64")
}

#[test]
fn checksums_are_of_the_archives_and_of_what_the_program_is_made_of() {
    let folder = built();
    // The real one asks the registry; what it is asked for is looked at.
    program(&folder, "cargo-cyclonedx", "");
    program(&folder, "cargo", "[ \"$1\" = cyclonedx ] && echo '{\"bomFormat\": \"CycloneDX\"}' >prompt-cicd.cdx.json");
    let (fine, said) = script(&folder, "files", &["dist"]);
    assert!(fine, "{said}");
    let sums = folder.read("dist/SHA256SUMS");
    assert_eq!(sums.lines().count(), 3, "{sums}");
    assert!(!sums.contains("image-"), "images are named by their digest: {sums}");
    let check = |folder: &Workspace| {
        Command::new("sha256sum").args(["--check", "--quiet", "SHA256SUMS"]).current_dir(folder.path().join("dist")).status()
    };
    assert!(check(&folder).unwrap().success());
    let folder = folder.file(&format!("dist/prompt-cicd-{VERSION}-x86_64-unknown-linux-gnu.tar.gz"), "other bytes");
    assert!(!check(&folder).unwrap().success());
}

#[test]
fn a_release_is_a_draft_until_its_files_are_there() {
    let folder = built().file("dist/SHA256SUMS", "").file("dist/prompt-cicd.cdx.json", "{}");
    program(&folder, "gh", "if [ \"$2\" = create ]; then cp \"${@: 9:1}\" notes; fi");
    let (fine, said) = script(&folder, "publish", &["dist"]);
    assert!(fine, "{said}");
    let calls = calls(&folder);
    assert_eq!(calls.len(), 2, "{calls:?}");
    assert!(calls[0].starts_with(&format!("gh release create v{VERSION} --verify-tag --draft ")), "{}", calls[0]);
    for file in ["x86_64-unknown-linux-gnu.tar.gz", "aarch64-unknown-linux-gnu.tar.gz", "prompt-cicd.cdx.json", "SHA256SUMS"] {
        assert!(calls[0].contains(file), "{file}: {}", calls[0]);
    }
    assert_eq!(calls[1], format!("gh release edit v{VERSION} --draft=false"));
    assert_eq!(folder.read("notes").trim(), "- this", "the changelog's section");
    // A file that could not be uploaded leaves a draft.
    let folder = built().file("dist/SHA256SUMS", "").file("dist/prompt-cicd.cdx.json", "{}");
    program(&folder, "gh", "exit 1");
    assert!(!script(&folder, "publish", &["dist"]).0);
    assert_eq!(folder.read("calls").lines().count(), 1, "it is not published");
}

#[test]
fn the_image_is_pushed_for_both_architectures_under_one_digest_and_only_once() {
    let folder = built().file("output", "");
    let digest = format!("sha256:{}", "f".repeat(64));
    let docker =
        |known: &str| format!("case \"$*\" in login*) cat >/dev/null ;; *inspect*format*) echo {digest} ;; *inspect*) {known} ;; esac");
    program(&folder, "docker", &docker("exit 1"));
    let (fine, said) = script(&folder, "push-image", &["dist"]);
    assert!(fine, "{said}");
    assert_eq!(folder.read("output"), format!("digest={digest}\n"));
    let made = calls(&folder);
    let name = format!("ghcr.io/org/prompt-cicd:{VERSION}");
    let create = format!("docker buildx imagetools create --tag {name} {name}-amd64 {name}-arm64");
    assert!(made.contains(&create), "{made:?}");
    assert_eq!(made.last().unwrap(), "docker logout ghcr.io");
    assert!(!made.iter().any(|call| call.contains("a-token-worth-hiding")), "the token is in no list of processes: {made:?}");
    // A version that is there already stops everything.
    let folder = built().file("output", "");
    program(&folder, "docker", &docker("exit 0"));
    let (fine, said) = script(&folder, "push-image", &["dist"]);
    assert!(!fine && said.contains("is published already; raise the version"), "{said}");
    assert_eq!(folder.read("output"), "");
    assert!(!calls(&folder).iter().any(|call| call.contains("imagetools create") || call.contains("push ")), "{:?}", calls(&folder));
}
