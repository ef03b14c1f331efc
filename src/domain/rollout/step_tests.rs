//! What the reducer must do, and what it must never do.

use proptest::prelude::*;

use super::{
    Event, Moment, Now, Percent, Phase, Plan, Refusal, Rollout, Strategy, VersionRef, WayBack, begin,
    effect::{Desired, Effect},
    health::{Check, Comparison, Confirmation, Direction, HealthVerdict, Metric, MetricKind, OnNoData},
    plan::{CheckLimits, Gate, OnFailure, canary},
    replay,
    state::Hold,
    step,
};
use crate::domain::rollback::trigger::Trigger;

pub(super) fn version(number: &str) -> VersionRef {
    VersionRef { version: number.to_owned(), digest: number.repeat(4), commit: None }
}

pub(super) fn metric() -> Metric {
    Metric {
        name: "latency".to_owned(),
        source: "m".to_owned(),
        query: "/latency".to_owned(),
        total: None,
        kind: MetricKind::Mean,
        direction: Direction::LowerIsBetter,
        bound: None,
        guardrail: None,
        compare: Some(Comparison { margin: 0.05, prove: false }),
        min_samples: 1,
        on_no_data: OnNoData::Inconclusive,
        weight: 1.0,
        critical: true,
        confirm: Confirmation { k: 1, of: 1 },
        dry_run: false,
    }
}

pub(super) fn plan(traffic: &[u8]) -> Plan {
    let percents: Vec<Percent> = traffic.iter().map(|number| Percent::new(*number).unwrap()).collect();
    Plan {
        strategy: Strategy::Canary,
        stages: canary(&percents, 300_000, 0, 1).unwrap(),
        interval: 30_000,
        error_retry: 10_000,
        stage_timeout: 3_600_000,
        limits: CheckLimits::default(),
        on_failure: OnFailure::Rollback,
        metrics: vec![metric()],
        alpha: 0.05,
    }
}

pub(super) fn checked(verdict: HealthVerdict) -> Event {
    let trigger = (verdict == HealthVerdict::Unhealthy).then_some(Trigger::PerformanceRegression);
    Event::Checked { check: Box::new(Check { trigger, ..Check::plain(verdict) }), storm: None, back: WayBack::Origin }
}

pub(super) fn rollback(to: &str) -> Event {
    Event::Rollback {
        to: version(to),
        trigger: Trigger::Emergency,
        reason: "now".to_owned(),
        by: "ana".to_owned(),
        above: None,
        named: false,
    }
}

pub(super) fn by() -> String {
    "ana".to_owned()
}

pub(super) fn promote(full: bool) -> Event {
    Event::Promote { full, by: by(), approved_by: None }
}

/// A rollout with its time and effects, as a runner that never fails drives it.
pub(super) struct Drive {
    pub(super) plan: Plan,
    pub(super) state: Rollout,
    pub(super) now: u64,
    pub(super) shown: Vec<u8>,
}

impl Drive {
    pub(super) fn new(plan: Plan) -> Self {
        let begun = begin("r1", (version("1.0.0"), version("2.0.0")), &plan, 0, Now::wall(1_000_000));
        let mut drive = Self { plan, state: begun.next, now: 1_000_000, shown: Vec::new() };
        drive.settle(begun.effects);
        drive
    }

    fn settle(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            if let Effect::Apply { operation, desired } = effect {
                self.shown.push(desired.traffic.get());
                self.then(&Event::Confirmed { operation }).unwrap();
            }
        }
    }

    pub(super) fn then(&mut self, event: &Event) -> Result<(), Refusal> {
        let transition = step(&self.state, event, Now::wall(self.now), &self.plan)?;
        self.state = transition.next;
        self.settle(transition.effects);
        Ok(())
    }

    fn checks(&mut self, verdict: HealthVerdict, times: usize) {
        for _ in 0..times {
            self.now += 30_000;
            self.then(&checked(verdict)).unwrap();
        }
    }

    fn held(&self) -> Option<Hold> {
        if let Phase::Held { hold, .. } = &self.state.phase { Some(*hold) } else { None }
    }
}

