//! The report for a terminal: what passed, what failed, why, and what next, in ten seconds.

use std::{
    io::{self, Write},
    slice,
};

use super::{
    Style, comparison,
    escape::{one_line, truncate_chars},
    figures::Figures,
    known, number, repeats, summary,
    table::{self, Column},
};
use crate::domain::{
    duration,
    suite::run::{AssertionRun, KeptAnswer, Sample, SuiteRun, TestRun, TestVerdict},
};

/// Failing samples shown of all suites together, unless everything is asked for: what fits a look.
const FAILING_SHOWN: usize = 10;
/// Failing samples shown of each failing suite, however many there are.
const FAILING_SHOWN_EACH: usize = 2;
/// Different faults shown of one suite, unless everything is asked for.
const FAULTS_SHOWN: usize = 10;
/// Characters shown of an answer when everything is asked for; else about two lines.
const ANSWER_SHOWN: usize = 2_000;
/// Characters shown of a case's variables.
const VARIABLES_SHOWN: usize = 120;
/// Characters shown of a reason.
const REASON_SHOWN: usize = 300;
/// Characters shown of a name.
const NAME_SHOWN: usize = 40;

const RED: &str = "31";
const GREEN: &str = "32";
const YELLOW: &str = "33";
const BOLD: &str = "1";

const COLUMNS: [Column; 11] = [
    Column { title: "", numeric: false, dispensable: 0 },
    Column { title: "suite", numeric: false, dispensable: 0 },
    Column { title: "prompt", numeric: false, dispensable: 3 },
    Column { title: "model", numeric: false, dispensable: 5 },
    Column { title: "passed", numeric: true, dispensable: 0 },
    Column { title: "pass rate", numeric: true, dispensable: 0 },
    Column { title: "p50", numeric: true, dispensable: 1 },
    Column { title: "p95", numeric: true, dispensable: 2 },
    Column { title: "tokens in + out", numeric: true, dispensable: 6 },
    Column { title: "cost", numeric: true, dispensable: 4 },
    Column { title: "time", numeric: true, dispensable: 7 },
];

const COMPARED: [Column; 7] = [
    Column { title: "verdict", numeric: false, dispensable: 0 },
    Column { title: "metric", numeric: false, dispensable: 0 },
    Column { title: "base", numeric: true, dispensable: 0 },
    Column { title: "head", numeric: true, dispensable: 0 },
    Column { title: "difference", numeric: true, dispensable: 0 },
    Column { title: "interval", numeric: false, dispensable: 1 },
    Column { title: "how", numeric: false, dispensable: 2 },
];

/// Writes the report.
///
/// # Errors
/// When `out` cannot be written to.
pub fn render(run: &TestRun, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let verdict = run.verdict();
    let headline = format!("{} {}: {}", summary::mark(verdict), summary::word(verdict).to_uppercase(), summary::conclusion(run));
    writeln!(out, "{}", paint(style, &[BOLD, color(verdict)], &headline))?;
    suites(run, style, out)?;
    let failing = run.suites.iter().filter(|suite| suite.counts().failed > 0).count();
    let shown = if style.verbose { usize::MAX } else { (FAILING_SHOWN / failing.max(1)).max(FAILING_SHOWN_EACH) };
    for suite in &run.suites {
        details(suite, shown, style, out)?;
        against_base(suite, style, out)?;
        repeated(suite, style, out)?;
        known_cases(suite, style, out)?;
    }
    writeln!(out)?;
    for warning in &run.warnings {
        writeln!(out, "{} {}", paint(style, &[YELLOW], "warning:"), one_line(warning))?;
    }
    for sentence in summary::totals(run) {
        writeln!(out, "{sentence}")?;
    }
    writeln!(out, "{}", next_step(run, style))
}

/// One line a suite.
fn suites(run: &TestRun, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    if run.suites.is_empty() {
        return Ok(());
    }
    let rows: Vec<Vec<String>> = run.suites.iter().map(row).collect();
    let (table, left_out) = table::render(&COLUMNS, &rows, (!style.verbose).then_some(style.width));
    let mut lines = table.lines();
    writeln!(out, "\n{}", lines.next().unwrap_or_default())?;
    for (line, suite) in lines.zip(&run.suites) {
        let verdict = suite.verdict();
        let start = format!("{} {}", summary::mark(verdict), summary::word(verdict));
        match line.strip_prefix(&start) {
            Some(rest) => writeln!(out, "{}{rest}", paint(style, &[color(verdict)], &start))?,
            None => writeln!(out, "{line}")?,
        }
    }
    if !left_out.is_empty() {
        writeln!(out, "(no room for: {}; -v shows all)", left_out.join(", "))?;
    }
    Ok(())
}

