//! Tests against real services that `scripts/test` installs and starts; their addresses come by environment variables.
#![expect(clippy::disallowed_methods, reason = "tests use files, processes and clocks directly")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

/// A real small model: bounds on pass rates at temperature 0, never golden text.
mod model;
/// PostgreSQL as a store.
mod postgres;
