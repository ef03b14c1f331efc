//! `rollout plan`: what would happen, and when.

use super::{StartRequest, Subject, start::chosen_plan};
use crate::{
    app::{Failure, Finished, Services},
    report::rollout::plan as shown,
};

/// Shows the plan of an environment; asks nothing of anybody but whether there is such a prompt.
///
/// # Errors
/// There is no such prompt; shares that do not make a plan.
pub async fn plan(services: &Services, subject: &Subject, request: &StartRequest) -> Result<Finished, Failure> {
    let world = subject.open(services)?;
    if let Some(mistyped) = world.base.mistyped(&world.prompt).await? {
        return Err(mistyped);
    }
    let plan = chosen_plan(&world.settings, request)?;
    let mut stdout = Vec::new();
    shown(subject.shape, &plan, &world.settings, &mut stdout).map_err(|error| Failure::Internal(error.into()))?;
    Ok(Finished::done(stdout))
}
