//! `prompt-cicd detect`: two samples, one verdict.

use std::path::{Path, PathBuf};

use super::{Failure, Finished, Outcome, Services, baseline, history::opened, read_samples, shown_path};
pub use crate::config::samples::Written;
use crate::{
    config::samples::{self, Keep, Pair},
    domain::{
        benchmark::{Benchmark, compare, runs},
        diagnostic::{Diagnostic, Place},
        regression::{
            Direction, Rules, Undecided, Verdict,
            analysis::{Analysis, AnalysisError, Consider, Question, analyse_drawn},
        },
    },
    report::{
        self, Style,
        samples::{Format, render_analysis},
    },
};

/// Where samples come from.
#[derive(Debug, Clone)]
pub enum Source {
    /// A file; `-` is standard input.
    File(PathBuf),
    /// A file of current values, and the name of a benchmark whose recorded runs they are compared with.
    Recorded {
        /// The current values; `-` is standard input.
        file: PathBuf,
        /// The benchmark.
        name: String,
    },
    /// Two lists of the command line.
    Lists {
        /// The baseline's values as written.
        baseline: String,
        /// The current values as written.
        current: String,
    },
}

/// What a user asked for.
#[derive(Debug, Clone)]
pub struct DetectRequest {
    /// The configuration, which names the store of recorded runs; `None`: look in the usual places.
    pub config: Option<PathBuf>,
    /// The samples.
    pub source: Source,
    /// What the command line says; it goes before what the file says.
    pub written: Written,
    /// How the result is written.
    pub format: Format,
    /// How text looks.
    pub style: Style,
    /// An interval that is only too wide is no failure.
    pub allow_inconclusive: bool,
}

/// Looks for a regression between two samples, or of one against recorded runs.
///
/// # Errors
/// A file that cannot be read, values that are none, parameters that make no sense, nothing recorded.
pub async fn detect(services: &Services, request: &DetectRequest) -> Result<Finished, Failure> {
    if let Source::Recorded { file, name } = &request.source {
        return recorded(services, request, file, name).await;
    }
    let analysis = analysis(services, &request.source, request.written.clone())?;
    let wide = matches!(analysis.conclusion.verdict, Verdict::Inconclusive { why: Undecided::Wide, .. });
    let outcome = Outcome::Compared { regressed: analysis.regressed(), open: analysis.is_open() && !(wide && request.allow_inconclusive) };
    let mut stdout = Vec::new();
    render_analysis(request.format, &analysis, &request.style, &mut stdout).map_err(|error| Failure::Internal(error.into()))?;
    Ok(Finished { outcome, stdout, notes: Vec::new() })
}

/// The current values are one run, held against those that were recorded.
async fn recorded(services: &Services, request: &DetectRequest, file: &Path, name: &str) -> Result<Finished, Failure> {
    let place = shown_path(file);
    let (values, written) = samples::current(&read_samples(services, file)?, &place).map_err(Failure::Samples)?;
    let written = request.written.clone().over(written);
    let (opened, notes) = opened(services, request.config.clone())?;
    let (recorded, name) = baseline::recorded_of(services, &opened, name).await?;
    let mut pasts = recorded.pasts();
    for run in pasts.iter_mut().flat_map(|past| &mut past.runs) {
        run.cases.retain(|case, _| *case == name);
    }
    // A pinned past that never had it is none of its own.
    pasts.retain(|past| past.pinned.is_none() || past.runs.iter().any(|run| !run.cases.is_empty()));
    let base = pasts.iter().find_map(|past| runs::base(&past.runs.iter().collect::<Vec<_>>()).pop());
    let unit = written.units.iter().rev().flatten().next().cloned();
    let (unit, direction) = base.as_ref().map_or((unit.clone().unwrap_or_default(), Direction::LowerIsBetter), |base| {
        (unit.clone().unwrap_or_else(|| base.unit.clone()), base.direction)
    });
    let (thresholds, rules) = asked_of_runs(&written, &place)?;
    let head = Benchmark::number(&name, unit, direction, None).with_samples(values.into_iter().collect());
    let mut found = compare::compare_with_runs(&pasts, &[head], &thresholds, &rules);
    found.against = Some(recorded.said());
    let excused = request.allow_inconclusive && found.rows.iter().all(|row| row.status != compare::Status::Unusable);
    // A benchmark that no run here has, though others do, is none to compare with.
    let open = (found.open || base.is_none()) && !excused;
    let mut stdout = Vec::new();
    let tools = [pasts.iter().find_map(|past| past.runs.last()).map_or("", |run| run.model.as_str()), "values"];
    report::compare::render(request.format, &found, tools, &rules, &request.style, &mut stdout)
        .map_err(|error| Failure::Internal(error.into()))?;
    Ok(Finished { outcome: Outcome::Compared { regressed: found.regressed, open }, stdout, notes })
}

