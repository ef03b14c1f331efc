//! Looking at health for a while after a rollback: whether the version that is back is well. It is not part of the promised 30 s.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::domain::rollout::{
    Moment,
    health::{Check, HealthVerdict, Memory},
};

/// How a rollback is watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WatchSettings {
    /// For how long.
    pub duration: Duration,
    /// The time between two looks.
    pub interval: Duration,
    /// Whether every rollback is watched, also where nobody asked.
    pub always: bool,
}

/// What the watch came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Watched {
    /// The last look was healthy, and none of the second half was unhealthy.
    Healthy,
    /// A look of the second half was unhealthy.
    Unhealthy,
    /// Neither can be said.
    Inconclusive,
}

impl Watched {
    /// The word in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Unhealthy => "unhealthy",
            Self::Inconclusive => "inconclusive",
        }
    }
}

/// One look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Look {
    /// When.
    pub at: Moment,
    /// What was seen.
    pub verdict: HealthVerdict,
    /// In one sentence.
    pub why: String,
}

/// A watch: what was seen so far, and until when it goes on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Watch {
    /// When it began.
    pub from: Moment,
    /// When it ends.
    pub until: Moment,
    /// The time between two looks, in milliseconds.
    pub interval: u64,
    /// The looks, oldest first; the newest hundred.
    pub looks: Vec<Look>,
    /// What the next look needs of the ones before; empty when it is over.
    #[serde(default)]
    pub memory: Memory,
    /// What it came to; `None` while it goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<Watched>,
}

/// The most looks that are kept, and the most characters of each one's reason.
const LOOKS: usize = 100;
const WHY: usize = 300;

impl Watch {
    /// Begins at `now`.
    pub fn begin(settings: WatchSettings, now: Moment) -> Self {
        let millis = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        let until = Moment(now.0.saturating_add(millis(settings.duration)));
        Self { from: now, until, interval: millis(settings.interval).max(100), looks: Vec::new(), memory: Memory::default(), result: None }
    }

    /// Whether health is to be looked at now: once in each interval, and at the end.
    pub fn is_due(&self, now: Moment) -> bool {
        // A clock that went back does not put a look off.
        self.result.is_none()
            && self.looks.last().is_none_or(|last| now < last.at || now.since(last.at) >= self.interval || now >= self.until)
    }

    /// The time until the next look, in milliseconds.
    pub fn pause(&self, now: Moment) -> u64 {
        let next = self.looks.last().map_or(now.0, |last| last.at.0.saturating_add(self.interval)).min(self.until.0);
        next.saturating_sub(now.0).min(self.interval)
    }

    /// Takes in a look, and concludes when the time is over. A clock before the beginning went back: it ends the watch, which then
    /// rests on what was seen.
    pub fn looked(&mut self, check: &Check, now: Moment) {
        let why = crate::domain::notice::cut(&check.summary(), WHY);
        self.looks.push(Look { at: now, verdict: check.verdict, why });
        self.looks.drain(..self.looks.len().saturating_sub(LOOKS));
        self.memory = check.memory.clone();
        if now >= self.until || now < self.from {
            self.result = Some(self.concluded());
            self.memory = Memory::default();
        }
    }

    fn concluded(&self) -> Watched {
        let half = self.looks.get(self.looks.len() / 2..).unwrap_or_default();
        if half.iter().any(|look| look.verdict == HealthVerdict::Unhealthy) {
            Watched::Unhealthy
        } else if self.looks.last().is_some_and(|look| look.verdict == HealthVerdict::Healthy) {
            Watched::Healthy
        } else {
            Watched::Inconclusive
        }
    }

    /// In one sentence.
    pub fn summary(&self) -> String {
        let count = |verdict| self.looks.iter().filter(|look| look.verdict == verdict).count();
        let result = self.result.map_or("going on", Watched::as_str);
        let (healthy, unhealthy) = (count(HealthVerdict::Healthy), count(HealthVerdict::Unhealthy));
        let open = self.looks.len() - healthy - unhealthy;
        format!("{result}: {} looks, {healthy} healthy, {unhealthy} unhealthy, {open} undecided", self.looks.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTINGS: WatchSettings = WatchSettings { duration: Duration::from_mins(2), interval: Duration::from_secs(10), always: false };

    fn watched(verdicts: &[HealthVerdict]) -> Watch {
        let mut watch = Watch::begin(SETTINGS, Moment(1_000));
        let step = 120_000 / u64::try_from(verdicts.len()).unwrap();
        for (index, verdict) in (1..).zip(verdicts) {
            assert_eq!(watch.result, None);
            watch.looked(&Check::plain(*verdict), Moment(1_000 + index * step));
        }
        watch
    }

    #[test]
    fn recovering_is_healthy_and_what_cannot_be_told_is_not() {
        use HealthVerdict::{Error, Healthy, Inconclusive, Unhealthy};
        for (verdicts, result) in [
            (vec![Healthy, Healthy], Watched::Healthy),
            (vec![Unhealthy, Healthy, Healthy, Healthy], Watched::Healthy),
            (vec![Healthy, Healthy, Unhealthy, Healthy], Watched::Unhealthy),
            (vec![Healthy, Healthy, Healthy, Inconclusive], Watched::Inconclusive),
            (vec![Error], Watched::Inconclusive),
        ] {
            assert_eq!(watched(&verdicts).result, Some(result), "{verdicts:?}");
        }
    }

    #[test]
    fn looks_are_due_at_intervals_and_at_the_end() {
        let mut watch = Watch::begin(SETTINGS, Moment(1_000));
        assert!(watch.is_due(Moment(1_000)));
        watch.looked(&Check::plain(HealthVerdict::Healthy), Moment(1_000));
        assert_eq!((watch.is_due(Moment(10_999)), watch.is_due(Moment(11_000)), watch.pause(Moment(5_000))), (false, true, 6_000));
        assert!(watch.is_due(Moment(900)), "a clock that went back");
        // Whoever comes back after an hour concludes with one look.
        watch.looked(&Check::plain(HealthVerdict::Unhealthy), Moment(3_600_000));
        assert_eq!((watch.result, watch.is_due(Moment(3_700_000))), (Some(Watched::Unhealthy), false));
    }
}
