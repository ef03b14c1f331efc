//! The examples of the reference, each computed.

use prompt_cicd::domain::stats::{
    cuped::{self, cuped},
    describe::Summary,
    equivalence::tost,
    multiplicity::{Method, adjust},
    outliers::{OutlierRule, outliers, z_can_name},
    paired::{
        differences,
        mcnemar::McNemar,
        sign::SignTest,
        sign_flip::sign_flip,
        t::paired_t,
        wilcoxon::{Wilcoxon, Zeros},
    },
    power::{Tails, Target, detectable_difference, log_effect, sample_size},
    proportion::{
        Rate,
        boschloo::boschloo,
        fisher::fisher,
        intervals::{clopper_pearson, newcombe, newcombe_paired, wilson},
    },
    quantile::{quantile, quantile_interval},
    resample::{bootstrap, clustered::clustered_mean},
    rng::SplitMix64,
    sample::Sample,
    sequential::{
        alpha_spending,
        betting::{EmpiricalBernstein, HedgedBetting},
        boundaries::normal_mixture_two_sided,
        confidence_sequence::{Arm, asymptotic},
        e_process::{Failures, Sided, log_e},
    },
    series::{
        change_point::{self, change_points},
        linear::{Fit, fit_in_order},
        mann_kendall::mann_kendall,
        theil_sen::theil_sen_in_order,
    },
    special::{normal_isf, normal_sf, t_sf},
    two_sample::{
        effect::effects,
        hodges_lehmann::hodges_lehmann,
        kolmogorov_smirnov::KolmogorovSmirnov,
        mann_whitney::MannWhitney,
        prediction::{prediction, values_needed},
        student::student,
        t_test::TTest,
        welch,
    },
};

const BASE: [f64; 10] = [100.0, 104.0, 98.0, 101.0, 103.0, 99.0, 102.0, 100.0, 97.0, 105.0];
const HEAD: [f64; 10] = [104.0, 106.0, 99.0, 108.0, 103.0, 107.0, 110.0, 105.0, 101.0, 109.0];

fn sample(values: &[f64]) -> Sample<'_> {
    Sample::new(values).unwrap()
}

