//! A program of the user's own: every question is JSON on its standard input.

use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value;

use super::tell::Teller;
use crate::{
    adapters::subprocess::{Program, Trouble},
    domain::{
        duration,
        target::{Desired, Observed, Shares},
    },
    ports::target::{Target, TargetError, TargetErrorKind},
};

/// A program.
#[derive(Debug)]
pub(super) struct Command {
    pub(super) teller: Teller,
    pub(super) program: Program,
}

impl Command {
    async fn ask(&self, message: &Value, deadline: Duration) -> Result<Vec<u8>, TargetError> {
        let limit = deadline.min(self.teller.timeout);
        let error = |kind, what: &str| self.teller.error(kind, &format!("program `{}`: {what}", self.program.shown()));
        let ended = self.program.run(message.to_string().as_bytes(), limit).await.map_err(|trouble| match trouble {
            Trouble::NotStarted(_) => error(TargetErrorKind::Unreachable, &trouble.words("command")),
            Trouble::Unreadable(_) => error(TargetErrorKind::Failed, &trouble.words("command")),
            Trouble::TooMuch => error(TargetErrorKind::Malformed, &trouble.words("command")),
            Trouble::TimedOut => {
                error(TargetErrorKind::TimedOut, &format!("not done within {}; it was ended with its children", duration::human(limit)))
            }
        })?;
        if ended.status.success() {
            return Ok(ended.stdout);
        }
        let said = if ended.words.is_empty() { "it wrote nothing to standard error" } else { &ended.words };
        Err(error(TargetErrorKind::Failed, &format!("{}: {said}", ended.status)))
    }
}

#[async_trait]
impl Target for Command {
    fn name(&self) -> &str {
        &self.teller.name
    }

    fn shares(&self) -> Shares {
        Shares::Any
    }

    async fn apply(&self, desired: &Desired, operation: &str, deadline: Duration) -> Result<(), TargetError> {
        self.ask(&self.teller.apply_message(desired, operation), deadline).await.map(drop)
    }

    async fn observe(&self, deadline: Duration) -> Result<Observed, TargetError> {
        let answer = self.ask(&self.teller.observe_message(), deadline).await?;
        self.teller.observed(&answer)
    }
}
