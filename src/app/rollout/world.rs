//! What a rollout command works with: the configuration's word, the store, the targets and the metric sources.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use super::refusing::Refusing;
use crate::{
    app::{
        Failure, Services,
        audit::commit,
        inside::Inside,
        notify, read_config,
        registry::{self, Marked},
    },
    config::{self, Config},
    domain::{
        audit,
        diagnostic::{Diagnostic, Place},
        kubernetes::ClusterSettings,
        metric_source::MetricSourceSettings,
        registry::Entry,
        rollout::{
            Moment, Now, VersionRef,
            deployment::Deployment,
            recorded::{Recorded, recorded, unmarked},
            settings::EnvironmentSettings,
        },
        target::{FlagdPlace, Subject, TargetKind},
    },
    ports::{
        metric_source::MetricSource,
        provider::ConnectError,
        store::{Expect, Key, Patience, Revision, Store, StoreError, Stored, Write, read, write},
        target::Target,
    },
    report::escape::one_line,
};

impl Stored for Deployment {
    const SCHEMA: u32 = 1;
}

impl Stored for Entry {
    const SCHEMA: u32 = 1;
}

/// How long one reading or writing of the record may take where nothing presses.
const STORE_TIME: Duration = Duration::from_secs(20);

/// A configuration with its store.
pub(crate) struct Base {
    pub(crate) services: Services,
    pub(crate) config: Config,
    pub(crate) folder: PathBuf,
    pub(crate) path: PathBuf,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) warnings: Vec<Diagnostic>,
}

/// The record as it was read.
#[derive(Debug, Clone)]
pub(crate) struct Loaded {
    pub(crate) deployment: Deployment,
    pub(crate) revision: Option<Revision>,
}

/// A target or metric source that cannot be opened, and why.
struct Unopened {
    /// The name under `metric-sources`; `None`: a target.
    source: Option<String>,
    error: ConnectError,
}

/// One prompt in one environment, with all that it takes to change what it serves.
pub(crate) struct World {
    pub(crate) base: Base,
    pub(crate) settings: EnvironmentSettings,
    pub(crate) prompt: String,
    pub(crate) targets: Vec<Arc<dyn Target>>,
    pub(crate) sources: Vec<Arc<dyn MetricSource>>,
    /// Why the files of metric sources may not be read.
    misplaced: Option<Failure>,
    /// What cannot be opened: such a target refuses all that it is asked, such a source is none.
    unopened: Vec<Unopened>,
    /// Versions whose records were changed and that mirrors do not have yet.
    changed: Mutex<BTreeSet<String>>,
    /// Versions that this process took the mark as bad away from, with why they were.
    unmarked: Mutex<Vec<(VersionRef, String)>>,
    /// Texts of versions by digest, where a target wants to be told them.
    pub(super) texts: BTreeMap<String, String>,
    /// When this process made its last step, on the clock that never jumps.
    last: Option<Duration>,
}

impl Base {
    /// Reads the configuration and opens its store; nothing is asked of the store yet.
    pub(crate) fn open(services: &Services, given: Option<PathBuf>) -> Result<Self, Failure> {
        let (path, text) = read_config(services, given)?;
        let (mut config, warnings) = config::parse(&text, &path.display().to_string()).map_err(Failure::Configuration)?;
        let folder = path.parent().map(PathBuf::from).unwrap_or_default();
        for target in &mut config.targets {
            if let TargetKind::Flagd { place: FlagdPlace::File(file), .. } = &mut target.kind {
                *file = folder.join(&*file);
            }
            if let TargetKind::Kubernetes { cluster: ClusterSettings { kubeconfig: Some(file), .. }, .. } = &mut target.kind {
                *file = folder.join(&*file);
            }
        }
        config.store = config.store.below(&folder);
        let store = services.stores.open(&config.store).map_err(Failure::Store)?;
        Ok(Self { services: services.clone(), config, folder, path, store, warnings })
    }

    /// The time a store may take where nothing presses.
    pub(crate) fn patience(&self) -> Patience {
        Patience::of(self.services.clock.as_ref(), STORE_TIME)
    }

    /// The wall clock.
    pub(crate) fn moment(&self) -> Moment {
        moment(&self.services.clock.now())
    }

