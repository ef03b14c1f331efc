use super::{
    super::{
        Decides, Metric, Scale, TestName, decide, independent,
        paired::{self, Pairs},
    },
    *,
};
use crate::domain::stats::{paired::mcnemar::McNemar, rng::SplitMix64, sample::count};

fn looks(min: u32, max: u32) -> Looks {
    Looks::plan(Repeat::between(min, max).unwrap(), 0.05)
}

fn pass_rate() -> Metric {
    Metric::of_a_run("pass-rate").unwrap()
}

#[test]
fn levels_rise_and_the_last_is_close_to_alpha() {
    for (min, max) in [(1, 2), (1, 5), (2, 4), (3, 20), (1, 100)] {
        let looks = looks(min, max);
        assert!(looks.levels().windows(2).all(|pair| pair[0] < pair[1]), "{looks:?}");
        let last = *looks.levels().last().unwrap();
        assert!(last > 0.03 && last < 0.05, "{looks:?}");
        assert!(looks.levels().iter().sum::<f64>() >= 0.05, "{looks:?}");
    }
    // Of the tables: z of five even looks at one-sided 0.05 are 4.23, 2.89, 2.30, 1.96, 1.74.
    let shown: Vec<String> = looks(1, 5).levels().iter().map(|level| format!("{level:.1e}")).collect();
    assert_eq!(shown[1..], ["1.9e-3", "1.1e-2", "2.5e-2", "4.1e-2"], "{shown:?}");
}

#[test]
fn one_p_value_for_all_looks_is_at_most_alpha_just_where_a_look_crosses() {
    let looks = looks(1, 5);
    let levels = looks.levels();
    assert!((looks.p_over([1.0, levels[1]]) - 0.05).abs() < 1e-12);
    assert!(looks.p_over([1.0, 1.001 * levels[1]]) > 0.05);
    assert!(looks.p_over([1.0, 0.1 * levels[1]]) < 0.05);
    assert!(looks.p_over([0.9 * levels[0], 1.0, 1.0]) <= 0.05, "what was decided stays decided");
    assert!((looks.p_over([1.0, 1.0, 1.0, 1.0, 1.0]) - 1.0).abs() < 1e-12);
    let fixed = Looks::plan(Repeat::fixed(3), 0.05);
    assert!((fixed.p_over([0.2]) - 0.2).abs() < 1e-6, "one look is the test itself: {}", fixed.p_over([0.2]));
}

/// One run of cases that pass with their own rates, on head by `worse` less: the look at which it stopped, from 1, with the
/// judgements then. The answers of one case hang together as closely as its rate is far from one half.
fn one_run(rng: &mut SplitMix64, cases: usize, (min, max): (u32, u32), worse: f64) -> (usize, Vec<Judgement>) {
    let rules = Rules::default();
    let looks = looks(min, max);
    let rates: Vec<f64> = (0..cases).map(|_| [0.05, 0.5, 0.9, 0.95, 1.0].get(rng.index(5)).copied().unwrap()).collect();
    let (mut base, mut head) = (vec![0_u32; cases], vec![0_u32; cases]);
    let (mut asked, mut seen) = (0, Vec::new());
    for (look, until) in looks.repeats().iter().enumerate() {
        for _ in asked..*until {
            for ((rate, base), head) in rates.iter().zip(&mut base).zip(&mut head) {
                *base += u32::from(rng.unit() < *rate);
                *head += u32::from(rng.unit() < rate - worse);
            }
        }
        asked = *until;
        let share = |passed: &[u32]| passed.iter().map(|passed| f64::from(*passed) / f64::from(asked)).collect::<Vec<_>>();
        let (base, head) = (share(&base), share(&head));
        let whole = base.iter().chain(&head).all(|rate| *rate <= 0.0 || *rate >= 1.0);
        let at = looks.rules(look, &rules);
        let passes = if whole {
            paired::passes(&pass_rate(), McNemar::of(base.iter().zip(&head).map(|(base, head)| (*base > 0.5, *head > 0.5))), &at)
        } else {
            paired::scores(&pass_rate(), &Pairs { base, head }, &at)
        };
        seen.push(vec![passes]);
        let judgements = decide(looks.merged(&seen), &rules);
        if state(&judgements) != State::Open || look + 1 == looks.repeats().len() {
            return (look + 1, judgements);
        }
    }
    unreachable!("the last look ends it")
}

#[test]
fn an_unchanged_prompt_is_called_regressed_no_more_often_over_all_looks_than_at_one() {
    let runs = 60_u64;
    for (min, max) in [(1, 4), (2, 5)] {
        let alarms = (0..runs)
            .filter(|run| one_run(&mut SplitMix64::new(7_919 * run + u64::from(min)), 24, (min, max), 0.0).1.iter().any(Judgement::fails))
            .count();
        // 8 is the 99.5 % point of 60 runs at 5 %; `benches/false_alarms.rs` counts over thousands.
        assert!(alarms <= 8, "{alarms} of {runs} with {min} to {max} repeats");
    }
}

#[test]
fn a_clear_difference_stops_early() {
    let mut early = 0;
    for run in 0..10_u64 {
        let (look, judgements) = one_run(&mut SplitMix64::new(run), 40, (1, 5), 0.6);
        assert!(judgements.iter().any(Judgement::fails), "run {run}");
        early += usize::from(look <= 2);
    }
    assert!(early >= 9, "{early} of 10 stopped at the second of five looks or before");
}

