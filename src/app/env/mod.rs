//! `prompt-cicd env`: what the code host has for environments, a file for each verb.

mod aliases;
mod apply;
mod destroy;
mod look;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

pub use apply::apply;
pub use destroy::destroy;
pub use look::{plan, status};

use serde_json::Value;

use super::{Failure, Finished, Outcome, Services, read_config};
use crate::{
    config,
    domain::{
        diagnostic::{Diagnostic, Place},
        environment::{
            Alias, Found, Numbered, Wanted,
            made::{Item, Kind, Made},
            plan::undecided,
        },
        store::{StoreKind, StoreSettings},
    },
    ports::{
        code_host::{Administration, CodeHostError, NoCodeHost, Patience},
        store::{Expect, Key, Store, StoreError, Stored, read},
        target::TargetError,
    },
    report::{
        environment::{View, render},
        rollout::Shape,
    },
};

/// How long everything together may take, with retries and rate limits.
const TIME: Duration = Duration::from_mins(5);

impl Stored for Made {
    const SCHEMA: u32 = 2;

    /// The first form had no numbers.
    fn migrate(from: u32, value: Value) -> Result<Value, String> {
        if from == 1 { Ok(value) } else { Err(format!("form {from} is not known")) }
    }
}

/// What a user asked for.
#[derive(Debug, Clone)]
pub struct EnvRequest {
    /// The configuration; `None`: look in the usual places.
    pub config: Option<PathBuf>,
    /// Only these environments of the configuration, and nothing beside them; empty: everything.
    pub environments: Vec<String>,
    /// What standard output gets.
    pub shape: Shape,
    /// Shows what would happen, and does nothing.
    pub dry_run: bool,
    /// Somebody said yes already (`destroy`).
    pub yes: bool,
}

/// What is wanted, what there is, and what we made.
struct World {
    host: Arc<dyn Administration>,
    store: Arc<dyn Store>,
    /// Entries of the audit log that are kept at least.
    history: u64,
    wanted: Wanted,
    found: Found,
    /// Why each of [`Found::unseen`] could not be looked at.
    unseen: BTreeMap<Item, Trouble>,
    /// Where aliases are.
    places: Vec<aliases::Place>,
    /// What is written down and still there.
    made: Made,
    expect: Expect,
    patience: Patience,
    notes: Vec<String>,
}

/// Why something was not done or not seen.
#[derive(Debug, Clone)]
enum Trouble {
    /// The code host's reason.
    Host(CodeHostError),
    /// A target's.
    Target {
        /// Whether the same may succeed later without anybody changing anything.
        transient: bool,
        /// What it said.
        text: String,
    },
    /// A rollout came in between.
    Overtaken {
        /// Whether something was written before that was noticed.
        written: bool,
        /// What to do.
        text: String,
    },
}

impl Trouble {
    fn of_target(error: &TargetError) -> Self {
        Self::Target { transient: error.kind.is_transient(), text: error.message.clone() }
    }

    /// A failure that stops one thing and leaves the others.
    fn of_failure(failure: &Failure) -> Self {
        let text = match failure.details().as_slice() {
            [] => failure.to_string(),
            details => details.join("; "),
        };
        Self::Target { transient: failure.exit_code() == 30, text }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host(error) => error.fmt(f),
            Self::Target { text, .. } | Self::Overtaken { text, .. } => f.write_str(text),
        }
    }
}

impl World {
    async fn open(services: &Services, request: &EnvRequest) -> Result<Self, Failure> {
        let (path, text) = read_config(services, request.config.clone())?;
        let (config, warnings) = config::parse(&text, &path.display().to_string()).map_err(Failure::Configuration)?;
        let mut wanted = selected(config.hosting.clone(), &request.environments)?;
        let folder = path.parent().map(PathBuf::from).unwrap_or_default();
        let settings = beside_the_host(config.store.clone().below(&folder));
        let history = settings.history;
        let host = services.code_hosts.administration().map_err(|error| nobody(&error))?;
        let store = services.stores.open(&settings).map_err(Failure::Store)?;
        let patience = Patience::of(services.clock.as_ref(), TIME);
        let known = read::<Made>(store.as_ref(), &record(), patience).await.map_err(Failure::Store)?;
        let (made, expect) = known.map_or((Made::default(), Expect::Absent), |(made, revision)| (made, Expect::Revision(revision)));
        let mut notes = super::lines(&warnings);
        let mut unseen = BTreeMap::new();
        let mut found = look(host.as_ref(), &wanted, &made, patience, &mut unseen).await.map_err(Failure::CodeHost)?;
        let places = aliases::places(services, (&config, &path), &store, &request.environments, patience).await?;
        wanted.aliases.extend(places.iter().map(|place| place.alias.clone()));
        aliases::look(&places, &made, &mut found, &mut unseen).await;
        let warning = |(item, trouble): (&Item, &Trouble)| format!("warning: the {} `{}`: {trouble}", item.kind.as_str(), item.name);
        notes.extend(unseen.iter().map(warning));
        found.unseen = unseen.keys().cloned().collect();
        let made = made.going_by(&found.numbers, &found.unseen);
        Ok(Self { host, store, history, wanted, found, unseen, places, made, expect, patience, notes })
    }

    /// Where an alias of ours is.
    fn place(&self, alias: &Alias) -> Option<&aliases::Place> {
        self.places.iter().find(|place| place.alias.name == alias.name)
    }

