//! `prompt-cicd registry`: versions of prompts. Files in git are the source; what is registered is kept with its text, so that its digest
//! can be checked at any time.

mod change;
mod look;
mod mirror;

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

pub use change::{Mark, archive, mark_bad, promote, register};
pub use look::{diff, lineage, list, show};
pub(super) use mirror::mirror;

use super::{
    Failure, Services, TEXT_LIMIT,
    inside::{self, Inside},
    rollout::{
        execute::refused,
        world::{Base, World},
    },
};
use crate::{
    config::prompt_file,
    domain::{
        diagnostic::{Diagnostic, Place},
        prompt::Prompt,
        registry::{Entry, Status},
        rollout::{Effect, Moment, VersionRef, deployment::Deployment},
    },
    ports::store::{Expect, Key, Patience, StoreError, Write, read, write},
    report::{Style, rollout::Shape},
};

/// Which prompt, and how it is shown.
#[derive(Debug, Clone)]
pub struct Subject {
    /// The configuration; `None`: look in the usual places.
    pub config: Option<PathBuf>,
    /// The prompt's name.
    pub prompt: String,
    /// Who asks; `None`: whoever runs this process.
    pub by: Option<String>,
    /// What standard output gets.
    pub shape: Shape,
    /// How text looks.
    pub style: Style,
    /// Shows what would happen, and does nothing.
    pub dry_run: bool,
}

impl Subject {
    fn open(&self, services: &Services) -> Result<Base, Failure> {
        Base::open(services, self.config.clone())
    }
}

/// The record of a version.
pub(super) fn entry_key(prompt: &str, version: &str) -> Result<Key, Failure> {
    Key::of(&["registry", prompt, &version.replace('+', "_")]).map_err(|error| Failure::Store(StoreError::Settings(error.to_string())))
}

/// The write of a version's record.
pub(super) fn entry_write(entry: &Entry, expect: Expect) -> Result<Write, Failure> {
    write(entry_key(&entry.prompt, &entry.version.version)?, expect, entry).map_err(Failure::Store)
}

/// A registered version, with what its record is expected to be.
pub(in crate::app) async fn entry(
    base: &Base,
    prompt: &str,
    version: &str,
    patience: Patience,
) -> Result<Option<(Entry, Expect)>, Failure> {
    let found = read::<Entry>(base.store.as_ref(), &entry_key(prompt, version)?, patience).await.map_err(Failure::Store)?;
    Ok(found.map(|(entry, revision)| (entry, Expect::Revision(revision))))
}

/// Every registered version of a prompt, in the order of their numbers.
pub(super) async fn entries(base: &Base, prompt: &str, patience: Patience) -> Result<Vec<Entry>, Failure> {
    let folder = Key::of(&["registry", prompt]).map_err(|error| Failure::Store(StoreError::Settings(error.to_string())))?;
    let mut all = Vec::new();
    for key in base.store.list(Some(&folder), patience).await.map_err(Failure::Store)? {
        all.extend(read::<Entry>(base.store.as_ref(), &key, patience).await.map_err(Failure::Store)?.map(|(entry, _)| entry));
    }
    crate::domain::registry::in_order(&mut all);
    Ok(all)
}

/// When the commits of a prompt's versions were made, where that is known.
pub(super) async fn committed(base: &Base, prompt: &str, patience: Patience) -> Result<Vec<(String, Moment)>, Failure> {
    // A name that can be no key has no versions.
    if Key::of(&["registry", prompt]).is_err() {
        return Ok(Vec::new());
    }
    let all = entries(base, prompt, patience).await?;
    Ok(all.into_iter().filter_map(|entry| Some((entry.version.version, entry.committed?))).collect())
}

/// Whether the text of a version still has its digest.
pub(super) fn verifies(entry: &Entry) -> bool {
    prompt_file::parse(&entry.text, &entry.file).is_ok_and(|(prompt, _)| prompt.digest == entry.version.digest)
}

