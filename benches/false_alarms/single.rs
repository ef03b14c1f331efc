//! Rules that look once: what `test --base`, `compare`, `detect`, `trend` and `monitor` decide by, with their default margins and levels.

use prompt_cicd::domain::{
    benchmark::{
        Benchmark,
        compare::{self, Thresholds},
    },
    regression::{
        Comparison, Direction, Evidence, Judgement, Margin, Metric, OnInconclusive, Rules,
        analysis::{Consider, Question, analyse},
        decide, decide_together, independent, one_run,
        paired::{self, Pairs},
        trend::trend,
    },
    stats::{paired::mcnemar::McNemar, quantile::quantile},
};

use super::{ALPHA, Rule, Source, Truth, quick};

/// Cases of a suite.
const FEW: usize = 30;
const MANY: usize = 200;
const LATENCY_MARGIN: f64 = 0.10;
const AMOUNT_MARGIN: f64 = 0.20;
const POINTS: f64 = 0.02;

type Alarms = fn(&mut Source, Truth) -> bool;

pub(super) fn rules() -> Vec<Rule> {
    let with_margin: [(&'static str, &'static str, Alarms); 16] = [
        ("`test --base`, 30 cases: pass rate (McNemar and Newcombe)", "−20 points", |s, t| fails(vec![passes(s, t, FEW)])),
        ("`test --base`, 200 cases: pass rate", "−20 points", |s, t| fails(vec![passes(s, t, MANY)])),
        ("`test --base`, 30 cases × 5: pass rate (sign flips)", "−20 points", |s, t| fails(vec![repeated(s, t, FEW)])),
        ("`test --base`, 30 cases: score (sign flips)", "−0.1", |s, t| fails(vec![scores(s, t, FEW)])),
        ("`test --base`, 30 cases: tokens (paired t on logs) fail", "+50 %", |s, t| fails(vec![tokens(s, t, FEW)])),
        ("`test --base`, 30 cases: latency (paired t on logs) warns", "+20 %", |s, t| warns(vec![latency(s, t, FEW)])),
        ("`test --base`, 200 cases: latency warns", "+20 %", |s, t| warns(vec![latency(s, t, MANY)])),
        ("`test --base`, 30 cases: any of 4 metrics fails (Holm)", "tokens +50 %", |s, t| fails(run(s, t, FEW))),
        ("`test --base`, 200 cases: any of 4 metrics fails (Holm)", "tokens +50 %", |s, t| fails(run(s, t, MANY))),
        ("`test --base`, 20 suites of 30 cases: any of 80 metrics fails (Holm over the run)", "one: cost × 2", |s, t| {
            let again = s.is_checked().then(|| s.clone());
            // A run alarms where the least of 80 p-values passes Holm's first step.
            let alarm = suites(s, t, &|metric, pairs, rules| quick::scores_up_to(ALPHA / 80.0, metric, pairs, rules));
            if let Some(mut again) = again {
                assert_eq!(alarm, suites(&mut again, t, &paired::scores), "20 suites");
            }
            alarm
        }),
        ("`compare`, 20 benchmarks × 10: any fails (Welch on logs, Holm)", "one × 2", benchmarks),
        ("`detect --margin 0.1`, 2 × 60 (Welch on logs)", "+20 %", |s, t| detect(s, t, 60, Some(LATENCY_MARGIN))),
        ("`monitor`, baseline of 96 values (Welch on logs)", "+20 %", baseline),
        ("`compare --baseline`, 5 runs (prediction interval)", "+50 %", |s, t| runs(s, t, 5, 1)),
        ("`compare --baseline`, 10 runs", "+50 %", |s, t| runs(s, t, 10, 1)),
        ("`compare --baseline`, 5 runs of 20 benchmarks: any fails (Holm)", "one × 2", |s, t| runs(s, t, 5, 20)),
    ];
    let without: [(&'static str, &'static str, f64, Alarms); 4] = [
        ("`detect`, 2 × 30, worse (Welch and d ≥ 0.5)", "+20 %", ALPHA, |s, t| detect(s, t, 30, None)),
        ("`detect`, 2 × 100, worse (Welch and d ≥ 0.5)", "+20 %", ALPHA, |s, t| detect(s, t, 100, None)),
        ("`trend`, 24 values (Mann-Kendall)", "+1 % each", ALPHA, course),
        ("`trend`, a change point in 40 values (E-divisive at 1 %)", "+20 %", 0.01, change_point),
    ];
    let others: [(&'static str, &'static str, Alarms); 1] = [("mean > +10 %, 2 × 10 (not ours)", "+20 %", mean_rule)];
    let with_margin = with_margin.map(|(name, change, alarms)| Rule {
        name,
        change,
        looks: 1,
        level: Some(ALPHA),
        alarms: Box::new(move |source, truth| Some(alarms(source, truth))),
    });
    let plain = |name, change, level, alarms: Alarms| Rule {
        name,
        change,
        looks: 1,
        level,
        alarms: Box::new(move |source, truth| (truth != Truth::AtMargin).then(|| alarms(source, truth))),
    };
    let without = without.map(|(name, change, level, alarms)| plain(name, change, Some(level), alarms));
    let others = others.map(|(name, change, alarms)| plain(name, change, None, alarms));
    with_margin.into_iter().chain(without).chain(others).collect()
}

