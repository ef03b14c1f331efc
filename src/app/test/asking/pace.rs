//! Waiting for a provider's turn: no minute gets more requests or tokens than it may, and suites take turns whatever their
//! concurrency.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::sync::{Semaphore, SemaphorePermit, watch};

use crate::app::test::run::Stop;
use crate::{
    domain::pace::{Minute, RateLimits, Ticket},
    ports::clock::Clock,
};

/// What all who ask one provider share.
#[derive(Debug)]
struct Pacer {
    minute: Mutex<Minute>,
    /// First come, first served; each suite stands here once at most.
    turn: tokio::sync::Mutex<()>,
}

/// A suite's way to a provider.
#[derive(Debug, Clone)]
pub(in crate::app::test) struct Lane {
    /// `None`: without limits.
    pacer: Option<Arc<Pacer>>,
    /// The samples of the suite wait here for one another, so that a suite of a hundred is served like a suite of one.
    own: Arc<tokio::sync::Mutex<()>>,
}

/// Leave to send one request.
#[derive(Debug, Default)]
#[must_use]
pub(in crate::app::test) struct Permit(Option<Ticket>);

/// How waiting ended.
pub(in crate::app::test) enum Passed<'s> {
    /// The request may be sent, with the slot it needs.
    Now(Option<SemaphorePermit<'s>>, Permit),
    /// It could not be sent before its time is over.
    TooLate,
    /// The run ends.
    Stopped,
}

impl Lane {
    pub(in crate::app::test) fn new(limits: RateLimits) -> Self {
        let pacer = || Arc::new(Pacer { minute: Mutex::new(Minute::new(limits)), turn: tokio::sync::Mutex::default() });
        Self { pacer: (!limits.is_unlimited()).then(pacer), own: Arc::default() }
    }

    /// A lane of its own to the same provider.
    pub(in crate::app::test) fn another(&self) -> Self {
        Self { pacer: self.pacer.clone(), own: Arc::default() }
    }

    /// Waits until a request of so many expected tokens may be sent, and for one of `slots`, which is not held while waiting:
    /// others may need it.
    pub(in crate::app::test) async fn pass<'s>(
        &self,
        clock: &dyn Clock,
        tokens: u64,
        until: Duration,
        stopped: &mut watch::Receiver<Stop>,
        slots: Option<&'s Semaphore>,
    ) -> Passed<'s> {
        let Some(pacer) = &self.pacer else { return Passed::Now(slot(slots).await, Permit(None)) };
        let _own = self.own.lock().await;
        let _turn = pacer.turn.lock().await;
        loop {
            let slot = slot(slots).await;
            if *stopped.borrow() != Stop::No {
                return Passed::Stopped;
            }
            let now = clock.elapsed();
            let wait = match pacer.minute.lock().unwrap_or_else(PoisonError::into_inner).begin(now, tokens) {
                Ok(ticket) => return Passed::Now(slot, Permit(Some(ticket))),
                Err(wait) => wait,
            };
            drop(slot);
            if now + wait >= until {
                return Passed::TooLate;
            }
            tokio::select! {
                () = clock.sleep(wait) => {}
                _ = stopped.wait_for(|stop| *stop != Stop::No) => return Passed::Stopped,
            }
        }
    }

    /// A request took so many tokens in truth.
    pub(in crate::app::test) fn settle(&self, permit: &Permit, tokens: u64) {
        if let (Some(pacer), Permit(Some(ticket))) = (&self.pacer, permit) {
            pacer.minute.lock().unwrap_or_else(PoisonError::into_inner).settle(*ticket, tokens);
        }
    }
}

async fn slot(slots: Option<&Semaphore>) -> Option<SemaphorePermit<'_>> {
    // Slots are never closed, so acquiring fails for no one.
    slots?.acquire().await.ok()
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;

    use super::*;

    /// A clock that only moves when someone sleeps on it.
    #[derive(Debug, Default)]
    struct ManualClock(Mutex<Duration>);

    #[async_trait]
    impl Clock for ManualClock {
        fn now(&self) -> String {
            String::new()
        }

        fn elapsed(&self) -> Duration {
            *self.0.lock().unwrap()
        }

        async fn sleep(&self, duration: Duration) {
            *self.0.lock().unwrap() += duration;
            tokio::task::yield_now().await;
        }

        fn jitter(&self) -> f64 {
            0.0
        }
    }

    const HOUR: Duration = Duration::from_hours(1);

    fn lane(requests_per_minute: u64) -> Lane {
        Lane::new(RateLimits { requests_per_minute: Some(requests_per_minute), tokens_per_minute: None })
    }

    #[tokio::test]
    async fn requests_wait_on_the_clock_and_hold_no_slot_meanwhile() {
        let (clock, lane, slots) = (ManualClock::default(), lane(2), Semaphore::new(1));
        let (_stop, mut stopped) = watch::channel(Stop::No);
        let mut when = Vec::new();
        for _ in 0..5 {
            let Passed::Now(slot, _permit) = lane.pass(&clock, 1, HOUR, &mut stopped, Some(&slots)).await else { panic!("it passes") };
            assert!(slot.is_some());
            when.push(clock.elapsed().as_secs());
        }
        assert_eq!(when, [0, 0, 60, 60, 120]);
    }

    #[tokio::test]
    async fn a_suite_of_many_is_served_like_a_suite_of_one() {
        let (clock, many) = (Arc::new(ManualClock::default()), lane(1));
        let few = many.another();
        let (_stop, stopped) = watch::channel(Stop::No);
        let served = Arc::new(Mutex::new(Vec::new()));
        let task = |lane: Lane, name: &'static str| {
            let (clock, mut stopped, served) = (Arc::clone(&clock), stopped.clone(), Arc::clone(&served));
            async move {
                assert!(matches!(lane.pass(&*clock, 1, HOUR, &mut stopped, None).await, Passed::Now(..)));
                served.lock().unwrap().push(name);
            }
        };
        let many = futures::future::join_all((0..8).map(|_| task(many.clone(), "many")));
        let few = async {
            for _ in 0..3 {
                task(few.clone(), "few").await;
            }
        };
        tokio::join!(many, few);
        let served = served.lock().unwrap();
        let last_of_few = served.iter().rposition(|name| *name == "few").unwrap();
        assert!(last_of_few <= 6, "three of few are among the first seven: {served:?}");
    }

    #[tokio::test]
    async fn nobody_waits_past_the_end() {
        let (clock, lane) = (ManualClock::default(), lane(1));
        let (stop, mut stopped) = watch::channel(Stop::No);
        assert!(matches!(lane.pass(&clock, 1, HOUR, &mut stopped, None).await, Passed::Now(..)));
        assert!(matches!(lane.pass(&clock, 1, Duration::from_mins(1), &mut stopped, None).await, Passed::TooLate));
        assert_eq!(clock.elapsed(), Duration::ZERO, "what comes too late is known without waiting");
        stop.send_replace(Stop::Soon);
        assert!(matches!(lane.pass(&clock, 1, HOUR, &mut stopped, None).await, Passed::Stopped));
    }
}
