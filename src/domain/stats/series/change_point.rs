//! E-divisive change points: where did the distribution of the series change?
//!
//! The energy distance between the parts left and right of a split, E = 2·mean|x−y| − mean|x−x′| − mean|y−y′| with the
//! within-part means over pairs of different members (ddof 1), scaled to Q = nm/(n+m)·E. The best split of any segment is
//! tested by permuting the values within every segment: p = (1 + number of permutations with a Q at least as large) /
//! (1 + permutations), seeded. Splitting goes on until the best one is not significant. Parts always reach to the end of
//! their segment (the variant used on benchmark history), so a short bump shows as two points only if the first is found.
//! Source: Matteson and James, JASA 109 (2014) 334, with α = 1; Daly et al., ICPE 2020.
//! O(n log n) per permutation by prefix sums over ranks; at most [`MOST`] values.
//!
//! Errors: too few or too many values, unusable values, a least segment below 2, too few permutations for the level.
//! A constant series has no change points.

use super::{Fenwick, SeriesError, check, check_level, dense_ranks};
use crate::domain::stats::{
    rng::SplitMix64,
    special::{count, is_constant},
};

pub const MOST: usize = 10_000;

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Options {
    pub min_segment: usize,
    pub significance: f64,
    pub permutations: usize,
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { min_segment: 5, significance: 0.01, permutations: 199, seed: 0 }
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChangePoint {
    /// The first value of the new regime.
    pub index: usize,
    pub q: f64,
    pub p_value: f64,
    pub mean_before: f64,
    pub mean_after: f64,
}

/// In order of time. `mean_before` and `mean_after` are those of the final segments on both sides.
pub fn change_points(values: &[f64], options: Options) -> Result<Vec<ChangePoint>, SeriesError> {
    check_level(options.significance)?;
    if options.min_segment < 2 {
        return Err(SeriesError::MinSegment(options.min_segment));
    }
    check(values, 2 * options.min_segment, MOST)?;
    if 1.0 / count(options.permutations + 1) > options.significance {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small positive count; casts saturate")]
        let needed = (1.0 / options.significance).ceil() as usize - 1;
        return Err(SeriesError::Permutations { needed, got: options.permutations, level: options.significance });
    }
    let mut rng = SplitMix64::new(options.seed);
    let mut segments = vec![Segment::new(0, values, options.min_segment)];
    let mut found: Vec<(usize, f64, f64)> = Vec::new();
    while let Some((at, best)) = strongest(&segments) {
        let p_value = p_value(&mut segments, best.q, options, &mut rng);
        if p_value > options.significance {
            break;
        }
        let old = segments.swap_remove(at);
        found.push((old.start + best.at, best.q, p_value));
        let (left, right) = old.values.split_at(best.at);
        segments.push(Segment::new(old.start, left, options.min_segment));
        segments.push(Segment::new(old.start + best.at, right, options.min_segment));
    }
    found.sort_by_key(|(index, ..)| *index);
    segments.sort_by_key(|segment| segment.start);
    let means = segments.iter().zip(segments.iter().skip(1)).map(|(before, after)| (before.mean(), after.mean()));
    let points = found.into_iter().zip(means);
    Ok(points.map(|((index, q, p_value), (mean_before, mean_after))| ChangePoint { index, q, p_value, mean_before, mean_after }).collect())
}

#[derive(Clone, Copy)]
struct Split {
    at: usize,
    q: f64,
}

/// A value, its rank in the segment and the sum of its distances to all of the segment: unchanged by permuting.
#[derive(Clone, Copy)]
struct Member {
    value: f64,
    rank: usize,
    distances: f64,
}

struct Segment<'a> {
    start: usize,
    values: &'a [f64],
    members: Vec<Member>,
    tree: Fenwick,
    best: Option<Split>,
    min: usize,
}

