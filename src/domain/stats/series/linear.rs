//! Ordinary least squares: slope, R², test of the slope, prediction interval.
//!
//! y = intercept + slope · x + e with independent normal e of equal variance; n − 2 degrees of freedom; two-sided p of
//! slope = 0; r² = sxy² / (sxx syy). All sums are of differences from the first value and from the mean, so that an offset
//! of 1e9 costs no digits. A series without variation is [`Fit::Constant`]; a line without any residual has t = ±∞, p = 0.
//! Source: Draper and Smith, Applied Regression Analysis, ch. 1. Equal to `scipy.stats.linregress`.
//!
//! Errors: fewer than 3 values, unusable values, positions that do not pair up or are all equal, slopes beyond the largest number.

use super::{SeriesError, check, check_level, check_positions};
use crate::domain::stats::special::{Moments, count, is_constant, t_isf, t_two_sided};

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fit {
    Constant { value: f64 },
    Line(Line),
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Line {
    pub n: usize,
    pub slope: f64,
    pub intercept: f64,
    pub r: f64,
    pub r_squared: f64,
    pub slope_se: f64,
    pub intercept_se: f64,
    pub t: f64,
    pub p_two: f64,
    pub residual_sd: f64,
    x_mean: f64,
    y_mean: f64,
    sxx: f64,
}

impl Line {
    pub fn df(&self) -> f64 {
        count(self.n) - 2.0
    }

    pub fn slope_interval(&self, level: f64) -> Result<[f64; 2], SeriesError> {
        check_level(level)?;
        let reach = t_isf(0.5 * (1.0 - level), self.df()) * self.slope_se;
        Ok([self.slope - reach, self.slope + reach])
    }

    pub fn predict(&self, x: f64) -> f64 {
        self.y_mean + self.slope * (x - self.x_mean)
    }

    /// Where one new value at `x` lies with probability `level`.
    pub fn prediction_interval(&self, x: f64, level: f64) -> Result<[f64; 2], SeriesError> {
        check_level(level)?;
        if !x.is_finite() {
            return Err(SeriesError::UnusablePosition { index: 0, value: x });
        }
        let away = x - self.x_mean;
        let se = self.residual_sd * (1.0 + 1.0 / count(self.n) + away * away / self.sxx).sqrt();
        let reach = t_isf(0.5 * (1.0 - level), self.df()) * se;
        Ok([self.predict(x) - reach, self.predict(x) + reach])
    }
}

/// Against the positions 0, 1, 2, …
pub fn fit_in_order(values: &[f64]) -> Result<Fit, SeriesError> {
    let positions: Vec<f64> = (0..values.len()).map(count).collect();
    fit(&positions, values)
}

pub fn fit(positions: &[f64], values: &[f64]) -> Result<Fit, SeriesError> {
    check(values, 3, usize::MAX)?;
    check_positions(positions, values)?;
    if is_constant(positions) {
        return Err(SeriesError::OnePosition);
    }
    let (x, y) = (Moments::of(positions), Moments::of(values));
    if y.variance <= 0.0 {
        return Ok(Fit::Constant { value: y.mean() });
    }
    let (sxx, syy) = (x.variance * (x.n - 1.0), y.variance * (y.n - 1.0));
    let deviations = || positions.iter().zip(values).map(|(px, py)| (x.deviation(*px), y.deviation(*py)));
    let slope = deviations().map(|(dx, dy)| dx * dy).sum::<f64>() / sxx;
    let residual: f64 = deviations().map(|(dx, dy)| (dy - slope * dx).powi(2)).sum();
    let residual_sd = (residual / (y.n - 2.0)).sqrt();
    let slope_se = residual_sd / sxx.sqrt();
    if !(slope.is_finite() && residual_sd.is_finite() && slope_se.is_finite()) {
        return Err(SeriesError::Overflow);
    }
    let r = (slope * sxx.sqrt() / syy.sqrt()).clamp(-1.0, 1.0);
    let t = if slope_se > 0.0 { slope / slope_se } else { slope.signum() * f64::INFINITY };
    Ok(Fit::Line(Line {
        n: values.len(),
        slope,
        intercept: y.mean() - slope * x.mean(),
        r,
        r_squared: r * r,
        slope_se,
        intercept_se: residual_sd * (1.0 / y.n + x.mean() * x.mean() / sxx).sqrt(),
        t,
        p_two: t_two_sided(t, y.n - 2.0),
        residual_sd,
        x_mean: x.mean(),
        y_mean: y.mean(),
        sxx,
    }))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn line(positions: &[f64], values: &[f64]) -> Line {
        match fit(positions, values).unwrap() {
            Fit::Line(line) => line,
            Fit::Constant { value } => panic!("constant {value}"),
        }
    }

    #[test]
    fn bad_input_is_named() {
        assert_eq!(fit_in_order(&[1.0, 2.0]), Err(SeriesError::TooFew { needed: 3, got: 2 }));
        assert!(matches!(fit_in_order(&[1.0, f64::NAN, 2.0]), Err(SeriesError::Unusable { index: 1, .. })));
        assert!(matches!(fit_in_order(&[1.0, 1e300, 2.0]), Err(SeriesError::Unusable { index: 1, .. })));
        assert!(matches!(fit(&[1.0], &[1.0, 2.0, 3.0]), Err(SeriesError::Unpaired { positions: 1, values: 3 })));
        assert_eq!(fit(&[5.0; 3], &[1.0, 2.0, 3.0]), Err(SeriesError::OnePosition));
        assert!(matches!(fit(&[0.0, f64::INFINITY, 1.0], &[1.0, 2.0, 3.0]), Err(SeriesError::UnusablePosition { index: 1, .. })));
        assert_eq!(fit_in_order(&[0.85; 9]), Ok(Fit::Constant { value: 0.85 }));
        let line = line(&[0.0, 1.0, 2.0], &[1.0, 2.0, 4.0]);
        assert_eq!(line.slope_interval(0.0), Err(SeriesError::Level(0.0)));
        assert!(line.prediction_interval(f64::NAN, 0.95).is_err());
    }

    #[test]
    fn a_perfect_line_has_no_doubt() {
        let line = line(&[0.0, 1.0, 2.0, 3.0], &[1.0, 3.0, 5.0, 7.0]);
        assert!(line.t.is_infinite() && line.t > 0.0 && line.p_two <= 0.0 && line.r_squared >= 1.0);
        assert_eq!(line.prediction_interval(4.0, 0.95), Ok([9.0, 9.0]));
    }

    #[test]
    fn the_outermost_units_keep_their_digits() {
        let (plain, far) = (line(&[0.0, 1.0, 2.0], &[0.0, 1.0, -1.0]), line(&[0.0, 1e-149, 2e-149], &[0.0, 1e149, -1e149]));
        assert!((plain.r - far.r).abs() < 1e-12 && (plain.t - far.t).abs() < 1e-12 && far.slope.is_finite(), "{far:?}");
    }

    #[test]
    fn prediction_agrees_with_a_worked_example() {
        // scipy.stats.linregress and t.isf(0.025, 3) · s · √(1 + 1/5 + 9/10), for y = [2, 4, 5, 4, 5] at x = 1..5, x₀ = 6
        let line = line(&[1.0, 2.0, 3.0, 4.0, 5.0], &[2.0, 4.0, 5.0, 4.0, 5.0]);
        let [low, high] = line.prediction_interval(6.0, 0.95).unwrap();
        assert!((line.predict(6.0) - 5.8).abs() < 1e-12);
        assert!((low - 1.675_078_141_770).abs() < 1e-9 && (high - 9.924_921_858_230).abs() < 1e-9, "{low} {high}");
    }

    proptest! {
        #[test]
        fn order_and_scale_do_not_matter(values in prop::collection::vec(-100.0..100.0_f64, 4..40)) {
            let positions: Vec<f64> = (0..values.len()).map(count).collect();
            let (mut back_x, mut back_y) = (positions.clone(), values.clone());
            back_x.reverse();
            back_y.reverse();
            let (one, two) = (line(&positions, &values), line(&back_x, &back_y));
            prop_assert!((one.slope - two.slope).abs() < 1e-9 && (one.p_two - two.p_two).abs() < 1e-7);
            let lifted: Vec<f64> = values.iter().map(|y| y + 3.0 * 1024.0).collect();
            prop_assert!((line(&positions, &lifted).slope - one.slope).abs() < 1e-9);
        }
    }
}
