//! `prompt-cicd detect`: two samples, one verdict.

use std::path::PathBuf;

use super::{Failure, Finished, Outcome, Services, read_samples, shown_path};
pub use crate::config::samples::Written;
use crate::{
    config::samples::{self, Pair},
    domain::{
        diagnostic::{Diagnostic, Place},
        regression::{
            Undecided, Verdict,
            analysis::{Analysis, analyse},
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
            let bytes = read_samples(services, path)?;
            (samples::pair(&bytes, &file).map_err(Failure::Samples)?, file)
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
            (Pair { baseline, current, written: Written::default() }, "command line".to_owned())
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
    analyse(&question, &pair.baseline, &pair.current).map_err(|error| failed(vec![(error.to_string(), None)]))
}
