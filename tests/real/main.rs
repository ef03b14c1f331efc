//! Tests against real services that `scripts/test` installs and starts; their addresses come by environment variables.
#![expect(clippy::disallowed_methods, reason = "tests use files, processes and clocks directly")]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that cannot go on has failed"
)]

/// A fault server that nobody here wrote.
mod aimock;
/// What `env` does to aliases at a registry.
mod aliases;
/// What benchmark tools write, read back.
mod benchmark_tools;
/// A clock that only moves when someone sleeps on it.
#[expect(dead_code, reason = "the suite asks more of it")]
#[path = "../suite/support/clock.rs"]
mod clock;
/// The action in its container, started as the runner does.
mod container;
/// A GitHub of our own.
#[expect(dead_code, unused_imports, reason = "the suite asks more of it")]
#[path = "../suite/support/github/mod.rs"]
mod github;
/// Our GitHub client's requests, held to GitHub's own description of its API.
mod github_openapi;
/// Real sentence embeddings.
mod graded;
/// The binary ended at each system call.
mod kills;
/// The registry mirrored to MLflow.
mod mirror;
/// A real small model: bounds on pass rates at temperature 0, never golden text.
mod model;
/// A model behind HTTP.
#[expect(dead_code, reason = "the suite asks more of it")]
#[path = "../suite/support/model.rs"]
mod model_server;
/// The report and the comment in a browser.
mod pages;
/// PostgreSQL as a store.
mod postgres;
/// Whole rollouts on real services, and how long they take.
mod rollouts;
/// Targets and metric sources.
mod targets;
/// `monitor` and `detect` over a Prometheus that dies.
mod watched;
/// The workflows, carried out.
mod workflows;
