//! Assertions about what an answer took, beside its text.

pub(super) mod budget;
mod tokens;

use super::Kind;

/// The kinds of this folder, in the order of the documentation.
pub(super) const KINDS: [&[Kind]; 2] = [budget::KINDS, tokens::KINDS];
