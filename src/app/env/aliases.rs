//! Aliases at MLflow registries: a name for each environment and prompt, for the version that completed a rollout there. Rollouts move
//! them; here they are put where a registry was added later, or lost them.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use super::Trouble;
use crate::{
    app::{Failure, Services, rollout},
    config::Config,
    domain::{
        environment::{
            Alias, Found,
            made::{Item, Kind, Made},
        },
        rollout::{Rollout, deployment::Deployment},
        target::TargetKind,
    },
    ports::{
        store::{Key, Patience, Store, StoreError, read},
        target::TargetErrorKind,
    },
};

/// The longest that one registry may take to answer.
const ANSWER: Duration = Duration::from_secs(20);

/// One prompt in one environment at one registry.
pub(super) struct Place {
    pub(super) alias: Alias,
    world: rollout::world::World,
    rollout: Rollout,
}

/// Those of these environments (all where none is named) in which a version completed a rollout and no rollout is under way.
///
/// # Errors
/// A store that does not answer, a target that cannot be used.
pub(super) async fn places(
    services: &Services,
    (config, path): (&Config, &PathBuf),
    store: &Arc<dyn Store>,
    environments: &[String],
    patience: Patience,
) -> Result<Vec<Place>, Failure> {
    let registries: Vec<&str> = config
        .targets
        .iter()
        .filter(|target| matches!(target.kind, TargetKind::Mlflow { .. }))
        .map(|target| target.name.as_str())
        .collect();
    let mut places = Vec::new();
    for environment in config.environments.iter().filter(|environment| environments.is_empty() || environments.contains(&environment.name))
    {
        let targets: Vec<&String> = environment.targets.iter().filter(|target| registries.contains(&target.as_str())).collect();
        if targets.is_empty() {
            continue;
        }
        let folder = Key::of(&["rollout", &environment.name]).map_err(|error| Failure::Store(StoreError::Settings(error.to_string())))?;
        for key in store.list(Some(&folder), patience).await.map_err(Failure::Store)? {
            let found = read::<Deployment>(store.as_ref(), &key, patience).await.map_err(Failure::Store)?;
            let Some((deployment, _)) = found else { continue };
            let settled = deployment.rollout.filter(|rollout| rollout.phase.is_over() && rollout.intent.is_none());
            let (Some(rollout), Some(stable)) = (settled, deployment.stable) else { continue };
            for target in &targets {
                let name = format!("{target}/{}/{}", environment.name, deployment.prompt);
                let alias = Alias { name, version: stable.version.clone() };
                let base = base(services, config, path, store, (&environment.name, target));
                let mut world = rollout::world::World::open(base, &deployment.prompt, Some(&environment.name))?.complete()?;
                world.learn_texts(&rollout.desired()).await?;
                places.push(Place { alias, world, rollout: rollout.clone() });
            }
        }
    }
    Ok(places)
}

/// The configuration with this registry as the environment's only target: nothing else is asked or changed.
fn base(
    services: &Services,
    config: &Config,
    path: &Path,
    store: &Arc<dyn Store>,
    (environment, target): (&str, &str),
) -> rollout::world::Base {
    let mut config = config.clone();
    config.metric_sources.clear();
    for settings in config.environments.iter_mut().filter(|settings| settings.name == environment) {
        settings.targets = vec![target.to_owned()];
    }
    rollout::world::Base {
        services: services.clone(),
        config,
        folder: path.parent().map(PathBuf::from).unwrap_or_default(),
        path: path.to_owned(),
        store: Arc::clone(store),
        warnings: Vec::new(),
    }
}

/// What there is of them. What was made where nobody looks now stays as it is written down.
pub(super) async fn look(places: &[Place], made: &Made, found: &mut Found, unseen: &mut BTreeMap<Kind, Trouble>, notes: &mut Vec<String>) {
    let mut looked_at = BTreeSet::new();
    for place in places {
        let Some(target) = place.world.targets.first() else { continue };
        let item = Item::new(Kind::Alias, &place.alias.name);
        looked_at.insert(item.name.clone());
        match target.observe(ANSWER).await {
            Ok(observed) => {
                let Some(shares) = observed.shares else { continue };
                let number = if observed.operation.is_some() { Alias::OURS } else { Alias::THEIRS };
                found.numbers.insert(item, number);
                let version = shares.keys().next().cloned().unwrap_or_default();
                found.aliases.push(Alias { name: place.alias.name.clone(), version });
            }
            Err(error) => {
                notes.push(format!("warning: the alias `{}`: {error}", place.alias.name));
                found.unseen.insert(Kind::Alias);
                unseen.insert(Kind::Alias, Trouble::of_target(&error));
            }
        }
    }
    found.numbers.extend(made.aliases_beside(&looked_at).map(|item| (item, Alias::OURS)));
}

impl Place {
    /// Puts the alias there, and reads it back.
    pub(super) async fn put(&self) -> Result<(), Trouble> {
        let operation = format!("{}.{}.again", self.rollout.id, self.rollout.epoch);
        let shown = self.world.make_show(0, &self.rollout, &self.rollout.desired(), &operation, ANSWER).await;
        if shown.confirmed {
            return Ok(());
        }
        Err(Trouble::Target { transient: shown.error.is_some_and(TargetErrorKind::is_transient), text: shown.text })
    }

    /// Takes it away.
    pub(super) async fn remove(&self) -> Result<(), Trouble> {
        let Some(target) = self.world.targets.first() else { return Ok(()) };
        target.withdraw(ANSWER).await.map_err(|error| Trouble::of_target(&error))
    }
}
