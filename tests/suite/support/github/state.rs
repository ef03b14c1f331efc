//! What exists on GitHub, and what goes wrong there.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use serde_json::Value;

use super::{administration::Administration, git_data::GitData};

/// The clock of the fake: the same as `ManualClock`'s start.
pub(super) const DATE: &str = "Fri, 02 Jan 2026 03:04:05 GMT";
/// The same in seconds since 1970.
pub(super) const DATE_SECONDS: u64 = 1_767_323_045;

/// One repository and everything in it.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) repository: String,
    /// `/api/v3` on GitHub Enterprise Server.
    pub(crate) base_path: &'static str,
    pub(crate) token: &'static str,
    /// Who the token writes as.
    pub(crate) login: &'static str,
    /// What the token may not do: `issues=write`, …
    pub(crate) denied: BTreeSet<&'static str>,
    /// Tokens of jobs, and what each of them may not do.
    pub(crate) job_tokens: BTreeMap<String, BTreeSet<String>>,
    /// The token of the request under way.
    pub(super) given: String,
    /// The scopes of a classic token, told with every answer.
    pub(crate) scopes: Option<&'static str>,
    /// Whether refusals name the permission in a header.
    pub(crate) names_permissions: bool,
    pub(crate) pulls: BTreeMap<u64, Pull>,
    pub(crate) comments: Vec<Comment>,
    pub(crate) issues: Vec<Issue>,
    pub(crate) checks: Vec<Check>,
    pub(crate) deployments: Vec<Deployed>,
    /// As they were sent.
    pub(crate) releases: Vec<Value>,
    /// By (ref, path).
    pub(crate) contents: BTreeMap<(String, String), Vec<u8>>,
    /// By `base...head`: the merge base and the files.
    pub(crate) comparisons: BTreeMap<String, (String, Vec<File>)>,
    /// By path: the newest commit that changed it, and when.
    pub(crate) last_changes: BTreeMap<String, (String, String)>,
    pub(crate) rate_limit_left: u32,
    /// Whether answers carry an `ETag`.
    pub(crate) etags: bool,
    pub(crate) git: GitData,
    pub(crate) administration: Administration,
    mishaps: Vec<(&'static str, &'static str, usize, Mishap)>,
    last_id: u64,
}

/// What goes wrong with a request.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Mishap {
    /// Refused with a status and GitHub's word.
    Status(u16, &'static str),
    /// Refused with a status and a whole body.
    Body(u16, Value),
    /// Done, and yet answered with this status.
    DoneBut(u16),
    /// 403 because the hour's requests are used up for so many seconds.
    PrimaryLimit(u64),
    /// 403 because of a burst, with `Retry-After` or without.
    SecondaryLimit(Option<u64>),
    /// Answered late.
    Slow(Duration),
    /// The connection breaks in the middle of the answer.
    Cut,
    /// Done, then the connection breaks.
    DoneButCut,
    /// A page for people with this status.
    Html(u16),
    /// This many bytes of text.
    Huge(usize),
    /// Sent elsewhere, with this status.
    Redirect(u16, String),
    /// All comments are deleted just before.
    CommentsGone,
}

#[derive(Debug, Clone)]
pub(crate) struct Pull {
    pub(crate) head: String,
    pub(crate) base: String,
    pub(crate) state: &'static str,
    pub(crate) merged: bool,
    pub(crate) locked: bool,
    pub(crate) draft: bool,
    pub(crate) author: Option<&'static str>,
    /// `None` when the fork is gone.
    pub(crate) head_repository: Option<String>,
    pub(crate) files: Vec<File>,
    pub(crate) title: String,
    pub(crate) body: Option<String>,
    /// Added and removed.
    pub(crate) lines: (u64, u64),
    /// What GitHub says each time it is asked; the last one stays.
    pub(crate) mergeable: Vec<Option<bool>>,
    pub(crate) labels: Vec<String>,
}

#[derive(Debug, Clone)]
pub(crate) struct File {
    pub(crate) path: String,
    pub(crate) previous: Option<String>,
    pub(crate) status: &'static str,
}

impl File {
    pub(crate) fn modified(path: impl Into<String>) -> Self {
        Self { path: path.into(), previous: None, status: "modified" }
    }

