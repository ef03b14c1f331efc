//! The report for GitHub: a comment or a job summary, in Markdown, within a budget of bytes.

use std::{
    io::{self, Write},
    slice,
};

use serde::Serialize;

use super::{
    comment, comparison,
    escape::{markdown_table_cell, truncate_chars, workflow_command_safe},
    figures::Figures,
    known, number, repeats, summary,
    template::{TEST_CASE, TEST_REPORT, Templates},
};
use crate::domain::{
    duration,
    suite::run::{AssertionRun, KeptAnswer, Sample, SuiteRun, TestRun, TestVerdict},
};

/// Bytes that fit into a job summary: GitHub refuses files above 1 MiB as a whole.
pub const DEFAULT_BUDGET: usize = 1_000_000;

/// Characters shown of a name.
const NAME_SHOWN: usize = 60;
/// Characters shown of a reason, a fault or a case's variables.
const REASON_SHOWN: usize = 500;
/// Characters shown of a failing answer.
const ANSWER_SHOWN: usize = 10_000;
/// Characters shown of a passing answer.
const PASSING_ANSWER_SHOWN: usize = 80;
/// Cases named that differ from base.
const CASES_SHOWN: usize = 20;
/// Different faults shown of one suite.
const FAULTS_SHOWN: usize = 20;
/// Bytes of the words around the cases of a suite and of those that say what was left out.
const RESERVE: usize = 256;

/// Writes the report in at most `budget` bytes. What does not fit is left out, passing cases before failing ones and
/// the last ones first, and the report says so.
///
/// # Errors
/// When `out` cannot be written to.
pub fn render(run: &TestRun, budget: usize, out: &mut dyn Write) -> io::Result<()> {
    let templates = Templates::new();
    let mut page = page(run);
    let empty = templates.render(TEST_REPORT, &page).len();
    let room = budget.saturating_sub(empty.saturating_add(RESERVE + RESERVE * run.suites.len()));
    fill(&mut page, run, &templates, room);
    let text = templates.render(TEST_REPORT, &page);
    let safe = workflow_command_safe(&text);
    out.write_all(cut(&safe, budget).as_bytes())
}

#[derive(Debug, Serialize)]
struct Page {
    icon: &'static str,
    verdict: &'static str,
    conclusion: String,
    suites: Vec<Row>,
    totals: Vec<String>,
    warnings: Vec<String>,
    sections: Vec<Section>,
    dropped: String,
}

#[derive(Debug, Serialize)]
struct Row {
    icon: &'static str,
    verdict: &'static str,
    name: String,
    prompt: String,
    model: String,
    passed: String,
    rate: String,
    p50: String,
    p95: String,
    tokens: String,
    cost: String,
    time: String,
}

#[derive(Debug, Serialize)]
struct Section {
    icon: &'static str,
    name: String,
    /// What comparing with base concluded; empty where nothing was compared.
    against: String,
    differences: Vec<String>,
    /// What repeats and asking again came to.
    repeats: Vec<String>,
    unjudged: Vec<String>,
    /// Rendered: base and head.
    comparison: String,
    /// Rendered.
    failing: Vec<String>,
    more_failing: String,
    /// What comparing with baselines found.
    baselines: Vec<String>,
    /// Cases in quarantine, and flaky ones.
    known: Vec<String>,
    /// Rendered rows.
    passing: Vec<String>,
    passing_count: String,
    more_passing: String,
}

impl Section {
    /// Whether the suite's row in the table says it all.
    fn is_empty(&self) -> bool {
        self.comparison.is_empty()
            && self.against.is_empty()
            && self.repeats.is_empty()
            && self.unjudged.is_empty()
            && self.failing.is_empty()
            && self.more_failing.is_empty()
            && self.passing.is_empty()
            && self.known.is_empty()
            && self.baselines.is_empty()
    }
}