#[test]
fn a_healthy_rollout_goes_through_its_stages() {
    let mut drive = Drive::new(plan(&[10, 25, 50, 100]));
    drive.checks(HealthVerdict::Healthy, 9);
    assert_eq!(drive.shown, [10], "270 s of 300 s");
    drive.checks(HealthVerdict::Healthy, 1);
    assert_eq!(drive.shown, [10, 25]);
    drive.checks(HealthVerdict::Healthy, 20);
    assert_eq!((drive.shown.as_slice(), &drive.state.phase), ([10, 25, 50, 100].as_slice(), &Phase::Completed));
}

#[test]
fn one_unhealthy_check_rolls_back_and_raises_the_epoch() {
    let mut drive = Drive::new(plan(&[10, 100]));
    let unhealthy = step(&drive.state, &checked(HealthVerdict::Unhealthy), Now::wall(1_030_000), &drive.plan).unwrap();
    assert!(matches!(unhealthy.effects[0], Effect::Apply { desired: Desired { traffic: Percent::NONE, .. }, .. }), "targets come first");
    assert!(unhealthy.effects.contains(&Effect::MarkBad { version: version("2.0.0"), reason: "unhealthy".to_owned() }));
    drive.checks(HealthVerdict::Unhealthy, 1);
    assert_eq!((drive.state.epoch, drive.state.phase.status(), drive.shown.as_slice()), (1, "rolled_back", [10, 0].as_slice()));
    let refused = drive.then(&promote(true)).unwrap_err().to_string();
    assert_eq!(refused, "cannot promote: the rollout was rolled back (unhealthy); possible now: start, retry, rollback");
}

#[test]
fn what_cannot_be_told_holds_and_goes_on_by_itself() {
    let mut drive = Drive::new(plan(&[10, 100]));
    drive.checks(HealthVerdict::Healthy, 9);
    drive.checks(HealthVerdict::Inconclusive, 1);
    assert_eq!(drive.held(), Some(Hold::Inconclusive));
    drive.checks(HealthVerdict::Inconclusive, 50);
    assert_eq!(drive.shown, [10]);
    drive.checks(HealthVerdict::Healthy, 1);
    assert_eq!(drive.shown, [10, 100]);
}

#[test]
fn errors_are_borne_four_times_in_a_row() {
    let mut drive = Drive::new(plan(&[10, 100]));
    drive.checks(HealthVerdict::Error, 4);
    assert_eq!(drive.held(), None);
    drive.checks(HealthVerdict::Healthy, 1);
    drive.checks(HealthVerdict::Error, 5);
    assert_eq!(drive.held(), Some(Hold::Error));
}

#[test]
fn a_failure_may_pause_or_abort_instead() {
    let mut drive = Drive::new(Plan { on_failure: OnFailure::Pause, ..plan(&[10, 25, 100]) });
    drive.checks(HealthVerdict::Unhealthy, 2);
    assert_eq!((drive.held(), drive.state.epoch), (Some(Hold::Unhealthy), 0));
    assert!(drive.then(&promote(false)).unwrap_err().why.contains("unhealthy"));
    drive.checks(HealthVerdict::Healthy, 30);
    assert_eq!(drive.shown, [10], "people decide");
    drive.then(&promote(false)).unwrap();
    assert_eq!(drive.shown, [10, 25]);
    let mut drive = Drive::new(Plan { on_failure: OnFailure::Abort, ..plan(&[10, 25, 100]) });
    drive.checks(HealthVerdict::Unhealthy, 1);
    assert_eq!((drive.state.phase.status(), drive.shown.as_slice()), ("failed", [10, 0].as_slice()));
}

