//! Assertions about how a model answered: refusals, why it stopped, the tools it called, how sure it was.

mod finish;
mod perplexity;
mod refusal;
mod tool_call;

use super::Kind;
pub use refusal::{PHRASES as REFUSALS, Phrase as Refusal};

/// The kinds of this folder, in the order of the documentation.
pub(super) const KINDS: [&[Kind]; 4] = [refusal::KINDS, finish::KINDS, tool_call::KINDS, perplexity::KINDS];

#[cfg(test)]
mod tests;
