//! The `git` program: no shell, no hooks, nothing of the user's configuration that runs programs, a deadline for each call.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use tokio::{io::AsyncReadExt as _, process::Command};

use crate::ports::vcs::{LastChange, VcsError, is_reference};

/// How long a question about what is on disk may take.
pub(super) const DEADLINE: Duration = Duration::from_secs(20);
/// How long fetching one commit may take.
const FETCH_DEADLINE: Duration = Duration::from_mins(1);
/// The most bytes of names, errors and lists that are read.
pub(super) const WORDS: u64 = 4 * 1024 * 1024;

/// The program in the working directory.
#[derive(Debug, Clone, Default)]
pub struct Git {
    /// Whether commits that are named in full and not here may be fetched from `origin`: in a job whose clone is shallow.
    fetches: bool,
}

/// What a call wrote.
pub(super) struct Said {
    pub(super) success: bool,
    pub(super) stdout: Vec<u8>,
    pub(super) stderr: String,
}

impl Git {
    /// `fetches`: whether a commit that is named in full and not here is fetched from `origin`.
    pub fn new(fetches: bool) -> Self {
        Self { fetches }
    }

    pub(super) async fn commit(&self, reference: &str) -> Result<String, VcsError> {
        if let Some(found) = self.known(reference).await? {
            return Ok(found);
        }
        let full = reference.len() >= 40 && reference.chars().all(|c| c.is_ascii_hexdigit());
        if self.fetches && full {
            let fetch = ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--depth=1", "origin", reference];
            if self.said(&fetch, WORDS, FETCH_DEADLINE).await?.success
                && let Some(found) = self.known(reference).await?
            {
                return Ok(found);
            }
        }
        // A branch that only the remote has goes by its short name too.
        let of_origin = format!("origin/{reference}");
        if is_reference(&of_origin)
            && let Some(found) = self.known(&of_origin).await?
        {
            return Ok(found);
        }
        Err(VcsError::Missing { reference: reference.to_owned(), shallow: self.is_shallow().await })
    }

    pub(super) async fn known(&self, reference: &str) -> Result<Option<String>, VcsError> {
        let asked = format!("{reference}^{{commit}}");
        let said = self.said(&["rev-parse", "--verify", "--quiet", "--end-of-options", &asked], WORDS, DEADLINE).await?;
        if said.success {
            return Ok(Some(String::from_utf8_lossy(&said.stdout).trim().to_owned()).filter(|name| !name.is_empty()));
        }
        if said.stderr.contains("not a git repository") || said.stderr.contains("dubious ownership") {
            return Err(VcsError::Unavailable(first_line(&said.stderr)));
        }
        Ok(None)
    }

    pub(super) async fn merge_base(&self, one: &str, other: &str) -> Result<String, VcsError> {
        let (one, other) = (self.commit(one).await?, self.commit(other).await?);
        let said = self.said(&["merge-base", "--", &one, &other], WORDS, DEADLINE).await?;
        let found = String::from_utf8_lossy(&said.stdout).trim().to_owned();
        if said.success && !found.is_empty() {
            return Ok(found);
        }
        Err(VcsError::Unrelated { one, other, shallow: self.is_shallow().await })
    }

    pub(super) async fn distance(&self, from: &str, to: &str) -> Result<u64, VcsError> {
        let (from, to) = (self.commit(from).await?, self.commit(to).await?);
        let said = self.said(&["rev-list", "--count", "--end-of-options", &format!("{from}..{to}")], WORDS, DEADLINE).await?;
        let found = String::from_utf8_lossy(&said.stdout).trim().parse().ok().filter(|_| said.success);
        found.ok_or_else(|| VcsError::Unavailable(first_line(&said.stderr)))
    }

    pub(super) async fn file(&self, commit: &str, path: &Path, limit: u64) -> Result<Option<Vec<u8>>, VcsError> {
        let commit = self.commit(commit).await?;
        let object = format!("{commit}:{}", of_repository(path)?);
        let said = self.said(&["rev-parse", "--verify", "--quiet", "--end-of-options", &object], WORDS, DEADLINE).await?;
        if !said.success {
            return Ok(None);
        }
        let name = String::from_utf8_lossy(&said.stdout).trim().to_owned();
        let unavailable =
            || VcsError::Unavailable(format!("{} is in commit {commit}, and its content is not here (a partial clone?)", path.display()));
        let kind = self.said(&["cat-file", "-t", &name], WORDS, DEADLINE).await?;
        if !kind.success {
            return Err(unavailable());
        }
        // A folder of that name is no file.
        if String::from_utf8_lossy(&kind.stdout).trim() != "blob" {
            return Ok(None);
        }
        let said = self.said(&["cat-file", "blob", &name], limit.saturating_add(1), DEADLINE).await?;
        if u64::try_from(said.stdout.len()).unwrap_or(u64::MAX) > limit {
            return Err(VcsError::TooLarge { path: path.to_owned(), commit, limit });
        }
        if said.success { Ok(Some(said.stdout)) } else { Err(unavailable()) }
    }

