//! `prompt-cicd init`: a first configuration that runs as it stands, for what is in the repository.

mod callers;
mod check;
mod find;
mod ignored;
mod suites;

use std::path::{Path, PathBuf};

pub use callers::CALLERS;
use find::Seen;
use suites::Suite;

use super::{CONFIG_PLACES, Failure, Finished, Services, inside::Inside, test};
use crate::{
    domain::diagnostic::{Diagnostic, Place, Severity},
    report::{escape::one_line, number::plural, rollout::Shape},
};

/// The files that `init` writes where there are no prompts: a path and a text each.
pub const STARTER: [(&str, &str); 3] = [
    ("prompt-cicd.yml", include_str!("../../../templates/init/prompt-cicd.yml")),
    ("prompts/greeting.prompt.yml", include_str!("../../../templates/init/greeting.prompt.yml")),
    ("cases/greeting.jsonl", include_str!("../../../templates/init/greeting.jsonl")),
];

/// The most files that are told of one by one.
const TOLD: usize = 20;

/// What a user asked for.
#[derive(Debug, Clone)]
pub struct InitRequest {
    /// Where to write.
    pub folder: PathBuf,
    /// Whether what is there is written anew.
    pub force: bool,
    /// Whether the callers are written, beside a configuration that is there too; without a word they come with a new configuration
    /// in a git repository.
    pub workflows: bool,
    /// Only says what is out of date.
    pub check: bool,
    /// What standard output gets of the check.
    pub shape: Shape,
}

/// Writes a configuration for the prompts below the folder, or a first prompt where there is none, and callers of the workflows.
/// Nothing that is there is touched, unless `force` says so.
///
/// # Errors
/// A configuration that exists already, or a folder that cannot be read or written to.
pub fn init(services: &Services, request: &InitRequest) -> Result<Finished, Failure> {
    if request.check {
        return check::check(services, request);
    }
    let (folder, force) = (&request.folder, request.force);
    let existing = CONFIG_PLACES.iter().map(|place| folder.join(place)).find(|place| services.workspace.exists(place));
    if let Some(existing) = existing.as_ref().filter(|_| !force && !request.workflows) {
        let problem = Diagnostic::error(Place::file(existing.display().to_string()), "", "a configuration is here already")
            .with_help("check it with `prompt-cicd config check` and `prompt-cicd init --check`, or write anew with --force");
        return Err(Failure::Configuration(vec![problem]));
    }
    let mut writer = Writer { services, inside: Inside::below(services, folder), folder, force, lines: Vec::new() };
    let mut begun = Begun::Kept;
    // Beside a configuration that is there, only callers are asked for.
    if existing.is_none() || !request.workflows {
        begun = writer.configuration()?;
    }
    writer.ignored()?;
    let in_git = services.workspace.exists(&folder.join(".git"));
    let workflows = request.workflows || in_git;
    if workflows {
        for (name, text) in CALLERS {
            writer.file(name, text)?;
        }
    }
    writer.lines.push(next(&begun, workflows));
    Ok(Finished::done(writer.lines.concat()))
}

/// What the configuration begins with.
enum Begun {
    /// One that was there.
    Kept,
    /// Our own prompt.
    Starter,
    /// The repository's prompts, and the provider that they ask.
    Prompts(&'static str),
}

struct Writer<'w> {
    services: &'w Services,
    inside: Inside,
    folder: &'w Path,
    force: bool,
    lines: Vec<String>,
}

