//! One new run against the last runs of the default branch.
//!
//! The samples of one run share a machine, a minute and a build: they say how well the run's own middle is known, and nothing of how
//! runs of one commit differ. So the run is the cluster. It counts as one number, its median, and is held against the medians of k
//! earlier runs by the prediction interval of one new run (see [`prediction`]); Welch's test over all samples would call most
//! noisy machines a regression. Whatever truly changed between those runs widens the interval, too.

use super::{
    decide::Rules,
    evidence::{Evidence, Measured, TestName, Undecided},
    independent::{ratio_interval, t_measured, turned},
    metric::{Direction, Margin, Metric},
};
use crate::domain::stats::{
    mean,
    sample::Sample,
    two_sample::{prediction::prediction, t_test::TTest},
};

/// Fewer earlier runs than this are never judged: with 4 degrees of freedom t₀.₉₅ is 2.13, with one 6.31.
pub const FEWEST_RUNS: usize = 5;

/// The medians of earlier runs, oldest first, against that of a new one: by ratio on logarithms, on the values themselves where
/// one is 0 or less or the margin is absolute.
pub fn evidence(metric: &Metric, earlier: &[f64], new: f64, rules: &Rules) -> Evidence {
    Evidence {
        metric: metric.clone(),
        base: mean(earlier).filter(|mean| mean.is_finite()),
        head: Some(new).filter(|new| new.is_finite()),
        base_n: earlier.len(),
        head_n: 1,
        pairs: None,
        result: measured(metric, earlier, new, rules),
    }
}

fn measured(metric: &Metric, earlier: &[f64], new: f64, rules: &Rules) -> Result<Measured, Undecided> {
    if earlier.len() < FEWEST_RUNS {
        return Err(Undecided::TooFew { got: earlier.len(), needed: FEWEST_RUNS, of: "runs" });
    }
    let unusable = |side: &str, error: &dyn std::fmt::Display| Undecided::Unusable(format!("{side}: {error}"));
    let one = [new];
    let earlier = Sample::new(earlier).map_err(|error| unusable("baseline", &error))?;
    let new = Sample::new(&one).map_err(|error| unusable("head", &error))?;
    let direction = metric.direction;
    match (metric.margin, earlier.logarithms(), new.logarithms()) {
        (Margin::Relative { warn, fail }, Ok(earlier), Ok(new)) => {
            let test = worse_by(direction, &earlier, &new)?;
            let margins = (Margin::logarithm(warn, direction), Margin::logarithm(fail, direction));
            Ok(ratio_interval(of_runs(TestName::OneRunOnLogs, &test, margins, rules, earlier.len())?, direction))
        }
        (margin, _, _) => {
            let test = worse_by(direction, earlier.values(), new.values())?;
            let (warn, fail) = margin.bounds();
            let times = match margin {
                Margin::Absolute { .. } => 1.0,
                Margin::Relative { .. } => match mean(earlier.values()) {
                    Some(mean) if mean > 0.0 => mean,
                    other => return Err(Undecided::NoRatio(other.unwrap_or_default())),
                },
            };
            Ok(turned(of_runs(TestName::OneRun, &test, (warn * times, fail * times), rules, earlier.len())?, direction))
        }
    }
}

fn worse_by(direction: Direction, earlier: &[f64], new: &[f64]) -> Result<TTest, Undecided> {
    let turned = |values: &[f64]| values.iter().map(|value| direction.worse(*value)).collect::<Vec<f64>>();
    let earlier = turned(earlier);
    let found = Sample::new(&earlier).and_then(|earlier| prediction(turned(new).first().copied().unwrap_or(f64::NAN), earlier));
    found.map_err(|error| Undecided::Unusable(error.to_string()))
}

/// Runs that are the same to the last digit say nothing of how runs differ.
fn of_runs(name: TestName, test: &TTest, margins: (f64, f64), rules: &Rules, k: usize) -> Result<Measured, Undecided> {
    if test.estimate().is_none() {
        return Err(Undecided::Unusable("every run of the baseline is the same: there is no spread to judge chance by".to_owned()));
    }
    let against = [test.p_against(margins.0), test.p_against(margins.1)];
    Ok(Measured { test: name, ..t_measured(test, margins, against, rules, k) })
}

#[cfg(test)]
mod tests {
    use super::{super::independent::amounts, *};
    use crate::domain::{
        regression::{Decides, Judgement, Unit, Verdict, decide},
        stats::{quantile::quantile, rng::SplitMix64},
    };

    fn metric(direction: Direction) -> Metric {
        let margin = Margin::Relative { warn: 0.1, fail: 0.2 };
        Metric { name: "b".to_owned(), direction, margin, unit: Unit::Number, decides: Decides::Fail }
    }

    fn judged(earlier: &[f64], new: f64, direction: Direction) -> Judgement {
        decide(vec![evidence(&metric(direction), earlier, new, &Rules::default())], &Rules::default()).remove(0)
    }

