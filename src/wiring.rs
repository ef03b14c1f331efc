//! The only constructor of adapters: from flags and environment to services.
#![expect(clippy::disallowed_methods, reason = "this ring reads the environment")]

use std::{io::IsTerminal as _, path::Path, sync::Arc};

use crate::{
    adapters::{
        actions::{NoCi, Step},
        clock::SystemClock,
        git::{Git, History, Hosted, Job},
        github::{GitHub, GitHubBranch, Identity, Settings},
        http::{Http, site::Sites},
        kubernetes::Clusters,
        log,
        metric_source::MetricSourceFactory,
        notifier::NotifierFactory,
        process::OwnProcess,
        program::LocalPrograms,
        progress::{Bar, Lines, Silent},
        provider::ProviderFactory,
        secret::{Scrubber, Secret},
        store::{BranchStore, ConfigMapStore, DirectoryStore, GitBranch, PostgresStore, SqliteStore},
        target::TargetFactory,
        workspace::Disk,
    },
    app::{Failure, Services},
    cli::{Color, Global, LogFormat, inputs},
    domain::{
        audit::Who,
        store::{StoreKind, StoreSettings},
    },
    ports::{
        ci::{Ci, Event as CiEvent},
        clock::Clock,
        code_host::{Administration, CodeHost, CodeHosts, NoCodeHost},
        progress::Progress,
        store::{Branch, Branches, Store, StoreError, Stores},
        vcs::{Proposed, VcsError},
        workspace::WorkspaceError,
    },
    report::{Style, escape::workflow_command_safe},
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
    let in_actions = step.is_some();
    let scrubber = Arc::new(scrubber);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    let providers = ProviderFactory::new(Arc::new(variable_or_token), "").with_scrubber(Arc::clone(&scrubber));
    let sites = Sites::new(Arc::new(variable), Arc::clone(&scrubber));
    let stores = Arc::new(StoreFactory { sites: sites.clone(), clock: Arc::clone(&clock), scrubber: Arc::clone(&scrubber), in_actions });
    let branches = Arc::clone(&stores) as Arc<dyn Branches>;
    let targets = TargetFactory::new(sites.clone(), "").with_branches(branches, Arc::clone(&clock));
    let code_hosts: Arc<dyn CodeHosts> = Arc::new(GitHubOfThisRun { clock: Arc::clone(&clock), scrubber: Arc::clone(&scrubber) });
    let ci = step.map_or_else(|| Arc::new(NoCi) as Arc<dyn Ci>, |step| Arc::new(step));
    Services {
        vcs: Arc::new(history(ci.as_ref(), code_hosts.as_ref(), &clock)),
        code_hosts,
        ci,
        clock,
        workspace: Arc::new(Disk),
        targets: Arc::new(targets),
        notifiers: Arc::new(NotifierFactory::new(sites.clone())),
        metric_sources: Arc::new(MetricSourceFactory::new(sites, "")),
        providers: Arc::new(providers),
        programs: Arc::new(LocalPrograms::new(Arc::new(variable), Arc::clone(&scrubber))),
        progress,
        process: Arc::new(OwnProcess::default()),
        stores,
        who: who(),
    }
}

/// A variable; the token of a job may come as the action's input instead, since a container gets no other.
fn variable_or_token(name: &str) -> Option<String> {
    let given = || (name == "GITHUB_TOKEN").then(|| inputs::token(&variable)).flatten();
    variable(name).filter(|value| !value.is_empty()).or_else(given).or_else(|| variable(name))
}

/// Who runs us: in GitHub Actions the account and the run, elsewhere the user and the machine.
fn who() -> Who {
    let named = |name: &str| variable(name).filter(|value| !value.is_empty());
    let run = || Some(format!("{}/{}/actions/runs/{}", named("GITHUB_SERVER_URL")?, named("GITHUB_REPOSITORY")?, named("GITHUB_RUN_ID")?));
    let attempt = named("GITHUB_RUN_ATTEMPT").map(|attempt| format!("/attempts/{attempt}")).unwrap_or_default();
    Who {
        actor: ["GITHUB_ACTOR", "USER", "LOGNAME"].iter().find_map(|name| named(name)).unwrap_or_else(|| "unknown".to_owned()),
        run: run().map(|run| run + &attempt).or_else(|| named("HOSTNAME")),
        workflow: named("GITHUB_WORKFLOW_REF"),
    }
}

