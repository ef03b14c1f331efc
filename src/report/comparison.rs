//! What comparing a suite with base found, in words for every report: raw text, to be escaped by the renderer.

use super::number;
use crate::domain::{
    regression::{
        Judgement, Measured, Metric, OnInconclusive, Scale, Undecided, Unit, Verdict,
        comparison::{CaseComparison, CaseStatus, Change, Comparison},
    },
    suite::run::{Counts, SuiteRun},
};

/// Characters of a commit that tell it from others.
const COMMIT_SHOWN: usize = 10;

/// One metric as a row.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub(super) struct Row {
    pub metric: String,
    pub base: String,
    pub head: String,
    /// The effect: a ratio or a difference.
    pub effect: String,
    pub interval: String,
    pub verdict: String,
    /// How it was found, on how many cases, and what is worth knowing beside.
    pub note: String,
}

/// A comparison's word: the worst verdict of what can fail the run, in the words of the glossary.
pub(super) fn word(comparison: &Comparison) -> &'static str {
    let deciding =
        || comparison.judgements.iter().filter(|judgement| judgement.evidence.metric.decides == crate::domain::regression::Decides::Fail);
    if comparison.regressed() {
        "regressed"
    } else if comparison.is_open() {
        "inconclusive"
    } else if deciding().next().is_none() {
        "not compared"
    } else if deciding().any(|judgement| judgement.verdict == Verdict::Improved) {
        "improved"
    } else {
        "non-inferior"
    }
}

/// What a suite is compared with, and the conclusion: `regressed against base 0123456789 (main): pass-rate`.
pub(super) fn headline(suite: &SuiteRun) -> Option<String> {
    let comparison = suite.comparison.as_ref()?;
    let Some(base) = &suite.base else {
        return Some("not compared with base: nothing was asked there".to_owned());
    };
    let commit: String = base.commit.chars().take(COMMIT_SHOWN).collect();
    let of = |wanted: &dyn Fn(&Judgement) -> bool| {
        let names =
            comparison.judgements.iter().filter(|judgement| wanted(judgement)).map(|judgement| judgement.evidence.metric.name.as_str());
        names.collect::<Vec<_>>().join(", ")
    };
    let names = if comparison.regressed() {
        of(&Judgement::fails)
    } else if comparison.is_open() {
        of(&Judgement::is_open)
    } else {
        of(&|judgement| {
            judgement.verdict == Verdict::Improved && judgement.evidence.metric.decides == crate::domain::regression::Decides::Fail
        })
    };
    let names = if names.is_empty() { names } else { format!(": {names}") };
    Some(format!("{} against base {commit} ({}){names}", word(comparison), base.reference))
}

/// A row for each metric.
pub(super) fn rows(comparison: &Comparison) -> Vec<Row> {
    comparison.judgements.iter().map(|judgement| row(judgement, comparison)).collect()
}

fn row(judgement: &Judgement, comparison: &Comparison) -> Row {
    let evidence = &judgement.evidence;
    let metric = &evidence.metric;
    let mean = |mean: Option<f64>| mean.map_or_else(|| number::UNKNOWN.to_owned(), |mean| value(metric.unit, mean));
    let (change, interval, how) = match &evidence.result {
        Ok(measured) => {
            let [low, high] = measured.interval;
            let interval = format!("{} to {}", effect(metric, measured, low), effect(metric, measured, high));
            let how = format!("{}, {}", measured.test.title(), number::plural(measured.n, "case"));
            (effect(metric, measured, measured.effect), interval, how)
        }
        Err(why) => (String::new(), String::new(), why.to_string()),
    };
    let mut notes = vec![how];
    if judgement.warns && judgement.verdict != Verdict::Regressed {
        notes.push("beyond the margin that warns".to_owned());
    }
    if let Verdict::Inconclusive { why, needed } = &judgement.verdict {
        // Why nothing was judged says what is wanted.
        if needed.is_some() || *why == Undecided::Wide {
            notes.push(more(*needed, evidence.pairs));
        }
        if let (Some(detectable), Ok(measured)) = (judgement.detectable, &evidence.result) {
            notes.push(format!("finds {} at {}", reach(metric, measured, detectable), number::percent(comparison.rules.power)));
        }
    }
    let decides = match metric.decides {
        crate::domain::regression::Decides::Fail => "",
        crate::domain::regression::Decides::Warn => " (warns only)",
        crate::domain::regression::Decides::Off => " (shown only)",
    };
    Row {
        metric: metric.name.clone(),
        base: mean(evidence.base),
        head: mean(evidence.head),
        effect: change,
        interval,
        verdict: format!("{}{decides}", judgement.verdict.word()),
        note: notes.join("; "),
    }
}

fn more(needed: Option<usize>, have: Option<usize>) -> String {
    match (needed, have) {
        (Some(needed), Some(have)) if needed > have => format!("{} would decide", number::plural(needed - have, "more case")),
        (Some(needed), _) => format!("{} cases would decide", number::size(needed)),
        (None, _) => "how many cases would decide is not known".to_owned(),
    }
}

/// A mean in its unit.
fn value(unit: Unit, mean: f64) -> String {
    match unit {
        Unit::Share => number::percent(mean),
        Unit::Milliseconds => number::millis(mean),
        Unit::Seconds => number::millis(mean * 1_000.0),
        Unit::Usd => number::usd(mean),
        Unit::Tokens => format!("{mean:.0}"),
        Unit::Score | Unit::Bytes | Unit::Number => format!("{mean:.3}"),
    }
}

