//! Rules that look again and again while data arrive.

use std::{cell::RefCell, collections::HashMap};

use prompt_cicd::domain::stats::{
    sequential::{
        alpha_spending::{self, Look},
        betting::{EmpiricalBernstein, HedgedBetting},
        confidence_sequence::{Arm, asymptotic},
        e_process::{EProcess, Failures, Sided, log_e, log_threshold},
    },
    special::t_sf,
};

use super::{ALPHA, Rule, Source, Truth};

/// New values per arm and look.
const LATENCIES: usize = 100;
const SCORES: usize = 20;
/// Requests per look; the canary has its share of them.
const REQUESTS: usize = 1_000;
const ERROR_RATE: f64 = 0.01;

/// Whether a rule alarms within so many looks at data that changed or did not.
type Alarms = fn(&mut Source, bool, usize) -> bool;

pub(super) fn rules() -> Vec<Rule> {
    let ours: [(&'static str, &'static str, Option<usize>, Alarms); 8] = [
        ("asymptotic confidence sequence of means, two-sided", "+20 %", None, confidence_sequence),
        ("asymptotic confidence sequence at 2α, slower only", "+20 %", None, one_sided_sequence),
        ("empirical Bernstein confidence sequence of a score", "−0.1", None, empirical_bernstein),
        ("hedged betting confidence sequence of a score", "−0.1", None, hedged),
        ("e-process of error counts, two-sided", "1 → 3 %", None, e_two_sided),
        ("e-process of error counts, canary worse", "1 → 3 %", None, e_one_sided),
        ("e-process, traffic share rising 5 % to 50 %", "1 → 3 %", None, e_rising_share),
        // At most 20 looks: it is for plans with a known end.
        ("Lan-DeMets O'Brien-Fleming, slower only", "+20 %", Some(20), spending),
    ];
    let others: [(&'static str, &'static str, Alarms); 2] =
        [("Welch t at every look (not ours)", "+20 %", t_always), ("canary error rate > 2 × baseline (not ours)", "1 → 3 %", doubled_rate)];
    let mut rules = vec![rule("Welch t at the last look only", "+20 %", 1, Some(ALPHA), |source, changed, _| t_once(source, changed, 20))];
    for looks in [20, 100] {
        for (name, change, most, alarms) in ours {
            if most.is_none_or(|most| looks <= most) {
                rules.push(rule(name, change, looks, Some(ALPHA), alarms));
            }
        }
        rules.extend(others.map(|(name, change, alarms)| rule(name, change, looks, None, alarms)));
    }
    rules
}

