//! The one table from what happened to the process's exit code. `docs/reference/exit-codes.md` repeats it; a test compares.

/// A row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// The number a shell sees.
    pub code: u8,
    /// A short name.
    pub name: &'static str,
    /// When it is given.
    pub meaning: &'static str,
}

/// Every exit code, from the weakest to the strongest: when several hold, the last of them in this table wins.
///
/// A failure that no further answer could change outranks an outage; an outage outranks a pass.
pub const TABLE: [Row; 18] = [
    Row { code: 0, name: "ok", meaning: "concluded, all well" },
    Row { code: 4, name: "nothing-selected", meaning: "nothing selected: no suites, no cases, no prompts" },
    Row { code: 3, name: "configuration", meaning: "configuration invalid, or a file it names cannot be used" },
    Row { code: 2, name: "usage", meaning: "the command line is wrong" },
    Row {
        code: 30,
        name: "unreachable",
        meaning: "a service could not be reached or gave no usable answer (model, GitHub, registry, metrics)",
    },
    Row { code: 31, name: "refused", meaning: "a service or program refused us (4xx, quota, a redirect, a failing program)" },
    Row { code: 32, name: "conflict", meaning: "state changed under us (another run)" },
    Row {
        code: 13,
        name: "gate-closed",
        meaning: "a gate is closed, the pull request is invalid, something is out of date, or numbers or a budget did not suffice to decide",
    },
    Row { code: 10, name: "assertions-failed", meaning: "assertions failed" },
    Row { code: 12, name: "regression", meaning: "regression" },
    Row { code: 11, name: "security", meaning: "findings of lints at or above the threshold: security, and all others" },
    Row { code: 20, name: "rollout-refused", meaning: "rollout refused (illegal from this state)" },
    Row { code: 21, name: "rollout-held", meaning: "rollout stopped or held: unhealthy or inconclusive" },
    Row { code: 22, name: "rolled-back", meaning: "rolled back automatically" },
    Row { code: 24, name: "rolled-back-late", meaning: "rolled back, but later than the deadline" },
    Row { code: 23, name: "rollback-failed", meaning: "rollback failed: people needed" },
    Row { code: 130, name: "interrupted", meaning: "stopped by a signal; what was done until then is reported" },
    Row { code: 1, name: "internal", meaning: "internal: a bug, please report" },
];

/// The strongest of several codes by their place in [`TABLE`]; 0 for none, 1 for a code that is not in it.
pub fn strongest(codes: impl IntoIterator<Item = u8>) -> u8 {
    codes
        .into_iter()
        .max_by_key(|code| TABLE.iter().position(|row| row.code == *code).unwrap_or(usize::MAX))
        .map_or(0, |code| if TABLE.iter().any(|row| row.code == code) { code } else { 1 })
}

/// What `--no-fail` makes of a code: bad results (10 to 13) become 0, failures stay.
pub fn without_results(code: u8) -> u8 {
    if (10..=13).contains(&code) { 0 } else { code }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_code_stands_for_two_things() {
        let mut codes: Vec<u8> = TABLE.iter().map(|row| row.code).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), TABLE.len());
    }

    #[test]
    fn the_strongest_wins() {
        assert_eq!(strongest([]), 0);
        assert_eq!(strongest([0, 30]), 30);
        assert_eq!(strongest([30, 10, 3]), 10);
        assert_eq!(strongest([10, 130]), 130);
        assert_eq!(strongest([10, 99]), 1, "an unknown code is a bug");
    }

    #[test]
    fn no_fail_hides_results_only() {
        assert_eq!([0, 3, 4, 10, 11, 12, 13, 20, 30, 130].map(without_results), [0, 3, 4, 0, 0, 0, 0, 20, 30, 130]);
    }
}
