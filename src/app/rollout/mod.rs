//! `prompt-cicd rollout`: a file for each verb. Every verb loads the record, lets the reducer decide, writes the intent, acts, reads back
//! and writes the result.

pub(crate) mod execute;
mod history;
mod interrupted;
mod known;
pub(crate) mod measure;
mod order;
mod plan;
pub(crate) mod refusing;
mod run;
mod slots;
mod smoke;
mod start;
mod status;
mod step;
pub(crate) mod tell;
pub(crate) mod world;

use std::path::PathBuf;

pub use history::history;
pub use order::{Order, order};
pub use plan::plan;
pub use run::run;
pub use start::{StartRequest, retry, start};
pub use status::status;
pub use step::step;

use super::{Failure, Finished, Outcome, Services};
use crate::{
    domain::rollout::{Phase, Rollout, deployment::Deployment},
    ports::target::TargetErrorKind,
    report::{
        Style,
        rollout::{Shape, TargetLine, View, render},
    },
};
use execute::Shown;
use world::{Base, World};

/// Which prompt, where, and how it is shown.
#[derive(Debug, Clone)]
pub struct Subject {
    /// The configuration; `None`: look in the usual places.
    pub config: Option<PathBuf>,
    /// The prompt's name.
    pub prompt: String,
    /// The environment; `None`: the only one.
    pub environment: Option<String>,
    /// Who asks; `None`: whoever runs this process.
    pub by: Option<String>,
    /// What standard output gets.
    pub shape: Shape,
    /// How text looks.
    pub style: Style,
    /// Shows what would happen, and does nothing.
    pub dry_run: bool,
}

impl Subject {
    /// Opens what the subject needs.
    ///
    /// # Errors
    /// A configuration that cannot be used, also for its health metrics and each of its targets.
    pub(crate) fn open(&self, services: &Services) -> Result<World, Failure> {
        self.open_unmeasured(services)?.complete()
    }

    /// The same for who looks after a rollout that is under way: a target that cannot be used keeps it from more traffic, and neither from
    /// looking at health nor from going back.
    pub(crate) fn open_watching(&self, services: &Services) -> Result<World, Failure> {
        self.open_unmeasured(services)?.confined()
    }

    /// The same for who stops, goes back or only shows: neither numbers that may not be read nor a target that cannot be used, while the
    /// others can, keep anybody from that.
    pub(crate) fn open_unmeasured(&self, services: &Services) -> Result<World, Failure> {
        let base = Base::open(services, self.config.clone())?;
        World::open(base, &self.prompt, self.environment.as_deref())
    }

    pub(crate) fn by(&self, services: &Services) -> String {
        self.by.clone().unwrap_or_else(|| services.who.actor.clone())
    }

    /// Shows where the deployment is.
    pub(crate) fn show(&self, world: &World, deployment: &Deployment, shown: &[Shown], said: Vec<String>) -> Result<Finished, Failure> {
        let lines: Vec<TargetLine> = shown
            .iter()
            .map(|shown| TargetLine { target: shown.target.clone(), confirmed: shown.confirmed, shows: shown.text.clone() })
            .collect();
        let mut stdout = Vec::new();
        let warnings: Vec<String> = said.iter().filter_map(|line| line.strip_prefix("warning: ").map(str::to_owned)).collect();
        let view = View { deployment, targets: &lines, now: world.base.moment(), warnings: &warnings };
        render(self.shape, &view, &self.style, &mut stdout).map_err(|error| Failure::Internal(error.into()))?;
        let outcome = deployment.rollout.as_ref().map_or(Outcome::Done, |rollout| outcome(rollout, shown));
        let mut notes = super::lines(&world.base.warnings);
        notes.extend(said);
        notes.extend(tell::rollout(&world.base.services, &view, &self.style, self.dry_run));
        Ok(Finished { outcome, stdout, notes })
    }
}

/// What a look at a rollout concludes.
fn outcome(rollout: &Rollout, shown: &[Shown]) -> Outcome {
    if let Some(unconfirmed) = unconfirmed(shown) {
        return unconfirmed;
    }
    match &rollout.phase {
        Phase::Progressing | Phase::Completed => Outcome::Done,
        Phase::Held { .. } | Phase::Aborted { .. } | Phase::Returning { .. } => Outcome::RolloutHeld,
        Phase::RolledBack { back } => {
            if back.trigger.is_some_and(crate::domain::rollback::trigger::Trigger::is_automatic) {
                Outcome::RolledBack
            } else {
                Outcome::Done
            }
        }
    }
}

/// What targets that do not show what they should come to.
pub(crate) fn unconfirmed(shown: &[Shown]) -> Option<Outcome> {
    let errors = || shown.iter().filter(|shown| !shown.confirmed).map(|shown| shown.error);
    // A target that answers and shows something else is drift, whatever keeps others from answering.
    if errors().any(|error| error.is_none_or(|kind| kind == TargetErrorKind::Fenced)) {
        return Some(Outcome::RolloutHeld);
    }
    let refused = errors().flatten().any(|kind| !kind.is_transient());
    errors().next().map(|_| Outcome::RolloutUnconfirmed { refused })
}

/// What effects tell people, a line each.
fn told(effects: &[crate::domain::rollout::Effect]) -> Vec<String> {
    use crate::domain::rollout::Effect;
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Tell { text } => Some(format!("note: {}", crate::report::escape::one_line(text))),
            Effect::Apply { .. }
            | Effect::Smoke { .. }
            | Effect::MarkStable { .. }
            | Effect::PutBack { .. }
            | Effect::MarkBad { .. }
            | Effect::Retire { .. } => None,
        })
        .collect()
}
