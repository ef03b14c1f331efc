//! Only what a change touches: suites whose prompt, cases, cassette or program a pull request, a push or a merge group
//! changes. Whatever cannot be known means everything, and is said.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    time::Duration,
};

use crate::app::test::{Plan, SuitePlan};
use crate::{
    app::Services,
    domain::{
        provider::{ProviderKind, ProviderSettings},
        suite::CaseSource,
    },
    ports::{
        ci::Event,
        code_host::{ChangedFiles, Patience},
    },
    report::number,
};

/// How long the host may take to tell what changed.
const PATIENCE: Duration = Duration::from_secs(90);

/// Which suites are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scope {
    /// What a pull request, push or merge group changes; everything where there is none of these.
    #[default]
    ByEvent,
    /// What changed, and a word where that cannot be known.
    Changed,
    /// Everything.
    All,
}

/// What was left of a plan.
#[derive(Debug, Default)]
pub(in crate::app::test) struct Narrowed {
    /// What the user should know.
    pub(in crate::app::test) notes: Vec<String>,
    /// Why nothing is left, if so.
    pub(in crate::app::test) nothing: Option<String>,
}

/// Takes the suites that the change does not touch out of the plan.
pub(in crate::app::test) async fn narrow(services: &Services, plan: &mut Plan, scope: Scope) -> Narrowed {
    match ask(services, scope).await {
        Ok(None) => Narrowed::default(),
        Err(why) => Narrowed { notes: vec![format!("warning: every suite is tested: {why}")], nothing: None },
        Ok(Some(changed)) => keep(services, plan, &changed),
    }
}

/// The changed files, where the event has some. The error says why they are not known.
async fn ask(services: &Services, scope: Scope) -> Result<Option<ChangedFiles>, String> {
    if scope == Scope::All {
        return Ok(None);
    }
    let patience = Patience::of(&*services.clock, PATIENCE);
    let host = || services.code_hosts.open().map_err(|error| format!("what changed is not known ({error})"));
    let event = services.ci.event().map_err(|error| error.to_string())?;
    let changed = match &event {
        Event::PullRequest(pull) => host()?.changed_files(pull.number, patience).await,
        Event::MergeGroup { base, head } | Event::Push { before: Some(base), after: head } => {
            host()?.compare(base, head, patience).await.map(|comparison| comparison.changed)
        }
        Event::Push { before: None, .. } => return Err("the branch is new, so there is nothing to compare with".to_owned()),
        Event::None | Event::WorkflowRun(_) | Event::Schedule | Event::Dispatch | Event::Other(_) => {
            let asked = scope == Scope::Changed;
            return if asked { Err("--changed needs the event of a pull request, a push or a merge group".to_owned()) } else { Ok(None) };
        }
    };
    let changed = changed.map_err(|error| format!("what changed is not known: {error}"))?;
    match changed.truncated {
        Some(why) => Err(why),
        None => Ok(Some(changed)),
    }
}

fn keep(services: &Services, plan: &mut Plan, changed: &ChangedFiles) -> Narrowed {
    let paths: BTreeSet<&Path> =
        changed.files.iter().flat_map(|file| [Some(&file.path), file.previous_path.as_ref()]).flatten().map(Path::new).collect();
    let names = |file: &Path| services.ci.in_repository(file);
    let touched = |file: &Path| names(file).iter().any(|name| matches(name, &paths));
    let all = plan.suites.len();
    let of_suites: BTreeSet<PathBuf> = plan.suites.iter().flat_map(|suite| files(plan, suite)).collect();
    let owned = |file: &Path| of_suites.iter().flat_map(|own| names(own)).any(|own| names(file).iter().any(|name| covers(&own, name)));
    // A file that a run reads and no suite owns touches them all: the configuration.
    if let Some(shared) = plan.read.iter().find(|file| touched(file) && !owned(file)) {
        let note = format!("every suite is tested: {} changed", shared.display());
        return Narrowed { notes: vec![note], nothing: None };
    }
    let kept: Vec<bool> = plan.suites.iter().map(|suite| files(plan, suite).iter().any(|file| touched(file))).collect();
    let mut kept = kept.into_iter();
    plan.suites.retain(|_| kept.next().unwrap_or(true));
    let files = number::plural(changed.files.len(), "changed file");
    if plan.suites.is_empty() {
        let why = format!("none of {files} belongs to one of {}", number::plural(all, "suite"));
        return Narrowed { notes: Vec::new(), nothing: Some(why) };
    }
    let note = (plan.suites.len() < all).then(|| {
        let names = plan.suites.iter().map(|suite| suite.settings.name.as_str()).collect::<Vec<_>>().join(", ");
        format!(
            "{} of {} tested, those that {files} touch: {names}; --all tests everything",
            plan.suites.len(),
            number::plural(all, "suite")
        )
    });
    Narrowed { notes: note.into_iter().collect(), nothing: None }
}

/// The files that a suite is made of, as the user named them, patterns included.
fn files(plan: &Plan, suite: &SuitePlan) -> Vec<PathBuf> {
    let mut files = vec![plan.base.join(&suite.settings.prompt)];
    if let CaseSource::Files(patterns) = &suite.settings.cases {
        files.extend(patterns.iter().map(|pattern| plan.base.join(pattern)));
    }
    let provider = plan.providers.iter().find(|provider| provider.name == suite.settings.provider);
    files.extend(provider.into_iter().flat_map(|provider| of_provider(plan, provider)));
    files
}

fn of_provider(plan: &Plan, provider: &ProviderSettings) -> Vec<PathBuf> {
    match &provider.kind {
        ProviderKind::Cassette { path, .. } => vec![path.clone()],
        // A script among its words, relative to the working directory or to the configuration.
        ProviderKind::Command { argv, .. } => argv.iter().flat_map(|word| [PathBuf::from(word), plan.base.join(word)]).collect(),
        ProviderKind::OpenAi(_) | ProviderKind::Anthropic(_) | ProviderKind::Echo => Vec::new(),
    }
}

/// Whether one of the changed paths is this file, or fits this pattern.
fn matches(name: &Path, changed: &BTreeSet<&Path>) -> bool {
    if name.to_string_lossy().contains('*') { changed.iter().any(|path| covers(name, path)) } else { changed.contains(name) }
}

/// Whether a file, or a pattern with `*` in its last part, covers a path.
fn covers(own: &Path, path: &Path) -> bool {
    let (Some(pattern), Some(name)) = (own.file_name(), path.file_name()) else { return own == path };
    own.parent() == path.parent() && fits(&pattern.to_string_lossy(), &name.to_string_lossy())
}

fn fits(pattern: &str, name: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(left) = name.strip_prefix(start) else { return false };
    left.char_indices().map(|(at, _)| at).chain([left.len()]).any(|at| left.get(at..).is_some_and(|tail| fits(rest, tail)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit_what_the_shell_would_take() {
        for (pattern, name, fit) in [
            ("*.jsonl", "a.jsonl", true),
            ("*.jsonl", ".jsonl", true),
            ("a*b*c", "abbc", true),
            ("a*b*c", "ab", false),
            ("plain.yml", "plain.yml", true),
            ("plain.yml", "plain.yaml", false),
            ("*ž*", "fižo", true),
        ] {
            assert_eq!(fits(pattern, name), fit, "{pattern} {name}");
        }
        assert!(covers(Path::new("cases/*.csv"), Path::new("cases/x.csv")));
        assert!(!covers(Path::new("cases/*.csv"), Path::new("cases/deep/x.csv")));
    }
}
