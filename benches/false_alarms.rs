//! How often each rule for watching a running comparison alarms although nothing changed: `cargo bench --bench false_alarms`.
//!
//! 2,000 seeded runs of 20 looks. A rule that alarms more often than its level and three standard errors of the simulation allow fails
//! the benchmark. The plain t test at every look and the doubled error rate are there to be compared with: they have no level to keep.
//! `-- repeats 500` counts only rules with that word in their name, over so many runs.
//! The last column is how often the same rule sees a real change: latency +20 % (scores −0.1), an error rate three times as high.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on has failed")]
#![expect(clippy::print_stdout, reason = "its output is for people")]
#![expect(clippy::cast_precision_loss, reason = "counts are small")]

use std::process::ExitCode;

use prompt_cicd::domain::regression::{
    Judgement, Margin, Metric, Rules, decide,
    paired::{self, Pairs},
    sampling::{Looks, State, state},
};
use prompt_cicd::domain::stats::{
    rng::SplitMix64,
    sequential::{
        alpha_spending::{self, Look},
        betting::{EmpiricalBernstein, HedgedBetting},
        confidence_sequence::{Arm, asymptotic},
        e_process::{EProcess, Failures, Sided, log_e, log_threshold},
    },
    special::t_sf,
};
use prompt_cicd::domain::suite::Repeat;

const RUNS: u64 = 2_000;
const LOOKS: usize = 20;
const ALPHA: f64 = 0.05;
/// New values per arm and look.
const LATENCIES: usize = 100;
const SCORES: usize = 20;
/// Requests per look; the canary has its share of them.
const REQUESTS: usize = 1_000;
const ERROR_RATE: f64 = 0.01;

/// Its name, its level where it promises one, and whether it alarms in a run with this seed, with a real change or without.
type Rule = (&'static str, Option<f64>, fn(&mut Source, bool) -> bool);

const RULES: [Rule; 15] = [
    ("asymptotic confidence sequence of means, two-sided", Some(ALPHA), confidence_sequence),
    ("asymptotic confidence sequence at 2α, slower only", Some(ALPHA), one_sided_sequence),
    ("empirical Bernstein confidence sequence of a score", Some(ALPHA), empirical_bernstein),
    ("hedged betting confidence sequence of a score", Some(ALPHA), hedged),
    ("e-process of error counts, two-sided", Some(ALPHA), e_two_sided),
    ("e-process of error counts, canary worse", Some(ALPHA), e_one_sided),
    ("e-process, traffic share rising 5 % to 50 %", Some(ALPHA), e_rising_share),
    ("Lan-DeMets O'Brien-Fleming, slower only", Some(ALPHA), spending),
    ("pass rate, repeats 1 to 5 while open, steady cases", Some(ALPHA), adaptive_steady),
    ("pass rate, repeats 1 to 5 while open, moody cases", Some(ALPHA), adaptive_moody),
    ("pass rate and two more by Holm, repeats 2 to 10", Some(ALPHA), adaptive_of_three),
    ("Welch t at the last look only", Some(ALPHA), t_once),
    ("Welch t at every look (not a rule of ours)", None, t_always),
    ("pass rate, at each of 5 repeats alone (not a rule of ours)", None, adaptive_unspent),
    ("canary error rate > 2 × baseline (not a rule of ours)", None, doubled_rate),
];

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let runs = words.iter().find_map(|word| word.parse().ok()).unwrap_or(RUNS);
    let wanted = |name: &str| words.iter().filter(|word| word.parse::<u64>().is_err()).all(|word| name.contains(word.as_str()));
    println!("{runs} runs, {LOOKS} looks, α = {ALPHA}");
    println!("{:<56} {:>5} {:>13} {:>7} {:>7} {:>9}", "rule", "looks", "false alarms", "level", "limit", "sees it");
    let mut over = 0;
    for (name, level, alarms) in RULES.into_iter().filter(|(name, ..)| wanted(name)) {
        let share = |changed: bool| (0..runs).filter(|seed| alarms(&mut Source::new(*seed), changed)).count() as f64 / runs as f64;
        let (rate, seen) = (share(false), share(true));
        let limit = level.map(|level| level + 3.0 * (level * (1.0 - level) / runs as f64).sqrt());
        let exceeded = limit.is_some_and(|limit| rate > limit);
        over += u32::from(exceeded);
        let looks = match name {
            name if name.contains("last look") => 1,
            name if name.contains("repeats 2 to 10") => 9,
            name if name.contains("repeats") => 5,
            _ => LOOKS,
        };
        let percent = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| format!("{:.1} %", 100.0 * value));
        let verdict = if exceeded { "  OVER" } else { "" };
        println!(
            "{name:<56} {looks:>5} {:>13} {:>7} {:>7} {:>9}{verdict}",
            percent(Some(rate)),
            percent(level),
            percent(limit),
            percent(Some(seen))
        );
    }
    if over == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// What is drawn from `SplitMix64`.
