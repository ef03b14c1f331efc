//! Means of values that come in clusters: repeats of one case, cases from one document.
//!
//! The mean is over all values. CR0 standard error = `√Σ_c (Σ_i (y_ci − mean))² / n` (Miller, arXiv 2411.00640, eq. 4); CR1 multiplies by
//! √(G/(G−1)), as statsmodels and Stata do with one parameter, and carries a t interval with G − 1 df. Below some 20 clusters both are
//! optimistic: use [`bootstrap_mean`], which draws whole clusters (Field and Welsh 2007) and gives `BCa` over clusters.
//!
//! Errors: fewer than 2 clusters (3 for the bootstrap), an empty cluster, unusable values, no variation between clusters for the
//! bootstrap, and those of [`bootstrap`](super::bootstrap). Constant values have standard errors of 0.

use super::{
    ResampleError,
    bootstrap::{Bootstrap, Options, interval},
};
use crate::domain::stats::{
    rng::SplitMix64,
    special::{Moments, count, is_constant, t_isf, unusable},
};

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClusteredMean {
    pub mean: f64,
    pub n: usize,
    pub clusters: usize,
    /// As if all values were independent.
    pub se_naive: f64,
    pub se_cr0: f64,
    pub se_cr1: f64,
}

impl ClusteredMean {
    /// Student's t with G − 1 df around the mean, by CR1.
    pub fn interval(&self, level: f64) -> Result<[f64; 2], ResampleError> {
        if !(level > 0.0 && level < 1.0) {
            return Err(ResampleError::Level(level));
        }
        let reach = t_isf(0.5 * (1.0 - level), count(self.clusters) - 1.0) * self.se_cr1;
        Ok([self.mean - reach, self.mean + reach])
    }
}

pub fn clustered_mean<C: AsRef<[f64]>>(clusters: &[C]) -> Result<ClusteredMean, ResampleError> {
    let values = flatten(clusters, 2)?;
    let all = Moments::of(&values);
    let squares: f64 = if is_constant(&values) {
        0.0
    } else {
        clusters.iter().map(|cluster| cluster.as_ref().iter().map(|y| all.deviation(*y)).sum::<f64>().powi(2)).sum()
    };
    let groups = count(clusters.len());
    let se_cr0 = squares.sqrt() / all.n;
    Ok(ClusteredMean {
        mean: all.mean(),
        n: values.len(),
        clusters: clusters.len(),
        se_naive: (all.variance / all.n).sqrt(),
        se_cr0,
        se_cr1: se_cr0 * (groups / (groups - 1.0)).sqrt(),
    })
}

/// Draws clusters with replacement; the statistic is the mean of all values drawn.
pub fn bootstrap_mean<C: AsRef<[f64]>>(clusters: &[C], options: Options) -> Result<Bootstrap, ResampleError> {
    let values = flatten(clusters, 3)?;
    options.check(clusters.len())?;
    let shift = values.first().copied().unwrap_or_default();
    let sums: Vec<(f64, f64)> =
        clusters.iter().map(|cluster| (cluster.as_ref().iter().map(|y| y - shift).sum(), count(cluster.as_ref().len()))).collect();
    let (sum, n) = total(sums.iter().copied());
    let jackknife: Vec<f64> = sums.iter().map(|(s, m)| (sum - s) / (n - m)).collect();
    if is_constant(&values) || is_constant(&jackknife) {
        return Err(ResampleError::Constant { value: shift + sum / n });
    }
    let mut rng = SplitMix64::new(options.seed);
    let draw = |_| {
        let (sum, n) = total((0..sums.len()).filter_map(|_| sums.get(rng.index(sums.len())).copied()));
        sum / n
    };
    let replicates = (0..options.resamples).map(draw).collect();
    let mut result = interval(sum / n, replicates, &jackknife, options)?;
    for end in [&mut result.estimate, &mut result.low, &mut result.high].into_iter().chain(&mut result.percentile) {
        *end += shift;
    }
    Ok(result)
}

fn total(parts: impl Iterator<Item = (f64, f64)>) -> (f64, f64) {
    parts.fold((0.0, 0.0), |(sum, n), (s, m)| (sum + s, n + m))
}

fn flatten<C: AsRef<[f64]>>(clusters: &[C], needed: usize) -> Result<Vec<f64>, ResampleError> {
    if clusters.len() < needed {
        return Err(ResampleError::TooFewClusters { needed, got: clusters.len() });
    }
    if let Some(empty) = clusters.iter().position(|cluster| cluster.as_ref().is_empty()) {
        return Err(ResampleError::EmptyCluster(empty));
    }
    let values: Vec<f64> = clusters.iter().flat_map(AsRef::as_ref).copied().collect();
    unusable(&values).map_or(Ok(values), |(index, value)| Err(ResampleError::Unusable { index, value }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FEW: Options = Options { resamples: 2_000, level: 0.95, seed: 5 };

    #[test]
    fn bad_input_is_named() {
        assert_eq!(clustered_mean(&[vec![1.0]]), Err(ResampleError::TooFewClusters { needed: 2, got: 1 }));
        assert_eq!(clustered_mean(&[vec![1.0], vec![]]), Err(ResampleError::EmptyCluster(1)));
        assert!(matches!(clustered_mean(&[vec![1.0], vec![f64::NAN]]), Err(ResampleError::Unusable { index: 1, .. })));
        assert!(matches!(bootstrap_mean(&[vec![0.5], vec![0.5, 0.5], vec![0.5]], FEW), Err(ResampleError::Constant { .. })));
        let flat = clustered_mean(&[vec![0.85; 3], vec![0.85; 5]]).unwrap();
        assert!(flat.se_cr1 <= 0.0 && flat.interval(0.95) == Ok([0.85, 0.85]));
        assert!(flat.interval(0.0).is_err());
    }

    #[test]
    fn clusters_of_one_are_the_plain_standard_error() {
        let clusters: Vec<Vec<f64>> = [3.0, 1.0, 4.0, 1.0, 5.0, 9.0].iter().map(|x| vec![*x]).collect();
        let mean = clustered_mean(&clusters).unwrap();
        assert!((mean.se_cr1 - mean.se_naive).abs() < 1e-12, "{mean:?}");
    }

    #[test]
    fn repeating_every_value_does_not_make_it_surer() {
        let plain: Vec<Vec<f64>> = (0..30).map(|i| vec![f64::from(i * 7 % 11)]).collect();
        let eightfold: Vec<Vec<f64>> = plain.iter().map(|cluster| vec![cluster[0]; 8]).collect();
        let (one, many) = (clustered_mean(&plain).unwrap(), clustered_mean(&eightfold).unwrap());
        assert!((one.se_cr1 - many.se_cr1).abs() < 1e-12 && many.se_naive < 0.5 * one.se_naive);
        let (one, many) = (bootstrap_mean(&plain, FEW).unwrap(), bootstrap_mean(&eightfold, FEW).unwrap());
        assert!((one.low - many.low).abs() < 1e-9 && (one.high - many.high).abs() < 1e-9);
        let interval = clustered_mean(&plain).unwrap().interval(0.95).unwrap();
        assert!((interval[0] - one.low).abs() < 0.3 && (interval[1] - one.high).abs() < 0.3, "{interval:?} {one:?}");
    }
}
