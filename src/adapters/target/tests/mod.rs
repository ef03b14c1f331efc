//! Targets against fakes and files.

mod files;
mod programs;

use std::{path::Path, sync::Arc, time::Duration};

use super::TargetFactory;
use crate::{
    adapters::{http::site::Sites, secret::Scrubber},
    domain::target::{Desired, Percent, PinnedVersion, Subject, TargetKind, TargetSettings},
    ports::{
        provider::ConnectError,
        target::{Target, Targets as _},
    },
};

/// No call of a test may take longer.
pub(super) const DEADLINE: Duration = Duration::from_secs(5);

pub(super) fn subject() -> Subject {
    Subject { prompt: "greeting".into(), environment: "production".into() }
}

/// From 1.0.0 to 2.0.0.
pub(super) fn desired(percent: u8, epoch: u64) -> Desired {
    let version = |number: &str, digit: &str| PinnedVersion { number: number.parse().unwrap(), digest: digit.repeat(64), text: None };
    Desired {
        subject: subject(),
        stable: version("1.0.0", "a"),
        candidate: Some(version("2.0.0", "b")),
        percent: Percent::new(percent).unwrap(),
        rollout: "greeting-7".into(),
        epoch,
        overwrites: false,
    }
}

pub(super) fn open(kind: TargetKind, base: &Path) -> Result<Arc<dyn Target>, ConnectError> {
    let environment = Arc::new(|name: &str| match name {
        "PATH" => std::env::var("PATH").ok(),
        "HOOK_SECRET" => Some("hunter2hunter2".to_owned()),
        "EMPTY" => Some(String::new()),
        _ => None,
    });
    let sites = Sites::new(environment, Arc::new(Scrubber::default()));
    TargetFactory::new(sites, base).open(&TargetSettings { name: "t".into(), kind, timeout: Duration::from_secs(4) }, &subject())
}
