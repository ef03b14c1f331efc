//! Two results compared, benchmark by benchmark.
//!
//! Where both sides carry samples, a benchmark is judged by evidence: Welch's t on logarithms against the margin, Holm over
//! all of them; samples that do not decide leave it open, and too few of them do so too. Where neither side has samples, the
//! change of the value decides by the thresholds alone, and that is said. A run that failed or lacks samples, a time of 0, and samples
//! without any spread are no measurements: whatever they hold cannot pass.

mod doubt;
mod judge;
mod runs;

use std::collections::{BTreeMap, HashMap};

use super::{
    Benchmark, SHARE,
    unit::{Conversion, is_counted, may_be_zero},
};
use crate::domain::regression::{Direction, Judgement, Rules};
pub use runs::{Past, compare_with_runs};

/// How much worse is fine, and which way is good.
#[derive(Debug, Clone, PartialEq)]
pub struct Thresholds {
    /// Per cent worse above which people are told.
    pub warn: f64,
    /// Per cent worse above which the comparison fails.
    pub fail: f64,
    /// What holds for some benchmarks: the first pattern that fits.
    pub rules: Vec<Rule>,
    /// Whether a benchmark that head does not have fails the comparison.
    pub missing_fails: bool,
}

/// Thresholds of some benchmarks.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Their names; `*` stands for any characters.
    pub pattern: String,
    /// Instead of the general one.
    pub warn: Option<f64>,
    /// Instead of the general one.
    pub fail: Option<f64>,
    /// Instead of the tool's.
    pub direction: Option<Direction>,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self { warn: 10.0, fail: 20.0, rules: Vec::new(), missing_fails: false }
    }
}

/// What became of a benchmark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// Worse than the threshold that fails.
    Failed,
    /// It cannot be compared.
    Unusable,
    /// The samples prove neither that it is worse nor that it is not.
    Open,
    /// Head does not have it.
    Missing,
    /// Worse than the threshold that warns.
    Regression,
    /// A little worse.
    Warning,
    /// Base does not have it.
    New,
    /// The same.
    Unchanged,
    /// Better.
    Improved,
}

impl Status {
    /// In reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Unusable => "unusable",
            Self::Open => "inconclusive",
            Self::Missing => "missing",
            Self::Regression => "regression",
            Self::Warning => "warning",
            Self::New => "new",
            Self::Unchanged => "unchanged",
            Self::Improved => "improved",
        }
    }
}

/// A benchmark on both sides.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Its name.
    pub name: String,
    /// The name that its base is pinned under, where it is.
    pub pinned: Option<String>,
    /// The unit of the numbers of base and of head: head's for both, unless one does not convert into the other.
    pub units: [String; 2],
    /// Which way is good.
    pub direction: Direction,
    /// On base: the number that was judged. With samples judged by ratio, that is their geometric mean.
    pub base: Option<f64>,
    /// On head, likewise.
    pub head: Option<f64>,
    /// What the tools gave as the values of base and head, or the means of the samples.
    pub reported: [Option<f64>; 2],
    /// (head − base) / base · 100 of the numbers judged; of shares (head − base) · 100, in points.
    pub change_percent: Option<f64>,
    /// What became of it.
    pub status: Status,
    /// Why it cannot be compared, or is not decided.
    pub why: Option<String>,
    /// What is not whole of a side that has numbers all the same: it keeps the row from passing.
    pub doubt: Option<String>,
    /// How many samples base and head lack.
    pub lacking: [usize; 2],
    /// The thresholds that hold for it, in per cent, of shares in points.
    pub thresholds: (f64, f64),
    /// What the samples say, where there are enough.
    pub judgement: Option<Judgement>,
    /// The samples kept of base and head.
    pub samples: [Vec<f64>; 2],
    /// How many samples there were.
    pub seen: [usize; 2],
}

impl Row {
    /// Whether its numbers are shares, compared by points.
    pub fn is_share(&self) -> bool {
        self.units.iter().any(|unit| unit == SHARE)
    }

    /// Whether the thresholds alone decided.
    pub fn by_threshold_only(&self) -> bool {
        self.change_percent.is_some() && self.judgement.is_none() && self.status != Status::Open
    }

