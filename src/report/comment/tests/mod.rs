mod injection;

use super::{data::MetricVerdict, *};
use crate::{
    domain::{
        regression::{
            Metric,
            comparison::{BaseRun, CaseComparison, Change, Comparison},
            decide::{Judgement, Rules, Verdict},
            evidence::{Evidence, Measured, Scale, TestName, Undecided},
            sampling::{Question, Sampling, Stopped},
        },
        suite::{
            CaseId,
            run::{PromptIdentity, SuiteRun, TestRun},
        },
    },
    report::fixture,
};

/// The commit of every run here.
const HEAD: &str = "1111111111111111111111111111111111111111";

pub(super) fn about() -> About<'static> {
    About { config: "prompt-cicd.yml", pull_request: 7, head: HEAD, exit_code: 12, reports: &[] }
}

fn measured(effect: f64, interval: [f64; 2], scale: Scale) -> Measured {
    Measured {
        test: TestName::McNemar,
        scale,
        effect,
        interval,
        p_fail: 0.5,
        p_warn: 0.5,
        p_non_inferior: 0.5,
        p_improved: 0.5,
        worse: 0.0,
        margin: 0.02,
        standard_error: 0.01,
        n: 40,
        without_spread: false,
    }
}

fn judgement(name: &str, base: f64, head: f64, result: Result<Measured, Undecided>, verdict: Verdict) -> Judgement {
    let metric = Metric::of_a_run(name).unwrap();
    let evidence = Evidence { metric, base: Some(base), head: Some(head), base_n: 40, head_n: 40, pairs: Some(20), result };
    Judgement { evidence, p_adjusted: Some(0.01), verdict, warns: name == "latency", detectable: None }
}

fn case(id: &str, status: CaseStatus) -> CaseComparison {
    CaseComparison { case: CaseId(id.to_owned()), status, base: (2, 2), head: (0, 2), flaky: false, quarantined: None }
}

/// A suite worse than its base: newly failing, failing, fixed, flaky and quarantined cases, metrics of every verdict.
pub(super) fn regressed() -> SuiteRun {
    let fails = || vec![fixture::assertion("contains", "contains: \"Ana\"", false, "the answer does not contain \"Ana\"")];
    let names = ["fresh", "old", "moody", "shelved"];
    let head = |text: &str| names.iter().enumerate().map(|(at, id)| fixture::judged(at, id, text, fails())).collect::<Vec<_>>();
    let mut suite = fixture::suite("greeting", head("Good day.\nYou are Ana?\nBye"));
    let holds = || vec![fixture::assertion("contains", "contains: \"Ana\"", true, "found")];
    let there = |text: &str| names.iter().enumerate().map(|(at, id)| fixture::judged(at, id, text, holds())).collect::<Vec<_>>();
    suite.base = Some(BaseRun {
        reference: "main".to_owned(),
        commit: "abcdef0123456789abcdef0123456789abcdef01".to_owned(),
        prompt: PromptIdentity { version: Some("1.1.0".to_owned()), digest: "0".repeat(64), ..suite.prompt.clone() },
        model: "mini".to_owned(),
        samples: there("Good day.\nHello Ana!\nBye"),
    });
    let wide = Verdict::Inconclusive { why: Undecided::Wide, needed: Some(420) };
    suite.comparison = Some(Comparison {
        changes: vec![Change::Model { from: "mini".to_owned(), to: "tiny".to_owned() }, Change::CaseAdded(CaseId("new".to_owned()))],
        judgements: vec![
            judgement("pass-rate", 1.0, 0.5, Ok(measured(-0.5, [-0.62, -0.31], Scale::Difference)), Verdict::Regressed),
            judgement("score", 0.91, 0.9, Ok(measured(-0.01, [-0.05, 0.03], Scale::Difference)), wide),
            judgement("latency", 812.0, 1_102.0, Ok(measured(1.357, [1.2, 1.53], Scale::Ratio)), Verdict::Regressed),
            judgement("tokens", 24.0, 23.5, Ok(measured(0.98, [0.95, 1.01], Scale::Ratio)), Verdict::NonInferior),
            judgement("cost", 0.0012, 0.0009, Ok(measured(0.75, [0.7, 0.8], Scale::Ratio)), Verdict::Improved),
        ],
        cases: vec![
            case("fresh", CaseStatus::NewlyFailing),
            case("old", CaseStatus::Failing),
            CaseComparison { flaky: true, ..case("moody", CaseStatus::NewlyFailing) },
            CaseComparison { quarantined: Some("waits for issue 12".to_owned()), ..case("shelved", CaseStatus::Failing) },
            case("mended", CaseStatus::Fixed),
        ],
        rules: Rules::default(),
        on_inconclusive: crate::domain::regression::comparison::OnInconclusive::Warn,
        sampling: None,
    });
    suite.sampling = Some(Sampling {
        asked: 80,
        most: 200,
        repeats: 2,
        bounds: (1, 5),
        look: 2,
        looks: 5,
        question: Question::Base,
        stopped: Stopped::Decided,
    });
    suite
}

fn comment(run: &TestRun) -> String {
    let around = Around { run_url: Some("https://github.com/octo/prompts/actions/runs/42"), untrusted: false };
    render(&of_run(run, about()), around)
}

