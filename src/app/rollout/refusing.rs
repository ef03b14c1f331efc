//! A target that cannot be used from here: it refuses whatever it is asked, says why, and keeps nobody from doing the others.

use std::time::Duration;

use async_trait::async_trait;

use crate::{
    domain::target::{Desired, Observed, Shares},
    ports::target::{Target, TargetError, TargetErrorKind},
};

/// Why one target cannot be used, in its place.
pub(crate) struct Refusing {
    /// The name under `targets:`.
    pub(crate) name: String,
    /// Which target, why, and the next step.
    pub(crate) message: String,
}

impl Refusing {
    fn refused(&self) -> TargetError {
        TargetError { kind: TargetErrorKind::Refused, message: self.message.clone() }
    }
}

#[async_trait]
impl Target for Refusing {
    fn name(&self) -> &str {
        &self.name
    }

    fn unusable(&self) -> Option<&str> {
        Some(&self.message)
    }

    fn shares(&self) -> Shares {
        Shares::Any
    }

    async fn apply(&self, _desired: &Desired, _operation: &str, _deadline: Duration) -> Result<(), TargetError> {
        Err(self.refused())
    }

    async fn observe(&self, _deadline: Duration) -> Result<Observed, TargetError> {
        Err(self.refused())
    }
}
