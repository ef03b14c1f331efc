//! Outliers: always reported, filtered only when asked.

use super::{
    describe::Moments,
    quantile::of_sorted,
    sample::{Sample, equal, sort},
};

/// A rule that names outliers by their positions in the sample.
///
/// - `Z`: |x − mean| > limit · s, s with n − 1. It cannot name anything for n ≤ limit² + 1 (10 for 3): the largest
///   possible |z| is (n − 1)/√n (Shiffler 1988).
/// - `Mad`: 0.6745 |x − median| > limit · MAD, the raw median absolute deviation (Iglewicz and Hoaglin 1993; 3.5 is
///   their limit). Nothing when the MAD is 0.
/// - `Iqr`: outside \[Q1 − limit·IQR, Q3 + limit·IQR\], quartiles of type 7 (Tukey 1977; 1.5 is his fence).
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum OutlierRule {
    Z(f64),
    Mad(f64),
    Iqr(f64),
}

impl OutlierRule {
    pub const DEFAULT_Z: Self = Self::Z(3.0);
    pub const DEFAULT_MAD: Self = Self::Mad(3.5);
    pub const DEFAULT_IQR: Self = Self::Iqr(1.5);
}

/// The positions (from 0, rising) of the outliers.
pub fn outliers(sample: Sample<'_>, rule: OutlierRule) -> Vec<usize> {
    match rule {
        OutlierRule::Z(limit) => {
            let moments = Moments::of(sample);
            let sd = moments.sd().unwrap_or(0.0);
            positions(sample, |x| moments.deviation(x).abs() > limit * sd && sd > 0.0)
        }
        OutlierRule::Mad(limit) => {
            let median = of_sorted(sample.sorted().values(), 0.5);
            let mad = median_absolute_deviation(sample);
            positions(sample, |x| 0.6745 * (x - median).abs() > limit * mad && mad > 0.0)
        }
        OutlierRule::Iqr(limit) => {
            let sorted = sample.sorted();
            let (first, third) = (of_sorted(sorted.values(), 0.25), of_sorted(sorted.values(), 0.75));
            let fence = limit * (third - first);
            positions(sample, |x| x < first - fence || x > third + fence)
        }
    }
}

/// The median of |x − median|, not scaled.
pub fn median_absolute_deviation(sample: Sample<'_>) -> f64 {
    let median = of_sorted(sample.sorted().values(), 0.5);
    of_sorted(&sort(sample.values().iter().map(|x| (x - median).abs()).collect()), 0.5)
}

/// The sample without the given positions (rising, as [`outliers`] gives them).
pub fn without(sample: Sample<'_>, outliers: &[usize]) -> Vec<f64> {
    let mut skip = outliers.iter().copied().peekable();
    let keep = |(index, &x): (usize, &f64)| if skip.next_if_eq(&index).is_some() { None } else { Some(x) };
    sample.values().iter().enumerate().filter_map(keep).collect()
}

fn positions(sample: Sample<'_>, is_outlier: impl Fn(f64) -> bool) -> Vec<usize> {
    sample.values().iter().enumerate().filter(|&(_, &x)| is_outlier(x)).map(|(index, _)| index).collect()
}

/// Whether the z rule with this limit can name anything among `n` values.
pub fn z_can_name(n: usize, limit: f64) -> bool {
    let n = super::sample::count(n);
    let largest = (n - 1.0) / n.sqrt();
    largest > limit && !equal(largest, limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rule_names_the_far_value() {
        let values: Vec<f64> = (0..20).map(|i| 100.0 + f64::from(i % 5)).chain([500.0]).collect();
        let sample = Sample::new(&values).unwrap();
        for rule in [OutlierRule::DEFAULT_Z, OutlierRule::DEFAULT_MAD, OutlierRule::DEFAULT_IQR] {
            assert_eq!(outliers(sample, rule), [20], "{rule:?}");
        }
        assert_eq!(without(sample, &[20]).len(), 20);
    }

    #[test]
    fn constants_have_no_outliers_and_ten_values_none_by_z() {
        let sample = Sample::new(&[0.85; 9]).unwrap();
        for rule in [OutlierRule::DEFAULT_Z, OutlierRule::DEFAULT_MAD, OutlierRule::DEFAULT_IQR] {
            assert!(outliers(sample, rule).is_empty());
        }
        let mut ten = [1.0; 10];
        ten[9] = 1e9;
        assert!(outliers(Sample::new(&ten).unwrap(), OutlierRule::DEFAULT_Z).is_empty());
        assert!(!z_can_name(10, 3.0) && z_can_name(11, 3.0));
    }
}
