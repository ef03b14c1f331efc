//! Objects of a Kubernetes cluster: a ConfigMap that holds a manifest of flags, the weights of a route of the Gateway API.

mod config_map;
mod route;

use crate::{
    adapters::kubernetes::{Trouble, TroubleKind},
    ports::target::{TargetError, TargetErrorKind},
};

pub(super) use config_map::ConfigMap;
pub(super) use route::Route;

use super::tell::Teller;

/// How often a change is tried when others write at the same time.
const ATTEMPTS: u32 = 20;

/// The wait after a lost race.
const PAUSE: std::time::Duration = std::time::Duration::from_millis(10);

/// The annotation with the operation that was applied last.
const OPERATION: &str = "prompt-cicd/operation";

impl Teller {
    /// An API server's refusal as a target's failure.
    fn trouble(&self, trouble: &Trouble) -> TargetError {
        let kind = match trouble.kind {
            TroubleKind::NoConnection | TroubleKind::Busy => TargetErrorKind::Unreachable,
            TroubleKind::Broken | TroubleKind::Failed | TroubleKind::Gone => TargetErrorKind::Failed,
            TroubleKind::Malformed => TargetErrorKind::Malformed,
            TroubleKind::Exists | TroubleKind::Conflict => TargetErrorKind::Conflict,
            TroubleKind::Unauthorized
            | TroubleKind::Forbidden
            | TroubleKind::NotFound
            | TroubleKind::NoSuchPlace
            | TroubleKind::TooLarge
            | TroubleKind::Invalid => TargetErrorKind::Refused,
        };
        self.error(kind, &trouble.to_string())
    }

    /// Everybody else was faster each time.
    fn outrun(&self, what: &str) -> TargetError {
        self.error(TargetErrorKind::Conflict, &format!("{what}: others wrote {ATTEMPTS} times in between; try again"))
    }
}

/// Whether a change is to be tried again from the start: the object is another one than was read.
fn is_race(trouble: &Trouble) -> bool {
    matches!(trouble.kind, TroubleKind::Conflict | TroubleKind::Exists | TroubleKind::NotFound)
}
