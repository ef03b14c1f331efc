//! What the configuration says about an environment.

use std::time::Duration;

use super::plan::{Percent, Plan, PlanError, canary, rolling};
use crate::domain::rollback::{storm::StormLimits, watch::WatchSettings};

/// An environment: its targets, and how versions come to it.
#[derive(Debug, Clone, PartialEq)]
pub struct EnvironmentSettings {
    /// Its name.
    pub name: String,
    /// The names of its targets, in the order in which a rolling rollout changes them.
    pub targets: Vec<String>,
    /// The environment in which a version must have been stable before.
    pub promote_from: Option<String>,
    /// Whether a rollout begins only with an approval.
    pub approval: bool,
    /// The plan of its rollouts.
    pub plan: Plan,
    /// How long a stage holds, in milliseconds.
    pub stage_duration: u64,
    /// How long the last stage is watched, in milliseconds.
    pub watch: u64,
    /// Healthy checks in a row of each stage.
    pub checks: u32,
    /// The longest that one health check may take.
    pub check_timeout: Duration,
    /// The most rollouts under way at once.
    pub max_concurrent: usize,
    /// The longest that a rollback may take.
    pub rollback_timeout: Duration,
    /// When automatic rollbacks are too many.
    pub storm: StormLimits,
    /// How health is looked at after a rollback.
    pub rollback_watch: WatchSettings,
    /// Where people see the environment.
    pub url: Option<String>,
}

impl EnvironmentSettings {
    /// The plan with other shares.
    ///
    /// # Errors
    /// Shares that do not make a plan.
    pub fn with_stages(&self, traffic: &[Percent]) -> Result<Plan, PlanError> {
        let stages = canary(traffic, self.stage_duration, self.watch, self.checks)?;
        Ok(Plan { strategy: super::Strategy::Canary, stages, ..self.plan.clone() })
    }

    /// The plan that begins with a share of its own: stages up to it are left out.
    ///
    /// # Errors
    /// A share that does not make a plan.
    pub fn beginning_at(&self, first: Percent) -> Result<Plan, PlanError> {
        let rest = self.plan.stages.iter().map(|stage| stage.traffic).filter(|traffic| *traffic > first);
        self.with_stages(&std::iter::once(first).chain(rest).collect::<Vec<_>>())
    }

    /// The stages of a rolling plan.
    pub fn one_by_one(&self) -> Plan {
        Plan {
            strategy: super::Strategy::Rolling,
            stages: rolling(self.targets.len(), self.stage_duration, self.checks),
            ..self.plan.clone()
        }
    }
}