    /// An environment by its name; the only one where none is named.
    pub(crate) fn environment(&self, name: Option<&str>) -> Result<&EnvironmentSettings, Failure> {
        let all = &self.config.environments;
        let names = || all.iter().map(|environment| environment.name.as_str()).collect::<Vec<_>>().join(", ");
        let problem = |message: String| {
            Failure::Configuration(vec![Diagnostic::error(Place::file("--environment"), "environments".to_owned(), message)])
        };
        match (name, all.as_slice()) {
            (_, []) => Err(problem("the configuration has no `environments`: describe one with its targets".to_owned())),
            (None, [only]) => Ok(only),
            (None, [..]) => Err(problem(format!("which environment? Name one of {} with --environment", names()))),
            (Some(name), [..]) => all
                .iter()
                .find(|environment| environment.name == name)
                .ok_or_else(|| problem(format!("there is no environment `{name}`: there are {}", names()))),
        }
    }
}

impl World {
    /// Opens everything for one prompt in one environment. Where a metric source is a file outside of the repository, no source is opened,
    /// and `misplaced` says so. What cannot be opened is in [`Self::complete`]'s error, unless it is all the targets.
    pub(crate) fn open(mut base: Base, prompt: &str, environment: Option<&str>) -> Result<Self, Failure> {
        let settings = base.environment(environment)?.clone();
        let subject = Subject { prompt: prompt.to_owned(), environment: settings.name.clone() };
        let (mut targets, mut sources, mut unopened) = (Vec::new(), Vec::new(), Vec::new());
        for name in &settings.targets {
            if let Some(target) = base.config.targets.iter().find(|target| target.name == *name) {
                match base.services.targets.open(target, &subject) {
                    Ok(target) => targets.push(target),
                    Err(error) => {
                        targets.push(Arc::new(Refusing { name: target.name.clone(), message: whole(&error) }));
                        unopened.push(Unopened { source: None, error });
                    }
                }
            }
        }
        if !targets.is_empty() && unopened.len() == targets.len() {
            return Err(Failure::Connection(unopened.into_iter().map(|unopened| unopened.error).collect()));
        }
        let asked = |source: &MetricSourceSettings| settings.plan.metrics.iter().any(|metric| metric.source == source.name);
        let inside = Inside::of(&base.services, &base.folder, base.config.run.files_outside);
        let confined = inside.sources(&base.services, &base.path, &mut base.config.metric_sources, asked);
        for source in base.config.metric_sources.iter().filter(|source| confined.is_ok() && asked(source)) {
            match base.services.metric_sources.open(source) {
                Ok(source) => sources.push(source),
                Err(error) => unopened.push(Unopened { source: Some(source.name.clone()), error }),
            }
        }
        Ok(Self {
            base,
            settings,
            prompt: prompt.to_owned(),
            targets,
            sources,
            misplaced: confined.err(),
            unopened,
            changed: Mutex::default(),
            unmarked: Mutex::default(),
            texts: BTreeMap::new(),
            last: None,
        })
    }

    /// The same, when all of it can be used.
    ///
    /// # Errors
    /// What cannot be opened, or the files that may not be read.
    pub(crate) fn complete(self) -> Result<Self, Failure> {
        if !self.unopened.is_empty() {
            return Err(Failure::Connection(self.unopened.into_iter().map(|unopened| unopened.error).collect()));
        }
        self.confined()
    }

    /// The same, when all files of metric sources may be read.
    ///
    /// # Errors
    /// Those that may not.
    pub(crate) fn confined(mut self) -> Result<Self, Failure> {
        self.misplaced.take().map_or(Ok(self), Err)
    }

    /// Why a source that was asked for is not open.
    pub(crate) fn why_no_source(&self, source: &str) -> String {
        let misplaced = self.misplaced.as_ref().map(|failure| failure.details().join("; "));
        let unopened = || self.unopened.iter().find(|unopened| unopened.source.as_deref() == Some(source));
        misplaced
            .or_else(|| unopened().map(|unopened| unopened.error.message.clone()))
            .unwrap_or_else(|| format!("there is no metric source `{source}`"))
    }

    /// What became of a version is for the mirrors too.
    pub(crate) fn changes(&self, version: &str) {
        self.changed.lock().unwrap_or_else(PoisonError::into_inner).insert(version.to_owned());
    }

    /// The versions that this process took the mark as bad away from, a line each for people.
    pub(crate) fn unmarked(&self) -> Vec<String> {
        let all = std::mem::take(&mut *self.unmarked.lock().unwrap_or_else(PoisonError::into_inner));
        let line = |(version, was): (VersionRef, String)| {
            let was = if was.is_empty() { String::new() } else { format!(" ({})", one_line(&was)) };
            format!("note: {version} was marked bad{was}: a person put it back by name, so the mark is gone, here and in the registry")
        };
        all.into_iter().map(line).collect()
    }

