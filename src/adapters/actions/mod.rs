//! GitHub Actions, as a step sees it: command files and workflow commands.
//!
//! Commands go to standard error, which the runner reads as well, so that standard output stays what `--format` says.

mod command;
pub mod event;
mod files;

use std::{
    env,
    io::Write as _,
    path::{Path, PathBuf},
};

use crate::{
    adapters::secret::Secret,
    domain::annotation::{Annotation, Level},
    ports::ci::{Ci, CiError, CiRun, Event},
};

/// The runner drops a step's summary as a whole when it is larger than this many bytes.
const SUMMARY_LIMIT: usize = 1_048_576;
/// What is kept free of it: other tools in the same step, and the runner's own counting.
const SUMMARY_SPARE: usize = 48_576;
/// The runner keeps this many annotations of each level from one step.
const ANNOTATIONS_SHOWN: usize = 10;

/// The step we run in.
#[derive(Debug, Clone)]
pub struct Step {
    output: Option<PathBuf>,
    summary: Option<PathBuf>,
    /// The repository's folder, which annotations are relative to.
    workspace: Option<PathBuf>,
    event_name: String,
    event_path: Option<PathBuf>,
    run: CiRun,
}

impl Step {
    /// The step that the environment describes; `None` outside of GitHub Actions.
    pub fn from_environment() -> Option<Self> {
        let variable = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let text = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
        (env::var("GITHUB_ACTIONS").as_deref() == Ok("true")).then(|| Self {
            output: variable("GITHUB_OUTPUT"),
            summary: variable("GITHUB_STEP_SUMMARY"),
            workspace: variable("GITHUB_WORKSPACE"),
            event_name: text("GITHUB_EVENT_NAME").unwrap_or_default(),
            event_path: variable("GITHUB_EVENT_PATH"),
            run: run(&text),
        })
    }

    /// Keeps a secret out of everything that this job prints from now on. A value of several lines is masked line by
    /// line; short lines are not masked, that would black out half of the log.
    pub fn mask(secret: &Secret) {
        let lines = secret.expose().lines().map(str::trim).filter(|line| line.len() >= 8);
        say(&lines.map(|line| command::line("add-mask", &[], line)).collect::<Vec<_>>());
    }

    /// Begins a group of lines that the runner folds; the line that ends it comes back.
    pub fn group(title: &str) -> &'static str {
        say(&[command::line("group", &[], title)]);
        "::endgroup::"
    }

    /// The path as the repository has it.
    fn in_repository(&self, file: &str) -> String {
        let relative = || {
            let workspace = self.workspace.as_deref()?.canonicalize().ok()?;
            let file = Path::new(file).canonicalize().ok()?;
            Some(file.strip_prefix(&workspace).ok()?.to_string_lossy().into_owned())
        };
        relative().unwrap_or_else(|| file.trim_start_matches("./").to_owned())
    }

    /// A path that may not be there, links followed as far as its folder goes.
    fn below_workspace(&self, file: &Path, whole: bool) -> Option<PathBuf> {
        let workspace = self.workspace.as_deref().unwrap_or(Path::new(".")).canonicalize().ok()?;
        let real = if whole {
            file.canonicalize().ok()?
        } else {
            let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            folder.canonicalize().ok()?.join(file.file_name()?)
        };
        Some(real.strip_prefix(&workspace).ok()?.to_owned())
    }

    fn annotation(&self, annotation: &Annotation) -> String {
        let name = match annotation.level {
            Level::Error => "error",
            Level::Warning => "warning",
            Level::Notice => "notice",
        };
        let mut properties = vec![("title", annotation.title.clone())];
        // Not everything that is said belongs to a file.
        if !annotation.place.file.is_empty() {
            properties.push(("file", self.in_repository(&annotation.place.file)));
        }
        properties.extend(annotation.place.line.map(|line| ("line", line.to_string())));
        properties.extend(annotation.place.column.map(|column| ("col", column.to_string())));
        let properties: Vec<_> = properties.iter().map(|(key, value)| (*key, value.as_str())).collect();
        // Only the start of the line makes a command of it; the older form works anywhere, so none may stand in it.
        command::line(name, &properties, &annotation.message).replace("##[", "#\u{200b}#[")
    }
}

impl Ci for Step {
    fn is_present(&self) -> bool {
        true
    }

    fn event(&self) -> Result<Event, CiError> {
        event::read(&self.event_name, self.event_path.as_deref())
    }

