//! A rollout: the move of one prompt in one environment from its stable to its candidate version, through stages.
//!
//! [`step`] is the reducer: state, event and time in, next state and effects out, or a [`Refusal`] that says what is allowed.
//! Nothing else changes a rollout.

pub mod clock;
pub mod deployment;
pub mod effect;
pub mod event;
mod failing;
pub mod health;
mod orders;
pub mod plan;
pub mod recorded;
pub mod refusal;
pub mod settings;
pub mod state;
mod step;

#[cfg(test)]
mod back_tests;
#[cfg(test)]
mod model_tests;
#[cfg(test)]
mod step_tests;

pub use clock::{Moment, Now};
pub use effect::{Desired, Effect, Transition};
pub use event::{Event, WayBack};
pub use plan::{Percent, Plan, Stage, Strategy};
pub use refusal::Refusal;
pub use state::{Hold, Phase, Rollout, VersionRef};
pub use step::{begin, replay, step};
