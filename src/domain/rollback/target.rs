//! Which version to go back to.

use std::fmt;

use crate::domain::rollout::state::VersionRef;

/// A version that completed a rollout in this environment, with what is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Which.
    pub version: VersionRef,
    /// Whether it was marked bad.
    pub bad: bool,
    /// Whether it is kept only for the record.
    pub archived: bool,
    /// Whether its content still has its digest; `None`: it is not there any more.
    pub verified: Option<bool>,
}

impl Candidate {
    /// Why it cannot be gone back to; `None` when it can.
    pub fn why_not(&self) -> Option<&'static str> {
        match (self.bad, self.archived, self.verified) {
            (true, _, _) => Some("marked bad"),
            (false, true, _) => Some("archived"),
            (false, false, Some(true)) => None,
            (false, false, Some(false)) => Some("corrupt: its content does not have its digest any more"),
            (false, false, None) => Some("its content is not in the registry"),
        }
    }
}

/// Why there is nothing to go back to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct NoPrevious {
    /// The version that is left.
    pub current: Option<VersionRef>,
    /// The versions that were looked at and why each is none.
    pub unfit: Vec<(String, &'static str)>,
}

impl fmt::Display for NoPrevious {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("there is no previous stable version")?;
        for (index, (version, why)) in self.unfit.iter().enumerate() {
            write!(f, "{}{version}: {why}", if index == 0 { " (" } else { "; " })?;
        }
        if !self.unfit.is_empty() {
            f.write_str(")")?;
        }
        Ok(())
    }
}

/// The search for the newest version that is not the one being left, is not bad, and verifies. Versions are looked at newest first, so
/// that nothing need be known of older ones.
#[derive(Debug)]
pub struct Search {
    none: NoPrevious,
}

impl Search {
    /// For a version other than `current`.
    pub fn new(current: Option<VersionRef>) -> Self {
        Self { none: NoPrevious { current, unfit: Vec::new() } }
    }

    /// Whether this is the version that is left.
    pub fn is_current(&self, version: &VersionRef) -> bool {
        self.none.current.as_ref() == Some(version)
    }

    /// Looks at the next older version: it, when it is fit.
    pub fn look(&mut self, candidate: &Candidate) -> Option<VersionRef> {
        if self.is_current(&candidate.version) {
            return None;
        }
        let Some(why) = candidate.why_not() else { return Some(candidate.version.clone()) };
        self.unfit(&candidate.version, why);
        None
    }

    /// Keeps why a version is none.
    pub fn unfit(&mut self, version: &VersionRef, why: &'static str) {
        if self.none.unfit.iter().all(|(known, _)| *known != version.version) {
            self.none.unfit.push((version.version.clone(), why));
        }
    }

    /// That there was none, with what speaks against each.
    pub fn none(self) -> NoPrevious {
        self.none
    }
}

/// The newest version of `completed` (oldest first) that is fit; see [`Search`].
///
/// # Errors
/// When there is none, with what speaks against each.
pub fn previous_stable(completed: &[Candidate], current: Option<&VersionRef>) -> Result<VersionRef, NoPrevious> {
    let mut search = Search::new(current.cloned());
    completed.iter().rev().find_map(|candidate| search.look(candidate)).ok_or_else(|| search.none())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(number: &str) -> VersionRef {
        VersionRef { version: number.to_owned(), digest: number.repeat(3), commit: None }
    }

    fn fit(number: &str) -> Candidate {
        Candidate { version: version(number), bad: false, archived: false, verified: Some(true) }
    }

    #[test]
    fn the_newest_fit_one_wins() {
        let all = [fit("1.0.0"), fit("1.1.0"), fit("2.0.0")];
        assert_eq!(previous_stable(&all, Some(&version("2.0.0"))).unwrap().version, "1.1.0");
        let bad = [fit("1.0.0"), Candidate { bad: true, ..fit("1.1.0") }, fit("2.0.0")];
        assert_eq!(previous_stable(&bad, Some(&version("2.0.0"))).unwrap().version, "1.0.0");
        let changed = [fit("1.0.0"), Candidate { verified: Some(false), ..fit("1.1.0") }, Candidate { verified: None, ..fit("1.2.0") }];
        assert_eq!(previous_stable(&changed, None).unwrap().version, "1.0.0");
        let archived = [fit("1.0.0"), Candidate { archived: true, ..fit("1.1.0") }];
        assert_eq!(previous_stable(&archived, None).unwrap().version, "1.0.0");
    }

    #[test]
    fn when_there_is_none_it_says_so() {
        let none = previous_stable(&[fit("2.0.0")], Some(&version("2.0.0"))).unwrap_err();
        assert_eq!(none.to_string(), "there is no previous stable version");
        let bad = previous_stable(&[Candidate { bad: true, ..fit("1.0.0") }, fit("2.0.0")], Some(&version("2.0.0"))).unwrap_err();
        assert_eq!(bad.to_string(), "there is no previous stable version (1.0.0: marked bad)");
    }
}
