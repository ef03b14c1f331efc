//! Collecting everything that is wrong, so that it is said at once and in the order of the file.

use std::collections::BTreeMap;

use crate::domain::diagnostic::{Diagnostic, Place, Severity, number_of};

use super::{
    locate::{Mark, TextProblem, Tree},
    path::{Path, Segment},
};

/// Problems of one kind that are shown; the rest of them is counted.
const MOST_ALIKE: usize = 10;
/// Problems shown at most; the rest is counted.
const MOST_SHOWN: usize = 100;

/// A problem at a path, before anyone looked up its line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Finding {
    severity: Severity,
    path: Path,
    spot: Spot,
    message: String,
    help: Option<String>,
}

/// What of a map's entry is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spot {
    Key,
    Value,
}

impl Finding {
    /// A value that is wrong.
    pub(super) fn error(path: Path, message: impl Into<String>) -> Self {
        Self { severity: Severity::Error, path, spot: Spot::Value, message: message.into(), help: None }
    }

    /// A value that is worth a word.
    pub(super) fn warning(path: Path, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(path, message) }
    }

    /// The same, pointing at the key instead of the value.
    #[must_use]
    pub(super) fn at_key(self) -> Self {
        Self { spot: Spot::Key, ..self }
    }

    /// The same with a next step.
    #[must_use]
    pub(super) fn help(self, help: impl Into<Option<String>>) -> Self {
        Self { help: help.into(), ..self }
    }

    /// As a diagnostic at a place that is known already.
    pub(super) fn at(self, place: Place) -> Diagnostic {
        Diagnostic { severity: self.severity, place, path: self.path.to_string(), message: self.message, help: self.help, stands_for: 1 }
    }
}

/// Turns findings into diagnostics of one file.
#[derive(Debug)]
pub(super) struct Problems<'d> {
    file: &'d str,
    tree: &'d Tree,
    list: Vec<Diagnostic>,
}

impl<'d> Problems<'d> {
    /// No problems yet.
    pub(super) fn new(file: &'d str, tree: &'d Tree) -> Self {
        Self { file, tree, list: Vec::new() }
    }

    /// Adds a problem. One that stands in a default shared by several suites is said once.
    pub(super) fn push(&mut self, finding: Finding) {
        let path = self.written(&finding.path);
        let place = self.place(&path, finding.spot);
        self.add(Finding { path, ..finding }.at(place));
    }

    /// Adds problems.
    pub(super) fn extend(&mut self, findings: impl IntoIterator<Item = Finding>) {
        for finding in findings {
            self.push(finding);
        }
    }

    /// Adds a ready one.
    pub(super) fn add(&mut self, diagnostic: Diagnostic) {
        // Repetitions matter only among those that are shown; beyond them, looking for one would cost a square.
        if self.list.len() > MOST_SHOWN || !self.list.contains(&diagnostic) {
            self.list.push(diagnostic);
        }
    }

    /// Adds problems of the text itself.
    pub(super) fn extend_text(&mut self, problems: &[TextProblem]) {
        for problem in problems {
            self.add(text_problem(self.file, problem));
        }
    }

    /// How many there are so far.
    pub(super) fn count(&self) -> usize {
        self.list.len()
    }

    /// Whether the user wrote a value here.
    pub(super) fn is_written(&self, path: &Path) -> bool {
        self.tree.find(path).is_some()
    }

    /// Where a value stands.
    pub(super) fn place_of(&self, path: &Path) -> Place {
        self.place(&self.written(path), Spot::Value)
    }

    /// Everything, in the order of the file: warnings when nothing is wrong, else all of it.
    pub(super) fn finish(self) -> Result<Vec<Diagnostic>, Vec<Diagnostic>> {
        let failed = self.list.iter().any(|diagnostic| diagnostic.severity == Severity::Error);
        let list = in_order(self.list);
        if failed { Err(list) } else { Ok(list) }
    }

    /// The path as the user wrote it: a suite's value may come from `suite-defaults`.
    fn written(&self, path: &Path) -> Path {
        if self.is_written(path) {
            path.clone()
        } else {
            shared(path).filter(|shared| self.is_written(shared)).unwrap_or_else(|| path.clone())
        }
    }

