//! CI/CD for prompts, as rings with one import direction.
//!
//! `cli → app → ports → domain`, with `config` (text in, value out) and `report` (value in, text out) beside `app`,
//! and `adapters` behind `ports`. Only `wiring` knows everything. `tests/suite/architecture.rs` holds the direction.

pub mod adapters;
pub mod app;
pub mod cli;
pub mod config;
pub mod domain;
pub mod ports;
pub mod report;
pub mod wiring;
