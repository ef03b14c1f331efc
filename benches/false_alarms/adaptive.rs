//! Adaptive repeats: a suite asked again while its verdict is open, with the default margin of the pass rate.

use prompt_cicd::domain::{
    regression::{
        Evidence, Judgement, Metric, Rules, decide,
        paired::{self, Pairs},
        sampling::{Looks, State, state},
    },
    suite::Repeat,
};

use super::{ALPHA, Rule, Source, Truth, quick};

const CASES: usize = 30;
/// The margin of a pass rate.
const POINTS: f64 = 0.02;
/// What a change for the worse takes of every case's rate.
const WORSE: f64 = 0.3;

pub(super) fn rules() -> Vec<Rule> {
    let ours = |name, (min, max), moody, metrics| {
        let repeat = Repeat::between(min, max).unwrap();
        Rule {
            name,
            change: "−30 points",
            looks: repeat.looks().len(),
            level: Some(ALPHA),
            alarms: Box::new(move |source: &mut Source, truth| {
                let again = source.is_checked().then(|| source.clone());
                let alarm = adaptive(source, truth, moody, (repeat, metrics), &quick::scores);
                if let Some(mut again) = again {
                    assert_eq!(alarm, adaptive(&mut again, truth, moody, (repeat, metrics), &paired::scores), "{name}");
                }
                Some(alarm)
            }),
        }
    };
    let unspent = Rule {
        name: "`repeat: {max: 5}`, 30 moody cases, 5 % at every look (not ours)",
        change: "−30 points",
        looks: 5,
        level: None,
        alarms: Box::new(|source, truth| Some(every_look(source, truth))),
    };
    vec![
        ours("`repeat: {max: 5}`, 30 steady cases: pass rate (spending)", (1, 5), false, 1),
        ours("`repeat: {max: 5}`, 30 moody cases: pass rate (spending)", (1, 5), true, 1),
        ours("`repeat: {min: 2, max: 10}`, 30 moody cases: any of 3 rates (spending, Holm)", (2, 10), true, 3),
        unspent,
    ]
}

/// A case's pass rate and how often it passed on base and head.
struct Case {
    rate: f64,
    passed: [f64; 2],
}

/// A suite: the rates of a steady one are close to 0 or 1, those of a moody one are anything.
fn suite(source: &mut Source, moody: bool) -> Vec<Case> {
    let mut rate = || match (moody, source.unit()) {
        (false, unit) if unit < 0.85 => 0.98,
        (false, _) => 0.35,
        (true, unit) => 0.35 + 0.65 * unit,
    };
    (0..CASES).map(|_| Case { rate: rate(), passed: [0.0; 2] }).collect()
}

/// One more answer to every case on both sides.
fn ask(source: &mut Source, cases: &mut [Case], truth: Truth) {
    let worse = match truth {
        Truth::Same => 0.0,
        Truth::AtMargin => POINTS,
        Truth::Worse => WORSE,
    };
    for Case { rate, passed: [base, head] } in cases {
        *base += f64::from(u8::from(source.unit() < *rate));
        *head += f64::from(u8::from(source.unit() < *rate - worse));
    }
}

fn pairs(cases: &[Case], asked: u32) -> Pairs {
    let side = |of: fn(&[f64; 2]) -> f64| cases.iter().map(|case| of(&case.passed) / f64::from(asked)).collect();
    Pairs { base: side(|[base, _]| *base), head: side(|[_, head]| *head) }
}

fn pass_rate(name: String) -> Metric {
    Metric { name, ..Metric::of_a_run("pass-rate").unwrap() }
}

type Scores<'s> = &'s dyn Fn(&Metric, &Pairs, &Rules) -> Evidence;

fn adaptive(source: &mut Source, truth: Truth, moody: bool, (repeat, metrics): (Repeat, usize), scores: Scores<'_>) -> bool {
    let rules = Rules::default();
    let looks = Looks::plan(repeat, ALPHA);
    let mut suites: Vec<Vec<Case>> = (0..metrics).map(|_| suite(source, moody)).collect();
    let (mut asked, mut seen) = (0, Vec::new());
    for (look, until) in looks.repeats().iter().enumerate() {
        for _ in asked..*until {
            for cases in &mut suites {
                ask(source, cases, truth);
            }
        }
        asked = *until;
        let at = looks.rules(look, &rules);
        let evidence = suites.iter().enumerate().map(|(index, cases)| scores(&pass_rate(index.to_string()), &pairs(cases, asked), &at));
        seen.push(evidence.collect());
        let judgements = decide(looks.merged(&seen), &rules);
        if state(&judgements) != State::Open {
            return judgements.iter().any(Judgement::fails);
        }
    }
    false
}

/// The whole level at every look, stopping at the first alarm.
fn every_look(source: &mut Source, truth: Truth) -> bool {
    let mut cases = suite(source, true);
    (1..=5).any(|asked| {
        ask(source, &mut cases, truth);
        let evidence = quick::scores(&pass_rate("0".to_owned()), &pairs(&cases, asked), &Rules::default());
        evidence.result.is_ok_and(|measured| measured.p_fail <= ALPHA)
    })
}
