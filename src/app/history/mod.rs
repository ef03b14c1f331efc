//! `prompt-cicd history`: what earlier runs and rollouts came to.

mod kpi;

pub use kpi::{KpiRequest, kpi};
