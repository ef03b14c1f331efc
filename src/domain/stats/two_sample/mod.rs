//! Two independent samples: is the second different from the first, and by how much?

pub mod effect;
pub mod hodges_lehmann;
pub mod kolmogorov;
pub mod kolmogorov_smirnov;
pub mod mann_whitney;
pub mod merged;
pub mod prediction;
pub mod student;
pub mod t_test;
pub mod welch;