/// An effect, or an end of its interval.
fn effect(metric: &Metric, measured: &Measured, number: f64) -> String {
    match (measured.scale, metric.unit) {
        (Scale::Ratio, _) => format!("×{number:.2}"),
        (Scale::Difference, Unit::Share) => format!("{:+.1} points", 100.0 * number),
        (Scale::Difference, Unit::Milliseconds) => format!("{number:+.0} ms"),
        (Scale::Difference, _) => format!("{number:+.3}"),
    }
}

/// The least change that is found, on the scale of "worse".
fn reach(metric: &Metric, measured: &Measured, detectable: f64) -> String {
    match (measured.scale, metric.unit) {
        (Scale::Ratio, _) => format!("changes from {:.0} %", 100.0 * detectable.exp_m1()),
        (Scale::Difference, Unit::Share) => format!("changes from {:.1} points", 100.0 * detectable),
        (Scale::Difference, _) => format!("changes from {detectable:.3}"),
    }
}

/// What differs besides the prompt, a sentence each.
pub(super) fn changes(comparison: &Comparison) -> Vec<String> {
    const NAMED: usize = 5;
    let mut sentences = Vec::new();
    let (mut added, mut removed, mut changed, mut redefined) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for change in &comparison.changes {
        match change {
            Change::NewPrompt => sentences.push("the prompt is new: base has nothing to compare with".to_owned()),
            Change::UnreadablePrompt => sentences.push("the prompt on base cannot be read: nothing was compared".to_owned()),
            Change::SamePrompt => sentences.push("base would be asked the very same: its answers say nothing about the change".to_owned()),
            Change::Suite => sentences.push("the suite changed: both sides are judged as head has it".to_owned()),
            Change::Model { from, to } => sentences.push(format!("the model changed from {from} to {to}")),
            Change::Parameters => sentences.push("the parameters changed".to_owned()),
            Change::CaseRenamed { from, to } => sentences.push(format!("the case `{from}` is called `{to}` now")),
            Change::CaseAdded(case) => added.push(case.0.as_str()),
            Change::CaseRemoved(case) => removed.push(case.0.as_str()),
            Change::CaseChanged(case) => changed.push(case.0.as_str()),
            Change::CaseRedefined(case) => redefined.push(case.0.as_str()),
        }
    }
    for (cases, what) in [
        (added, "new: not compared"),
        (removed, "not there any more: not compared"),
        (redefined, "changed since the baseline: not compared"),
        (changed, "changed: both sides are asked and judged as head has it"),
    ] {
        if !cases.is_empty() {
            let shown = cases.iter().take(NAMED).map(|case| format!("`{case}`")).collect::<Vec<_>>().join(", ");
            let more = if cases.len() > NAMED { ", …" } else { "" };
            sentences.push(format!("{} {what} ({shown}{more})", number::plural(cases.len(), "case")));
        }
    }
    sentences
}

/// One case: `newly failing: ana (3 of 3 passed on base, 0 of 3 on head)`.
pub(super) fn case(case: &CaseComparison) -> String {
    let ((base, of_base), (head, of_head)) = (case.base, case.head);
    let flaky = if case.flaky { ", at the rate its history knows" } else { "" };
    let quarantined = case.quarantined.as_ref().map(|reason| format!(", quarantined: {reason}")).unwrap_or_default();
    format!("{}: {} ({base} of {of_base} passed on base, {head} of {of_head} on head{flaky}{quarantined})", status(case.status), case.case)
}

/// A case's status in words.
pub(super) fn status(status: CaseStatus) -> &'static str {
    match status {
        CaseStatus::NewlyFailing => "newly failing",
        CaseStatus::Failing => "failing on both",
        CaseStatus::Fixed => "fixed",
    }
}

/// What an open question means for the run; `None` when nothing is open.
pub(super) fn open(comparison: &Comparison) -> Option<String> {
    if !comparison.is_open() {
        return None;
    }
    let needed = comparison.needed().map_or_else(
        || "how many cases would decide is not known".to_owned(),
        |needed| format!("about {} would decide", number::plural(needed, "case")),
    );
    let effect = match comparison.on_inconclusive {
        OnInconclusive::Warn => "a warning, because `regression.on-inconclusive` is `warn`; it is no proof that nothing got worse",
        OnInconclusive::Fail => "it fails the run, because `regression.on-inconclusive` is `fail`",
    };
    Some(format!("whether head is worse than base is open ({needed}): {effect}"))
}

/// What asking base took, in a sentence; `None` where nothing was asked.
pub(super) fn asked(suite: &SuiteRun) -> Option<String> {
    let base = suite.base.as_ref()?;
    let counts = Counts::of(&base.samples);
    let mut ends = format!("base: {} of {} passed", number::size(counts.passed), number::plural(counts.total, "sample"));
    for (count, end) in [(counts.faulted, "without an answer"), (counts.not_run, "not run")] {
        if count > 0 {
            ends = format!("{ends}, {} {end}", number::size(count));
        }
    }
    Some(ends)
}

/// All of it, a line each, below the headline.
pub(super) fn lines(suite: &SuiteRun, cases: usize) -> Vec<String> {
    let Some(comparison) = &suite.comparison else { return Vec::new() };
    let mut lines = changes(comparison);
    lines.extend(open(comparison));
    // A table without room for its notes must not hide what nobody measured.
    let unmeasured = comparison.judgements.iter().filter(|judgement| judgement.is_open());
    lines.extend(unmeasured.filter_map(|judgement| match &judgement.evidence.result {
        Err(why @ Undecided::NotMeasured(_)) => Some(format!("{}: {why}", judgement.evidence.metric.name)),
        Ok(_) | Err(_) => None,
    }));
    lines.extend(comparison.cases.iter().take(cases).map(case));
    if let Some(more @ 1..) = comparison.cases.len().checked_sub(cases) {
        lines.push(format!("…and {} more cases that differ or fail on both", number::size(more)));
    }
    lines.extend(asked(suite));
    lines
}
