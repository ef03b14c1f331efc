//! What a user may change about how base and head are compared.

use std::collections::BTreeSet;

use super::{Direction, Metric, OnInconclusive, Rules};

/// How base and head are compared.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// The metrics, those of every run first. A metric of one's own is the score of the assertions of that name.
    pub metrics: Vec<Metric>,
    /// Names of metrics that the user wants decided: where neither side measures one, that is an open question. A metric that
    /// only the defaults have is left out then.
    pub wanted: BTreeSet<String>,
    /// How sure a verdict must be.
    pub rules: Rules,
    /// What an undecided metric does to the run.
    pub on_inconclusive: OnInconclusive,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            metrics: Metric::OF_A_RUN.into_iter().filter_map(Metric::of_a_run).collect(),
            wanted: BTreeSet::new(),
            rules: Rules::default(),
            on_inconclusive: OnInconclusive::default(),
        }
    }
}

impl Direction {
    /// The directions as the configuration spells them.
    pub const NAMES: [(&'static str, Self); 2] = [("higher-is-better", Self::HigherIsBetter), ("lower-is-better", Self::LowerIsBetter)];
}
