//! Putting the previous stable version back on everything: why, where to, by when, and what came of it.

pub mod deadline;
pub mod record;
pub mod storm;
pub mod target;
pub mod trigger;
pub mod watch;
