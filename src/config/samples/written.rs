//! What a file or a command line asks for, before it is a question.

use crate::{
    config::suggest,
    domain::{
        regression::analysis::{Consider, Question, TestKind},
        stats::outliers::OutlierRule,
    },
};

/// Parameters as somebody wrote them; `None` where nothing was said.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Written {
    /// The metric's name.
    pub metric: Option<String>,
    /// The unit of the values; the baseline's and the current ones' where they are told apart.
    pub units: [Option<String>; 2],
    /// Which change counts.
    pub consider: Option<String>,
    /// The confidence level.
    pub level: Option<f64>,
    /// The least effect in standard deviations.
    pub min_effect: Option<f64>,
    /// The threshold of the outlier rule.
    pub outlier_threshold: Option<f64>,
    /// `z`, `mad` or `iqr`.
    pub outlier_method: Option<String>,
    /// Whether outliers are left out.
    pub filter_outliers: Option<bool>,
    /// The tests' names.
    pub tests: Option<Vec<String>>,
    /// The least number of values.
    pub min_samples: Option<usize>,
    /// The largest number of values.
    pub max_samples: Option<usize>,
    /// The margin as a share.
    pub margin: Option<f64>,
    /// The seed of drawing.
    pub seed: Option<u64>,
}

impl Written {
    /// This one's values, and the other's where this one says nothing.
    #[must_use]
    pub fn over(self, other: Self) -> Self {
        let [unit, current_unit] = self.units;
        let [other_unit, other_current] = other.units;
        Self {
            metric: self.metric.or(other.metric),
            units: [unit.or(other_unit), current_unit.or(other_current)],
            consider: self.consider.or(other.consider),
            level: self.level.or(other.level),
            min_effect: self.min_effect.or(other.min_effect),
            outlier_threshold: self.outlier_threshold.or(other.outlier_threshold),
            outlier_method: self.outlier_method.or(other.outlier_method),
            filter_outliers: self.filter_outliers.or(other.filter_outliers),
            tests: self.tests.or(other.tests),
            min_samples: self.min_samples.or(other.min_samples),
            max_samples: self.max_samples.or(other.max_samples),
            margin: self.margin.or(other.margin),
            seed: self.seed.or(other.seed),
        }
    }

    /// The question, with the defaults where nothing was said.
    ///
    /// # Errors
    /// Every word that is not known, each with what was probably meant.
    pub fn question(self) -> Result<Question, Vec<(String, Option<String>)>> {
        let defaults = Question::default();
        let mut wrong = Vec::new();
        if let [Some(one), Some(two)] = &self.units
            && one != two
        {
            let help = "bring both sides to one unit first".to_owned();
            wrong.push((
                format!("the baseline is in `{}` and the current values are in `{}`", suggest::shorten(one), suggest::shorten(two)),
                Some(help),
            ));
        }
        let consider = self.consider.as_deref().map_or(Some(defaults.consider), |word| {
            Consider::parse(word).or_else(|| {
                let words = Consider::WORDS.into_iter().flat_map(|(_, words)| words);
                wrong.push((format!("`{}` is no direction", suggest::shorten(word)), suggest::help(word, "directions", words)));
                None
            })
        });
        let mut tests = Vec::new();
        for name in self.tests.iter().flatten() {
            if let Some(kind) = TestKind::parse(name) {
                tests.push(kind);
            } else {
                let known = TestKind::NAMES.into_iter().map(|(_, [name, ..])| name);
                wrong.push((format!("`{}` is no statistical test", suggest::shorten(name)), suggest::help(name, "tests", known)));
            }
        }
        let outliers = match self.outlier_method.as_deref() {
            None | Some("z") => OutlierRule::Z(self.outlier_threshold.unwrap_or(3.0)),
            Some("mad") => OutlierRule::Mad(self.outlier_threshold.unwrap_or(3.5)),
            Some("iqr") => OutlierRule::Iqr(self.outlier_threshold.unwrap_or(1.5)),
            Some(other) => {
                wrong.push((
                    format!("`{}` is no outlier rule", suggest::shorten(other)),
                    suggest::help(other, "rules", ["z", "mad", "iqr"]),
                ));
                defaults.outliers
            }
        };
        if !wrong.is_empty() {
            return Err(wrong);
        }
        let [unit, current_unit] = self.units;
        Ok(Question {
            metric: self.metric.filter(|name| !name.is_empty()).unwrap_or(defaults.metric),
            unit: unit.or(current_unit),
            consider: consider.unwrap_or(defaults.consider),
            level: self.level.unwrap_or(defaults.level),
            min_effect: self.min_effect.unwrap_or(defaults.min_effect),
            outliers,
            filter_outliers: self.filter_outliers.unwrap_or(defaults.filter_outliers),
            tests: if self.tests.is_some() { tests } else { defaults.tests },
            min_samples: self.min_samples.unwrap_or(defaults.min_samples),
            max_samples: self.max_samples,
            margin: self.margin,
            seed: self.seed.unwrap_or(defaults.seed),
        })
    }
}
