//! Decisions as pure values: no IO, no clock, no randomness without a seed.

pub mod annotation;
pub mod answer;
pub mod audit;
pub mod benchmark;
pub mod comment;
pub mod diagnostic;
pub mod digest;
pub mod duration;
pub mod gate;
pub mod lint;
pub mod metric_source;
pub mod monitor;
pub mod prompt;
pub mod provider;
pub mod pull_request;
pub mod registry;
pub mod regression;
pub mod release;
pub mod retry;
pub mod rollback;
pub mod rollout;
pub mod stats;
pub mod store;
pub mod suggest;
pub mod suite;
pub mod target;
