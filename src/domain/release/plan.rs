//! Which version is there, and which comes next.

use std::cmp::Ordering;

use semver::Version;
use thiserror::Error;

use super::{
    bump::{Bump, Channel, next},
    commit::{Commit, asked},
};

/// A tag of the repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// Its name.
    pub name: String,
    /// The commit it stands for.
    pub commit: String,
    /// When it was made, as git tells it.
    pub date: String,
}

/// A version that was released.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Released {
    /// Its number.
    pub version: Version,
    /// Its tag.
    pub tag: Tag,
}

/// What a user wants the next version to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// Whatever the commits ask for.
    Auto,
    /// This part changes.
    Bump(Bump),
    /// Whatever the commits ask for, as a candidate of it.
    Candidate(Channel),
    /// This version.
    Exactly(Version),
}

/// Why there is no next version.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NoNext {
    /// No commit asks for one.
    #[error("none of {0} commits asks for a release: a `feat`, a `fix`, a `perf`, a `revert` or something that breaks does")]
    NothingToRelease(usize),
    /// The wish is not after what is there.
    #[error("{wanted} does not come after {current}")]
    NotAfter {
        /// What was wished for.
        wanted: Version,
        /// What is there.
        current: Version,
    },
    /// A number would not fit.
    #[error("there is no version after {0}")]
    TooLarge(Version),
}

/// The released versions among the tags that begin with `prefix`, the newest first, by `SemVer`'s order.
pub fn released(tags: &[Tag], prefix: &str) -> Vec<Released> {
    let version = |tag: &Tag| Version::parse(tag.name.strip_prefix(prefix)?).ok();
    let mut found: Vec<Released> = tags.iter().filter_map(|tag| Some(Released { version: version(tag)?, tag: tag.clone() })).collect();
    found.sort_by(|a, b| b.version.cmp_precedence(&a.version).then_with(|| b.version.cmp(&a.version)));
    found
}

/// The version that follows `current`. Where nothing was released yet, the first one is 0.1.0, or 1.0.0 where that is wished for.
///
/// # Errors
/// When nothing asks for one, or the wish does not come after what is there.
pub fn planned(current: Option<&Version>, commits: &[Commit], wish: &Wish) -> Result<Version, NoNext> {
    let Some(current) = current else {
        return match wish {
            Wish::Exactly(version) => Ok(version.clone()),
            Wish::Auto if commits.is_empty() => Err(NoNext::NothingToRelease(0)),
            Wish::Bump(Bump::Major) => Ok(Version::new(1, 0, 0)),
            Wish::Candidate(channel) | Wish::Bump(Bump::Prerelease(Some(channel))) => Ok(candidate(&Version::new(0, 1, 0), *channel)),
            Wish::Bump(Bump::Prerelease(None)) => Ok(candidate(&Version::new(0, 1, 0), Channel::Rc)),
            Wish::Auto | Wish::Bump(Bump::Minor | Bump::Patch) => Ok(Version::new(0, 1, 0)),
        };
    };
    let too_large = || NoNext::TooLarge(current.clone());
    let asks = || asked(commits).ok_or(NoNext::NothingToRelease(commits.len()));
    match wish {
        Wish::Exactly(version) if version.cmp_precedence(current) == Ordering::Greater => Ok(version.clone()),
        Wish::Exactly(version) => Err(NoNext::NotAfter { wanted: version.clone(), current: current.clone() }),
        Wish::Bump(bump) => next(current, *bump).ok_or_else(too_large),
        Wish::Auto => next(current, asks()?).ok_or_else(too_large),
        Wish::Candidate(channel) => {
            let bump = asks()?;
            if current.pre.is_empty() {
                return next(current, bump).map(|released| candidate(&released, *channel)).ok_or_else(too_large);
            }
            // A candidate of a smaller change than the commits ask for is not one of this release.
            let of = Version { pre: semver::Prerelease::EMPTY, build: semver::BuildMetadata::EMPTY, ..current.clone() };
            let release = next(current, bump).ok_or_else(too_large)?;
            if release > of {
                Ok(candidate(&release, *channel))
            } else {
                next(current, Bump::Prerelease(Some(*channel))).ok_or_else(too_large)
            }
        }
    }
}

/// The first version of what was never released and names a version in its files: that one, since it never goes down. It is the
/// release itself, whatever kind is wished for; `major` makes what is below 1.0.0 that.
///
/// # Errors
/// As [`planned`].
pub fn first(written: &Version, commits: &[Commit], wish: &Wish) -> Result<Version, NoNext> {
    let channel = match wish {
        Wish::Exactly(version) if version.cmp_precedence(written) == Ordering::Less => {
            return Err(NoNext::NotAfter { wanted: version.clone(), current: written.clone() });
        }
        Wish::Exactly(version) => return Ok(version.clone()),
        Wish::Auto if commits.is_empty() => return Err(NoNext::NothingToRelease(0)),
        Wish::Bump(Bump::Major) if *written < Version::new(1, 0, 0) => return Ok(Version::new(1, 0, 0)),
        Wish::Candidate(channel) => Some(*channel),
        Wish::Bump(Bump::Prerelease(channel)) => Some(channel.unwrap_or(Channel::Rc)),
        Wish::Auto | Wish::Bump(Bump::Major | Bump::Minor | Bump::Patch) => None,
    };
    // A candidate comes before its release: of what is written it can only be the next one's.
    Ok(match channel.filter(|_| written.pre.is_empty()) {
        Some(channel) => next(written, Bump::Prerelease(Some(channel))).ok_or_else(|| NoNext::TooLarge(written.clone()))?,
        None => written.clone(),
    })
}

