use super::*;
use crate::report::fixture;

fn markdown(run: &TestRun, budget: usize) -> String {
    let mut out = Vec::new();
    render(run, budget, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// The text outside of fenced blocks.
fn outside_fences(text: &str) -> String {
    let mut fence: Option<String> = None;
    let mut outside = String::new();
    for line in text.lines() {
        let ticks: String = line.chars().take_while(|c| *c == '`').collect();
        match &fence {
            Some(open) if *open == line => fence = None,
            Some(_) => {}
            None if ticks.len() >= 3 => fence = Some(ticks),
            None => outside.extend([line, "\n"]),
        }
    }
    assert_eq!(fence, None, "a fence is left open: {text}");
    outside
}

#[test]
fn everything_at_once() {
    insta::assert_snapshot!("markdown", markdown(&fixture::rich(), DEFAULT_BUDGET));
}

#[test]
fn a_passing_run() {
    let text = markdown(&fixture::passing(2), DEFAULT_BUDGET);
    insta::assert_snapshot!(text.replace('\u{200b}', ""), @r"
    ## ✅ Prompt tests passed: 2 of 2 samples passed in 1 suite

    | | suite | prompt | model | passed | pass rate | p50 | p95 | tokens in + out | cost | time |
    |---|---|---|---|--:|--:|--:|--:|--:|--:|--:|
    | ✅ passed | greeting | greeting@1.2.0 | tiny | 2/2 | 100 % | 100 ms | 100 ms | 40 + 10 | \$0.0005 | 4.2 s |

    - 2 of 2 samples passed, in 4.2 s.
    - Cost: \$0.0005, for 40 tokens in and 10 out.

    ### ✅ greeting

    <details>
    <summary>✓ 2 passed</summary>

    | case | latency | answer |
    |---|--:|---|
    | case-0 | 100 ms | Hello there |
    | case-1 | 100 ms | Hello there |

    </details>
    ");
}

#[test]
fn a_run_without_suites() {
    insta::assert_snapshot!(markdown(&fixture::run(Vec::new()), DEFAULT_BUDGET), @"
    ## ❔ Prompt tests inconclusive: nothing was asked, so nothing can be concluded

    - 0 of 0 samples passed, in 4.2 s.
    ");
}

#[test]
fn hostile_text_marks_nothing_up() {
    let text = markdown(&fixture::rich(), DEFAULT_BUDGET);
    assert!(!text.contains("##[") && !text.lines().any(|line| line.trim_start().starts_with("::")), "{text}");
    assert!(!text.contains(['\u{1b}', '\u{202e}', '\u{7}', '\r', '\u{9b}']), "{text}");
    let outside = outside_fences(&text).replace("\\<", "");
    let tags = regex::Regex::new("<[^>]*>").unwrap();
    for tag in tags.find_iter(&outside) {
        assert!(["<details>", "</details>", "<summary>", "</summary>"].contains(&tag.as_str()), "{}", tag.as_str());
    }
    assert!(!outside.contains("@o") && !outside.contains("://") && !outside.contains("<!--"), "{outside}");
    assert_eq!(outside.matches("<details>").count(), outside.matches("</details>").count());
}

#[test]
fn every_row_of_a_table_has_its_columns() {
    let text = markdown(&fixture::rich(), DEFAULT_BUDGET);
    let outside = outside_fences(&text);
    let mut columns = None;
    for line in outside.lines() {
        let bars = line.starts_with('|').then(|| line.replace("\\|", "").matches('|').count());
        assert!(bars.is_none() || columns.is_none() || bars == columns, "{line}");
        columns = bars;
    }
}

#[test]
fn whatever_the_budget_it_is_kept_and_nothing_is_left_open() {
    let mut run = fixture::rich();
    run.suites.extend(fixture::passing(40).suites);
    run.suites.extend(fixture::failing(40).suites);
    let whole = markdown(&run, DEFAULT_BUDGET);
    assert!(!whole.contains("want of room"));
    for budget in (0..whole.len() + 2_500).step_by(97) {
        let text = markdown(&run, budget);
        assert!(text.len() <= budget, "{} of {budget}", text.len());
        let outside = outside_fences(&text);
        assert_eq!(outside.matches("<details>").count(), outside.matches("</details>").count(), "{budget}: {text}");
    }
}

#[test]
fn passing_cases_go_first_then_the_last_failing_ones_and_it_says_so() {
    let mut run = fixture::failing(40);
    run.suites.extend(fixture::passing(80).suites);
    let whole = markdown(&run, DEFAULT_BUDGET).len();

    let fewer = markdown(&run, whole - 700);
    assert_eq!(fewer.matches("<summary>✗").count(), 40);
    assert!(fewer.contains("Left out for want of room: 0 failed samples and "), "{fewer}");

    let few = markdown(&run, 6_000);
    assert!(few.contains("<summary>✗ case-0:") && !few.contains("<summary>✗ case-39:") && !few.contains("✓ 80 passed"), "{few}");
    assert!(few.contains(" failed not shown for want of room.") && few.contains("and 80 passed samples"), "{few}");
}

#[test]
fn the_same_run_gives_the_same_bytes() {
    assert_eq!(markdown(&fixture::rich(), 5_000), markdown(&fixture::rich(), 5_000));
}
