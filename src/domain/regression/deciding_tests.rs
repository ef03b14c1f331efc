//! The worked numbers of `docs/design/deciding.md`, computed again.

use super::{Comparison, Evidence, Metric, OnInconclusive, Rules, Verdict, decide, decide_together, one_run, paired, sampling::Looks};
use crate::domain::stats::{
    multiplicity::{Method, adjust},
    paired::mcnemar::McNemar,
    proportion::intervals::newcombe_paired,
};
use crate::domain::suite::Repeat;

const PAGE: &str = include_str!("../../../docs/design/deciding.md");

fn lost(cases: usize) -> McNemar {
    McNemar { both_pass: 20 - cases, base_only: cases, head_only: 0, both_fail: 0 }
}

fn judged(table: McNemar) -> Verdict {
    let evidence: Evidence = paired::passes(&Metric::of_a_run("pass-rate").unwrap(), table, &Rules::default());
    decide(vec![evidence], &Rules::default()).remove(0).verdict
}

#[test]
fn the_example_is_what_the_program_finds() {
    let six = lost(6);
    assert!((six.exact().less - 1.0 / 64.0).abs() < 1e-12 && PAGE.contains("p = 1/2⁶ = 0.0156"));
    let interval = newcombe_paired(six, 0.90).unwrap();
    let shown = format!("from −{:.1} to −{:.1} points", -100.0 * interval.lower, -100.0 * interval.upper);
    assert!(PAGE.contains(&shown), "{shown}");
    assert_eq!(judged(six), Verdict::Regressed);
    assert!((lost(3).exact().less - 0.125).abs() < 1e-12 && PAGE.contains("p = 1/2³ = 0.125: `inconclusive`"));
    assert!(matches!(judged(lost(3)), Verdict::Inconclusive { .. }));
}

#[test]
fn twenty_suites_are_one_family() {
    let rules = Rules::default();
    let compared = |cases| Comparison {
        changes: Vec::new(),
        judgements: decide(vec![paired::passes(&Metric::of_a_run("pass-rate").unwrap(), lost(cases), &rules)], &rules),
        cases: Vec::new(),
        rules,
        on_inconclusive: OnInconclusive::Warn,
        sampling: None,
    };
    // One suite of twenty lost 6 cases: alone it is regressed, among twenty it may be chance.
    let mut suites: Vec<Comparison> = (0..20).map(|suite| compared(if suite == 7 { 6 } else { 0 })).collect();
    assert_eq!(suites[7].judgements[0].verdict, Verdict::Regressed);
    decide_together(&mut suites);
    assert!((suites[7].judgements[0].p_adjusted.unwrap() - 20.0 / 64.0).abs() < 1e-12);
    assert!(matches!(suites[7].judgements[0].verdict, Verdict::Inconclusive { .. }));
    // 13 of 20 is no chance, however many suites there are.
    suites[3] = compared(13);
    decide_together(&mut suites);
    assert_eq!(suites[3].judgements[0].verdict, Verdict::Regressed);
    assert!(suites.iter().enumerate().all(|(suite, comparison)| suite == 3 || !comparison.judgements[0].fails()));
}

#[test]
fn holms_numbers_are_what_the_program_finds() {
    let adjusted = adjust(Method::Holm, &[0.0156, 0.20, 0.40]).unwrap();
    let shown: Vec<String> = adjusted.iter().map(|p| format!("{p:.4}")).collect();
    assert_eq!(shown, ["0.0468", "0.4000", "0.4000"]);
    assert!(PAGE.contains("0.0156, 0.20 and 0.40 become 0.0468, 0.40 and 0.40"));
}

#[test]
fn the_levels_of_the_looks_are_what_the_program_plans() {
    let levels = |min| Looks::plan(Repeat::between(min, 5).unwrap(), 0.05).levels().to_vec();
    let shown: Vec<String> = levels(1)
        .iter()
        .map(|level| {
            format!(
                "{:.*}",
                if *level < 1e-3 {
                    6
                } else if *level < 0.01 {
                    4
                } else {
                    3
                },
                level
            )
        })
        .collect();
    assert_eq!(shown.join(", "), "0.000012, 0.0019, 0.011, 0.025, 0.041");
    let page = PAGE.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(page.contains(&shown.join(", ")));
    assert_eq!(format!("{:.3}", levels(3).first().unwrap()), "0.011");
    assert!(page.contains("S the sum of the levels (0.079 for five looks)") && format!("{:.3}", levels(1).iter().sum::<f64>()) == "0.079");
}

#[test]
fn the_runs_of_benchmarks_are_what_the_program_finds() {
    let runs = [100.0, 104.0, 97.0, 102.0, 99.0];
    let metric = Metric { name: "b".to_owned(), ..Metric::of_a_run("latency").unwrap() };
    for (new, word) in [(109.0, "non-inferior"), (118.0, "inconclusive"), (135.0, "regressed")] {
        let evidence = one_run::evidence(&metric, &runs, new, &Rules::default());
        let measured = evidence.result.clone().unwrap();
        let [low, high] = measured.interval;
        let verdict = decide(vec![evidence], &Rules::default()).remove(0).verdict;
        assert_eq!(verdict.word(), word);
        let row = format!("| {new} ms | {:.3} | {low:.3} to {high:.3} | `{word}` |", measured.effect);
        assert!(PAGE.contains(&row), "{row}");
        let spread = measured.standard_error / 1.2_f64.sqrt();
        assert!(
            PAGE.contains(&format!("s of the logarithms {spread:.4}")) && PAGE.contains(&format!("{:.1} ms, s of", new / measured.effect))
        );
        assert!(PAGE.contains(&format!("= {:.3} of it in 90 %", high / measured.effect)));
    }
}