    pub(crate) fn renamed(from: impl Into<String>, to: impl Into<String>) -> Self {
        Self { path: to.into(), previous: Some(from.into()), status: "renamed" }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Comment {
    pub(crate) id: u64,
    pub(crate) pull: u64,
    pub(crate) author: String,
    pub(crate) body: String,
}

#[derive(Debug, Clone)]
pub(crate) struct Issue {
    pub(crate) number: u64,
    pub(crate) author: String,
    pub(crate) title: String,
    pub(crate) body: String,
    pub(crate) labels: Vec<String>,
    pub(crate) open: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Check {
    pub(crate) id: u64,
    pub(crate) head: String,
    pub(crate) name: String,
    pub(crate) external_id: String,
    pub(crate) conclusion: String,
    pub(crate) annotations: Vec<Value>,
}

#[derive(Debug, Clone)]
pub(crate) struct Deployed {
    pub(crate) id: u64,
    pub(crate) commit: String,
    pub(crate) environment: String,
    pub(crate) task: String,
    pub(crate) payload: Value,
    /// As they were sent, oldest first.
    pub(crate) statuses: Vec<Value>,
}

impl Deployed {
    pub(crate) fn state(&self) -> &str {
        self.statuses.last().map_or("none", |status| status["state"].as_str().unwrap())
    }
}

impl State {
    /// The repository `octo/prompts` with the open pull request 7.
    pub(crate) fn new() -> Self {
        let pull = Pull {
            head: "head-sha".to_owned(),
            base: "base-sha".to_owned(),
            state: "open",
            merged: false,
            locked: false,
            draft: false,
            author: Some("ada"),
            head_repository: Some("octo/prompts".to_owned()),
            files: Vec::new(),
            title: "Tune the prompt".to_owned(),
            body: None,
            lines: (3, 1),
            mergeable: vec![Some(true)],
            labels: Vec::new(),
        };
        Self {
            repository: "octo/prompts".to_owned(),
            base_path: "",
            token: "ghs_0123456789abcdefghijABCDEFGHIJ",
            login: "github-actions[bot]",
            denied: BTreeSet::new(),
            job_tokens: BTreeMap::new(),
            given: String::new(),
            names_permissions: true,
            scopes: None,
            pulls: BTreeMap::from([(7, pull)]),
            comments: Vec::new(),
            issues: Vec::new(),
            checks: Vec::new(),
            deployments: Vec::new(),
            releases: Vec::new(),
            contents: BTreeMap::new(),
            comparisons: BTreeMap::new(),
            last_changes: BTreeMap::new(),
            rate_limit_left: 1_000,
            etags: true,
            git: GitData::default(),
            administration: Administration::default(),
            mishaps: Vec::new(),
            last_id: 100,
        }
    }

    pub(crate) fn pull(&mut self) -> &mut Pull {
        self.pulls.get_mut(&7).unwrap()
    }

    /// A comment on pull request 7.
    pub(crate) fn comment(mut self, author: &str, body: &str) -> Self {
        let id = self.id();
        self.comments.push(Comment { id, pull: 7, author: author.to_owned(), body: body.to_owned() });
        self
    }

    /// An open issue.
    pub(crate) fn issue(mut self, author: &str, title: &str, body: &str) -> Self {
        let number = self.id();
        let (author, title, body) = (author.to_owned(), title.to_owned(), body.to_owned());
        self.issues.push(Issue { number, author, title, body, labels: Vec::new(), open: true });
        self
    }

    /// The next `times` requests of this method whose path contains `path` go wrong.
    pub(crate) fn mishap(mut self, method: &'static str, path: &'static str, times: usize, mishap: Mishap) -> Self {
        self.add_mishap(method, path, times, mishap);
        self
    }

    /// The same for a GitHub that is running.
    pub(crate) fn add_mishap(&mut self, method: &'static str, path: &'static str, times: usize, mishap: Mishap) {
        self.mishaps.push((method, path, times, mishap));
    }

    pub(super) fn take_mishap(&mut self, method: &str, path: &str) -> Option<Mishap> {
        let found = self.mishaps.iter_mut().find(|(on, part, left, _)| *on == method && path.contains(part) && *left > 0)?;
        found.2 -= 1;
        Some(found.3.clone())
    }

    /// Whether the token of the request under way may not do this.
    pub(super) fn denies(&self, needed: &str) -> bool {
        self.denied.contains(needed) || self.job_tokens.get(&self.given).is_some_and(|denied| denied.contains(needed))
    }

    /// A number that nothing has yet.
    pub(super) fn id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }
}
