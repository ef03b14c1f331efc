//! Values in order of time: lines, robust slopes, monotone trends, change points.

pub mod change_point;
pub mod linear;
pub mod mann_kendall;
pub mod theil_sen;

use super::special::unusable;

#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SeriesError {
    #[error("a series of {got} values; this needs at least {needed}")]
    TooFew { needed: usize, got: usize },
    #[error("a series of {got} values; this takes at most {most}: thin it out or take the last ones")]
    TooMany { most: usize, got: usize },
    #[error("value {index} is {value}: only finite numbers up to 1e150 can be used")]
    Unusable { index: usize, value: f64 },
    #[error("position {index} is {value}: only finite numbers up to 1e150 can be used")]
    UnusablePosition { index: usize, value: f64 },
    #[error("{positions} positions for {values} values")]
    Unpaired { positions: usize, values: usize },
    #[error("all positions are equal: no trend can be seen")]
    OnePosition,
    #[error("the slopes are too steep to calculate with: use a larger unit for the positions")]
    Overflow,
    #[error("a level lies strictly between 0 and 1; {0} does not")]
    Level(f64),
    #[error("the least segment must have 2 values or more, not {0}")]
    MinSegment(usize),
    #[error("at least {needed} permutations are needed to reach the level {level}, not {got}")]
    Permutations { needed: usize, got: usize, level: f64 },
}

fn check(values: &[f64], needed: usize, most: usize) -> Result<(), SeriesError> {
    if let Some((index, value)) = unusable(values) {
        return Err(SeriesError::Unusable { index, value });
    }
    match values.len() {
        got if got < needed => Err(SeriesError::TooFew { needed, got }),
        got if got > most => Err(SeriesError::TooMany { most, got }),
        _ => Ok(()),
    }
}

fn check_positions(positions: &[f64], values: &[f64]) -> Result<(), SeriesError> {
    if positions.len() != values.len() {
        return Err(SeriesError::Unpaired { positions: positions.len(), values: values.len() });
    }
    unusable(positions).map_or(Ok(()), |(index, value)| Err(SeriesError::UnusablePosition { index, value }))
}

fn check_level(level: f64) -> Result<(), SeriesError> {
    if level > 0.0 && level < 1.0 { Ok(()) } else { Err(SeriesError::Level(level)) }
}

/// The rank of each value among the distinct ones, from 0, and how often each distinct one occurs.
fn dense_ranks(values: &[f64]) -> (Vec<usize>, Vec<usize>) {
    // Adding 0.0 makes −0.0 equal to 0.0 under total_cmp.
    let mut order: Vec<(f64, usize)> = values.iter().enumerate().map(|(index, value)| (value + 0.0, index)).collect();
    order.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut ranks = vec![0; values.len()];
    let mut sizes: Vec<usize> = Vec::new();
    let mut last = None;
    for (value, index) in order {
        if last.is_some_and(|last: f64| last.total_cmp(&value).is_eq()) {
            if let Some(size) = sizes.last_mut() {
                *size += 1;
            }
        } else {
            sizes.push(1);
        }
        last = Some(value);
        if let Some(rank) = ranks.get_mut(index) {
            *rank = sizes.len() - 1;
        }
    }
    (ranks, sizes)
}

/// Prefix sums that can be added to in O(log n) (Fenwick 1994): how many values and which sum at ranks up to r.
struct Fenwick(Vec<(f64, f64)>);

impl Fenwick {
    fn new(ranks: usize) -> Self {
        Self(vec![(0.0, 0.0); ranks + 1])
    }

    fn clear(&mut self) {
        self.0.fill((0.0, 0.0));
    }

    fn add(&mut self, rank: usize, value: f64) {
        let mut at = rank + 1;
        while let Some((number, sum)) = self.0.get_mut(at) {
            *number += 1.0;
            *sum += value;
            at += at & at.wrapping_neg();
        }
    }

    /// Number and sum of the values with a rank below `rank`.
    fn below(&self, rank: usize) -> (f64, f64) {
        let (mut at, mut number, mut sum) = (rank, 0.0, 0.0);
        while at > 0 {
            let (n, s) = self.0.get(at).copied().unwrap_or_default();
            number += n;
            sum += s;
            at &= at - 1;
        }
        (number, sum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_dense() {
        assert_eq!(dense_ranks(&[3.0, 0.0, 3.0, -0.0, 9.0]), (vec![1, 0, 1, 0, 2], vec![2, 2, 1]));
    }

    #[test]
    fn fenwick_counts_what_lies_below() {
        let mut tree = Fenwick::new(5);
        for (rank, value) in [(4, 9.0), (0, 1.0), (2, 5.0), (2, 5.0)] {
            tree.add(rank, value);
        }
        assert_eq!(tree.below(0), (0.0, 0.0));
        assert_eq!(tree.below(3), (3.0, 11.0));
        assert_eq!(tree.below(5), (4.0, 20.0));
    }
}