impl<'a> Segment<'a> {
    fn new(start: usize, values: &'a [f64], min: usize) -> Self {
        let mut segment = Self { start, values, members: Vec::new(), tree: Fenwick::new(0), best: None, min };
        if values.len() >= 2 * min && !is_constant(values) {
            let (ranks, sizes) = dense_ranks(values);
            segment.tree = Fenwick::new(sizes.len());
            // Shifting keeps the sums of distances free of a common offset.
            let shift = values.first().copied().unwrap_or_default();
            segment.members = values.iter().zip(ranks).map(|(value, rank)| Member { value: value - shift, rank, distances: 0.0 }).collect();
            segment.fill();
            segment.measure();
            segment.best = segment.scan();
        }
        segment
    }

    fn mean(&self) -> f64 {
        let shift = self.values.first().copied().unwrap_or_default();
        shift + self.values.iter().map(|value| value - shift).sum::<f64>() / count(self.values.len())
    }

    fn fill(&mut self) {
        for member in &self.members {
            self.tree.add(member.rank, member.value);
        }
    }

    fn measure(&mut self) {
        let all = (count(self.members.len()), self.members.iter().map(|member| member.value).sum());
        for member in &mut self.members {
            member.distances = distances(&self.tree, *member, all);
        }
    }

    /// The split with the largest Q in the present order.
    fn scan(&mut self) -> Option<Split> {
        self.tree.clear();
        let total = count(self.members.len());
        let all_pairs = 0.5 * self.members.iter().map(|member| member.distances).sum::<f64>();
        let (mut within_left, mut to_all, mut sum) = (0.0, 0.0, 0.0);
        let mut best: Option<Split> = None;
        for (before, member) in self.members.iter().enumerate() {
            within_left += distances(&self.tree, *member, (count(before), sum));
            to_all += member.distances;
            sum += member.value;
            self.tree.add(member.rank, member.value);
            let at = before + 1;
            if at < self.min || self.members.len() - at < self.min {
                continue;
            }
            let (n, m) = (count(at), total - count(at));
            let across = to_all - 2.0 * within_left;
            let within_right = all_pairs - within_left - across;
            let energy = 2.0 * across / (n * m) - 2.0 * within_left / (n * (n - 1.0)) - 2.0 * within_right / (m * (m - 1.0));
            let q = n * m / total * energy;
            if best.is_none_or(|best| q > best.q) {
                best = Some(Split { at, q });
            }
        }
        best
    }
}

/// Σ |x − y| over what is in the tree: `all` is its number and sum.
fn distances(tree: &Fenwick, member: Member, all: (f64, f64)) -> f64 {
    let (number, sum) = tree.below(member.rank);
    member.value * number - sum + (all.1 - sum) - member.value * (all.0 - number)
}