/// The first candidate of a release.
fn candidate(release: &Version, channel: Channel) -> Version {
    let pre = semver::Prerelease::new(&format!("{}.1", channel.as_str())).unwrap_or(semver::Prerelease::EMPTY);
    Version { pre, ..release.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commits(messages: &[&str]) -> Vec<Commit> {
        messages.iter().map(|message| Commit { id: "a".to_owned(), message: (*message).to_owned() }).collect()
    }

    fn plan(current: &str, messages: &[&str], wish: &Wish) -> String {
        let current = (!current.is_empty()).then(|| Version::parse(current).unwrap());
        planned(current.as_ref(), &commits(messages), wish).map_or_else(|why| why.to_string(), |version| version.to_string())
    }

    #[test]
    fn what_is_written_and_was_never_released_is_the_first_version() {
        let of = |written: &str, wish: &Wish| {
            let first = first(&Version::parse(written).unwrap(), &commits(&["feat: a"]), wish);
            first.map_or_else(|why| why.to_string(), |version| version.to_string())
        };
        for (written, wish, expected) in [
            ("1.0.0", Wish::Auto, "1.0.0"),
            ("1.0.0-rc.2", Wish::Auto, "1.0.0-rc.2"),
            ("1.2.0", Wish::Bump(Bump::Minor), "1.2.0"),
            ("0.3.0", Wish::Bump(Bump::Major), "1.0.0"),
            ("2.0.0", Wish::Bump(Bump::Major), "2.0.0"),
            ("1.0.0", Wish::Candidate(Channel::Beta), "1.0.1-beta.1"),
            ("1.0.0-rc.2", Wish::Bump(Bump::Prerelease(None)), "1.0.0-rc.2"),
            ("1.0.0", Wish::Exactly(Version::new(0, 9, 0)), "0.9.0 does not come after 1.0.0"),
            ("1.0.0", Wish::Exactly(Version::new(1, 0, 0)), "1.0.0"),
        ] {
            assert_eq!(of(written, &wish), expected, "{written} {wish:?}");
        }
        assert!(first(&Version::new(1, 0, 0), &[], &Wish::Auto).is_err());
    }

    #[test]
    fn commits_decide_unless_a_person_does() {
        assert_eq!(plan("1.2.3", &["fix: a", "feat: b"], &Wish::Auto), "1.3.0");
        assert_eq!(plan("1.2.3", &["docs: a"], &Wish::Auto).split(':').next(), Some("none of 1 commits asks for a release"));
        assert_eq!(plan("1.2.3", &["docs: a"], &Wish::Bump(Bump::Patch)), "1.2.4");
        assert_eq!(plan("1.2.3", &[], &Wish::Exactly(Version::new(2, 0, 0))), "2.0.0");
        assert_eq!(plan("1.2.3", &[], &Wish::Exactly(Version::new(1, 2, 3))), "1.2.3 does not come after 1.2.3");
        assert_eq!(plan("", &["feat: a"], &Wish::Auto), "0.1.0");
        assert_eq!(plan("", &[], &Wish::Auto).split(':').next(), Some("none of 0 commits asks for a release"));
        assert_eq!(plan("", &[], &Wish::Bump(Bump::Major)), "1.0.0");
    }

    #[test]
    fn candidates_are_of_the_release_that_commits_ask_for() {
        assert_eq!(plan("1.2.3", &["feat: a"], &Wish::Candidate(Channel::Beta)), "1.3.0-beta.1");
        assert_eq!(plan("1.3.0-beta.1", &["fix: a"], &Wish::Candidate(Channel::Beta)), "1.3.0-beta.2");
        assert_eq!(plan("1.3.0-beta.2", &["fix: a"], &Wish::Candidate(Channel::Rc)), "1.3.0-rc.1");
        assert_eq!(plan("1.2.4-rc.1", &["feat: a"], &Wish::Candidate(Channel::Rc)), "1.3.0-rc.1");
        assert_eq!(plan("1.3.0-rc.1", &["feat: a"], &Wish::Auto), "1.3.0");
    }

    #[test]
    fn only_tags_that_are_versions_count_and_the_newest_is_by_semver() {
        let tag = |name: &str| Tag { name: name.to_owned(), commit: "c".to_owned(), date: String::new() };
        let tags = ["v1.9.0", "v1.10.0", "v1.10.0-rc.1", "v2", "greeting/v3.0.0", "v01.2.3", "release"].map(tag);
        let names = |prefix: &str| released(&tags, prefix).into_iter().map(|found| found.tag.name).collect::<Vec<_>>();
        assert_eq!(names("v"), ["v1.10.0", "v1.10.0-rc.1", "v1.9.0"]);
        assert_eq!(names("greeting/v"), ["greeting/v3.0.0"]);
    }
}
