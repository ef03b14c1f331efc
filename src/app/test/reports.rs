//! Report files: proved writable before the first request, written after the last one.

use super::{Plan, TestRequest};
use crate::{
    app::{Failure, Services},
    domain::suite::run::TestRun,
    report::{self, Format, Style},
};

/// Proves that every report file can be written.
///
/// # Errors
/// The first that cannot.
pub(super) fn probe(services: &Services, request: &TestRequest) -> Result<(), Failure> {
    request.reports.iter().try_for_each(|(_, path)| services.workspace.probe(path)).map_err(Failure::File)
}

/// Writes the report files; what could not be written comes back. It never hides the verdict.
pub(super) fn write(services: &Services, run: &TestRun, request: &TestRequest) -> Vec<String> {
    let style = Style { color: false, ..request.style };
    let written = request.reports.iter().map(|(format, path)| {
        let mut content = Vec::new();
        report::render(*format, run, &style, &mut content).map_err(|error| format!("error: {}: {error}", path.display()))?;
        services.workspace.write(path, &content).map_err(|error| format!("error: the report could not be written: {error}"))
    });
    written.filter_map(Result::err).collect()
}

/// What a run would do.
///
/// # Errors
/// Never in practice: writing to memory.
pub(super) fn plan(plan: &Plan, format: Format) -> anyhow::Result<Vec<u8>> {
    let lines = plan.suites.iter().map(|suite| report::plan::SuiteLine {
        name: suite.settings.name.clone(),
        prompt: suite.prompt.name.clone(),
        version: suite.prompt.version.as_ref().map(ToString::to_string),
        provider: suite.settings.provider.clone(),
        model: suite.model.clone(),
        cases: suite.cases.len(),
        repeat: suite.settings.repeat,
        input_characters: suite.cases.iter().map(|case| characters(suite, case)).sum::<u64>() * u64::from(suite.settings.repeat),
        max_output_tokens_per_answer: suite.parameters.get("max_tokens").and_then(serde_json::Value::as_u64),
        prices: suite.prices,
    });
    report::plan::render(&lines.collect::<Vec<_>>(), format)
}

fn characters(suite: &super::SuitePlan, case: &super::plan::CasePlan) -> u64 {
    let messages = suite.prompt.render(&case.prompt_variables).unwrap_or_default();
    messages.iter().map(|message| message.content.chars().count() as u64).sum()
}