fn metric(name: &str) -> Metric {
    Metric::of_a_run(name).unwrap()
}

fn judged(evidence: Vec<Evidence>) -> Vec<Judgement> {
    decide(evidence, &Rules::default())
}

fn fails(evidence: Vec<Evidence>) -> bool {
    judged(evidence).iter().any(Judgement::fails)
}

fn warns(evidence: Vec<Evidence>) -> bool {
    judged(evidence).iter().any(|judgement| judgement.warns)
}

/// Everything that can fail a run, of one suite. Only the tokens are worse when something is.
fn run(source: &mut Source, truth: Truth, cases: usize) -> Vec<Evidence> {
    run_by(source, truth, cases, &paired::scores)
}

type Scores<'s> = &'s dyn Fn(&Metric, &Pairs, &Rules) -> Evidence;

fn run_by(source: &mut Source, truth: Truth, cases: usize, by: Scores<'_>) -> Vec<Evidence> {
    let others = if truth == Truth::Worse { Truth::Same } else { truth };
    let passes = passes(source, others, cases);
    let pairs = scored(source, others, cases);
    vec![passes, by(&metric("score"), &pairs, &Rules::default()), tokens(source, truth, cases), cost(source, others, cases)]
}

/// A run of 20 suites, judged as one family as `test` does; of one of them the cost is worse, twice as high.
fn suites(source: &mut Source, truth: Truth, by: Scores<'_>) -> bool {
    let others = if truth == Truth::Worse { Truth::Same } else { truth };
    let suite = |at: usize| {
        let mut evidence = run_by(source, others, FEW, by);
        if at == 0 && truth == Truth::Worse {
            evidence.pop();
            evidence.push(amounts(source, "cost", FEW, 0.2, 2.0));
        }
        Comparison {
            changes: Vec::new(),
            judgements: judged(evidence),
            cases: Vec::new(),
            rules: Rules::default(),
            on_inconclusive: OnInconclusive::Warn,
            sampling: None,
        }
    };
    let mut all: Vec<Comparison> = (0..20).map(suite).collect();
    decide_together(&mut all);
    all.iter().flat_map(|comparison| &comparison.judgements).any(Judgement::fails)
}

/// Two cases of three nearly always pass, the third in three of four runs.
fn chance(case: usize, lost: f64) -> f64 {
    if case.is_multiple_of(3) { 0.75 - lost } else { 0.97 - lost }
}

fn lost(truth: Truth, worse: f64) -> f64 {
    match truth {
        Truth::Same => 0.0,
        Truth::AtMargin => POINTS,
        Truth::Worse => worse,
    }
}

fn passes(source: &mut Source, truth: Truth, cases: usize) -> Evidence {
    let lost = lost(truth, 0.20);
    let table = McNemar::of((0..cases).map(|case| (source.unit() < chance(case, 0.0), source.unit() < chance(case, lost))));
    paired::passes(&metric("pass-rate"), table, &Rules::default())
}

fn repeated(source: &mut Source, truth: Truth, cases: usize) -> Evidence {
    let lost = lost(truth, 0.20);
    let mut rate = |chance: f64| (0..5).filter(|_| source.unit() < chance).count() as f64 / 5.0;
    let (base, head) = (0..cases).map(|case| (rate(chance(case, 0.0)), rate(chance(case, lost)))).unzip();
    paired::scores(&metric("pass-rate"), &Pairs { base, head }, &Rules::default())
}

fn scores(source: &mut Source, truth: Truth, cases: usize) -> Evidence {
    let pairs = scored(source, truth, cases);
    paired::scores(&metric("score"), &pairs, &Rules::default())
}

fn scored(source: &mut Source, truth: Truth, cases: usize) -> Pairs {
    let lost = lost(truth, 0.10);
    let mut pair = |_| {
        let case = 0.4 + 0.3 * source.unit();
        let mut noise = || 0.15 * (source.unit() + source.unit() - 1.0);
        (case + noise(), case + noise() - lost)
    };
    let (base, head) = (0..cases).map(&mut pair).unzip();
    Pairs { base, head }
}

/// Cases differ by a factor of 3 (σ = 0.5 of the logarithm); within a case the amount varies by `spread`.
fn amounts(source: &mut Source, name: &str, cases: usize, spread: f64, ratio: f64) -> Evidence {
    let mut pair = |_| {
        let case = 5.0 + 0.5 * source.normal();
        ((case + spread * source.normal()).exp(), ratio * (case + spread * source.normal()).exp())
    };
    let (base, head) = (0..cases).map(&mut pair).unzip();
    paired::amounts(&metric(name), &Pairs { base, head }, &Rules::default())
}

fn ratio(truth: Truth, margin: f64, worse: f64) -> f64 {
    match truth {
        Truth::Same => 1.0,
        Truth::AtMargin => 1.0 + margin,
        Truth::Worse => 1.0 + worse,
    }
}

