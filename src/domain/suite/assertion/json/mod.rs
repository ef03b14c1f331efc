//! Assertions about JSON in the answer.

mod keywords;
mod operand;
mod path;
mod scan;
mod schema;
mod whole;

use super::Kind;
pub(super) use operand::{Operand, same};
pub(super) use scan::Scan;
pub(super) use schema::Schema;

/// The kinds of this folder, in the order of the documentation.
pub(super) const KINDS: [&[Kind]; 2] = [whole::KINDS, path::KINDS];
