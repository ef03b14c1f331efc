//! All targets at once, each again until it shows the version, cannot, or the time is up.

use std::time::Duration;

use futures::future::join_all;

use crate::{
    app::rollout::{execute::Shown, world::World},
    domain::{
        rollback::{deadline::Deadline, record::TargetOutcome},
        rollout::Rollout,
    },
    ports::target::TargetErrorKind,
};

/// The longest that one try of one target may take, so that another one fits in.
pub(super) const TRY: Duration = Duration::from_secs(10);

/// What became of the targets so far.
#[derive(Debug, Default)]
pub(super) struct Driven {
    /// Whether an epoch that a target cannot read is written over.
    pub(super) overwrites: bool,
    /// What each said last, with how often it was tried, and when the last try began and ended.
    said: Vec<(Shown, u32, (Duration, Duration))>,
}

impl Driven {
    /// Whether every target was read back as desired.
    pub(super) fn confirmed(&self, world: &World) -> bool {
        self.said.len() == world.targets.len() && self.said.iter().all(|(shown, _, _)| shown.confirmed)
    }

    pub(super) fn shown(&self) -> Vec<Shown> {
        self.said.iter().map(|(shown, _, _)| shown.clone()).collect()
    }

    /// As it is kept, also for targets that there was no time for.
    pub(super) fn outcomes(&self, world: &World) -> Vec<TargetOutcome> {
        let never = |name: &str| TargetOutcome {
            target: name.to_owned(),
            confirmed: false,
            attempts: 0,
            millis: 0,
            shows: "there was no time to try it".to_owned(),
            applied: None,
        };
        let of = |(index, target): (usize, &std::sync::Arc<dyn crate::ports::target::Target>)| {
            self.said.get(index).map_or_else(|| never(target.name()), |(shown, attempts, took)| shown.outcome(*attempts, *took))
        };
        world.targets.iter().enumerate().map(of).collect()
    }
}

/// Makes every target show what `rollout` wants.
pub(super) async fn drive(world: &World, rollout: &Rollout, deadline: Deadline, driven: &mut Driven) {
    let desired = rollout.desired();
    let operation =
        rollout.intent.as_ref().map_or_else(|| format!("{}.{}.again", rollout.id, rollout.epoch), |intent| intent.operation.clone());
    driven.said.clear();
    let overwrites = driven.overwrites;
    let clock = &world.base.services.clock;
    let each = (0..world.targets.len()).map(|index| {
        let (desired, operation) = (&desired, &operation);
        async move {
            let mut attempts = 0;
            let mut last: Option<(Shown, Duration)> = None;
            while let Some(left) = deadline.left(clock.elapsed()) {
                attempts += 1;
                let began = deadline.taken(clock.elapsed());
                let shown = world.make_show_over((index, overwrites), rollout, desired, operation, left.min(TRY)).await;
                // What cannot be read may be half of what somebody is writing: once more, and no longer.
                let half_written = attempts == 1 && shown.error == Some(TargetErrorKind::Corrupt);
                let again = !shown.confirmed && (half_written || shown.error.is_none_or(TargetErrorKind::is_transient));
                last = Some((shown, began));
                let Some(left) = deadline.left(clock.elapsed()).filter(|_| again) else { break };
                clock.sleep(Duration::from_millis(200).min(left)).await;
            }
            last.map(|(shown, began)| (shown, attempts, (began, deadline.taken(clock.elapsed()))))
        }
    });
    driven.said = join_all(each).await.into_iter().flatten().collect();
}