#[test]
fn a_storm_holds_and_calls_people() {
    let mut drive = Drive::new(plan(&[10, 100]));
    let check = Box::new(Check { trigger: Some(Trigger::ErrorRateSpike), ..Check::plain(HealthVerdict::Unhealthy) });
    drive.then(&Event::Checked { check, storm: Some("3 in the last hour".to_owned()), back: WayBack::Origin }).unwrap();
    assert_eq!((drive.held(), drive.shown.as_slice()), (Some(Hold::Storm), [10].as_slice()));
}

#[test]
fn a_suite_that_fails_in_a_storm_calls_people_too() {
    let mut plan = plan(&[10, 100]);
    plan.stages[0].smoke = Some("smoke".to_owned());
    let mut drive = Drive::new(plan);
    drive.checks(HealthVerdict::Healthy, 10);
    drive.then(&Event::Smoked { passed: Some(false), storm: Some("3 in the last hour".to_owned()), back: WayBack::Origin }).unwrap();
    assert_eq!((drive.held(), drive.shown.as_slice()), (Some(Hold::Storm), [10].as_slice()));
}

#[test]
fn a_stage_that_takes_too_long_fails() {
    let mut drive = Drive::new(Plan { stage_timeout: 600_000, ..plan(&[10, 100]) });
    drive.checks(HealthVerdict::Inconclusive, 20);
    assert_eq!(drive.state.phase.status(), "in_progress");
    drive.checks(HealthVerdict::Inconclusive, 1);
    let Phase::RolledBack { back } = &drive.state.phase else { panic!("{:?}", drive.state.phase) };
    assert_eq!(back.trigger, Some(Trigger::DeploymentTimeout));
}

#[test]
fn gates_wait_for_people() {
    let mut plan = plan(&[10, 100]);
    plan.stages[0].gates = vec![Gate::Person, Gate::Approval];
    let mut drive = Drive::new(plan);
    drive.checks(HealthVerdict::Healthy, 10);
    assert_eq!(drive.held(), Some(Hold::Person));
    drive.then(&Event::Resume { by: by(), approved_by: None }).unwrap();
    assert_eq!(drive.held(), Some(Hold::Approval));
    assert!(drive.then(&promote(false)).is_err());
    assert!(drive.then(&Event::Resume { by: by(), approved_by: None }).unwrap_err().why.contains("--approved-by"));
    drive.checks(HealthVerdict::Unhealthy, 0);
    drive.then(&Event::Resume { by: by(), approved_by: Some("ben".to_owned()) }).unwrap();
    assert_eq!(drive.state.phase, Phase::Completed);
}

#[test]
fn a_check_during_a_pause_still_rolls_back() {
    let mut drive = Drive::new(plan(&[10, 100]));
    drive.then(&Event::Pause { reason: "lunch".to_owned(), by: by() }).unwrap();
    drive.checks(HealthVerdict::Healthy, 100);
    assert_eq!(drive.held(), Some(Hold::Paused));
    drive.checks(HealthVerdict::Unhealthy, 1);
    assert_eq!(drive.state.phase.status(), "rolled_back");
}

#[test]
fn without_metrics_people_decide() {
    let plan = Plan { metrics: Vec::new(), ..plan(&[10, 100]) }.watched_by_people();
    let mut drive = Drive::new(plan);
    for _ in 0..40 {
        drive.now += 30_000;
        drive.then(&Event::Tick { storm: None, back: WayBack::Origin }).unwrap();
    }
    assert_eq!((drive.held(), drive.shown.as_slice()), (Some(Hold::Person), [10].as_slice()));
    drive.then(&Event::Resume { by: by(), approved_by: None }).unwrap();
    assert_eq!(drive.state.phase, Phase::Completed);
}

