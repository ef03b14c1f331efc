//! Numbers from samples: pure, repeatable, and never NaN.
//!
//! Conventions: the first sample is the baseline, differences are first minus second, variances divide by n − 1, every
//! sample passes [`sample::Sample`] first. Degenerate cases have names. `statrs` gives distributions only.

pub mod cuped;
pub mod describe;
pub mod equivalence;
pub mod multiplicity;
pub mod outliers;
pub mod paired;
pub mod power;
pub mod proportion;
pub mod quantile;
pub mod repeats;
pub mod resample;
pub mod rng;
pub mod sample;
pub mod sequential;
pub mod series;
pub mod special;
pub mod tails;
pub mod two_sample;

pub use describe::mean;
pub use quantile::quantile;

#[cfg(test)]
mod oracle_series;
#[cfg(test)]
mod oracle_tests;
