//! Report files: proved writable before the first request, written after the last one.

use std::{collections::BTreeMap, io, path::PathBuf};

use super::{Plan, TestRequest, lints::Linted, shard::Spread};
use crate::{
    app::{Failure, Services},
    domain::{
        diagnostic::{Diagnostic, Place},
        suite::run::TestRun,
    },
    report::{self, FileFormat, Format, Style},
};

/// Proves that every report file can be written, and that writing it destroys nothing: no file gets two outputs, and
/// none is an output that this run also reads.
///
/// # Errors
/// Every clash, or the first file that cannot be written.
pub(super) fn probe(services: &Services, plan: &Plan, request: &TestRequest) -> Result<(), Failure> {
    let identity = |path: &PathBuf| services.workspace.identity(path);
    let mut taken: BTreeMap<PathBuf, String> = plan.read.iter().map(|path| (identity(path), "this run reads it".to_owned())).collect();
    taken.extend(request.recording.replay.iter().map(|path| (identity(path), "--replay reads it".to_owned())));
    taken.extend(request.recording.record.iter().map(|path| (identity(path), "--record writes it".to_owned())));
    let mut clashes = Vec::new();
    for (format, path) in &request.reports {
        if let Some(why) = taken.insert(identity(path), format!("--report {format}= writes it")) {
            let message = format!("the {format} report cannot go here: {why}");
            clashes.push(Diagnostic::error(Place::file(path.display().to_string()), "", message).with_help("name another file"));
        }
    }
    if !clashes.is_empty() {
        return Err(Failure::Configuration(clashes));
    }
    request.reports.iter().try_for_each(|(_, path)| services.workspace.probe(path)).map_err(Failure::File)
}

/// Writes the report files; what could not be written comes back. It never hides the verdict.
pub(super) fn write(
    services: &Services,
    (run, spread): (&TestRun, &Spread),
    plan: &Plan,
    linted: &Linted,
    request: &TestRequest,
) -> Vec<String> {
    let style = Style { color: false, ..request.style };
    let written = request.reports.iter().map(|(format, path)| {
        let mut render = |out: &mut dyn io::Write| match format {
            FileFormat::Run(format) => report::render(*format, run, &style, out),
            FileFormat::Shard => spread.write(run, linted.report(), out),
            FileFormat::Sarif => report::lint::render(report::lint::Format::Sarif, &linted.run(plan, run), &style, out),
        };
        services.workspace.write_by(path, &mut render).map_err(|error| format!("error: the report could not be written: {error}"))
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
        input_characters: suite.cases.iter().map(|case| characters(suite, &case)).sum::<u64>() * u64::from(suite.settings.repeat.max()),
        max_output_tokens_per_answer: suite.parameters.get("max_tokens").and_then(serde_json::Value::as_u64),
        prices: suite.prices,
    });
    report::plan::render(&lines.collect::<Vec<_>>(), format)
}

/// What a dry run has nothing for.
pub(super) fn unwritten(request: &TestRequest) -> Option<String> {
    let mut asked: Vec<&str> = request.reports.iter().map(|(format, _)| format.name()).collect();
    if !matches!(request.format, Format::Text | Format::Json) {
        asked.push(request.format.name());
    }
    asked.sort_unstable();
    asked.dedup();
    (!asked.is_empty())
        .then(|| format!("note: a dry run has no results, so there is no report ({}); its plan is text or JSON", asked.join(", ")))
}

fn characters(suite: &super::SuitePlan, case: &super::plan::CasePlan) -> u64 {
    let messages = suite.prompt.render(&case.prompt_variables).unwrap_or_default();
    messages.iter().map(|message| message.content.chars().count() as u64).sum()
}
