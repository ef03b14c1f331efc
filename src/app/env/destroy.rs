//! `env destroy`: takes away what `apply` made, and nothing else.

use super::{EnvRequest, Trouble, World, apply::event, outcome_of, unkept};
use crate::{
    app::{Failure, Finished, Outcome, Services, rollout::execute::refused},
    domain::environment::{
        made::Item,
        plan::{Change, Thing, concerns, demolition},
    },
    report::environment::{Line, Verb, View},
};

/// Deletes what the record says that we made.
///
/// # Errors
/// Nobody said yes; as [`super::plan`].
pub async fn destroy(services: &Services, request: &EnvRequest) -> Result<Finished, Failure> {
    let mut world = World::open(services, request).await?;
    let planned = demolition(&world.found, &world.made, &named(request));
    let doomed: Vec<String> = planned.iter().map(|change| format!("{} {}", change.thing.kind().as_str(), change.thing.name())).collect();
    if !request.dry_run && !request.yes && !planned.is_empty() {
        let why = format!("nobody said yes; would delete, with secrets and variables: {}", doomed.join(", "));
        return Err(refused("destroy", why, &["env destroy --yes", "env destroy --dry-run"]));
    }
    let (mut lines, mut errors, mut made) = (Vec::new(), Vec::new(), world.made.clone());
    for change in planned {
        if request.dry_run {
            lines.push(Line::planned(change));
            continue;
        }
        let done = take_away(&world, &change).await;
        if done.is_ok() {
            made.lost(&change.thing.item());
        }
        lines.push(Line::done(change, done.as_ref().err().map(ToString::to_string)));
        errors.extend(done.err());
    }
    if !lines.is_empty() && !request.dry_run {
        let told = world.keep(services, made, &[event(services, "environments-destroyed", &lines)]).await;
        world.notes.extend(told.err().map(|error| unkept(&error)));
    }
    // What could not be looked at and may be ours is not deleted: it is no success.
    let ours = |item: &Item| world.made.has(item) || world.made.may_have(item);
    let left = world.unseen.iter().filter(|(item, _)| ours(item) && concerns(item, &named(request)));
    errors.extend(left.map(|(_, trouble)| trouble.clone()));
    let outcome = if errors.is_empty() { Outcome::Done } else { outcome_of(errors.iter()) };
    let (wanted, made, place, unknown) = (world.wanted.clone(), world.made.clone(), world.store.place(), world.unknown(&named(request)));
    let view = View { verb: Verb::Destroy, lines: &lines, left: &[], unknown: &unknown, wanted: &wanted, made: &made, place: &place };
    world.finish(request, &view, outcome)
}

/// An environment goes with the one for its emergencies.
fn named(request: &EnvRequest) -> Vec<String> {
    request.environments.iter().flat_map(|name| [name.clone(), format!("{name}-emergency")]).collect()
}

async fn take_away(world: &World, change: &Change) -> Result<(), Trouble> {
    let (host, patience) = (&world.host, world.patience);
    match &change.thing {
        Thing::Environment { to_be, .. } => host.delete_environment(&to_be.name, patience).await,
        Thing::Label(label) => host.delete_label(&label.name, patience).await,
        // What is planned for deletion was found.
        Thing::Ruleset { found: Some(found), .. } => host.delete_ruleset(found.id, patience).await,
        Thing::Ruleset { found: None, .. } => Ok(()),
        Thing::Alias(alias) => match world.place(alias) {
            Some(place) => return place.remove().await,
            None => Ok(()),
        },
    }
    .map_err(Trouble::Host)
}