/// p-values at every look of normal scores whose information is the share of repeats (`between` = 0) or hardly grows.
#[test]
fn p_over_all_looks_is_a_p_value() {
    let looks = looks(1, 5);
    let mut rng = SplitMix64::new(20_261_121);
    let mut normal = move || {
        let radius = (-2.0 * (1.0 - rng.unit()).ln()).sqrt();
        radius * (2.0 * std::f64::consts::PI * rng.unit()).cos()
    };
    for between in [0.0, 1.0, 5.0] {
        let runs = 20_000;
        let mut at_most = [0_usize; 3];
        let levels = [0.05, 0.025, 0.01];
        for _ in 0..runs {
            let case: f64 = between * normal();
            let mut sum = 0.0;
            let p: Vec<f64> = (1..=5_u32)
                .map(|repeats| {
                    sum += normal();
                    let repeats = f64::from(repeats);
                    normal_sf((case + sum / repeats) / (between * between + 1.0 / repeats).sqrt())
                })
                .collect();
            let p = looks.p_over(p);
            for (below, level) in at_most.iter_mut().zip(levels) {
                *below += usize::from(p <= level);
            }
        }
        for (below, level) in at_most.iter().zip(levels) {
            let share = count(*below) / f64::from(runs);
            let most = level + 3.0 * (level * (1.0 - level) / f64::from(runs)).sqrt();
            assert!(share <= most, "P(p ≤ {level}) = {share} with {between} between cases");
        }
        // At α itself nothing is given away where information grows with the repeats.
        assert!(between > 0.0 || count(at_most[0]) / f64::from(runs) > 0.045, "{at_most:?}");
    }
}

fn evidence(name: &str, effect: f64, interval: [f64; 2], p_fail: f64) -> Evidence {
    let measured = Measured {
        test: TestName::SignFlip,
        scale: Scale::Difference,
        effect,
        interval,
        p_fail,
        p_warn: p_fail,
        p_non_inferior: 1.0,
        p_improved: 1.0,
        worse: -effect,
        margin: 0.02,
        standard_error: 0.1,
        n: 20,
        without_spread: false,
    };
    let metric = Metric::of_a_run(name).unwrap();
    Evidence { metric, base: None, head: None, base_n: 20, head_n: 20, pairs: Some(20), result: Ok(measured) }
}

#[test]
fn looks_are_merged_by_metric_and_their_intervals_met() {
    let looks = looks(1, 3);
    let first = vec![evidence("pass-rate", -0.2, [-0.9, 0.3], 0.4)];
    let second = vec![evidence("pass-rate", -0.3, [-0.5, 0.4], 0.004), evidence("score", 0.0, [-0.1, 0.1], 0.5)];
    let merged = looks.merged(&[first, second]);
    let measured = merged[0].result.clone().unwrap();
    assert_eq!(measured.interval.map(f64::to_bits), [-0.5, 0.3].map(f64::to_bits), "what both looks say");
    assert!((measured.p_fail - looks.p_over([0.4, 0.004])).abs() < 1e-15 && measured.p_fail < 0.05);
    let score = merged[1].result.clone().unwrap();
    assert!((score.p_fail - looks.p_over([1.0, 0.5])).abs() < 1e-15, "a look that lacks it says nothing");
    assert!(looks.merged(&[]).is_empty());
}

#[test]
fn the_interval_excludes_the_margin_where_the_verdict_does() {
    for run in 0..16_u64 {
        let (_, judgements) = one_run(&mut SplitMix64::new(run), 30, (1, 4), if run % 2 == 0 { 0.3 } else { 0.1 });
        let Ok(measured) = &judgements[0].evidence.result else { panic!("{judgements:?}") };
        if judgements[0].verdict == Verdict::Regressed {
            // A permutation test and a bootstrap interval are not each other's inverse; they differ by little.
            assert!(measured.interval[1] < 0.0, "run {run}: {measured:?}");
        }
    }
}

#[test]
fn more_answers_are_asked_for_only_where_they_help() {
    let rules = Rules::default();
    let judged = |evidence: Vec<Evidence>| state(&decide(evidence, &rules));
    let table = |base_only, both_pass| McNemar { both_pass, base_only, head_only: 0, both_fail: 0 };
    let passes = |table| paired::passes(&pass_rate(), table, &rules);
    assert_eq!(judged(vec![passes(table(10, 10))]), State::Decided);
    assert_eq!(judged(vec![passes(table(2, 18))]), State::Open);
    assert_eq!(judged(vec![passes(table(0, 400))]), State::Decided, "non-inferior");
    assert_eq!(judged(vec![passes(table(2, 3))]), State::Undecidable, "5 of at least 10 cases");
    assert_eq!(judged(Vec::new()), State::Undecidable);
    let latency = Metric { decides: Decides::Warn, ..Metric::of_a_run("latency").unwrap() };
    let noisy: Vec<f64> = (0..20_i32).map(|at| f64::from(1 + at * at)).collect();
    let warns = independent::amounts(&latency, &noisy, &noisy, &rules);
    assert_eq!(judged(vec![warns.clone()]), State::Undecidable, "what only warns decides nothing");
    assert_eq!(judged(vec![warns, passes(table(0, 400))]), State::Decided);
}

#[test]
fn a_pass_rate_is_held_against_the_one_that_is_needed() {
    let counts = |passed, failed| Counts { total: passed + failed, passed, failed, ..Counts::default() };
    assert_eq!(state_of_rate(&counts(20, 0), 0.5, 0.01), State::Decided);
    assert_eq!(state_of_rate(&counts(0, 20), 0.5, 0.01), State::Decided);
    assert_eq!(state_of_rate(&counts(11, 9), 0.5, 0.01), State::Open);
    assert_eq!(state_of_rate(&counts(20, 0), 1.0, 0.01), State::Undecidable, "no number of passing answers proves a rate of 1");
    assert_eq!(state_of_rate(&counts(19, 1), 1.0, 0.01), State::Decided);
    assert_eq!(state_of_rate(&counts(0, 0), 0.5, 0.01), State::Undecidable);
}
