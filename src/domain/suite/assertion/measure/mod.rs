//! Assertions about what an answer took, beside its text.

pub(super) mod budget;

use super::Kind;

/// The kinds of this folder, in the order of the documentation.
pub(super) const KINDS: [&[Kind]; 1] = [budget::KINDS];
