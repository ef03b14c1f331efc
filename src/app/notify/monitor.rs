//! Telling people what `monitor` found: when a metric gets worse or well again, and not at every pass. What was said last is kept in the
//! store, with what is still to be sent.

use std::{collections::BTreeMap, path::PathBuf};

use serde::{Deserialize, Serialize};

use super::{STORE_TIME, TRIES, lost, send};
use crate::{
    app::{
        Failure, Services,
        rollout::world::{Base, moment},
    },
    domain::{
        digest,
        monitor::{Health, MonitorRun},
        notice::{
            ChannelSettings, Happening, Notice,
            outbox::{self, Pending},
        },
    },
    ports::store::{Expect, Key, Patience, StoreError, Stored, read, write},
    report::escape::one_line,
};

/// What people were told last of each metric, and what they are still to be told.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Board {
    metrics: BTreeMap<String, String>,
    outbox: Vec<Pending>,
}

impl Stored for Board {
    const SCHEMA: u32 = 1;
}

/// Tells of what changed since the last pass. What is wrong comes back as lines for people.
pub(crate) async fn monitored(services: &Services, config: Option<PathBuf>, channels: &[ChannelSettings], run: &MonitorRun) -> Vec<String> {
    if !channels.iter().any(|channel| channel.events.contains(&Happening::Monitor)) {
        return Vec::new();
    }
    let failed = |failure: Failure| vec![format!("warning: people are not told: {}", one_line(&failure.to_string()))];
    let kept = match Base::open(services, config) {
        Ok(base) => base,
        Err(failure) => return failed(failure),
    };
    let now = kept.moment();
    let claimed = change(&kept, run, |board| {
        let notices = news(board, services, run);
        outbox::queue(&mut board.outbox, channels, &notices);
        outbox::claim(&mut board.outbox, channels, now)
    })
    .await;
    let claimed = match claimed {
        Ok(claimed) if claimed.is_empty() => return Vec::new(),
        Ok(claimed) => claimed,
        Err(failure) => return failed(failure),
    };
    let (results, mut notes) = send(services, channels, claimed, None).await;
    match change(&kept, run, |board| outbox::settle(&mut board.outbox, &results, kept.moment())).await {
        Ok(given_up) => notes.extend(given_up.iter().map(lost)),
        Err(failure) => notes.extend(failed(failure)),
    }
    notes
}

/// Changes the board as it is by now.
async fn change<T>(base: &Base, run: &MonitorRun, change: impl Fn(&mut Board) -> T) -> Result<T, Failure> {
    let scope = digest::of_json(&serde_json::json!([run.prompt, run.environment])).chars().take(32).collect::<String>();
    let key = Key::of(&["notice", "monitor", &scope]).map_err(|error| Failure::Store(StoreError::Settings(error.to_string())))?;
    let store = base.store.as_ref();
    let patience = Patience::of(base.services.clock.as_ref(), STORE_TIME).never_waiting();
    let mut tries = 0;
    loop {
        tries += 1;
        let found = read::<Board>(store, &key, patience).await.map_err(Failure::Store)?;
        let (before, expect) = found.map_or((Board::default(), Expect::Absent), |(board, revision)| (board, Expect::Revision(revision)));
        let mut board = before.clone();
        let changed = change(&mut board);
        if board == before {
            return Ok(changed);
        }
        let writes = [write(key.clone(), expect, &board).map_err(Failure::Store)?];
        match store.transact(&writes, patience).await {
            Ok(_) => return Ok(changed),
            Err(StoreError::Conflict(_)) if tries < TRIES => {}
            Err(error) => return Err(Failure::Store(error)),
        }
    }
}

/// What is new of each metric; what cannot be told is left as it was said.
fn news(board: &mut Board, services: &Services, run: &MonitorRun) -> Vec<Notice> {
    let mut all = Vec::new();
    for metric in &run.metrics {
        let health = metric.health();
        if health == Health::Inconclusive {
            continue;
        }
        let before = board.metrics.insert(metric.settings.name.clone(), health.word().to_owned());
        let before = before.unwrap_or_else(|| Health::Healthy.word().to_owned());
        if before == health.word() {
            continue;
        }
        let name = metric.settings.name.clone();
        let mut facts = vec![("metric".to_owned(), name.clone())];
        facts.extend(metric.value.map(|value| ("value".to_owned(), value.to_string())));
        facts.extend(run.version.clone().map(|version| ("version".to_owned(), version)));
        let notice = Notice {
            id: format!("monitor.{}.{}.{}", digest::sha256_hex(name.as_bytes()), run.at, health.word()),
            what: Happening::Monitor,
            prompt: run.prompt.clone().unwrap_or_default(),
            environment: run.environment.clone().unwrap_or_default(),
            from: Some(before),
            to: Some(health.word().to_owned()),
            why: Some(metric.reasons().collect::<Vec<_>>().join("; ")),
            by: services.who.actor.clone(),
            at: moment(&run.at),
            run: services.who.run.clone(),
            rollout: Some(name),
            rollback: None,
            facts,
        };
        all.push(notice.bounded());
    }
    all
}