fn row(suite: &SuiteRun) -> Vec<String> {
    let verdict = suite.verdict();
    let counts = suite.counts();
    let figures = Figures::of(slice::from_ref(suite));
    let name = |text: &str| one_line(&truncate_chars(text, NAME_SHOWN));
    vec![
        format!("{} {}", summary::mark(verdict), summary::word(verdict)),
        name(&suite.name),
        name(&summary::prompt(&suite.prompt)),
        name(&suite.model),
        format!("{}/{}", number::size(counts.passed), number::size(counts.total)),
        summary::pass_rate(suite),
        summary::latency(&figures, |spread| spread.p50),
        summary::latency(&figures, |spread| spread.p95),
        summary::tokens(figures.tokens),
        summary::cost(figures.cost_usd, figures.tokens),
        duration::human(suite.duration),
    ]
}

/// What comparing with base found; nothing where nothing was compared.
fn against_base(suite: &SuiteRun, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let (Some(headline), Some(compared)) = (comparison::headline(suite), &suite.comparison) else { return Ok(()) };
    let color = if compared.fails() {
        RED
    } else if compared.is_open() {
        YELLOW
    } else {
        BOLD
    };
    let name = one_line(&truncate_chars(&suite.name, NAME_SHOWN));
    writeln!(out, "\n{} {}", paint(style, &[BOLD], &format!("{name}:")), paint(style, &[BOLD, color], &one_line(&headline)))?;
    let rows: Vec<Vec<String>> = comparison::rows(compared)
        .into_iter()
        .map(|row| [row.verdict, row.metric, row.base, row.head, row.effect, row.interval, row.note].map(|cell| one_line(&cell)).to_vec())
        .collect();
    if !rows.is_empty() {
        let (table, _) = table::render(&COMPARED, &rows, (!style.verbose).then_some(style.width.saturating_sub(2)));
        for line in table.lines() {
            writeln!(out, "  {line}")?;
        }
    }
    for line in comparison::lines(suite, if style.verbose { usize::MAX } else { FAILING_SHOWN }) {
        writeln!(out, "  {}", one_line(&truncate_chars(&line, REASON_SHOWN)))?;
    }
    Ok(())
}

/// What repeats and asking again came to; nothing where every case was asked once.
fn repeated(suite: &SuiteRun, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let lines = repeats::lines(suite, if style.verbose { usize::MAX } else { FAILING_SHOWN });
    if !lines.is_empty() {
        writeln!(out, "\n{}", paint(style, &[BOLD], &format!("{}: repeats", one_line(&truncate_chars(&suite.name, NAME_SHOWN)))))?;
    }
    lines.iter().try_for_each(|line| writeln!(out, "  {}", one_line(&truncate_chars(line, REASON_SHOWN))))
}

/// Baselines, quarantined and flaky cases; nothing where there are none.
fn known_cases(suite: &SuiteRun, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let name = one_line(&truncate_chars(&suite.name, NAME_SHOWN));
    for (title, lines) in [("against baselines", known::baseline_lines(suite)), ("known cases", known::lines(suite))] {
        if !lines.is_empty() {
            writeln!(out, "\n{}", paint(style, &[BOLD], &format!("{name}: {title}")))?;
        }
        lines.iter().try_for_each(|line| writeln!(out, "  · {}", one_line(&truncate_chars(line, REASON_SHOWN))))?;
    }
    Ok(())
}

/// What is worth knowing of one suite beyond its line, with so many failing samples; nothing when all is well.
fn details(suite: &SuiteRun, shown: usize, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let counts = suite.counts();
    if counts.passed == counts.total && suite.unjudged_of_base() == 0 && !style.verbose {
        return Ok(());
    }
    writeln!(out, "\n{}", paint(style, &[BOLD], &one_line(&truncate_chars(&suite.name, NAME_SHOWN))))?;
    for (sample, answer, assertions) in summary::judged(suite, false).take(shown) {
        judged(sample, answer, assertions, style, out)?;
    }
    if counts.failed > shown {
        writeln!(out, "  … {} more failed; -v shows them", number::size(counts.failed - shown))?;
    }
    unjudged(suite, style, out)?;
    if style.verbose {
        for (sample, answer, assertions) in summary::judged(suite, true) {
            judged(sample, answer, assertions, style, out)?;
        }
    }
    Ok(())
}

