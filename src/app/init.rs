//! `prompt-cicd init`: a first configuration that runs as it stands.

use std::path::{Path, PathBuf};

use super::{CONFIG_PLACES, Failure, Finished, Services};
use crate::domain::diagnostic::{Diagnostic, Place};

/// The files that `init` writes: a path and a text each.
pub const STARTER: [(&str, &str); 3] = [
    ("prompt-cicd.yml", include_str!("../../templates/init/prompt-cicd.yml")),
    ("prompts/greeting.prompt.yml", include_str!("../../templates/init/greeting.prompt.yml")),
    ("cases/greeting.jsonl", include_str!("../../templates/init/greeting.jsonl")),
];

/// The workflows that `init --workflows` writes: callers of our reusable ones, a path and a text each.
pub const CALLERS: [(&str, &str); 9] = [
    (".github/workflows/prompt-template-pr.yml", include_str!("../../workflows/prompt-template-pr.yml")),
    (".github/workflows/prompt-template-publish.yml", include_str!("../../workflows/prompt-template-publish.yml")),
    (".github/workflows/pull-request-checks.yml", include_str!("../../workflows/pull-request-checks.yml")),
    (".github/workflows/quality-gates.yml", include_str!("../../workflows/quality-gates.yml")),
    (".github/workflows/prompt-release.yml", include_str!("../../workflows/prompt-release.yml")),
    (".github/workflows/gradual-rollout.yml", include_str!("../../workflows/gradual-rollout.yml")),
    (".github/workflows/performance-monitoring.yml", include_str!("../../workflows/performance-monitoring.yml")),
    (".github/workflows/nightly.yml", include_str!("../../workflows/nightly.yml")),
    (".github/workflows/emergency-rollback.yml", include_str!("../../workflows/emergency-rollback.yml")),
];

/// Writes the starter files below `folder`. Nothing that is there is touched, unless `force` says so.
/// With `workflows` come the [`CALLERS`]; then a configuration that is there is kept, and no starter is written beside it.
///
/// # Errors
/// A configuration that exists already, or a folder that cannot be written to.
pub fn init(services: &Services, folder: &Path, force: bool, workflows: bool) -> Result<Finished, Failure> {
    let existing = CONFIG_PLACES.iter().map(|place| folder.join(place)).find(|place| services.workspace.exists(place));
    if !force
        && !workflows
        && let Some(existing) = &existing
    {
        let problem = Diagnostic::error(Place::file(existing.display().to_string()), "", "a configuration is here already")
            .with_help("check it with `prompt-cicd config check`, or write anew with --force");
        return Err(Failure::Configuration(vec![problem]));
    }
    let mut lines = Vec::new();
    let starter: &[_] = if workflows && existing.is_some() { &[] } else { &STARTER };
    let callers: &[_] = if workflows { &CALLERS } else { &[] };
    for (name, text) in starter.iter().chain(callers) {
        let path: PathBuf = folder.join(name);
        if services.workspace.exists(&path) && !force {
            lines.push(format!("kept    {}\n", path.display()));
            continue;
        }
        services.workspace.write(&path, text.as_bytes()).map_err(Failure::File)?;
        lines.push(format!("wrote   {}\n", path.display()));
    }
    if workflows {
        lines.push(
            "\nNext:\n  1. commit .github/workflows              the prompts of every pull request are tested from then on\n  \
             2. write your owner for `org`            in their `uses:`, or where you keep a copy of prompt-cicd\n  3. add the secrets that it names       OPENAI_API_KEY, … under Settings, Secrets and variables, Actions\n  \
             4. add reviewers to the environments   who says yes to a rollout, under Settings, Environments\n"
                .to_owned(),
        );
        return Ok(Finished::done(lines.concat()));
    }
    lines.push(
        "\nNext:\n  1. export OPENAI_API_KEY=…            the key for the provider in prompt-cicd.yml\n  \
         2. prompt-cicd test --dry-run          what would be asked, and what it might cost\n  \
         3. prompt-cicd test                    ask and judge; exit 0 passed, 10 failed\n"
            .to_owned(),
    );
    Ok(Finished::done(lines.concat()))
}
