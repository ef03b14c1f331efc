//! The commit that a run is of.

use serde::{Deserialize, Serialize};

/// What was checked out when a run began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkout {
    /// The commit's full name; `None`: there is none yet, or it could not be told.
    pub commit: Option<String>,
    /// Why what was tested is not what the commit has, or why nobody can tell; `None`: every file that was read is as it has it.
    pub altered: Option<String>,
}

impl Checkout {
    /// The commit that a run is of; `None` where its files were altered, or nobody can tell.
    pub fn tested(&self) -> Option<&str> {
        self.commit.as_deref().filter(|_| self.altered.is_none())
    }

    /// Of the parts of one run: what they have in common; `None` where one of them was made in no repository.
    pub fn of_parts<'c>(parts: impl Iterator<Item = Option<&'c Self>>) -> Option<Self> {
        let parts: Vec<&Self> = parts.collect::<Option<_>>()?;
        let first = *parts.first()?;
        let altered = parts.iter().find_map(|part| part.altered.clone());
        let other = parts.iter().any(|part| part.commit != first.commit).then(|| "its parts are of several commits".to_owned());
        Some(Self { commit: first.commit.clone(), altered: altered.or(other) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_of_a_commit_together_or_of_none() {
        let at = |commit: &str, altered: Option<&str>| Checkout { commit: Some(commit.to_owned()), altered: altered.map(str::to_owned) };
        let (clean, altered, other) = (at("c1", None), at("c1", Some("a differs")), at("c2", None));
        let of = |parts: &[Option<&Checkout>]| Checkout::of_parts(parts.iter().copied());
        assert_eq!(of(&[Some(&clean), Some(&clean)]), Some(clean.clone()));
        for mixed in [&altered, &other] {
            let found = of(&[Some(&clean), Some(mixed)]).unwrap();
            assert!(found.altered.is_some() && found.tested().is_none(), "{found:?}");
        }
        assert_eq!(of(&[Some(&clean), None]), None);
        assert_eq!((clean.tested(), altered.tested()), (Some("c1"), None));
    }
}
