//! A branch by GitHub's Git Data API: tree, commit, then the branch is moved, but never past somebody else's commit.

use std::{
    collections::HashSet,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use reqwest::Url;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{GitHub, client::Ask, contents};
use crate::ports::{
    code_host::CodeHostError,
    store::{Advanced, Branch, Commit as NewCommit, FileChange, Patience, StoreError, Tip},
};

/// The most bytes of a file that are read.
const FILE_LIMIT: usize = 4 * 1024 * 1024;
/// Words of refusals that asking again does not change.
const RULES: [&str; 4] = ["rule violations", "protected branch", "Required status check", "must be made through a pull request"];

/// How often a branch is read again that is still where it was before our own last write: GitHub answers from copies.
const LAG_TRIES: u32 = 4;
/// The pause before that; doubled each time.
const LAG_PAUSE: Duration = Duration::from_millis(100);

/// One branch of the repository as a set of files.
pub struct GitHubBranch {
    github: Arc<GitHub>,
    branch: String,
    /// What our writes took the place of; `None` stands for there being no branch: whoever reads after them must not see that again.
    left: Mutex<HashSet<Option<String>>>,
}

impl GitHubBranch {
    /// The branch with this name.
    pub fn new(github: Arc<GitHub>, branch: &str) -> Self {
        Self { github, branch: branch.to_owned(), left: Mutex::default() }
    }

    /// `git/ref/heads/…` and `git/refs/heads/…`: a branch's name may have slashes.
    fn reference<'a>(&'a self, form: &'a str) -> Vec<&'a str> {
        let mut parts = vec!["git", form, "heads"];
        parts.extend(self.branch.split('/'));
        self.github.client.repo(&parts)
    }

    fn is_behind(&self, commit: Option<&String>) -> bool {
        let left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        // Whoever wrote to it knows that there is a branch, also where somebody else made it.
        left.contains(&commit.cloned()) || (commit.is_none() && !left.is_empty())
    }

    /// Remembers what our write took the place of. What it made is there from now on, whatever was left for it before.
    fn leave(&self, tip: Option<&Tip>, new: &str) {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        left.insert(tip.map(|tip| tip.commit.clone()));
        left.remove(&Some(new.to_owned()));
    }

    fn get(&self, parts: &[&str], query: &[(&str, &str)]) -> Ask {
        self.github.client.get(&self.github.client.repo(parts), query)
    }

    fn post(&self, parts: &[&str], body: Value) -> Ask {
        // The same tree or commit twice is one object that nobody points to: it may be sent again.
        Ask { repeatable: true, ..self.github.client.post(&self.github.client.repo(parts), body) }
    }

    /// Moves the branch to a commit of its own history, or says that it could not.
    async fn moved(&self, ask: &Ask, patience: Patience) -> Result<Advanced, StoreError> {
        match self.github.client.send(ask, patience).await {
            Ok(_) => Ok(Advanced::Done),
            // 422: the branch moved on, or GitHub has not noticed yet that it did not.
            Err(CodeHostError::Rejected { status: 422, message, .. }) if !RULES.iter().any(|rule| message.contains(rule)) => {
                Ok(Advanced::Stale { said: format!("422 {message}") })
            }
            Err(CodeHostError::Conflict { message, .. }) => Ok(Advanced::Stale { said: format!("409 {message}") }),
            Err(error) => Err(self.trouble(&error, true)),
        }
    }

    /// Puts `commit` in the place of `tip`, whose history is let go of. REST can only do that without looking.
    async fn replaced(&self, tip: &Tip, commit: &str, patience: Patience) -> Result<Advanced, StoreError> {
        let repository: Repository = self.object(&self.get(&[], &[]), patience).await?;
        let update = json!({"name": format!("refs/heads/{}", self.branch), "beforeOid": tip.commit, "afterOid": commit, "force": true});
        let query = "mutation($input: UpdateRefsInput!) { updateRefs(input: $input) { clientMutationId } }";
        let body = json!({"query": query, "variables": {"input": {"repositoryId": repository.node_id, "refUpdates": [update]}}});
        let mut ask = self.github.client.post(&[], body);
        ask.url = graphql(&ask.url);
        let answer: GraphQl = match self.github.client.object(&ask, patience).await {
            Ok(answer) => answer,
            Err(error) => return Err(self.trouble(&error, true)),
        };
        Ok(match answer.errors.first() {
            None => Advanced::Done,
            Some(error) => Advanced::Stale { said: error.message.chars().take(300).collect() },
        })
    }

    async fn object<T: serde::de::DeserializeOwned>(&self, ask: &Ask, patience: Patience) -> Result<T, StoreError> {
        self.github.client.object(ask, patience).await.map_err(|error| self.trouble(&error, false))
    }

    /// What GitHub's refusal means for a store.
    fn trouble(&self, error: &CodeHostError, writes: bool) -> StoreError {
        let (place, reason) = (self.place(), error.to_string());
        match error {
            CodeHostError::Unreachable { .. } => StoreError::Unreachable { place, reason, maybe_done: writes },
            CodeHostError::RateLimited { .. } | CodeHostError::Conflict { .. } | CodeHostError::Unusable { .. } => {
                StoreError::Unreachable { place, reason, maybe_done: false }
            }
            CodeHostError::TooLarge { .. } => StoreError::Corrupt { place, reason },
            CodeHostError::NotFound { .. }
            | CodeHostError::PermissionMissing { .. }
            | CodeHostError::Rejected { .. }
            | CodeHostError::BadToken { .. } => {
                let next = "a job needs `permissions: contents: write`, and no rule may keep its token from this branch".to_owned();
                StoreError::Refused { place, reason, next }
            }
        }
    }
}

/// Where GraphQL is: beside `/api/v3` on GitHub Enterprise Server, below the root elsewhere.
fn graphql(base: &Url) -> Url {
    let mut url = base.clone();
    let path = base.path().trim_end_matches('/');
    url.set_path(&format!("{}/graphql", path.strip_suffix("/v3").unwrap_or(path)));
    url
}

impl fmt::Debug for GitHubBranch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("GitHubBranch").field("github", &self.github).field("branch", &self.branch).finish_non_exhaustive()
    }
}