/// Four telling digits.
fn short(value: f64) -> String {
    if value.abs() < 1e-300 {
        return "0".to_owned();
    }
    if value.abs() < 1e-3 || value.abs() >= 1e6 {
        return format!("{value:.3e}");
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 7")]
    let digits = (3.0 - value.abs().log10().floor()).max(0.0) as usize;
    format!("{value:.digits$}")
}

fn t_said(test: &TTest) -> String {
    let estimate = test.estimate().unwrap();
    let interval = test.interval(0.95);
    format!(
        "difference {}, t = {}, df = {}, two-sided p = {}, 95 % interval {} to {}.",
        short(test.difference()),
        short(estimate.t),
        short(estimate.df),
        short(estimate.p.two_sided),
        short(interval.lower),
        short(interval.upper)
    )
}

/// A series with a trend, and one with a step.
fn rising() -> Vec<f64> {
    (0..12).map(|at| 100.0 + 2.0 * f64::from(at) + f64::from(at * 7 % 5)).collect()
}

fn stepped() -> Vec<f64> {
    (0..24).map(|at| if at < 12 { 100.0 } else { 120.0 } + f64::from(at * 7 % 5)).collect()
}

fn one_new_run() -> String {
    let sd = Summary::of(sample(&BASE)).sd.unwrap();
    let needed = values_needed(sd, 20.0, 0.05, 0.8).unwrap();
    format!(
        "the baseline as ten runs, a new one of 119: {} {needed} runs show a change of 20 with a power of 80 %.",
        t_said(&prediction(119.0, sample(&BASE)).unwrap())
    )
}

/// What the example of this name says.
pub(super) fn of(key: &str) -> String {
    let (base, head) = (sample(&BASE), sample(&HEAD));
    match key {
        "samples" => {
            let list = |values: &[f64]| values.iter().map(f64::to_string).collect::<Vec<_>>().join(", ");
            format!("```text\nbaseline {}\ncurrent  {}\n```", list(&BASE), list(&HEAD))
        }
        "welch" => t_said(&welch::welch(base, head).unwrap()),
        "ratio" => {
            let found = welch::welch_ratio(base, head).unwrap();
            let interval = found.interval(0.95);
            format!(
                "the second is {} times as large, 95 % interval {} to {}.",
                short(found.ratio()),
                short(interval.lower),
                short(interval.upper)
            )
        }
        "student" => t_said(&student(base, head).unwrap()),
        "prediction" => one_new_run(),
        "effects" => {
            let found = effects(base, head).unwrap();
            let [d, g, delta] = [found.cohen_d, found.hedges_g, found.glass_delta].map(|size| short(size.finite().unwrap()));
            format!("Cohen's d = {d}, Hedges' g = {g}, Glass' Δ = {delta}.")
        }
        "mann-whitney" => {
            let found = MannWhitney::of(base, head);
            format!(
                "U = {}, two-sided p = {}, Cliff's δ = {}, A₁₂ = {}.",
                found.u_first(),
                short(found.p().two_sided),
                short(found.cliffs_delta()),
                short(found.a12())
            )
        }
        "hodges-lehmann" => {
            let found = hodges_lehmann(base, head, 0.95);
            let interval = found.interval.unwrap();
            format!("the shift is {}, 95 % interval {} to {}.", found.shift, interval.lower, interval.upper)
        }
        "kolmogorov-smirnov" => {
            let found = KolmogorovSmirnov::of(base, head);
            format!("D = {}, two-sided p = {}.", short(found.d()), short(found.p().two_sided))
        }
        "tost" => {
            let found = tost(&BASE, &HEAD, 8.0).unwrap();
            format!("within ±8: p = {} (the two sides {} and {}).", short(found.p), short(found.p_lower), short(found.p_upper))
        }
        "cuped" => {
            let after = |values: &[f64]| values.iter().zip([1.0, -1.0].iter().cycle()).map(|(x, e)| 0.9 * x + e).collect::<Vec<_>>();
            let (a, b) = (after(&BASE), after(&HEAD));
            let found = cuped(cuped::Arm { before: &BASE, after: &a }, cuped::Arm { before: &HEAD, after: &b }).unwrap();
            format!(
                "with 0.9 times the samples, one more and one less in turn, as the values and the samples as what was before: θ = {}, and {} of the variance is left.",
                short(found.theta),
                short(found.variance_ratio)
            )
        }
        other => pairs(other),
    }
}

fn pairs(key: &str) -> String {
    let different = differences(sample(&HEAD), sample(&BASE)).unwrap();
    let different = sample(&different);
    let table = McNemar { both_pass: 12, base_only: 6, head_only: 1, both_fail: 1 };
    let (one, two) = (Rate::new(18, 20).unwrap(), Rate::new(12, 20).unwrap());
    match key {
        "paired-t" => t_said(&paired_t(different).unwrap()),
        "sign-flip" => {
            let found = sign_flip(different, 10_000, 1);
            format!(
                "all 1,024 patterns of 10 differences: mean {}, p = {} for \"head is larger\".",
                short(found.mean),
                short(found.p.greater)
            )
        }
        "wilcoxon" => {
            let found = Wilcoxon::of(different, Zeros::Pratt);
            format!(
                "one difference is 0 and there are ties, so the normal approximation: two-sided p = {}.",
                short(found.p().unwrap().two_sided)
            )
        }
        "sign" => {
            format!("nine differences of ten are above 0 and one is 0: two-sided p = {}.", short(SignTest::of(different).p().two_sided))
        }
        "mcnemar" => format!(
            "20 cases, 6 pass on base alone and 1 on head alone: p = {} that head is no worse, mid-p {}; Newcombe's 90 % interval of the difference {} to {}.",
            short(table.exact().less),
            short(table.mid_p().less),
            short(newcombe_paired(table, 0.90).unwrap().lower),
            short(newcombe_paired(table, 0.90).unwrap().upper)
        ),
        "wilson" => {
            let (short_one, exact) = (wilson(one, 0.95), clopper_pearson(one, 0.95));
            format!(
                "18 of 20: Wilson {} to {}, Clopper-Pearson {} to {}.",
                short(short_one.lower),
                short(short_one.upper),
                short(exact.lower),
                short(exact.upper)
            )
        }
        "newcombe" => {
            let found = newcombe(one, two, 0.95);
            format!("18 of 20 against 12 of 20: difference 0.3, 95 % interval {} to {}.", short(found.lower), short(found.upper))
        }
        "fisher" => format!("18 of 20 against 12 of 20: two-sided p = {}.", short(fisher(one, two).two_sided)),
        "boschloo" => format!("18 of 20 against 12 of 20: two-sided p = {}.", short(boschloo(one, two).two_sided)),
        other => intervals(other),
    }
}

fn intervals(key: &str) -> String {
    let base = sample(&BASE);
    match key {
        "summary" => {
            let found = Summary::of(base);
            format!(
                "mean {}, deviation {}, median {}, from {} to {}.",
                short(found.mean),
                short(found.sd.unwrap()),
                found.median,
                found.min,
                found.max
            )
        }
        "quantile" => {
            let values: Vec<f64> = (1..=100).map(f64::from).collect();
            let (p95, p99) =
                (quantile_interval(&sample(&values).sorted(), 0.95, 0.95), quantile_interval(&sample(&values).sorted(), 0.99, 0.95));
            format!(
                "of 1, 2, …, 100 the 95th percentile is {}, interval {} to {}; the 99th has {} upper bound.",
                short(quantile(&values, 0.95).unwrap()),
                p95.lower.unwrap(),
                p95.upper.map_or_else(|| "no upper bound".to_owned(), |upper| upper.to_string()),
                p99.upper.map_or_else(|| "no".to_owned(), |upper| format!("{upper} as its"))
            )
        }
        "bca" => {
            let found = bootstrap::mean(&BASE, bootstrap::Options { level: 0.95, seed: 1, ..bootstrap::Options::default() }).unwrap();
            format!("mean {}, 95 % interval {} to {} with seed 1.", short(found.estimate), short(found.low), short(found.high))
        }
        "clustered" => {
            let clusters = [[1.0, 1.0, 1.0], [0.0, 0.0, 0.0], [1.0, 1.0, 0.0], [1.0, 1.0, 1.0], [0.0, 1.0, 1.0]];
            let found = clustered_mean(&clusters).unwrap();
            format!(
                "five cases asked three times, 11 of 15 passed: a standard error of {} by clusters, {} if all 15 were independent.",
                short(found.se_cr0),
                short(found.se_naive)
            )
        }
        "outliers" => {
            let mut odd = BASE.to_vec();
            odd.push(130.0);
            let named = |rule| format!("{:?}", outliers(sample(&odd), rule));
            format!(
                "the baseline with 130 after it: mad names position {}, iqr {}, z {}. Among the ten values alone z with 3 {} name one.",
                named(OutlierRule::DEFAULT_MAD),
                named(OutlierRule::DEFAULT_IQR),
                named(OutlierRule::DEFAULT_Z),
                if z_can_name(10, 3.0) { "can" } else { "can not" }
            )
        }
        other => sequential(other),
    }
}

fn sequential(key: &str) -> String {
    match key {
        "confidence-sequence" => {
            let (base, head) = (Arm { n: 500, mean: 800.0, variance: 1e5 }, Arm { n: 500, mean: 880.0, variance: 1.2e5 });
            let found = asymptotic(&base, &head, 0.05, 1_000.0).unwrap();
            format!(
                "500 values a side with means 800 and 880 and variances 100,000 and 120,000, N* = 1,000: difference 80, {} to {} at every look, p = {}.",
                short(found.low),
                short(found.high),
                short(found.p_value)
            )
        }
        "e-process" => {
            let log = log_e(Failures { base: 18, canary: 9 }, 0.1, 10.0, Sided::Larger).unwrap();
            format!("9 of 27 failures on a canary with a tenth of the traffic: e = {}; it stops at 1/0.05 = 20.", short(log.exp()))
        }
        "spending" => {
            let looks = alpha_spending::boundaries(0.05, &[0.25, 0.5, 0.75, 1.0]).unwrap();
            let z: Vec<String> = looks.iter().map(|look| short(look.z)).collect();
            format!("four looks at α = 0.05: stop above z = {}.", z.join(", "))
        }
        "betting" => {
            let (mut closed, mut hedged) = (EmpiricalBernstein::new(0.05).unwrap(), HedgedBetting::new(0.05).unwrap());
            for at in 0..200 {
                let x = if at % 5 == 0 { 0.0 } else { 1.0 };
                closed.push(x).unwrap();
                hedged.push(x).unwrap();
            }
            format!(
                "200 answers, every fifth wrong: empirical Bernstein {} to {}, hedged betting {} to {}.",
                short(closed.bounds().low),
                short(closed.bounds().high),
                short(hedged.bounds().low),
                short(hedged.bounds().high)
            )
        }
        "boundaries" => {
            format!(
                "the two-sided normal mixture at v = 100, α = 0.05, best at 100: {}.",
                short(normal_mixture_two_sided(100.0, 0.05, 100.0).unwrap())
            )
        }
        other => series(other),
    }
}

fn series(key: &str) -> String {
    match key {
        "linear" => {
            let Fit::Line(line) = fit_in_order(&rising()).unwrap() else { panic!("it is no constant") };
            let [low, high] = line.prediction_interval(12.0, 0.95).unwrap();
            format!(
                "100 + 2·i + (7i mod 5) for i = 0 … 11: slope {}, R² {}, next value {} ({} to {}).",
                short(line.slope),
                short(line.r_squared),
                short(line.predict(12.0)),
                short(low),
                short(high)
            )
        }
        "theil-sen" => {
            let found = theil_sen_in_order(&rising(), 0.95).unwrap();
            format!("the same values: slope {}, {} to {}.", short(found.slope), short(found.low), short(found.high))
        }
        "mann-kendall" => {
            let found = mann_kendall(&rising()).unwrap();
            format!("the same values: S = {}, z = {}, two-sided p = {}.", found.s, short(found.z), short(found.p_two))
        }
        "change-point" => {
            let options = change_point::Options { seed: 1, ..change_point::Options::default() };
            let found = change_points(&stepped(), options).unwrap();
            let [only] = found.as_slice() else { panic!("{found:?}") };
            format!(
                "24 values around 102 and then around 122: one change at value {} (from 0), mean {} before and {} after, p = {}.",
                only.index,
                short(only.mean_before),
                short(only.mean_after),
                short(only.p_value)
            )
        }
        other => planning(other),
    }
}

fn planning(key: &str) -> String {
    match key {
        "power" => {
            let target = Target { alpha: 0.05, power: 0.80, tails: Tails::One };
            let n = |margin: f64| sample_size(0.4, log_effect(margin).unwrap(), target).unwrap().ceil();
            let found = detectable_difference(0.4, 60.0, target).unwrap().exp_m1();
            format!(
                "latencies with σ = 0.4 of their logarithms, one-sided 5 %, power 80 %: +10 % takes {} values a side, +20 % {}, +50 % {}; 60 values find +{} %.",
                n(0.1),
                n(0.2),
                n(0.5),
                short(100.0 * found)
            )
        }
        "holm" => {
            let p_values = [0.01, 0.02, 0.04, 0.20];
            let listed = |method| adjust(method, &p_values).unwrap().iter().map(|p| short(*p)).collect::<Vec<_>>().join(", ");
            format!(
                "0.01, 0.02, 0.04 and 0.20 become {} by Holm and {} by Benjamini and Hochberg.",
                listed(Method::Holm),
                listed(Method::BenjaminiHochberg)
            )
        }
        "tails" => format!(
            "P(Z > 1.96) = {}, the z with 5 % above it is {}, P(T > 2) with 9 degrees of freedom is {}.",
            short(normal_sf(1.96)),
            short(normal_isf(0.05)),
            short(t_sf(2.0, 9.0))
        ),
        "rng" => {
            let mut rng = SplitMix64::new(1);
            format!("the first numbers of seed 1 are {} and {}.", rng.next_u64(), rng.next_u64())
        }
        other => panic!("no example `{other}`"),
    }
}
