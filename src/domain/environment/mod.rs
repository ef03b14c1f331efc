//! What the code host has for environments: its environments with their rules, labels, required checks. What is wanted
//! and what is found become a list of changes in [`plan`].

pub mod made;
pub mod plan;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;

use made::{Item, Kind};

/// The most minutes that a job may wait: 30 days.
pub const LONGEST_WAIT: u32 = 43_200;

/// The most reviewers of one environment.
pub const MOST_REVIEWERS: usize = 6;

/// An environment on the code host.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Environment {
    /// Its name, whose case does not matter there.
    pub name: String,
    /// Minutes that a job waits before it may start.
    pub wait_minutes: u32,
    /// Accounts, and teams as `owner/team`, in small letters; one of them must say yes.
    pub reviewers: BTreeSet<String>,
    /// Whether somebody else than who started the job must say yes.
    pub prevent_self_review: bool,
    /// From which branches jobs may come.
    pub branches: Branches,
    /// Variables that jobs see; only those that are wanted are looked at.
    pub variables: BTreeMap<String, String>,
}

/// From which branches jobs may come.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Branches {
    /// From every branch.
    #[default]
    All,
    /// From those that branch protection protects.
    Protected,
    /// From those with these names, in which `*` stands for any characters.
    Named(BTreeSet<String>),
}

impl Branches {
    /// In words.
    pub fn shown(&self) -> String {
        match self {
            Self::All => "all".to_owned(),
            Self::Protected => "protected".to_owned(),
            Self::Named(names) => list(names),
        }
    }
}

/// What the configuration says of an environment; what it does not say stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WantedEnvironment {
    /// Its name.
    pub name: String,
    /// Minutes that a job waits.
    pub wait_minutes: Option<u32>,
    /// Who must say yes.
    pub reviewers: Option<BTreeSet<String>>,
    /// Whether somebody else must.
    pub prevent_self_review: Option<bool>,
    /// From which branches.
    pub branches: Option<Branches>,
    /// Variables that it has beside others.
    pub variables: BTreeMap<String, String>,
}

impl WantedEnvironment {
    /// What `found` becomes; nothing that nobody spoke of changes.
    pub fn over(&self, found: Option<&Environment>) -> Environment {
        let mut to_be = found.cloned().unwrap_or_else(|| Environment { name: self.name.clone(), ..Environment::default() });
        to_be.wait_minutes = self.wait_minutes.unwrap_or(to_be.wait_minutes);
        to_be.prevent_self_review = self.prevent_self_review.unwrap_or(to_be.prevent_self_review);
        if let Some(reviewers) = &self.reviewers {
            to_be.reviewers.clone_from(reviewers);
        }
        if let Some(branches) = &self.branches {
            to_be.branches.clone_from(branches);
        }
        to_be.variables.extend(self.variables.clone());
        to_be
    }
}

/// A label of issues and pull requests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Label {
    /// Its name, whose case does not matter there.
    pub name: String,
    /// Six hexadecimal digits.
    pub color: String,
    /// One line.
    pub description: String,
}

impl Label {
    /// A label with these.
    pub fn new(name: &str, color: &str, description: &str) -> Self {
        Self { name: name.to_owned(), color: color.to_owned(), description: description.to_owned() }
    }
}

/// Whether a ruleset counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Enforcement {
    /// It counts.
    Active,
    /// It is only reported, where the plan of the organization has that.
    Evaluate,
    /// It is there and does nothing.
    Disabled,
}

impl Enforcement {
    /// The word of the code host.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Evaluate => "evaluate",
            Self::Disabled => "disabled",
        }
    }
}

