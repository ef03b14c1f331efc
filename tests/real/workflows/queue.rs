//! Groups of runs, of which one at a time is under way.

use super::world::World;

/// A group, if any, with a run under way.
pub(super) struct Queue<'w> {
    world: &'w World,
    group: Option<String>,
}

impl<'w> Queue<'w> {
    /// `None`: somebody is in it.
    pub(super) fn enter(world: &'w World, group: Option<String>) -> Option<Self> {
        let free = group.as_ref().is_none_or(|group| world.queues.lock().unwrap().insert(group.clone()));
        free.then(|| Self { world, group })
    }

    /// Who waits for reviewers stays in the group.
    pub(super) fn leave(mut self, waits: bool) {
        if waits {
            self.group = None;
        }
    }
}

impl Drop for Queue<'_> {
    fn drop(&mut self) {
        if let Some(group) = &self.group {
            self.world.queues.lock().unwrap().remove(group);
        }
    }
}
