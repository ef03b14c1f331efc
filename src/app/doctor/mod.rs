//! `prompt-cicd doctor`: whether everything that a run needs is there, and what to do about what is not. It changes nothing.

mod permissions;

use std::{path::PathBuf, time::Duration};

use super::{CONFIG_PLACES, Failure, Finished, Outcome, Services, read_config, test};
use crate::{
    config,
    domain::{
        examination::{Finding, Health},
        provider::{FaultKind, ProviderKind, ProviderSettings},
        target::Subject,
    },
    ports::{
        code_host::{CodeHostError, NoCodeHost, Patience},
        provider::Recording,
        store::{Key, StoreError},
    },
    report::{
        doctor::{Format, render},
        escape::one_line,
    },
};

/// How long one server may take to answer.
const LOOK: Duration = Duration::from_secs(10);

/// What a user asked for.
#[derive(Debug, Clone)]
pub struct DoctorRequest {
    /// The configuration; `None`: look in the usual places.
    pub config: Option<PathBuf>,
    /// The configuration comes from elsewhere, and with it no prompts and cases.
    pub alone: bool,
    /// Whether writing permissions are asked for too.
    pub writes: bool,
    /// What standard output gets.
    pub format: Format,
}

/// Looks at everything, one thing after another.
///
/// # Errors
/// Never for what it looks at: that is in the findings.
pub async fn doctor(services: &Services, request: &DoctorRequest) -> Result<Finished, Failure> {
    let mut findings = vec![Finding::well("prompt-cicd", format!("version {}", env!("CARGO_PKG_VERSION")))];
    findings.push(repository(services).await);
    findings.extend(configured(services, request).await);
    let host = code_host(services).await;
    let reached = host.health == Health::Well;
    findings.push(host);
    if reached {
        let config = read_config(services, request.config.clone()).ok();
        let config = config.and_then(|(path, text)| config::parse(&text, &path.display().to_string()).ok());
        findings.extend(permissions::look(services, config.as_ref().map(|(config, _)| config), request.writes).await);
    }
    let health: Vec<Health> = findings.iter().map(|finding| finding.health).collect();
    let outcome = Outcome::Examined {
        misconfigured: health.contains(&Health::Misconfigured),
        unreachable: health.contains(&Health::Unreachable),
        refused: health.contains(&Health::Refused),
    };
    let mut stdout = Vec::new();
    render(request.format, &findings, &mut stdout).map_err(|error| Failure::Internal(error.into()))?;
    Ok(Finished { outcome, stdout, notes: Vec::new() })
}

async fn repository(services: &Services) -> Finding {
    match services.vcs.commit("HEAD").await {
        Ok(commit) => Finding::well("git", format!("HEAD is {}", commit.chars().take(10).collect::<String>())),
        Err(why) => Finding::aside("git", format!("no history here: {why}"), "without one, nothing is compared with base"),
    }
}

