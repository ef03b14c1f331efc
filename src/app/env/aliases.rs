//! Aliases at MLflow registries: a name for each environment and prompt, for the version that completed a rollout there. Rollouts move
//! them; here they are put where a registry was added later, or lost them.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use semver::Version;

use super::Trouble;
use crate::{
    app::{
        Failure, Services,
        rollout::world::{Base, World},
    },
    config::Config,
    domain::{
        environment::{
            Alias, Found,
            made::{Item, Kind, Made},
        },
        rollout::{Rollout, deployment::Deployment},
        target::{Observed, TargetKind},
    },
    ports::{
        store::{Key, Patience, Revision, Store, StoreError, read},
        target::TargetErrorKind,
    },
};

/// The longest that one registry may take to answer.
const ANSWER: Duration = Duration::from_secs(20);

/// One prompt in one environment at one registry.
pub(super) struct Place {
    pub(super) alias: Alias,
    opened: Result<Opened, Trouble>,
}

/// A registry that can be asked, and what was planned from.
struct Opened {
    world: World,
    rollout: Rollout,
    /// Of the deployment's record, as it was read.
    revision: Revision,
}

/// Those of these environments (all where none is named) in which a version completed a rollout and no rollout is under way.
///
/// # Errors
/// A store that does not answer. A target that cannot be used is kept with its reason.
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
            let Some((deployment, revision)) = found else { continue };
            let settled = deployment.rollout.filter(|rollout| rollout.phase.is_over() && rollout.intent.is_none());
            let (Some(rollout), Some(stable)) = (settled, deployment.stable) else { continue };
            for target in &targets {
                let name = format!("{target}/{}/{}", environment.name, deployment.prompt);
                let alias = Alias { name, version: stable.version.clone() };
                let base = base(services, config, path, store, (&environment.name, target));
                let opened = Opened::of(base, &deployment.prompt, &environment.name, (rollout.clone(), revision.clone())).await;
                places.push(Place { alias, opened: opened.map_err(|failure| Trouble::of_failure(&failure)) });
            }
        }
    }
    Ok(places)
}

/// The configuration with this registry as the environment's only target: nothing else is asked or changed.
fn base(services: &Services, config: &Config, path: &Path, store: &Arc<dyn Store>, (environment, target): (&str, &str)) -> Base {
    let mut config = config.clone();
    config.metric_sources.clear();
    for settings in config.environments.iter_mut().filter(|settings| settings.name == environment) {
        settings.targets = vec![target.to_owned()];
    }
    Base {
        services: services.clone(),
        config,
        folder: path.parent().map(PathBuf::from).unwrap_or_default(),
        path: path.to_owned(),
        store: Arc::clone(store),
        warnings: Vec::new(),
    }
}

/// What there is of them, and why some could not be looked at. What was made where nobody looks now stays as it is written down.
pub(super) async fn look(places: &[Place], made: &Made, found: &mut Found, unseen: &mut BTreeMap<Item, Trouble>) {
    let mut looked_at = BTreeSet::new();
    for place in places {
        let item = Item::new(Kind::Alias, &place.alias.name);
        looked_at.insert(item.name.clone());
        match place.observe().await {
            Ok(observed) => {
                let Some(shares) = observed.shares else { continue };
                let version = shares.keys().next().cloned().unwrap_or_default();
                // A version without a number of ours was put there by hand, also where an operation of ours is remembered.
                let ours = observed.operation.is_some() && Version::parse(&version).is_ok();
                found.numbers.insert(item, if ours { Alias::OURS } else { Alias::THEIRS });
                found.aliases.push(Alias { name: place.alias.name.clone(), version });
            }
            Err(trouble) => {
                unseen.insert(item, trouble);
            }
        }
    }
    found.numbers.extend(made.aliases_beside(&looked_at).map(|item| (item, Alias::OURS)));
}

impl Opened {
    async fn of(base: Base, prompt: &str, environment: &str, (rollout, revision): (Rollout, Revision)) -> Result<Self, Failure> {
        let mut world = World::open(base, prompt, Some(environment))?.complete()?;
        world.learn_texts(&rollout.desired()).await?;
        Ok(Self { world, rollout, revision })
    }

    /// Refuses when the deployment's record is not the one that was planned from: a rollout that came in between moves the alias itself.
    async fn unchanged(&self, written: bool) -> Result<(), Trouble> {
        let loaded = self.world.load(self.world.base.patience()).await.map_err(|failure| Trouble::of_failure(&failure))?;
        if loaded.revision.as_ref() == Some(&self.revision) {
            return Ok(());
        }
        let (prompt, environment) = (&self.world.prompt, &self.world.settings.name);
        let mend = if written {
            format!("`prompt-cicd rollout step {prompt} --environment {environment}` puts right what the target shows")
        } else {
            "it was left to that rollout; look again with `prompt-cicd env plan`".to_owned()
        };
        Err(Trouble::Overtaken { written, text: format!("a rollout of `{prompt}` in `{environment}` came in between: {mend}") })
    }
}

impl Place {
    async fn observe(&self) -> Result<Observed, Trouble> {
        let opened = self.opened.as_ref().map_err(Clone::clone)?;
        match opened.world.targets.first() {
            Some(target) => target.observe(ANSWER).await.map_err(|error| Trouble::of_target(&error)),
            None => Ok(Observed::default()),
        }
    }

    /// Puts the alias there, and reads it back. The registry has no lock: the record is looked at before and after.
    pub(super) async fn put(&self) -> Result<(), Trouble> {
        let opened = self.opened.as_ref().map_err(Clone::clone)?;
        opened.unchanged(false).await?;
        let Opened { world, rollout, .. } = opened;
        let operation = format!("{}.{}.again", rollout.id, rollout.epoch);
        let shown = world.make_show(0, rollout, &rollout.desired(), &operation, ANSWER).await;
        opened.unchanged(true).await?;
        if shown.confirmed {
            return Ok(());
        }
        Err(Trouble::Target { transient: shown.error.is_some_and(TargetErrorKind::is_transient), text: shown.text })
    }

    /// Takes it away.
    pub(super) async fn remove(&self) -> Result<(), Trouble> {
        let opened = self.opened.as_ref().map_err(Clone::clone)?;
        let Some(target) = opened.world.targets.first() else { return Ok(()) };
        opened.unchanged(false).await?;
        target.withdraw(ANSWER).await.map_err(|error| Trouble::of_target(&error))?;
        opened.unchanged(true).await
    }
}
