//! Assertions about the answer's text: compared, matched, measured in characters and words.

mod compare;
mod length;
pub(super) mod pattern;

use super::Kind;

/// The kinds of this folder, in the order of the documentation.
pub(super) const KINDS: [&[Kind]; 3] = [compare::KINDS, pattern::KINDS, length::KINDS];
