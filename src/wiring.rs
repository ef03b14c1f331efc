//! The only constructor of adapters: from flags and environment to services.
#![expect(clippy::disallowed_methods, reason = "this ring reads the environment")]

use std::{io::IsTerminal as _, sync::Arc};

use crate::{
    adapters::{
        actions::{NoCi, Step},
        clock::SystemClock,
        http::site::Sites,
        log,
        metric_source::MetricSourceFactory,
        process::OwnProcess,
        progress::{Bar, Lines, Silent},
        provider::ProviderFactory,
        secret::Scrubber,
        target::TargetFactory,
        workspace::Disk,
    },
    app::{Failure, Services},
    cli::{Color, Global, LogFormat, inputs},
    ports::{ci::Ci, progress::Progress, workspace::WorkspaceError},
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
    let providers = ProviderFactory::new(Arc::new(variable), "").with_scrubber(scrubber);
    let sites = Sites::new(Arc::new(variable), providers.scrubber());
    Services {
        ci: step.map_or_else(|| Arc::new(NoCi) as Arc<dyn Ci>, |step| Arc::new(step)),
        clock: Arc::new(SystemClock::default()),
        workspace: Arc::new(Disk),
        providers: Arc::new(providers),
        targets: Arc::new(TargetFactory::new(sites.clone(), "")),
        metric_sources: Arc::new(MetricSourceFactory::new(sites, "")),
        progress,
        process: Arc::new(OwnProcess::default()),
    }
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