struct Source(SplitMix64);

impl Source {
    fn new(seed: u64) -> Self {
        Self(SplitMix64::new(seed.wrapping_mul(0xD134_2543_DE82_EF95).wrapping_add(20_261_121)))
    }

    fn unit(&mut self) -> f64 {
        self.0.unit()
    }

    /// A latency: log-normal, σ = 0.4 of the logarithm, median 800 ms.
    fn latency(&mut self) -> f64 {
        let normal = (-2.0 * (1.0 - self.unit()).ln()).sqrt() * (2.0 * std::f64::consts::PI * self.unit()).cos();
        800.0 * (0.4 * normal).exp()
    }

    /// A score in 0..=1: often full marks, mean 0.7.
    fn score(&mut self) -> f64 {
        if self.unit() < 0.4 { 1.0 } else { self.unit() }
    }

    fn failures(&mut self, requests: usize, rate: f64) -> u64 {
        (0..requests).filter(|_| self.unit() < rate).count() as u64
    }
}

/// Count, mean and sum of squares, one value at a time (Welford).
#[derive(Default)]
struct Running {
    n: u64,
    mean: f64,
    squares: f64,
}

impl Running {
    fn push(&mut self, x: f64) {
        self.n += 1;
        let d = x - self.mean;
        self.mean += d / self.n as f64;
        self.squares += d * (x - self.mean);
    }

    fn arm(&self) -> Arm {
        Arm { n: self.n, mean: self.mean, variance: self.squares / (self.n - 1) as f64 }
    }
}

/// Two arms of latencies, look by look, until `alarm` says so.
fn latencies(source: &mut Source, changed: bool, mut alarm: impl FnMut(usize, &Arm, &Arm) -> bool) -> bool {
    let factor = if changed { 1.2 } else { 1.0 };
    let (mut base, mut head) = (Running::default(), Running::default());
    (0..LOOKS).any(|look| {
        for _ in 0..LATENCIES {
            base.push(source.latency());
            head.push(source.latency() * factor);
        }
        alarm(look, &base.arm(), &head.arm())
    })
}

/// N*: half of the planned number of values.
const TUNING: f64 = (LATENCIES * LOOKS) as f64;

fn confidence_sequence(source: &mut Source, changed: bool) -> bool {
    latencies(source, changed, |_, base, head| {
        let at = asymptotic(base, head, ALPHA, TUNING).unwrap();
        at.warm && (at.low > 0.0 || at.high < 0.0)
    })
}

fn one_sided_sequence(source: &mut Source, changed: bool) -> bool {
    latencies(source, changed, |_, base, head| {
        let at = asymptotic(base, head, 2.0 * ALPHA, TUNING).unwrap();
        at.warm && at.low > 0.0
    })
}

fn z(base: &Arm, head: &Arm) -> f64 {
    (head.mean - base.mean) / (base.variance / base.n as f64 + head.variance / head.n as f64).sqrt()
}

