//! How often a provider may be asked: requests and tokens in any minute.

use std::{collections::VecDeque, time::Duration};

/// What a provider allows in a minute; `None`: as much as one likes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RateLimits {
    /// Requests that may begin within 60 seconds.
    pub requests_per_minute: Option<u64>,
    /// Tokens, those of the requests and of the answers together, within 60 seconds.
    pub tokens_per_minute: Option<u64>,
}

impl RateLimits {
    /// Whether there is nothing to keep to.
    pub fn is_unlimited(&self) -> bool {
        self.requests_per_minute.is_none() && self.tokens_per_minute.is_none()
    }
}

/// The requests of the last minute. In no 60 seconds, wherever they begin, there are more than allowed: a window that moves,
/// not one that begins anew with the clock's minute, at whose edges twice as many would fit.
#[derive(Debug, Default)]
pub struct Minute {
    limits: RateLimits,
    begun: VecDeque<Begun>,
    /// The number of the first of `begun`.
    first: u64,
    tokens: u64,
}

/// A request that was let go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Begun {
    at: Duration,
    tokens: u64,
}

/// Names a request that was let go, to say later how many tokens it really took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticket(u64);

impl Minute {
    const LENGTH: Duration = Duration::from_mins(1);

    /// Nothing asked yet.
    pub fn new(limits: RateLimits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// Lets a request of so many expected tokens begin at `now`. A request that is larger than the limit alone goes when nothing
    /// else is within the minute: it could never go otherwise.
    ///
    /// # Errors
    /// How long it has to wait at least; then it must be asked for again.
    pub fn begin(&mut self, now: Duration, tokens: u64) -> Result<Ticket, Duration> {
        self.forget(now);
        let wait = self.wait_for_requests(now).max(self.wait_for_tokens(now, tokens));
        if !wait.is_zero() {
            return Err(wait);
        }
        let number = self.first.saturating_add(u64::try_from(self.begun.len()).unwrap_or(u64::MAX));
        self.begun.push_back(Begun { at: now, tokens });
        self.tokens = self.tokens.saturating_add(tokens);
        Ok(Ticket(number))
    }

    /// A request took so many tokens in truth.
    pub fn settle(&mut self, ticket: Ticket, tokens: u64) {
        let place = ticket.0.checked_sub(self.first).and_then(|place| usize::try_from(place).ok());
        if let Some(begun) = place.and_then(|place| self.begun.get_mut(place)) {
            self.tokens = self.tokens.saturating_sub(begun.tokens).saturating_add(tokens);
            begun.tokens = tokens;
        }
    }

    fn forget(&mut self, now: Duration) {
        while let Some(oldest) = self.begun.front().copied().filter(|oldest| oldest.at + Self::LENGTH <= now) {
            self.begun.pop_front();
            self.first = self.first.saturating_add(1);
            self.tokens = self.tokens.saturating_sub(oldest.tokens);
        }
    }

    fn wait_for_requests(&self, now: Duration) -> Duration {
        let Some(limit) = self.limits.requests_per_minute.and_then(|limit| usize::try_from(limit).ok()) else { return Duration::ZERO };
        // Once this one is forgotten, there are as many as allowed without one.
        let in_the_way = self.begun.len().checked_sub(limit).and_then(|place| self.begun.get(place));
        in_the_way.map_or(Duration::ZERO, |begun| (begun.at + Self::LENGTH).saturating_sub(now))
    }

    fn wait_for_tokens(&self, now: Duration, tokens: u64) -> Duration {
        let Some(limit) = self.limits.tokens_per_minute else { return Duration::ZERO };
        let mut left = self.tokens;
        for begun in &self.begun {
            if left.saturating_add(tokens) <= limit || left == 0 {
                break;
            }
            left = left.saturating_sub(begun.tokens);
        }
        self.gone_by(now, left)
    }

    /// How long until all but the last `left` tokens are forgotten.
    fn gone_by(&self, now: Duration, left: u64) -> Duration {
        let mut rest = self.tokens;
        let mut wait = Duration::ZERO;
        for begun in &self.begun {
            if rest <= left {
                break;
            }
            rest = rest.saturating_sub(begun.tokens);
            wait = (begun.at + Self::LENGTH).saturating_sub(now);
        }
        wait
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn limited(requests: Option<u64>, tokens: Option<u64>) -> Minute {
        Minute::new(RateLimits { requests_per_minute: requests, tokens_per_minute: tokens })
    }

    /// When each of these requests begins that waits as it is told, and how many tokens it was expected to take.
    fn begins(minute: &mut Minute, requests: &[(u64, u64)]) -> Vec<(Duration, u64)> {
        let mut now = Duration::ZERO;
        let mut begun = Vec::new();
        for (later, tokens) in requests {
            now += at(*later);
            while let Err(wait) = minute.begin(now, *tokens) {
                assert!(!wait.is_zero());
                now += wait;
            }
            begun.push((now, *tokens));
        }
        begun
    }

    #[test]
    fn without_limits_nothing_waits() {
        let mut minute = limited(None, None);
        assert!(RateLimits::default().is_unlimited());
        assert!(begins(&mut minute, &[(0, 1_000_000); 100]).iter().all(|(when, _)| when.is_zero()));
    }

    #[test]
    fn three_a_minute_go_at_once_and_the_fourth_waits_for_the_first() {
        let mut minute = limited(Some(3), None);
        let when: Vec<_> =
            begins(&mut minute, &[(0, 0), (1_000, 0), (1_000, 0), (0, 0), (0, 0)]).into_iter().map(|(when, _)| when).collect();
        assert_eq!(when, [at(0), at(1_000), at(2_000), at(60_000), at(61_000)]);
    }

    #[test]
    fn tokens_wait_until_enough_of_them_are_a_minute_old() {
        let mut minute = limited(None, Some(100));
        let when: Vec<_> = begins(&mut minute, &[(0, 50), (10_000, 40), (0, 60)]).into_iter().map(|(when, _)| when).collect();
        assert_eq!(when, [at(0), at(10_000), at(60_000)]);
    }

    #[test]
    fn what_an_answer_really_took_counts() {
        let mut minute = limited(None, Some(100));
        let ticket = minute.begin(at(0), 10).unwrap();
        minute.settle(ticket, 95);
        assert_eq!(minute.begin(at(0), 10), Err(at(60_000)));
        let mut minute = limited(None, Some(100));
        let ticket = minute.begin(at(0), 100).unwrap();
        minute.settle(ticket, 5);
        assert!(minute.begin(at(0), 95).is_ok());
        // A ticket whose request is forgotten changes nothing.
        assert!(minute.begin(at(120_000), 100).is_ok());
        minute.settle(ticket, 1_000);
        assert_eq!(minute.begin(at(120_000), 1), Err(at(60_000)));
    }

    #[test]
    fn a_request_larger_than_the_limit_goes_alone() {
        let mut minute = limited(None, Some(100));
        let when: Vec<_> = begins(&mut minute, &[(0, 30), (0, 500), (0, 10)]).into_iter().map(|(when, _)| when).collect();
        assert_eq!(when, [at(0), at(60_000), at(120_000)]);
    }

    proptest! {
        #[test]
        fn no_minute_has_more_than_allowed(
            requests in 1_u64..6,
            tokens in 20_u64..200,
            asked in proptest::collection::vec((0_u64..40_000, 0_u64..100), 1..60),
        ) {
            let begun = begins(&mut limited(Some(requests), Some(tokens)), &asked);
            for (from, _) in &begun {
                let within: Vec<_> = begun.iter().filter(|(when, _)| when >= from && *when < *from + Minute::LENGTH).collect();
                prop_assert!(within.len() as u64 <= requests);
                let sum: u64 = within.iter().map(|(_, tokens)| tokens).sum();
                prop_assert!(sum <= tokens || within.iter().filter(|(_, tokens)| *tokens > 0).count() == 1, "{sum} tokens in a minute");
            }
        }
    }
}