#[test]
fn forced_values_are_the_only_others() {
    let mut drive = Drive::new(plan(&[10, 50, 100]));
    let set = |percent, force| Event::Set { percent: Percent::new(percent).unwrap(), force, by: by(), approved_by: None };
    assert!(drive.then(&set(30, false)).unwrap_err().why.contains("--force"));
    assert!(drive.then(&set(100, false)).unwrap_err().why.contains("skips a stage"));
    assert!(drive.then(&set(50, false)).unwrap_err().why.contains("not known"));
    drive.then(&set(30, true)).unwrap();
    drive.checks(HealthVerdict::Healthy, 10);
    drive.then(&set(0, false)).unwrap();
    assert_eq!((drive.shown.as_slice(), drive.held()), ([10, 30, 50, 0].as_slice(), Some(Hold::Paused)));
    drive.then(&Event::Resume { by: by(), approved_by: None }).unwrap();
    drive.checks(HealthVerdict::Healthy, 10);
    assert_eq!(drive.shown, [10, 30, 50, 0, 10], "no stage is skipped on the way up again");
}

#[test]
fn rolling_back_twice_changes_nothing_and_stable_may_be_the_bad_one() {
    let mut drive = Drive::new(plan(&[10, 100]));
    drive.then(&rollback("2.0.0")).unwrap();
    assert_eq!((drive.state.epoch, drive.state.phase.status()), (1, "rolled_back"));
    let again = step(&drive.state, &rollback("2.0.0"), Now::wall(drive.now), &drive.plan).unwrap();
    assert_eq!((again.next, again.effects), (drive.state.clone(), Vec::new()));
    drive.then(&rollback("1.0.0")).unwrap();
    assert_eq!(drive.state.epoch, 2);
}

#[test]
fn a_rollback_above_what_targets_remember_gets_there_from_every_state() {
    for before in [None, Some("1.0.0"), Some("2.0.0")] {
        let mut drive = Drive::new(plan(&[10, 100]));
        if let Some(before) = before {
            drive.then(&rollback(before)).unwrap();
        }
        let Event::Rollback { to, trigger, reason, by, .. } = rollback("1.0.0") else { panic!("it is one") };
        let event = Event::Rollback { to, trigger, reason, by, above: Some(41), named: false };
        drive.then(&event).unwrap();
        assert_eq!((drive.state.epoch, drive.state.phase.status(), drive.state.traffic.get()), (42, "rolled_back", 0), "{before:?}");
        drive.then(&event).unwrap();
        assert_eq!(drive.state.epoch, 42, "what is above already is not raised again");
    }
}

fn events() -> impl Strategy2<Value = (Event, u64)> {
    let verdicts = prop_oneof![
        6 => Just(HealthVerdict::Healthy),
        1 => Just(HealthVerdict::Inconclusive),
        1 => Just(HealthVerdict::Error),
        1 => Just(HealthVerdict::Unhealthy),
    ];
    let event = prop_oneof![
        4 => Just(Event::Tick { storm: None, back: WayBack::Origin }),
        20 => verdicts.prop_map(checked),
        8 => Just(Event::Confirmed { operation: String::new() }),
        1 => Just(Event::Pause { reason: "p".into(), by: "a".into() }),
        2 => Just(Event::Resume { by: "a".into(), approved_by: Some("b".into()) }),
        1 => any::<bool>().prop_map(|full| Event::Promote { full, by: "a".into(), approved_by: None }),
        1 => (0_u8..=100, any::<bool>()).prop_map(|(percent, force)| Event::Set { percent: Percent::new(percent).unwrap(), force, by: "a".into(), approved_by: None }),
        1 => any::<bool>().prop_map(|skip_final_checks| Event::Complete { skip_final_checks, by: "a".into(), approved_by: None }),
        1 => Just(Event::Abort { reason: "x".into(), by: "a".into() }),
        1 => Just(rollback("1.0.0")),
    ];
    (event, 0_u64..60_000)
}

use proptest::strategy::Strategy as Strategy2;