/// The configuration, and all that it names.
async fn configured(services: &Services, request: &DoctorRequest) -> Vec<Finding> {
    let (path, text) = match read_config(services, request.config.clone()) {
        Ok(found) => found,
        Err(failure) => {
            let next = failure.hint().unwrap_or_else(|| format!("write one of {}", CONFIG_PLACES.join(", ")));
            return vec![Finding::new("configuration", Health::Misconfigured, failure.to_string(), next)];
        }
    };
    let file = path.display().to_string();
    let config = match config::parse(&text, &file) {
        Ok((config, _)) => config,
        Err(problems) => {
            let of = |problem: &crate::domain::diagnostic::Diagnostic| {
                let next = problem.help.clone().unwrap_or_else(|| "prompt-cicd config check".to_owned());
                Finding::new("configuration", Health::Misconfigured, problem.described(), next)
            };
            return problems.iter().map(of).collect();
        }
    };
    let checked = if request.alone { None } else { Some(test::check(services, request.config.clone())) };
    let mut findings = vec![match checked {
        None => Finding::well("configuration", format!("{file}: fits; prompts and cases are not looked at with --config-at")),
        Some(Ok(checked)) => Finding::well("configuration", format!("{file}: {} suites with {} cases", checked.suites, checked.cases)),
        Some(Err(failure)) => {
            let first = failure.details().into_iter().next().unwrap_or_default();
            let what = format!("{file}: {failure}: {}", first.lines().next().unwrap_or_default());
            Finding::new("configuration", Health::Misconfigured, what, "prompt-cicd config check")
        }
    }];
    for settings in &config.providers {
        findings.push(provider(services, settings, &config).await);
    }
    findings.push(store(services, &config).await);
    for settings in &config.targets {
        let subject = Subject {
            prompt: config.suites.first().map_or_else(|| "prompt".to_owned(), |suite| suite.name.clone()),
            environment: config.environments.first().map_or_else(|| "production".to_owned(), |environment| environment.name.clone()),
        };
        let what = format!("target {}", settings.name);
        let opened = services.targets.open(settings, &subject);
        findings.push(match opened.as_ref().ok().and_then(|target| target.unusable()) {
            Some(why) => Finding::new(what, Health::Misconfigured, why.to_owned(), "a `path` from the root, `branch`, or `url`".to_owned()),
            None => connected(what, opened.map(drop)),
        });
    }
    for settings in &config.metric_sources {
        findings.push(connected(format!("metric source {}", settings.name), services.metric_sources.open(settings).map(drop)));
    }
    findings
}

fn connected(what: String, opened: Result<(), crate::ports::provider::ConnectError>) -> Finding {
    match opened {
        Ok(()) => Finding::well(what, "its address, keys and files are there; nothing was asked".to_owned()),
        Err(error) => Finding::new(what, Health::Misconfigured, error.message, error.help.unwrap_or_default()),
    }
}

async fn provider(services: &Services, settings: &ProviderSettings, config: &config::Config) -> Finding {
    let what = format!("provider {}", settings.name);
    if config.implied_provider && !services.ci.is_present() {
        let seen = "the configuration names none; GitHub Models answers in a GitHub workflow, and nobody here".to_owned();
        return Finding::aside(what, seen, "describe one under `providers` to test from here");
    }
    let provider = match services.providers.connect(settings, &config.providers, &Recording::default()) {
        Ok(provider) => provider,
        Err(error) => return Finding::new(what, Health::Misconfigured, error.message, error.help.unwrap_or_default()),
    };
    let key = match &settings.kind {
        ProviderKind::OpenAi(http) | ProviderKind::Anthropic(http) => {
            http.api_key_env.as_ref().map_or_else(|| "no key needed".to_owned(), |name| format!("{name} is set"))
        }
        ProviderKind::Command { .. } => return Finding::well(what, "its program and variables are there; it was not started".to_owned()),
        ProviderKind::Echo => return Finding::well(what, "asks nobody".to_owned()),
        ProviderKind::Cassette { .. } => return Finding::well(what, "its recording can be read".to_owned()),
    };
    // What suites and prompts name beside the provider's own model is known once the plan is made.
    let wanted = settings
        .model
        .iter()
        .chain(config.suites.iter().filter(|suite| suite.provider == settings.name).filter_map(|suite| suite.model.as_ref()));
    match provider.models(LOOK).await {
        Ok(Some(models)) => match wanted.clone().find(|model| !models.contains(model)) {
            None => Finding::well(what, format!("{key}; the server answers and has {}", list(wanted))),
            Some(missing) => {
                let near = crate::domain::suggest::nearest(missing, models.iter().map(String::as_str));
                let next = near.map_or_else(|| format!("it lists: {}", models.join(", ")), |near| format!("did you mean `{near}`?"));
                Finding::new(what, Health::Refused, format!("{key}; the server answers, and does not list the model `{missing}`"), next)
            }
        },
        Ok(None) => {
            Finding::aside(what, format!("{key}; the server answers, and does not say which models it has"), "`prompt-cicd bench` asks it")
        }
        Err(fault) => {
            let health = match fault.kind {
                FaultKind::Unreachable | FaultKind::Timeout | FaultKind::Malformed => Health::Unreachable,
                FaultKind::RateLimited | FaultKind::Denied | FaultKind::Rejected => Health::Refused,
                FaultKind::NotRecorded => Health::Misconfigured,
            };
            let next = if health == Health::Refused && services.ci.is_present() && permissions::by_the_token(settings) {
                "write `permissions: models: read` in the job; docs/reference/providers.md has the faults"
            } else {
                "docs/reference/providers.md has the faults"
            };
            Finding::new(what, health, format!("{key}; {}", fault.message), next)
        }
    }
}

