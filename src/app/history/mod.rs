//! `prompt-cicd history`: the history of cases, one record of the store for each suite; and how delivery goes.

mod kpi;
mod prune;
mod report;
mod show;

use std::{path::PathBuf, sync::Arc, time::Duration};

use super::{Failure, Services, lines, read_config};
use crate::{
    config,
    domain::{
        digest,
        history::{SuiteHistory, settings::Settings},
        store::StoreSettings,
    },
    ports::store::{Change, Expect, Key, Patience, Store, StoreError, Stored, VALUE_LIMIT, Write, read, write},
    report::{Style, rollout::Shape},
};
pub use kpi::{KpiRequest, kpi};
pub use prune::{Pruning, prune};
pub use report::{ReportRequest, report};
pub use show::show;

/// The pause before a record is written again because another run came first; spread, and doubled up to 32 times.
const PAUSE: Duration = Duration::from_millis(20);

/// The most bytes of a history; the rest of a record is room for its envelope.
pub(super) const BYTES: usize = VALUE_LIMIT - 16 * 1024;

/// What `history` was asked for.
#[derive(Debug, Clone)]
pub struct HistoryRequest {
    /// The configuration; `None`: look in the usual places.
    pub config: Option<PathBuf>,
    /// Only suites of this prompt, or the suite of this name; `None`: all.
    pub prompt: Option<String>,
    /// What standard output gets.
    pub shape: Shape,
    /// How text looks.
    pub style: Style,
}

impl Stored for SuiteHistory {
    const SCHEMA: u32 = 1;
}

/// A store, and how long one reading or writing may take.
pub(super) struct Opened {
    pub(super) store: Arc<dyn Store>,
    pub(super) timeout: Duration,
    pub(super) settings: Settings,
}

impl Opened {
    /// Opens the store of these settings; nothing is asked of it yet.
    pub(super) fn of(services: &Services, store: &StoreSettings, settings: &Settings) -> Result<Self, StoreError> {
        Ok(Self { store: services.stores.open(store)?, timeout: store.timeout, settings: settings.clone() })
    }

    pub(super) fn patience(&self, services: &Services) -> Patience {
        Patience::of(&*services.clock, self.timeout)
    }
}

/// The store that the configuration names, with the configuration's warnings.
pub(super) fn opened(services: &Services, config: Option<PathBuf>) -> Result<(Opened, Vec<String>), Failure> {
    let (store, settings, warnings) = match read_config(services, config) {
        Ok((path, text)) => {
            let (config, warnings) = config::parse(&text, &path.display().to_string()).map_err(Failure::Configuration)?;
            (config.store, config.history, lines(&warnings))
        }
        Err(Failure::NoConfiguration { .. }) => (config::default_store(), Settings::default(), Vec::new()),
        Err(failure) => return Err(failure),
    };
    Ok((Opened::of(services, &store, &settings).map_err(Failure::Store)?, warnings))
}

/// A part of a key for a name that may hold anything: what of it a key can hold, and its digest.
pub(super) fn key_part(name: &str) -> String {
    let lawful = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
    let readable: String = name.chars().map(lawful).take(40).collect();
    let digest: String = digest::sha256_hex(name.as_bytes()).chars().take(16).collect();
    format!("{readable}-{digest}").trim_start_matches('-').to_owned()
}

/// The folder of all histories.
fn folder() -> Key {
    Key::of(&["history", "cases"]).expect("the folder's name is lawful")
}

/// The record of a suite's history.
pub(super) fn key(suite: &str) -> Key {
    Key::of(&["history", "cases", &key_part(suite)]).expect("a part that was made lawful is lawful")
}

/// A suite's history as it is now; an empty one where there is none.
pub(super) async fn history_of(store: &dyn Store, suite: &str, patience: Patience) -> Result<(SuiteHistory, Expect), StoreError> {
    Ok(read::<SuiteHistory>(store, &key(suite), patience)
        .await?
        .map_or_else(|| (SuiteHistory::of(suite), Expect::Absent), |(history, revision)| (history, Expect::Revision(revision))))
}

/// All histories, in the order of their suites' names.
async fn all(store: &dyn Store, patience: Patience) -> Result<Vec<SuiteHistory>, StoreError> {
    let mut all = Vec::new();
    for key in store.list(Some(&folder()), patience).await? {
        all.extend(read::<SuiteHistory>(store, &key, patience).await?.map(|(history, _)| history));
    }
    all.sort_by(|a: &SuiteHistory, b| a.suite.cmp(&b.suite));
    Ok(all)
}

/// Changes a suite's history; see [`change_record`].
pub(super) async fn change(
    services: &Services,
    opened: &Opened,
    suite: &str,
    mut change: impl FnMut(&mut SuiteHistory) -> bool,
) -> Result<(), StoreError> {
    let bounded = |history: &mut SuiteHistory, bytes: usize| {
        let changed = change(history);
        history.fit(bytes);
        changed
    };
    change_record(services, opened, &key(suite), || SuiteHistory::of(suite), |history| history.runs.is_empty(), bounded).await
}

/// Changes a record; when another run came first, what it left is changed instead. `change` gets the most bytes that the record may
/// take, says whether there is anything to write, and may be called again. A record that `is_empty` is taken away.
pub(super) async fn change_record<T: Stored>(
    services: &Services,
    opened: &Opened,
    key: &Key,
    fresh: impl Fn() -> T,
    is_empty: impl Fn(&T) -> bool,
    mut change: impl FnMut(&mut T, usize) -> bool,
) -> Result<(), StoreError> {
    let patience = opened.patience(services);
    let mut tries = 0_u32;
    loop {
        let found = read::<T>(opened.store.as_ref(), key, patience).await?;
        let (mut value, expect) = found.map_or_else(|| (fresh(), Expect::Absent), |(value, revision)| (value, Expect::Revision(revision)));
        if !change(&mut value, BYTES) {
            return Ok(());
        }
        let write = if is_empty(&value) {
            let Expect::Revision(_) = &expect else { return Ok(()) };
            Write { key: key.clone(), expect, change: Change::Delete }
        } else {
            write(key.clone(), expect, &value)?
        };
        match opened.store.transact(&[write], patience).await {
            Ok(_) => return Ok(()),
            Err(error @ (StoreError::Conflict(_) | StoreError::Unreachable { maybe_done: true, .. })) => {
                let pause = PAUSE.saturating_mul(1 << tries.min(5)).mul_f64(0.25 + services.clock.jitter());
                if services.clock.elapsed() + pause >= patience.until {
                    return Err(error);
                }
                tries += 1;
                services.clock.sleep(pause).await;
            }
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_name_has_a_record_of_its_own() {
        let names = ["greeting", "Greeting", "gree ting", "../..", "", "日本語", "-", ".json", "a/b", &"x".repeat(500)];
        let keys: std::collections::BTreeSet<String> = names.iter().map(|name| key(name).as_str().to_ascii_lowercase()).collect();
        assert_eq!(keys.len(), names.len(), "{keys:?}");
        assert!(key("greeting").as_str().starts_with("history/cases/greeting-"), "{}", key("greeting"));
    }
}
