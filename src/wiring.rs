//! The only constructor of adapters: from flags and environment to services.
#![expect(clippy::disallowed_methods, reason = "this ring reads the environment")]

use std::{io::IsTerminal as _, sync::Arc};

use crate::{
    adapters::{
        actions::{NoCi, Step},
        clock::SystemClock,
        git::{Git, History},
        log,
        process::OwnProcess,
        progress::{Bar, Lines, Silent},
        provider::ProviderFactory,
        secret::Scrubber,
        workspace::Disk,
    },
    app::{Failure, Services},
    cli::{Color, Global, LogFormat, inputs},
    ports::{
        ci::Ci,
        progress::Progress,
        vcs::Proposed,
        workspace::{Workspace as _, WorkspaceError},
    },
    report::Style,
};

/// A variable of the environment; `None` when it is not set or not text.
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Goes to the folder that the action's input names, if it does.
///
/// # Errors
/// When it is not there.
pub fn enter_working_directory() -> Result<(), Failure> {
    let Some(folder) = inputs::working_directory(&variable) else { return Ok(()) };
    std::env::set_current_dir(&folder).map_err(|source| Failure::File(WorkspaceError::Io { path: folder.into(), source }))
}

/// Makes the services for one command.
pub fn services(global: &Global) -> Services {
    let progress: Arc<dyn Progress> = if global.quiet {
        Arc::new(Silent)
    } else if std::io::stderr().is_terminal() && std::env::var_os("CI").is_none() {
        Arc::new(Bar::default())
    } else {
        Arc::new(Lines::default())
    };
    let step = Step::from_environment();
    let scrubber = if step.is_some() { Scrubber::announcing(Step::mask) } else { Scrubber::default() };
    Services {
        ci: step.map_or_else(|| Arc::new(NoCi) as Arc<dyn Ci>, |step| Arc::new(step)),
        clock: Arc::new(SystemClock::default()),
        workspace: Arc::new(Disk),
        vcs: Arc::new(history()),
        providers: Arc::new(ProviderFactory::new(Arc::new(variable), "").with_scrubber(scrubber)),
        progress,
        process: Arc::new(OwnProcess::default()),
    }
}

/// The history of the files here: by git, which may fetch the one commit that a job's shallow clone lacks.
fn history() -> History {
    let in_job = variable("GITHUB_ACTIONS").is_some_and(|value| value == "true");
    // The code host stands in where git does not reach, as soon as the services have one.
    History::new(Git::new(in_job), None, in_job.then(proposed).flatten())
}

/// The pull request that this run is about, as the event's file tells it.
fn proposed() -> Option<Proposed> {
    const LIMIT: u64 = 32 * 1024 * 1024;
    let of_pull_request = ["pull_request", "pull_request_target"].contains(&variable("GITHUB_EVENT_NAME")?.as_str());
    let path = variable("GITHUB_EVENT_PATH").filter(|_| of_pull_request)?;
    let text = Disk.read_text(path.as_ref(), LIMIT).ok()?;
    let event: serde_json::Value = serde_json::from_str(&text).ok()?;
    let sha = |side: &str| event.pointer(&format!("/pull_request/{side}/sha")).and_then(serde_json::Value::as_str).map(str::to_owned);
    Some(Proposed { base: sha("base")?, head: sha("head")? })
}

/// Starts the log.
pub fn start_log(global: &Global) {
    let format = match global.log_format {
        LogFormat::Text => log::LogFormat::Text,
        LogFormat::Json => log::LogFormat::Json,
    };
    log::start(format, global.verbose, color(global, std::io::stderr().is_terminal()));
}

/// How text on standard output looks.
pub fn style(global: &Global) -> Style {
    let terminal = std::io::stdout().is_terminal();
    let width = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok()).unwrap_or(120);
    Style { color: color(global, terminal), width, verbose: global.verbose > 0 }
}

fn color(global: &Global, terminal: bool) -> bool {
    match global.color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
    }
}
