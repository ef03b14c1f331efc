//! A branch by the `git` program: fetch, one commit by `fast-import`, push with the tip it must replace.
//!
//! The objects are in a bare repository of our own that lasts as long as this value, so nothing of the user's own
//! repository changes. Its configuration is included, since it may know the remote's name and its credentials.

use std::{
    fmt::{self, Write as _},
    path::{Path, PathBuf},
    process::{Output, Stdio},
    sync::Arc,
};

use async_trait::async_trait;
use tempfile::TempDir;
use tokio::{
    io::AsyncWriteExt as _,
    process::Command,
    sync::{Mutex, OnceCell},
};

use crate::{
    adapters::secret::Scrubber,
    ports::{
        clock::Clock,
        store::{Advanced, Branch, Commit, FileChange, Patience, StoreError, Tip},
    },
};

/// The most bytes of git's own words in a message.
const SAID: usize = 300;

/// What a rejected push says when somebody else pushed first.
const STALE: [&str; 7] =
    ["stale info", "fetch first", "non-fast-forward", "cannot lock ref", "failed to update ref", "incorrect old value", "failed to lock"];

/// A branch of a remote, by the `git` program.
pub struct GitBranch {
    remote: String,
    branch: String,
    /// The user's own repository, whose configuration counts.
    beside: PathBuf,
    repository: OnceCell<TempDir>,
    /// The newest tip that was fetched. One call after the other works in the repository.
    known: Mutex<Option<Tip>>,
    clock: Arc<dyn Clock>,
    scrubber: Arc<Scrubber>,
}

impl GitBranch {
    /// The branch of a remote that the repository at `beside` knows by name, or that is an address.
    pub fn new(remote: &str, branch: &str, beside: &Path, clock: Arc<dyn Clock>, scrubber: Arc<Scrubber>) -> Self {
        Self {
            remote: remote.to_owned(),
            branch: branch.to_owned(),
            beside: beside.to_owned(),
            repository: OnceCell::new(),
            known: Mutex::new(None),
            clock,
            scrubber,
        }
    }

    fn reference(&self) -> String {
        format!("refs/heads/{}", self.branch)
    }

    fn unreachable(&self, reason: &str, maybe_done: bool) -> StoreError {
        StoreError::Unreachable { place: self.place(), reason: self.clean(reason), maybe_done }
    }

    /// Git's words on one line of bounded length, without secrets.
    fn clean(&self, text: &str) -> String {
        let text = self.scrubber.scrub(text);
        let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
        let line = words.map(harmless).collect::<Vec<_>>().join(" ");
        line.chars().take(SAID).collect()
    }

    /// Runs git with these arguments.
    async fn git(&self, folder: &Path, arguments: &[&str], input: &[u8], patience: Patience) -> Result<Output, StoreError> {
        let left = patience.until.saturating_sub(self.clock.elapsed());
        let what = arguments.first().copied().unwrap_or_default();
        let late = || self.unreachable(&format!("git {what} had no answer within {:.1} s", left.as_secs_f64()), what == "push");
        if left.is_zero() {
            return Err(self.unreachable("no time was left", false));
        }
        tokio::time::timeout(left, self.run(folder, arguments, input)).await.map_err(|_elapsed| late())?.map_err(|error| {
            let reason = format!("git cannot be run: {error}");
            StoreError::Refused { place: self.place(), reason, next: "install git, or choose a place that needs none".to_owned() }
        })
    }

    async fn run(&self, folder: &Path, arguments: &[&str], input: &[u8]) -> std::io::Result<Output> {
        let mut command = Command::new("git");
        // A hook that started us has left these behind.
        for name in ["GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_PREFIX"] {
            command.env_remove(name);
        }
        let config = self.beside.join(".git/config");
        if config.is_file() {
            command.arg("-c").arg(format!("include.path={}", std::path::absolute(&config)?.display()));
        }
        command
            .args(["-c", "core.bare=true", "-c", "gc.auto=0", "-c", "maintenance.auto=false", "-c", "core.hooksPath=/dev/null"])
            .args(arguments)
            .env("GIT_DIR", folder)
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("LC_ALL", "C")
            // A relative remote is meant from the user's own repository.
            .current_dir(&self.beside)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let mut child = command.spawn()?;
        let mut pipe = child.stdin.take();
        let feed = async {
            if let Some(mut pipe) = pipe.take() {
                // A git that ends early says why on its own.
                drop(pipe.write_all(input).await);
            }
        };
        let (output, ()) = tokio::join!(child.wait_with_output(), feed);
        output
    }

