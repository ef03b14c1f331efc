//! `--shard`: this machine's part of the cases, and the file that `report merge` puts the run together from.

use std::io;

use serde_json::{Value, json};

use super::{Plan, TestRequest, base::Base};
use crate::{
    app::{Failure, Services, TEXT_LIMIT},
    domain::{
        diagnostic::{Diagnostic, Place},
        digest,
        lint::LintReport,
        suite::{
            Performance,
            run::{SuiteRun, TestRun},
            shard::{Part, Shard, Whole, WrittenPart, WrittenRun},
        },
    },
    report::FileFormat,
};

/// How a run is spread.
#[derive(Debug, Default)]
pub(super) struct Spread {
    /// `None`: nobody asked for a part or for its file.
    part: Option<Before>,
    /// Suites without a sample in this part.
    empty: Vec<SuiteRun>,
}

/// What was known before the first request.
#[derive(Debug)]
struct Before {
    shard: Shard,
    commit: Option<String>,
    config: String,
    plan: String,
    suites: Vec<Whole>,
}

/// Keeps this machine's part of the cases, of head and base alike.
///
/// # Errors
/// When the configuration file is not there any more.
pub(super) async fn cut(services: &Services, plan: &mut Plan, base: Option<&mut Base>, request: &TestRequest) -> Result<Spread, Failure> {
    let wants_file = request.reports.iter().any(|(format, _)| *format == FileFormat::Shard);
    if request.shard.is_none() && !wants_file {
        return Ok(Spread::default());
    }
    let shard = request.shard.unwrap_or(Shard::WHOLE);
    // When to stop is decided by all answers together, and a part does not see them.
    if let Some(suite) = plan.suites.iter().find(|suite| shard.total > 1 && suite.settings.repeat.is_adaptive()) {
        let message = format!("suite `{}` repeats until it is decided, which a part of its cases cannot tell", suite.settings.name);
        let problem =
            Diagnostic::error(Place::file("--shard"), "repeat".to_owned(), message).with_help("add --repeat N, or run it without --shard");
        return Err(Failure::Configuration(vec![problem]));
    }
    let config = services.workspace.read_text(&plan.config, TEXT_LIMIT).map_err(Failure::File)?;
    let suites = plan.suites.iter().map(|suite| {
        let on_base = base.as_deref().and_then(|base| base.suite(&suite.settings.name));
        Whole {
            name: suite.settings.name.clone(),
            samples: suite.samples(),
            of_base: on_base.and_then(|suite| suite.plan.as_ref()).map_or(0, super::SuitePlan::samples),
            changes: on_base.map(|suite| suite.changes.clone()),
            limits: suite.settings.performance,
        }
    });
    let before = Before {
        shard,
        commit: services.vcs.commit("HEAD").await.ok(),
        config: digest::sha256_hex(config.as_bytes()),
        plan: digest::of_json(&asked(plan)),
        suites: suites.collect(),
    };
    for suite in &mut plan.suites {
        let name = &suite.settings.name;
        suite.cases.retain(|case| shard.has(name, &case.case.id.0));
        if shard.total > 1 {
            suite.settings.performance = Performance::default();
        }
    }
    if let Some(base) = base {
        base.keep(|suite, case| shard.has(suite, case));
    }
    Ok(Spread { part: Some(before), empty: Vec::new() })
}

/// Everything that decides what is asked and how it is judged, flags included.
fn asked(plan: &Plan) -> Value {
    let suites = plan.suites.iter().map(|suite| {
        let cases = suite.cases.iter().map(|case| {
            let assertions: Vec<&str> = case.assertions.iter().map(|assertion| assertion.label.as_str()).collect();
            json!([case.case.id, case.index, case.prompt_variables.values(), case.case.expected, assertions, case.threshold])
        });
        // A digest for each suite: a million cases need not stand in memory once more.
        let cases = cases.fold(String::new(), |so_far, case| digest::sha256_hex(format!("{so_far}{case}").as_bytes()));
        let settings = &suite.settings;
        json!([
            settings.name,
            suite.prompt.digest,
            settings.provider,
            suite.model,
            suite.parameters,
            settings.repeat.min(),
            settings.repeat.max(),
            cases
        ])
    });
    Value::Array(suites.collect())
}

impl Spread {
    /// Whether other machines have other parts.
    pub(super) fn is_part(&self) -> bool {
        self.part.as_ref().is_some_and(|part| part.shard.total > 1)
    }

    /// Takes suites out of the run that have no sample in this part; the part's file has them.
    pub(super) fn take_empty(&mut self, run: &mut TestRun) {
        if self.is_part() {
            let (empty, rest) = std::mem::take(&mut run.suites).into_iter().partition(|suite| suite.samples.is_empty());
            (self.empty, run.suites) = (empty, rest);
        }
    }

    /// Writes the file that `report merge` reads.
    ///
    /// # Errors
    /// When `out` cannot be written to.
    pub(super) fn write(&self, run: &TestRun, lints: &LintReport, out: &mut dyn io::Write) -> io::Result<()> {
        let Some(before) = &self.part else { return Ok(()) };
        let suites = before.suites.iter().filter_map(|whole| run.suites.iter().chain(&self.empty).find(|suite| suite.name == whole.name));
        let part = WrittenPart {
            format: Part::FORMAT,
            tool: env!("CARGO_PKG_VERSION"),
            shard: before.shard,
            commit: before.commit.as_deref(),
            config: &before.config,
            plan: &before.plan,
            suites: &before.suites,
            lints,
            run: WrittenRun::of(run, suites.collect()),
        };
        serde_json::to_writer(out, &part).map_err(io::Error::from)
    }
}
