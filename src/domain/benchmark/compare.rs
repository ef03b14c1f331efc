//! Two results compared, benchmark by benchmark.
//!
//! Where both sides carry enough samples, a benchmark is judged by evidence: Welch's t on logarithms against the margin,
//! Holm over all of them. Where they do not, the change of the value decides by the thresholds. Both are shown.

use std::collections::{BTreeMap, HashMap};

use super::{Benchmark, SHARE};
use crate::domain::regression::{Decides, Direction, Evidence, Judgement, Margin, Metric, Rules, Unit, Verdict, decide, independent};
use crate::domain::stats::proportion::Rate;

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
    /// It looks worse than the threshold that fails, and the samples do not prove it.
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
    /// Its unit.
    pub unit: String,
    /// Which way is good.
    pub direction: Direction,
    /// On base.
    pub base: Option<f64>,
    /// On head.
    pub head: Option<f64>,
    /// (head − base) / base · 100; of shares (head − base) · 100, in points.
    pub change_percent: Option<f64>,
    /// What became of it.
    pub status: Status,
    /// Why it cannot be compared, or is not decided.
    pub why: Option<String>,
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
}

/// How many points a pass rate or score may lose, unless a rule says otherwise: the margin of `test --base`.
const SHARE_POINTS: f64 = 2.0;

/// Compares. A name that stands for several benchmarks in a file takes the last of them.
pub fn compare(base: &[Benchmark], head: &[Benchmark], thresholds: &Thresholds, rules: &Rules) -> Comparison {
    let on_head: HashMap<&str, &Benchmark> = head.iter().map(|benchmark| (benchmark.name.as_str(), benchmark)).collect();
    let mut names: BTreeMap<&str, (Option<&Benchmark>, Option<&Benchmark>)> = BTreeMap::new();
    for benchmark in base {
        names.insert(&benchmark.name, (Some(benchmark), on_head.get(benchmark.name.as_str()).copied()));
    }
    for benchmark in head {
        names.entry(&benchmark.name).or_insert((None, Some(benchmark)));
    }
    let mut rows: Vec<Row> = names.into_values().map(|(base, head)| row(base, head, thresholds)).collect();
    judge(&mut rows, rules);
    rows.sort_by(|one, two| {
        let worse = |row: &Row| row.change_percent.map_or(0.0, |change| row.direction.worse(change));
        one.status.cmp(&two.status).then(worse(two).total_cmp(&worse(one))).then(one.name.cmp(&two.name))
    });
    let missing = thresholds.missing_fails && rows.iter().any(|row| row.status == Status::Missing);
    Comparison {
        regressed: rows.iter().any(|row| row.status == Status::Failed),
        open: missing || rows.iter().any(|row| matches!(row.status, Status::Open | Status::Unusable)),
        rows,
    }
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
    let values = [base, head].map(|side| side.and_then(Benchmark::mean));
    let mut row = Row {
        name,
        unit: either.map(|benchmark| benchmark.unit.clone()).unwrap_or_default(),
        direction,
        base: values[0],
        head: values[1],
        change_percent: None,
        status: Status::Unusable,
        why: None,
        thresholds: bounds,
        judgement: None,
        samples: [base, head].map(|side| side.map(|benchmark| benchmark.samples.values().to_vec()).unwrap_or_default()),
        seen: [base, head].map(|side| side.map_or(0, |benchmark| benchmark.samples.seen())),
    };
    match (base, head) {
        (Some(base), Some(head)) => match change(base, head) {
            Ok(percent) => {
                row.change_percent = Some(percent);
                row.status = by_threshold(direction.worse(percent), bounds);
            }
            Err(why) => row.why = Some(why),
        },
        (Some(_), None) => row.status = Status::Missing,
        (None, _) => row.status = Status::New,
    }
    row
}

