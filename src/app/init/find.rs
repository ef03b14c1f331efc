//! The prompts of a repository, in every form that `test` reads.

use std::path::{Component, Path, PathBuf};

use crate::{
    app::{Failure, Services},
    config::prompt_file,
    domain::prompt::Prompt,
};

/// The most files that are looked at, and the most bytes of one.
const MOST_FILES: usize = 50_000;
const LARGEST: u64 = 1024 * 1024;

/// A prompt that a suite can test.
#[derive(Debug)]
pub(super) struct Found {
    /// Its file, relative to the folder.
    pub(super) file: PathBuf,
    /// The prompt.
    pub(super) prompt: Prompt,
    /// Whether its file has cases.
    pub(super) has_cases: bool,
}

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Prompts, in the order of their files.
    pub(super) prompts: Vec<Found>,
    /// Files that look like prompts and cannot be read, with the reason.
    pub(super) left_out: Vec<(PathBuf, String)>,
}

/// Looks at every file below the folder.
pub(super) fn prompts(services: &Services, folder: &Path) -> Result<Seen, Failure> {
    let mut seen = Seen::default();
    if !services.workspace.is_folder(folder) {
        return Ok(seen);
    }
    for path in services.workspace.repository_files(folder, MOST_FILES).map_err(Failure::File)? {
        let file = path.strip_prefix(folder).unwrap_or(&path).to_owned();
        let Some(form) = form(&file) else { continue };
        let text = match services.workspace.read_text(&path, LARGEST) {
            Ok(text) => text,
            // Of files that may be anything, only prompts are spoken of.
            Err(_) if form != Form::Named => continue,
            Err(error) => {
                seen.left_out.push((file, error.to_string()));
                continue;
            }
        };
        if !form.holds(&text) {
            continue;
        }
        match prompt_file::read(&text, &file.display().to_string()) {
            Ok((read, _)) => seen.prompts.push(Found { file, prompt: read.prompt, has_cases: read.cases.is_some() }),
            Err(problems) => {
                let why = problems.first().map(ToString::to_string).unwrap_or_default();
                seen.left_out.push((file, why));
            }
        }
    }
    Ok(seen)
}

/// Why a file may be a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// By its name.
    Named,
    /// It is a text in a folder of prompts.
    Text,
    /// It may have a prompt's keys.
    Keys,
}

impl Form {
    fn holds(self, text: &str) -> bool {
        match self {
            Self::Named => true,
            Self::Text => !text.trim().is_empty(),
            // The seed's form.
            Self::Keys => text.contains("template") && (text.contains("test_cases") || text.contains("validation_rules")),
        }
    }
}

fn form(file: &Path) -> Option<Form> {
    let name = file.file_name()?.to_str()?.to_lowercase();
    if [".prompt.yml", ".prompt.yaml", ".prompt.json"].iter().any(|ending| name.ends_with(ending)) {
        return Some(Form::Named);
    }
    let ending = file.extension()?.to_str()?.to_lowercase();
    if ["json", "yml", "yaml"].contains(&ending.as_str()) {
        return Some(Form::Keys);
    }
    let text = ["txt", "md", "prompt", "hbs", "j2", "jinja", "jinja2"].contains(&ending.as_str());
    let about = ["readme", "changelog", "license", "contributing"].iter().any(|word| name.starts_with(word));
    let folders = file.parent().into_iter().flat_map(Path::components);
    let mut of_prompts = folders.filter_map(|part| match part {
        Component::Normal(name) => name.to_str().map(str::to_lowercase),
        Component::Prefix(_) | Component::RootDir | Component::CurDir | Component::ParentDir => None,
    });
    (text && !about && of_prompts.any(|name| name.contains("prompt"))).then_some(Form::Text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_told_by_name_folder_and_content() {
        for (file, expected) in [
            ("a.prompt.yml", Some(Form::Named)),
            ("deep/er/A.Prompt.YAML", Some(Form::Named)),
            ("prompts/greeting.txt", Some(Form::Text)),
            ("src/my_prompts/x/greeting.md", Some(Form::Text)),
            ("prompts/README.md", None),
            ("notes/greeting.txt", None),
            ("prompts/x.rs", None),
            ("templates/greeting.json", Some(Form::Keys)),
            ("Makefile", None),
        ] {
            assert_eq!(form(Path::new(file)), expected, "{file}");
        }
        assert!(!Form::Keys.holds("{\"template\": \"x\"}") && Form::Keys.holds("{\"template\": \"x\", \"test_cases\": []}"));
    }
}