/// What a target that keeps texts is told of a version: the template of its one message, or its messages as JSON. Nothing where the
/// version is not registered or does not have its digest any more: such a text is told nobody.
pub(super) async fn text_of(base: &Base, prompt: &str, version: &VersionRef, patience: Patience) -> Result<Option<String>, Failure> {
    let found = entry(base, prompt, &version.version, patience).await?.map(|(entry, _)| entry);
    let found = found.filter(|entry| entry.version.digest == version.digest && verifies(entry));
    Ok(found.as_ref().and_then(told))
}

/// The template of the one message of a version, or its messages as JSON.
fn told(entry: &Entry) -> Option<String> {
    let (parsed, _) = prompt_file::parse(&entry.text, &entry.file).ok()?;
    Some(match parsed.messages.as_slice() {
        [only] => only.content.source().to_owned(),
        several => {
            let list: Vec<_> =
                several.iter().map(|message| serde_json::json!({"role": message.role, "content": message.content.source()})).collect();
            serde_json::Value::Array(list).to_string()
        }
    })
}

/// The version that is meant: a registered one, or the one in the prompt's file, which is registered by the write that it comes with.
pub(super) async fn find_version(
    base: &Base,
    prompt: &str,
    version: Option<&str>,
    by: &str,
    patience: Patience,
) -> Result<(Entry, Expect), Failure> {
    if let Some(version) = version
        && let Some((found, expect)) = entry(base, prompt, version, patience).await?
    {
        if !verifies(&found) {
            let why = format!("{prompt} {version} does not have its digest any more; register it again under a new version");
            return Err(refused("start", why, &["registry show"]));
        }
        return Ok((found, expect));
    }
    let fresh = from_file(base, prompt, by)?;
    if let Some(version) = version
        && fresh.version.version != version
    {
        let why = format!("{prompt} {version} is not registered, and its file {} has {}", fresh.file, fresh.version.version);
        return Err(refused("start", why, &["registry register", "registry list"]));
    }
    match entry(base, prompt, &fresh.version.version, patience).await? {
        None => Ok((with_commit(base, fresh).await, Expect::Absent)),
        Some((registered, expect)) => {
            registered.same(&fresh.version.digest).map_err(Failure::Registry)?;
            Ok((registered, expect))
        }
    }
}

/// The version in the prompt's file.
fn from_file(base: &Base, prompt: &str, by: &str) -> Result<Entry, Failure> {
    let (found, text) = prompt_in_files(base, prompt)?;
    let Some(number) = &found.version else {
        let why = format!("{} has no `version`", found.source);
        return Err(refused("register", why, &["add `version: 1.0.0` to the file"]));
    };
    Ok(Entry {
        prompt: prompt.to_owned(),
        version: VersionRef { version: number.to_string(), digest: found.digest.clone(), commit: None },
        parent: None,
        file: found.source.clone(),
        text,
        registered: base.moment(),
        by: by.to_owned(),
        environments: std::collections::BTreeMap::new(),
        bad: None,
        committed: None,
        archived: None,
    })
}

/// With the commit that it comes from, where the file is as that commit has it.
async fn with_commit(base: &Base, mut fresh: Entry) -> Entry {
    let path = Path::new(&fresh.file);
    let vcs = &base.services.vcs;
    let same = vcs.file("HEAD", path, TEXT_LIMIT).await.is_ok_and(|found| found.is_some_and(|bytes| bytes == fresh.text.as_bytes()));
    if let Some(change) = if same { vcs.last_change(path).await.ok().flatten() } else { None } {
        fresh.version.commit = Some(change.commit);
        fresh.committed = Some(Moment(change.at_ms));
    }
    fresh
}

/// The prompts that the suites test, with their files' texts; each file is read when it is asked for.
fn in_files(base: &Base) -> impl Iterator<Item = Result<(Prompt, String), Failure>> {
    let files: BTreeSet<PathBuf> = base.config.suites.iter().map(|suite| base.folder.join(&suite.prompt)).collect();
    let inside = Inside::of(&base.services, &base.folder, base.config.run.files_outside);
    files.into_iter().map(move |file| {
        if let Some(why) = inside.refuses(&base.services, &file) {
            let place = Place::file(base.path.display().to_string());
            return Err(Failure::Configuration(vec![Diagnostic::error(place, "suites", why).with_help(inside::HELP)]));
        }
        let text = base.services.workspace.read_text(&file, TEXT_LIMIT).map_err(Failure::File)?;
        let (prompt, _) = prompt_file::parse(&text, &file.display().to_string()).map_err(Failure::Configuration)?;
        Ok((prompt, text))
    })
}

