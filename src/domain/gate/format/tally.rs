//! Long lists, counted as they are read: a list of many small items takes many times its text when it is held.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{SeqAccess, Visitor},
};

/// What becomes of the items of a list.
pub(super) trait Tally: Default {
    /// One item.
    type Item;

    /// Counts an item, and lets it go.
    fn take(&mut self, item: Self::Item);
}

/// A list of which only the tally is kept.
#[derive(Default)]
pub(super) struct Each<T>(pub(super) T);

impl<'de, T: Tally<Item: Deserialize<'de>>> Deserialize<'de> for Each<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Items(PhantomData)).map(Self)
    }
}

struct Items<T>(PhantomData<T>);

impl<'de, T: Tally<Item: Deserialize<'de>>> Visitor<'de> for Items<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<T, A::Error> {
        let mut tally = T::default();
        while let Some(item) = list.next_element()? {
            tally.take(item);
        }
        Ok(tally)
    }
}
