//! Gates: rules over numbers that other tools produced. Reading a tool's file is [`format`], judging a number is [`rule`].
//!
//! A gate fails closed: a file that is missing, of another tool, or without the number it should have, closes the gate.

pub mod format;
pub mod rule;

pub use rule::{Bound, GateResult, GateRule, GateRun, OnFail, Source, Status, Unread};