    /// Whether its numbers are counts: neither measured by a clock nor judged by somebody.
    pub fn is_counted(&self) -> bool {
        self.units.iter().all(|unit| is_counted(unit))
    }

    /// Whether nothing happened on either side, ever, of what may not happen: no errors, and still none.
    fn is_of_none(&self) -> bool {
        let none = |value: f64| value.abs() <= 0.0;
        self.reported.iter().all(|value| value.is_some_and(none))
            && self.samples.iter().flatten().all(|value| none(*value))
            && self.units.iter().all(|unit| may_be_zero(unit, self.direction))
    }

    /// Whether each side has samples, and they are the very same: times that are the same to the last digit were taken once. The
    /// same counts and scores come again.
    pub(super) fn is_copy(&self) -> bool {
        let [base, head] = &self.samples;
        base.len() > 1 && base == head && !self.is_share() && !self.is_counted() && !self.is_of_none()
    }

    /// Whether it is more than the threshold that warns worse.
    pub fn in_regressions(&self) -> bool {
        matches!(self.status, Status::Failed | Status::Regression)
    }

    /// Whether it is more than that better.
    pub fn in_improvements(&self) -> bool {
        let worse = self.change_percent.map(|change| self.direction.worse(change));
        self.status == Status::Improved && worse.is_some_and(|worse| worse < -self.thresholds.0)
    }
}

/// All benchmarks of two results, the worst first.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// A row for each benchmark of either.
    pub rows: Vec<Row>,
    /// Whether something fails it.
    pub regressed: bool,
    /// Whether something that could fail it is not decided.
    pub open: bool,
    /// Why all of it is open, whatever the rows say.
    pub why: Option<String>,
    /// What base is, where it is no file.
    pub against: Option<String>,
}

impl Comparison {
    /// The same, and open: base and head are one measurement, which says nothing about a change.
    #[must_use]
    pub fn of_one_measurement(self, why: &str) -> Self {
        Self { open: true, why: Some(why.to_owned()), ..self }
    }
}

/// How many points a pass rate or score may lose, unless a rule says otherwise: the margin of `test --base`.
const SHARE_POINTS: f64 = 2.0;

/// Compares. Names are unique on each side: readers refuse a file where they are not.
pub fn compare(base: &[Benchmark], head: &[Benchmark], thresholds: &Thresholds, rules: &Rules) -> Comparison {
    let mut rows = rows(base, head, thresholds);
    let (is_one, is_again) = (is_one_measurement(&rows), is_same_numbers(&rows));
    rows.iter_mut().for_each(doubt::fill);
    judge::judge(&mut rows, rules);
    rows.iter_mut().for_each(doubt::settle);
    let found = concluded(rows, thresholds);
    if is_one {
        return found.of_one_measurement("every sample of base is the same on head: one measurement, compared with itself");
    }
    if is_again {
        return found.of_one_measurement("the two files hold the same measurements, to the last digit: a copy?");
    }
    let sampled = found.rows.iter().filter(|row| row.samples.iter().all(|samples| samples.len() > 1)).count();
    let copied = found.rows.iter().filter(|row| row.is_copy()).count();
    if copied > 1 && 2 * copied > sampled {
        let why = format!("{copied} of {sampled} benchmarks have base's own samples on head: one measurement, compared with itself");
        return found.of_one_measurement(&why);
    }
    found
}

/// A row for each benchmark of either side, with what the numbers alone come to.
fn rows(base: &[Benchmark], head: &[Benchmark], thresholds: &Thresholds) -> Vec<Row> {
    let on_head: HashMap<&str, &Benchmark> = head.iter().map(|benchmark| (benchmark.name.as_str(), benchmark)).collect();
    let mut names: BTreeMap<&str, (Option<&Benchmark>, Option<&Benchmark>)> = BTreeMap::new();
    for benchmark in base {
        names.insert(&benchmark.name, (Some(benchmark), on_head.get(benchmark.name.as_str()).copied()));
    }
    for benchmark in head {
        names.entry(&benchmark.name).or_insert((None, Some(benchmark)));
    }
    names.into_values().map(|(base, head)| row(base, head, thresholds)).collect()
}