    pub(super) async fn matching(&self, commit: &str, pattern: &Path) -> Result<Vec<PathBuf>, VcsError> {
        let Some(name) = pattern.file_name().and_then(|name| name.to_str()).filter(|name| name.contains('*')) else {
            return Ok(vec![pattern.to_owned()]);
        };
        let commit = self.commit(commit).await?;
        let folder = pattern.parent().unwrap_or_else(|| Path::new(""));
        let tree = format!("{commit}:{}", of_repository(folder)?);
        let said = self.said(&["ls-tree", "--name-only", "-z", "--end-of-options", &tree], WORDS, DEADLINE).await?;
        if !said.success {
            return Ok(Vec::new());
        }
        let names = String::from_utf8_lossy(&said.stdout).into_owned();
        let mut found: Vec<PathBuf> = names
            .split('\0')
            .filter(|file| !file.is_empty() && crate::domain::wildcard::matches(name, file))
            .map(|file| pattern.with_file_name(file))
            .collect();
        found.sort();
        Ok(found)
    }

    pub(super) async fn last_change(&self, path: &Path) -> Result<Option<LastChange>, VcsError> {
        let head = self.commit("HEAD").await?;
        let path = of_repository(path)?;
        let said = self.said(&["log", "-1", "--format=%H %ct %P", &head, "--", &path], WORDS, DEADLINE).await?;
        let text = String::from_utf8_lossy(&said.stdout).into_owned();
        let mut words = text.split_whitespace();
        let (Some(commit), Some(seconds)) = (words.next(), words.next().and_then(|seconds| seconds.parse::<u64>().ok())) else {
            return Ok(None);
        };
        // The end of a shallow clone seems to have made every file.
        if words.next().is_none() && self.is_shallow().await {
            return Ok(None);
        }
        Ok(Some(LastChange { commit: commit.to_owned(), at_ms: seconds.saturating_mul(1_000) }))
    }

    pub(super) async fn is_shallow(&self) -> bool {
        let said = self.said(&["rev-parse", "--is-shallow-repository"], WORDS, DEADLINE).await;
        said.is_ok_and(|said| said.stdout.starts_with(b"true"))
    }

    /// Calls the program. At most `limit` bytes of its output are read; more makes it end.
    pub(super) async fn said(&self, arguments: &[&str], limit: u64, deadline: Duration) -> Result<Said, VcsError> {
        let mut command = Command::new("git");
        // A clone that another user made, as in a container; its hooks and its programs are never run.
        command.args(["-c", "safe.directory=*", "-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "--no-pager"]);
        command.args(["-c", "protocol.ext.allow=never", "-c", "gc.auto=0", "-c", "maintenance.auto=false"]);
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        command.env("GIT_TERMINAL_PROMPT", "0").env("LC_ALL", "C").env("GIT_OPTIONAL_LOCKS", "0").env("GIT_NO_LAZY_FETCH", "1");
        for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_EXTERNAL_DIFF"] {
            command.env_remove(name);
        }
        let told = |error: std::io::Error| VcsError::Unavailable(format!("the program `git`: {error}"));
        let mut child = command.spawn().map_err(told)?;
        let (out, err) = (child.stdout.take(), child.stderr.take());
        let whole = async {
            let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
            let read_out = async {
                match out {
                    Some(out) => out.take(limit).read_to_end(&mut stdout).await.map(drop),
                    None => Ok(()),
                }
            };
            let read_err = async {
                match err {
                    Some(err) => err.take(WORDS).read_to_end(&mut stderr).await.map(drop),
                    None => Ok(()),
                }
            };
            let (read, other) = tokio::join!(read_out, read_err);
            read.and(other)?;
            let full = u64::try_from(stdout.len()).unwrap_or(u64::MAX) >= limit;
            if full {
                // It has more to say than we take, and would wait for a reader.
                child.start_kill()?;
            }
            let status = child.wait().await?;
            Ok::<_, std::io::Error>(Said { success: status.success(), stdout, stderr: String::from_utf8_lossy(&stderr).into_owned() })
        };
        match tokio::time::timeout(deadline, whole).await {
            Ok(said) => said.map_err(told),
            Err(_elapsed) => {
                let asked = arguments.first().copied().unwrap_or_default();
                Err(VcsError::Unreachable(format!("`git {asked}` gave no answer in {} s", deadline.as_secs())))
            }
        }
    }
}

/// A path as git takes it after `COMMIT:`, relative to the working directory.
pub(super) fn of_repository(path: &Path) -> Result<String, VcsError> {
    let relative = if path.is_absolute() {
        let here = std::env::current_dir().and_then(std::fs::canonicalize).map_err(|error| VcsError::Unavailable(error.to_string()))?;
        path.strip_prefix(&here)
            .map_err(|_outside| VcsError::Unavailable(format!("{} is outside of the working directory", path.display())))?
            .to_owned()
    } else {
        path.to_owned()
    };
    let text = relative.to_str().ok_or_else(|| VcsError::Unavailable(format!("{} is not UTF-8 text", path.display())))?;
    let mut text = text.trim_start_matches("./").trim_end_matches('/').to_owned();
    if text == "." {
        text.clear();
    }
    Ok(if text.starts_with("../") || text == ".." { text } else { format!("./{text}") })
}

pub(super) fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}
