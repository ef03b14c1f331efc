//! The registry mirrored to MLflow, after a change is done. A mirror that fails is said and fails nothing.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use semver::Version;

use super::{Status, told, verifies};
use crate::{
    app::rollout::world::Base,
    domain::{
        registry::Entry,
        target::{PinnedVersion, TargetKind, TargetSettings},
    },
    ports::mirror::{Mirror, Mirrored},
    report::escape::one_line,
};

/// The longest that one version may take in one mirror.
const TIME: Duration = Duration::from_secs(10);

/// Brings versions to every mirror. What people should know comes back as lines, and never as a failure.
pub(in crate::app) async fn mirror(base: &Base, prompt: &str, entries: &[Entry]) -> Vec<String> {
    let mut notes = Vec::new();
    for settings in mirrors(base) {
        for entry in entries {
            let what = format!("{} {}", one_line(prompt), entry.version.version);
            notes.push(match shown(base, settings, prompt, entry).await {
                Ok(()) => format!("note: {what} is mirrored to `{}`", settings.name),
                Err(why) => format!(
                    "warning: {what} is not mirrored: {}; the change itself is done, and the next change of this version mirrors it again",
                    one_line(&why)
                ),
            });
        }
    }
    notes
}

/// Whether every mirror has a version, proved by digest.
pub(super) async fn looked(base: &Base, prompt: &str, entry: &Entry) -> Vec<String> {
    let mut notes = Vec::new();
    for settings in mirrors(base) {
        let what = format!("{} {}", one_line(prompt), entry.version.version);
        let found = async {
            let version = pinned(entry)?;
            opened(base, settings, prompt)?.has(&version, TIME).await.map_err(|error| error.message)
        };
        notes.push(match found.await {
            Ok(true) => format!("note: `{}` has {what} with this digest", settings.name),
            Ok(false) => format!("warning: `{}` does not have {what}; its next change mirrors it", settings.name),
            Err(why) => format!("warning: the mirror of {what} is not proved: {}", one_line(&why)),
        });
    }
    notes
}

fn mirrors(base: &Base) -> impl Iterator<Item = &TargetSettings> {
    base.config.targets.iter().filter(|target| matches!(target.kind, TargetKind::Mlflow { mirror: true, .. }))
}

fn opened(base: &Base, settings: &TargetSettings, prompt: &str) -> Result<Arc<dyn Mirror>, String> {
    base.services.targets.mirror(settings, prompt).map_err(|error| error.message)
}

async fn shown(base: &Base, settings: &TargetSettings, prompt: &str, entry: &Entry) -> Result<(), String> {
    let mut status: BTreeMap<String, String> =
        entry.environments.keys().map(|name| (name.clone(), entry.status(name).as_str().to_owned())).collect();
    let whole = if entry.bad.is_some() {
        Status::Bad
    } else if entry.archived.is_some() {
        Status::Archived
    } else {
        let all = || entry.environments.keys().map(|name| entry.status(name));
        all()
            .find(|status| *status == Status::Stable)
            .or_else(|| all().find(|status| *status == Status::Retired))
            .unwrap_or(Status::Candidate)
    };
    status.insert(String::new(), whole.as_str().to_owned());
    let mirrored = Mirrored { version: pinned(entry)?, status, commit: entry.version.commit.clone() };
    opened(base, settings, prompt)?.show(&mirrored, TIME).await.map_err(|error| error.message)
}

/// What a mirror is told of a version. One whose text does not have its digest is told nobody.
fn pinned(entry: &Entry) -> Result<PinnedVersion, String> {
    if !verifies(entry) {
        return Err("its text does not have its digest any more".to_owned());
    }
    let number: Version = entry.version.version.parse().map_err(|error| format!("it is no version: {error}"))?;
    let text = told(entry).ok_or("its text cannot be read")?;
    Ok(PinnedVersion { number, digest: entry.version.digest.clone(), text: Some(text) })
}
