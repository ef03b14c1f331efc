//! The Git Data API: trees, commits and branches that only move forward, and GraphQL's `updateRefs`.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use prompt_cicd::domain::digest::{of_json, sha256_hex};
use serde_json::{Value, json};

use super::{
    Request,
    routes::{Reply, created, invalid, not_found, ok},
};

/// Path to content.
type Tree = BTreeMap<String, String>;

/// The repository's objects and branches.
#[derive(Debug, Default)]
pub(crate) struct GitData {
    trees: BTreeMap<String, Tree>,
    commits: BTreeMap<String, Commit>,
    /// `heads/NAME` to a commit.
    pub(crate) refs: BTreeMap<String, String>,
    /// So many moves of a branch are refused for no reason.
    pub(crate) spurious: usize,
    /// A rule keeps everybody from the branches.
    pub(crate) protected: bool,
    /// So many reads of a branch answer with the tip before the last move.
    pub(crate) lagging: usize,
    /// So many reads of a branch answer with this instead; `None`: that there is no such branch.
    pub(crate) older: (usize, Option<String>),
    before: BTreeMap<String, String>,
}

#[derive(Debug, Clone)]
struct Commit {
    tree: String,
    parents: Vec<String>,
    message: String,
}

impl GitData {
    /// A file at a commit.
    pub(crate) fn file(&self, commit: &str, path: &str) -> Option<&String> {
        self.trees.get(&self.commits.get(commit)?.tree)?.get(path)
    }

    /// Commits of a branch, the newest first.
    pub(crate) fn history(&self, name: &str) -> Vec<String> {
        let mut history = Vec::new();
        let mut next = self.refs.get(name).cloned();
        while let Some(commit) = next {
            next = self.commits[&commit].parents.first().cloned();
            history.push(commit);
        }
        history
    }

    /// Somebody changes a file by hand.
    pub(crate) fn change(&mut self, name: &str, path: &str, content: &str) {
        let tip = self.refs[name].clone();
        let mut tree = self.trees[&self.commits[&tip].tree].clone();
        tree.insert(path.to_owned(), content.to_owned());
        let tree = self.add_tree(tree);
        let commit = self.add_commit(Commit { tree, parents: vec![tip], message: "by hand\n\nState-Commits: 2\n".to_owned() });
        self.refs.insert(name.to_owned(), commit);
    }

    fn add_tree(&mut self, tree: Tree) -> String {
        let id = of_json(&json!(tree))[..40].to_owned();
        self.trees.insert(id.clone(), tree);
        id
    }

    fn add_commit(&mut self, commit: Commit) -> String {
        let number = self.commits.len();
        let id = sha256_hex(format!("{number} {commit:?}").as_bytes())[..40].to_owned();
        self.commits.insert(id.clone(), commit);
        id
    }

    fn follows(&self, new: &str, old: &str) -> bool {
        let mut open = vec![new.to_owned()];
        while let Some(commit) = open.pop() {
            if commit == old {
                return true;
            }
            open.extend(self.commits.get(&commit).into_iter().flat_map(|commit| commit.parents.clone()));
        }
        false
    }

    fn moved(&mut self, name: &str, to: &str) {
        if let Some(old) = self.refs.insert(name.to_owned(), to.to_owned()) {
            self.before.insert(name.to_owned(), old);
        }
    }

    /// Answers what is below `git/`.
    pub(super) fn answer(&mut self, request: &Request, below: &[&str]) -> Reply {
        match (request.method.as_str(), below) {
            ("GET", ["ref", name @ ..]) => self.branch(&name.join("/")),
            ("GET", ["commits", sha]) => self.commits.get(*sha).map_or_else(not_found, |commit| {
                let parents: Vec<Value> = commit.parents.iter().map(|sha| json!({"sha": sha})).collect();
                ok(json!({"sha": sha, "message": commit.message, "tree": {"sha": commit.tree}, "parents": parents}))
            }),
            ("GET", ["trees", sha]) => self.trees.get(*sha).map_or_else(not_found, |tree| {
                let entries = tree.keys().map(|path| json!({"path": path, "type": "blob", "mode": "100644"}));
                let folder = json!({"path": "records", "type": "tree", "mode": "040000"});
                ok(json!({"sha": sha, "truncated": false, "tree": entries.chain([folder]).collect::<Vec<_>>()}))
            }),
            ("POST", ["trees"]) => self.new_tree(&request.body),
            ("POST", ["commits"]) => self.new_commit(&request.body),
            ("POST", ["refs"]) => {
                let name = request.body["ref"].as_str().unwrap().strip_prefix("refs/").unwrap().to_owned();
                if self.refs.contains_key(&name) {
                    return unprocessable("Reference already exists");
                }
                let sha = request.body["sha"].as_str().unwrap().to_owned();
                self.refs.insert(name, sha);
                created(json!({}))
            }
            ("PATCH", ["refs", name @ ..]) => self.fast_forward(&name.join("/"), &request.body),
            _ => Reply::Unknown,
        }
    }

