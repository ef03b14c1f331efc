//! Versions of a prompt: which there are, what they hold, and what became of them.

use std::collections::BTreeMap;

use semver::Version;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use thiserror::Error;

use super::rollout::{Moment, VersionRef};

/// What became of a version in an environment, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// What.
    pub status: Status,
    /// Since when.
    pub since: Moment,
}

/// What a version is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Has not completed a rollout.
    Candidate,
    /// Completed a rollout, and nothing took its place.
    Stable,
    /// Completed a rollout, and another version took its place.
    Retired,
    /// Was found to be bad.
    Bad,
    /// Is kept only for the record.
    Archived,
}

impl Status {
    /// The word in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Candidate => "candidate",
            Self::Stable => "stable",
            Self::Retired => "retired",
            Self::Bad => "bad",
            Self::Archived => "archived",
        }
    }
}

/// A registered version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The prompt.
    pub prompt: String,
    /// Its number, digest and commit.
    pub version: VersionRef,
    /// The version it was made from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// The file it came from.
    pub file: String,
    /// The text of that file: what the digest is checked against.
    pub text: String,
    /// When it was registered.
    pub registered: Moment,
    /// By whom.
    pub by: String,
    /// What became of it, by environment.
    #[serde(default)]
    pub environments: BTreeMap<String, Standing>,
    /// Why it is bad.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bad: Option<String>,
    /// When its commit was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub committed: Option<Moment>,
    /// Since when it is kept only for the record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archived: Option<Moment>,
}

/// Why something cannot be done with versions.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RegistryError {
    /// A version is what it is.
    #[error(
        "{prompt} {version} is registered with other content (digest {registered}, this file has {found}): give the file a new version"
    )]
    Changed {
        /// The prompt.
        prompt: String,
        /// The version.
        version: String,
        /// The first digits of the registered digest.
        registered: String,
        /// The first digits of the file's digest.
        found: String,
    },
    /// Not the way up.
    #[error("cannot promote directly from {from} to {to}: {version} must be stable in {needed} first")]
    NotYet {
        /// The version.
        version: String,
        /// Where it is.
        from: String,
        /// Where it shall go.
        to: String,
        /// Where it must have been.
        needed: String,
    },
    /// A bad one.
    #[error("{version} is marked bad ({reason}); say so with --retry if you mean it")]
    Bad {
        /// The version.
        version: String,
        /// Why.
        reason: String,
    },
    /// One that is kept only for the record.
    #[error("{version} is archived; `registry archive --undo` takes it back")]
    Archived {
        /// The version.
        version: String,
    },
    /// One that still serves.
    #[error("{version} is {status} in {environment}: only a version that serves nothing can be archived")]
    Serves {
        /// The version.
        version: String,
        /// What it is there.
        status: &'static str,
        /// Where.
        environment: String,
    },
}

impl Entry {
    /// What it is in `environment`.
    pub fn status(&self, environment: &str) -> Status {
        if self.bad.is_some() {
            return Status::Bad;
        }
        if self.archived.is_some() {
            return Status::Archived;
        }
        self.environments.get(environment).map_or(Status::Candidate, |standing| standing.status)
    }

    /// Whether a second registration of the version is the same content.
    ///
    /// # Errors
    /// When it is not.
    pub fn same(&self, digest: &str) -> Result<(), RegistryError> {
        if self.version.digest == digest {
            return Ok(());
        }
        let short = |digest: &str| digest.chars().take(12).collect();
        Err(RegistryError::Changed {
            prompt: self.prompt.clone(),
            version: self.version.version.clone(),
            registered: short(&self.version.digest),
            found: short(digest),
        })
    }

    /// Whether it may go to `to`, which takes only what is stable in `needed`.
    ///
    /// # Errors
    /// When it is bad, archived, or not there yet.
    pub fn may_go(&self, to: &str, needed: Option<&str>) -> Result<(), RegistryError> {
        let version = self.version.version.clone();
        if let Some(reason) = &self.bad {
            return Err(RegistryError::Bad { version, reason: reason.clone() });
        }
        if self.archived.is_some() {
            return Err(RegistryError::Archived { version });
        }
        let Some(needed) = needed.filter(|needed| !matches!(self.status(needed), Status::Stable | Status::Retired)) else { return Ok(()) };
        let from = self.environments.keys().next_back().cloned().unwrap_or_else(|| "nowhere".to_owned());
        Err(RegistryError::NotYet { version, from, to: to.to_owned(), needed: needed.to_owned() })
    }

    /// Keeps it only for the record from now on.
    ///
    /// # Errors
    /// When it is the stable version somewhere.
    pub fn archive(&mut self, at: Moment) -> Result<(), RegistryError> {
        if let Some((environment, standing)) = self.environments.iter().find(|(_, standing)| standing.status == Status::Stable) {
            return Err(RegistryError::Serves {
                version: self.version.version.clone(),
                status: standing.status.as_str(),
                environment: environment.clone(),
            });
        }
        self.archived.get_or_insert(at);
        Ok(())
    }

    /// Keeps what became of it.
    pub fn stands(&mut self, environment: &str, status: Status, since: Moment) {
        self.environments.insert(environment.to_owned(), Standing { status, since });
    }
}

