//! `env apply`: makes what is wanted so. What it makes is written down before and after.

use serde_json::json;

use super::{EnvRequest, Trouble, World, look, outcome_of, record, unkept};
use crate::{
    app::{Failure, Finished, Outcome, Services, audit::commit},
    domain::{
        audit::Event,
        environment::{
            Alias,
            made::{Item, Made},
            plan::{Action, Change, Thing, changes, left_over},
        },
    },
    ports::{
        code_host::{CodeHostError, Put},
        store::{Expect, StoreError, write},
    },
    report::environment::{Line, Verb, View},
};

/// Makes and changes what differs; asks nothing that writes where nothing does.
///
/// # Errors
/// A configuration that is wrong, no code host, a store that does not take the record before anything is made. What the code host
/// refuses is told beside what it did.
pub async fn apply(services: &Services, request: &EnvRequest) -> Result<Finished, Failure> {
    if request.dry_run {
        return look::shown(services, request, Verb::Plan).await;
    }
    let mut world = World::open(services, request).await?;
    // What could not be looked at may be there as it is wanted: it is not made, not changed and not forgotten.
    let (untold, planned): (Vec<Change>, Vec<Change>) =
        changes(&world.wanted, &world.found, &world.made).into_iter().partition(|change| world.found.unseen.contains(&change.thing.item()));
    let creations = planned.iter().filter(|change| change.action == Action::Create).map(|change| change.thing.item());
    let intent = world.made.clone().about_to(creations);
    // Also where nothing is made: the state branch is one of the things that are set up.
    if intent != world.made || world.expect == Expect::Absent {
        world.keep(services, intent, &[]).await.map_err(Failure::Store)?;
    }
    let (mut lines, mut errors, mut made) = (Vec::new(), Vec::new(), world.made.clone());
    for change in planned {
        let (number, done) = carry_out(&world, &change).await;
        if change.action == Action::Create {
            let item = change.thing.item();
            match (number, &done) {
                (Some(number), _) => made.did(&item, number),
                // It may have been made.
                (
                    None,
                    Err(
                        Trouble::Host(CodeHostError::Unreachable { .. } | CodeHostError::Unusable { .. } | CodeHostError::TooLarge { .. })
                        | Trouble::Target { transient: true, .. }
                        | Trouble::Overtaken { written: true, .. },
                    ),
                ) => {}
                // It was refused, or somebody else was quicker.
                (None, Ok(()) | Err(_)) => made.lost(&item),
            }
        }
        lines.push(Line::done(change, done.as_ref().err().map(ToString::to_string)));
        errors.extend(done.err());
    }
    if !lines.is_empty() {
        let told = world.keep(services, made, &[event(services, "environments-applied", &lines)]).await;
        world.notes.extend(told.err().map(|error| unkept(&error)));
    }
    for change in untold {
        let why = world.unseen.get(&change.thing.item()).cloned();
        lines.push(Line::done(change, why.as_ref().map(ToString::to_string)));
        errors.extend(why);
    }
    let outcome = if errors.is_empty() { Outcome::Done } else { outcome_of(errors.iter()) };
    let left = if request.environments.is_empty() { left_over(&world.wanted, &world.found, &world.made) } else { Vec::new() };
    let (wanted, made, place, unknown) =
        (world.wanted.clone(), world.made.clone(), world.store.place(), world.unknown(&request.environments));
    let view = View { verb: Verb::Apply, lines: &lines, left: &left, unknown: &unknown, wanted: &wanted, made: &made, place: &place };
    world.finish(request, &view, outcome)
}

impl World {
    /// Writes down what we made, with the events of the audit log.
    pub(super) async fn keep(&mut self, services: &Services, made: Made, events: &[Event]) -> Result<(), StoreError> {
        let writes = [write(record(), self.expect.clone(), &made)?];
        let revisions = commit(services, self.store.as_ref(), &writes, events, self.history, self.patience).await?;
        if let Some(revision) = revisions.into_iter().next() {
            self.expect = Expect::Revision(revision);
        }
        self.made = made;
        Ok(())
    }
}

/// What the audit log gets.
pub(super) fn event(services: &Services, what: &str, lines: &[Line]) -> Event {
    let done = lines.iter().filter(|line| line.error.is_none());
    let named = |line: &Line| {
        let Item { kind, name } = line.change.thing.item();
        json!({"action": line.change.action, "kind": kind, "name": name})
    };
    Event {
        who: services.who.clone(),
        what: what.to_owned(),
        prompt: None,
        environment: None,
        from: None,
        to: None,
        why: None,
        evidence: done.map(named).collect(),
    }
}

/// Makes or changes one thing; its number comes back where it was made.
async fn carry_out(world: &World, change: &Change) -> (Option<u64>, Result<(), Trouble>) {
    let (host, patience) = (&world.host, world.patience);
    let Put { made, done } = match &change.thing {
        Thing::Environment { to_be, found } => host.put_environment(to_be, found.as_ref(), patience).await,
        Thing::Label(label) => host.create_label(label, patience).await,
        Thing::Ruleset { to_be, found } => host.put_ruleset(to_be, found.as_ref(), patience).await,
        Thing::Alias(alias) => {
            // What is planned has its place.
            let Some(place) = world.place(alias) else { return (None, Ok(())) };
            let done = place.put().await;
            return (done.is_ok().then_some(Alias::OURS), done);
        }
    };
    (made, done.map_err(Trouble::Host))
}
