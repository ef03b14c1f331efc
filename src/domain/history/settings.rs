//! What a user may say about the history of cases.

/// What is kept, and what it decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Which runs are kept.
    pub record: Record,
    /// Runs of each suite that are kept.
    pub keep: usize,
    /// Runs that a baseline is pooled from.
    pub baseline_runs: usize,
    /// Fewer samples of a case say nothing about it.
    pub min_samples: u64,
    /// What failures of a flaky case at its known rate do to a run.
    pub known_flaky: KnownFlaky,
}

/// Which runs are kept. Those of pull requests never are: they are not what the default branch does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Record {
    /// Those of the default branch in a workflow.
    Main,
    /// Those outside of workflows and of other branches too.
    Always,
    /// None.
    Never,
}

/// What failures of a flaky case at its known rate do to a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KnownFlaky {
    /// What every failure does.
    Fails,
    /// They are shown, and the case does not count.
    Warns,
}

impl Default for Settings {
    fn default() -> Self {
        Self { record: Record::Main, keep: 50, baseline_runs: 5, min_samples: 10, known_flaky: KnownFlaky::Fails }
    }
}

/// Where a run takes place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// No workflow: a laptop.
    Outside,
    /// A workflow on the default branch.
    DefaultBranch,
    /// A workflow on another branch, or on one that is not known to be the default.
    OtherBranch,
    /// A workflow about a change that is only proposed.
    Proposed,
}

/// Whether a run is kept.
///
/// # Errors
/// Why it is not, where somebody asked for it.
pub fn is_kept(record: Record, asked: bool, stage: Stage) -> Result<bool, &'static str> {
    match (asked, record, stage) {
        (true, _, Stage::Proposed) => Err("a run about a proposed change is not what the default branch does"),
        (true, Record::Never, _) => Err("the configuration says `history.record: never`"),
        (false, Record::Never, _) | (false, _, Stage::Proposed) | (false, Record::Main, Stage::Outside | Stage::OtherBranch) => Ok(false),
        (true, Record::Main | Record::Always, _) | (false, Record::Always, _) | (false, Record::Main, Stage::DefaultBranch) => Ok(true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proposed_changes_are_never_kept_and_the_default_branch_by_itself() {
        for record in [Record::Main, Record::Always, Record::Never] {
            assert!(is_kept(record, true, Stage::Proposed).is_err());
            assert_eq!(is_kept(record, false, Stage::Proposed), Ok(false));
        }
        assert_eq!(
            [Stage::Outside, Stage::DefaultBranch, Stage::OtherBranch].map(|stage| is_kept(Record::Main, false, stage)),
            [Ok(false), Ok(true), Ok(false)]
        );
        assert_eq!(
            [Stage::Outside, Stage::DefaultBranch, Stage::OtherBranch].map(|stage| is_kept(Record::Always, false, stage)),
            [Ok(true); 3]
        );
        assert_eq!(
            [Stage::Outside, Stage::DefaultBranch, Stage::OtherBranch].map(|stage| is_kept(Record::Main, true, stage)),
            [Ok(true); 3]
        );
        assert!(is_kept(Record::Never, true, Stage::DefaultBranch).is_err());
    }
}
