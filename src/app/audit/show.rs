//! `prompt-cicd audit show` and `prompt-cicd audit verify`.

use std::path::{Path, PathBuf};

use super::{
    super::{Failure, Finished, Outcome, Services, lines, read_config},
    entries,
};
use crate::{
    config,
    domain::{audit::Entry, store::StoreSettings},
    ports::store::Patience,
    report::{
        Style,
        audit::{self as report, Format},
    },
};

/// What a user asked for.
#[derive(Debug, Clone)]
pub struct AuditRequest {
    /// The configuration; `None`: look in the usual places, and take the defaults where there is none.
    pub config: Option<PathBuf>,
    /// What standard output gets.
    pub format: Format,
    /// How text looks.
    pub style: Style,
}

/// Which entries.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// Only those about this prompt.
    pub prompt: Option<String>,
    /// Only those in this environment.
    pub environment: Option<String>,
    /// At most so many, the newest.
    pub last: Option<usize>,
}

impl Selection {
    fn takes(&self, entry: &Entry) -> bool {
        let is = |wanted: &Option<String>, found: &Option<String>| wanted.is_none() || wanted == found;
        is(&self.prompt, &entry.prompt) && is(&self.environment, &entry.environment)
    }
}

/// The store's settings as the configuration has them, with its warnings.
fn settings(services: &Services, config: Option<PathBuf>) -> Result<(StoreSettings, Vec<String>), Failure> {
    match read_config(services, config) {
        Ok((path, text)) => match config::parse(&text, &path.display().to_string()) {
            Ok((config, warnings)) => Ok((config.store.below(path.parent().unwrap_or(Path::new(""))), lines(&warnings))),
            Err(problems) => Err(Failure::Configuration(problems)),
        },
        Err(Failure::NoConfiguration { .. }) => Ok((config::default_store(), Vec::new())),
        Err(failure) => Err(failure),
    }
}

/// Shows entries, oldest first. A broken chain is shown as far as it holds, and is an outcome of its own.
///
/// # Errors
/// A configuration that is wrong, and a store that does not answer.
pub async fn show(services: &Services, request: AuditRequest, selection: &Selection) -> Result<Finished, Failure> {
    let (settings, mut notes) = settings(services, request.config)?;
    let store = services.stores.open(&settings)?;
    let (_, values, verified) = entries(&*store, Patience::of(&*services.clock, settings.timeout)).await?;
    let (mut shown, broken) = match verified {
        Ok(entries) => (entries, None),
        Err(broken) => {
            let before = values.iter().map_while(|value| serde_json::from_value::<Entry>(value.clone()).ok());
            (before.take_while(|entry| entry.number < broken.number).collect(), Some(broken))
        }
    };
    shown.retain(|entry| selection.takes(entry));
    if let Some(last) = selection.last {
        shown.drain(..shown.len().saturating_sub(last));
    }
    if let Some(broken) = &broken {
        notes.push(format!("error: {}: the audit log is broken at {broken}; what comes before it is shown", store.place()));
    } else if values.is_empty() {
        notes.push(format!("note: {}: the audit log has no entries yet", store.place()));
    }
    let stdout = report::entries(request.format, &shown, &request.style);
    Ok(Finished { outcome: Outcome::Audited { broken: broken.is_some() }, stdout, notes })
}

/// Checks the whole chain and says where it first breaks.
///
/// # Errors
/// As [`show`].
pub async fn verify(services: &Services, request: AuditRequest) -> Result<Finished, Failure> {
    let (settings, notes) = settings(services, request.config)?;
    let store = services.stores.open(&settings)?;
    let (head, values, verified) = entries(&*store, Patience::of(&*services.clock, settings.timeout)).await?;
    let verification = report::Verification {
        place: store.place(),
        entries: values.len(),
        dropped: head.dropped,
        newest: head.newest,
        broken: verified.err(),
    };
    let outcome = Outcome::Audited { broken: verification.broken.is_some() };
    Ok(Finished { outcome, stdout: report::verification(request.format, &verification), notes })
}
