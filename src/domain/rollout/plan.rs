//! What is planned: stages, each with its traffic, how long it must hold and what must be healthy to leave it.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::health::Metric;
pub use crate::domain::target::Percent;

/// How a plan is cut into stages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strategy {
    /// A growing share of the traffic.
    Canary,
    /// Prepared at 0 %, switched at once, watched, the old version retired.
    BlueGreen,
    /// One target after another.
    Rolling,
}

impl Strategy {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Canary, Self::BlueGreen, Self::Rolling];

    /// The word in configuration and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Canary => "canary",
            Self::BlueGreen => "blue-green",
            Self::Rolling => "rolling",
        }
    }
}

/// What lets a stage be left beside time and health.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Gate {
    /// A person resumes it.
    Person,
    /// Somebody whom the environment asks for approves.
    Approval,
}

/// A stage of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stage {
    /// The candidate's share.
    pub traffic: Percent,
    /// How many of the targets have that share, in their order; `None`: all. The others stay at 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub units: Option<usize>,
    /// How long it must have been watched and healthy, in milliseconds.
    pub hold: u64,
    /// How many healthy checks in a row it takes, at the least.
    pub checks: u32,
    /// The suite that must pass before the stage is left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub smoke: Option<String>,
    /// Who must say yes after that.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gates: Vec<Gate>,
}

/// A step of a plan as it is written; [`stages`] makes stages of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlanStep {
    /// A new share: begins a stage.
    SetWeight(Percent),
    /// Hold for so many milliseconds.
    Pause(u64),
    /// Wait for a person.
    PauseForPerson,
    /// So many healthy checks in a row.
    Analysis(u32),
    /// Wait for an approval.
    Approval,
    /// A suite must pass.
    Smoke(String),
}

/// What happens when a rollout turns out bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnFailure {
    /// Put the stable version back and mark the candidate bad.
    Rollback,
    /// Stay, and call people.
    Pause,
    /// Take the candidate's traffic away, without marking it.
    Abort,
}

impl OnFailure {
    /// The word in configuration.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "rollback" => Some(Self::Rollback),
            "pause" => Some(Self::Pause),
            "abort" => Some(Self::Abort),
            _ => None,
        }
    }
}

/// How many checks of a kind are borne before something happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckLimits {
    /// Unhealthy ones; one more acts.
    pub failure: u32,
    /// Inconclusive ones; one more holds.
    pub inconclusive: u32,
    /// Errors in a row; one more holds.
    pub consecutive_error: u32,
}

impl Default for CheckLimits {
    fn default() -> Self {
        Self { failure: 0, inconclusive: 0, consecutive_error: 4 }
    }
}

/// A whole plan. It is kept with the rollout it belongs to, so that a later change of the configuration does not change it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// How it was cut.
    pub strategy: Strategy,
    /// The stages, traffic never falling.
    pub stages: Vec<Stage>,
    /// Time between two health checks, in milliseconds.
    pub interval: u64,
    /// The pause after a check that ended in an error, in milliseconds.
    pub error_retry: u64,
    /// How long a stage may take as watched, in milliseconds, before it counts as failed.
    pub stage_timeout: u64,
    /// The limits on checks.
    pub limits: CheckLimits,
    /// What a bad rollout leads to.
    pub on_failure: OnFailure,
    /// What is measured.
    pub metrics: Vec<Metric>,
    /// The level of all comparisons of the whole rollout together.
    pub alpha: f64,
}

impl Plan {
    /// With nothing to measure, nobody but a person can say that a stage is healthy: each one that has no suite of its own waits for one.
    #[must_use]
    pub fn watched_by_people(mut self) -> Self {
        if self.metrics.iter().all(|metric| metric.dry_run) {
            let last = self.stages.len().saturating_sub(1);
            for stage in self.stages.iter_mut().take(last).filter(|stage| stage.smoke.is_none() && stage.gates.is_empty()) {
                stage.gates.push(Gate::Person);
            }
        }
        self
    }

    /// Whether there is anything that can tell good from bad.
    pub fn measures(&self) -> bool {
        self.metrics.iter().any(|metric| !metric.dry_run)
    }

    /// The most time one look is credited with: two intervals.
    pub fn most_per_look(&self) -> u64 {
        self.interval.saturating_mul(2)
    }

    /// A stage by its number from 1; `None` for 0 and beyond the end.
    pub fn entered(&self, number: usize) -> Option<&Stage> {
        number.checked_sub(1).and_then(|index| self.stages.get(index))
    }

    /// The traffic of a stage by its number from 1; 0 % before the first.
    pub fn traffic(&self, number: usize) -> Percent {
        self.entered(number).map_or(Percent::NONE, |stage| stage.traffic)
    }
}

/// Why stages do not make a plan.
#[derive(Debug, Clone, Error, PartialEq, Eq)]
pub enum PlanError {
    /// Nothing.
    #[error("a plan needs at least one stage")]
    Empty,
    /// Traffic falls or stays.
    #[error("{after} after {before}: the traffic must grow from stage to stage")]
    NotIncreasing {
        /// The share before.
        before: Percent,
        /// The share after it.
        after: Percent,
    },
    /// It stops too early.
    #[error("the last stage has {0}: a plan ends at 100 %")]
    NotWhole(Percent),
    /// A stage at nothing that is not a preparation.
    #[error("a canary stage of 0 % shows nothing: begin above it")]
    Nothing,
    /// A step before the first share.
    #[error("a plan begins with `set-weight`")]
    NoWeight,
}

