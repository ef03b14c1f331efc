use proptest::prelude::*;

use super::{
    paired::{self, Pairs},
    *,
};
use crate::domain::stats::{paired::mcnemar::McNemar, proportion::Rate, rng::SplitMix64, special::normal_isf};

fn latency() -> Metric {
    Metric { decides: Decides::Fail, ..Metric::of_a_run("latency").unwrap() }
}

fn pass_rate() -> Metric {
    Metric::of_a_run("pass-rate").unwrap()
}

/// Log-normal latencies around `centre` ms with σ = `spread` on the log scale.
fn latencies(seed: u64, n: usize, centre: f64, spread: f64) -> Vec<f64> {
    let mut rng = SplitMix64::new(seed);
    (0..n).map(|_| centre * (spread * normal_isf(rng.unit().clamp(1e-9, 1.0 - 1e-9))).exp()).collect()
}

fn verdict(evidence: Evidence) -> Verdict {
    decide(vec![evidence], &Rules::default()).remove(0).verdict
}

#[test]
fn twice_the_latency_is_a_regression_and_half_is_an_improvement() {
    let (base, slow, quick) = (latencies(1, 40, 800.0, 0.3), latencies(2, 40, 1600.0, 0.3), latencies(3, 40, 400.0, 0.3));
    let judged = |head: &[f64]| decide(vec![independent::amounts(&latency(), &base, head, &Rules::default())], &Rules::default()).remove(0);
    let slower = judged(&slow);
    assert_eq!(slower.verdict, Verdict::Regressed);
    assert!(slower.warns && slower.fails());
    let measured = slower.evidence.result.unwrap();
    assert_eq!((measured.test, measured.scale), (TestName::WelchOnLogs, Scale::Ratio));
    assert!(measured.interval[0] > 1.2 && measured.interval[0] < measured.effect && measured.effect < measured.interval[1]);
    assert_eq!(judged(&quick).verdict, Verdict::Improved);
}

#[test]
fn the_direction_turns_the_verdict() {
    let (base, more) = (latencies(1, 40, 800.0, 0.3), latencies(2, 40, 1600.0, 0.3));
    let throughput = Metric { direction: Direction::HigherIsBetter, ..latency() };
    assert_eq!(verdict(independent::amounts(&throughput, &base, &more, &Rules::default())), Verdict::Improved);
    assert_eq!(verdict(independent::amounts(&throughput, &more, &base, &Rules::default())), Verdict::Regressed);
}

#[test]
fn few_noisy_values_are_inconclusive_and_say_how_many_would_decide() {
    let rules = Rules::default();
    let (base, head) = (latencies(5, 12, 800.0, 0.4), latencies(6, 12, 840.0, 0.4));
    let judgement = decide(vec![independent::amounts(&latency(), &base, &head, &rules)], &rules).remove(0);
    let Verdict::Inconclusive { why: Undecided::Wide, needed: Some(needed) } = judgement.verdict else { panic!("{judgement:?}") };
    assert!(needed > 12, "{needed}");
    assert!(judgement.detectable.unwrap() > 0.2, "{judgement:?}");
    assert!(judgement.is_open());
}

#[test]
fn what_is_missing_sparse_or_no_number_is_named_and_never_fine() {
    let rules = Rules::default();
    let base = latencies(1, 20, 800.0, 0.3);
    let mut broken = base.clone();
    broken[3] = f64::NAN;
    let why = |base: &[f64], head: &[f64]| {
        let found = verdict(independent::amounts(&latency(), base, head, &rules));
        let Verdict::Inconclusive { why, .. } = found else { panic!("{found:?}") };
        why.to_string()
    };
    assert_eq!(why(&[], &base), "not measured on base");
    assert_eq!(why(&base, &[]), "not measured on head");
    assert_eq!(why(&base[..9], &base), "9 of at least 10 values");
    assert_eq!(why(&broken, &base), "base: value 3 (from 0) is NaN, not a finite number");
    assert_eq!(why(&[0.0; 20], &base), "the mean of base is 0, so a relative margin means nothing");
}

#[test]
fn constants_are_equal_within_rounding_and_different_beyond() {
    let rules = Rules::default();
    assert_eq!(verdict(independent::amounts(&latency(), &[0.85; 20], &[0.85; 15], &rules)), Verdict::NonInferior);
    let judgement = decide(vec![independent::amounts(&latency(), &[100.0; 20], &[130.0; 20], &rules)], &rules).remove(0);
    assert_eq!(judgement.verdict, Verdict::Regressed);
    assert!(judgement.evidence.result.unwrap().without_spread);
}

#[test]
fn zeros_are_compared_by_their_values() {
    let mut base = latencies(1, 60, 800.0, 0.3);
    let mut head = latencies(2, 60, 1600.0, 0.3);
    (base[0], head[0]) = (0.0, 0.0);
    let judgement = decide(vec![independent::amounts(&latency(), &base, &head, &Rules::default())], &Rules::default()).remove(0);
    assert_eq!(judgement.verdict, Verdict::Regressed);
    assert_eq!(judgement.evidence.result.unwrap().test, TestName::Welch);
}

#[test]
fn pairing_finds_what_independent_samples_hide() {
    // Cases differ tenfold, head is 30 % slower in each.
    let base: Vec<f64> = (0..12).map(|case| 100.0 * f64::from(case + 1)).collect();
    let noise = latencies(9, 12, 1.0, 0.05);
    let head: Vec<f64> = base.iter().zip(&noise).map(|(x, noise)| 1.4 * x * noise).collect();
    let rules = Rules::default();
    assert!(matches!(verdict(independent::amounts(&latency(), &base, &head, &rules)), Verdict::Inconclusive { .. }));
    assert_eq!(verdict(paired::amounts(&latency(), &Pairs { base, head }, &rules)), Verdict::Regressed);
}

