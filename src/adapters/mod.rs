//! The IO ring: network, files, programs and environment behind `ports`. Nothing is decided here.
#![expect(clippy::disallowed_methods, reason = "this ring is where IO lives")]

pub mod actions;
pub mod clock;
pub mod git;
pub mod github;
pub mod http;
pub mod kubernetes;
pub mod log;
pub mod metric_source;
pub mod notifier;
pub mod process;
pub mod program;
pub mod progress;
pub mod provider;
pub mod regular_file;
pub mod secret;
pub mod store;
pub mod subprocess;
pub mod target;
pub mod workspace;