    fn is_pull_request(&self) -> bool {
        event::is_pull_request(&self.event_name)
    }

    fn run(&self) -> Option<CiRun> {
        Some(self.run.clone())
    }

    fn in_repository(&self, file: &Path) -> Vec<PathBuf> {
        let mut names: Vec<PathBuf> = [false, true].into_iter().filter_map(|whole| self.below_workspace(file, whole)).collect();
        names.dedup();
        names
    }

    fn annotate(&self, annotations: &[Annotation]) {
        let mut lines = Vec::new();
        for level in [Level::Error, Level::Warning, Level::Notice] {
            let of_level: Vec<_> = annotations.iter().filter(|annotation| annotation.level == level).collect();
            let hidden = of_level.len().saturating_sub(ANNOTATIONS_SHOWN);
            // The last place is for the word that there are more.
            let shown = if hidden > 0 { ANNOTATIONS_SHOWN - 1 } else { ANNOTATIONS_SHOWN };
            lines.extend(of_level.iter().take(shown).map(|annotation| self.annotation(annotation)));
            if let (true, Some(first)) = (hidden > 0, of_level.get(shown)) {
                let message = format!("…and {} more; the log and the job summary have them", of_level.len() - shown);
                lines.push(self.annotation(&Annotation { message, title: "more".to_owned(), ..(*first).clone() }));
            }
        }
        say(&lines);
    }

    fn summary_room(&self) -> usize {
        let used = self
            .summary
            .as_deref()
            .and_then(|path| path.metadata().ok())
            .map_or(0, |meta| usize::try_from(meta.len()).unwrap_or(usize::MAX));
        (SUMMARY_LIMIT - SUMMARY_SPARE).saturating_sub(used)
    }

    fn append_summary(&self, markdown: &str) -> Result<(), CiError> {
        // Without the file (an old runner, a local run with the same environment) there is nowhere to write.
        self.summary.as_deref().map_or(Ok(()), |path| files::append(path, markdown.as_bytes(), "the job summary"))
    }

    fn set_outputs(&self, outputs: &[(&str, String)]) -> Result<(), CiError> {
        let Some(path) = &self.output else { return Ok(()) };
        let text: Vec<String> = outputs.iter().map(|(name, value)| files::output(name, value, &files::delimiter())).collect();
        files::append(path, text.concat().as_bytes(), "the step's outputs")
    }
}

/// No CI system: a laptop.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoCi;

impl Ci for NoCi {
    fn is_present(&self) -> bool {
        false
    }

    fn event(&self) -> Result<Event, CiError> {
        Ok(Event::None)
    }

    fn is_pull_request(&self) -> bool {
        false
    }

    fn run(&self) -> Option<CiRun> {
        None
    }

    fn in_repository(&self, _file: &Path) -> Vec<PathBuf> {
        Vec::new()
    }

    fn annotate(&self, _annotations: &[Annotation]) {}

    fn summary_room(&self) -> usize {
        0
    }

    fn append_summary(&self, _markdown: &str) -> Result<(), CiError> {
        Ok(())
    }

    fn set_outputs(&self, _outputs: &[(&str, String)]) -> Result<(), CiError> {
        Ok(())
    }
}

/// The run that the environment describes.
fn run(text: &impl Fn(&str) -> Option<String>) -> CiRun {
    let page = || {
        let (server, repository, id) = (text("GITHUB_SERVER_URL")?, text("GITHUB_REPOSITORY")?, text("GITHUB_RUN_ID")?);
        Some(format!("{server}/{repository}/actions/runs/{id}"))
    };
    let part = |name: &str| text(name).unwrap_or_default();
    let (event, payload) = (part("GITHUB_EVENT_NAME"), text("GITHUB_EVENT_PATH"));
    let payload = payload.as_deref().map(Path::new);
    CiRun {
        commit: text("GITHUB_SHA"),
        url: page(),
        id: format!("{}-{}-{}", part("GITHUB_RUN_ID"), part("GITHUB_RUN_ATTEMPT"), part("GITHUB_JOB")),
        on_default_branch: event::on_default_branch(&event, payload, text("GITHUB_REF").as_deref()),
        default_branch: event::default_branch(&event, payload),
    }
}

fn say(lines: &[String]) {
    // Nobody is left to be told that standard error is gone.
    drop(std::io::stderr().write_all(lines.concat().as_bytes()));
}