/// The stages of a canary: increasing, ending at 100. The last one, where there is nothing left to compare with, is watched for
/// `watch` milliseconds.
///
/// # Errors
/// Anything else.
pub fn canary(traffic: &[Percent], hold: u64, watch: u64, checks: u32) -> Result<Vec<Stage>, PlanError> {
    if traffic.first() == Some(&Percent::NONE) {
        return Err(PlanError::Nothing);
    }
    let stage = |traffic: Percent| {
        let hold = if traffic == Percent::ALL { watch } else { hold };
        Stage { traffic, units: None, hold, checks, smoke: None, gates: Vec::new() }
    };
    whole(traffic.iter().copied().map(stage).collect())
}

/// The two stages of a blue-green rollout: prepared at 0 % with a smoke suite, then everything, watched for `watch` milliseconds.
pub fn blue_green(smoke: Option<String>, watch: u64, checks: u32) -> Vec<Stage> {
    let switched = Stage { traffic: Percent::ALL, units: None, hold: watch, checks, smoke: None, gates: Vec::new() };
    vec![Stage { traffic: Percent::NONE, hold: 0, checks: 0, smoke, ..switched.clone() }, switched]
}

/// A stage for each target in turn.
pub fn rolling(targets: usize, hold: u64, checks: u32) -> Vec<Stage> {
    (1..=targets.max(1))
        .map(|units| Stage { traffic: Percent::ALL, units: Some(units), hold, checks, smoke: None, gates: Vec::new() })
        .collect()
}

/// Stages from steps: each share begins one; what follows, up to the next share, is what it takes to leave it. Time and health come
/// first, then the suite, then people, in whatever order they are written.
///
/// # Errors
/// Steps that do not make a plan.
pub fn stages(steps: &[PlanStep], checks: u32) -> Result<Vec<Stage>, PlanError> {
    let mut stages: Vec<Stage> = Vec::new();
    for step in steps {
        if let PlanStep::SetWeight(traffic) = step {
            stages.push(Stage { traffic: *traffic, units: None, hold: 0, checks, smoke: None, gates: Vec::new() });
            continue;
        }
        let stage = stages.last_mut().ok_or(PlanError::NoWeight)?;
        match step {
            PlanStep::SetWeight(_) => {}
            PlanStep::Pause(hold) => stage.hold = stage.hold.saturating_add(*hold),
            PlanStep::PauseForPerson => stage.gates.push(Gate::Person),
            PlanStep::Analysis(count) => stage.checks = stage.checks.max(*count),
            PlanStep::Approval => stage.gates.push(Gate::Approval),
            PlanStep::Smoke(suite) => stage.smoke = Some(suite.clone()),
        }
    }
    whole(stages)
}

/// Growing, and ending at everything. Each stage but the last one is left only after a healthy check, however short it is.
fn whole(mut stages: Vec<Stage>) -> Result<Vec<Stage>, PlanError> {
    for (before, after) in stages.iter().zip(stages.iter().skip(1)) {
        if after.traffic <= before.traffic {
            return Err(PlanError::NotIncreasing { before: before.traffic, after: after.traffic });
        }
    }
    let last = stages.last_mut().ok_or(PlanError::Empty)?;
    if last.hold == 0 {
        last.checks = 0;
    }
    let share = last.traffic;
    if share == Percent::ALL { Ok(stages) } else { Err(PlanError::NotWhole(share)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn percents(list: &[u8]) -> Vec<Percent> {
        list.iter().map(|number| Percent::new(*number).unwrap()).collect()
    }

    #[test]
    fn a_canary_grows_and_ends_at_everything() {
        let stages = canary(&percents(&[5, 10, 25, 100]), 300, 0, 1).unwrap();
        assert_eq!(
            stages.iter().map(|stage| (stage.traffic.get(), stage.hold)).collect::<Vec<_>>(),
            [(5, 300), (10, 300), (25, 300), (100, 0)]
        );
        assert_eq!(canary(&percents(&[100]), 1, 0, 1).unwrap().len(), 1);
        assert_eq!(canary(&[], 1, 0, 1), Err(PlanError::Empty));
        assert_eq!(canary(&percents(&[10, 50]), 1, 0, 1), Err(PlanError::NotWhole(Percent::new(50).unwrap())));
        assert!(matches!(canary(&percents(&[10, 10, 100]), 1, 0, 1), Err(PlanError::NotIncreasing { .. })));
        assert!(matches!(canary(&percents(&[50, 10, 100]), 1, 0, 1), Err(PlanError::NotIncreasing { .. })));
        assert_eq!(canary(&percents(&[0, 100]), 1, 0, 1), Err(PlanError::Nothing));
    }

    #[test]
    fn steps_become_stages() {
        use PlanStep::*;
        let [ten, all] = [10, 100].map(|number| Percent::new(number).unwrap());
        let made = stages(&[SetWeight(ten), Pause(60), Pause(30), Analysis(5), PauseForPerson, SetWeight(all), Approval], 2).unwrap();
        assert_eq!((made[0].hold, made[0].checks, made[0].gates.as_slice()), (90, 5, [Gate::Person].as_slice()));
        assert_eq!((made[1].hold, made[1].gates.as_slice()), (0, [Gate::Approval].as_slice()));
        assert_eq!(stages(&[Pause(1), SetWeight(all)], 1), Err(PlanError::NoWeight));
    }
}