    /// [`Self::git`], which must succeed.
    async fn must(&self, folder: &Path, arguments: &[&str], input: &[u8], patience: Patience) -> Result<Vec<u8>, StoreError> {
        let output = self.git(folder, arguments, input, patience).await?;
        if !output.status.success() {
            return Err(self.refused(arguments, &output));
        }
        Ok(output.stdout)
    }

    /// What a failing git means.
    fn refused(&self, arguments: &[&str], output: &Output) -> StoreError {
        let said = String::from_utf8_lossy(&output.stderr);
        let what = arguments.first().copied().unwrap_or_default();
        let reason = self.clean(&format!("git {what}: {said}"));
        let denied = ["denied", "Authentication", "could not read Username", "not appear to be a git repository", "403", "does not exist"];
        if denied.iter().any(|word| said.contains(word)) {
            let next = format!("check that `git {what} {}` works here, with the right to push", self.clean(&self.remote));
            return StoreError::Refused { place: self.place(), reason, next };
        }
        self.unreachable(&reason, false)
    }

    /// Our own bare repository.
    async fn repository(&self, patience: Patience) -> Result<&Path, StoreError> {
        let made = self.repository.get_or_try_init(|| async {
            let folder = tempfile::Builder::new().prefix("prompt-cicd-state-").tempdir().map_err(|error| StoreError::Refused {
                place: self.place(),
                reason: format!("no temporary folder can be made: {error}"),
                next: "make room, or point TMPDIR elsewhere".to_owned(),
            })?;
            self.must(folder.path(), &["init", "--quiet", "--bare"], b"", patience).await?;
            Ok(folder)
        });
        made.await.map(TempDir::path)
    }

    /// The new commit's id.
    async fn commit(
        &self,
        folder: &Path,
        parent: Option<&Tip>,
        from: Option<&str>,
        commit: &Commit<'_>,
        patience: Patience,
    ) -> Result<Tip, StoreError> {
        let Commit { changes, message, .. } = commit;
        let mut stream = format!(
            "feature done\ncommit refs/prompt-cicd/next\nmark :1\ncommitter prompt-cicd <prompt-cicd@users.noreply.github.com> now\ndata {}\n{message}",
            message.len()
        );
        let mut written = || -> fmt::Result {
            if let Some(tip) = parent {
                writeln!(stream, "from {}", tip.commit)?;
            } else if let Some(tree) = from {
                // The whole tree of the old tip, without its history.
                writeln!(stream, "M 040000 {tree} ")?;
            }
            for FileChange { path, content } in *changes {
                match content {
                    Some(content) => writeln!(stream, "M 100644 inline {path}\ndata {}\n{content}", content.len())?,
                    None => writeln!(stream, "D {path}")?,
                }
            }
            Ok(())
        };
        written().expect("a text takes everything");
        stream += "\nget-mark :1\ndone\n";
        let arguments = ["fast-import", "--quiet", "--force", "--date-format=now"];
        let id = self.must(folder, &arguments, stream.as_bytes(), patience).await?;
        Ok(tip_of(String::from_utf8_lossy(&id).trim(), Tip::commits_in(message)))
    }
}

/// A word without what an address in it gives away: the user, the password, the query. The addresses of a user's own remotes often hold
/// tokens, and git repeats them.
fn harmless(word: &str) -> String {
    let Some((scheme, rest)) = word.split_once("://") else { return word.to_owned() };
    let (address, after) = rest.split_at(rest.find(['\'', '"', '>']).unwrap_or(rest.len()));
    let bare = address.split(['?', '#']).next().unwrap_or_default();
    let (authority, path) = bare.split_at(bare.find('/').unwrap_or(bare.len()));
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    format!("{scheme}://{host}{path}{}", harmless(after))
}

fn tip_of(commit: &str, commits: u64) -> Tip {
    Tip { commit: commit.to_owned(), tree: format!("{commit}^{{tree}}"), commits }
}

impl fmt::Debug for GitBranch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("GitBranch").field("branch", &self.branch).finish_non_exhaustive()
    }
}

#[async_trait]
impl Branch for GitBranch {
    fn place(&self) -> String {
        format!("branch {} of {}", self.branch, self.clean(&self.remote))
    }

