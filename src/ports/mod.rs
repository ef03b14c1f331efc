//! The questions we ask the world: small traits and their plain types.

pub mod ci;
pub mod clock;
pub mod code_host;
pub mod metric_source;
pub mod mirror;
pub mod notifier;
pub mod process;
pub mod program;
pub mod progress;
pub mod provider;
pub mod store;
pub mod target;
pub mod vcs;
pub mod workspace;
