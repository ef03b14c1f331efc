//! Stand-ins for actions of others: they take only inputs that the real ones know, and do what our workflows need of them.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

use super::world::{World, git};

/// The actions with their pinned commits and the inputs that they know.
const KNOWN: [(&str, &[&str]); 4] = [
    (
        "actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683",
        &[
            "repository",
            "ref",
            "token",
            "persist-credentials",
            "path",
            "clean",
            "filter",
            "sparse-checkout",
            "sparse-checkout-cone-mode",
            "fetch-depth",
            "fetch-tags",
            "show-progress",
            "lfs",
            "submodules",
            "set-safe-directory",
        ],
    ),
    (
        "actions/upload-artifact@ea165f8d65b6e75b540449e92b4886f43607fa02",
        &["name", "path", "if-no-files-found", "retention-days", "compression-level", "overwrite", "include-hidden-files"],
    ),
    (
        "actions/download-artifact@d3f86a106a0bac45b974a628896c90dbdf5c8093",
        &["name", "artifact-ids", "path", "pattern", "merge-multiple", "github-token", "repository", "run-id"],
    ),
    (
        "github/codeql-action/upload-sarif@5d4e8d1aca955e8d8589aabd499c5cae939e33c7",
        &["sarif_file", "checkout_path", "ref", "sha", "token", "matrix", "category", "wait-for-processing"],
    ),
];

/// What a step of another action has.
pub(super) struct Played<'p> {
    pub(super) world: &'p World,
    pub(super) workspace: &'p Path,
    pub(super) permissions: &'p BTreeMap<String, String>,
    pub(super) run_id: u64,
    pub(super) sha: &'p str,
    pub(super) with: BTreeMap<String, String>,
}

impl Played<'_> {
    fn input(&self, name: &str) -> &str {
        self.with.get(name).map_or("", String::as_str)
    }

    fn may(&self, scope: &str) -> Result<(), String> {
        let granted = self.permissions.get(scope).is_some_and(|level| level != "none");
        if granted { Ok(()) } else { Err(format!("Resource not accessible by integration: the job needs {scope}")) }
    }

    /// Does what the action does; an error is what makes its step red.
    pub(super) fn play(&self, uses: &str) -> Result<(), String> {
        let (_, known) = KNOWN.iter().find(|(name, _)| *name == uses).unwrap_or_else(|| panic!("nobody plays {uses}"));
        for name in self.with.keys() {
            assert!(known.contains(&name.as_str()), "{uses} has no input {name}");
        }
        match uses.split('@').next().unwrap() {
            "actions/checkout" => self.checkout(),
            "actions/upload-artifact" => self.upload(),
            "actions/download-artifact" => self.download(),
            "github/codeql-action/upload-sarif" => self.code_scanning(),
            other => panic!("nobody plays {other}"),
        }
    }

    fn checkout(&self) -> Result<(), String> {
        self.may("contents")?;
        let source = format!("file://{}", self.world.repository().display());
        let here = |arguments: &[&str]| git(self.workspace, arguments);
        here(&["init", "--quiet"]);
        here(&["remote", "add", "origin", &source]);
        if !self.input("sparse-checkout").is_empty() {
            assert_eq!(self.input("sparse-checkout-cone-mode"), "false", "a file is no cone");
            here(&["sparse-checkout", "set", "--no-cone", self.input("sparse-checkout")]);
        }
        if self.input("fetch-depth") == "0" {
            here(&["fetch", "--quiet", "--tags", "origin", "+refs/heads/*:refs/remotes/origin/*"]);
        }
        here(&["fetch", "--quiet", "--depth", if self.input("fetch-depth") == "0" { "2147483647" } else { "1" }, "origin", self.sha]);
        here(&["checkout", "--quiet", "--detach", "FETCH_HEAD"]);
        Ok(())
    }

    fn upload(&self) -> Result<(), String> {
        let name = self.input("name");
        let forbidden = |c: char| "\":<>|*?\r\n\\/".contains(c);
        if name.is_empty() || name.contains(forbidden) {
            return Err(format!("The artifact name is not valid: {name}"));
        }
        let hidden = self.input("include-hidden-files") == "true";
        let from = self.workspace.join(self.input("path").trim_end_matches('/'));
        let mut files = Vec::new();
        collect(&from, &mut files);
        files.retain(|file| {
            hidden || !file.strip_prefix(self.workspace).unwrap().to_string_lossy().split('/').any(|part| part.starts_with('.'))
        });
        if files.is_empty() {
            let said = self.input("if-no-files-found");
            return if said == "error" {
                Err(format!("No files were found with the provided path: {}", self.input("path")))
            } else {
                Ok(())
            };
        }
        let place = self.world.artifacts(self.run_id).join(name);
        if place.exists() {
            return Err(format!("(409) Conflict: an artifact with this name already exists on the workflow run: {name}"));
        }
        let base = if from.is_dir() { from } else { from.parent().unwrap().to_owned() };
        copy(&files, &base, &place);
        Ok(())
    }

    fn download(&self) -> Result<(), String> {
        let run = match self.input("run-id") {
            "" => self.run_id,
            other => {
                self.may("actions")?;
                assert!(!self.input("github-token").is_empty(), "another run's artifacts need a token");
                other.parse().unwrap()
            }
        };
        let from = self.world.artifacts(run);
        let into = self.workspace.join(self.input("path"));
        if !self.input("name").is_empty() {
            let place = from.join(self.input("name"));
            if !place.is_dir() {
                return Err(format!("Unable to download artifact(s): Artifact not found for name: {}", self.input("name")));
            }
            let mut files = Vec::new();
            collect(&place, &mut files);
            copy(&files, &place, &into);
            return Ok(());
        }
        let pattern = self.input("pattern").strip_suffix('*').expect("our patterns end with a star");
        let together = self.input("merge-multiple") == "true";
        let mut places: Vec<PathBuf> =
            fs::read_dir(&from).map_or_else(|_| Vec::new(), |all| all.map(|entry| entry.unwrap().path()).collect());
        places.sort();
        for place in places.iter().filter(|place| place.file_name().unwrap().to_string_lossy().starts_with(pattern)) {
            let mut files = Vec::new();
            collect(place, &mut files);
            let own = into.join(place.file_name().unwrap());
            copy(&files, place, if together { &into } else { &own });
        }
        Ok(())
    }

    fn code_scanning(&self) -> Result<(), String> {
        if self.permissions.get("security-events").map(String::as_str) != Some("write") {
            return Err("Resource not accessible by integration: the job needs security-events".to_owned());
        }
        let text = fs::read_to_string(self.workspace.join(self.input("sarif_file"))).map_err(|error| error.to_string())?;
        let sarif: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
        assert_eq!((sarif["version"].as_str(), sarif["runs"].is_array()), (Some("2.1.0"), true), "{sarif}");
        Ok(())
    }
}

fn collect(place: &Path, files: &mut Vec<PathBuf>) {
    if place.is_file() {
        files.push(place.to_owned());
    } else if let Ok(entries) = fs::read_dir(place) {
        entries.for_each(|entry| collect(&entry.unwrap().path(), files));
    }
}

fn copy(files: &[PathBuf], base: &Path, into: &Path) {
    for file in files {
        let to = into.join(file.strip_prefix(base).unwrap());
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(file, to).unwrap();
    }
}
