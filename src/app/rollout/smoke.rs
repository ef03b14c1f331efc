//! The suite of a stage.

use super::world::World;
use crate::app::{Failure, test};

/// Runs a suite as `test` does; `None`: it came to no conclusion.
pub(crate) async fn smoke(world: &World, suite: &str) -> Result<Option<bool>, Failure> {
    test::verdict_of(&world.base.services, &world.base.path, suite).await
}
