//! The comment on a pull request: from a run to its data, from data to Markdown that GitHub takes.
//!
//! The two steps are apart because the run of a fork may not write: it hands the data on, and a trusted run checks and
//! renders it. Whatever is in the data is text to be escaped.

mod cases;
mod check;
mod data;
pub(in crate::report) mod metrics;
mod of;
mod room;
#[cfg(test)]
mod tests;

use std::fmt::Write as _;

pub use check::{FILE_LIMIT, NotOurs, parse};
pub use data::{CaseData, CommentData, FORMAT, Headline, SuiteData};
pub(in crate::report) use of::of_suite;
pub use of::{About, headline, of_run};

use super::{
    escape::{markdown, markdown_table_cell, workflow_command_safe},
    number,
};
use crate::domain::{regression::comparison::CaseStatus, suite::run::TestVerdict};
use room::Room;

/// Sentences shown of one suite's repeats.
const REPEATS: usize = 5;
/// Characters shown of a name.
const NAME_SHOWN: usize = 60;

/// What the side that writes the comment knows itself.
#[derive(Debug, Clone, Copy, Default)]
pub struct Around<'a> {
    /// Where people see the run that tested.
    pub run_url: Option<&'a str>,
    /// The data came from a run that is not trusted.
    pub untrusted: bool,
}

/// The comment's Markdown without its marker, at most so many characters and bytes as GitHub takes. The least important
/// is left out first, and what was left out is said.
pub fn render(data: &CommentData, around: Around<'_>) -> String {
    let mut room = Room::of_a_comment();
    let head = head(data);
    let foot = foot(data, around);
    // What says that something was left out.
    room.reserve(&head).reserve(&foot).reserve(&"x".repeat(600));
    // Tables of many suites leave the other half to the failing cases.
    let overview = overview(data, &mut room.half());
    room.reserve(&overview.text);
    let mut left_out = Vec::new();
    let cases = failing(data, &mut room, &mut left_out);
    let rest = rest(data, &mut room, &mut left_out);
    left_out.extend(overview.left_out);
    let mut text = format!("{head}{}{cases}{rest}", overview.text);
    if !left_out.is_empty() {
        write!(text, "> [!NOTE]\n> Left out for want of room: {}. The run's report has everything.\n\n", left_out.join(", ")).ok();
    }
    text.push_str(&foot);
    workflow_command_safe(&text).into_owned()
}

/// The first line.
fn head(data: &CommentData) -> String {
    let (icon, word) = match data.verdict {
        Headline::Passed => ("✅", "passed"),
        Headline::Failed => ("❌", "failed"),
        Headline::Regressed => ("❌", "regressed"),
        Headline::Inconclusive => ("❔", "inconclusive"),
        Headline::NothingToTest => ("➖", "not needed"),
    };
    format!("## {icon} Prompt tests {word}: {}\n\n", markdown(&conclusion(data)))
}

/// Why, in one sentence.
pub fn conclusion(data: &CommentData) -> String {
    let sum = |of: fn(&SuiteData) -> u64| data.suites.iter().map(of).fold(0, u64::saturating_add);
    let (total, failed, passed) = (sum(SuiteData::total), sum(|suite| suite.failed), sum(|suite| suite.passed));
    let open = sum(|suite| suite.faulted.saturating_add(suite.not_run));
    let suites = number::plural(data.suites.len(), "suite");
    let samples = plural(total, "sample");
    let having = |verdict| number::size(data.suites.iter().filter(|suite| suite.verdict == verdict).count());
    match data.verdict {
        Headline::Passed => format!("{} of {samples} passed in {suites}", number::count(passed)),
        Headline::Failed => {
            let open = if open > 0 { format!(", {} not judged", number::count(open)) } else { String::new() };
            let failing = having(TestVerdict::Failed);
            // What is worse than base is in the first line too, though failing by oneself weighs more.
            let worse = data.suites.iter().filter(|suite| metrics::fails(suite)).count();
            let worse = if worse > 0 { format!(", {} of them worse than on base", number::size(worse)) } else { String::new() };
            format!("{failing} of {suites} below the pass rate{worse}, {} of {samples} failed{open}", number::count(failed))
        }
        Headline::Regressed => {
            let worse = data.suites.iter().flat_map(|suite| {
                let metrics = suite.comparison.iter().flat_map(|comparison| &comparison.metrics);
                metrics.filter(|metric| metric.fails).map(move |metric| format!("{} of {}", metric.name, suite.name))
            });
            let worse: Vec<String> = worse.collect();
            let shown = worse.iter().take(3).cloned().collect::<Vec<_>>().join(", ");
            let more = worse.len().checked_sub(3).filter(|more| *more > 0).map_or_else(String::new, |more| format!(" and {more} more"));
            if worse.is_empty() { "worse than a baseline".to_owned() } else { format!("{shown}{more} worse than on base") }
        }
        Headline::Inconclusive if total == 0 => "nothing was asked, so nothing can be concluded".to_owned(),
        Headline::Inconclusive if open == 0 => "the differences from base are undecided".to_owned(),
        Headline::Inconclusive => {
            let why = if data.interrupted {
                " (the run was stopped)"
            } else if data.stopped_by_lints {
                " (the lints stopped the run)"
            } else {
                ""
            };
            format!("{} of {samples} not judged, so nothing can be concluded{why}", number::count(open))
        }
        Headline::NothingToTest => "no changed file belongs to a suite".to_owned(),
    }
}