/// Puts the operation that is awaited into a confirmation.
fn filled(event: Event, state: &Rollout) -> Event {
    if matches!(event, Event::Confirmed { .. }) {
        Event::Confirmed { operation: state.intent.as_ref().map(|intent| intent.operation.clone()).unwrap_or_default() }
    } else {
        event
    }
}

/// Whether the event alone, without a person, led to more traffic.
fn by_itself(event: &Event) -> bool {
    matches!(event, Event::Tick { .. } | Event::Checked { .. } | Event::Confirmed { .. })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]
    #[test]
    fn the_properties_hold(list in prop::collection::vec(events(), 1..60), gate in any::<bool>()) {
        let mut plan = plan(&[10, 25, 100]);
        plan.stages.iter_mut().for_each(|stage| if stage.hold > 0 { stage.hold = 45_000 });
        if gate { plan.stages[1].gates.push(Gate::Person); }
        let begun = begin("r1", (version("1.0.0"), version("2.0.0")), &plan, 0, Now::wall(1_000_000)).next;
        let (mut state, mut now, mut log) = (begun.clone(), 1_000_000, Vec::new());
        for (event, gone) in list {
            now += gone;
            let event = filled(event, &state);
            let at = Now::wall(now);
            let Ok(Transition { next, effects }) = step(&state, &event, at, &plan) else {
                let refused_rollback = matches!(event, Event::Rollback { .. });
                prop_assert!(!refused_rollback);
                prop_assert!(!state.allowed().is_empty());
                continue;
            };
            for effect in &effects {
                if let Effect::Apply { desired, operation } = effect {
                    let share = desired.traffic;
                    let lawful = share == Percent::NONE || plan.stages.iter().any(|stage| stage.traffic == share) || next.forced.contains(&share);
                    prop_assert!(lawful, "{share}");
                    // Promotion only after the stage's time and a healthy check, never on anything else.
                    if by_itself(&event) && share > state.desired().traffic {
                        let left = plan.entered(state.stage.max(1)).unwrap();
                        let healthy = matches!(&event, Event::Checked { check, .. } if check.verdict == HealthVerdict::Healthy) || state.is_healthy();
                        // At 0 % there is nothing to be healthy or not.
                        prop_assert!(healthy || !state.is_measured(), "{event:?}");
                        let mut clock = state.clock;
                        clock.pass(at, plan.most_per_look());
                        clock.credit();
                        prop_assert!(clock.credited >= left.hold);
                    }
                    prop_assert_eq!(&next.intent.as_ref().unwrap().operation, operation);
                }
            }
            prop_assert!(next.epoch >= state.epoch);
            prop_assert!(!next.allowed().is_empty());
            // An emergency is accepted from every state, and its way ends at 0 %.
            let urgent = step(&next, &rollback("0.9.0"), at, &plan).unwrap().next;
            prop_assert_eq!(urgent.desired().traffic, Percent::NONE);
            let operation = urgent.intent.as_ref().unwrap().operation.clone();
            let back = step(&urgent, &Event::Confirmed { operation }, at, &plan).unwrap().next;
            prop_assert_eq!((back.phase.status(), back.traffic), ("rolled_back", Percent::NONE));
            let json = serde_json::to_string(&next).unwrap();
            prop_assert_eq!(&serde_json::from_str::<Rollout>(&json).unwrap(), &next, "{}", json);
            log.push((event, at));
            state = next;
        }
        prop_assert_eq!(replay(&begun, &log, &plan).unwrap(), state);
    }
}

use super::Transition;

#[test]
fn a_clock_that_jumps_skips_no_stage() {
    let mut drive = Drive::new(plan(&[10, 25, 50, 100]));
    for (index, wall) in [1_030_000, 90_000_000, 1_060_000, 95_000_000, 500, 200_000_000].into_iter().enumerate() {
        drive.now = wall;
        drive.then(&checked(HealthVerdict::Healthy)).unwrap();
        assert_eq!(drive.shown, [10], "look {index}");
    }
    assert_eq!(drive.state.started, Moment(1_000_000));
}