/// What of a question makes sense of runs; all that does not at once.
fn asked_of_runs(written: &Written, file: &str) -> Result<(compare::Thresholds, Rules), Failure> {
    let mut wrong = Vec::new();
    let mut refuse =
        |what: &str, help: &str| wrong.push(Diagnostic::error(Place::file(file), what, "says nothing of recorded runs").with_help(help));
    let samples = [
        ("use_statistical_tests", written.tests.is_some()),
        ("min_effect_size", written.min_effect.is_some()),
        ("outlier_threshold", written.outlier_threshold.is_some()),
        ("outlier_method", written.outlier_method.is_some()),
        ("filter_outliers", written.filter_outliers == Some(true)),
        ("min_samples", written.min_samples.is_some()),
        ("max_samples", written.max_samples.is_some()),
    ];
    for (what, _) in samples.into_iter().filter(|(_, is_there)| *is_there) {
        refuse(what, "a run is one number, its median: leave it out");
    }
    let direction = match written.consider.as_deref().map(Consider::parse) {
        None => None,
        Some(Some(Consider::Increase)) => Some(Direction::LowerIsBetter),
        Some(Some(Consider::Decrease)) => Some(Direction::HigherIsBetter),
        Some(Some(Consider::Both | Consider::Neither) | None) => {
            refuse("consider_direction", "`increase` or `decrease`; without it, the direction is the recorded benchmark's");
            None
        }
    };
    let (fail, level) = (100.0 * written.margin.unwrap_or(0.20), written.level.unwrap_or(0.95));
    if !(fail > 0.0 && fail.is_finite()) {
        refuse("margin", "a share above 0, like 0.2");
    }
    if !(level > 0.5 && level < 1.0) {
        refuse("confidence_level", "between 0.5 and 1, like 0.95");
    }
    if !wrong.is_empty() {
        return Err(Failure::Samples(wrong));
    }
    let rule = compare::Rule { pattern: "*".to_owned(), warn: None, fail: None, direction };
    let thresholds = compare::Thresholds { warn: fail.min(10.0), fail, rules: vec![rule], missing_fails: false };
    Ok((thresholds, Rules { alpha: 1.0 - level, ..Rules::default() }))
}

/// Reads and looks at two samples.
pub(super) fn analysis(services: &Services, source: &Source, written: Written) -> Result<Analysis, Failure> {
    let (pair, file) = match source {
        Source::Recorded { .. } => {
            let wrong = Diagnostic::error(Place::file("command line"), "--baseline", "recorded runs have no samples to show");
            return Err(Failure::Samples(vec![wrong.with_help("`prompt-cicd detect FILE --baseline NAME` compares with them")]));
        }
        Source::File(path) => {
            let file = shown_path(path);
            // The file may name a seed after its values: by then they are drawn.
            let keep = Keep { most: written.max_samples, seed: written.seed.unwrap_or(Question::default().seed), alone: false };
            let stream = services.workspace.open(path).map_err(Failure::File)?;
            let pair = samples::pair_from(stream, &file, keep).map_err(Failure::Samples)?;
            if keep.most.is_some() && pair.written.seed.is_some_and(|seed| seed != keep.seed) && written.seed.is_none() {
                let message = "values are drawn while the file is read, and its seed comes too late";
                let help = "say it on the command line with --seed";
                return Err(Failure::Samples(vec![Diagnostic::error(Place::file(&file), "seed", message).with_help(help)]));
            }
            (pair, file)
        }
        Source::Lists { baseline, current } => {
            let mut wrong = Vec::new();
            let mut list = |flag: &str, text: &str| {
                samples::list(text).unwrap_or_else(|message| {
                    wrong.push(Diagnostic::error(Place::file("command line"), flag, message));
                    Vec::new()
                })
            };
            let (baseline, current) = (list("--baseline", baseline), list("--current", current));
            if !wrong.is_empty() {
                return Err(Failure::Samples(wrong));
            }
            (Pair::of_lists(baseline, current), "command line".to_owned())
        }
    };
    let failed = |problems: Vec<(String, Option<String>)>| {
        let diagnostics = problems.into_iter().map(|(message, help)| {
            let diagnostic = Diagnostic::error(Place::file(&file), "", message);
            help.map_or(diagnostic.clone(), |help| diagnostic.with_help(help))
        });
        Failure::Samples(diagnostics.collect())
    };
    let question = written.over(pair.written).question().map_err(&failed)?;
    analyse_drawn(&question, (&pair.baseline, pair.seen[0]), (&pair.current, pair.seen[1])).map_err(|error| {
        let help = match &error {
            AnalysisError::Question(_) => Some("docs/reference/commands/detect.md says what can be asked".to_owned()),
            AnalysisError::Unusable { .. } => None,
        };
        failed(vec![(error.to_string(), help)])
    })
}