/// The names of these prompts, or why a file cannot tell its.
pub(super) fn names_in_files(base: &Base) -> impl Iterator<Item = Result<String, Failure>> {
    in_files(base).map(|found| found.map(|(prompt, _)| prompt.name))
}

/// The prompt of this name among them.
fn prompt_in_files(base: &Base, name: &str) -> Result<(Prompt, String), Failure> {
    let mut names = Vec::new();
    for found in in_files(base) {
        let (prompt, text) = found?;
        if prompt.name == name {
            return Ok((prompt, text));
        }
        names.push(prompt.name);
    }
    let known = if names.is_empty() { "the suites name no prompt".to_owned() } else { format!("the suites test {}", names.join(", ")) };
    Err(Failure::NothingToDo(format!("there is no prompt `{name}` in the files: {known}")))
}

/// What a step's effects mean for the versions.
#[derive(Debug, Default)]
pub(super) struct Marked {
    /// Goes with the step's own write.
    pub(super) writes: Vec<Write>,
    /// The versions that are not marked bad any more, with why they were.
    pub(super) unmarked: Vec<(VersionRef, String)>,
}

/// What a step's effects mean for the versions: writes that go with the step's own, and marks in `after`.
pub(super) async fn marks(
    world: &World,
    after: &mut Deployment,
    effects: &[Effect],
    (at, tolerant): (Moment, bool),
    patience: Patience,
) -> Result<Marked, Failure> {
    let mut marked = Marked::default();
    // Two effects on one version are one write.
    let mut changed: Vec<(Entry, Expect)> = Vec::new();
    for effect in effects {
        let (version, status) = match effect {
            Effect::MarkStable { version } | Effect::PutBack { version, .. } => (version, Status::Stable),
            Effect::Retire { version } => (version, Status::Retired),
            Effect::MarkBad { version, .. } => (version, Status::Bad),
            Effect::Apply { .. } | Effect::Smoke { .. } | Effect::Tell { .. } => continue,
        };
        // Going back is not kept from happening by a record that only says what became of a version.
        let tolerant = tolerant || matches!(effect, Effect::PutBack { .. });
        let mut found = match changed.iter().position(|(entry, _)| entry.version.version == version.version) {
            Some(place) => Some(changed.remove(place)),
            None => markable(world, version, tolerant, patience).await?,
        };
        if let Some((found, _)) = &mut found {
            found.stands(&world.settings.name, status, at);
        }
        let entry_bad = found.as_mut().map(|(found, _)| &mut found.bad);
        match effect {
            Effect::MarkBad { reason, .. } => {
                after.mark_bad(version, reason, at);
                if let Some(bad) = entry_bad {
                    *bad = Some(reason.clone());
                }
            }
            Effect::PutBack { on_purpose: true, .. } => {
                let here = after.unmark(version).map(|bad| bad.reason);
                let there = entry_bad.and_then(Option::take);
                if let Some((found, _)) = &mut found {
                    // What serves is not kept only for the record.
                    found.archived = None;
                }
                marked.unmarked.extend(here.or(there).map(|was| (version.clone(), was)));
            }
            Effect::MarkStable { .. } => drop(entry_bad.and_then(Option::take)),
            Effect::PutBack { .. } | Effect::Retire { .. } | Effect::Apply { .. } | Effect::Smoke { .. } | Effect::Tell { .. } => {}
        }
        changed.extend(found);
    }
    for (entry, expect) in changed {
        marked.writes.push(entry_write(&entry, expect)?);
    }
    Ok(marked)
}

/// The record of a version that is to be changed; nothing where nobody registered it, and, where that is tolerated, where it cannot be read.
async fn markable(world: &World, version: &VersionRef, tolerant: bool, patience: Patience) -> Result<Option<(Entry, Expect)>, Failure> {
    match entry(&world.base, &world.prompt, &version.version, patience).await {
        Err(failure) if tolerant => {
            tracing::warn!(component = "registry", version = %version.version, "the version's record is left as it is: {failure}");
            Ok(None)
        }
        other => other,
    }
}
