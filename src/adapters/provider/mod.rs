//! Where answers come from: HTTP servers, programs, recordings.
//!
//! `connect` makes providers from settings. `chat` is one HTTP conversation for any dialect (`openai`, `anthropic`),
//! `fault` says what went wrong in it. `record` and `cache` wrap a live provider, `cassette` takes its place;
//! all three share the format of `recording`.

mod anthropic;
mod cache;
mod cassette;
mod chat;
mod command;
mod connect;
mod echo;
mod embeddings;
mod endpoint;
mod fault;
mod models;
mod openai;
mod record;
mod recording;
mod retry_after;
mod sse;
mod surrogates;
#[cfg(test)]
mod tests;

pub use connect::{Environment, ProviderFactory};