    #[test]
    fn each_verdict_has_its_run_and_its_direction() {
        let runs = [100.0, 103.0, 98.0, 101.0, 99.0, 102.0];
        for (new, word) in [(140.0, "regressed"), (101.0, "non-inferior"), (80.0, "improved"), (122.0, "inconclusive")] {
            let found = judged(&runs, new, Direction::LowerIsBetter);
            assert_eq!(found.verdict.word(), word, "{new}: {found:?}");
            // The other way round, a ratio is its inverse: the margins are not, so only clear cases are the same.
            if word != "inconclusive" {
                let inverse: Vec<f64> = runs.iter().map(|run| 10_000.0 / run).collect();
                assert_eq!(judged(&inverse, 10_000.0 / new, Direction::HigherIsBetter).verdict.word(), word, "{new}");
            }
        }
    }

    #[test]
    fn too_few_runs_constants_and_odd_numbers_decide_nothing() {
        let lower = Direction::LowerIsBetter;
        let found = judged(&[100.0, 103.0, 98.0, 101.0], 500.0, lower);
        let Verdict::Inconclusive { why, .. } = &found.verdict else { panic!("{found:?}") };
        assert_eq!(why.to_string(), "4 of at least 5 runs");
        for (runs, new) in
            [([100.0; 6], 100.0), ([100.0, 1.0, 2.0, f64::NAN, 3.0, 4.0], 1.0), ([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], f64::INFINITY)]
        {
            assert!(matches!(judged(&runs, new, lower).verdict, Verdict::Inconclusive { .. }), "{runs:?} {new}");
        }
        // Zeros have no logarithm; they are judged as they are.
        let zeros = judged(&[0.0, 3.0, 1.0, 2.0, 0.0, 3.0], 40.0, lower);
        assert_eq!((zeros.verdict.word(), zeros.evidence.result.unwrap().test), ("regressed", TestName::OneRun));
    }

    #[test]
    fn what_is_promised_is_runs_and_never_fewer_than_there_are() {
        let noisy = [100.0, 130.0, 80.0, 110.0, 95.0];
        let Verdict::Inconclusive { needed, .. } = judged(&noisy, 110.0, Direction::LowerIsBetter).verdict else { panic!() };
        assert_eq!(needed, None, "one new run of such a machine never decides");
        let steady = [100.0, 106.0, 97.0, 103.0, 96.0];
        let Verdict::Inconclusive { needed, .. } = judged(&steady, 111.0, Direction::LowerIsBetter).verdict else { panic!() };
        assert!(needed.is_none_or(|needed| needed > 5), "{needed:?}");
    }

    fn normal(rng: &mut SplitMix64) -> f64 {
        (-2.0 * (1.0 - rng.unit()).ln()).sqrt() * (2.0 * std::f64::consts::PI * rng.unit()).cos()
    }

    /// The samples of a run: the machine's own factor (σ = 0.05 of the logarithm), and 30 samples around it (σ = 0.05).
    fn run(rng: &mut SplitMix64, factor: f64) -> Vec<f64> {
        let machine = 0.05 * normal(rng);
        (0..30).map(|_| 100.0 * factor * (machine + 0.05 * normal(rng)).exp()).collect()
    }

    /// Of so many seeded histories of `k` runs, how often a new one is `regressed` by this rule, and by Welch's test over the samples
    /// of the last run.
    fn alarms(runs: u64, k: usize, factor: f64) -> [u64; 2] {
        let mut alarms = [0, 0];
        for seed in 0..runs {
            let mut rng = SplitMix64::new(seed.wrapping_mul(0xD134_2543_DE82_EF95).wrapping_add(4));
            let earlier: Vec<Vec<f64>> = (0..k).map(|_| run(&mut rng, 1.0)).collect();
            let new = run(&mut rng, factor);
            let medians: Vec<f64> = earlier.iter().filter_map(|run| quantile(run, 0.5)).collect();
            let ours = judged(&medians, quantile(&new, 0.5).unwrap(), Direction::LowerIsBetter);
            alarms[0] += u64::from(ours.verdict == Verdict::Regressed);
            let welch = amounts(&metric(Direction::LowerIsBetter), earlier.last().unwrap(), &new, &Rules::default());
            let welch = decide(vec![welch], &Rules::default()).remove(0);
            alarms[1] += u64::from(welch.verdict == Verdict::Regressed);
        }
        alarms
    }

    /// 5 % of 10,000 is 500; three standard errors of the simulation are 65.
    #[test]
    fn false_alarms_stay_below_their_level() {
        const PAGE: &str = include_str!("../../../docs/design/deciding.md");
        let mut counted = Vec::new();
        for k in [5, 10] {
            let [same, _] = alarms(10_000, k, 1.0);
            assert_eq!(same, 0, "{k} runs, no change");
            let [at_margin, welch] = alarms(10_000, k, 1.2);
            assert!((435..=565).contains(&at_margin), "{k} runs, exactly at the margin: {at_margin}");
            counted.push((at_margin, welch));
        }
        let [(five, welch), (ten, _)] = counted.as_slice() else { panic!() };
        let page = PAGE.split_whitespace().collect::<Vec<_>>().join(" ").replace(',', "");
        let said = format!("5 runs alarm in {five} of them and 10 runs in {ten} (5 % are 500)");
        assert!(page.contains(&said) && page.contains(&format!("alarms in {welch} exactly at the margin")), "{said} {welch}");
        let [seen, _] = alarms(1_000, 5, 1.5);
        assert!(seen > 900, "a run half as slow again is seen: {seen}");
    }
}