    fn place(&self, path: &Path, spot: Spot) -> Place {
        let Some(location) = self.tree.find_nearest(path) else { return Place::at(self.file, 1, 1) };
        // What is missing is looked for at the name of the thing that lacks it.
        let missing = self.tree.find(path).is_none();
        let mark = if spot == Spot::Key || missing { location.key.unwrap_or(location.value) } else { location.value };
        at(self.file, mark)
    }
}

/// Where `suite-defaults` has what `path` names in a suite, or `rollouts` what it names in an environment.
pub(super) fn shared(path: &Path) -> Option<Path> {
    match path.segments() {
        [Segment::Key(suites), Segment::Index(_), rest @ ..] if suites == "suites" && !rest.is_empty() => {
            Some(std::iter::once(Segment::Key("suite-defaults".to_owned())).chain(rest.iter().cloned()).collect())
        }
        [Segment::Key(environments), Segment::Key(_), Segment::Key(rollouts), rest @ ..]
            if environments == "environments" && rollouts == "rollouts" && !rest.is_empty() =>
        {
            Some(std::iter::once(Segment::Key("rollouts".to_owned())).chain(rest.iter().cloned()).collect())
        }
        _ => None,
    }
}

/// A mark as a place in a file.
pub(super) fn at(file: &str, mark: Mark) -> Place {
    Place::at(file, mark.line, mark.column)
}

/// A problem of the text as a diagnostic.
pub(super) fn text_problem(file: &str, problem: &TextProblem) -> Diagnostic {
    let diagnostic = Diagnostic::error(at(file, problem.mark), problem.path.to_string(), problem.message.clone());
    Diagnostic { help: problem.help.map(str::to_owned), ..diagnostic }
}

/// In the order of the file, and no more than a person reads.
pub(super) fn in_order(mut list: Vec<Diagnostic>) -> Vec<Diagnostic> {
    list.sort_by(|a, b| a.place.cmp(&b.place));
    let mut list = folded(list);
    if list.len() > MOST_SHOWN {
        // Errors must not be hidden behind warnings.
        list.sort_by_key(|diagnostic| std::cmp::Reverse(diagnostic.severity));
        let more = number_of(&list.split_off(MOST_SHOWN));
        list.sort_by(|a, b| a.place.cmp(&b.place));
        if let Some(last) = list.last() {
            let place = Place::file(last.place.file.clone());
            list.push(Diagnostic {
                severity: last.severity,
                place,
                path: String::new(),
                message: format!("and {more} more problems"),
                help: None,
                stands_for: more,
            });
        }
    }
    list
}

/// The same said many times, as of a key that every case misspells, is said a few times, and then how often it comes again.
fn folded(list: Vec<Diagnostic>) -> Vec<Diagnostic> {
    // Which name it is about makes no other kind of it.
    let shape = |message: &str| message.split('`').step_by(2).collect::<Vec<_>>().join("`");
    let kind = |diagnostic: &Diagnostic| (diagnostic.severity, shape(&diagnostic.message), diagnostic.help.clone());
    let mut times: BTreeMap<_, usize> = BTreeMap::new();
    for diagnostic in &list {
        *times.entry(kind(diagnostic)).or_default() += 1;
    }
    let mut shown: BTreeMap<_, usize> = BTreeMap::new();
    list.into_iter()
        .filter_map(|diagnostic| {
            let kind = kind(&diagnostic);
            let all = times.get(&kind).copied().unwrap_or_default();
            let so_far = shown.entry(kind).or_default();
            *so_far += 1;
            // One that could be shown is not worth a fold.
            let more = all.saturating_sub(MOST_ALIKE);
            match *so_far {
                _ if more <= 1 => Some(diagnostic),
                at if at <= MOST_ALIKE => Some(diagnostic),
                at if at == MOST_ALIKE + 1 => {
                    let message = format!("{}: {more} more like this from here on", diagnostic.message);
                    Some(Diagnostic { path: String::new(), message, stands_for: more, ..diagnostic })
                }
                _ => None,
            }
        })
        .collect()
}