/// The change in per cent (of shares in points), or why there is none.
fn change(base: &Benchmark, head: &Benchmark) -> Result<f64, String> {
    if base.unit != head.unit {
        return Err(format!("base is in `{}` and head in `{}`", base.unit, head.unit));
    }
    let value = |side: &str, benchmark: &Benchmark| {
        if benchmark.samples.is_unusable() {
            return Err(format!("{side} has a sample that is no finite number"));
        }
        match benchmark.mean() {
            None => Err(format!("{side} has no value: the benchmark failed, or was skipped")),
            Some(value) if !value.is_finite() => Err(format!("the value on {side} is not finite")),
            Some(value) if value < 0.0 => Err(format!("the value on {side} is negative: a change in per cent means nothing")),
            Some(value) => Ok(value),
        }
    };
    let (from, to) = (value("base", base)?, value("head", head)?);
    if base.unit == SHARE {
        return Ok((to - from) * 100.0);
    }
    if from > 0.0 {
        // In this order: a change of exactly the threshold must not be rounded past it.
        Ok((to - from) / from * 100.0)
    } else if to > 0.0 {
        Err("the value on base is 0: a change in per cent means nothing".to_owned())
    } else {
        Ok(0.0)
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

/// Judges by their samples the rows that have enough of them.
fn judge(rows: &mut [Row], rules: &Rules) {
    let mut evidence = Vec::new();
    let mut judged = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        let [base, head] = &row.samples;
        let enough = base.len() >= rules.min_samples && head.len() >= rules.min_samples;
        let (warn, _) = row.thresholds;
        // A threshold of 0 has no margin to test against.
        if row.change_percent.is_none() || !enough || warn <= 0.0 {
            continue;
        }
        evidence.push(evidence_of(row, base, head, rules));
        judged.push(index);
    }
    for (judgement, index) in decide(evidence, rules).into_iter().zip(judged) {
        let Some(row) = rows.get_mut(index) else { continue };
        row.status = match (&judgement.verdict, row.status) {
            (Verdict::Regressed, _) => Status::Failed,
            (Verdict::Inconclusive { why, needed }, Status::Failed) => {
                let more = needed.map_or_else(String::new, |needed| format!("; about {needed} samples a side would decide"));
                row.why = Some(format!("{why}{more}"));
                Status::Open
            }
            (_, _) if judgement.warns => Status::Regression,
            // Seen, and within what chance makes of nothing.
            (_, Status::Failed | Status::Regression) => Status::Warning,
            (_, status) => status,
        };
        if row.status == Status::Improved && judgement.verdict != Verdict::Improved {
            row.why = Some("not proven by the samples".to_owned());
        }
        row.judgement = Some(judgement);
    }
}

/// What the samples of a row say: rates of 0 and 1 by Boschloo's test, shares by points, all else by ratio.
fn evidence_of(row: &Row, base: &[f64], head: &[f64], rules: &Rules) -> Evidence {
    let (warn, fail) = (row.thresholds.0 / 100.0, row.thresholds.1 / 100.0);
    let named = |margin| Metric { name: row.name.clone(), direction: row.direction, margin, unit: Unit::Number, decides: Decides::Fail };
    if row.unit != SHARE {
        // Nothing can lose more than all of itself.
        let most = if row.direction == Direction::HigherIsBetter { 0.99 } else { f64::INFINITY };
        return independent::amounts(&named(Margin::Relative { warn: warn.min(most), fail: fail.min(most) }), base, head, rules);
    }
    let metric = named(Margin::Absolute { warn, fail });
    match (rate(base), rate(head)) {
        (Some(base), Some(head)) => independent::passes(&metric, base, head, rules),
        (_, _) => independent::amounts(&metric, base, head, rules),
    }
}

/// How many passed, where every value is 0 or 1.
fn rate(values: &[f64]) -> Option<Rate> {
    let passed = values.iter().filter(|value| **value >= 1.0).count();
    let failed = values.iter().filter(|value| **value <= 0.0).count();
    let whole = values.iter().all(|value| (0.0..=1.0).contains(value)) && passed + failed == values.len();
    Rate::new(passed, values.len()).ok().filter(|_| whole)
}
