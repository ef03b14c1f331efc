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

/// Writes the starter files below `folder`. Nothing that is there is touched, unless `force` says so.
///
/// # Errors
/// A configuration that exists already, or a folder that cannot be written to.
pub fn init(services: &Services, folder: &Path, force: bool) -> Result<Finished, Failure> {
    if !force {
        let existing = CONFIG_PLACES.iter().map(|place| folder.join(place)).find(|place| services.workspace.exists(place));
        if let Some(existing) = existing {
            let problem = Diagnostic::error(Place::file(existing.display().to_string()), "", "a configuration is here already")
                .with_help("check it with `prompt-cicd config check`, or write anew with --force");
            return Err(Failure::Configuration(vec![problem]));
        }
    }
    let mut lines = Vec::new();
    for (name, text) in STARTER {
        let path: PathBuf = folder.join(name);
        if services.workspace.exists(&path) && !force {
            lines.push(format!("kept    {}\n", path.display()));
            continue;
        }
        services.workspace.write(&path, text.as_bytes()).map_err(Failure::File)?;
        lines.push(format!("wrote   {}\n", path.display()));
    }
    lines.push(
        "\nNext:\n  1. export OPENAI_API_KEY=…            the key for the provider in prompt-cicd.yml\n  \
         2. prompt-cicd test --dry-run          what would be asked, and what it might cost\n  \
         3. prompt-cicd test                    ask and judge; exit 0 passed, 10 failed\n"
            .to_owned(),
    );
    Ok(Finished::done(lines.concat()))
}