fn spending(source: &mut Source, changed: bool) -> bool {
    thread_local! {
        static PLAN: Vec<Look> = {
            let fractions: Vec<f64> = (1..=LOOKS).map(|look| look as f64 / LOOKS as f64).collect();
            alpha_spending::boundaries(ALPHA, &fractions).unwrap()
        };
    }
    PLAN.with(|plan| latencies(source, changed, |look, base, head| plan.get(look).is_some_and(|look| z(base, head) > look.z)))
}

fn t_rejects(base: &Arm, head: &Arm) -> bool {
    2.0 * t_sf(z(base, head).abs(), (base.n + head.n - 2) as f64) < ALPHA
}

fn t_once(source: &mut Source, changed: bool) -> bool {
    latencies(source, changed, |look, base, head| look + 1 == LOOKS && t_rejects(base, head))
}

fn t_always(source: &mut Source, changed: bool) -> bool {
    latencies(source, changed, |_, base, head| t_rejects(base, head))
}

/// The score's true mean is 0.7; the sequence is asked whether it leaves that out.
fn scores(source: &mut Source, changed: bool, mut bounds: impl FnMut(f64) -> (f64, f64)) -> bool {
    let loss = if changed { 0.1 } else { 0.0 };
    (0..LOOKS * SCORES).any(|_| {
        let (low, high) = bounds((source.score() - loss).max(0.0));
        low > 0.7 || high < 0.7
    })
}

fn empirical_bernstein(source: &mut Source, changed: bool) -> bool {
    let mut sequence = EmpiricalBernstein::new(ALPHA).unwrap();
    scores(source, changed, |x| {
        let bounds = sequence.push(x).unwrap();
        (bounds.low, bounds.high)
    })
}

fn hedged(source: &mut Source, changed: bool) -> bool {
    let mut sequence = HedgedBetting::new(ALPHA).unwrap();
    scores(source, changed, |x| {
        let bounds = sequence.push(x).unwrap();
        (bounds.low, bounds.high)
    })
}

/// Failures of both arms at each look, and the canary's share of the traffic.
fn failures(source: &mut Source, changed: bool, share: impl Fn(usize) -> f64, mut alarm: impl FnMut(Failures, f64) -> bool) -> bool {
    let rate = if changed { 3.0 * ERROR_RATE } else { ERROR_RATE };
    (0..LOOKS).any(|look| {
        let share = share(look);
        let of_canary = (0..REQUESTS).filter(|_| source.unit() < share).count();
        let seen = Failures { base: source.failures(REQUESTS - of_canary, ERROR_RATE), canary: source.failures(of_canary, rate) };
        alarm(seen, share)
    })
}

fn e_closed(source: &mut Source, changed: bool, sided: Sided) -> bool {
    let mut all = Failures { base: 0, canary: 0 };
    failures(
        source,
        changed,
        |_| 0.1,
        |new, share| {
            all = Failures { base: all.base + new.base, canary: all.canary + new.canary };
            log_e(all, share, 10.0, sided).unwrap() >= log_threshold(ALPHA).unwrap()
        },
    )
}

fn e_two_sided(source: &mut Source, changed: bool) -> bool {
    e_closed(source, changed, Sided::Two)
}

fn e_one_sided(source: &mut Source, changed: bool) -> bool {
    e_closed(source, changed, Sided::Larger)
}

fn e_rising_share(source: &mut Source, changed: bool) -> bool {
    let share = |look: usize| [0.05, 0.10, 0.25, 0.50].get(look / 5).copied().unwrap_or(0.5);
    let mut process = EProcess::new(share(0), 10.0, Sided::Larger).unwrap();
    failures(source, changed, share, |new, share| process.push(new, share).unwrap() >= log_threshold(ALPHA).unwrap())
}

/// Cases of a suite that is asked again while its verdict is open.
const CASES: usize = 30;

/// A pass rate whose margin forgives nothing, so that only the level is left to hold.
fn bare() -> Metric {
    Metric { margin: Margin::Absolute { warn: 1e-9, fail: 1e-9 }, ..Metric::of_a_run("pass-rate").unwrap() }
}

