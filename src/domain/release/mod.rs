//! Versions of the repository and of prompts: what commits ask for, what comes next, what is told about it.

pub mod bump;
pub mod commit;
pub mod files;
pub mod notes;
pub mod plan;

pub use bump::{Bump, Channel, next};
pub use commit::{Commit, Entry, asked};
pub use notes::{Notes, Section};
pub use plan::{NoNext, Released, Tag, Wish, first, planned, released};