fn tokens(source: &mut Source, truth: Truth, cases: usize) -> Evidence {
    amounts(source, "tokens", cases, 0.25, ratio(truth, AMOUNT_MARGIN, 0.5))
}

fn cost(source: &mut Source, truth: Truth, cases: usize) -> Evidence {
    amounts(source, "cost", cases, 0.25, ratio(truth, AMOUNT_MARGIN, 0.5))
}

fn latency(source: &mut Source, truth: Truth, cases: usize) -> Evidence {
    amounts(source, "latency", cases, 0.4, ratio(truth, LATENCY_MARGIN, 0.2))
}

fn latencies(source: &mut Source, n: usize, factor: f64) -> Vec<f64> {
    (0..n).map(|_| factor * source.latency()).collect()
}

fn benchmarks(source: &mut Source, truth: Truth) -> bool {
    let mut side = |of_head: bool| -> Vec<Benchmark> {
        let mut one = |index: usize| {
            let factor = match truth {
                Truth::AtMargin if of_head => 1.0 + AMOUNT_MARGIN,
                Truth::Worse if of_head && index == 0 => 2.0,
                Truth::Same | Truth::AtMargin | Truth::Worse => 1.0,
            };
            let samples = latencies(source, 10, factor).into_iter().collect();
            Benchmark::number(format!("b{index}"), "ms", Direction::LowerIsBetter, None).with_samples(samples)
        };
        (0..20).map(&mut one).collect()
    };
    let (base, head) = (side(false), side(true));
    compare::compare(&base, &head, &Thresholds::default(), &Rules::default()).regressed
}

fn detect(source: &mut Source, truth: Truth, n: usize, margin: Option<f64>) -> bool {
    let factor = ratio(truth, LATENCY_MARGIN, 0.2);
    let question = Question { consider: Consider::Increase, margin, ..Question::default() };
    analyse(&question, &latencies(source, n, 1.0), &latencies(source, n, factor)).unwrap().regressed()
}

/// `monitor` with `baseline: {margin: 0.1}`, by evidence that its windows give.
fn baseline(source: &mut Source, truth: Truth) -> bool {
    let factor = ratio(truth, LATENCY_MARGIN, 0.2);
    let metric = Metric { margin: Margin::Relative { warn: LATENCY_MARGIN, fail: LATENCY_MARGIN }, ..metric("tokens") };
    let evidence = independent::amounts(&metric, &latencies(source, 96, 1.0), &latencies(source, 96, factor), &Rules::default());
    fails(vec![evidence])
}

/// A new run against `k` earlier ones. Machines differ by 5 % (σ of the logarithm), and so do the 30 samples of a run.
fn runs(source: &mut Source, truth: Truth, k: usize, benchmarks: usize) -> bool {
    let mut median = |factor: f64| {
        let machine = 0.05 * source.normal();
        let samples: Vec<f64> = (0..30).map(|_| 100.0 * factor * (machine + 0.05 * source.normal()).exp()).collect();
        quantile(&samples, 0.5).unwrap()
    };
    let mut one = |index: usize| {
        let metric = Metric { name: index.to_string(), margin: Margin::Relative { warn: 0.1, fail: AMOUNT_MARGIN }, ..metric("tokens") };
        let earlier: Vec<f64> = (0..k).map(|_| median(1.0)).collect();
        let factor = match truth {
            Truth::AtMargin => 1.0 + AMOUNT_MARGIN,
            Truth::Worse if benchmarks == 1 => 1.5,
            Truth::Worse if index == 0 => 2.0,
            Truth::Same | Truth::Worse => 1.0,
        };
        one_run::evidence(&metric, &earlier, median(factor), &Rules::default())
    };
    fails((0..benchmarks).map(&mut one).collect())
}

fn course(source: &mut Source, truth: Truth) -> bool {
    use prompt_cicd::domain::regression::trend::Course;
    let slope = if truth == Truth::Worse { 0.01 } else { 0.0 };
    let values: Vec<f64> = (0..24).map(|at| (1.0 + slope * f64::from(at)) * (0.1 * source.normal()).exp()).collect();
    trend("m", &values, &[], 1.0 - ALPHA, 1).unwrap().course() != Course::NotFound
}

fn change_point(source: &mut Source, truth: Truth) -> bool {
    let factor = if truth == Truth::Worse { 1.2 } else { 1.0 };
    let values: Vec<f64> = (0..40).map(|at| if at < 20 { 1.0 } else { factor } * (0.1 * source.normal()).exp()).collect();
    trend("m", &values, &[], 1.0 - ALPHA, 1).unwrap().changes.is_some_and(|changes| !changes.is_empty())
}

fn mean_rule(source: &mut Source, truth: Truth) -> bool {
    let factor = if truth == Truth::Worse { 1.2 } else { 1.0 };
    let mut sum = |factor| latencies(source, 10, factor).iter().sum::<f64>();
    let base = sum(1.0);
    sum(factor) > 1.1 * base
}
