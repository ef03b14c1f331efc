//! What a finished run concluded. A bad result is an outcome, not an error.

use std::collections::BTreeSet;

use super::exit_code;
use crate::domain::{
    provider::FaultKind,
    suite::run::{SuiteRun, TestRun, TestVerdict},
};

/// A conclusion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Did what was asked; there was nothing to judge.
    Done,
    /// A rollout stands still, or was stopped.
    RolloutHeld,
    /// A target did not say what it shows, so that nobody knows whether it is what was decided.
    RolloutUnconfirmed {
        /// Whether one refused, which no further look changes by itself.
        refused: bool,
    },
    /// The candidate was rolled back by itself.
    RolledBack,
    /// Rolled back, but later than promised.
    RolledBackLate,
    /// A rollback did not reach every target.
    RollbackFailed,
    /// Prompts were linted.
    Linted {
        /// Whether there are findings at the threshold or above.
        stopped: bool,
    },
    /// Numbers were compared.
    Compared {
        /// Whether something got worse.
        regressed: bool,
        /// Whether something that can fail was not decided: never a pass.
        open: bool,
    },
    /// The audit log was read.
    Audited {
        /// Whether its chain is broken.
        broken: bool,
    },
    /// The code host was set up.
    SetUp {
        /// Whether it refused some of it.
        refused: bool,
        /// Whether it did not answer for some of it.
        unreachable: bool,
        /// Whether somebody else changed some of it meanwhile, so that it was left.
        overtaken: bool,
    },
    /// What is there was held against what should be.
    OutOfDate {
        /// Whether it differs.
        so: bool,
    },
    /// What a run needs was looked at.
    Examined {
        /// Whether something is written wrongly or missing here.
        misconfigured: bool,
        /// Whether a server did not answer.
        unreachable: bool,
        /// Whether a server refused.
        refused: bool,
    },
    /// Metrics in production were looked at.
    Monitored {
        /// Whether one is degraded or critical.
        bad: bool,
        /// Whether numbers do not decide.
        undecided: bool,
        /// Whether a source was not reached, or had no usable numbers.
        unanswered: bool,
        /// Whether a source refused.
        refused: bool,
    },
    /// Gates were judged.
    Gated {
        /// Whether one that can fail the run is closed.
        closed: bool,
        /// Whether the report could not be written.
        unwritten: bool,
    },
    /// A pull request was checked.
    PullRequest {
        /// Whether a check that can fail does not hold.
        invalid: bool,
    },
    /// Suites were run.
    Tested {
        /// What they concluded.
        verdict: TestVerdict,
        /// Whether a suite stayed below its pass rate.
        below_pass_rate: bool,
        /// Whether comparing with base fails the run.
        regressed: bool,
        /// What kept providers from answering.
        faults: BTreeSet<FaultKind>,
        /// Whether the lints stopped the run before its first request.
        linted: bool,
        /// Whether the budget kept samples from being asked.
        over_budget: bool,
        /// Whether a signal stopped the run.
        interrupted: bool,
        /// Whether a report or a recording could not be written.
        unwritten: bool,
        /// Whether every sample is in quarantine, so that nothing decides.
        excused: bool,
        /// Whether nobody knows a number that has a limit.
        unmeasured: bool,
    },
}

impl Outcome {
    /// The conclusion of a run of suites.
    pub fn of(run: &TestRun, unwritten: bool) -> Self {
        Self::Tested {
            verdict: run.verdict(),
            below_pass_rate: run.below_pass_rate(),
            regressed: run.fails_against_base(),
            faults: run.faults(),
            linted: run.stopped_by_lints(),
            over_budget: run.stopped_by_budget(),
            interrupted: run.interrupted,
            unwritten,
            excused: run.is_all_excused(),
            unmeasured: run.suites.iter().any(SuiteRun::is_unmeasured),
        }
    }

    /// The exit code.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Done => 0,
            Self::RolloutHeld => 21,
            Self::RolloutUnconfirmed { refused } => if_so(*refused, 31, 30),
            Self::RolledBack => 22,
            Self::RollbackFailed => 23,
            Self::RolledBackLate => 24,
            Self::Linted { stopped } => if_so(*stopped, 11, 0),
            Self::Compared { regressed: true, .. } => 12,
            Self::Compared { open, .. } => if_so(*open, 13, 0),
            Self::PullRequest { invalid } => if_so(*invalid, 13, 0),
            Self::Audited { broken } => if_so(*broken, 13, 0),
            Self::OutOfDate { so } => if_so(*so, 13, 0),
            Self::SetUp { refused, unreachable, overtaken } => {
                let codes = [unreachable.then_some(30), refused.then_some(31), overtaken.then_some(32)];
                exit_code::strongest(codes.into_iter().flatten())
            }
            Self::Examined { misconfigured, unreachable, refused } => {
                let codes = [misconfigured.then_some(3), unreachable.then_some(30), refused.then_some(31)];
                exit_code::strongest(codes.into_iter().flatten())
            }
            Self::Monitored { bad, undecided, unanswered, refused } => {
                let codes = [bad.then_some(12), undecided.then_some(13), unanswered.then_some(30), refused.then_some(31)];
                exit_code::strongest(codes.into_iter().flatten())
            }
            Self::Gated { closed, unwritten } => exit_code::strongest(closed.then_some(13).into_iter().chain(unwritten.then_some(3))),
            Self::Tested {
                verdict,
                below_pass_rate,
                regressed,
                faults,
                linted,
                over_budget,
                interrupted,
                unwritten,
                excused,
                unmeasured,
            } => {
                let worse = regressed.then_some(12);
                let below = below_pass_rate.then_some(10);
                let verdict = match verdict {
                    TestVerdict::Inconclusive if *linted => Some(11),
                    TestVerdict::Inconclusive if *excused => Some(4),
                    TestVerdict::Inconclusive if *unmeasured => Some(13),
                    // Without a fault, only a signal or the budget leaves samples open; anything else would be a bug, never a pass.
                    TestVerdict::Inconclusive if faults.is_empty() && !interrupted && !over_budget => Some(1),
                    // What failed is said by `below` and `worse`.
                    TestVerdict::Inconclusive | TestVerdict::Passed | TestVerdict::Failed => None,
                };
                let faults = faults.iter().map(|fault| fault_code(*fault));
                exit_code::strongest(
                    verdict
                        .into_iter()
                        .chain(below)
                        .chain(worse)
                        .chain(faults)
                        .chain(over_budget.then_some(13))
                        .chain(interrupted.then_some(130))
                        .chain(unwritten.then_some(3)),
                )
            }
        }
    }
}

