//! Where answers come from: HTTP servers, programs, recordings.
//!
//! `connect` makes providers from settings. `endpoint` is one server: requests, refusals, its models, its embeddings. `chat` is one
//! conversation with it, in any dialect, whole or streamed. `fault` says what went wrong. `recording` is the format of cassettes,
//! with what writes them and what takes a live provider's place.

mod chat;
mod command;
mod connect;
mod echo;
mod endpoint;
mod fault;
mod recording;
#[cfg(test)]
mod tests;

pub use connect::{Environment, ProviderFactory};
