//! What releases need of the history: tags, commits with their whole messages, and a commit of our own.

use std::path::PathBuf;

use super::program::{DEADLINE, Git, Said, WORDS, first_line, of_repository};
use crate::{
    domain::release::{Commit, Tag},
    ports::vcs::VcsError,
};

/// The most bytes of commits that are read.
const LOG: u64 = 64 * 1024 * 1024;

impl Git {
    pub(super) async fn tags(&self) -> Result<Vec<Tag>, VcsError> {
        self.whole().await?;
        let format = "--format=%(refname:strip=2)%00%(*objectname)%00%(objectname)%00%(creatordate:iso-strict)";
        let said = done(self.said(&["for-each-ref", "--merged=HEAD", format, "refs/tags"], WORDS, DEADLINE).await?)?;
        if u64::try_from(said.len()).unwrap_or(u64::MAX) >= WORDS {
            return Err(VcsError::Unavailable("there are more tags than are read".to_owned()));
        }
        Ok(said.lines().filter_map(tag).collect())
    }

    pub(super) async fn commits(&self, from: Option<&str>, to: &str, paths: &[PathBuf]) -> Result<Vec<Commit>, VcsError> {
        self.whole().await?;
        let to = self.commit(to).await?;
        let range = match from {
            Some(from) => format!("{}..{to}", self.commit(from).await?),
            None => to,
        };
        let mut arguments = vec!["log", "--no-merges", "--no-show-signature", "-z", "--format=%H%n%B", "--end-of-options", &range, "--"];
        let paths = paths.iter().map(|path| of_repository(path)).collect::<Result<Vec<_>, _>>()?;
        arguments.extend(paths.iter().map(String::as_str));
        let said = done(self.said(&arguments, LOG, DEADLINE).await?)?;
        if u64::try_from(said.len()).unwrap_or(u64::MAX) >= LOG {
            return Err(VcsError::Unavailable("there are more commits than are read: name a later start".to_owned()));
        }
        let commit = |entry: &str| {
            let (id, message) = entry.split_once('\n')?;
            Some(Commit { id: id.to_owned(), message: message.trim_end().to_owned() })
        };
        Ok(said.split('\0').filter_map(commit).collect())
    }

    pub(super) async fn record(&self, files: &[PathBuf], message: &str) -> Result<String, VcsError> {
        let files = files.iter().map(|path| of_repository(path)).collect::<Result<Vec<_>, _>>()?;
        let with =
            |words: &[&'static str]| -> Vec<String> { words.iter().map(|word| (*word).to_owned()).chain(files.iter().cloned()).collect() };
        let run = async |arguments: Vec<String>| {
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            done(self.said(&arguments, WORDS, DEADLINE).await?)
        };
        run(with(&["add", "--"])).await?;
        let mut commit =
            vec!["commit".to_owned(), "--quiet".to_owned(), "--only".to_owned(), format!("--message={message}"), "--".to_owned()];
        commit.extend(files.iter().cloned());
        run(commit).await?;
        self.commit("HEAD").await
    }

    /// A part of the history would tell of too few tags and commits.
    async fn whole(&self) -> Result<(), VcsError> {
        if self.is_shallow().await { Err(VcsError::Shallow) } else { Ok(()) }
    }
}

fn done(said: Said) -> Result<String, VcsError> {
    if said.success {
        return Ok(String::from_utf8_lossy(&said.stdout).into_owned());
    }
    if said.stderr.contains("not a git repository") || said.stderr.contains("dubious ownership") {
        return Err(VcsError::Unavailable(first_line(&said.stderr)));
    }
    if said.stderr.contains("malformed object name HEAD") {
        return Err(VcsError::Unavailable("this repository has no commit yet; commit something first".to_owned()));
    }
    let words = if said.stderr.trim().is_empty() { String::from_utf8_lossy(&said.stdout).into_owned() } else { said.stderr };
    Err(VcsError::Refused(words.split_whitespace().collect::<Vec<_>>().join(" ")))
}

/// `NAME\0PEELED\0OBJECT\0DATE`; an annotated tag's commit is the peeled one.
fn tag(line: &str) -> Option<Tag> {
    let mut parts = line.split('\0');
    let (name, peeled, object, date) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let commit = if peeled.is_empty() { object } else { peeled };
    Some(Tag { name: name.to_owned(), commit: commit.to_owned(), date: date.to_owned() })
}
