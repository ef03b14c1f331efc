//! One failing case: in one line, or folded with its reasons and the difference of the answers.

use std::fmt::Write as _;

use similar::TextDiff;

use super::data::CaseData;
use crate::report::{
    escape::{fenced, html, markdown, truncate_chars},
    number,
};

/// Characters shown of a name.
const NAME_SHOWN: usize = 80;
/// Reasons shown of a case.
const REASONS_SHOWN: usize = 10;
/// Characters shown of a diff.
const DIFF_SHOWN: usize = 4_000;

/// A case's name with what weighs most against it.
fn title(suite: &str, case: &CaseData) -> String {
    let why = if case.main.is_empty() { String::new() } else { format!(": {}", case.main) };
    let rate = |label: &str, [passed, judged]: [u64; 2]| format!("{label} {}/{}", number::count(passed), number::count(judged));
    let rates: Vec<String> = case.base.map(|base| rate("base", base)).into_iter().chain([rate("head", case.head)]).collect();
    // One sample needs no count.
    let many = case.head[1] > 1 || case.base.is_some_and(|base| base[1] > 1);
    let rates = if many { format!(" (passed: {})", rates.join(", ")) } else { String::new() };
    format!("{} / {}{rates}{}", truncate_chars(suite, NAME_SHOWN), truncate_chars(&case.name, NAME_SHOWN), truncate_chars(&why, 200))
}

/// The case in one line of a list.
pub(super) fn brief(suite: &str, case: &CaseData) -> String {
    format!("- ✗ {}{}\n", markdown(&title(suite, case)), note(case))
}

/// Why a case counts less.
fn note(case: &CaseData) -> String {
    let flaky = if case.flaky { " (flaky: it fails at the rate its history knows)" } else { "" };
    let quarantined = case.quarantined.as_ref().map_or_else(String::new, |why| format!(" (quarantined: {})", markdown(why)));
    format!("{flaky}{quarantined}")
}

/// The case folded, with everything.
pub(super) fn full(suite: &str, case: &CaseData) -> String {
    let mut text = format!("<details>\n<summary>✗ {}</summary>\n\n", html(&title(suite, case)));
    if let Some(why) = &case.quarantined {
        write!(text, "Quarantined: {}\n\n", markdown(why)).ok();
    }
    for reason in case.reasons.iter().take(REASONS_SHOWN) {
        // Writing to a text never fails.
        writeln!(text, "- ✗ {}", markdown(reason)).ok();
    }
    if let Some(more @ 1..) = case.reasons.len().checked_sub(REASONS_SHOWN) {
        writeln!(text, "- …and {} more", number::size(more)).ok();
    }
    text.push_str(&answers(case));
    text.push_str("\n</details>\n\n");
    text
}

fn answers(case: &CaseData) -> String {
    let shown = case.answer.chars().count();
    let cut = case.answer_characters > u64::try_from(shown).unwrap_or(u64::MAX);
    let note = if cut {
        format!("\nThe answer has {} characters in all; the report has them.\n", number::count(case.answer_characters))
    } else {
        String::new()
    };
    match &case.base_answer {
        Some(base) if *base == case.answer => format!("\nThe answer, the same on base and head:\n\n{}{note}", fenced(&case.answer, "text")),
        Some(base) => format!("\nThe answers, base (−) and head (+):\n\n{}{note}", fenced(&diff(base, &case.answer), "diff")),
        None if case.answer.is_empty() => "\nThe answer is empty.\n".to_owned(),
        None => format!("\nThe answer:\n\n{}{note}", fenced(&case.answer, "text")),
    }
}

/// What differs, line by line.
fn diff(base: &str, head: &str) -> String {
    let lines = TextDiff::from_lines(base, head).unified_diff().context_radius(2).missing_newline_hint(false).to_string();
    truncate_chars(&lines, DIFF_SHOWN).into_owned()
}