/// One sample: its variables, its answer, and the assertions that fail (all of them when everything is asked for).
fn judged(sample: &Sample, answer: &KeptAnswer, assertions: &[AssertionRun], style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let (mark, color) = if sample.passed() { ("✓", GREEN) } else { ("✗", RED) };
    let name = one_line(&truncate_chars(&summary::sample_name(sample), NAME_SHOWN));
    let variables = one_line(&truncate_chars(&summary::variables(sample), VARIABLES_SHOWN));
    writeln!(out, "  {} {}  {variables}", paint(style, &[color], mark), paint(style, &[BOLD], &name))?;
    writeln!(out, "      answer: {}", quoted(answer, style))?;
    for assertion in assertions.iter().filter(|assertion| style.verbose || !assertion.passed) {
        let (mark, color) = if assertion.passed { ("✓", GREEN) } else { ("✗", RED) };
        let text = one_line(&truncate_chars(&summary::assertion(assertion), REASON_SHOWN));
        writeln!(out, "      {} {text}", paint(style, &[color], mark))?;
    }
    for call in sample.asked.iter().filter(|_| style.verbose || !sample.passed()) {
        let told = one_line(&truncate_chars(&summary::grader_call(call), REASON_SHOWN));
        writeln!(out, "      · {told}")?;
        if style.verbose {
            writeln!(out, "        asked: \"{}\"", one_line(&truncate_chars(&call.prompt, ANSWER_SHOWN)))?;
        }
    }
    Ok(())
}

fn quoted(answer: &KeptAnswer, style: &Style) -> String {
    if answer.text().is_empty() {
        return "(empty)".to_owned();
    }
    let two_lines = style.width.saturating_mul(2).saturating_sub(16).clamp(64, 400);
    let shown = if style.verbose { ANSWER_SHOWN } else { two_lines };
    let all = answer.text().chars().count();
    let text = one_line(&truncate_chars(answer.text(), shown));
    if all > shown { format!("\"{text}\" ({} characters in all)", number::size(all)) } else { format!("\"{text}\"") }
}

/// The samples without a judgement: faults by message, the rest by reason.
fn unjudged(suite: &SuiteRun, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let mark = paint(style, &[YELLOW], "?");
    let faults = summary::faults(suite);
    let shown = if style.verbose { usize::MAX } else { FAULTS_SHOWN };
    for fault in faults.iter().take(shown) {
        let message = one_line(&truncate_chars(fault.message, REASON_SHOWN));
        writeln!(out, "  {mark} {} without an answer ({}): {message}", one_line(&fault.samples()), fault.kind.as_str())?;
    }
    if faults.len() > shown {
        writeln!(out, "  … {} more kinds of message; -v shows them", number::size(faults.len() - shown))?;
    }
    for (reason, count) in summary::not_run(suite) {
        writeln!(out, "  {mark} {} not run: {reason}", number::plural(count, "sample"))?;
    }
    Ok(())
}

fn next_step(run: &TestRun, style: &Style) -> &'static str {
    match (run.verdict(), style.verbose) {
        (TestVerdict::Failed, _) if run.fails_against_base() => {
            "Next: look at the cases above that got worse; when the change is meant, say so in the pull request and widen `regression.metrics`."
        }
        (TestVerdict::Passed, false) => "Next: rerun with -v to see the answers.",
        (TestVerdict::Passed, true) => "Next: nothing to mend.",
        (TestVerdict::Failed, false) => "Next: mend the prompt or the assertion named above; -v also shows passing cases.",
        (TestVerdict::Failed, true) => "Next: mend the prompt or the assertion named above.",
        (TestVerdict::Inconclusive, _) if run.stopped_by_lints() => {
            "Next: mend the findings above, or accept them in `lints.ignore` with the reason; `prompt-cicd lint` says more."
        }
        (TestVerdict::Inconclusive, _) if run.is_all_excused() => "Next: mend a case, or take a rule out of `quarantine`. This is no pass.",
        (TestVerdict::Inconclusive, _) if run.suites.is_empty() => "Next: select at least one suite.",
        (TestVerdict::Inconclusive, _) => "Next: mend what kept samples from being judged, then run again. This is no pass.",
    }
}

