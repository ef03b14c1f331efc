//! Intervals and standard errors by resampling and by clusters. Every result of chance takes a seed.

pub mod bootstrap;
pub mod clustered;

#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ResampleError {
    #[error("{got} values; this needs at least {needed}")]
    TooFew { needed: usize, got: usize },
    #[error("{got} clusters; this needs at least {needed}")]
    TooFewClusters { needed: usize, got: usize },
    #[error("cluster {0} is empty")]
    EmptyCluster(usize),
    #[error("value {index} is {value}: only finite numbers up to 1e150 can be used")]
    Unusable { index: usize, value: f64 },
    #[error("all values are {value}: resampling shows no variation")]
    Constant { value: f64 },
    #[error("a level lies strictly between 0 and 1; {0} does not")]
    Level(f64),
    #[error("{got} resamples; {least} to {most} can be used")]
    Resamples { got: usize, least: usize, most: usize },
    #[error("{got} values are to be drawn; at most {most} can be: use fewer resamples or a part of the data")]
    TooMuch { got: usize, most: usize },
    #[error("the statistic of a resample is not a finite number")]
    Statistic,
}
