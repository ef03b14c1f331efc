//! The run's budget, shared by all who ask.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, watch};

use crate::app::test::run::Stop;
use crate::domain::budget::{Budget, BudgetStop, Estimate, Leave, Spending};

/// What the run has spent, and who waits for what is under way.
#[derive(Debug, Default)]
pub(in crate::app::test) struct Purse {
    spending: Mutex<Spending>,
    settled: Notify,
}

/// Why no request may be sent.
pub(in crate::app::test) enum NoLeave {
    /// The budget does not allow it.
    Budget(BudgetStop),
    /// The run ends.
    Stopped,
}

/// A request under way.
pub(in crate::app::test) struct Held<'p> {
    purse: &'p Purse,
    estimate: Estimate,
    /// What it came to; until that is known, as much as was feared: a request that is dropped may be paid for all the same.
    came_to: (u64, Option<f64>),
}

impl Purse {
    pub(in crate::app::test) fn new(budget: Budget) -> Self {
        Self { spending: Mutex::new(Spending::new(budget)), settled: Notify::new() }
    }

    /// Waits for leave to send a request.
    ///
    /// # Errors
    /// When none will be given.
    pub(in crate::app::test) async fn leave(&self, estimate: Estimate, stopped: &mut watch::Receiver<Stop>) -> Result<Held<'_>, NoLeave> {
        loop {
            // Made before looking, so that what settles in between is not missed.
            let settled = self.settled.notified();
            let leave = self.lock().begin(estimate);
            match leave {
                Leave::Go => return Ok(Held { purse: self, estimate, came_to: (estimate.tokens(), estimate.usd.or(Some(0.0))) }),
                Leave::Never(stop) => return Err(NoLeave::Budget(stop)),
                Leave::Later => {}
            }
            tokio::select! {
                () = settled => {}
                _ = stopped.wait_for(|stop| *stop != Stop::No) => return Err(NoLeave::Stopped),
            }
        }
    }

    /// Whether so many more tokens and dollars fit into what is left.
    pub(in crate::app::test) fn has_room(&self, tokens: f64, usd: f64) -> bool {
        self.lock().has_room(tokens, usd)
    }

    fn lock(&self) -> MutexGuard<'_, Spending> {
        self.spending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held<'_> {
    /// It ended, with so many tokens and dollars; `None`: its cost is not known.
    pub(in crate::app::test) fn end(mut self, tokens: u64, usd: Option<f64>) {
        self.came_to = (tokens, usd);
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        let (tokens, usd) = self.came_to;
        self.purse.lock().end(self.estimate, tokens, usd);
        self.purse.settled.notify_waiters();
    }
}
