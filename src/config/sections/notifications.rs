//! `notifications:`

use super::{
    duration_at,
    reach::{keys_of_kind, variable},
};
use crate::{
    config::{
        path::Path,
        problems::{Finding, Problems},
        raw::{self, Named},
        suggest,
    },
    domain::notice::{ChannelKind, ChannelSettings, Happening, MIRROR},
};

/// Keys that only some kinds take.
const KEYS_OF_KINDS: &[(&str, &[&str])] = &[("url-env", &["slack"]), ("labels", &["github-issue"])];

/// The most labels of an issue, and the most characters of one.
const LABELS: usize = 20;
const LABEL: usize = 50;

/// Reads the channels; those with problems are left out. `environments` are the names under `environments`.
pub(in crate::config) fn read(
    channels: Named<raw::notifications::Channel>,
    environments: &[String],
    problems: &mut Problems<'_>,
) -> Vec<ChannelSettings> {
    let section = Path::root().key("notifications");
    channels.0.into_iter().filter_map(|(name, channel)| one(name, channel, environments, &section, problems)).collect()
}

fn one(
    name: String,
    channel: raw::notifications::Channel,
    known: &[String],
    section: &Path,
    problems: &mut Problems<'_>,
) -> Option<ChannelSettings> {
    let path = section.key(name.as_str());
    if name.trim().is_empty() || name == MIRROR || name.len() > 100 {
        problems.push(Finding::error(path.clone(), "cannot name a channel").at_key().help("use a word, like `ops`".to_owned()));
    }
    let kind = channel.kind.as_deref()?;
    keys_of_kind("channel", kind, KEYS_OF_KINDS, &path, problems);
    let timeout = duration_at(channel.timeout.as_ref(), &path.key("timeout"), problems);
    let environments: Vec<String> = channel.environments.into_iter().flatten().flatten().collect();
    for (index, environment) in environments.iter().enumerate().filter(|(_, environment)| !known.contains(environment)) {
        let help = suggest::help(environment, "environments", known.iter().map(String::as_str))
            .or_else(|| Some("describe it under `environments`".to_owned()));
        let message = format!("there is no environment `{}`", suggest::shorten(environment));
        problems.push(Finding::error(path.key("environments").index(index), message).help(help));
    }
    let kind = match kind {
        "slack" => ChannelKind::Slack { url_env: variable(channel.url_env.as_ref(), &path.key("url-env"), problems)? },
        "github-issue" => {
            let labels: Vec<String> = channel.labels.into_iter().flatten().flatten().collect();
            let fits = |label: &String| !label.trim().is_empty() && label.chars().count() <= LABEL;
            if labels.len() > LABELS || !labels.iter().all(fits) {
                let message = format!("an issue has at most {LABELS} labels of 1 to {LABEL} characters");
                problems.push(Finding::error(path.key("labels"), message));
            }
            ChannelKind::GitHubIssue { labels }
        }
        _ => return None,
    };
    let events = channel.events.into_iter().flatten().flatten().filter_map(|word| Happening::parse(&word)).collect();
    Some(ChannelSettings { name, kind, events, environments, timeout: timeout? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse;

    const REST: &str = "version: 1\nproviders: {say: {kind: echo}}\nsuites: [{name: s, prompt: p, provider: say, cases: c.jsonl}]\n\
                        targets: {t: {kind: command, command: [x]}}\nenvironments: {production: {targets: [t]}}\n";

    fn read(channels: &str) -> Result<Vec<ChannelSettings>, String> {
        match parse(&format!("{REST}{channels}"), "c.yml") {
            Ok((config, _)) => Ok(config.notifications),
            Err(problems) => Err(problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")),
        }
    }

    #[test]
    fn channels_get_the_defaults_of_their_kind() {
        assert_eq!(read("").unwrap(), []);
        let all = read("notifications:\n  ops: {kind: slack, environments: [production]}\n  incidents: {kind: github-issue, events: [rollback-failed], labels: [sev1]}\n").unwrap();
        assert_eq!(all[0].kind, ChannelKind::Slack { url_env: "SLACK_WEBHOOK_URL".to_owned() });
        assert_eq!((all[0].events.len(), all[0].timeout.as_secs(), all[0].environments.len()), (Happening::ALL.len(), 5, 1));
        assert_eq!(all[1].kind, ChannelKind::GitHubIssue { labels: vec!["sev1".to_owned()] });
        assert_eq!(all[1].events.iter().copied().collect::<Vec<_>>(), [Happening::RollbackFailed]);
        let mirrored = read("github: {deployments: true}\n").unwrap();
        assert_eq!((mirrored.len(), mirrored[0].name.as_str()), (1, MIRROR));
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (channel, expected) in [
            ("{kind: slak}", "did you mean `slack`?"),
            ("{kind: slack, url-env: 'https://hooks.slack.com/services/T/B/x'}", "no name of an environment variable"),
            ("{kind: slack, labels: [x]}", "does not take `labels`"),
            ("{kind: slack, events: [rollback-finish]}", "did you mean `rollback-finished`?"),
            ("{kind: slack, events: []}", "events"),
            ("{kind: slack, environments: [prodution]}", "did you mean `production`?"),
            ("{kind: github-issue, labels: ['']}", "labels of 1 to 50"),
            ("{kind: slack, timeout: 0s}", "longer than nothing"),
            ("{kind: slack, url: x}", "url"),
        ] {
            let said = read(&format!("notifications: {{c: {channel}}}\n")).unwrap_err();
            assert!(said.contains(expected), "{channel}: {said}");
            assert!(!said.contains("hooks.slack.com"), "{said}");
        }
    }
}
