//! `baseline show`.

use super::{BaselineRequest, all};
use crate::{
    app::{Failure, Finished, Services, history::opened},
    report::history::baselines,
};

/// The runs and pinned baselines of each suite.
///
/// # Errors
/// A configuration that is wrong, a suite without any, and a store that does not answer.
pub async fn show(services: &Services, request: &BaselineRequest) -> Result<Finished, Failure> {
    let (opened, mut notes) = opened(services, request.config.clone())?;
    let found = all(services, &opened, request.suite.as_ref()).await?;
    if found.is_empty() {
        let place = opened.store.place();
        notes.push(format!("note: {place}: no run is recorded yet; `prompt-cicd test --record-history` records one, and `prompt-cicd baseline update --from report.json` takes one in"));
    }
    let mut stdout = Vec::new();
    baselines::render(request.shape, &found, &request.style, &mut stdout).map_err(|error| Failure::Internal(error.into()))?;
    Ok(Finished { notes, ..Finished::done(stdout) })
}
