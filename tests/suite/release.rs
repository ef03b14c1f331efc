//! `scripts/release`: what a tag must find in place, and what the major version's tag names.

use std::{fs, path::Path, process::Command};

use crate::support::Workspace;

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// A copy of what the scripts read, with a section for this version in the changelog.
fn copy() -> Workspace {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folder = Workspace::empty();
    for name in [
        "Cargo.toml",
        "Cargo.lock",
        "action.yml",
        "setup/action.yml",
        "scripts/release/check",
        "scripts/release/notes",
        "scripts/release/move-major",
    ] {
        folder = folder.file(name, &fs::read_to_string(root.join(name)).unwrap());
    }
    folder.file(
        "CHANGELOG.md",
        &format!("# Changelog\n\n## Unreleased\n\n- later\n\n## {VERSION} (2026-01-02)\n\n- this\n\n## 0.0.1\n\n- before\n"),
    )
}

fn script(folder: &Workspace, name: &str, arguments: &[&str]) -> (bool, String) {
    let output = Command::new("bash")
        .current_dir(folder.path())
        .arg(format!("scripts/release/{name}"))
        .args(arguments)
        .env("GITHUB_REF_NAME", format!("v{VERSION}"))
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
    for file in ["Cargo.toml", "Cargo.lock", "action.yml", "setup/action.yml", "CHANGELOG.md"] {
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
