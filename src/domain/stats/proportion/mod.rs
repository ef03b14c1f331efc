//! Pass rates of independent runs.

pub mod against;
pub mod boschloo;
pub mod fisher;
pub mod intervals;

use thiserror::Error;

/// Why counts make no table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TableError {
    #[error("no runs")]
    Empty,
    #[error("{passed} of {runs} passed")]
    MoreThanAll { passed: usize, runs: usize },
}

/// How many of some runs passed; there is at least one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    passed: usize,
    runs: usize,
}

impl Rate {
    /// Errors: no runs, or more passed than there are.
    pub fn new(passed: usize, runs: usize) -> Result<Self, TableError> {
        match runs {
            0 => Err(TableError::Empty),
            _ if passed > runs => Err(TableError::MoreThanAll { passed, runs }),
            _ => Ok(Self { passed, runs }),
        }
    }

    pub fn passed(self) -> usize {
        self.passed
    }

    pub fn runs(self) -> usize {
        self.runs
    }

    pub fn failed(self) -> usize {
        self.runs - self.passed
    }

    pub fn share(self) -> f64 {
        super::sample::count(self.passed) / super::sample::count(self.runs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impossible_counts_are_errors() {
        assert_eq!(Rate::new(0, 0), Err(TableError::Empty));
        assert_eq!(Rate::new(3, 2), Err(TableError::MoreThanAll { passed: 3, runs: 2 }));
        assert_eq!(TableError::MoreThanAll { passed: 3, runs: 2 }.to_string(), "3 of 2 passed");
    }
}