/// Text, and what did not fit.
struct Part {
    text: String,
    left_out: Vec<String>,
}

/// What changed, the suites, and base against head.
fn overview(data: &CommentData, room: &mut Room) -> Part {
    let mut part = Part { text: String::new(), left_out: Vec::new() };
    let mut by_weight: Vec<&SuiteData> = data.suites.iter().collect();
    by_weight.sort_by_key(|suite| (!metrics::fails(suite), std::cmp::Reverse(suite.verdict)));
    let suites: Vec<String> = by_weight.iter().map(|suite| suite_row(suite)).collect();
    let suites_left_out = usize::try_from(data.suites_left_out).unwrap_or(usize::MAX);
    let rows: Vec<String> = by_weight.iter().flat_map(|suite| metrics::rows(suite)).collect();
    let changes = by_weight.iter().flat_map(|suite| {
        metrics::changes(suite)
            .into_iter()
            .map(|change| format!("- **{}**: {}\n", markdown_table_cell(&suite.name, NAME_SHOWN), markdown(&change)))
    });
    let changes: Vec<String> = changes.collect();
    let head = "| | suite | prompt | model | passed | needs | p95 | cost |\n|---|---|---|---|--:|--:|--:|--:|\n";
    // In the order of their importance; shown in another one.
    let suites = table(head, &suites, "", room);
    let metrics = table(metrics::HEAD, &rows, &format!("### Base → head\n\n{}", metrics::about_base(&data.suites)), room);
    let changes = table("", &changes, "### What changed\n\n", room);
    for ((_, left), noun, before) in [(&changes, "change", 0), (&suites, "suite", suites_left_out), (&metrics, "metric", 0)] {
        let left = left.saturating_add(before);
        part.left_out.extend((left > 0).then(|| number::plural(left, noun)));
    }
    part.text = [changes.0, suites.0, metrics.0].concat();
    part
}

/// A title, a table's head and the rows that fit; how many do not.
fn table(head: &str, rows: &[String], title: &str, room: &mut Room) -> (String, usize) {
    if rows.is_empty() || !room.take(&format!("{title}{head}\n")) {
        return (String::new(), rows.len());
    }
    let kept: Vec<&str> = rows.iter().map(String::as_str).take_while(|row| room.take(row)).collect();
    if kept.is_empty() {
        return (String::new(), rows.len());
    }
    (format!("{title}{head}{}\n", kept.concat()), rows.len() - kept.len())
}

fn suite_row(suite: &SuiteData) -> String {
    let (icon, word) = match suite.verdict {
        TestVerdict::Passed => ("✅", "passed"),
        TestVerdict::Failed => ("❌", "failed"),
        TestVerdict::Inconclusive => ("❔", "inconclusive"),
    };
    let cells = [
        suite.name.clone(),
        suite.prompt.clone(),
        suite.model.clone(),
        format!("{}/{}", number::count(suite.passed), number::count(suite.total())),
        number::bound(suite.min_pass_rate),
        suite.p95_ms.map_or_else(String::new, number::millis),
        suite.cost_usd.map_or_else(String::new, number::usd),
    ];
    format!("| {icon} {word} | {} |\n", cells.map(|cell| markdown_table_cell(&cell, NAME_SHOWN)).join(" | "))
}

/// Whether a case is of a kind.
type Belongs = fn(&CaseData) -> bool;

