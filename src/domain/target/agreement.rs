//! Whether a target shows what it shall.

use std::collections::BTreeMap;

use super::{Desired, Observed, Percent};

/// How finely a target can share traffic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shares {
    /// Any whole percentage.
    Any,
    /// All or nothing: below 100 % the stable version stays in front, and the candidate is only marked.
    AllOrNothing,
}

impl Shares {
    /// What a target of this kind shows of `desired`.
    pub fn of(self, desired: &Desired) -> Desired {
        match self {
            Self::Any => desired.clone(),
            Self::AllOrNothing if desired.percent == Percent::ALL => desired.clone(),
            Self::AllOrNothing => Desired { percent: Percent::NONE, ..desired.clone() },
        }
    }
}

/// How what was read back stands to what was wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Agreement {
    /// The target shows it.
    Confirmed,
    /// The target shows something else; the text says what, e.g. `1.0.0 has 90 % instead of 75 %`.
    Differs(String),
    /// The target does not know this prompt.
    Unknown,
}

/// Shares may differ by this many percentage points: targets count in small integers.
const TOLERANCE: f64 = 0.5;

impl Observed {
    /// Compares with what was wanted from a target of this granularity. A target that remembers its epoch must
    /// remember this one.
    pub fn agreement(&self, desired: &Desired, shares: Shares) -> Agreement {
        let Some(shown) = &self.shares else { return Agreement::Unknown };
        let wanted = shares.of(desired).shares();
        let mut differences = differences(&wanted, shown);
        if let Some(epoch) = self.epoch.filter(|epoch| *epoch != desired.epoch) {
            differences.push(format!("its epoch is {epoch} instead of {}", desired.epoch));
        }
        if differences.is_empty() { Agreement::Confirmed } else { Agreement::Differs(differences.join("; ")) }
    }
}

fn differences(wanted: &BTreeMap<String, f64>, shown: &BTreeMap<String, f64>) -> Vec<String> {
    let mut versions: Vec<&String> = wanted.keys().chain(shown.keys()).collect();
    versions.sort();
    versions.dedup();
    let share = |of: &BTreeMap<String, f64>, version: &String| of.get(version).copied().unwrap_or(0.0);
    versions
        .into_iter()
        .map(|version| (version, share(wanted, version), share(shown, version)))
        // What cannot be compared does not agree.
        .filter(|(_, wanted, shown)| (wanted - shown).is_nan() || (wanted - shown).abs() > TOLERANCE)
        .map(|(version, wanted, shown)| format!("{version} has {shown} % instead of {wanted} %"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::target::{PinnedVersion, Subject};

    fn desired(percent: u8) -> Desired {
        let version = |number: &str| PinnedVersion { number: number.parse().unwrap(), digest: "0".repeat(64), text: None };
        Desired {
            subject: Subject { prompt: "greeting".into(), environment: "production".into() },
            stable: version("1.0.0"),
            candidate: Some(version("2.0.0")),
            percent: Percent::new(percent).unwrap(),
            rollout: "r1".into(),
            epoch: 3,
            overwrites: false,
        }
    }

    fn observed(shares: &[(&str, f64)]) -> Observed {
        Observed { shares: Some(shares.iter().map(|(version, share)| ((*version).to_owned(), *share)).collect()), ..Observed::default() }
    }

    #[test]
    fn what_is_shown_is_compared_with_what_was_wanted() {
        let any = |observed: &Observed, percent| observed.agreement(&desired(percent), Shares::Any);
        assert_eq!(any(&observed(&[("1.0.0", 75.0), ("2.0.0", 25.0)]), 25), Agreement::Confirmed);
        assert_eq!(any(&observed(&[("2.0.0", 100.0)]), 100), Agreement::Confirmed);
        assert_eq!(any(&Observed::default(), 25), Agreement::Unknown);
        let Agreement::Differs(text) = any(&observed(&[("1.0.0", 90.0), ("2.0.0", 10.0)]), 25) else { panic!("it differs") };
        assert_eq!(text, "1.0.0 has 90 % instead of 75 %; 2.0.0 has 10 % instead of 25 %");
        assert!(matches!(any(&observed(&[("1.0.0", f64::NAN)]), 0), Agreement::Differs(_)));
        assert!(matches!(any(&observed(&[]), 0), Agreement::Differs(_)));
    }

    #[test]
    fn an_all_or_nothing_target_keeps_the_stable_version_in_front_until_the_end() {
        let stable = observed(&[("1.0.0", 100.0)]);
        for percent in [0, 10, 99] {
            assert_eq!(stable.agreement(&desired(percent), Shares::AllOrNothing), Agreement::Confirmed, "{percent}");
        }
        assert!(matches!(stable.agreement(&desired(100), Shares::AllOrNothing), Agreement::Differs(_)));
    }

    #[test]
    fn another_epoch_does_not_agree() {
        let old = Observed { epoch: Some(2), ..observed(&[("2.0.0", 100.0)]) };
        assert_eq!(old.agreement(&desired(100), Shares::Any), Agreement::Differs("its epoch is 2 instead of 3".into()));
    }
}
