//! Targets against fakes of what they speak to.

/// Manifests on a branch.
mod branch;
mod flagd;
mod haproxy;
mod kubernetes;
mod mlflow;
mod webhook;

use std::{path::Path, sync::Arc, time::Duration};

use prompt_cicd::{
    adapters::{http::site::Sites, secret::Scrubber, target::TargetFactory},
    domain::target::{Desired, Percent, PinnedVersion, Subject, TargetHttp, TargetKind, TargetSettings},
    ports::target::{Target, Targets as _},
};

const DEADLINE: Duration = Duration::from_secs(10);
const SHORT: Duration = Duration::from_millis(200);

fn desired(percent: u8, epoch: u64) -> Desired {
    let version = |number: &str, digit: &str| PinnedVersion { number: number.parse().unwrap(), digest: digit.repeat(64), text: None };
    Desired {
        subject: Subject { prompt: "greeting".into(), environment: "production".into() },
        stable: version("1.0.0", "a"),
        candidate: Some(version("2.0.0", "b")),
        percent: Percent::new(percent).unwrap(),
        rollout: "greeting-7".into(),
        epoch,
        overwrites: false,
    }
}

fn open(kind: TargetKind, base: &Path) -> Arc<dyn Target> {
    let environment = Arc::new(|name: &str| (name == "HOOK_SECRET").then(|| "hunter2hunter2".to_owned()));
    let sites = Sites::new(environment, Arc::new(Scrubber::default()));
    let settings = TargetSettings { name: "t".into(), kind, timeout: DEADLINE };
    TargetFactory::new(sites, base).open(&settings, &desired(0, 1).subject).unwrap()
}

fn http(url: &str) -> TargetHttp {
    TargetHttp { url: url.to_owned(), token_env: None, headers: std::collections::BTreeMap::new() }
}