/// Checks that must pass before a branch takes a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Ruleset {
    /// Its name.
    pub name: String,
    /// Whether it counts.
    pub enforcement: Enforcement,
    /// The branches, as the code host writes them: `~DEFAULT_BRANCH`, `refs/heads/release/*`.
    pub branches: BTreeSet<String>,
    /// Branches of these that are left out, written so too.
    pub excluded: BTreeSet<String>,
    /// The names of the checks.
    pub checks: BTreeSet<String>,
    /// Whether they must have seen the newest state of the branch.
    pub up_to_date: bool,
}

/// A ruleset as it was found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FoundRuleset {
    /// Its number.
    pub id: u64,
    /// What we speak of.
    pub ruleset: Ruleset,
    /// All of it, as the code host tells it: what we do not speak of stays as it is.
    pub whole: Value,
}

/// A name at a registry that stands for the version which an environment serves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Alias {
    /// `TARGET/ENVIRONMENT/PROMPT`.
    pub name: String,
    /// The version, by our number.
    pub version: String,
}

impl Alias {
    /// An alias gets no number where it is; this is the one of those that we put there, which carry our operation. Whatever is there
    /// without one is [`Self::THEIRS`].
    pub const OURS: u64 = 1;
    /// The number of one that somebody else put there.
    pub const THEIRS: u64 = 0;

    /// The environment in its name.
    pub fn environment(&self) -> &str {
        Self::environment_of(&self.name)
    }

    /// The environment in such a name.
    pub fn environment_of(name: &str) -> &str {
        name.split('/').nth(1).unwrap_or_default()
    }
}

/// All that the configuration wants.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Environments.
    pub environments: Vec<WantedEnvironment>,
    /// Labels.
    pub labels: Vec<Label>,
    /// Required checks.
    pub ruleset: Option<Ruleset>,
    /// Aliases of versions that completed a rollout.
    pub aliases: Vec<Alias>,
}

/// A thing with the number that the code host gave it; no other thing of its kind ever has the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Numbered<T> {
    /// The number.
    pub number: u64,
    /// The thing.
    pub thing: T,
}

/// All that there is of it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Found {
    /// Environments of wanted or made names.
    pub environments: Vec<Environment>,
    /// All labels.
    pub labels: Vec<Label>,
    /// Rulesets of wanted or made names.
    pub rulesets: Vec<FoundRuleset>,
    /// Aliases of wanted names.
    pub aliases: Vec<Alias>,
    /// The number of each of them.
    pub numbers: BTreeMap<Item, u64>,
    /// What could not be looked at: nobody knows whether it is there.
    pub unseen: BTreeSet<Item>,
}

impl Found {
    /// An environment was found, or none.
    pub fn environment(&mut self, found: Option<Numbered<Environment>>) {
        let Some(Numbered { number, thing }) = found else { return };
        self.numbers.insert(Item::new(Kind::Environment, &thing.name), number);
        self.environments.push(thing);
    }
}

/// Labels that issues and pull requests get from us.
pub fn labels_of_ours() -> Vec<Label> {
    use crate::domain::pull_request::Size;
    let sizes = Size::ALL.iter().zip(["c2e0c6", "bfdadc", "fef2c0", "f9d0c4", "e99695"]);
    let mut labels: Vec<Label> =
        sizes.map(|(size, color)| Label::new(size.label(), color, "How many lines a pull request changes")).collect();
    labels.extend([
        Label::new("monitoring", "1d76db", "A metric in production is not healthy"),
        Label::new("test-failure", "d73a4a", "A prompt's tests fail"),
        Label::new("nightly", "5319e7", "Found by the nightly run"),
        Label::new("automated", "ededed", "Opened by a workflow"),
        Label::new("post-mortem", "b60205", "What happened, and what keeps it from happening again"),
        Label::new("rollback", "b60205", "A version was rolled back"),
        Label::new("high-priority", "d93f0b", "Look at this first"),
    ]);
    labels
}

fn list(names: &BTreeSet<String>) -> String {
    if names.is_empty() { "none".to_owned() } else { names.iter().map(String::as_str).collect::<Vec<_>>().join(", ") }
}