/// Opens stores.
struct StoreFactory {
    sites: Sites,
    clock: Arc<dyn Clock>,
    scrubber: Arc<Scrubber>,
    in_actions: bool,
}

impl StoreFactory {
    fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock)
    }

    fn on_branch(&self, branch: Arc<dyn Branch>, history: u64) -> Arc<dyn Store> {
        Arc::new(BranchStore::new(branch, self.clock(), history))
    }

    fn github(&self, branch: &str, history: u64) -> Result<Arc<dyn Store>, StoreError> {
        let opened = self.branch_by_api(branch, "says another `store.kind`");
        opened.map(|branch| self.on_branch(branch, history)).map_err(|what| StoreError::Settings(format!("store: {what}")))
    }

    /// A branch by GitHub's API. `otherwise`: what to do where its token cannot be had.
    fn branch_by_api(&self, branch: &str, otherwise: &str) -> Result<Arc<dyn Branch>, String> {
        let needed = |name: &str| {
            variable(name).filter(|value| !value.trim().is_empty()).ok_or_else(|| {
                let token = "a workflow passes `GITHUB_TOKEN: ${{ github.token }}`, or";
                format!("{name} is not set, and the branch {branch} on GitHub needs it; {token} {otherwise}")
            })
        };
        let settings = Settings {
            api_url: variable("GITHUB_API_URL").unwrap_or_else(|| "https://api.github.com".to_owned()),
            repository: needed("GITHUB_REPOSITORY")?,
            // The action gives it as an input, as the job's own by default.
            token: Secret::new(inputs::token(&variable).map_or_else(|| needed("GITHUB_TOKEN"), Ok)?),
            identity: Identity::ActionsBot,
        };
        let http = Http::new().map_err(|error| error.to_string())?;
        let github = GitHub::new(settings, &http, self.clock(), Arc::clone(&self.scrubber)).map_err(|error| error.to_string())?;
        Ok(Arc::new(GitHubBranch::new(Arc::new(github), branch)))
    }

    fn branch_by_push(&self, remote: &str, branch: &str) -> Arc<dyn Branch> {
        Arc::new(GitBranch::new(remote, branch, Path::new("."), self.clock(), Arc::clone(&self.scrubber)))
    }
}

impl Branches for StoreFactory {
    fn open(&self, remote: Option<&str>, branch: &str) -> Result<Arc<dyn Branch>, StoreError> {
        match remote {
            None if self.in_actions => {
                self.branch_by_api(branch, "the target says `remote` for a push by git").map_err(StoreError::Settings)
            }
            None => Ok(self.branch_by_push("origin", branch)),
            Some(remote) => Ok(self.branch_by_push(remote, branch)),
        }
    }
}

impl Stores for StoreFactory {
    fn open(&self, settings: &StoreSettings) -> Result<Arc<dyn Store>, StoreError> {
        Ok(match &settings.kind {
            StoreKind::Auto { branch, .. } if self.in_actions => self.github(branch, settings.history)?,
            StoreKind::Auto { path, .. } | StoreKind::Directory { path } => Arc::new(DirectoryStore::new(path, self.clock())),
            StoreKind::Sqlite { path } => Arc::new(SqliteStore::new(path, self.clock())),
            StoreKind::Postgres { url_env } => {
                let missing =
                    || StoreError::Settings(format!("store: the environment variable {url_env} is not set; it holds the address"));
                let url = Secret::new(variable(url_env).filter(|url| !url.is_empty()).ok_or_else(missing)?);
                Arc::new(PostgresStore::new(&url, self.clock(), Arc::clone(&self.scrubber))?)
            }
            StoreKind::Git { remote, branch } => self.on_branch(self.branch_by_push(remote, branch), settings.history),
            StoreKind::Kubernetes { cluster, name } => {
                let cluster = Clusters::new(&self.sites).open(cluster).map_err(|what| StoreError::Settings(format!("store: {what}")))?;
                Arc::new(ConfigMapStore::new(cluster, name, self.clock()))
            }
            StoreKind::GitHub { branch } => self.github(branch, settings.history)?,
        })
    }
}

/// The repository that the environment names.
struct GitHubOfThisRun {
    clock: Arc<dyn Clock>,
    scrubber: Arc<Scrubber>,
}

