//! Assertions about markup in the answer.

mod html;
mod xml;
mod xml_scan;

use super::Kind;

/// The kinds of this folder, in the order of the documentation.
pub(super) const KINDS: [&[Kind]; 2] = [xml::KINDS, html::KINDS];

#[cfg(test)]
mod tests;
