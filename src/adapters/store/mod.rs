//! Stores: records in a folder, a database, a branch.

mod directory;
mod record;

pub use directory::DirectoryStore;
