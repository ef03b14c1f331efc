//! Stores: records in a folder, a database, a branch, objects of a cluster.

mod branch;
mod config_map;
mod directory;
mod git_push;
mod postgres;
mod record;
mod sqlite;

pub use branch::BranchStore;
pub use config_map::ConfigMapStore;
pub use directory::DirectoryStore;
pub use git_push::GitBranch;
pub use postgres::PostgresStore;
pub use sqlite::SqliteStore;