    /// What may be ours and may not, with what is asked for.
    fn unknown(&self, environments: &[String]) -> Vec<Item> {
        undecided(&self.found, &self.made, environments)
    }

    fn finish(self, request: &EnvRequest, view: &View<'_>, outcome: Outcome) -> Result<Finished, Failure> {
        let mut stdout = Vec::new();
        render(request.shape, view, &mut stdout).map_err(|error| Failure::Internal(error.into()))?;
        Ok(Finished { outcome, stdout, notes: self.notes })
    }
}

/// The record of what we made.
fn record() -> Key {
    Key::new("environments/made").expect("words with a slash are a key")
}

/// A folder of somebody's machine would not tell the next one what was made: what the default leaves open is the branch.
fn beside_the_host(settings: StoreSettings) -> StoreSettings {
    let kind = match settings.kind {
        StoreKind::Auto { branch, .. } => StoreKind::GitHub { branch },
        named @ (StoreKind::Directory { .. }
        | StoreKind::Sqlite { .. }
        | StoreKind::Postgres { .. }
        | StoreKind::Git { .. }
        | StoreKind::Kubernetes { .. }
        | StoreKind::GitHub { .. }) => named,
    };
    StoreSettings { kind, ..settings }
}

fn nobody(error: &NoCodeHost) -> Failure {
    let help = "set GITHUB_TOKEN (a personal or an app's token with `administration: write`) and GITHUB_REPOSITORY (owner/name)";
    Failure::Configuration(vec![Diagnostic::error(Place::file("environment variables"), "", error.to_string()).with_help(help)])
}

/// What is wanted of these environments alone.
fn selected(wanted: Wanted, names: &[String]) -> Result<Wanted, Failure> {
    let known: BTreeSet<&str> = wanted.environments.iter().map(|environment| environment.name.as_str()).collect();
    if let Some(unknown) = names.iter().find(|name| !known.contains(name.as_str())) {
        let all = if known.is_empty() {
            "it has none".to_owned()
        } else {
            format!("it has {}", known.into_iter().collect::<Vec<_>>().join(", "))
        };
        let message = format!("the configuration has no environment `{unknown}`; {all}");
        return Err(Failure::Configuration(vec![Diagnostic::error(Place::file("--environment"), "environments".to_owned(), message)]));
    }
    if names.is_empty() {
        return Ok(wanted);
    }
    let environments = wanted.environments.into_iter().filter(|environment| names.contains(&environment.name)).collect();
    Ok(Wanted { environments, ..Wanted::default() })
}

/// Everything that is wanted or was made, as it is now. Nothing is written.
async fn look(
    host: &dyn Administration,
    wanted: &Wanted,
    made: &Made,
    patience: Patience,
    unseen: &mut BTreeMap<Item, Trouble>,
) -> Result<Found, CodeHostError> {
    let mut found = Found::default();
    for environment in &wanted.environments {
        let variables: Vec<&str> = environment.variables.keys().map(String::as_str).collect();
        found.environment(host.environment(&environment.name, &variables, patience).await?);
    }
    let others: Vec<&str> = made
        .names(Kind::Environment)
        .filter(|name| !wanted.environments.iter().any(|environment| environment.name.to_lowercase() == *name))
        .collect();
    for name in others {
        found.environment(host.environment(name, &[], patience).await?);
    }
    if !wanted.labels.is_empty() || made.names(Kind::Label).next().is_some() {
        for Numbered { number, thing } in host.labels(patience).await? {
            found.numbers.insert(Item::new(Kind::Label, &thing.name), number);
            found.labels.push(thing);
        }
    }
    let mut rulesets: BTreeSet<String> = made.names(Kind::Ruleset).map(str::to_owned).collect();
    rulesets.extend(wanted.ruleset.iter().map(|ruleset| ruleset.name.to_lowercase()));
    for name in rulesets {
        match host.ruleset(&name, patience).await {
            Ok(ruleset) => {
                found.numbers.extend(ruleset.as_ref().map(|ruleset| (Item::new(Kind::Ruleset, &name), ruleset.id)));
                found.rulesets.extend(ruleset);
            }
            // The rest can be set up all the same.
            Err(error @ CodeHostError::Rejected { .. }) => {
                unseen.insert(Item::new(Kind::Ruleset, &name), Trouble::Host(error));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

/// What the refusals together mean.
fn outcome_of<'e>(errors: impl Iterator<Item = &'e Trouble>) -> Outcome {
    let (mut refused, mut unreachable, mut overtaken) = (false, false, false);
    for error in errors {
        match error {
            Trouble::Host(CodeHostError::Unreachable { .. } | CodeHostError::Unusable { .. }) | Trouble::Target { transient: true, .. } => {
                unreachable = true;
            }
            Trouble::Host(
                CodeHostError::NotFound { .. }
                | CodeHostError::PermissionMissing { .. }
                | CodeHostError::RateLimited { .. }
                | CodeHostError::Conflict { .. }
                | CodeHostError::Rejected { .. }
                | CodeHostError::BadToken { .. }
                | CodeHostError::TooLarge { .. },
            )
            | Trouble::Target { transient: false, .. } => refused = true,
            Trouble::Overtaken { .. } => overtaken = true,
        }
    }
    Outcome::SetUp { refused, unreachable, overtaken }
}

/// A store's refusal, once something was done: what was made is told all the same.
fn unkept(error: &StoreError) -> String {
    format!("error: what was made could not be written down, so `env destroy` will not know all of it: {error}")
}
