//! What we made on the code host: nothing else is ever deleted.

use std::collections::{BTreeMap, BTreeSet};

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
    /// The alias of a prompt's version at a registry.
    Alias,
}

impl Kind {
    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Environment => "environment",
            Self::Label => "label",
            Self::Ruleset => "ruleset",
            Self::Alias => "alias",
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

/// One thing that we made.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Product {
    /// What it is.
    pub kind: Kind,
    /// Its name, as [`Item::name`].
    pub name: String,
    /// The number that the code host gave it; whatever has another number was made by somebody else. Records of the first form have none,
    /// and what they name may have been made by anybody since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<u64>,
}

impl Product {
    /// The thing, whatever number it has.
    pub fn item(&self) -> Item {
        Item::new(self.kind, &self.name)
    }
}

/// What we made. A thing is written down as `pending` before it is made, since a process may end at any time. What was pending and is
/// there may be ours, or have been made by hand meanwhile: nobody can tell. The same holds for what was made and has no number here.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Made {
    /// Made.
    pub made: BTreeSet<Product>,
    /// About to be made.
    pub pending: BTreeSet<Item>,
}

impl Made {
    /// Whether we made it, and know it.
    pub fn has(&self, item: &Item) -> bool {
        self.made.iter().any(|made| made.kind == item.kind && made.name == item.name)
    }

    /// Whether we may have made it.
    pub fn may_have(&self, item: &Item) -> bool {
        self.pending.contains(item)
    }

    /// The names of a kind, made and pending.
    pub fn names(&self, kind: Kind) -> impl Iterator<Item = &str> {
        let made = self.made.iter().filter(move |made| made.kind == kind).map(|made| made.name.as_str());
        made.chain(self.pending.iter().filter(move |item| item.kind == kind).map(|item| item.name.as_str()))
    }

    /// What is left of it, going by what is there: `numbers` has everything that was found, and `unseen` what could not be
    /// looked at, of which nothing is said. What is gone, or is there with another number, is ours no more; what is there and has no
    /// number in the record is ours for nobody's certainty, as what was pending.
    #[must_use]
    pub fn going_by(mut self, numbers: &BTreeMap<Item, u64>, unseen: &BTreeSet<Item>) -> Self {
        let unnumbered = self.made.iter().filter(|made| made.number.is_none()).map(Product::item).filter(|item| !unseen.contains(item));
        self.pending.extend(unnumbered);
        self.made.retain(|made| {
            let item = made.item();
            unseen.contains(&item) || made.number.is_some_and(|number| numbers.get(&item) == Some(&number))
        });
        self.pending.retain(|item| unseen.contains(item) || numbers.contains_key(item));
        self
    }

    /// With these about to be made.
    #[must_use]
    pub fn about_to(mut self, items: impl IntoIterator<Item = Item>) -> Self {
        self.pending.extend(items);
        self
    }

    /// Aliases that are none of those that were looked at: nothing is known of them now.
    pub fn aliases_beside<'m>(&'m self, looked_at: &'m BTreeSet<String>) -> impl Iterator<Item = Item> + 'm {
        self.names(Kind::Alias).filter(|name| !looked_at.contains(*name)).map(|name| Item::new(Kind::Alias, name))
    }

    /// Something was made, and got this number.
    pub fn did(&mut self, item: &Item, number: u64) {
        self.lost(item);
        self.made.insert(Product { kind: item.kind, name: item.name.clone(), number: Some(number) });
    }

    /// Something was not made, or is gone.
    pub fn lost(&mut self, item: &Item) {
        self.pending.remove(item);
        self.made.retain(|made| made.kind != item.kind || made.name != item.name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_gone_or_has_another_number_is_ours_no_more() {
        let item = |name: &str| Item::new(Kind::Environment, name);
        let mut made = Made::default().about_to([item("lost"), item("there")]);
        for (name, number) in [("same", 1), ("other", 2), ("gone", 3)] {
            made.did(&item(name), number);
        }
        made.made.insert(Product { kind: Kind::Environment, name: "early".to_owned(), number: None });
        let numbers = [("same", 1), ("other", 9), ("there", 4), ("early", 5)].map(|(name, number)| (item(name), number)).into();
        let left = made.clone().going_by(&numbers, &BTreeSet::new());
        assert_eq!(left.made.iter().map(|made| made.name.as_str()).collect::<Vec<_>>(), ["same"]);
        // Of the first form: by its name alone nobody knows whose it is.
        assert_eq!(left.pending, [item("early"), item("there")].into());
        assert!(left.may_have(&item("there")) && !left.has(&item("there")));
        // Nothing is forgotten of what nobody could look at.
        assert_eq!(made.clone().going_by(&BTreeMap::new(), &["same", "other", "gone", "early", "lost", "there"].map(item).into()), made);
        let one = made.going_by(&BTreeMap::new(), &[item("gone")].into());
        assert_eq!(one.made.iter().map(|made| made.name.as_str()).collect::<Vec<_>>(), ["gone"], "one that is not seen hides no other");
    }
}