/// The one code where `so` holds, else the other.
fn if_so(so: bool, code: u8, otherwise: u8) -> u8 {
    if so { code } else { otherwise }
}

fn fault_code(fault: FaultKind) -> u8 {
    match fault {
        FaultKind::Unreachable | FaultKind::Timeout | FaultKind::Malformed => 30,
        FaultKind::Denied | FaultKind::Rejected | FaultKind::RateLimited => 31,
        FaultKind::NotRecorded => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tested(verdict: TestVerdict, faults: &[FaultKind], interrupted: bool) -> u8 {
        let faults = faults.iter().copied().collect();
        let below_pass_rate = verdict == TestVerdict::Failed;
        Outcome::Tested {
            verdict,
            below_pass_rate,
            regressed: false,
            faults,
            linted: false,
            over_budget: false,
            interrupted,
            unwritten: false,
            excused: false,
            unmeasured: false,
        }
        .exit_code()
    }

    #[test]
    fn an_outage_is_not_a_regression_and_not_a_pass() {
        assert_eq!(tested(TestVerdict::Inconclusive, &[FaultKind::Unreachable], false), 30);
        assert_eq!(tested(TestVerdict::Inconclusive, &[FaultKind::Unreachable, FaultKind::Denied], false), 31);
        assert_eq!(tested(TestVerdict::Passed, &[FaultKind::Timeout], false), 30);
        assert_eq!(tested(TestVerdict::Inconclusive, &[FaultKind::NotRecorded], false), 3);
    }

    #[test]
    fn a_spent_budget_is_not_decided_and_never_a_pass() {
        let spent = |verdict, faults: &[FaultKind]| {
            let (faults, below_pass_rate) = (faults.iter().copied().collect(), verdict == TestVerdict::Failed);
            let rest = (false, false, true, false, false, false);
            let (regressed, linted, over_budget, interrupted, unwritten, excused) = rest;
            Outcome::Tested {
                verdict,
                below_pass_rate,
                regressed,
                faults,
                linted,
                over_budget,
                interrupted,
                unwritten,
                excused,
                unmeasured: false,
            }
            .exit_code()
        };
        assert_eq!(spent(TestVerdict::Inconclusive, &[]), 13);
        assert_eq!(spent(TestVerdict::Inconclusive, &[FaultKind::Timeout]), 13);
        assert_eq!(spent(TestVerdict::Failed, &[]), 10);
    }

    #[test]
    fn a_certain_failure_outranks_an_outage() {
        assert_eq!(tested(TestVerdict::Failed, &[FaultKind::Unreachable], false), 10);
        assert_eq!(tested(TestVerdict::Failed, &[], true), 130);
    }

    #[test]
    fn a_regression_has_its_own_code_and_outranks_failed_assertions() {
        let worse = |below_pass_rate| Outcome::Tested {
            verdict: TestVerdict::Failed,
            below_pass_rate,
            regressed: true,
            faults: BTreeSet::new(),
            linted: false,
            over_budget: false,
            interrupted: false,
            unwritten: false,
            excused: false,
            unmeasured: false,
        };
        assert_eq!([false, true].map(|below| worse(below).exit_code()), [12, 12]);
    }

    #[test]
    fn findings_stop_with_their_own_code() {
        assert_eq!([false, true].map(|stopped| Outcome::Linted { stopped }.exit_code()), [0, 11]);
        let stopped = |verdict, unwritten| Outcome::Tested {
            verdict,
            below_pass_rate: false,
            regressed: false,
            faults: BTreeSet::new(),
            linted: true,
            over_budget: false,
            interrupted: false,
            unwritten,
            excused: false,
            unmeasured: false,
        };
        assert_eq!(stopped(TestVerdict::Inconclusive, false).exit_code(), 11);
        assert_eq!(stopped(TestVerdict::Inconclusive, true).exit_code(), 11);
    }

    #[test]
    fn a_run_in_quarantine_is_no_pass() {
        let excused = Outcome::Tested {
            verdict: TestVerdict::Inconclusive,
            below_pass_rate: false,
            regressed: false,
            faults: BTreeSet::new(),
            linted: false,
            over_budget: false,
            interrupted: false,
            unwritten: false,
            excused: true,
            unmeasured: false,
        };
        assert_eq!(excused.exit_code(), 4);
    }

    #[test]
    fn what_is_not_decided_is_no_pass() {
        let code = |regressed, open| Outcome::Compared { regressed, open }.exit_code();
        assert_eq!([code(false, false), code(false, true), code(true, false), code(true, true)], [0, 13, 12, 12]);
    }

    #[test]
    fn an_unexplained_gap_is_a_bug() {
        assert_eq!(tested(TestVerdict::Inconclusive, &[], false), 1);
        assert_eq!(tested(TestVerdict::Passed, &[], false), 0);
    }
}