fn color(verdict: TestVerdict) -> &'static str {
    match verdict {
        TestVerdict::Passed => GREEN,
        TestVerdict::Failed => RED,
        TestVerdict::Inconclusive => YELLOW,
    }
}

fn paint(style: &Style, codes: &[&str], text: &str) -> String {
    if style.color { format!("\u{1b}[{}m{text}\u{1b}[0m", codes.join(";")) } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::report::fixture;

    const PLAIN: Style = Style { color: false, width: 120, verbose: false };

    fn text(run: &TestRun, style: &Style) -> String {
        let mut out = Vec::new();
        render(run, style, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn everything_at_once() {
        assert_snapshot!("text", text(&fixture::rich(), &PLAIN));
    }

    #[test]
    fn everything_at_once_verbose() {
        assert_snapshot!("text_verbose", text(&fixture::rich(), &Style { verbose: true, ..PLAIN }));
    }

    #[test]
    fn a_passing_run_is_short() {
        assert_snapshot!(text(&fixture::passing(6), &PLAIN), @"
        ✓ PASSED: 6 of 6 samples passed in 1 suite

                  suite     prompt          model  passed  pass rate     p50     p95  tokens in + out     cost   time
        ✓ passed  greeting  greeting@1.2.0  tiny      6/6      100 %  100 ms  100 ms         120 + 30  $0.0015  4.2 s

        6 of 6 samples passed, in 4.2 s.
        Cost: $0.0015, for 120 tokens in and 30 out.
        Next: rerun with -v to see the answers.
        ");
    }

    #[test]
    fn a_run_from_a_recording_says_so() {
        let mut run = fixture::passing(2);
        for sample in &mut run.suites[0].samples {
            fixture::answer_mut(sample).origin = crate::domain::answer::Origin::Recorded;
        }
        assert_snapshot!(text(&run, &PLAIN), @"
        ✓ PASSED: 2 of 2 samples passed in 1 suite

                  suite     prompt          model  passed  pass rate       p50       p95   time
        ✓ passed  greeting  greeting@1.2.0  tiny      2/2      100 %  100 ms ↻  100 ms ↻  4.2 s

        2 of 2 samples passed, in 4.2 s.
        ↻ 2 of 2 answers replayed (2 from a cassette) at no cost, with the latency they had when they were live.
        Next: rerun with -v to see the answers.
        ");
    }

    #[test]
    fn a_run_without_suites_is_no_pass() {
        assert_snapshot!(text(&fixture::run(Vec::new()), &PLAIN), @"
        ? INCONCLUSIVE: nothing was asked, so nothing can be concluded

        0 of 0 samples passed, in 4.2 s.
        Next: select at least one suite.
        ");
    }

    #[test]
    fn only_ten_failures_are_shown_unless_all_are_asked_for() {
        let run = fixture::failing(25);
        let short = text(&run, &PLAIN);
        assert_eq!(short.matches("answer: ").count(), 10);
        assert!(short.contains("… 15 more failed; -v shows them"), "{short}");
        assert_eq!(text(&run, &Style { verbose: true, ..PLAIN }).matches("answer: ").count(), 25);
    }

    #[test]
    fn a_narrow_terminal_is_told_what_is_missing() {
        let narrow = text(&fixture::passing(3), &Style { width: 60, ..PLAIN });
        assert!(narrow.contains("(no room for: prompt, model, tokens in + out, cost, time; -v shows all)"), "{narrow}");
        assert!(narrow.lines().take(4).all(|line| line.chars().count() <= 60), "{narrow}");
    }

    #[test]
    fn colour_only_adds_codes() {
        let run = fixture::rich();
        let colored = text(&run, &Style { color: true, ..PLAIN });
        let codes = regex::Regex::new("\u{1b}\\[[0-9;]+m").unwrap();
        assert!(codes.is_match(&colored));
        assert_eq!(codes.replace_all(&colored, ""), text(&run, &PLAIN));
    }

    #[test]
    fn nothing_of_a_model_acts_on_terminal_or_runner() {
        for style in [PLAIN, Style { verbose: true, ..PLAIN }] {
            let text = text(&fixture::rich(), &style);
            assert!(!text.contains("##[") && !text.lines().any(|line| line.trim_start().starts_with("::")), "{text}");
            assert!(!text.contains(['\u{1b}', '\u{202e}', '\u{7}', '\r', '\u{9b}']), "{text}");
        }
    }
}
