//! A prompt's suites asked again and again, for `bench`: the same plan, limits and budget as a test, without comparing.

use super::{Plan, SuitePlan, TestRequest, load, reports, run};
use crate::{
    app::{Failure, Services},
    domain::{
        diagnostic::Diagnostic,
        suggest,
        suite::{Repeat, run::TestRun},
    },
};

/// What is measured.
#[derive(Debug, Clone)]
pub(in crate::app) struct Wanted {
    /// A suite's name, a prompt's name, or a prompt's file.
    pub(in crate::app) prompt: String,
    /// Requests for each suite at least; whole passes over its cases.
    pub(in crate::app) iterations: u32,
}

/// Asks, and says what was lost on the way.
///
/// # Errors
/// As for [`super::test`], and when no suite has this prompt.
pub(in crate::app) async fn measure(
    services: &Services,
    wanted: &Wanted,
    request: &TestRequest,
) -> Result<(TestRun, Vec<String>), Failure> {
    let (mut plan, warnings) = load::load(services, &request.load())?;
    request.adjust(&mut plan);
    let names: Vec<String> = plan.suites.iter().flat_map(|suite| [suite.settings.name.clone(), suite.prompt.name.clone()]).collect();
    plan.suites.retain(|suite| !suite.cases.is_empty() && is_wanted(suite, &wanted.prompt, &plan.base));
    if plan.suites.is_empty() {
        let near = suggest::nearest(&wanted.prompt, names.iter().map(String::as_str));
        let meant = near.map_or_else(|| format!("there are: {}", names.join(", ")), |near| format!("did you mean `{near}`?"));
        return Err(Failure::NothingToDo(format!("no suite with cases has the prompt `{}`; {meant}", wanted.prompt)));
    }
    for suite in &mut plan.suites {
        let cases = u32::try_from(suite.cases.len()).unwrap_or(u32::MAX);
        suite.settings.repeat = Repeat::fixed(wanted.iterations.div_ceil(cases).max(1));
    }
    plan.bound_texts();
    reports::probe(services, &plan, request)?;
    let providers = run::connect(services, &plan, request)?;
    // Of what it began with: somebody may commit meanwhile.
    let checkout = super::history::looked_at(services, &plan).await;
    let mut measured = run::run(services, &plan, None, &providers).await;
    measured.checkout = checkout;
    plan.is_whole()?;
    measured.warnings.extend(plan.left_out());
    measured.warnings.extend(warnings.iter().map(Diagnostic::described));
    Ok((measured, run::finish(&providers).await))
}

fn is_wanted(suite: &SuitePlan, prompt: &str, base: &std::path::Path) -> bool {
    let file = std::path::Path::new(prompt);
    suite.settings.name == prompt
        || suite.prompt.name == prompt
        || suite.settings.prompt == file
        || base.join(&suite.settings.prompt) == file
        || std::path::Path::new(&suite.prompt.source) == file
}

impl TestRequest {
    /// What the command line says instead of the configuration's `run`.
    pub(super) fn adjust(&self, plan: &mut Plan) {
        let budget = &mut plan.run.budget;
        budget.usd = self.budget.usd.or(budget.usd);
        budget.tokens = self.budget.tokens.or(budget.tokens);
        plan.run.warm_up = self.warm_up.unwrap_or(plan.run.warm_up);
    }
}
