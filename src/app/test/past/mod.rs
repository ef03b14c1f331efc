//! What earlier runs say of this one.

pub(super) mod baseline;
pub(super) mod history;