fn rule(name: &'static str, change: &'static str, looks: usize, level: Option<f64>, alarms: Alarms) -> Rule {
    let alarms = move |source: &mut Source, truth| (truth != Truth::AtMargin).then(|| alarms(source, truth == Truth::Worse, looks));
    Rule { name, change, looks, level, alarms: Box::new(alarms) }
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
fn latencies(source: &mut Source, changed: bool, looks: usize, mut alarm: impl FnMut(usize, &Arm, &Arm) -> bool) -> bool {
    let factor = if changed { 1.2 } else { 1.0 };
    let (mut base, mut head) = (Running::default(), Running::default());
    (0..looks).any(|look| {
        for _ in 0..LATENCIES {
            base.push(source.latency());
            head.push(source.latency() * factor);
        }
        alarm(look, &base.arm(), &head.arm())
    })
}

/// N*: half of the planned number of values.
fn tuning(looks: usize) -> f64 {
    (LATENCIES * looks) as f64
}

fn confidence_sequence(source: &mut Source, changed: bool, looks: usize) -> bool {
    latencies(source, changed, looks, |_, base, head| {
        let at = asymptotic(base, head, ALPHA, tuning(looks)).unwrap();
        at.warm && (at.low > 0.0 || at.high < 0.0)
    })
}

fn one_sided_sequence(source: &mut Source, changed: bool, looks: usize) -> bool {
    latencies(source, changed, looks, |_, base, head| {
        let at = asymptotic(base, head, 2.0 * ALPHA, tuning(looks)).unwrap();
        at.warm && at.low > 0.0
    })
}

fn z(base: &Arm, head: &Arm) -> f64 {
    (head.mean - base.mean) / (base.variance / base.n as f64 + head.variance / head.n as f64).sqrt()
}

fn spending(source: &mut Source, changed: bool, looks: usize) -> bool {
    thread_local! {
        static PLANS: RefCell<HashMap<usize, Vec<Look>>> = RefCell::default();
    }
    let boundaries = || {
        let fractions: Vec<f64> = (1..=looks).map(|look| look as f64 / looks as f64).collect();
        alpha_spending::boundaries(ALPHA, &fractions).unwrap()
    };
    let plan = PLANS.with(|plans| plans.borrow_mut().entry(looks).or_insert_with(boundaries).clone());
    latencies(source, changed, looks, |look, base, head| plan.get(look).is_some_and(|look| z(base, head) > look.z))
}

fn t_rejects(base: &Arm, head: &Arm) -> bool {
    2.0 * t_sf(z(base, head).abs(), (base.n + head.n - 2) as f64) < ALPHA
}

fn t_once(source: &mut Source, changed: bool, looks: usize) -> bool {
    latencies(source, changed, looks, |look, base, head| look + 1 == looks && t_rejects(base, head))
}

fn t_always(source: &mut Source, changed: bool, looks: usize) -> bool {
    latencies(source, changed, looks, |_, base, head| t_rejects(base, head))
}

/// The score's true mean is 0.7; the sequence is asked whether it leaves that out.
fn scores(source: &mut Source, changed: bool, looks: usize, mut bounds: impl FnMut(f64) -> (f64, f64)) -> bool {
    let loss = if changed { 0.1 } else { 0.0 };
    (0..looks * SCORES).any(|_| {
        let (low, high) = bounds((source.score() - loss).max(0.0));
        low > 0.7 || high < 0.7
    })
}

fn empirical_bernstein(source: &mut Source, changed: bool, looks: usize) -> bool {
    let mut sequence = EmpiricalBernstein::new(ALPHA).unwrap();
    scores(source, changed, looks, |x| {
        let bounds = sequence.push(x).unwrap();
        (bounds.low, bounds.high)
    })
}

fn hedged(source: &mut Source, changed: bool, looks: usize) -> bool {
    let mut sequence = HedgedBetting::new(ALPHA).unwrap();
    scores(source, changed, looks, |x| {
        let bounds = sequence.push(x).unwrap();
        (bounds.low, bounds.high)
    })
}

/// Failures of both arms at each look, and the canary's share of the traffic.
fn failures(
    source: &mut Source,
    changed: bool,
    looks: usize,
    share: impl Fn(usize) -> f64,
    mut alarm: impl FnMut(Failures, f64) -> bool,
) -> bool {
    let rate = if changed { 3.0 * ERROR_RATE } else { ERROR_RATE };
    (0..looks).any(|look| {
        let share = share(look);
        let of_canary = (0..REQUESTS).filter(|_| source.unit() < share).count();
        let seen = Failures { base: source.failures(REQUESTS - of_canary, ERROR_RATE), canary: source.failures(of_canary, rate) };
        alarm(seen, share)
    })
}

fn e_closed(source: &mut Source, changed: bool, looks: usize, sided: Sided) -> bool {
    let mut all = Failures { base: 0, canary: 0 };
    failures(
        source,
        changed,
        looks,
        |_| 0.1,
        |new, share| {
            all = Failures { base: all.base + new.base, canary: all.canary + new.canary };
            log_e(all, share, 10.0, sided).unwrap() >= log_threshold(ALPHA).unwrap()
        },
    )
}

fn e_two_sided(source: &mut Source, changed: bool, looks: usize) -> bool {
    e_closed(source, changed, looks, Sided::Two)
}

fn e_one_sided(source: &mut Source, changed: bool, looks: usize) -> bool {
    e_closed(source, changed, looks, Sided::Larger)
}

fn e_rising_share(source: &mut Source, changed: bool, looks: usize) -> bool {
    let share = |look: usize| [0.05, 0.10, 0.25, 0.50].get(look * 4 / looks).copied().unwrap_or(0.5);
    let mut process = EProcess::new(share(0), 10.0, Sided::Larger).unwrap();
    failures(source, changed, looks, share, |new, share| process.push(new, share).unwrap() >= log_threshold(ALPHA).unwrap())
}

fn doubled_rate(source: &mut Source, changed: bool, looks: usize) -> bool {
    let (mut all, mut done) = (Failures { base: 0, canary: 0 }, 0.0);
    failures(
        source,
        changed,
        looks,
        |_| 0.1,
        |new, share| {
            all = Failures { base: all.base + new.base, canary: all.canary + new.canary };
            done += 1.0;
            let requests = done * REQUESTS as f64;
            let rate = |failures: u64, share: f64| failures as f64 / (requests * share);
            rate(all.canary, share) > 2.0 * rate(all.base, 1.0 - share)
        },
    )
}
