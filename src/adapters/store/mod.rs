//! Stores: records in a folder, a database, a branch.

mod branch;
mod directory;
mod git_push;
mod postgres;
mod record;
mod sqlite;

pub use branch::BranchStore;
pub use directory::DirectoryStore;
pub use git_push::GitBranch;
pub use postgres::PostgresStore;
pub use sqlite::SqliteStore;
