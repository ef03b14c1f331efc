//! Units that stand for the same kind of amount: 1.5 s and 1,500 ms.

use crate::domain::regression::Direction;

/// Names of a unit with its size in the smallest of its kind. Two of one list convert, others do not.
const KINDS: [&[(&str, u64)]; 2] = [
    &[
        ("ns", 1),
        ("nanosecond", 1),
        ("nanoseconds", 1),
        ("us", 1_000),
        ("µs", 1_000),
        ("μs", 1_000),
        ("microsecond", 1_000),
        ("microseconds", 1_000),
        ("ms", 1_000_000),
        ("msec", 1_000_000),
        ("millisecond", 1_000_000),
        ("milliseconds", 1_000_000),
        ("s", 1_000_000_000),
        ("sec", 1_000_000_000),
        ("second", 1_000_000_000),
        ("seconds", 1_000_000_000),
        ("min", 60_000_000_000),
        ("minute", 60_000_000_000),
        ("minutes", 60_000_000_000),
        ("h", 3_600_000_000_000),
        ("hour", 3_600_000_000_000),
        ("hours", 3_600_000_000_000),
    ],
    &[
        ("B", 1),
        ("byte", 1),
        ("bytes", 1),
        ("kB", 1_000),
        ("KB", 1_000),
        ("MB", 1_000_000),
        ("GB", 1_000_000_000),
        ("KiB", 1_024),
        ("MiB", 1_048_576),
        ("GiB", 1_073_741_824),
    ],
];

/// How to turn numbers of one unit into those of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conversion {
    times: u64,
    by: u64,
}

impl Conversion {
    /// From one unit to another, also `ops/ms` to `ops/s`. `None` where they are no amounts of one kind.
    pub fn between(from: &str, to: &str) -> Option<Self> {
        let (from, to) = (from.trim(), to.trim());
        if from == to {
            return Some(Self { times: 1, by: 1 });
        }
        let ((of_from, per_from), (of_to, per_to)) = (halves(from), halves(to));
        let of = ratio(of_from, of_to)?;
        match (per_from, per_to) {
            (None, None) => Some(of),
            (Some(from), Some(to)) => {
                let per = ratio(from, to)?;
                Some(Self { times: of.times.checked_mul(per.by)?, by: of.by.checked_mul(per.times)? })
            }
            (_, _) => None,
        }
    }

    /// A number in the other unit. Dividing by a whole number rounds once, so that 1,500 ms is 1.5 s to the last bit.
    pub fn of(self, value: f64) -> f64 {
        if self.times.is_multiple_of(self.by) {
            value * whole(self.times / self.by)
        } else if self.by.is_multiple_of(self.times) {
            value / whole(self.by / self.times)
        } else {
            value * whole(self.times) / whole(self.by)
        }
    }
}

/// What is counted besides bytes, tokens and money: the same program gives the same number again.
const COUNTED: [&str; 13] =
    ["allocs", "allocations", "tokens", "token", "USD", "EUR", "calls", "requests", "errors", "failures", "instructions", "lines", "count"];

/// Whether a unit is of what is counted, also for each operation (`B/op`), and not measured by a clock. Of such a thing the same
/// number again and again is no surprise.
pub fn is_counted(unit: &str) -> bool {
    let (of, per) = halves(unit.trim());
    let by_time = per.is_some_and(|per| ratio(per, "s").is_some());
    !by_time && (COUNTED.contains(&of) || ratio(of, "B").is_some())
}

/// What a program is there to do: none of it in a second is none at all, whichever way is said to be good.
const WORK: [&str; 10] = ["op", "ops", "it", "iter", "iterations", "req", "reqs", "requests", "queries", "frames"];

/// Whether 0 of a unit is a number as any other: of all but times, work that is done in a time, and numbers without a unit, which may be
/// either. A rate of what should not happen (`dropped/s`, of which less is better) may be 0.
pub fn may_be_zero(unit: &str, direction: Direction) -> bool {
    let (of, per) = halves(unit.trim());
    let is_time = |unit: &str| ratio(unit, "s").is_some();
    let is_work = || direction == Direction::HigherIsBetter || WORK.contains(&of) || ratio(of, "B").is_some();
    let is_rate_of_work = per.is_some_and(is_time) && is_work();
    !(of.is_empty() || is_time(of) || is_rate_of_work)
}

/// `ops/s` in two.
fn halves(unit: &str) -> (&str, Option<&str>) {
    unit.split_once('/').map_or((unit, None), |(of, per)| (of, Some(per)))
}

/// How much of `to` one of `from` is.
fn ratio(from: &str, to: &str) -> Option<Conversion> {
    if from == to {
        return Some(Conversion { times: 1, by: 1 });
    }
    let size = |kind: &[(&str, u64)], unit: &str| kind.iter().find(|(name, _)| *name == unit).map(|(_, size)| *size);
    KINDS.into_iter().find_map(|kind| Some(Conversion { times: size(kind, from)?, by: size(kind, to)? }))
}

#[expect(clippy::cast_precision_loss, reason = "sizes of units are exact: below 2^53")]
fn whole(size: u64) -> f64 {
    size as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_of_one_kind_convert_exactly() {
        for (from, to, value, expected) in [
            ("ms", "s", 1_500.0, 1.5),
            ("s", "ms", 1.5, 1_500.0),
            ("µs", "ns", 2.0, 2_000.0),
            ("KiB", "B", 2.0, 2_048.0),
            ("KiB", "kB", 1_000.0, 1_024.0),
            ("ops/ms", "ops/s", 3.0, 3_000.0),
            ("ops/s", "ops/ms", 3_000.0, 3.0),
            ("us/op", "ms/op", 1_500.0, 1.5),
            ("tokens", "tokens", 7.0, 7.0),
        ] {
            let found = Conversion::between(from, to).map(|conversion| conversion.of(value));
            assert_eq!(found, Some(expected), "{value} {from} in {to}");
        }
    }

    #[test]
    fn what_is_counted_is_told_from_what_is_measured() {
        for unit in ["B/op", "allocs/op", "bytes", "MiB", "tokens", "USD", "errors"] {
            assert!(is_counted(unit), "{unit}");
        }
        for unit in ["", "s", "ns/op", "ops/s", "MB/s", "share", "requests/s", "points"] {
            assert!(!is_counted(unit), "{unit}");
        }
    }

    #[test]
    fn only_times_and_what_has_no_unit_cannot_be_zero() {
        for unit in ["warnings", "%", "frames", "B/op", "allocs/op", "USD", "points", "misses/op"] {
            assert!(may_be_zero(unit, Direction::LowerIsBetter) && may_be_zero(unit, Direction::HigherIsBetter), "{unit}");
        }
        for unit in ["dropped/s", "errors/min"] {
            assert!(may_be_zero(unit, Direction::LowerIsBetter) && !may_be_zero(unit, Direction::HigherIsBetter), "{unit}");
        }
        for unit in ["", " ", "s", "ms", "ns/op", "s/iter", "ops/s", "MB/s", "req/min", "frames/s"] {
            assert!(!may_be_zero(unit, Direction::LowerIsBetter), "{unit}");
        }
    }

    #[test]
    fn other_amounts_do_not() {
        for (from, to) in [("s", "MB"), ("s", ""), ("ops/s", "s"), ("ns/op", "ns"), ("share", "%"), ("USD", "EUR"), ("ns/op", "ns/iter")] {
            assert_eq!(Conversion::between(from, to), None, "{from} in {to}");
        }
    }
}