impl CodeHosts for GitHubOfThisRun {
    fn open(&self) -> Result<Arc<dyn CodeHost>, NoCodeHost> {
        let named = variable("GITHUB_API_URL").filter(|value| !value.is_empty());
        self.connect(named).map(|github| github as Arc<dyn CodeHost>)
    }

    fn administration(&self) -> Result<Arc<dyn Administration>, NoCodeHost> {
        // Asked for by people at their own machines too, where nobody names it.
        let named = variable("GITHUB_API_URL").filter(|value| !value.is_empty());
        self.connect(Some(named.unwrap_or_else(|| "https://api.github.com".to_owned()))).map(|github| github as Arc<dyn Administration>)
    }
}

impl GitHubOfThisRun {
    fn connect(&self, api_url: Option<String>) -> Result<Arc<GitHub>, NoCodeHost> {
        let set = |name: &'static str| variable(name).filter(|value| !value.is_empty()).ok_or(NoCodeHost::NotNamed(name));
        let token = inputs::token(&variable).map_or_else(|| set("GITHUB_TOKEN"), Ok)?;
        let identity = match inputs::login(&variable) {
            Some(login) => Identity::Login(login),
            // An app's token: the job's own, unless the login says whose.
            None if token.starts_with("ghs_") || !token.starts_with("gh") => Identity::ActionsBot,
            None => Identity::Ask,
        };
        let token = Secret::new(token);
        self.scrubber.register(&token);
        let settings = Settings {
            api_url: api_url.ok_or(NoCodeHost::NotNamed("GITHUB_API_URL"))?,
            repository: set("GITHUB_REPOSITORY")?,
            token,
            identity,
        };
        let unusable = |error: &dyn std::fmt::Display| NoCodeHost::Unusable(error.to_string());
        let http = Http::new().map_err(|error| unusable(&error))?;
        let github = GitHub::new(settings, &http, Arc::clone(&self.clock), Arc::clone(&self.scrubber));
        github.map(Arc::new).map_err(|error| unusable(&error))
    }
}

/// The history of the files here: by git, which may fetch the one commit that a job's shallow clone lacks; by the code host of this
/// run where git does not reach, or is not there.
fn history(ci: &dyn Ci, hosts: &dyn CodeHosts, clock: &Arc<dyn Clock>) -> History {
    let in_job = ci.is_present();
    let host = || {
        // The repository's root is the workspace of the job; a folder elsewhere has no name in it.
        let root = Path::new(&variable("GITHUB_WORKSPACE")?).canonicalize().ok()?;
        let here = std::env::current_dir().ok()?.canonicalize().ok()?;
        let below = here.strip_prefix(&root).ok()?.to_str()?.to_owned();
        Some(Hosted::new(hosts.open().ok()?, Arc::clone(clock), &below))
    };
    let proposed = match ci.event() {
        Ok(CiEvent::PullRequest(pull)) => Ok(Some(Proposed { base: pull.base, head: pull.head })),
        // Nothing to compare with and not knowing with what are not the same.
        Err(error) if ci.is_pull_request() => Err(VcsError::Event(error.to_string())),
        // Others propose nothing; what else their event is needed for says why it cannot be read.
        Ok(_) | Err(_) => Ok(None),
    };
    let job = ci.run().filter(|_| in_job).map(|run| Job { commit: run.commit, default_branch: run.default_branch });
    History::new(Git::new(in_job), in_job.then(host).flatten(), proposed, job)
}

/// Starts the log. In GitHub Actions a log of many lines is a group that the runner folds, and a run with debug logging
/// (`RUNNER_DEBUG`) has every step. Comes back with what ends the group, where one was begun.
#[must_use]
pub fn start_log(global: &Global) -> Option<&'static str> {
    let in_actions = variable("GITHUB_ACTIONS").as_deref() == Some("true");
    let debugged = in_actions && variable("RUNNER_DEBUG").as_deref() == Some("1");
    let verbosity = if debugged { global.verbose.max(2) } else { global.verbose };
    let guard: log::Guard = if in_actions { workflow_command_safe } else { |line| line.into() };
    let format = match global.log_format {
        LogFormat::Text => log::LogFormat::Text,
        LogFormat::Json => log::LogFormat::Json,
    };
    log::start(format, verbosity, color(global, std::io::stderr().is_terminal()), guard);
    let grouped = in_actions && verbosity > 0;
    grouped.then(|| Step::group("the log of prompt-cicd"))
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
