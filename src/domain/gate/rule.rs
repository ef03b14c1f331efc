//! A gate's rule, and what one number makes of it.

use std::{fmt, path::PathBuf};

use serde::Serialize;

/// What a number must keep to. Every bound has a good side, so a ratchet knows which way is worse.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bound {
    /// Not below.
    AtLeast(f64),
    /// Not above.
    AtMost(f64),
    /// Strictly above.
    Above(f64),
    /// Strictly below.
    Below(f64),
}

impl Bound {
    /// Whether a number keeps to it. NaN never does.
    pub fn holds(self, value: f64) -> bool {
        match self {
            Self::AtLeast(bound) => value >= bound,
            Self::AtMost(bound) => value <= bound,
            Self::Above(bound) => value > bound,
            Self::Below(bound) => value < bound,
        }
    }

    /// Whether `value` is worse than `before`, by more than `slack`.
    pub fn is_worse(self, value: f64, before: f64, slack: f64) -> bool {
        match self {
            Self::AtLeast(_) | Self::Above(_) => value < before - slack,
            Self::AtMost(_) | Self::Below(_) => value > before + slack,
        }
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtLeast(bound) => write!(f, "at least {bound}"),
            Self::AtMost(bound) => write!(f, "at most {bound}"),
            Self::Above(bound) => write!(f, "above {bound}"),
            Self::Below(bound) => write!(f, "below {bound}"),
        }
    }
}

/// What a closed gate does to the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnFail {
    /// It fails it.
    Fail,
    /// It is said.
    Warn,
}

/// Where a gate's number is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// In a file that another tool wrote.
    File {
        /// The file, relative to the configuration.
        file: PathBuf,
        /// The format by name; `None`: told by the content.
        format: Option<String>,
        /// Which of the format's numbers; for `json` a JSON pointer.
        measure: String,
    },
    /// In the answer of a metric source.
    Metric {
        /// The source's name.
        source: String,
        /// What is asked there.
        query: String,
    },
}

impl Source {
    /// What the number is called.
    pub fn number(&self) -> &str {
        match self {
            Self::File { measure, .. } => measure,
            Self::Metric { query, .. } => query,
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { file, measure, .. } => write!(f, "{measure} in {}", file.display()),
            Self::Metric { source, query } => write!(f, "{query} from {source}"),
        }
    }
}

/// One gate.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct GateRule {
    /// Its name, unique.
    pub name: String,
    /// Where the number is.
    pub source: Source,
    /// What it must keep to.
    pub bound: Bound,
    /// A ratchet: also not worse than the baseline's number, by more than this. `None`: no ratchet.
    pub never_worse: Option<f64>,
    /// What a closed gate does.
    pub on_fail: OnFail,
}

/// How a gate ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Open.
    Passed,
    /// Closed, and only said.
    Warned,
    /// Closed.
    Failed,
}

/// Why there is no number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unread(pub String);

/// A gate with its number.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct GateResult {
    /// The rule.
    pub rule: GateRule,
    /// The number; `None` when it could not be read.
    pub value: Option<f64>,
    /// The baseline's number, where the rule looks at it.
    pub before: Option<f64>,
    /// How it ended.
    pub status: Status,
    /// Why, when it is closed: the number against the bound, or what is wrong with the file.
    pub reason: Option<String>,
}

/// All gates of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GateRun {
    /// In the order of the configuration.
    pub gates: Vec<GateResult>,
}

