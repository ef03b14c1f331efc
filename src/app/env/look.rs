//! `env plan` and `env status`: what there is, and what would change.

use super::{EnvRequest, World};
use crate::{
    app::{Failure, Finished, Outcome, Services},
    domain::environment::plan::{changes, left_over},
    report::environment::{Line, Verb, View},
};

/// Shows what `apply` would do. Nothing is written.
///
/// # Errors
/// A configuration that is wrong, no code host, and whatever keeps it or the store from answering.
pub async fn plan(services: &Services, request: &EnvRequest) -> Result<Finished, Failure> {
    shown(services, request, Verb::Plan).await
}

/// Shows whether everything is as the configuration says.
///
/// # Errors
/// As [`plan`].
pub async fn status(services: &Services, request: &EnvRequest) -> Result<Finished, Failure> {
    shown(services, request, Verb::Status).await
}

pub(super) async fn shown(services: &Services, request: &EnvRequest, verb: Verb) -> Result<Finished, Failure> {
    let world = World::open(services, request).await?;
    let lines: Vec<Line> = changes(&world.wanted, &world.found, &world.made).into_iter().map(Line::planned).collect();
    let left = if request.environments.is_empty() { left_over(&world.wanted, &world.found, &world.made) } else { Vec::new() };
    let (wanted, made, place, unknown) =
        (world.wanted.clone(), world.made.clone(), world.store.place(), world.unknown(&request.environments));
    let view = View { verb, lines: &lines, left: &left, unknown: &unknown, wanted: &wanted, made: &made, place: &place };
    let outcome = if verb == Verb::Status { Outcome::OutOfDate { so: !lines.is_empty() } } else { Outcome::Done };
    world.finish(request, &view, outcome)
}
