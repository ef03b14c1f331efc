//! Assertions that others decide: a model as judge, embeddings, a program of the user's. What they need is said here and
//! asked elsewhere; what comes back is judged here.

mod by_judge;
pub mod evaluator;
pub mod need;
mod program;
mod prompt;
mod similar;
pub mod verdict;

use super::Kind;

/// The kinds of this folder, in the order of the documentation.
pub(super) const KINDS: [&[Kind]; 3] = [by_judge::KINDS, similar::KINDS, program::KINDS];

/// Whether others decide assertions of this kind.
pub fn is_graded(kind: &Kind) -> bool {
    KINDS.into_iter().flatten().any(|graded| graded.name == kind.name)
}

#[cfg(test)]
mod tests;