impl GateRule {
    /// Judges a number, or the reason why there is none. `before` is the number of the baseline.
    pub fn judge(&self, value: Result<f64, Unread>, before: Result<f64, Unread>) -> GateResult {
        let mut reasons = Vec::new();
        let value = match value {
            Ok(value) if value.is_finite() => Some(value),
            Ok(value) => {
                reasons.push(format!("{} is {value}, not a number", self.source.number()));
                None
            }
            Err(Unread(why)) => {
                reasons.push(why);
                None
            }
        };
        if let Some(value) = value
            && !self.bound.holds(value)
        {
            reasons.push(format!("{value} is not {}", self.bound));
        }
        let before = self.never_worse.map(|slack| (slack, before));
        let seen = match before {
            None => None,
            Some((_, Err(Unread(why)))) => {
                reasons.push(why);
                None
            }
            Some((slack, Ok(before))) => {
                if value.is_some_and(|value| !before.is_finite() || self.bound.is_worse(value, before, slack)) {
                    let allowed = if slack > 0.0 { format!(" by more than {slack}") } else { String::new() };
                    reasons.push(format!("worse than the baseline's {before}{allowed}"));
                }
                Some(before)
            }
        };
        let status = match (reasons.is_empty(), self.on_fail) {
            (true, _) => Status::Passed,
            (false, OnFail::Warn) => Status::Warned,
            (false, OnFail::Fail) => Status::Failed,
        };
        GateResult { rule: self.clone(), value, before: seen, status, reason: (!reasons.is_empty()).then(|| reasons.join("; ")) }
    }
}

impl GateRun {
    /// Whether a gate that can fail the run is closed.
    pub fn is_closed(&self) -> bool {
        self.gates.iter().any(|gate| gate.status == Status::Failed)
    }

    /// How many gates ended so.
    pub fn count(&self, status: Status) -> usize {
        self.gates.iter().filter(|gate| gate.status == status).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(bound: Bound) -> GateRule {
        let source = Source::File { file: "coverage.xml".into(), format: None, measure: "line-coverage".to_owned() };
        GateRule { name: "coverage".to_owned(), source, bound, never_worse: None, on_fail: OnFail::Fail }
    }

    fn unread(why: &str) -> Result<f64, Unread> {
        Err(Unread(why.to_owned()))
    }

    #[test]
    fn bounds_are_strict_where_they_say_so() {
        let holds = |bound: Bound, value: f64| rule(bound).judge(Ok(value), unread("")).status == Status::Passed;
        assert_eq!([holds(Bound::AtLeast(80.0), 80.0), holds(Bound::AtLeast(80.0), 79.99)], [true, false]);
        assert_eq!([holds(Bound::AtMost(0.0), 0.0), holds(Bound::AtMost(0.0), 1.0)], [true, false]);
        assert_eq!([holds(Bound::Above(50.0), 50.0), holds(Bound::Above(50.0), 51.0)], [false, true]);
        assert_eq!([holds(Bound::Below(100.0), 100.0), holds(Bound::Below(100.0), 99.0)], [false, true]);
    }

    #[test]
    fn what_is_missing_or_no_number_closes_the_gate() {
        for value in [unread("coverage.xml: not there"), Ok(f64::NAN), Ok(f64::INFINITY)] {
            let result = rule(Bound::AtLeast(0.0)).judge(value, unread(""));
            assert_eq!((result.status, result.value), (Status::Failed, None));
            assert!(result.reason.is_some());
        }
        let warned = GateRule { on_fail: OnFail::Warn, ..rule(Bound::AtLeast(80.0)) }.judge(Ok(1.0), unread(""));
        assert_eq!(warned.status, Status::Warned);
        assert!(!GateRun { gates: vec![warned] }.is_closed());
    }

    #[test]
    fn a_ratchet_only_turns_one_way_and_needs_a_baseline() {
        let coverage = GateRule { never_worse: Some(0.5), ..rule(Bound::AtLeast(80.0)) };
        assert_eq!(coverage.judge(Ok(89.6), Ok(90.0)).status, Status::Passed);
        let worse = coverage.judge(Ok(89.4), Ok(90.0));
        assert_eq!(worse.reason.as_deref(), Some("worse than the baseline's 90 by more than 0.5"));
        assert_eq!(coverage.judge(Ok(95.0), Ok(90.0)).status, Status::Passed);
        assert_eq!(coverage.judge(Ok(95.0), unread("no baseline")).status, Status::Failed);
        assert_eq!(coverage.judge(Ok(95.0), Ok(f64::NAN)).status, Status::Failed);
        let findings = GateRule { never_worse: Some(0.0), ..rule(Bound::AtMost(100.0)) };
        assert_eq!([findings.judge(Ok(3.0), Ok(3.0)).status, findings.judge(Ok(4.0), Ok(3.0)).status], [Status::Passed, Status::Failed]);
    }
}