    fn branch(&mut self, name: &str) -> Reply {
        let Some(tip) = self.refs.get(name) else { return not_found() };
        let mut shown = tip;
        if self.older.0 > 0 {
            self.older.0 -= 1;
            let Some(older) = &self.older.1 else { return not_found() };
            shown = older;
        } else if self.lagging > 0 {
            self.lagging -= 1;
            shown = self.before.get(name).unwrap_or(tip);
        }
        ok(json!({"ref": format!("refs/{name}"), "object": {"sha": shown, "type": "commit"}}))
    }

    fn new_tree(&mut self, body: &Value) -> Reply {
        let mut tree = match body["base_tree"].as_str() {
            None => Tree::new(),
            Some(base) => match self.trees.get(base) {
                Some(tree) => tree.clone(),
                None => return invalid("base_tree", "is not a tree"),
            },
        };
        for entry in body["tree"].as_array().unwrap() {
            let path = entry["path"].as_str().unwrap().to_owned();
            assert_eq!((&entry["mode"], &entry["type"]), (&json!("100644"), &json!("blob")));
            if let Some(content) = entry["content"].as_str() {
                tree.insert(path, content.to_owned());
            } else {
                assert!(entry.as_object().unwrap().contains_key("sha") && entry["sha"].is_null());
                if tree.remove(&path).is_none() {
                    return unprocessable("GitRPC::BadObjectState");
                }
            }
        }
        created(json!({"sha": self.add_tree(tree), "tree": []}))
    }

    fn new_commit(&mut self, body: &Value) -> Reply {
        let tree = body["tree"].as_str().unwrap().to_owned();
        let parents: Vec<String> = body["parents"].as_array().unwrap().iter().map(|sha| sha.as_str().unwrap().to_owned()).collect();
        if !self.trees.contains_key(&tree) || !parents.iter().all(|parent| self.commits.contains_key(parent)) {
            return unprocessable("Tree SHA does not exist");
        }
        let message = body["message"].as_str().unwrap().to_owned();
        created(json!({"sha": self.add_commit(Commit { tree, parents, message })}))
    }

    fn fast_forward(&mut self, name: &str, body: &Value) -> Reply {
        let new = body["sha"].as_str().unwrap();
        assert_eq!(body["force"], false, "nobody moves the branch by force");
        if self.protected {
            return unprocessable("Repository rule violations found\n\nCannot update this protected ref.");
        }
        if self.spurious > 0 {
            self.spurious -= 1;
            return unprocessable("Reference cannot be updated");
        }
        let Some(tip) = self.refs.get(name).cloned() else { return unprocessable("Reference does not exist") };
        if !self.follows(new, &tip) {
            return unprocessable("Update is not a fast forward");
        }
        self.moved(name, new);
        ok(json!({"ref": format!("refs/{name}"), "object": {"sha": new, "type": "commit"}}))
    }

    /// `updateRefs` with `beforeOid`.
    pub(super) fn graphql(&mut self, body: &Value) -> Reply {
        assert!(body["query"].as_str().unwrap().contains("updateRefs(input: $input)"));
        let input = &body["variables"]["input"];
        assert_eq!(input["repositoryId"], "R_node");
        let update = &input["refUpdates"][0];
        let name = update["name"].as_str().unwrap().strip_prefix("refs/").unwrap().to_owned();
        if self.refs.get(&name).map(String::as_str) != update["beforeOid"].as_str() {
            return ok(json!({"data": {"updateRefs": null}, "errors": [{"type": "UNPROCESSABLE", "message": "beforeOid does not match"}]}));
        }
        let new = update["afterOid"].as_str().unwrap();
        assert!(update["force"] == true && self.commits.contains_key(new));
        self.moved(&name, new);
        ok(json!({"data": {"updateRefs": {"clientMutationId": null}}}))
    }
}

fn unprocessable(message: &str) -> Reply {
    Reply::Json(StatusCode::UNPROCESSABLE_ENTITY, json!({"message": message, "status": "422"}))
}
