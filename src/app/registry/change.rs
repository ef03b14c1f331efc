//! `registry register | promote | mark-bad`.

use super::{Subject, entry, entry_write, find_version};
use crate::{
    app::{Failure, Finished, Services, rollout::execute::refused},
    domain::registry::Status,
    report::registry::one,
};

/// Which version, and what about it.
#[derive(Debug, Clone)]
pub struct Mark {
    /// The version.
    pub version: String,
    /// The environment (`promote`).
    pub environment: Option<String>,
    /// Why (`mark-bad`).
    pub reason: String,
}

/// Registers the version in the prompt's file.
///
/// # Errors
/// A version that is registered with other content; whatever keeps the store from answering.
pub async fn register(services: &Services, subject: &Subject) -> Result<Finished, Failure> {
    let base = subject.open(services)?;
    let patience = base.patience();
    let by = subject.by.clone().unwrap_or_else(|| services.who.actor.clone());
    let (found, expect) = find_version(&base, &subject.prompt, None, &by, patience).await?;
    let fresh = expect == crate::ports::store::Expect::Absent;
    if fresh && !subject.dry_run {
        base.store.transact(&[entry_write(&found, expect)?], patience).await.map_err(Failure::Store)?;
    }
    let note = match (fresh, subject.dry_run) {
        (false, _) => "it was registered with this content already",
        (true, true) => "nothing was written",
        (true, false) => "registered",
    };
    let mut stdout = Vec::new();
    one(subject.shape, &found, true, &mut stdout).map_err(|error| Failure::Internal(error.into()))?;
    Ok(Finished { notes: vec![format!("note: {note}")], ..Finished::done(stdout) })
}

/// Makes a version a candidate of an environment, when the way there allows it.
///
/// # Errors
/// A version that is bad, or not stable where the environment takes its versions from.
pub async fn promote(services: &Services, subject: &Subject, mark: &Mark) -> Result<Finished, Failure> {
    let base = subject.open(services)?;
    let environment = base.environment(mark.environment.as_deref())?.clone();
    changed(services, subject, mark, |entry, at| {
        entry.may_go(&environment.name, environment.promote_from.as_deref()).map_err(Failure::Registry)?;
        if entry.status(&environment.name) == Status::Candidate {
            entry.stands(&environment.name, Status::Candidate, at);
        }
        Ok(())
    })
    .await
}

/// Marks a version bad: it cannot be started or gone back to any more.
///
/// # Errors
/// A version that is not registered.
pub async fn mark_bad(services: &Services, subject: &Subject, mark: &Mark) -> Result<Finished, Failure> {
    changed(services, subject, mark, |entry, _| {
        entry.bad = Some(mark.reason.clone());
        Ok(())
    })
    .await
}

async fn changed(
    services: &Services,
    subject: &Subject,
    mark: &Mark,
    change: impl Fn(&mut crate::domain::registry::Entry, crate::domain::rollout::Moment) -> Result<(), Failure>,
) -> Result<Finished, Failure> {
    let base = subject.open(services)?;
    let patience = base.patience();
    let Some((mut found, expect)) = entry(&base, &subject.prompt, &mark.version, patience).await? else {
        return Err(refused(
            "change",
            format!("{} {} is not registered", subject.prompt, mark.version),
            &["registry list", "registry register"],
        ));
    };
    change(&mut found, base.moment())?;
    if !subject.dry_run {
        base.store.transact(&[entry_write(&found, expect)?], patience).await.map_err(Failure::Store)?;
    }
    let mut stdout = Vec::new();
    one(subject.shape, &found, super::verifies(&found), &mut stdout).map_err(|error| Failure::Internal(error.into()))?;
    Ok(Finished::done(stdout))
}
