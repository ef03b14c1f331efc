//! What tokens cost: as the configuration says, else as the dated list says, else nobody knows.

use crate::app::test::{Plan, TestRequest};
use crate::{
    domain::{
        price_list::{self, Listed},
        provider::{Prices, ProviderKind, ProviderSettings},
    },
    ports::provider::ConnectError,
};

/// What a provider's tokens cost by the configuration; an echo costs nothing.
pub(in crate::app::test) fn configured(settings: &ProviderSettings, asked: &ProviderSettings) -> Option<Prices> {
    let free = Prices { input_per_million: 0.0, output_per_million: 0.0 };
    settings.prices.or(asked.prices).or_else(|| matches!(asked.kind, ProviderKind::Echo).then_some(free))
}

/// What a model's tokens cost, and the list's entry where the configuration does not say.
pub(in crate::app::test) fn of(
    settings: &ProviderSettings,
    asked: &ProviderSettings,
    model: &str,
) -> (Option<Prices>, Option<&'static Listed>) {
    if let Some(prices) = settings.prices.or(asked.prices) {
        return (Some(prices), None);
    }
    let listed = price_list::find(asked, model);
    (listed.map(Listed::prices), listed)
}

/// A budget in money cannot be held with a provider that will be asked and whose prices nobody knows.
pub(in crate::app::test) fn unbound(
    settings: &ProviderSettings,
    asked: &ProviderSettings,
    prices: Option<Prices>,
    plan: &Plan,
    request: &TestRequest,
) -> Option<ConnectError> {
    let usd = plan.run.budget.usd.filter(|_| prices.is_none())?;
    let replayed =
        request.recording.replay.is_some() || request.recording.record.is_none() && matches!(settings.kind, ProviderKind::Cassette { .. });
    let answering = plan.suites.iter().filter(|suite| suite.settings.provider == settings.name).map(|suite| suite.model.as_str());
    let graders = plan.suites.iter().flat_map(|suite| suite.graders.values());
    let grading = graders.filter(|grader| grader.provider == settings.name).map(|grader| grader.model.as_str());
    let unknown = answering.chain(grading).find(|model| price_list::find(asked, model).is_none())?;
    let message = || {
        let name = &asked.name;
        format!("provider \"{name}\" has no prices, so the budget of ${usd} cannot be held; none is listed for {unknown} there")
    };
    let help = || format!("add `prices` to `providers.{}`, or give the budget in tokens", asked.name);
    (!replayed).then(|| ConnectError { message: message(), help: Some(help()) })
}
