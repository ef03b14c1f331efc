//! Is head worse than base? Evidence for each metric, then one decision over all of them.
//!
//! `d` is head against base, turned so that `d > 0` is worse. A metric is `regressed` when d lies beyond the margin by
//! evidence, `non-inferior` when it lies inside by evidence, `improved` when it lies below 0 by evidence, and
//! `inconclusive` otherwise: "not significant" never reads as "fine". Order of reading: [`metric`] (direction, margin),
//! [`evidence`] (what one comparison measured), [`paired`], [`independent`] and [`one_run`] (how), [`decide`] (Holm, verdicts),
//! [`samples`] (from samples to evidence), [`sampling`] (looking again while a verdict is open), [`comparison`] (base and head of one
//! suite), [`against`] (a run and a baseline), [`settings`] (what a user may change),
//! [`analysis`] (two samples from every side), [`trend`] (values in order of time).

pub mod against;
pub mod analysis;
pub mod comparison;
pub mod decide;
pub mod evidence;
pub mod independent;
pub mod metric;
pub mod one_run;
pub mod paired;
pub mod samples;
pub mod sampling;
pub mod settings;
pub mod trend;

#[cfg(test)]
mod deciding_tests;
#[cfg(test)]
mod tests;

pub use comparison::{Comparison, OnInconclusive};
pub use decide::{Judgement, Rules, Verdict, decide, decide_together};
pub use evidence::{Evidence, Measured, Scale, TestName, Undecided};
pub use metric::{Decides, Direction, Margin, Metric, Unit};
pub use sampling::Sampling;
pub use settings::Settings;