#[derive(Debug, Deserialize)]
struct Reference {
    object: Object,
}

#[derive(Debug, Deserialize)]
struct Object {
    sha: String,
}

#[derive(Debug, Deserialize)]
struct Commit {
    message: String,
    tree: Object,
}

#[derive(Debug, Deserialize)]
struct Tree {
    #[serde(default)]
    tree: Vec<Entry>,
    #[serde(default)]
    truncated: bool,
}

#[derive(Debug, Deserialize)]
struct Entry {
    path: String,
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Debug, Deserialize)]
struct Repository {
    node_id: String,
}

#[derive(Debug, Deserialize)]
struct GraphQl {
    #[serde(default)]
    errors: Vec<Complaint>,
}

#[derive(Debug, Deserialize)]
struct Complaint {
    #[serde(default)]
    message: String,
}

#[async_trait]
impl Branch for GitHubBranch {
    fn place(&self) -> String {
        format!("branch {} on GitHub", self.branch)
    }

    async fn tip(&self, patience: Patience) -> Result<Option<Tip>, StoreError> {
        let ask = self.github.client.get(&self.reference("ref"), &[]);
        let mut tries = 0;
        let reference = loop {
            let found: Option<Reference> = match self.github.client.object(&ask, patience).await {
                Ok(reference) => Some(reference),
                Err(CodeHostError::NotFound { .. }) => None,
                Err(error) => return Err(self.trouble(&error, false)),
            };
            let again = tries < LAG_TRIES && self.is_behind(found.as_ref().map(|reference| &reference.object.sha));
            if !again || !self.github.client.wait(LAG_PAUSE.saturating_mul(1 << tries), patience).await {
                break found;
            }
            tries += 1;
        };
        let Some(reference) = reference else {
            // A token that may not read the repository is told the same.
            let _known: Repository = self.object(&self.get(&[], &[]), patience).await?;
            return Ok(None);
        };
        let commit: Commit = self.object(&self.get(&["git", "commits", &reference.object.sha], &[]), patience).await?;
        Ok(Some(Tip { commit: reference.object.sha, tree: commit.tree.sha, commits: Tip::commits_in(&commit.message) }))
    }

    async fn read(&self, tip: &Tip, path: &str, patience: Patience) -> Result<Option<Vec<u8>>, StoreError> {
        match contents::file(&self.github.client, path, &tip.commit, FILE_LIMIT, patience).await {
            Ok(bytes) => Ok(Some(bytes)),
            Err(CodeHostError::NotFound { .. }) => Ok(None),
            Err(error) => Err(self.trouble(&error, false)),
        }
    }

    async fn list(&self, tip: &Tip, patience: Patience) -> Result<Vec<String>, StoreError> {
        let mut ask = self.get(&["git", "trees", &tip.tree], &[("recursive", "1")]);
        ask.limit = crate::adapters::http::MAX_BODY;
        let tree: Tree = self.object(&ask, patience).await?;
        if tree.truncated {
            let reason = "GitHub does not list all of its files: there are too many".to_owned();
            return Err(StoreError::Refused {
                place: self.place(),
                reason,
                next: "keep less history, or use another kind of store".to_owned(),
            });
        }
        Ok(tree.tree.into_iter().filter(|entry| entry.kind == "blob").map(|entry| entry.path).collect())
    }

    async fn advance(&self, tip: Option<&Tip>, new: &NewCommit<'_>, patience: Patience) -> Result<Advanced, StoreError> {
        let entry = |change: &FileChange| match &change.content {
            Some(content) => json!({"path": change.path, "mode": "100644", "type": "blob", "content": content}),
            None => json!({"path": change.path, "mode": "100644", "type": "blob", "sha": null}),
        };
        let mut tree = json!({"tree": new.changes.iter().map(entry).collect::<Vec<_>>()});
        if let (Some(tip), Some(tree)) = (tip, tree.as_object_mut()) {
            tree.insert("base_tree".to_owned(), json!(tip.tree));
        }
        let tree: Object = self.object(&self.post(&["git", "trees"], tree), patience).await?;
        let parent = tip.filter(|_| !new.fresh);
        let parents: Vec<&str> = parent.iter().map(|tip| tip.commit.as_str()).collect();
        let commit = self.post(&["git", "commits"], json!({"message": new.message, "tree": tree.sha, "parents": parents}));
        let commit: Object = self.object(&commit, patience).await?;
        let advanced = match tip {
            None => {
                let body = json!({"ref": format!("refs/heads/{}", self.branch), "sha": commit.sha});
                self.moved(&self.post(&["git", "refs"], body), patience).await
            }
            Some(tip) if new.fresh => self.replaced(tip, &commit.sha, patience).await,
            Some(_) => {
                let ask = self.github.client.patch(&self.reference("refs"), json!({"sha": commit.sha, "force": false}));
                self.moved(&ask, patience).await
            }
        };
        if matches!(advanced, Ok(Advanced::Done)) {
            self.leave(tip, &commit.sha);
        }
        advanced
    }
}
