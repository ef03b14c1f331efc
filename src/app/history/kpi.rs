//! `prompt-cicd history kpi`: how delivery goes, from the audit log.

use std::path::PathBuf;

use crate::{
    app::{
        Failure, Finished, Outcome, Services,
        audit::entries,
        registry::committed,
        rollout::world::{Base, moment},
    },
    domain::{
        kpi::{Commits, Kpis, Scope, Timed, measure},
        rollout::Moment,
    },
    report::{kpi::render, rollout::Shape},
};

/// What a user asked for.
#[derive(Debug, Clone)]
pub struct KpiRequest {
    /// The configuration; `None`: look in the usual places.
    pub config: Option<PathBuf>,
    /// Which changes count.
    pub scope: Scope,
    /// From when on, in RFC 3339; `None`: from the log's beginning.
    pub since: Option<String>,
    /// What standard output gets.
    pub shape: Shape,
}

/// Measures. A broken chain is measured as far as it holds, and is an outcome of its own.
///
/// # Errors
/// A configuration that is wrong; a prompt that there is not; whatever keeps the store from answering.
pub async fn kpi(services: &Services, request: &KpiRequest) -> Result<Finished, Failure> {
    let base = Base::open(services, request.config.clone())?;
    if let Some(prompt) = &request.scope.prompt
        && let Some(mistyped) = base.mistyped(prompt).await?
    {
        return Err(mistyped);
    }
    let mut notes = super::super::lines(&base.warnings);
    let since: Option<Moment> = request.since.as_deref().map(moment);
    let (kpis, broken) = measured(&base, &request.scope, &[(since, base.moment())], &mut notes).await?;
    let mut stdout = Vec::new();
    for kpis in &kpis {
        render(request.shape, kpis, &request.scope, &mut stdout).map_err(|error| Failure::Internal(error.into()))?;
    }
    let outcome = if broken { Outcome::Audited { broken } } else { Outcome::Done };
    Ok(Finished { outcome, stdout, notes })
}

/// The measures of each of `spans`, and whether the log's chain is broken.
pub(super) async fn measured(
    base: &Base,
    scope: &Scope,
    spans: &[(Option<Moment>, Moment)],
    notes: &mut Vec<String>,
) -> Result<(Vec<Kpis>, bool), Failure> {
    let (head, values, verified) = entries(base.store.as_ref(), base.patience()).await.map_err(Failure::Store)?;
    let (log, broken) = match verified {
        Ok(log) => (log, false),
        Err(broken) => {
            notes.push(format!("error: {}: the audit log is broken at {broken}; what comes before it is measured", base.store.place()));
            let before = values.iter().map_while(|value| serde_json::from_value::<crate::domain::audit::Entry>(value.clone()).ok());
            (before.take_while(|entry| entry.number < broken.number).collect(), true)
        }
    };
    let timed: Vec<Timed<'_>> = log.iter().map(|entry| Timed { at: moment(&entry.at), entry }).collect();
    let mut commits = Commits::new();
    let mut prompts: Vec<&str> = log.iter().filter_map(|entry| entry.prompt.as_deref()).collect();
    prompts.sort_unstable();
    prompts.dedup();
    for prompt in prompts.into_iter().filter(|prompt| scope.prompt.as_deref().is_none_or(|wanted| wanted == *prompt)) {
        for (version, at) in committed(base, prompt, base.patience()).await? {
            commits.insert((prompt.to_owned(), version), at);
        }
    }
    let all: Vec<Kpis> = spans.iter().map(|span| measure(&timed, head.dropped > 0, &commits, scope, *span)).collect();
    if let Some(kpis) = all.first().filter(|kpis| kpis.with_commit < kpis.completed) {
        notes.push(format!(
            "note: lead time leaves out {} of {} completed rollouts: their version completed before, or its commit is not known, as when it is \
             registered in a shallow clone where GitHub cannot be asked (a token that reads `contents`, or `fetch-depth: 0` of \
             actions/checkout, mends that) or from a file with uncommitted changes",
            kpis.completed - kpis.with_commit,
            kpis.completed
        ));
    }
    Ok((all, broken))
}