/// The rows in their order, and what all of them come to.
fn concluded(mut rows: Vec<Row>, thresholds: &Thresholds) -> Comparison {
    rows.sort_by(|one, two| {
        let worse = |row: &Row| row.change_percent.map_or(0.0, |change| row.direction.worse(change));
        one.status.cmp(&two.status).then(worse(two).total_cmp(&worse(one))).then((&one.name, &one.pinned).cmp(&(&two.name, &two.pinned)))
    });
    let missing = thresholds.missing_fails && rows.iter().any(|row| row.status == Status::Missing);
    Comparison {
        regressed: rows.iter().any(|row| row.status == Status::Failed),
        open: missing || rows.iter().any(|row| matches!(row.status, Status::Open | Status::Unusable)),
        rows,
        why: None,
        against: None,
    }
}

/// Whether there are samples, and all of them are the same on both sides.
fn is_one_measurement(rows: &[Row]) -> bool {
    let same = |row: &Row| {
        let [base, head] = &row.samples;
        row.reported[0] == row.reported[1] && base == head
    };
    rows.iter().any(|row| row.samples[0].len() > 1) && rows.iter().all(same)
}

/// Whether neither side has samples, both have the same benchmarks with the same numbers, and a clock gave one of them. The same counts and
/// shares come again.
fn is_same_numbers(rows: &[Row]) -> bool {
    let same = |row: &Row| row.reported[0] == row.reported[1] && row.samples.iter().all(|samples| samples.len() < 2);
    let clocked = |row: &Row| row.reported[0].is_some() && !row.is_share() && !row.is_counted() && !row.is_of_none();
    rows.iter().any(clocked) && rows.iter().all(same)
}

fn row(base: Option<&Benchmark>, head: Option<&Benchmark>, thresholds: &Thresholds) -> Row {
    let either = head.or(base);
    let name = either.map(|benchmark| benchmark.name.clone()).unwrap_or_default();
    let rule = thresholds.rules.iter().find(|rule| crate::domain::wildcard::matches(&rule.pattern, &name));
    let direction =
        rule.and_then(|rule| rule.direction).or(either.map(|benchmark| benchmark.direction)).unwrap_or(Direction::LowerIsBetter);
    let is_share = either.is_some_and(|benchmark| benchmark.unit == SHARE);
    let general = if is_share { (SHARE_POINTS, SHARE_POINTS) } else { (thresholds.warn, thresholds.fail) };
    let fail = rule.and_then(|rule| rule.fail).unwrap_or(general.1);
    let bounds = (rule.and_then(|rule| rule.warn).unwrap_or(general.0.min(fail)), fail);
    let conversion = base.zip(head).map(|(base, head)| Conversion::between(&base.unit, &head.unit));
    // A number without a common unit stays in its own.
    let in_unit_of_head = |value: f64| conversion.flatten().map_or(value, |conversion| conversion.of(value));
    let values = [base.and_then(Benchmark::mean).map(in_unit_of_head), head.and_then(Benchmark::mean)];
    let unit = |benchmark: Option<&Benchmark>| benchmark.map(|benchmark| benchmark.unit.clone()).unwrap_or_default();
    let of_head = unit(either);
    let samples = |side: Option<&Benchmark>| side.map(|benchmark| benchmark.samples.values().to_vec()).unwrap_or_default();
    let mut row = Row {
        name,
        pinned: None,
        units: [if conversion == Some(None) { unit(base) } else { of_head.clone() }, of_head],
        direction,
        base: values[0],
        head: values[1],
        reported: values,
        change_percent: None,
        status: Status::Unusable,
        why: None,
        doubt: None,
        lacking: [base, head].map(|side| side.and_then(|benchmark| benchmark.gaps.as_ref()).map_or(0, |gaps| gaps.samples)),
        thresholds: bounds,
        judgement: None,
        samples: [samples(base).into_iter().map(in_unit_of_head).collect(), samples(head)],
        seen: [base, head].map(|side| side.map_or(0, |benchmark| benchmark.samples.seen())),
    };
    let directed = rule.is_some_and(|rule| rule.direction.is_some());
    set_status(&mut row, (base, head), directed);
    row
}

