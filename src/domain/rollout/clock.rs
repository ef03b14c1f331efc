//! Time that survives a clock that jumps: a stage is credited only with time that somebody watched.

use serde::{Deserialize, Serialize};

/// A reading of the wall clock: milliseconds since 1970-01-01 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default)]
#[serde(transparent)]
pub struct Moment(pub u64);

impl Moment {
    /// Milliseconds from `earlier` to this; 0 when the clock went back.
    pub fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// What a runner knows about the time when it makes a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Now {
    /// The wall clock.
    pub wall: Moment,
    /// Milliseconds since the step before, by a clock that never jumps; `None` when another process made it.
    pub lap: Option<u64>,
}

impl Now {
    /// The wall clock alone.
    pub fn wall(millis: u64) -> Self {
        Self { wall: Moment(millis), lap: None }
    }
}

/// How often the wall clock must go on from an earlier time before that is believed.
const BELIEVED_AFTER: u32 = 3;

/// How long a stage has been watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct StageClock {
    /// The latest time that was credited up to.
    mark: Moment,
    /// The last reading, and how many before it went on from behind `mark`.
    last: Moment,
    behind: u32,
    /// Watched since the last health check that counted, in milliseconds.
    pending: u64,
    /// Watched and healthy, in milliseconds.
    pub credited: u64,
    /// Watched, whatever was found, in milliseconds.
    pub watched: u64,
}

impl StageClock {
    /// Starts at `now`.
    pub fn starting(now: Now) -> Self {
        Self { mark: now.wall, last: now.wall, ..Self::default() }
    }

    /// Time has passed: at most `most` milliseconds of it count, because for longer nobody looked; none when the clock
    /// went back, until it passes the point where it was, or goes on steadily from the earlier time.
    pub fn pass(&mut self, now: Now, most: u64) {
        let gone = now.lap.unwrap_or_else(|| now.wall.since(self.mark)).min(most);
        if now.wall >= self.mark {
            (self.mark, self.behind) = (now.wall, 0);
        } else {
            self.behind = if now.wall >= self.last { self.behind + 1 } else { 1 };
            if self.behind > BELIEVED_AFTER {
                (self.mark, self.behind) = (now.wall, 0);
            }
        }
        self.last = now.wall;
        self.pending = self.pending.saturating_add(gone);
        self.watched = self.watched.saturating_add(gone);
    }

    /// What was watched since the last check was healthy.
    pub fn credit(&mut self) {
        self.credited = self.credited.saturating_add(std::mem::take(&mut self.pending));
    }

    /// What was watched since the last check does not count.
    pub fn discard(&mut self) {
        self.pending = 0;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn passed(readings: &[u64], most: u64) -> u64 {
        let mut clock = StageClock::starting(Now::wall(1_000_000));
        for reading in readings {
            clock.pass(Now::wall(*reading), most);
            clock.credit();
        }
        clock.credited
    }

    #[test]
    fn an_hour_without_anyone_is_not_an_hour_of_watching() {
        assert_eq!(passed(&[1_030_000, 1_060_000], 60_000), 60_000);
        assert_eq!(passed(&[4_600_000], 60_000), 60_000);
    }

    #[test]
    fn going_back_counts_nothing_and_is_believed_after_a_while() {
        assert_eq!(passed(&[900_000, 910_000, 920_000], 60_000), 0);
        assert_eq!(passed(&[900_000, 910_000, 920_000, 930_000, 940_000], 60_000), 10_000);
        assert_eq!(passed(&[1_010_000, 500_000, 1_010_000, 500_000, 1_010_000], 60_000), 10_000, "to and fro");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(10_000))]
        /// True time goes on by `real`, the clock shows it with an offset that jumps: each jump forward is worth one look at most.
        #[test]
        fn jumps_win_no_more_than_a_look_each(steps in prop::collection::vec((0_u64..40_000, prop::option::weighted(0.3, -5_000_000_i64..5_000_000)), 1..60)) {
            let (mut truth, mut offset, mut jumps) = (100_000_000_u64, 0_i64, 0_u64);
            let mut clock = StageClock::starting(Now::wall(truth));
            let begin = truth;
            for (real, jump) in steps {
                truth += real;
                if let Some(jump) = jump { jumps += 1; offset = jump; }
                clock.pass(Now::wall(truth.saturating_add_signed(offset)), 60_000);
                clock.credit();
            }
            prop_assert!(clock.credited <= truth - begin + jumps * 60_000);
        }

        /// A process that saw the whole time by a steady clock is never wrong.
        #[test]
        fn with_a_steady_clock_jumps_win_nothing(steps in prop::collection::vec((0_u64..40_000, 0_u64..200_000_000), 1..60)) {
            let mut clock = StageClock::starting(Now::wall(100_000_000));
            let mut truth = 0;
            for (real, wall) in steps {
                truth += real;
                clock.pass(Now { wall: Moment(wall), lap: Some(real) }, 60_000);
                clock.credit();
            }
            prop_assert_eq!(clock.credited, truth);
        }
    }
}
