//! One new value against earlier ones, by the prediction interval of a single future value.

use super::{
    super::{
        describe::Moments,
        sample::{Sample, SampleError, count},
        special::t_isf,
    },
    t_test::{TEstimate, TTest},
};

/// The most earlier values that are ever promised to decide.
const MOST_RUNS: usize = 10_000;

/// `new` − mean(`earlier`), where `new` is one more draw of what drew the k earlier values: its standard error is s·√(1 + 1/k), with
/// k − 1 degrees of freedom, so that the interval of the difference is that of one future value (Hahn, JASA 64 (1969) 878). Many samples
/// within a run do not narrow it: a run is one value here.
///
/// Errors: fewer than two earlier values, a new one that is no usable number. Constant earlier values have outcomes of their own.
pub fn prediction(new: f64, earlier: Sample<'_>) -> Result<TTest, SampleError> {
    earlier.needs(2)?;
    let one = [new];
    let (new, earlier) = (Moments::of(Sample::new(&one)?), Moments::of(earlier));
    let difference = new.minus(&earlier);
    match earlier.variance().filter(|_| !earlier.is_constant()) {
        Some(variance) => {
            let k = count(earlier.n());
            Ok(TTest::Estimate(TEstimate::new(difference, (variance * (1.0 + 1.0 / k)).sqrt(), k - 1.0)))
        }
        None if new.same_mean(&earlier) => Ok(TTest::ConstantAndEqual),
        None => Ok(TTest::ConstantAndDifferent { difference }),
    }
}

/// What a true difference must come to for the interval to show it with this power: (t₁₋α + t₁₋β)·s·√(1 + 1/k), both by k − 1 degrees of
/// freedom; `sd` is that of the earlier values.
pub fn reach(sd: f64, k: usize, alpha: f64, power: f64) -> f64 {
    let df = count(k.max(2) - 1);
    (t_isf(alpha, df) + t_isf(1.0 - power, df)) * sd * (1.0 + 1.0 / count(k.max(2))).sqrt()
}

/// The fewest earlier values that show a true difference of this size with this power. `None`: no number of them does, since one new
/// value alone varies too much, or more than 10,000.
pub fn values_needed(sd: f64, difference: f64, alpha: f64, power: f64) -> Option<usize> {
    let decides = |k: usize| reach(sd, k, alpha, power) <= difference;
    if !decides(MOST_RUNS) {
        return None;
    }
    let (mut too_few, mut enough) = (1, MOST_RUNS);
    while enough - too_few > 1 {
        let middle = usize::midpoint(too_few, enough);
        if decides(middle) { enough = middle } else { too_few = middle }
    }
    Some(enough)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_is_that_of_one_future_value() {
        // Mean 10, s² = 2.5, k = 5: s·√1.2 = √3; t₀.₉₇₅ with 4 degrees of freedom is 2.776445.
        let earlier = [8.0, 9.0, 10.0, 11.0, 12.0];
        let test = prediction(13.0, Sample::new(&earlier).unwrap()).unwrap();
        let estimate = test.estimate().unwrap();
        assert!((estimate.standard_error - 3.0_f64.sqrt()).abs() < 1e-12 && (estimate.df - 4.0).abs() < 1e-12);
        let interval = test.interval(0.95);
        assert!((interval.upper - (3.0 + 2.776_445_105 * 3.0_f64.sqrt())).abs() < 1e-8, "{interval:?}");
        assert!((estimate.t - 3.0_f64.sqrt()).abs() < 1e-12);
    }

    #[test]
    fn what_has_no_spread_or_is_no_number_is_named() {
        let constant = [2.0; 6];
        let constant = Sample::new(&constant).unwrap();
        assert_eq!(prediction(2.0, constant), Ok(TTest::ConstantAndEqual));
        assert_eq!(prediction(3.0, constant), Ok(TTest::ConstantAndDifferent { difference: 1.0 }));
        assert!(prediction(f64::NAN, constant).is_err());
        let single = [1.0];
        assert_eq!(prediction(1.0, Sample::new(&single).unwrap()), Err(SampleError::TooFew { got: 1, needed: 2 }));
    }

    #[test]
    fn more_runs_help_only_so_far() {
        let needed = values_needed(0.05, 0.2, 0.05, 0.8).unwrap();
        assert!(reach(0.05, needed, 0.05, 0.8) <= 0.2 && reach(0.05, needed - 1, 0.05, 0.8) > 0.2, "{needed}");
        // One new run varies by s however many came before: (1.645 + 0.842)·s is out of reach.
        assert_eq!(values_needed(0.1, 0.2, 0.05, 0.8), None);
        assert_eq!(values_needed(0.1, 0.0, 0.05, 0.8), None);
        assert_eq!(values_needed(0.0, 0.2, 0.05, 0.8), Some(2));
    }
}
