//! What we made on the code host: nothing else is ever deleted.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// What something on the code host is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// An environment.
    Environment,
    /// A label.
    Label,
    /// A ruleset.
    Ruleset,
}

impl Kind {
    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Environment => "environment",
            Self::Label => "label",
            Self::Ruleset => "ruleset",
        }
    }
}

/// One thing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// What it is.
    pub kind: Kind,
    /// Its name, in small letters: their case does not matter on the code host.
    pub name: String,
}

impl Item {
    /// The thing with this name.
    pub fn new(kind: Kind, name: &str) -> Self {
        Self { kind, name: name.to_lowercase() }
    }
}

/// What we made. A thing is written down as `pending` before it is made, since a process may end at any time; what was
/// pending and is there was made by us, for it was not there just before.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Made {
    /// Made.
    pub made: BTreeSet<Item>,
    /// About to be made.
    pub pending: BTreeSet<Item>,
}

impl Made {
    /// Whether we made it.
    pub fn has(&self, item: &Item) -> bool {
        self.made.contains(item) || self.pending.contains(item)
    }

    /// The names of a kind.
    pub fn names(&self, kind: Kind) -> impl Iterator<Item = &str> {
        self.made.iter().chain(&self.pending).filter(move |item| item.kind == kind).map(|item| item.name.as_str())
    }

    /// With these about to be made.
    #[must_use]
    pub fn about_to(mut self, items: impl IntoIterator<Item = Item>) -> Self {
        self.pending.extend(items);
        self
    }

    /// Something was made.
    pub fn did(&mut self, item: &Item) {
        self.pending.remove(item);
        self.made.insert(item.clone());
    }

    /// Something was not made, or is gone.
    pub fn lost(&mut self, item: &Item) {
        self.pending.remove(item);
        self.made.remove(item);
    }
}
