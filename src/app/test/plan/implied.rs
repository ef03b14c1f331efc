//! GitHub Models, where a configuration names no provider: in a workflow, and nowhere else.

use crate::app::test::{TestRequest, plan::Plan};
use crate::{app::Services, config::defaults::GITHUB_MODELS, ports::provider::ConnectError};

/// Why this provider is not asked: nobody named it, and this is no workflow, whose own token it would be asked with.
pub(in crate::app::test) fn unnamed(services: &Services, plan: &Plan, provider: &str, request: &TestRequest) -> Option<ConnectError> {
    let here = plan.implied_provider && provider == GITHUB_MODELS && !services.ci.is_present() && request.recording.replay.is_none();
    here.then(|| ConnectError {
        message: "the configuration names no provider, and this is no GitHub workflow, in which GitHub Models would answer".to_owned(),
        help: Some(
            "describe one under `providers`; `{kind: echo}` asks nobody, and `{kind: github-models}` asks GitHub Models from here too"
                .to_owned(),
        ),
    })
}

/// What people are told of it.
pub(in crate::app::test) fn note(plan: &Plan) -> Option<String> {
    let mut models: Vec<&str> =
        plan.suites.iter().filter(|suite| suite.settings.provider == GITHUB_MODELS).map(|suite| suite.model.as_str()).collect();
    models.sort_unstable();
    models.dedup();
    let said = plan.implied_provider && !models.is_empty();
    said.then(|| format!("the configuration names no provider: GitHub Models answers ({})", models.join(", ")))
}
