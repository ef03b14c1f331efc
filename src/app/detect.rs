//! `prompt-cicd detect`: two samples, one verdict.

use std::path::PathBuf;

use super::{Failure, Finished, Outcome, Services, shown_path};
pub use crate::config::samples::Written;
use crate::{
    config::samples::{self, Keep, Pair},
    domain::{
        diagnostic::{Diagnostic, Place},
        regression::{
            Undecided, Verdict,
            analysis::{Analysis, AnalysisError, Question, analyse_drawn},
        },
    },
    report::{
        Style,
        samples::{Format, render_analysis},
    },
};

/// Where samples come from.
#[derive(Debug, Clone)]
pub enum Source {
    /// A file; `-` is standard input.
    File(PathBuf),
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

/// Looks for a regression between two samples.
///
/// # Errors
/// A file that cannot be read, values that are none, parameters that make no sense.
pub fn detect(services: &Services, request: &DetectRequest) -> Result<Finished, Failure> {
    let analysis = analysis(services, &request.source, request.written.clone())?;
    let wide = matches!(analysis.conclusion.verdict, Verdict::Inconclusive { why: Undecided::Wide, .. });
    let outcome = Outcome::Compared { regressed: analysis.regressed(), open: analysis.is_open() && !(wide && request.allow_inconclusive) };
    let mut stdout = Vec::new();
    render_analysis(request.format, &analysis, &request.style, &mut stdout).map_err(|error| Failure::Internal(error.into()))?;
    Ok(Finished { outcome, stdout, notes: Vec::new() })
}

/// Reads and looks at two samples.
pub(super) fn analysis(services: &Services, source: &Source, written: Written) -> Result<Analysis, Failure> {
    let (pair, file) = match source {
        Source::File(path) => {
            let file = shown_path(path);
            // The file may name a seed after its values: by then they are drawn.
            let keep = Keep { most: written.max_samples, seed: written.seed.unwrap_or(Question::default().seed) };
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