#[derive(Debug, Serialize)]
struct Case {
    name: String,
    why: String,
    failing: Vec<String>,
    variables: String,
    answer: String,
    /// How long the answer is, where not all of it is shown.
    cut: String,
}

/// Everything but the cases.
fn page(run: &TestRun) -> Page {
    let verdict = run.verdict();
    Page {
        icon: icon(verdict),
        verdict: summary::word(verdict),
        conclusion: summary::conclusion(run),
        suites: run.suites.iter().map(row).collect(),
        totals: summary::totals(run),
        warnings: run.warnings.iter().map(|warning| truncate_chars(warning, REASON_SHOWN).into_owned()).collect(),
        sections: run.suites.iter().map(section).collect(),
        dropped: String::new(),
    }
}

fn row(suite: &SuiteRun) -> Row {
    let (verdict, counts, figures) = (suite.verdict(), suite.counts(), Figures::of(slice::from_ref(suite)));
    let name = |text: &str| truncate_chars(text, NAME_SHOWN).into_owned();
    Row {
        icon: icon(verdict),
        verdict: summary::word(verdict),
        name: name(&suite.name),
        prompt: name(&summary::prompt(&suite.prompt)),
        model: name(&suite.model),
        passed: format!("{}/{}", number::size(counts.passed), number::size(counts.total)),
        rate: summary::pass_rate(suite),
        p50: summary::latency(&figures, |spread| spread.p50),
        p95: summary::latency(&figures, |spread| spread.p95),
        tokens: summary::tokens(figures.tokens),
        cost: summary::cost(figures.cost_usd, figures.tokens),
        time: duration::human(suite.duration),
    }
}

fn section(suite: &SuiteRun) -> Section {
    let faults = summary::faults(suite);
    let mut unjudged: Vec<String> = faults
        .iter()
        .take(FAULTS_SHOWN)
        .map(|fault| {
            let message = truncate_chars(fault.message, REASON_SHOWN);
            format!("{} without an answer ({}): {message}", fault.samples(), fault.kind.as_str())
        })
        .collect();
    if let Some(more @ 1..) = faults.len().checked_sub(FAULTS_SHOWN) {
        unjudged.push(format!("…and {} more kinds of message", number::size(more)));
    }
    let not_run = summary::not_run(suite).into_iter();
    unjudged.extend(not_run.map(|(reason, count)| format!("{} not run: {reason}", number::plural(count, "sample"))));
    Section {
        icon: icon(suite.verdict()),
        name: truncate_chars(&suite.name, NAME_SHOWN).into_owned(),
        against: comparison::headline(suite).unwrap_or_default(),
        differences: comparison::lines(suite, CASES_SHOWN).iter().map(|line| truncate_chars(line, REASON_SHOWN).into_owned()).collect(),
        repeats: repeats::lines(suite, CASES_SHOWN).iter().map(|line| truncate_chars(line, REASON_SHOWN).into_owned()).collect(),
        unjudged,
        comparison: suite.comparison.as_ref().map_or_else(String::new, |_| comment::metrics::section(&comment::of_suite(suite, &mut 0))),
        failing: Vec::new(),
        more_failing: String::new(),
        known: known::lines(suite).iter().take(CASES_SHOWN).map(|line| truncate_chars(line, REASON_SHOWN).into_owned()).collect(),
        baselines: known::baseline_lines(suite).iter().map(|line| truncate_chars(line, REASON_SHOWN).into_owned()).collect(),
        passing: Vec::new(),
        passing_count: number::size(suite.counts().passed),
        more_passing: String::new(),
    }
}