    async fn tip(&self, patience: Patience) -> Result<Option<Tip>, StoreError> {
        let folder = self.repository(patience).await?;
        let mut known = self.known.lock().await;
        let listed = self.must(folder, &["ls-remote", "--quiet", &self.remote, &self.reference()], b"", patience).await?;
        let listed = String::from_utf8_lossy(&listed).split_whitespace().next().map(str::to_owned);
        let Some(listed) = listed else {
            *known = None;
            return Ok(None);
        };
        if known.as_ref().is_none_or(|known| known.commit != listed) {
            let what = format!("+{}:refs/prompt-cicd/tip", self.reference());
            let arguments = ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--depth=1", &self.remote, &what];
            self.must(folder, &arguments, b"", patience).await?;
            let said = self.must(folder, &["log", "-1", "--format=%H%n%B", "refs/prompt-cicd/tip"], b"", patience).await?;
            let said = String::from_utf8_lossy(&said);
            let (commit, message) = said.split_once('\n').unwrap_or((&said, ""));
            *known = Some(tip_of(commit.trim(), Tip::commits_in(message)));
        }
        Ok(known.clone())
    }

    async fn read(&self, tip: &Tip, path: &str, patience: Patience) -> Result<Option<Vec<u8>>, StoreError> {
        let folder = self.repository(patience).await?;
        let input = format!("{}:{path}\n", tip.commit);
        let mut answer = self.must(folder, &["cat-file", "--batch"], input.as_bytes(), patience).await?;
        // `ID blob SIZE`, the bytes and a line break; or `NAME missing`.
        let Some(end) = answer.iter().position(|byte| *byte == b'\n') else {
            return Err(self.unreachable("git cat-file said nothing", false));
        };
        let head: Vec<u8> = answer.drain(..=end).collect();
        let head = String::from_utf8_lossy(&head);
        if head.trim_end().ends_with(" missing") {
            return Ok(None);
        }
        answer.pop();
        Ok(Some(answer))
    }

    async fn list(&self, tip: &Tip, patience: Patience) -> Result<Vec<String>, StoreError> {
        let folder = self.repository(patience).await?;
        let listed = self.must(folder, &["ls-tree", "-r", "-z", "--name-only", &tip.commit], b"", patience).await?;
        Ok(listed
            .split(|byte| *byte == 0)
            .filter_map(|name| String::from_utf8(name.to_vec()).ok())
            .filter(|name| !name.is_empty())
            .collect())
    }

    async fn advance(&self, tip: Option<&Tip>, commit: &Commit<'_>, patience: Patience) -> Result<Advanced, StoreError> {
        let folder = self.repository(patience).await?;
        let mut known = self.known.lock().await;
        let new = match tip.filter(|_| commit.fresh) {
            Some(tip) => {
                let tree = self.must(folder, &["rev-parse", &tip.tree], b"", patience).await?;
                self.commit(folder, None, Some(String::from_utf8_lossy(&tree).trim()), commit, patience).await?
            }
            None => self.commit(folder, tip, None, commit, patience).await?,
        };
        let lease = format!("--force-with-lease={}:{}", self.reference(), tip.map_or("", |tip| tip.commit.as_str()));
        let what = format!("{}:{}", new.commit, self.reference());
        let arguments = ["push", "--porcelain", "--quiet", "--no-verify", &lease, &self.remote, &what];
        let output = self.git(folder, &arguments, b"", patience).await?;
        if output.status.success() {
            *known = Some(new);
            return Ok(Advanced::Done);
        }
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        if STALE.iter().any(|word| said.contains(word)) {
            return Ok(Advanced::Stale { said: self.clean(&said) });
        }
        if said.contains("rejected]") {
            let next = "allow pushes to this branch (rules, hooks), or choose another place".to_owned();
            return Err(StoreError::Refused { place: self.place(), reason: self.clean(&said), next });
        }
        let error = self.refused(&arguments, &output);
        if let StoreError::Unreachable { place, reason, .. } = error {
            return Err(StoreError::Unreachable { place, reason, maybe_done: true });
        }
        Err(error)
    }
}

#[cfg(test)]
mod tests {
    use super::harmless;

    #[test]
    fn an_address_is_shown_without_its_user_and_query() {
        for (word, shown) in [
            ("https://ghp_SECRET@127.0.0.1:1/x.git", "https://127.0.0.1:1/x.git"),
            ("'https://u:SECRET@h/x.git?token=SECRET/':", "'https://h/x.git':"),
            ("https://h?token=SECRET", "https://h"),
            ("<https://SECRET@a/>,<https://SECRET@b/>", "<https://a/>,<https://b/>"),
            ("git@h:x.git", "git@h:x.git"),
            ("origin", "origin"),
        ] {
            assert_eq!(harmless(word), shown, "{word}");
        }
    }
}
