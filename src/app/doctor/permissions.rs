//! Which permissions the token has, what lacks them, and what the workflow has to say.

use std::collections::BTreeMap;

use super::{LOOK, health_of};
use crate::{
    app::{Services, test},
    config::Config,
    domain::{
        comment::CommentMode,
        examination::{Finding, Health},
        history::settings::is_kept,
        notice::ChannelKind,
        permission::{Level, Permission},
        provider::{ProviderKind, ProviderSettings},
        store::StoreKind,
        target::{FlagdPlace, TargetKind},
    },
    ports::code_host::Patience,
    report::escape::one_line,
};

/// What is wanted of one permission: how much, and for what.
type Wanted = BTreeMap<Permission, (Level, Vec<&'static str>)>;

/// Asks for each permission. `writes`: also for changing, by requests that GitHub must refuse for their bodies.
pub(super) async fn look(services: &Services, config: Option<&Config>, writes: bool) -> Vec<Finding> {
    // Whoever has no GitHub was told so.
    let Ok(host) = services.code_hosts.administration() else { return Vec::new() };
    let wanted = wanted(services, config);
    let models = config.is_some_and(|config| config.providers.iter().any(by_the_token));
    let patience = Patience::of(services.clock.as_ref(), LOOK).never_waiting();
    let mut findings = Vec::new();
    for permission in Permission::ALL {
        let what = format!("GitHub {}", permission.as_str());
        let need = wanted.get(&permission);
        let read = match host.may(permission, Level::Read, patience).await {
            Ok(may) => may,
            Err(error) => {
                let health = health_of(&error);
                findings.push(Finding::new(what, health, one_line(&error.to_string()), "nothing more can be said of permissions"));
                return findings;
            }
        };
        if !read.allowed {
            findings.push(missing(&what, permission, Level::Read, need, &read.said));
            continue;
        }
        let write = match &read.scopes {
            Some(scopes) => Some((permission.is_in(scopes), format!("a classic token with {}", scopes.join(", ")))),
            None if writes => match host.may(permission, Level::Write, patience).await {
                Ok(may) => Some((may.allowed, may.said)),
                Err(error) => Some((false, one_line(&error.to_string()))),
            },
            None => None,
        };
        findings.push(match write {
            Some((true, _)) => Finding::well(what, "the token reads and writes".to_owned()),
            Some((false, said)) => missing(&what, permission, Level::Write, need, &said),
            None => Finding::well(what, "the token reads; `--writes` finds out whether it writes".to_owned()),
        });
    }
    findings.push(Finding::well("GitHub workflow", format!("what this configuration needs: `{}`", block(&wanted, models))));
    findings
}

fn missing(what: &str, permission: Permission, level: Level, need: Option<&(Level, Vec<&'static str>)>, said: &str) -> Finding {
    let seen = if level == Level::Read { "the token does not read it" } else { "the token reads and does not write" };
    let seen = format!("{seen} ({})", one_line(said));
    match need.filter(|(needed, _)| *needed >= level) {
        Some((needed, uses)) => {
            let next = format!("write `permissions: {}: {}` in the job: for {}", permission.as_str(), needed.as_str(), uses.join(", "));
            Finding::new(what, Health::Refused, seen, next)
        }
        None => Finding::aside(what, seen, "nothing in this configuration needs it"),
    }
}

/// What the configuration makes of GitHub; without one, what `test` needs.
fn wanted(services: &Services, config: Option<&Config>) -> Wanted {
    let mut wanted = Wanted::from([(Permission::Contents, (Level::Read, vec!["the files, and what they were before"]))]);
    let mut need = |permission: Permission, level: Level, use_: &'static str| {
        let entry = wanted.entry(permission).or_insert((level, Vec::new()));
        entry.0 = entry.0.max(level);
        entry.1.push(use_);
    };
    let Some(config) = config else { return wanted };
    if config.github.comment != CommentMode::Off {
        need(Permission::PullRequests, Level::Write, "the comment (`github.comment`)");
    }
    if config.github.check_run {
        need(Permission::Checks, Level::Write, "the check run (`github.check-run`)");
    }
    if config.github.deployments {
        need(Permission::Deployments, Level::Write, "the Environments page (`github.deployments`)");
    }
    if config.notifications.iter().any(|channel| matches!(channel.kind, ChannelKind::GitHubIssue { .. })) {
        need(Permission::Issues, Level::Write, "issues (`notifications`)");
    }
    let auto = services.ci.is_present() && matches!(config.store.kind, StoreKind::Auto { .. });
    let on_branch = auto || matches!(config.store.kind, StoreKind::GitHub { .. });
    if on_branch && !config.environments.is_empty() {
        need(Permission::Contents, Level::Write, "the state branch (`store`)");
    }
    if on_branch && is_kept(config.history.record, false, test::stage(services)).unwrap_or(false) {
        need(Permission::Contents, Level::Write, "what is kept of runs here (`history.record`)");
    }
    let by_api = |kind: &TargetKind| matches!(kind, TargetKind::Flagd { place: FlagdPlace::Branch { remote: None, .. }, .. });
    if services.ci.is_present() && config.targets.iter().any(|target| by_api(&target.kind)) {
        need(Permission::Contents, Level::Write, "the branch with the flags (`targets`)");
    }
    wanted
}

/// Whether a provider is asked with the job's own token, as GitHub Models is: no permission of the repository lets it.
pub(super) fn by_the_token(provider: &ProviderSettings) -> bool {
    match &provider.kind {
        ProviderKind::OpenAi(http) | ProviderKind::Anthropic(http) => http.api_key_env.as_deref() == Some("GITHUB_TOKEN"),
        ProviderKind::Command { .. } | ProviderKind::Echo | ProviderKind::Cassette { .. } => false,
    }
}

/// As a workflow writes it, in one line.
fn block(wanted: &Wanted, models: bool) -> String {
    let mut parts: Vec<String> =
        wanted.iter().map(|(permission, (level, _))| format!("{}: {}", permission.as_str(), level.as_str())).collect();
    parts.extend(models.then(|| "models: read".to_owned()));
    format!("permissions: {{{}}}", parts.join(", "))
}
