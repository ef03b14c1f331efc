//! Rollouts without a world: two arms that draw latencies and errors, a check each 30 s, the real reducer and the real statistics.

use prompt_cicd::domain::{
    rollout::{
        Effect, Event, Now, Percent, Phase, Plan, Rollout, Strategy, VersionRef, WayBack, begin,
        health::{Arms, Comparison, Confirmation, Direction, Measured, Metric, MetricKind, OnNoData, evaluate},
        plan::{CheckLimits, OnFailure, canary},
        step,
    },
    stats::rng::SplitMix64,
};

/// Requests in 30 s, both arms together.
const REQUESTS: u64 = 600;

/// What a candidate is like; the stable version has 500 ms and 2 % errors.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Candidate {
    pub(crate) latency: f64,
    pub(crate) errors: f64,
}

/// A candidate that is like the stable version.
pub(crate) const SAME: Candidate = Candidate { latency: 500.0, errors: 0.02 };

/// How a rollout ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// At 100 %.
    Completed,
    /// Rolled back, at this share.
    RolledBack(u8),
    /// Neither, after a day.
    Open,
}

fn metric(name: &str, kind: MetricKind, margin: f64) -> Metric {
    Metric {
        name: name.to_owned(),
        source: "simulation".to_owned(),
        query: name.to_owned(),
        total: None,
        kind,
        direction: Direction::LowerIsBetter,
        bound: None,
        guardrail: None,
        compare: Some(Comparison { margin, prove: false }),
        min_samples: 100,
        on_no_data: OnNoData::Inconclusive,
        weight: 1.0,
        critical: true,
        confirm: Confirmation { k: 1, of: 1 },
        dry_run: false,
    }
}

/// The default plan with latency and errors compared.
pub(crate) fn plan() -> Plan {
    let stages: Vec<Percent> = [10, 25, 50, 100].into_iter().filter_map(Percent::new).collect();
    Plan {
        strategy: Strategy::Canary,
        stages: canary(&stages, 300_000, 0, 1).expect("the default shares make a plan"),
        interval: 30_000,
        error_retry: 10_000,
        stage_timeout: 86_400_000,
        limits: CheckLimits::default(),
        on_failure: OnFailure::Rollback,
        metrics: vec![metric("latency", MetricKind::Mean, 0.05), metric("errors", MetricKind::Errors, 0.0)],
        alpha: 0.05,
    }
}

fn latencies(rng: &mut SplitMix64, mean: f64, count: u64) -> Measured {
    // Exponential tail on a floor: mean 1, standard deviation 0.6.
    Measured::Values((0..count).map(|_| mean * (0.4 - 0.6 * (1.0 - rng.unit()).ln())).collect())
}

fn failures(rng: &mut SplitMix64, rate: f64, total: u64) -> Measured {
    let failures = (0..total).filter(|_| rng.unit() < rate).count() as u64;
    Measured::Counts { failures, total }
}

/// What one look at the metrics finds.
pub(crate) fn look(state: &Rollout, plan: &Plan, candidate: Candidate, rng: &mut SplitMix64) -> Event {
    let canary = (0..REQUESTS).filter(|_| rng.below(100) < u64::from(state.traffic.get())).count() as u64;
    let rest = REQUESTS - canary;
    let arms = [
        Arms {
            candidate: latencies(rng, candidate.latency, canary),
            stable: Some(latencies(rng, SAME.latency, rest)),
            query: String::new(),
        },
        Arms { candidate: failures(rng, candidate.errors, canary), stable: Some(failures(rng, SAME.errors, rest)), query: String::new() },
    ];
    Event::Checked { check: Box::new(evaluate(plan, state.traffic, &state.memory, &arms)), storm: None, back: WayBack::Origin }
}

/// Rolls one candidate out.
pub(crate) fn roll_out(candidate: Candidate, seed: u64) -> End {
    let plan = plan();
    let version = |number: &str| VersionRef { version: number.to_owned(), digest: number.to_owned(), commit: None };
    let mut rng = SplitMix64::new(seed);
    let mut now = 1_000_000;
    let mut transition = begin("r", (version("1"), version("2")), &plan, 0, Now::wall(now));
    let mut reached = 0;
    for _ in 0..2_880 {
        while let Some(Effect::Apply { operation, .. }) =
            transition.effects.iter().find(|effect| matches!(effect, Effect::Apply { .. })).cloned()
        {
            let Ok(next) = step(&transition.next, &Event::Confirmed { operation }, Now::wall(now), &plan) else { return End::Open };
            transition = next;
            reached = reached.max(transition.next.traffic.get());
        }
        match &transition.next.phase {
            Phase::Completed => return End::Completed,
            Phase::RolledBack { .. } => return End::RolledBack(reached),
            Phase::Progressing | Phase::Held { .. } | Phase::Returning { .. } | Phase::Aborted { .. } => {}
        }
        now += 30_000;
        let event = look(&transition.next, &plan, candidate, &mut rng);
        let Ok(next) = step(&transition.next, &event, Now::wall(now), &plan) else { return End::Open };
        transition = next;
    }
    End::Open
}
