//! The user's programs that judge answers.

use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

use async_trait::async_trait;

use crate::{
    adapters::{
        secret::Scrubber,
        subprocess::{Program, Trouble},
    },
    domain::{
        duration,
        provider::{FaultKind, ProviderFault},
    },
    ports::program::Programs,
};

/// Looks up a variable of the environment.
type Environment = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// The programs of this machine.
pub struct LocalPrograms {
    environment: Environment,
    scrubber: Arc<Scrubber>,
}

impl LocalPrograms {
    /// Programs see the usual variables of this environment.
    pub fn new(environment: Environment, scrubber: Arc<Scrubber>) -> Self {
        Self { environment, scrubber }
    }
}

impl fmt::Debug for LocalPrograms {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("LocalPrograms").finish_non_exhaustive()
    }
}

#[async_trait]
impl Programs for LocalPrograms {
    async fn run(&self, argv: &[String], input: &str, limit: Duration) -> Result<String, ProviderFault> {
        let program = Program::new(argv, &[], &BTreeMap::new(), &*self.environment, &self.scrubber)
            .ok_or_else(|| ProviderFault::new(FaultKind::Rejected, "`run` names no program".to_owned()))?;
        let fault = |kind, what: &str| ProviderFault::new(kind, self.scrubber.scrub(&format!("program `{}`: {what}", program.shown())));
        let ended = program.run(input.as_bytes(), limit).await.map_err(|trouble| match trouble {
            Trouble::NotStarted(_) => fault(FaultKind::Rejected, &trouble.words("command")),
            Trouble::Unreadable(_) => fault(FaultKind::Unreachable, &trouble.words("command")),
            Trouble::TooMuch => fault(FaultKind::Malformed, &trouble.words("command")),
            Trouble::TimedOut => {
                let what = format!("no answer within the time limit of {}; it was ended with its children", duration::human(limit));
                fault(FaultKind::Timeout, &what)
            }
        })?;
        if !ended.status.success() {
            let said = if ended.words.is_empty() { "it wrote nothing to standard error" } else { &ended.words };
            return Err(fault(FaultKind::Rejected, &format!("{}: {said}", ended.status)));
        }
        String::from_utf8(ended.stdout)
            .map_err(|error| fault(FaultKind::Malformed, &format!("its output is not UTF-8 (byte {})", error.utf8_error().valid_up_to())))
    }
}