/// In the order of their numbers; what is no `SemVer` comes first.
pub fn in_order(entries: &mut [Entry]) {
    entries.sort_by(|a, b| number(a).cmp(&number(b)).then_with(|| a.version.version.cmp(&b.version.version)));
}

fn number(entry: &Entry) -> Option<Version> {
    entry.version.version.parse().ok()
}

/// The versions that one was made from, itself first.
pub fn lineage<'e>(entries: &'e [Entry], version: &str) -> Vec<&'e Entry> {
    let mut line: Vec<&Entry> = Vec::new();
    let mut next = Some(version);
    while let Some(version) = next {
        let Some(entry) = entries.iter().find(|entry| entry.version.version == version) else { break };
        if line.iter().any(|seen| seen.version == entry.version) {
            break;
        }
        line.push(entry);
        next = entry.parent.as_deref();
    }
    line
}

/// What differs between two versions beside their texts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// The numbers, when they differ.
    pub version_diff: Option<Change>,
    /// Variables that only the newer one has.
    pub variables_added: Vec<String>,
    /// Variables that only the older one has.
    pub variables_removed: Vec<String>,
    /// Values that differ, by key.
    pub metadata_diff: BTreeMap<String, Change>,
}

/// A value before and after.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// Before.
    pub old: Value,
    /// After.
    pub new: Value,
}

/// Number, variables and other values of a version.
#[derive(Debug, Clone, PartialEq)]
pub struct Contents {
    /// Its number.
    pub version: String,
    /// The names that its templates ask for.
    pub variables: Vec<String>,
    /// Model, parameters and the like.
    pub values: Map<String, Value>,
}

/// Compares two versions.
pub fn difference(old: &Contents, new: &Contents) -> Difference {
    let missing = |from: &Contents, other: &Contents| -> Vec<String> {
        let mut names: Vec<String> = from.variables.iter().filter(|name| !other.variables.contains(name)).cloned().collect();
        names.sort();
        names.dedup();
        names
    };
    let change =
        |old: Option<&Value>, new: Option<&Value>| Change { old: old.cloned().unwrap_or_default(), new: new.cloned().unwrap_or_default() };
    let keys = old.values.keys().chain(new.values.keys());
    let metadata_diff = keys
        .filter(|key| old.values.get(*key) != new.values.get(*key))
        .map(|key| (key.clone(), change(old.values.get(key), new.values.get(key))))
        .collect();
    let numbers = (old.version != new.version).then(|| change(Some(&old.version.clone().into()), Some(&new.version.clone().into())));
    Difference { version_diff: numbers, variables_added: missing(new, old), variables_removed: missing(old, new), metadata_diff }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(number: &str) -> Entry {
        Entry {
            prompt: "greeting".to_owned(),
            version: VersionRef { version: number.to_owned(), digest: "a".repeat(64), commit: None },
            parent: None,
            file: "p.yml".to_owned(),
            text: String::new(),
            registered: Moment(1),
            by: "ana".to_owned(),
            environments: BTreeMap::new(),
            bad: None,
            committed: None,
            archived: None,
        }
    }

    #[test]
    fn what_serves_is_not_archived_and_what_is_archived_is_not_started() {
        let mut version = entry("1.0.0");
        version.stands("production", Status::Stable, Moment(1));
        assert!(version.archive(Moment(2)).unwrap_err().to_string().contains("stable in production"));
        version.stands("production", Status::Retired, Moment(3));
        version.archive(Moment(4)).unwrap();
        version.archive(Moment(9)).unwrap();
        assert_eq!((version.archived, version.status("production")), (Some(Moment(4)), Status::Archived));
        assert!(version.may_go("production", None).unwrap_err().to_string().contains("--undo"));
    }

    #[test]
    fn the_way_to_production_leads_through_staging() {
        let mut version = entry("1.0.0");
        version.stands("dev", Status::Stable, Moment(1));
        let refused = version.may_go("production", Some("staging")).unwrap_err().to_string();
        assert!(refused.starts_with("cannot promote directly from dev to production"), "{refused}");
        version.stands("staging", Status::Stable, Moment(2));
        assert_eq!(version.may_go("production", Some("staging")), Ok(()));
        version.bad = Some("slow".to_owned());
        assert!(version.may_go("production", None).is_err());
    }

    #[test]
    fn a_version_is_what_it_is() {
        assert!(entry("1.0.0").same(&"a".repeat(64)).is_ok());
        assert!(entry("1.0.0").same(&"b".repeat(64)).unwrap_err().to_string().contains("give the file a new version"));
    }

    #[test]
    fn versions_are_in_the_order_of_their_numbers_and_know_their_parents() {
        let mut all = vec![entry("10.0.0"), entry("2.0.0"), entry("2.0.0-rc.1")];
        all[0].parent = Some("2.0.0".to_owned());
        all[1].parent = Some("10.0.0".to_owned());
        in_order(&mut all);
        assert_eq!(all.iter().map(|entry| entry.version.version.as_str()).collect::<Vec<_>>(), ["2.0.0-rc.1", "2.0.0", "10.0.0"]);
        assert_eq!(lineage(&all, "10.0.0").len(), 2, "a circle ends");
        assert!(lineage(&all, "3.0.0").is_empty());
    }
}
