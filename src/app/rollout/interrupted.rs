//! A rollback that reached a target and not the record: an emergency goes to the targets first, and its run may die in between.

use super::{execute::Shown, world::World};
use crate::{app::Failure, domain::rollout::Rollout, ports::target::TargetErrorKind, report::escape::one_line};

/// What is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Interrupted {
    /// The version that the targets with the newest epoch show to everybody; `None` where they do not agree on one.
    pub(crate) to: Option<String>,
    /// What people read.
    pub(crate) warning: String,
}

impl World {
    /// Whether a target knows a newer epoch than the record. Somebody's rollback that was written meanwhile is none.
    pub(crate) async fn interrupted(&self, rollout: &Rollout, shown: &[Shown]) -> Result<Option<Interrupted>, Failure> {
        let fenced = shown.iter().any(|shown| shown.error == Some(TargetErrorKind::Fenced));
        let newest = shown.iter().filter_map(|shown| shown.epoch).max().unwrap_or_default();
        if newest <= rollout.epoch && !fenced {
            return Ok(None);
        }
        let fresh = self.load(self.base.patience()).await?;
        let known = fresh.deployment.epoch;
        if known >= newest && (known > rollout.epoch || !fenced) {
            return Ok(None);
        }
        let mut all = shown.iter().filter(|shown| shown.epoch == Some(newest) && newest > rollout.epoch);
        let first = all.next();
        let to = first.and_then(|first| first.whole.clone()).filter(|whole| all.all(|other| other.whole.as_ref() == Some(whole)));
        let target = first.or_else(|| shown.iter().find(|shown| shown.error.is_some())).map_or("a target", |shown| &shown.target);
        let prompt = one_line(&self.prompt);
        let warning = format!(
            "warning: {} was rolled back by a run that did not finish (epoch {newest} there, {known} here): \
             `prompt-cicd rollback resume {prompt} -e {}` finishes it",
            one_line(target),
            self.settings.name
        );
        Ok(Some(Interrupted { to, warning }))
    }
}
