//! Numbers from samples.

pub mod describe;
pub mod quantile;

pub use describe::mean;
pub use quantile::quantile;