#[test]
fn a_regression_with_everything() {
    let mut run = fixture::run(vec![regressed()]);
    run.warnings = vec!["the provider counts no tokens".to_owned()];
    insta::assert_snapshot!("regression", comment(&run).replace('\u{200b}', ""));
}

#[test]
fn a_suite_whose_prompt_did_not_change_is_not_said_to_have_changed() {
    let mut suite = fixture::suite("greeting", Vec::new());
    suite.comparison = Some(Comparison {
        changes: vec![Change::SamePrompt],
        judgements: Vec::new(),
        cases: Vec::new(),
        ..regressed().comparison.unwrap()
    });
    let shown = comment(&fixture::run(vec![suite])).replace('\u{200b}', "");
    assert!(shown.contains("- **greeting**: prompt greeting@1.2.0 unchanged, so not compared\n"), "{shown}");
}

#[test]
fn a_run_with_everything_and_no_base() {
    insta::assert_snapshot!("rich", comment(&fixture::rich()).replace('\u{200b}', ""));
}

#[test]
fn the_headline_is_the_worst() {
    let mut suite = regressed();
    suite.min_pass_rate = 0.0;
    let run = fixture::run(vec![suite]);
    assert_eq!(headline(&run), Headline::Regressed);
    let text = comment(&run);
    assert!(text.starts_with("## ❌ Prompt tests regressed: pass-rate of greeting worse than on base\n"), "{text}");
    assert_eq!(headline(&fixture::passing(1)), Headline::Passed);
    assert_eq!(headline(&fixture::failing(1)), Headline::Failed);
    assert_eq!(headline(&fixture::run(Vec::new())), Headline::Inconclusive);
}

#[test]
fn the_file_holds_all_that_the_comment_shows() {
    let mut run = fixture::rich();
    run.suites.push(regressed());
    let data = of_run(&run, about());
    let text = serde_json::to_string(&data).unwrap();
    assert_eq!(parse(&text), Ok(data));
}

#[test]
fn numbers_that_are_none_are_refused_and_never_written() {
    let mut suite = regressed();
    if let Some(comparison) = &mut suite.comparison {
        let broken = Ok(measured(f64::NAN, [f64::NEG_INFINITY, 1.0], Scale::Ratio));
        comparison.judgements = vec![judgement("latency", f64::NAN, 1.0, broken, Verdict::Improved)];
    }
    let data = of_run(&fixture::run(vec![suite]), about());
    let metric = &data.suites[0].comparison.as_ref().unwrap().metrics[0];
    assert_eq!((metric.base, metric.effect, metric.verdict), (None, None, MetricVerdict::Improved));
    assert_eq!(parse(&serde_json::to_string(&data).unwrap()), Ok(data));
}

#[test]
fn it_fits_whatever_there_is_and_says_what_is_left_out() {
    let mut failing = fixture::failing(3_000);
    for sample in &mut failing.suites[0].samples {
        *fixture::text_mut(sample) = "🦀\n".repeat(4_000);
    }
    let mut many = fixture::run((0..400).map(|_| regressed()).collect());
    many.warnings = vec!["long ".repeat(20); 100_000];
    for run in [failing, many] {
        let text = comment(&run);
        assert!(text.encode_utf16().count() <= 65_336 && text.len() <= 261_120, "{} bytes", text.len());
        assert!(text.contains("> Left out for want of room: "), "{text}");
        assert!(text.contains("**Next:**") && text.contains("[This run]("), "what to do is never left out");
        assert_eq!(text.matches("<details>").count(), text.matches("</details>").count());
        assert!(text.contains("<details>"), "what fits is shown");
    }
}

#[test]
fn the_newly_failing_cases_are_the_last_to_go() {
    let mut suite = regressed();
    suite.samples.extend((4..90).map(|at| {
        let fails = vec![fixture::assertion("contains", "contains: \"x\"", false, &"reason ".repeat(60))];
        fixture::judged(at, &format!("case-{at}"), &format!("{at} {}", "word ".repeat(700)), fails)
    }));
    let text = comment(&fixture::run(vec![suite]));
    assert!(text.contains("<summary>✗ greeting / fresh"), "{text}");
    assert!(text.contains("- ✗ greeting / case-89"), "named, though not shown whole: {text}");
    assert!(text.contains("the answers of "), "{text}");
}

#[test]
fn the_job_summary_has_the_comparison_and_its_chart() {
    let mut out = Vec::new();
    crate::report::markdown::render(&fixture::run(vec![regressed()]), 1_000_000, &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    for part in [
        "| suite | metric | base | head |",
        "❌ regressed",
        "```mermaid\nxychart-beta\n",
        "x-axis [\"pass-rate\", \"score\"",
        "To decide score of greeting: about 420 samples a side",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn an_address_that_is_none_is_no_link() {
    for url in ["javascript:alert(1)", "https://x/)[y](z", "https://x y", "ftp://x", &format!("https://{}", "x".repeat(600))] {
        let text = render(&of_run(&fixture::passing(1), about()), Around { run_url: Some(url), untrusted: true });
        assert!(!text.contains("[This run]"), "{url}");
    }
}