/// How often a case passes: cases of a steady suite nearly always or never, those of a moody one anything between.
fn case_rate(source: &mut Source, moody: bool) -> f64 {
    match (moody, source.unit()) {
        (false, unit) if unit < 0.85 => 0.98,
        (false, _) => 0.05,
        (true, unit) => 0.2 + 0.8 * unit,
    }
}

/// One more answer on both sides; a real change takes 0.3 of the case's rate.
fn ask(source: &mut Source, changed: bool, rate: f64, [base, head]: &mut [f64; 2]) {
    let worse = if changed { 0.3 } else { 0.0 };
    *base += f64::from(u8::from(source.unit() < rate));
    *head += f64::from(u8::from(source.unit() < rate - worse));
}

/// Base and head of a suite asked round by round; whether a metric fails the run in the end. `more` metrics say
/// the same of other samples.
fn adaptive(source: &mut Source, changed: bool, moody: bool, repeat: Repeat, more: usize) -> bool {
    let rules = Rules::default();
    let looks = Looks::plan(repeat, ALPHA);
    let metrics: Vec<Metric> = (0..=more).map(|at| Metric { name: at.to_string(), ..bare() }).collect();
    let mut passed: Vec<Vec<(f64, [f64; 2])>> =
        metrics.iter().map(|_| (0..CASES).map(|_| (case_rate(source, moody), [0.0; 2])).collect()).collect();
    let (mut asked, mut seen) = (0, Vec::new());
    for (look, until) in looks.repeats().iter().enumerate() {
        for _ in asked..*until {
            for (rate, sides) in passed.iter_mut().flatten() {
                ask(source, changed, *rate, sides);
            }
        }
        asked = *until;
        let at = looks.rules(look, &rules);
        let evidence = metrics.iter().zip(&passed).map(|(metric, cases)| {
            let side = |side: usize| cases.iter().map(|case| case.1.get(side).copied().unwrap_or_default() / f64::from(asked)).collect();
            paired::scores(metric, &Pairs { base: side(0), head: side(1) }, &at)
        });
        seen.push(evidence.collect());
        let judgements = decide(looks.merged(&seen), &rules);
        if state(&judgements) != State::Open {
            return judgements.iter().any(Judgement::fails);
        }
    }
    false
}

fn adaptive_steady(source: &mut Source, changed: bool) -> bool {
    adaptive(source, changed, false, Repeat::between(1, 5).unwrap(), 0)
}

fn adaptive_moody(source: &mut Source, changed: bool) -> bool {
    adaptive(source, changed, true, Repeat::between(1, 5).unwrap(), 0)
}

fn adaptive_of_three(source: &mut Source, changed: bool) -> bool {
    adaptive(source, changed, true, Repeat::between(2, 10).unwrap(), 2)
}

/// The same with the whole level at every look.
fn adaptive_unspent(source: &mut Source, changed: bool) -> bool {
    let mut cases: Vec<(f64, [f64; 2])> = (0..CASES).map(|_| (case_rate(source, true), [0.0; 2])).collect();
    let metric = bare();
    (1..=5_u32).any(|repeats| {
        for (rate, sides) in &mut cases {
            ask(source, changed, *rate, sides);
        }
        let side = |side: usize| cases.iter().map(|case| case.1.get(side).copied().unwrap_or_default() / f64::from(repeats)).collect();
        let evidence = paired::scores(&metric, &Pairs { base: side(0), head: side(1) }, &Rules::default());
        evidence.result.unwrap().p_fail <= ALPHA
    })
}

fn doubled_rate(source: &mut Source, changed: bool) -> bool {
    let (mut all, mut looks) = (Failures { base: 0, canary: 0 }, 0.0);
    failures(
        source,
        changed,
        |_| 0.1,
        |new, share| {
            all = Failures { base: all.base + new.base, canary: all.canary + new.canary };
            looks += 1.0;
            let requests = looks * REQUESTS as f64;
            let rate = |failures: u64, share: f64| failures as f64 / (requests * share);
            rate(all.canary, share) > 2.0 * rate(all.base, 1.0 - share)
        },
    )
}
