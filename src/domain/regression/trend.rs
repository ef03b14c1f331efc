//! Values in order of time: a line, a robust slope, a monotone trend, change points.

use crate::domain::stats::series::{
    SeriesError,
    change_point::{self, ChangePoint, change_points},
    linear::{Fit, fit},
    mann_kendall::{MannKendall, mann_kendall},
    theil_sen::{self, TheilSen, theil_sen},
};

/// A series looked at from every side.
#[derive(Debug, Clone, PartialEq)]
pub struct Trend {
    /// What is measured.
    pub metric: String,
    /// The values in order of time.
    pub values: Vec<f64>,
    /// Their positions.
    pub positions: Vec<f64>,
    /// Least squares.
    pub fit: Fit,
    /// One step (the mean distance of positions) after the last position.
    pub next: f64,
    /// The line there, with the interval of one new value where there is a line.
    pub prediction: (f64, Option<[f64; 2]>),
    /// The median slope; `None` for more than [`theil_sen::MOST`] values.
    pub theil_sen: Option<TheilSen>,
    /// Whether it goes one way at all.
    pub mann_kendall: MannKendall,
    /// Where the distribution changed; empty for fewer than 10 values, `None` for more than [`change_point::MOST`].
    pub changes: Option<Vec<ChangePoint>>,
    /// The confidence level.
    pub level: f64,
}

/// Which way a series goes, by Mann-Kendall at the confidence level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Course {
    /// Up.
    Rising,
    /// Down.
    Falling,
    /// No trend was found; that is no proof of there being none.
    NotFound,
    /// Every value is the same: a service at rest, or a meter that stands still. Nobody can tell.
    Still,
}

/// Why there is no trend to look at.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum TrendError {
    /// The values or positions cannot be used.
    #[error("{0}")]
    Series(#[from] SeriesError),
    /// Time runs backwards.
    #[error("timestamp {index} (from 0) is not after the one before it: put the values in order of time")]
    Order {
        /// The first that is out of order.
        index: usize,
    },
}

/// Looks at a series. Without positions they are 0, 1, 2, …
///
/// # Errors
/// Fewer than 3 values, a value that is not finite, timestamps that do not rise.
pub fn trend(metric: &str, values: &[f64], positions: &[f64], level: f64, seed: u64) -> Result<Trend, TrendError> {
    let positions: Vec<f64> =
        if positions.is_empty() { (0..values.len()).map(crate::domain::stats::sample::count).collect() } else { positions.to_vec() };
    if let Some(index) = positions.windows(2).position(|pair| matches!(pair, [one, two] if two <= one)) {
        return Err(TrendError::Order { index: index + 1 });
    }
    let fit = fit(&positions, values)?;
    let (first, last) = (positions.first().copied().unwrap_or_default(), positions.last().copied().unwrap_or_default());
    let steps = crate::domain::stats::sample::count(positions.len().saturating_sub(1).max(1));
    let next = last + (last - first) / steps;
    let prediction = match &fit {
        Fit::Constant { value } => (*value, None),
        Fit::Line(line) => (line.predict(next), line.prediction_interval(next, level).ok()),
    };
    let theil_sen = if values.len() > theil_sen::MOST { None } else { Some(theil_sen(&positions, values, level)?) };
    let options = change_point::Options { seed, ..change_point::Options::default() };
    let changes = match values.len() {
        n if n > change_point::MOST => None,
        n if n < 2 * options.min_segment => Some(Vec::new()),
        _ => Some(change_points(values, options)?),
    };
    let mann_kendall = mann_kendall(values)?;
    Ok(Trend {
        metric: metric.to_owned(),
        values: values.to_vec(),
        positions,
        fit,
        next,
        prediction,
        theil_sen,
        mann_kendall,
        changes,
        level,
    })
}

impl Trend {
    /// Which way it goes.
    pub fn course(&self) -> Course {
        if matches!(self.fit, Fit::Constant { .. }) {
            Course::Still
        } else if self.mann_kendall.p_two > 1.0 - self.level {
            Course::NotFound
        } else if self.mann_kendall.s > 0.0 {
            Course::Rising
        } else {
            Course::Falling
        }
    }
}

impl Course {
    /// In reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Rising => "rising",
            Self::Falling => "falling",
            Self::NotFound => "no trend found",
            Self::Still => "inconclusive",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_followed_and_continued() {
        let found = trend("m", &[1.0, 2.0, 3.0, 4.0, 5.0], &[], 0.95, 1).unwrap();
        let Fit::Line(line) = found.fit else { panic!("{found:?}") };
        assert!((line.slope - 1.0).abs() < 1e-12 && (line.r_squared - 1.0).abs() < 1e-12);
        assert!((found.prediction.0 - 6.0).abs() < 1e-12);
        assert_eq!(found.course(), Course::Rising);
    }

    #[test]
    fn a_constant_has_no_course() {
        let still = |values: &[f64]| trend("m", values, &[], 0.95, 1).unwrap().course();
        assert_eq!((still(&[0.85; 20]), Course::Still.word()), (Course::Still, "inconclusive"));
        assert_eq!(still(&[1.0, 2.0, 1.0, 2.0, 1.0]), Course::NotFound);
    }

    #[test]
    fn a_step_is_a_change_point() {
        let values: Vec<f64> = (0..40).map(|day| if day < 20 { 100.0 } else { 130.0 } + f64::from(day % 3)).collect();
        let changes = trend("m", &values, &[], 0.95, 1).unwrap().changes.unwrap();
        assert_eq!(changes.iter().map(|change| change.index).collect::<Vec<_>>(), [20]);
    }

    #[test]
    fn what_cannot_be_followed_is_named() {
        let error = |values: &[f64], positions: &[f64]| trend("m", values, positions, 0.95, 1).unwrap_err().to_string();
        assert!(error(&[1.0, 2.0], &[]).contains("needs at least 3"));
        assert!(error(&[1.0, f64::NAN, 2.0], &[]).contains("value 1 is NaN"));
        assert!(error(&[1.0, 2.0, 3.0], &[1.0, 3.0, 2.0]).contains("timestamp 2 (from 0) is not after"));
        assert!(error(&[1.0, 2.0, 3.0], &[1.0, 3.0]).contains("2 positions for 3 values"));
        let constant = trend("m", &[5.0; 12], &[], 0.95, 1).unwrap();
        assert_eq!((constant.course(), constant.prediction), (Course::Still, (5.0, None)));
    }
}
