//! Whom a suite's assertions ask: every judge and every server of embeddings is found before the first paid request.

use std::collections::{BTreeMap, BTreeSet};

use crate::app::test::{cases::Cases, load::origin, plan::GraderPlan, priced};
use crate::domain::{
    diagnostic::{Diagnostic, Place},
    provider::{ProviderKind, ProviderSettings},
    suggest,
    suite::{SuiteSettings, assertion::Grader},
};

/// Finds the providers of all assertions.
///
/// # Errors
/// Every assertion whose judge or server of embeddings is missing or cannot do it.
pub(in crate::app::test) fn find(
    settings: &SuiteSettings,
    cases: &Cases,
    providers: &[ProviderSettings],
) -> Result<BTreeMap<Grader, GraderPlan>, Vec<Diagnostic>> {
    let mut found: BTreeMap<Grader, Result<GraderPlan, (String, String)>> = BTreeMap::new();
    let mut said: BTreeSet<(Grader, String)> = BTreeSet::new();
    let mut problems = Vec::new();
    for case in cases.iter() {
        for assertion in &case.assertions {
            for grader in assertion.graders() {
                let plan = found.entry(grader.clone()).or_insert_with(|| one(&grader, settings, providers));
                if let Err((message, help)) = plan
                    && said.insert((grader, assertion.label.clone()))
                {
                    problems.push(problem(settings, &case.case.place, &format!("assertion {}: {message}", assertion.label), help));
                }
            }
        }
    }
    if problems.is_empty() {
        Ok(found.into_iter().filter_map(|(grader, plan)| Some((grader, plan.ok()?))).collect())
    } else {
        Err(problems)
    }
}

fn problem(settings: &SuiteSettings, place: &Place, message: &str, help: &str) -> Diagnostic {
    Diagnostic::error(place.clone(), &settings.path, message).with_help(help)
}

/// Whether this provider has the models that GitHub's evaluators name.
fn is_github_models(provider: &ProviderSettings) -> bool {
    match &provider.kind {
        ProviderKind::OpenAi(http) => http.base_url.starts_with("https://models.github.ai/"),
        ProviderKind::Anthropic(_) | ProviderKind::Command { .. } | ProviderKind::Echo | ProviderKind::Cassette { .. } => false,
    }
}

fn one(grader: &Grader, settings: &SuiteSettings, providers: &[ProviderSettings]) -> Result<GraderPlan, (String, String)> {
    let own = || providers.iter().find(|own| own.name == settings.provider && is_github_models(origin(own, providers)));
    let (name, what) = match grader {
        Grader::Judge(judge) => (judge.as_ref().or(settings.judge.as_ref()), "judge"),
        Grader::Evaluator(_) => (settings.judge.as_ref().or_else(|| own().map(|own| &own.name)), "judge"),
        Grader::Embeddings(provider) => {
            (provider.as_ref().or(settings.judge.as_ref()).or(Some(&settings.provider)), "server of embeddings")
        }
    };
    let Some(name) = name else {
        let message = "it needs a judge, and neither it nor the suite names one".to_owned();
        return Err((
            message,
            match grader {
                Grader::Evaluator(_) => format!("write `judge: NAME` at suite `{}`, with the name of a provider", settings.name),
                Grader::Judge(_) | Grader::Embeddings(_) => {
                    format!("write `judge: NAME` at the assertion or at suite `{}`, with the name of a provider", settings.name)
                }
            },
        ));
    };
    let Some(provider) = providers.iter().find(|provider| provider.name == *name) else {
        let names: Vec<&str> = providers.iter().map(|provider| provider.name.as_str()).collect();
        let meant = suggest::nearest(name, names.iter().copied()).map(|meant| format!("did you mean `{meant}`? ")).unwrap_or_default();
        return Err((format!("there is no provider `{name}`"), format!("{meant}providers in this file: {}", names.join(", "))));
    };
    let origin = origin(provider, providers);
    if let (Grader::Embeddings(_), ProviderKind::Anthropic(_) | ProviderKind::Command { .. } | ProviderKind::Echo) = (grader, &origin.kind)
    {
        let message = format!("provider `{name}` is of kind {}, which has no embeddings", origin.kind.name());
        return Err((message, "name a provider of kind openai under `provider`".to_owned()));
    }
    let without_models = matches!(origin.kind, ProviderKind::Command { .. } | ProviderKind::Echo);
    let model = provider.model.as_ref().or(origin.model.as_ref());
    let model = match grader {
        Grader::Evaluator(named) if is_github_models(origin) => named.as_ref().or(model),
        Grader::Evaluator(named) => model.or(named.as_ref()),
        Grader::Judge(_) | Grader::Embeddings(_) => model,
    };
    let model = model.cloned().or_else(|| without_models.then(|| origin.kind.name().to_owned()));
    let Some(model) = model else {
        return Err((format!("the {what} `{name}` has no model"), format!("add `model:` to provider `{name}`")));
    };
    let mut parameters = origin.parameters.clone();
    parameters.extend(provider.parameters.clone());
    let (prices, _) = priced::of(provider, origin, &model);
    Ok(GraderPlan { provider: name.clone(), model, parameters, prices })
}