#[test]
fn pass_rates_need_evidence_and_magnitude() {
    let rules = Rules::default();
    let table = |both_pass, base_only, head_only, both_fail| McNemar { both_pass, base_only, head_only, both_fail };
    assert_eq!(verdict(paired::passes(&pass_rate(), table(30, 10, 0, 0), &rules)), Verdict::Regressed);
    assert_eq!(verdict(paired::passes(&pass_rate(), table(30, 0, 10, 0), &rules)), Verdict::Improved);
    assert_eq!(verdict(paired::passes(&pass_rate(), table(400, 0, 0, 10), &rules)), Verdict::NonInferior);
    assert!(matches!(verdict(paired::passes(&pass_rate(), table(10, 2, 0, 0), &rules)), Verdict::Inconclusive { .. }));
    // Ten of a thousand worse is certain and within the margin of two points.
    assert_eq!(verdict(paired::passes(&pass_rate(), table(990, 10, 0, 0), &rules)), Verdict::NonInferior);
    let rate = |passed, runs| Rate::new(passed, runs).unwrap();
    assert_eq!(verdict(independent::passes(&pass_rate(), rate(95, 100), rate(70, 100), &rules)), Verdict::Regressed);
    assert_eq!(verdict(independent::passes(&pass_rate(), rate(9_500, 10_000), rate(9_500, 10_000), &rules)), Verdict::NonInferior);
}

#[test]
fn scores_are_judged_by_case() {
    let score = Metric::of_a_run("score").unwrap();
    let rules = Rules::default();
    let base = vec![0.9; 14];
    let worse: Vec<f64> = (0..14).map(|case| 0.6 + 0.01 * f64::from(case)).collect();
    let judged = |head: &[f64]| verdict(paired::scores(&score, &Pairs { base: base.clone(), head: head.to_vec() }, &rules));
    assert_eq!(judged(&worse), Verdict::Regressed);
    assert_eq!(judged(&base), Verdict::NonInferior);
    // 0.88 is exactly the margin in each case: no evidence either way.
    assert!(matches!(judged(&[0.88; 14]), Verdict::Inconclusive { .. }));
}

#[test]
fn many_metrics_are_adjusted_and_what_is_off_does_not_count() {
    let rules = Rules::default();
    let base = latencies(1, 30, 800.0, 0.3);
    let barely = |seed| latencies(seed, 30, 800.0 * 1.42, 0.3);
    let alone = independent::amounts(&latency(), &base, &barely(4), &rules);
    let p = alone.result.as_ref().unwrap().p_fail;
    assert!(p < 0.05, "{p}");
    let unchanged = |name: &str, decides| {
        let metric = Metric { name: name.to_owned(), decides, ..latency() };
        independent::amounts(&metric, &base, &base, &rules)
    };
    let family = |decides| {
        let others = (0..20).map(|index| unchanged(&index.to_string(), decides));
        decide(std::iter::once(alone.clone()).chain(others).collect(), &rules).remove(0)
    };
    assert!((family(Decides::Fail).p_adjusted.unwrap() - (21.0 * p).min(1.0)).abs() < 1e-12);
    assert!((family(Decides::Off).p_adjusted.unwrap() - p).abs() < 1e-15);
}

#[test]
fn an_unchanged_comparison_of_six_metrics_is_called_regressed_in_at_most_one_of_twenty_runs() {
    let rules = Rules::default();
    let runs = 400;
    let alarms = (0..runs)
        .filter(|run| {
            let evidence = (0..6)
                .map(|metric| {
                    let seed = run * 100 + metric * 2;
                    let metric = Metric { margin: Margin::Relative { warn: 1e-9, fail: 1e-9 }, ..latency() };
                    independent::amounts(&metric, &latencies(seed, 20, 800.0, 0.4), &latencies(seed + 1, 20, 800.0, 0.4), &rules)
                })
                .collect();
            decide(evidence, &rules).iter().any(Judgement::fails)
        })
        .count();
    // Even with no margin at all; 31 is the 99.5 % point of 400 runs at 5 %.
    assert!(alarms <= 31, "{alarms} of {runs}");
}

proptest! {
    #[test]
    fn p_values_are_probabilities_and_intervals_hold_the_effect(
        base in proptest::collection::vec(0.001f64..1e6, 10..40),
        head in proptest::collection::vec(0.001f64..1e6, 10..40),
        lower_is_better: bool,
    ) {
        let direction = if lower_is_better { Direction::LowerIsBetter } else { Direction::HigherIsBetter };
        let metric = Metric { direction, ..latency() };
        let measured = independent::amounts(&metric, &base, &head, &Rules::default()).result.unwrap();
        for p in [measured.p_fail, measured.p_warn, measured.p_non_inferior, measured.p_improved] {
            prop_assert!((0.0..=1.0).contains(&p));
        }
        prop_assert!(measured.interval[0] <= measured.effect && measured.effect <= measured.interval[1]);
        prop_assert!(measured.p_warn <= measured.p_fail + 1e-12, "a wider margin takes more evidence");
    }

    #[test]
    fn a_rate_is_never_both_regressed_and_fine(a in 0usize..60, b in 0usize..60, c in 0usize..60, d in 0usize..60) {
        let table = McNemar { both_pass: a, base_only: b, head_only: c, both_fail: d };
        prop_assume!(table.cases() >= 10);
        let measured = paired::passes(&pass_rate(), table, &Rules::default()).result.unwrap();
        prop_assert!(!(measured.p_fail <= 0.05 && measured.p_non_inferior <= 0.05), "{measured:?}");
    }
}
