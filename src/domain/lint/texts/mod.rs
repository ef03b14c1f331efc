//! What texts hold: they are read as a reader or a model would, and searched for what the rules look for.

mod confusables;
pub(super) mod hidden;
mod injection;
mod normalise;
mod personal_data;
mod profanity;
mod redaction;
pub mod scan;
mod secrets;

pub use normalise::normalised;
pub use redaction::{MASK, Redaction};