fn strongest(segments: &[Segment<'_>]) -> Option<(usize, Split)> {
    let splits = segments.iter().enumerate().filter_map(|(at, segment)| segment.best.map(|best| (at, best)));
    splits.max_by(|a, b| a.1.q.total_cmp(&b.1.q))
}

fn p_value(segments: &mut [Segment<'_>], observed: f64, options: Options, rng: &mut SplitMix64) -> f64 {
    let runs = count(options.permutations + 1);
    let mut as_large = 1.0;
    let threshold = observed - 1e-9 * observed.abs();
    for _ in 0..options.permutations {
        let mut largest = f64::NEG_INFINITY;
        for segment in segments.iter_mut().filter(|segment| segment.best.is_some()) {
            rng.shuffle(&mut segment.members);
            largest = largest.max(segment.scan().map_or(f64::NEG_INFINITY, |split| split.q));
        }
        if largest >= threshold {
            as_large += 1.0;
        }
        // It can only grow from here.
        if as_large / runs > options.significance {
            break;
        }
    }
    as_large / runs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(n: usize, seed: u64) -> Vec<f64> {
        let mut rng = SplitMix64::new(seed);
        (0..n).map(|_| (0..12).map(|_| count(rng.index(1 << 20)) / f64::from(1 << 20)).sum::<f64>() - 6.0).collect()
    }

    fn indices(values: &[f64]) -> Vec<usize> {
        change_points(values, Options::default()).unwrap().iter().map(|point| point.index).collect()
    }

    #[test]
    fn bad_input_is_named() {
        let with = |values: &[f64], options| change_points(values, options);
        let default = Options::default();
        assert_eq!(with(&[1.0; 9], default), Err(SeriesError::TooFew { needed: 10, got: 9 }));
        assert_eq!(with(&vec![1.0; MOST + 1], default), Err(SeriesError::TooMany { most: MOST, got: MOST + 1 }));
        assert_eq!(with(&[1.0; 20], Options { min_segment: 1, ..default }), Err(SeriesError::MinSegment(1)));
        assert_eq!(
            with(&[1.0; 20], Options { permutations: 19, ..default }),
            Err(SeriesError::Permutations { needed: 99, got: 19, level: 0.01 })
        );
        assert!(matches!(with(&[f64::NAN; 20], default), Err(SeriesError::Unusable { index: 0, .. })));
        assert_eq!(with(&[0.85; 20], default), Ok(Vec::new()));
    }

    #[test]
    fn the_fast_scan_agrees_with_the_definition() {
        let values: Vec<f64> = noise(23, 3).into_iter().map(|x| (x * 4.0).round() + 1e6).collect();
        let best = Segment::new(0, &values, 2).best.unwrap();
        let mean =
            |a: &[f64], b: &[f64], pairs: usize| a.iter().flat_map(|x| b.iter().map(move |y| (x - y).abs())).sum::<f64>() / count(pairs);
        let q = |at: usize| {
            let (a, b) = values.split_at(at);
            let (n, m) = (a.len(), b.len());
            let energy = 2.0 * mean(a, b, n * m) - mean(a, a, n * (n - 1)) - mean(b, b, m * (m - 1));
            count(n * m) / count(n + m) * energy
        };
        let expected = (2..=21).max_by(|a, b| q(*a).total_cmp(&q(*b))).unwrap();
        assert!((best.q - q(best.at)).abs() < 1e-9 && (q(best.at) - q(expected)).abs() < 1e-9, "{} {expected}", best.at);
    }

    #[test]
    fn two_steps_are_found_where_they_are() {
        let mut values = noise(120, 1);
        for value in &mut values[40..] {
            *value += 4.0;
        }
        for value in &mut values[85..] {
            *value -= 7.0;
        }
        let found = indices(&values);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].abs_diff(40) <= 1 && found[1].abs_diff(85) <= 1, "{found:?}");
        let point = change_points(&values, Options::default()).unwrap()[0];
        assert!(point.mean_after - point.mean_before > 3.0 && point.p_value <= 0.01);
    }

    #[test]
    fn a_change_of_spread_is_a_change() {
        let mut values = noise(200, 5);
        for value in &mut values[100..] {
            *value *= 6.0;
        }
        let found = indices(&values);
        assert!(found.len() == 1 && found[0].abs_diff(100) <= 12, "{found:?}");
    }

    #[test]
    fn noise_alone_rarely_changes() {
        let alarms = (0..200).filter(|seed| !indices(&noise(40, 1_000 + seed)).is_empty()).count();
        assert!(alarms <= 7, "{alarms} of 200 at the level 0.01");
    }

    #[test]
    fn offset_scale_and_direction_of_time_do_not_matter() {
        let mut values = noise(60, 9);
        for value in &mut values[30..] {
            *value += 5.0;
        }
        let lifted: Vec<f64> = values.iter().map(|x| x * 1e-6 + 1e3).collect();
        let back: Vec<f64> = values.iter().rev().copied().collect();
        assert_eq!(indices(&values), indices(&lifted));
        assert_eq!(indices(&back), indices(&values).iter().map(|at| 60 - at).collect::<Vec<_>>());
    }
}
