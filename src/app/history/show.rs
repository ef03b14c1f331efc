//! `history show`.

use super::{HistoryRequest, all, opened};
use crate::{
    app::{Failure, Finished, Services},
    report::history,
};

/// What each case did in the runs that are kept, the most unsettled first.
///
/// # Errors
/// A configuration that is wrong, and a store that does not answer.
pub async fn show(services: &Services, request: &HistoryRequest) -> Result<Finished, Failure> {
    let (opened, mut notes) = opened(services, request.config.clone())?;
    let mut found = all(opened.store.as_ref(), opened.patience(services)).await.map_err(Failure::Store)?;
    let any = !found.is_empty();
    if let Some(prompt) = &request.prompt {
        found.retain(|history| history.prompt == *prompt || history.suite == *prompt);
    }
    let place = opened.store.place();
    match (&request.prompt, found.is_empty()) {
        (_, true) if !any => notes.push(format!(
            "note: {place}: no run is recorded yet; `prompt-cicd test --record-history` records one, and runs of the default branch in a workflow record themselves"
        )),
        (Some(prompt), true) => return Err(Failure::NothingToDo(format!("{place} has no history of a prompt or suite `{prompt}`; `prompt-cicd history show` shows what there is"))),
        _ => {}
    }
    let mut stdout = Vec::new();
    history::render(request.shape, &found, opened.settings.min_samples, &request.style, &mut stdout)
        .map_err(|error| Failure::Internal(error.into()))?;
    Ok(Finished { notes, ..Finished::done(stdout) })
}