/// Adds cases while there is room: all failing ones before the first passing one.
fn fill(page: &mut Page, run: &TestRun, templates: &Templates, mut room: usize) {
    let (mut left_failing, mut left_passing) = (0, 0);
    for (section, suite) in page.sections.iter_mut().zip(&run.suites) {
        let failing = summary::judged(suite, false).map(|(sample, answer, assertions)| case(templates, sample, answer, assertions));
        section.failing = fitting(failing, &mut room);
        let left = suite.counts().failed - section.failing.len();
        section.more_failing = if left > 0 { format!("{} failed", number::size(left)) } else { String::new() };
        left_failing += left;
    }
    for (section, suite) in page.sections.iter_mut().zip(&run.suites) {
        let passing = summary::judged(suite, true).map(|(sample, answer, _)| passing_row(sample, answer));
        section.passing = fitting(passing, &mut room);
        let left = suite.counts().passed - section.passing.len();
        section.more_passing = if left > 0 { number::size(left) } else { String::new() };
        left_passing += left;
    }
    page.sections.retain(|section| !section.is_empty());
    if left_failing + left_passing > 0 {
        page.dropped = format!(
            "Left out for want of room: {} and {}. A JSON report has them all.",
            number::plural(left_failing, "failed sample"),
            number::plural(left_passing, "passed sample")
        );
    }
}

/// The blocks that fit, up to the first that does not; nothing fits after that.
fn fitting(blocks: impl Iterator<Item = String>, room: &mut usize) -> Vec<String> {
    let mut kept = Vec::new();
    for block in blocks {
        // One byte each for the line breaks around it.
        let Some(left) = room.checked_sub(block.len() + 2) else {
            *room = 0;
            break;
        };
        *room = left;
        kept.push(block);
    }
    kept
}

fn case(templates: &Templates, sample: &Sample, answer: &KeptAnswer, assertions: &[AssertionRun]) -> String {
    let reasons = assertions.iter().filter(|assertion| !assertion.passed).map(summary::assertion);
    let all = answer.text().chars().count();
    let case = Case {
        name: truncate_chars(&summary::sample_name(sample), NAME_SHOWN).into_owned(),
        why: summary::main_failure(assertions).map_or_else(String::new, |main| main.label.clone()),
        failing: reasons.map(|reason| truncate_chars(&reason, REASON_SHOWN).into_owned()).collect(),
        variables: truncate_chars(&summary::variables(sample), REASON_SHOWN).into_owned(),
        answer: truncate_chars(answer.text(), ANSWER_SHOWN).into_owned(),
        cut: if all > ANSWER_SHOWN { number::plural(all, "character") } else { String::new() },
    };
    // GitHub's runner must find no command in it, which may add bytes: counted here, not after.
    workflow_command_safe(&templates.render(TEST_CASE, &case)).into_owned()
}

fn passing_row(sample: &Sample, answer: &KeptAnswer) -> String {
    let mark = if answer.origin.is_replayed() { format!(" {}", summary::REPLAYED) } else { String::new() };
    format!(
        "| {} | {}{mark} | {} |",
        markdown_table_cell(&summary::sample_name(sample), NAME_SHOWN),
        number::millis(duration::millis(answer.latency)),
        markdown_table_cell(answer.text(), PASSING_ANSWER_SHOWN)
    )
}

/// A verdict's mark as GitHub shows it; the word stands beside it.
fn icon(verdict: TestVerdict) -> &'static str {
    match verdict {
        TestVerdict::Passed => "✅",
        TestVerdict::Failed => "❌",
        TestVerdict::Inconclusive => "❔",
    }
}

/// The whole lines of `text` that fit into `budget` bytes: the last resort, when even the table of suites is too long.
fn cut(text: &str, budget: usize) -> String {
    const NOTE: &str = "\n(The report is cut here: it is longer than allowed.)\n";
    if text.len() <= budget {
        return text.to_owned();
    }
    let mut kept = String::new();
    for line in text.split_inclusive('\n') {
        if kept.len() + line.len() + NOTE.len() > budget {
            break;
        }
        kept.push_str(line);
    }
    if kept.len() + NOTE.len() <= budget {
        kept.push_str(NOTE);
    }
    kept
}

#[cfg(test)]
mod tests;
