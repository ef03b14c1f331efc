//! `registry register | promote | mark-bad | archive`. Each change goes to the audit log in the write that makes it.

use serde_json::json;

use super::{Subject, entry, entry_write, find_version, mirror};
use crate::{
    app::{
        Failure, Finished, Services,
        audit::commit,
        rollout::{execute::refused, world::Base},
    },
    domain::{
        audit,
        registry::{Entry, Status},
        rollout::Moment,
    },
    ports::store::Expect,
    report::registry::one,
};

/// Which version, and what about it.
#[derive(Debug, Clone)]
pub struct Mark {
    /// The version.
    pub version: String,
    /// The environment (`promote`).
    pub environment: Option<String>,
    /// Why (`mark-bad`, `archive`).
    pub reason: Option<String>,
}

/// What is written down of a change.
struct Said<'s> {
    what: &'static str,
    environment: Option<&'s str>,
    why: Option<&'s str>,
    /// What it was before; `None`: not registered.
    before: Option<&'static str>,
}

/// Registers the version in the prompt's file.
///
/// # Errors
/// A version that is registered with other content; whatever keeps the store from answering.
pub async fn register(services: &Services, subject: &Subject) -> Result<Finished, Failure> {
    let base = subject.open(services)?;
    let patience = base.patience();
    let (found, expect) = find_version(&base, &subject.prompt, None, &by(&base, subject), patience).await?;
    let fresh = expect == Expect::Absent;
    if fresh && !subject.dry_run {
        keep(&base, subject, &found, expect, Said { what: "version-registered", environment: None, why: None, before: None }).await?;
    }
    let note = match (fresh, subject.dry_run) {
        (false, _) => "it was registered with this content already",
        (true, true) => "nothing was written",
        (true, false) => "registered",
    };
    let mut stdout = Vec::new();
    one(subject.shape, &found, true, &mut stdout).map_err(|error| Failure::Internal(error.into()))?;
    let mut notes = vec![format!("note: {note}")];
    if !subject.dry_run {
        notes.extend(mirror(&base, &subject.prompt, &[found]).await);
    }
    Ok(Finished { notes, ..Finished::done(stdout) })
}

/// Makes a version a candidate of an environment, when the way there allows it.
///
/// # Errors
/// A version that is bad, or not stable where the environment takes its versions from.
pub async fn promote(services: &Services, subject: &Subject, mark: &Mark) -> Result<Finished, Failure> {
    let base = subject.open(services)?;
    let environment = base.environment(mark.environment.as_deref())?.clone();
    let change = |entry: &mut Entry, at| {
        entry.may_go(&environment.name, environment.promote_from.as_deref()).map_err(Failure::Registry)?;
        if entry.status(&environment.name) == Status::Candidate {
            entry.stands(&environment.name, Status::Candidate, at);
        }
        Ok(())
    };
    changed(&base, subject, mark, ("version-promoted", Some(&environment.name)), change).await
}

/// Marks a version bad: it cannot be started or gone back to any more.
///
/// # Errors
/// A version that is not registered.
pub async fn mark_bad(services: &Services, subject: &Subject, mark: &Mark) -> Result<Finished, Failure> {
    let base = subject.open(services)?;
    let change = |entry: &mut Entry, _| {
        entry.bad = Some(mark.reason.clone().unwrap_or_default());
        Ok(())
    };
    changed(&base, subject, mark, ("version-marked-bad", None), change).await
}

/// Keeps a version only for the record, or takes it back from there (`undo`).
///
/// # Errors
/// A version that is not registered, or is the stable one somewhere.
pub async fn archive(services: &Services, subject: &Subject, mark: &Mark, undo: bool) -> Result<Finished, Failure> {
    let base = subject.open(services)?;
    let change = |entry: &mut Entry, at| {
        if undo {
            entry.archived = None;
            return Ok(());
        }
        entry.archive(at).map_err(Failure::Registry)
    };
    let what = if undo { "version-unarchived" } else { "version-archived" };
    changed(&base, subject, mark, (what, None), change).await
}

fn by(base: &Base, subject: &Subject) -> String {
    subject.by.clone().unwrap_or_else(|| base.services.who.actor.clone())
}

async fn changed(
    base: &Base,
    subject: &Subject,
    mark: &Mark,
    (what, environment): (&'static str, Option<&str>),
    change: impl Fn(&mut Entry, Moment) -> Result<(), Failure>,
) -> Result<Finished, Failure> {
    let Some((before, expect)) = entry(base, &subject.prompt, &mark.version, base.patience()).await? else {
        return Err(refused(
            "change",
            format!("{} {} is not registered", subject.prompt, mark.version),
            &["registry list", "registry register"],
        ));
    };
    let mut found = before.clone();
    change(&mut found, base.moment())?;
    // What is so already is not written again.
    if !subject.dry_run && found != before {
        let place = environment.unwrap_or_default();
        let said = Said { what, environment, why: mark.reason.as_deref(), before: Some(before.status(place).as_str()) };
        keep(base, subject, &found, expect, said).await?;
    }
    let mut stdout = Vec::new();
    one(subject.shape, &found, super::verifies(&found), &mut stdout).map_err(|error| Failure::Internal(error.into()))?;
    let notes = if subject.dry_run { Vec::new() } else { mirror(base, &subject.prompt, &[found]).await };
    Ok(Finished { notes, ..Finished::done(stdout) })
}

/// Writes the record and what the audit log says of it, both or none.
async fn keep(base: &Base, subject: &Subject, entry: &Entry, expect: Expect, said: Said<'_>) -> Result<(), Failure> {
    let event = audit::Event {
        who: base.services.who.clone(),
        what: said.what.to_owned(),
        prompt: Some(entry.prompt.clone()),
        environment: said.environment.map(str::to_owned),
        from: said.before.map(str::to_owned),
        to: Some(entry.status(said.environment.unwrap_or_default()).as_str().to_owned()),
        why: said.why.map(str::to_owned),
        evidence: json!({
            "version": entry.version.version,
            "digest": entry.version.digest,
            "commit": entry.version.commit,
            "by": by(base, subject),
        }),
    };
    let writes = [entry_write(entry, expect)?];
    commit(&base.services, base.store.as_ref(), &writes, &[event], base.config.store.history, base.patience())
        .await
        .map(drop)
        .map_err(Failure::Store)
}
