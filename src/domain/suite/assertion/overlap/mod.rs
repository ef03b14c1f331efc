//! Assertions about how much an answer shares with a reference text. All scores are in [0, 1].

mod distance;
mod precision;
mod rouge;
mod words;

use super::Kind;
pub(super) use words::{optional_threshold, threshold};

/// The kinds of this folder, in the order of the documentation.
pub(super) const KINDS: [&[Kind]; 3] = [distance::KINDS, rouge::KINDS, precision::KINDS];

#[cfg(test)]
mod tests;