fn list<'m>(models: impl Iterator<Item = &'m String>) -> String {
    let models: Vec<&str> = models.map(String::as_str).collect();
    if models.is_empty() { "models".to_owned() } else { models.join(", ") }
}

async fn store(services: &Services, config: &config::Config) -> Finding {
    let wrong = |error: &StoreError| {
        let health = match error {
            StoreError::Unreachable { .. } => Health::Unreachable,
            StoreError::Refused { .. } | StoreError::Full { .. } | StoreError::Conflict(_) => Health::Refused,
            StoreError::Corrupt { .. } | StoreError::Newer { .. } | StoreError::TooLarge { .. } | StoreError::Settings(_) => {
                Health::Misconfigured
            }
        };
        Finding::new("store", health, error.to_string(), "docs/reference/stores.md compares the kinds")
    };
    let store = match services.stores.open(&config.store) {
        Ok(store) => store,
        // Only rollouts and the registry need one.
        Err(error) if config.environments.is_empty() => {
            return Finding::aside("store", error.to_string(), "only rollouts and the registry need one");
        }
        Err(error) => return wrong(&error),
    };
    let key = Key::new("doctor").expect("a word is a key");
    match store.get(&key, Patience::of(services.clock.as_ref(), LOOK)).await {
        Ok(_) => Finding::well("store", format!("{} can be read", store.place())),
        Err(error) => wrong(&error),
    }
}

async fn code_host(services: &Services) -> Finding {
    let host = match services.code_hosts.open() {
        Ok(host) => host,
        Err(NoCodeHost::NotNamed(name)) if !services.ci.is_present() => {
            return Finding::aside("GitHub", format!("{name} is not set: this is no workflow"), "nothing is told to GitHub from here");
        }
        Err(error) => {
            return Finding::new(
                "GitHub",
                Health::Misconfigured,
                error.to_string(),
                "pass `GITHUB_TOKEN: ${{ github.token }}` to the step",
            );
        }
    };
    let patience = Patience::of(services.clock.as_ref(), LOOK).never_waiting();
    match host.compare("HEAD", "HEAD", patience).await {
        Ok(_) => Finding::well("GitHub", "the token reads the repository".to_owned()),
        Err(error) => {
            let health = health_of(&error);
            Finding::new(
                "GitHub",
                health,
                one_line(&error.to_string()),
                "give the job `permissions: contents: read`, and a token that is valid here",
            )
        }
    }
}

/// How well GitHub is, going by what it refused.
fn health_of(error: &CodeHostError) -> Health {
    match error {
        CodeHostError::Unreachable { .. } | CodeHostError::Unusable { .. } => Health::Unreachable,
        CodeHostError::NotFound { .. }
        | CodeHostError::PermissionMissing { .. }
        | CodeHostError::BadToken { .. }
        | CodeHostError::RateLimited { .. }
        | CodeHostError::Rejected { .. }
        | CodeHostError::TooLarge { .. }
        | CodeHostError::Conflict { .. } => Health::Refused,
    }
}