/// What the numbers of one side or both come to, before any sample is judged.
fn set_status(row: &mut Row, sides: (Option<&Benchmark>, Option<&Benchmark>), directed: bool) {
    let [of_base, of_head] = row.reported;
    match sides {
        (Some(base), Some(head)) => {
            let doubt = doubt::of(base, head);
            match both(base, head, row.reported, directed).and_then(|values| percent(values, row, row.direction)) {
                Ok(percent) => {
                    row.change_percent = Some(percent);
                    row.status = by_threshold(row.direction.worse(percent), row.thresholds);
                    row.doubt = doubt;
                }
                Err(why) => row.why = Some(doubt.unwrap_or(why)),
            }
        }
        // What failed is neither new nor gone: it was there, and nobody knows how fast it is.
        (Some(alone), None) => match alone_on("base", alone, of_base) {
            Ok(_) => row.status = Status::Missing,
            Err(why) => row.why = Some(why),
        },
        (None, Some(alone)) => match alone_on("head", alone, of_head) {
            Ok(_) => row.status = Status::New,
            Err(why) => row.why = Some(why),
        },
        (None, None) => row.status = Status::New,
    }
}

/// The value of a benchmark that only one side has, or why it is none.
fn alone_on(side: &str, benchmark: &Benchmark, value: Option<f64>) -> Result<f64, String> {
    doubt::of_side(side, benchmark).map_or_else(|| usable(side, benchmark, value), Err)
}

/// The value of one side, or why it is none.
fn usable(side: &str, benchmark: &Benchmark, value: Option<f64>) -> Result<f64, String> {
    if benchmark.samples.is_unusable() {
        return Err(format!("{side} has a sample that is no finite number"));
    }
    match value {
        None => Err(format!("{side} has no value: the benchmark failed, or was skipped")),
        Some(value) if !value.is_finite() => Err(format!("the value on {side} is not finite")),
        Some(value) if value < 0.0 => Err(format!("the value on {side} is negative: a change in per cent means nothing")),
        Some(value) => Ok(value),
    }
}

/// Two values of one unit and direction, or why there are none.
fn both(base: &Benchmark, head: &Benchmark, values: [Option<f64>; 2], directed: bool) -> Result<[f64; 2], String> {
    // A run of base that failed early was quick: head is not worse for taking longer.
    if let Some(fault) = &base.fault {
        return Err(format!("on base: {fault}"));
    }
    if Conversion::between(&base.unit, &head.unit).is_none() {
        return Err(format!("base is in `{}` and head in `{}`, which do not convert", base.unit, head.unit));
    }
    if !directed && base.direction != head.direction {
        return Err("of one side the bigger is better, of the other the smaller".to_owned());
    }
    Ok([usable("base", base, values[0])?, usable("head", head, values[1])?])
}

/// The change in per cent, of shares in points; or why there is none. No time can be 0: a program that takes none, or does nothing in a
/// second, did not run.
fn percent([from, to]: [f64; 2], row: &Row, direction: Direction) -> Result<f64, String> {
    if row.is_share() {
        return Ok((to - from) * 100.0);
    }
    let nothing = |side: &str| Err(format!("the value on {side} is 0, which no time can be: most likely nothing was measured"));
    let gone = to <= 0.0 && direction == Direction::LowerIsBetter;
    match (from > 0.0, row.units.iter().all(|unit| may_be_zero(unit, direction))) {
        (true, false) if gone => nothing("head"),
        // In this order: a change of exactly the threshold must not be rounded past it.
        (true, _) => Ok((to - from) / from * 100.0),
        (false, false) => nothing("base"),
        (false, true) if to > 0.0 => Err("the value on base is 0: a change in per cent means nothing".to_owned()),
        (false, true) => Ok(0.0),
    }
}

fn by_threshold(worse: f64, (warn, fail): (f64, f64)) -> Status {
    if worse > fail {
        Status::Failed
    } else if worse > warn {
        Status::Regression
    } else if worse > 0.0 {
        Status::Warning
    } else if worse < 0.0 {
        Status::Improved
    } else {
        Status::Unchanged
    }
}