/// The kinds of failing cases, the most important first.
const KINDS: [(&str, Belongs); 4] = [
    ("Newly failing", |case| counts(case) && case.status == Some(CaseStatus::NewlyFailing)),
    ("Failing", |case| counts(case) && case.status != Some(CaseStatus::NewlyFailing)),
    ("Flaky: failing at the rate their history knows", |case| case.flaky && case.quarantined.is_none()),
    ("Quarantined: failing without failing the run", |case| case.quarantined.is_some()),
];

fn counts(case: &CaseData) -> bool {
    !case.flaky && case.quarantined.is_none()
}

/// The failing cases: every one in a line before the first is shown whole.
fn failing(data: &CommentData, room: &mut Room, left_out: &mut Vec<String>) -> String {
    let mut shown: Vec<(usize, &SuiteData, &CaseData, String)> = Vec::new();
    let mut dropped = data.suites.iter().map(|suite| suite.cases_left_out).fold(0, u64::saturating_add);
    for (kind, (title, belongs)) in KINDS.iter().enumerate() {
        let of_kind: Vec<_> = data.suites.iter().flat_map(|suite| suite.cases.iter().map(move |case| (suite, case))).collect();
        let mut titled = false;
        for (suite, case) in of_kind.into_iter().filter(|(_, case)| belongs(case)) {
            let brief = cases::brief(&suite.name, case);
            // The title, and an empty line between what is folded and what is not.
            if (titled || room.take(&format!("### {title} (10000)\n\n\n\n"))) && room.take(&brief) {
                titled = true;
                shown.push((kind, suite, case, brief));
            } else {
                dropped = dropped.saturating_add(1);
            }
        }
    }
    let mut folded = 0_usize;
    for (_, suite, case, text) in &mut shown {
        let full = cases::full(&suite.name, case);
        if room.exchange(text, &full) {
            *text = full;
        } else {
            folded += 1;
        }
    }
    left_out.extend((dropped > 0).then(|| plural(dropped, "failing case")));
    left_out.extend((folded > 0).then(|| format!("the answers of {}", number::plural(folded, "case"))));
    let mut text = String::new();
    for (kind, (title, _)) in KINDS.iter().enumerate() {
        let of_kind: Vec<&str> = shown.iter().filter(|(of, ..)| *of == kind).map(|(.., text)| text.as_str()).collect();
        if !of_kind.is_empty() {
            let (whole, lines): (Vec<&str>, Vec<&str>) = of_kind.iter().partition(|text| text.starts_with('<'));
            let end = if lines.is_empty() { "" } else { "\n" };
            write!(text, "### {title} ({})\n\n{}{}{end}", number::size(of_kind.len()), whole.concat(), lines.concat()).ok();
        }
    }
    text
}

/// What has no judgement, what is fixed, warnings.
fn rest(data: &CommentData, room: &mut Room, left_out: &mut Vec<String>) -> String {
    let named = |suite: &SuiteData, text: &str| format!("- {}: {}\n", markdown_table_cell(&suite.name, NAME_SHOWN), markdown(text));
    let unjudged = data.suites.iter().flat_map(|suite| suite.unjudged.iter().map(move |text| named(suite, text)));
    let fixed = data.suites.iter().flat_map(|suite| {
        suite.fixed.iter().map(move |case| format!("- ✓ {} / {}\n", markdown_table_cell(&suite.name, NAME_SHOWN), markdown(case)))
    });
    let warnings = data.warnings.iter().map(|warning| format!("- {}\n", markdown(warning)));
    let lists: [(&str, &str, Vec<String>); 3] = [
        ("Not judged", "reason", unjudged.collect()),
        ("Fixed", "fixed case", fixed.collect()),
        ("Warnings", "warning", warnings.collect()),
    ];
    let mut text = String::new();
    for (title, noun, rows) in lists {
        let (shown, left) = table("", &rows, &format!("### {title}\n\n"), room);
        let left =
            if noun == "warning" { left.saturating_add(usize::try_from(data.warnings_left_out).unwrap_or(usize::MAX)) } else { left };
        left_out.extend((left > 0).then(|| number::plural(left, noun)));
        text.push_str(&shown);
    }
    text
}

