//! What is checked out: the commit, and which files are not as it has them.

use std::path::{Component, Path, PathBuf};

use super::program::{DEADLINE, Git, WORDS, first_line};
use crate::ports::vcs::{CheckedOut, VcsError};

/// So many names fit on a command line.
const AT_ONCE: usize = 500;
/// The most bytes of the names of all files.
const WHOLE: u64 = 64 * 1024 * 1024;

impl Git {
    /// `None`: the working directory is in no repository.
    pub(super) async fn checked_out(&self, files: &[PathBuf]) -> Result<Option<CheckedOut>, VcsError> {
        if !self.is_in_a_work_tree().await? {
            return Ok(None);
        }
        let commit = self.known("HEAD").await?;
        let names: Vec<PathBuf> = files.iter().flat_map(|file| as_git_sees(file)).collect();
        let mut altered = Vec::new();
        for names in names.chunks(AT_ONCE) {
            let followed = self.followed(names, &mut altered).await?;
            self.changed(&followed, &mut altered).await?;
        }
        Ok(Some(CheckedOut { commit, altered }))
    }

    /// All files that git follows, from the root of the work tree on. `None`: the working directory is in no repository.
    pub(super) async fn work_tree(&self) -> Result<Option<CheckedOut>, VcsError> {
        if !self.is_in_a_work_tree().await? {
            return Ok(None);
        }
        let commit = self.known("HEAD").await?;
        let list = ["ls-files", "-v", "-z", "--full-name", "--", ":/"];
        let state = ["status", "--porcelain=v1", "-z", "--no-renames", "--untracked-files=no", "--ignore-submodules=none", "--", ":/"];
        let (list, state) = (self.all_said(&list).await?, self.all_said(&state).await?);
        // Told to be left alone, or left out of the checkout: nobody looks at it.
        let mut altered: Vec<PathBuf> = list.split('\0').filter_map(unseen).collect();
        altered.extend(state.split('\0').filter_map(|line| line.get(3..)).map(PathBuf::from));
        Ok(Some(CheckedOut { commit, altered }))
    }

    /// All that a call says.
    async fn all_said(&self, arguments: &[&str]) -> Result<String, VcsError> {
        let said = self.said(arguments, WHOLE, DEADLINE).await?;
        if said.success {
            return Ok(String::from_utf8_lossy(&said.stdout).into_owned());
        }
        let full = u64::try_from(said.stdout.len()).is_ok_and(|bytes| bytes >= WHOLE);
        Err(VcsError::Unavailable(if full { "git lists more files than are read".to_owned() } else { first_line(&said.stderr) }))
    }

    /// Whether the working directory is in a work tree.
    async fn is_in_a_work_tree(&self) -> Result<bool, VcsError> {
        let said = self.said(&["rev-parse", "--is-inside-work-tree"], WORDS, DEADLINE).await?;
        if !said.success {
            // A repository that git cannot make out is not the same as none.
            return if said.stderr.contains("not a git repository") && !is_below_a_repository() {
                Ok(false)
            } else {
                Err(VcsError::Unavailable(first_line(&said.stderr)))
            };
        }
        if !said.stdout.starts_with(b"true") {
            return Err(VcsError::Unavailable("the working directory is inside of git's own folder".to_owned()));
        }
        Ok(true)
    }