    /// Brings the mirrors up to date. What people should know comes back.
    pub(crate) async fn mirror(&self) -> Vec<String> {
        let changed = std::mem::take(&mut *self.changed.lock().unwrap_or_else(PoisonError::into_inner));
        let mut found = Vec::new();
        for version in changed {
            // A record that cannot be read now is said where it is needed.
            found.extend(
                registry::entry(&self.base, &self.prompt, &version, self.base.patience()).await.ok().flatten().map(|(entry, _)| entry),
            );
        }
        registry::mirror(&self.base, &self.prompt, &found).await
    }

    /// The time of a step: with the time since the last one where this process made it.
    pub(crate) fn now(&mut self) -> Now {
        let elapsed = self.base.services.clock.elapsed();
        let lap = self.last.replace(elapsed).map(|last| u64::try_from(elapsed.saturating_sub(last).as_millis()).unwrap_or(u64::MAX));
        Now { wall: self.base.moment(), lap }
    }

    /// The time, without making it the time of a step.
    pub(crate) fn peek(&self) -> Now {
        let before = self.base.services.clock.elapsed();
        let lap = self.last.map(|last| u64::try_from(before.saturating_sub(last).as_millis()).unwrap_or(u64::MAX));
        Now { wall: self.base.moment(), lap }
    }

    /// The record's name.
    pub(crate) fn key(&self) -> Result<Key, Failure> {
        deployment_key(&self.settings.name, &self.prompt)
    }

    /// Reads the record.
    pub(crate) async fn load(&self, patience: Patience) -> Result<Loaded, Failure> {
        let found = read::<Deployment>(self.base.store.as_ref(), &self.key()?, patience).await.map_err(Failure::Store)?;
        Ok(match found {
            Some((deployment, revision)) => Loaded { deployment, revision: Some(revision) },
            None => Loaded { deployment: Deployment::new(&self.prompt, &self.settings.name), revision: None },
        })
    }

    /// Writes the record, `others` and what the audit log is to say of it in one, when nobody wrote it since it was read.
    pub(crate) async fn save(&self, before: &Loaded, after: Deployment, others: Vec<Write>, patience: Patience) -> Result<Loaded, Failure> {
        self.save_marked(before, after, Marked { writes: others, ..Marked::default() }, patience).await
    }

    /// The same with what it means for versions.
    pub(super) async fn save_marked(
        &self,
        before: &Loaded,
        mut after: Deployment,
        marked: Marked,
        patience: Patience,
    ) -> Result<Loaded, Failure> {
        notify::queue(&self.base.services, &self.base.config.notifications, &before.deployment, &mut after);
        let expect = before.revision.clone().map_or(Expect::Absent, Expect::Revision);
        let mut writes = vec![write(self.key()?, expect, &after).map_err(Failure::Store)?];
        writes.extend(marked.writes);
        let unmarks = marked.unmarked.iter().map(|(version, was)| unmarked(version, was));
        let events: Vec<audit::Event> =
            recorded(&before.deployment, &after).into_iter().chain(unmarks).map(|said| self.event(said)).collect();
        let store = self.base.store.as_ref();
        let revisions = if events.is_empty() {
            store.transact(&writes, patience).await
        } else {
            commit(&self.base.services, store, &writes, &events, self.base.config.store.history, patience).await
        };
        let revisions = revisions.map_err(Failure::Store)?;
        self.unmarked.lock().unwrap_or_else(PoisonError::into_inner).extend(marked.unmarked);
        Ok(Loaded { deployment: after, revision: revisions.into_iter().next() })
    }

    /// What happened to this prompt here, done by whoever runs this process.
    fn event(&self, said: Recorded) -> audit::Event {
        audit::Event {
            who: self.base.services.who.clone(),
            what: said.what.to_owned(),
            prompt: Some(self.prompt.clone()),
            environment: Some(self.settings.name.clone()),
            from: Some(said.from),
            to: Some(said.to),
            why: said.why,
            evidence: said.evidence,
        }
    }
}

/// What is wrong, and the next step.
fn whole(error: &ConnectError) -> String {
    error.help.as_ref().map_or_else(|| error.message.clone(), |help| format!("{}; {help}", error.message))
}

/// The name of a deployment's record.
pub(crate) fn deployment_key(environment: &str, prompt: &str) -> Result<Key, Failure> {
    Key::of(&["rollout", environment, prompt]).map_err(|error| Failure::Store(StoreError::Settings(error.to_string())))
}

/// RFC 3339 as milliseconds; what is no time is the beginning of time, which credits nothing.
pub(crate) fn moment(text: &str) -> Moment {
    Moment(text.parse::<jiff::Timestamp>().ok().and_then(|time| u64::try_from(time.as_millisecond()).ok()).unwrap_or(0))
}