/// Cost and time, what would decide, what to do next, links.
fn foot(data: &CommentData, around: Around<'_>) -> String {
    let mut lines = if data.suites.is_empty() { Vec::new() } else { vec![spent(data)] };
    let repeats = data.suites.iter().flat_map(|suite| suite.repeats.iter().take(REPEATS).map(move |said| (suite, said)));
    lines.extend(repeats.take(4 * REPEATS).map(|(suite, said)| format!("{}: {said}.", suite.name)));
    let open: Vec<String> = data.suites.iter().flat_map(metrics::to_decide).collect();
    if !open.is_empty() {
        let shown = open.iter().take(5).cloned().collect::<Vec<_>>().join("; ");
        lines.push(format!("**To decide** {shown}."));
    }
    let mut text: String = lines.iter().map(|line| bold_kept(line) + "\n\n").collect();
    write!(text, "**Next:** {}\n\n", next(data)).ok();
    let run = around.run_url.and_then(address).map(|url| format!("[This run]({url})"));
    let reports = (!data.reports.is_empty()).then(|| {
        let names = data.reports.iter().take(3).map(|report| markdown_table_cell(report, NAME_SHOWN)).collect::<Vec<_>>().join(", ");
        format!("full report: {names} among its artifacts, if the workflow uploads it")
    });
    let commit: String = data.head.chars().filter(char::is_ascii_alphanumeric).take(10).collect();
    let untrusted = around.untrusted.then(|| "the numbers come from the fork's own run".to_owned());
    let config = markdown_table_cell(&data.config, NAME_SHOWN);
    let about = [run, reports, Some(format!("commit {commit}")), Some(format!("configuration {config}")), untrusted];
    writeln!(text, "<sub>{}</sub>", about.into_iter().flatten().collect::<Vec<_>>().join(" · ")).ok();
    text
}

/// Escapes all but our own words in bold at the start.
fn bold_kept(line: &str) -> String {
    match line.strip_prefix("**").and_then(|rest| rest.split_once("**")) {
        Some((bold, rest)) => format!("**{bold}** {}", markdown(rest)),
        None => markdown(line),
    }
}

fn spent(data: &CommentData) -> String {
    let cost = data.cost_usd.map_or_else(
        || "cost unknown".to_owned(),
        |cost| format!("cost {}{}", number::usd(cost), if data.listed { " (estimated with listed prices)" } else { "" }),
    );
    let tokens = match (data.input_tokens, data.output_tokens) {
        (None, None) => String::new(),
        (input, output) => {
            let known = |count: Option<u64>| count.map_or_else(|| number::UNKNOWN.to_owned(), number::count);
            let guessed = if data.estimated { " (estimated)" } else { "" };
            format!(", {} tokens in and {} out{guessed}", known(input), known(output))
        }
    };
    let replayed = if data.replayed > 0 { format!(", {} replayed at no cost", plural(data.replayed, "answer")) } else { String::new() };
    format!("Took {}, {cost}{tokens}{replayed}.", of::human(data.duration_ms))
}

/// What to do next: our own Markdown.
fn next(data: &CommentData) -> &'static str {
    let open = data.suites.iter().any(|suite| suite.faulted > 0);
    match data.verdict {
        Headline::Passed => "nothing: it may be merged as far as the prompts go.",
        Headline::Failed => {
            "run the failing cases on your machine with `prompt-cicd test --filter CASE`, mend the prompt or the assertion, and push."
        }
        Headline::Regressed => {
            "look at the newly failing cases, mend the prompt and push; if the change is wanted, change the margin in the configuration."
        }
        Headline::Inconclusive if data.stopped_by_lints => "run `prompt-cicd lint` on your machine, mend what it finds, and push.",
        Headline::Inconclusive if data.interrupted => "run it again: it was stopped.",
        Headline::Inconclusive if data.suites.is_empty() => "mend what is said above, and push; the run's log has all of it.",
        Headline::Inconclusive if open => "see why the provider gave no answer, then run it again.",
        Headline::Inconclusive => "raise `repeat`, or add cases, until the numbers decide.",
        Headline::NothingToTest => "nothing.",
    }
}

/// An address that can stand in a link, or none.
fn address(url: &str) -> Option<&str> {
    let lawful = |c: char| c.is_ascii_alphanumeric() || "-._~:/?#&=%+".contains(c);
    ((url.starts_with("https://") || url.starts_with("http://")) && url.len() <= 500 && url.chars().all(lawful)).then_some(url)
}

fn plural(value: u64, noun: &str) -> String {
    format!("{} {noun}{}", number::count(value), if value == 1 { "" } else { "s" })
}