impl Writer<'_> {
    fn file(&mut self, name: &str, text: &str) -> Result<(), Failure> {
        let path: PathBuf = self.folder.join(name);
        self.confined(&path)?;
        if self.services.workspace.exists(&path) && !self.force {
            self.lines.push(format!("kept    {}\n", path.display()));
            return Ok(());
        }
        self.services.workspace.write(&path, text.as_bytes()).map_err(Failure::File)?;
        self.lines.push(format!("wrote   {}\n", path.display()));
        Ok(())
    }

    /// Tells git to leave alone what we keep here.
    fn ignored(&mut self) -> Result<(), Failure> {
        let path = self.folder.join(ignored::FILE);
        self.confined(&path)?;
        let there = self.services.workspace.exists(&path);
        let Some(text) = ignored::extended(self.services, &path)? else { return Ok(()) };
        self.services.workspace.write(&path, text.as_bytes()).map_err(Failure::File)?;
        self.lines.push(format!("{} {}\n", if there { "added to" } else { "wrote  " }, path.display()));
        Ok(())
    }

    fn configuration(&mut self) -> Result<Begun, Failure> {
        let Seen { prompts, left_out } = find::prompts(self.services, self.folder)?;
        let left_out: Vec<(String, String)> = left_out.into_iter().map(|(file, why)| (file.display().to_string(), why)).collect();
        if prompts.is_empty() {
            self.tell_left_out(&left_out);
            for (name, text) in STARTER {
                self.file(name, text)?;
            }
            return Ok(Begun::Starter);
        }
        self.lines.push(format!("found   {}\n", plural(prompts.len(), "prompt")));
        let provider = suites::provider(&prompts);
        let (mut suites, guessless) = suites::suites(&prompts);
        let mut left_out: Vec<(String, String)> = left_out.into_iter().chain(guessless).collect();
        let path = self.folder.join("prompt-cicd.yml");
        self.confined(&path)?;
        // What does not hold together is left out, so that the rest runs as it stands.
        loop {
            self.services.workspace.write(&path, suites::text(&suites, provider)?.as_bytes()).map_err(Failure::File)?;
            let Err(failure) = test::check(self.services, Some(path.clone())) else { break };
            let Failure::Configuration(problems) = &failure else { return Err(failure) };
            let before = suites.len();
            for problem in problems.iter().filter(|problem| problem.severity == Severity::Error) {
                if let Some(index) = guilty(&suites, problem) {
                    left_out.push((suites.remove(index).file, problem.described()));
                    // Indexes behind it are others now.
                    break;
                }
            }
            if suites.len() == before || suites.is_empty() {
                return Err(failure);
            }
        }
        self.lines.push(format!("wrote   {} with {}\n", path.display(), plural(suites.len(), "suite")));
        self.tell_left_out(&left_out);
        Ok(Begun::Prompts(provider))
    }

    /// A link in somebody's repository must not lead what is written out of it.
    fn confined(&self, path: &Path) -> Result<(), Failure> {
        let Some(why) = self.inside.leads_out(self.services, path) else { return Ok(()) };
        let problem = Diagnostic::error(Place::file(path.display().to_string()), "", why);
        Err(Failure::Configuration(vec![problem.with_help("remove the link, and run it again")]))
    }

    fn tell_left_out(&mut self, left_out: &[(String, String)]) {
        for (file, why) in left_out.iter().take(TOLD) {
            self.lines.push(format!("left    {}: {}\n", one_line(file), one_line(why)));
        }
        if left_out.len() > TOLD {
            self.lines.push(format!("left    {} more\n", left_out.len() - TOLD));
        }
    }
}

/// The suite that a problem is about.
fn guilty(suites: &[Suite], problem: &Diagnostic) -> Option<usize> {
    let index = problem.path.strip_prefix("suites[").and_then(|rest| rest.split(']').next()?.parse::<usize>().ok());
    let of_file = || suites.iter().position(|suite| Path::new(&problem.place.file).ends_with(&suite.file));
    index.filter(|index| *index < suites.len()).or_else(of_file)
}

fn next(begun: &Begun, workflows: bool) -> String {
    let key = match begun {
        Begun::Prompts("github-models") => "export GITHUB_TOKEN=…               a token that may ask GitHub Models",
        Begun::Starter | Begun::Prompts(_) => "export OPENAI_API_KEY=…             the key for the provider in prompt-cicd.yml",
        Begun::Kept => "prompt-cicd config check             whether the configuration holds together",
    };
    let try_it = match begun {
        Begun::Prompts(_) => "prompt-cicd test --provider echo     every suite once, without a model and without a key",
        Begun::Starter | Begun::Kept => "prompt-cicd test --dry-run           what would be asked, and what it might cost",
    };
    let last = if workflows {
        "commit it                            write your owner for `org` in the workflows' `uses:`, add the secrets that they name,\n                                          \
         and reviewers: prompt-cicd env plan"
    } else {
        "prompt-cicd test                     ask and judge; exit 0 passed, 10 failed"
    };
    format!("\nNext:\n  1. {key}\n  2. {try_it}\n  3. {last}\n")
}