    /// Those that git follows and looks at; the others go to `altered`: ignored, never added, in another repository, or told to be left
    /// alone (`update-index --assume-unchanged`).
    async fn followed<'n>(&self, names: &'n [PathBuf], altered: &mut Vec<PathBuf>) -> Result<Vec<&'n Path>, VcsError> {
        let mut left: Vec<&Path> = names.iter().map(PathBuf::as_path).collect();
        let texts = |left: &[&Path]| left.iter().map(|name| name.display().to_string()).collect::<Vec<_>>();
        // Each round takes out what it was told about, so that there are at most as many as names.
        while !left.is_empty() {
            let texts = texts(&left);
            let mut arguments = vec!["--literal-pathspecs", "ls-files", "-v", "-z", "--error-unmatch", "--"];
            arguments.extend(texts.iter().map(String::as_str));
            let said = self.said(&arguments, WORDS, DEADLINE).await?;
            if said.success {
                let listed = String::from_utf8_lossy(&said.stdout).into_owned();
                altered.extend(listed.split('\0').filter_map(unseen));
                return Ok(left);
            }
            let is_named = |name: &&Path| {
                let name = name.display();
                said.stderr.contains(&format!("pathspec '{name}' did not match"))
                    || said.stderr.contains(&format!("'{name}' is outside repository"))
            };
            let (out, rest): (Vec<&Path>, Vec<&Path>) = left.into_iter().partition(is_named);
            if out.is_empty() {
                return Err(VcsError::Unavailable(first_line(&said.stderr)));
            }
            altered.extend(out.into_iter().map(Path::to_owned));
            left = rest;
        }
        Ok(left)
    }

    /// Those of them that are not as in the commit go to `altered`.
    async fn changed(&self, names: &[&Path], altered: &mut Vec<PathBuf>) -> Result<(), VcsError> {
        if names.is_empty() {
            return Ok(());
        }
        let texts: Vec<String> = names.iter().map(|name| name.display().to_string()).collect();
        let mut arguments = vec!["--literal-pathspecs", "status", "--porcelain=v1", "-z", "--no-renames", "--untracked-files=no", "--"];
        arguments.extend(texts.iter().map(String::as_str));
        let said = self.said(&arguments, WORDS, DEADLINE).await?;
        if !said.success {
            return Err(VcsError::Unavailable(first_line(&said.stderr)));
        }
        let text = String::from_utf8_lossy(&said.stdout).into_owned();
        altered.extend(text.split('\0').filter_map(|line| line.get(3..)).map(PathBuf::from));
        Ok(())
    }

    /// The commit at the tip of the default branch: of the branch `named`, else of the one that `origin` calls its own, else of `main` or
    /// `master`. As it is checked out, where it is; else as `origin` had it last, else as it is here. `None`: there is none of these.
    pub(super) async fn default_branch(&self, named: Option<&str>) -> Result<Option<String>, VcsError> {
        let of_origin = match named {
            Some(named) => Some(named.to_owned()),
            None => self
                .symbolic("refs/remotes/origin/HEAD")
                .await?
                .and_then(|name| name.strip_prefix("refs/remotes/origin/").map(str::to_owned)),
        };
        let here = self.symbolic("HEAD").await?;
        let candidates = of_origin.map_or_else(|| vec!["main".to_owned(), "master".to_owned()], |name| vec![name]);
        for name in candidates {
            let branch = format!("refs/heads/{name}");
            let places = if here.as_deref() == Some(&branch) {
                vec!["HEAD".to_owned()]
            } else {
                vec![format!("refs/remotes/origin/{name}"), branch]
            };
            for place in places {
                if let Some(found) = self.known(&place).await? {
                    return Ok(Some(found));
                }
            }
        }
        Ok(None)
    }

    /// What a symbolic name stands for.
    async fn symbolic(&self, name: &str) -> Result<Option<String>, VcsError> {
        let said = self.said(&["symbolic-ref", "--quiet", name], WORDS, DEADLINE).await?;
        Ok(Some(String::from_utf8_lossy(&said.stdout).trim().to_owned()).filter(|found| said.success && !found.is_empty()))
    }
}

/// The file of a line of `ls-files -v`, unless git follows it as usual, which `H` says.
fn unseen(line: &str) -> Option<PathBuf> {
    (!line.starts_with("H ")).then(|| line.get(2..)).flatten().map(PathBuf::from)
}

/// Whether the working directory or a folder above it has a `.git`.
fn is_below_a_repository() -> bool {
    std::env::current_dir().is_ok_and(|here| here.ancestors().any(|folder| folder.join(".git").symlink_metadata().is_ok()))
}

/// The names that git has to know for a file's content to be that of the commit: the first link on the way to it, and what the links
/// lead to; the file itself where there are none.
fn as_git_sees(file: &Path) -> Vec<PathBuf> {
    let mut so_far = PathBuf::new();
    for component in file.components() {
        so_far.push(component);
        let is_name = matches!(component, Component::Normal(_));
        // A link on the way to the working directory is none of the repository's.
        if is_name && file.is_relative() && so_far.symlink_metadata().is_ok_and(|found| found.file_type().is_symlink()) {
            let real = file.canonicalize().ok();
            return std::iter::once(so_far).chain(real).collect();
        }
    }
    vec![file.to_owned()]
}
