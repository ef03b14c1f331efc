//! Telling people, after what there is to tell of was done and written. A channel that fails delays nothing and fails nothing: each has
//! its own time, and what did not arrive waits in the record for the next `rollout step`, `rollback status` or any other verb.

mod mirror;
mod monitor;

use std::{sync::Arc, time::Duration};

use futures::future::join_all;

use super::{
    Failure, Services,
    rollout::world::{Loaded, World},
};
use crate::{
    domain::{
        digest,
        notice::{
            ChannelKind, ChannelSettings, Happening, Notice, noticed,
            outbox::{self, Pending, Sent},
        },
        rollback::record::RollbackRecord,
        rollout::deployment::Deployment,
    },
    ports::{
        code_host::{Action, CodeHost, CodeHostError, Issue, Marker},
        notifier::Notifier,
        store::{Patience, StoreError},
    },
    report::{escape::one_line, notice as report},
};

pub(crate) use monitor::monitored;

/// How long writing what was claimed, and what came of it, may take each.
const STORE_TIME: Duration = Duration::from_secs(10);

/// How often a writing begins anew when others write at the same time.
const TRIES: usize = 8;

/// Puts what `after` has to tell into its outbox.
pub(crate) fn queue(services: &Services, channels: &[ChannelSettings], before: &Deployment, after: &mut Deployment) {
    if channels.is_empty() {
        return;
    }
    let at = super::rollout::world::moment(&services.clock.now());
    let notices = noticed(before, after, &services.who, at);
    outbox::queue(&mut after.outbox, channels, &notices);
}

impl World {
    /// Sends what waits in the record, then brings the registry's mirrors up to date. What is wrong comes back as lines for people, and never
    /// as a failure.
    pub(crate) async fn deliver(&self, loaded: &mut Loaded) -> Vec<String> {
        let mut notes = self.send_waiting(loaded).await;
        notes.extend(self.mirror().await);
        notes
    }

    async fn send_waiting(&self, loaded: &mut Loaded) -> Vec<String> {
        if loaded.deployment.outbox.is_empty() {
            return Vec::new();
        }
        let channels = &self.base.config.notifications;
        let claimed = match self.outbox(loaded, |outbox| outbox::claim(outbox, channels, self.base.moment())).await {
            Ok(claimed) => claimed,
            Err(failure) => return vec![format!("warning: people are not told yet: {}", one_line(&failure.to_string()))],
        };
        if claimed.is_empty() {
            return Vec::new();
        }
        let (results, mut notes) = send(&self.base.services, channels, claimed, Some((self, &loaded.deployment))).await;
        match self.outbox(loaded, |outbox| outbox::settle(outbox, &results, self.base.moment())).await {
            Ok(given_up) => notes.extend(given_up.iter().map(lost)),
            Err(failure) => notes.push(format!(
                "warning: that people were told could not be written down, and they may be told again: {}",
                one_line(&failure.to_string())
            )),
        }
        notes
    }

    /// Tells of a rollback whose record could not be written: once, since nobody remembers that it was told.
    pub(crate) async fn tell_unkept(&self, loaded: &Loaded, record: &RollbackRecord) -> Vec<String> {
        let channels = &self.base.config.notifications;
        let mut after = loaded.deployment.clone();
        after.rolled_back(record.clone());
        after.outbox.clear();
        queue(&self.base.services, channels, &loaded.deployment, &mut after);
        let waiting = std::mem::take(&mut after.outbox);
        send(&self.base.services, channels, waiting, Some((self, &after))).await.1
    }

    /// Changes the outbox of the record as it is by now.
    async fn outbox<T>(&self, loaded: &mut Loaded, change: impl Fn(&mut Vec<Pending>) -> T) -> Result<T, Failure> {
        let patience = Patience::of(self.base.services.clock.as_ref(), STORE_TIME).never_waiting();
        let mut tries = 0;
        loop {
            tries += 1;
            let mut after = loaded.deployment.clone();
            let changed = change(&mut after.outbox);
            if after.outbox == loaded.deployment.outbox {
                return Ok(changed);
            }
            match self.save(loaded, after, Vec::new(), patience).await {
                Ok(kept) => {
                    *loaded = kept;
                    return Ok(changed);
                }
                Err(Failure::Store(StoreError::Conflict(_))) if tries < TRIES => *loaded = self.load(patience).await?,
                Err(failure) => return Err(failure),
            }
        }
    }
}

fn lost(pending: &Pending) -> String {
    let why = pending.error.as_deref().unwrap_or("it was not sent in time");
    format!(
        "warning: {} was not told of {} ({} attempts) and will not be: {}",
        one_line(&pending.channel),
        pending.notice.what.as_str(),
        pending.attempts,
        one_line(why)
    )
}

/// Sends each channel its notices in order, all channels at once. After the first failure a channel's others wait for the next time.
pub(crate) async fn send(
    services: &Services,
    channels: &[ChannelSettings],
    claimed: Vec<Pending>,
    story: Option<(&World, &Deployment)>,
) -> (Vec<(Pending, Sent)>, Vec<String>) {
    let each = channels.iter().map(|channel| {
        let own: Vec<Pending> = claimed.iter().filter(|pending| pending.channel == channel.name).cloned().collect();
        async move {
            let (mut results, mut notes) = (Vec::new(), Vec::new());
            if own.is_empty() {
                return (results, notes);
            }
            let mut broken = None;
            let opened = Opened::open(services, channel).map_err(|why| broken = Some(why)).ok();
            for pending in own {
                if let (Some(opened), None) = (&opened, &broken) {
                    match opened.tell(services, channel, &pending.notice, story).await {
                        Ok(note) => {
                            notes.extend(note);
                            results.push((pending, Sent::Done));
                            continue;
                        }
                        Err((why, true)) => {
                            results.push((pending, Sent::Failed { why, for_good: true }));
                            continue;
                        }
                        Err((why, false)) => broken = Some(why),
                    }
                }
                let why = broken.clone().unwrap_or_default();
                results.push((pending, Sent::Failed { why, for_good: false }));
            }
            if let Some(why) = broken {
                notes.push(format!("warning: people are not told yet, and it is tried again by the next call: {}", one_line(&why)));
            }
            (results, notes)
        }
    });
    let (mut results, mut notes) = (Vec::new(), Vec::new());
    for (sent, said) in join_all(each).await {
        results.extend(sent);
        notes.extend(said);
    }
    (results, notes)
}

/// A channel that can be spoken to.
enum Opened {
    Notifier(Arc<dyn Notifier>),
    Host(Arc<dyn CodeHost>),
}

impl Opened {
    fn open(services: &Services, channel: &ChannelSettings) -> Result<Self, String> {
        match channel.kind {
            ChannelKind::Slack { .. } => services.notifiers.open(channel).map(Self::Notifier).map_err(|error| error.to_string()),
            ChannelKind::GitHubIssue { .. } | ChannelKind::Mirror => {
                services.code_hosts.open().map(Self::Host).map_err(|why| format!("channel \"{}\": {why}", channel.name))
            }
        }
    }

    /// Tells of one thing. An error says whether trying again is of no use.
    async fn tell(
        &self,
        services: &Services,
        channel: &ChannelSettings,
        notice: &Notice,
        story: Option<(&World, &Deployment)>,
    ) -> Result<Option<String>, (String, bool)> {
        let patience = Patience::of(services.clock.as_ref(), channel.timeout).never_waiting();
        let refused = |error: CodeHostError| {
            let for_good = matches!(error, CodeHostError::TooLarge { .. });
            (format!("channel \"{}\": {error}", channel.name), for_good)
        };
        match (self, &channel.kind) {
            (Self::Notifier(notifier), _) => notifier
                .send(&report::slack::message(notice), &notice.id, channel.timeout)
                .await
                .map(|()| None)
                .map_err(|error| (error.message, error.for_good)),
            (Self::Host(host), ChannelKind::GitHubIssue { labels }) => {
                issue(host.as_ref(), labels, notice, story.map(|(_, deployment)| deployment), patience).await.map_err(refused)
            }
            (Self::Host(host), ChannelKind::Slack { .. } | ChannelKind::Mirror) => {
                let Some((world, deployment)) = story else { return Ok(None) };
                mirror::show(host.as_ref(), world, deployment, notice, patience).await.map_err(refused).map(|()| None)
            }
        }
    }
}

/// One open issue for each incident: what belongs to one rollout. An incident that only said that something stands still ends when the
/// rollout completes; a rollback's post-mortem is closed by people.
async fn issue(
    host: &dyn CodeHost,
    labels: &[String],
    notice: &Notice,
    deployment: Option<&Deployment>,
    patience: Patience,
) -> Result<Option<String>, CodeHostError> {
    let cause = serde_json::json!([notice.environment, notice.prompt, notice.rollout]);
    let Some(marker) = Marker::new(&format!("incident:{}", digest::of_json(&cause).chars().take(32).collect::<String>())) else {
        return Ok(None);
    };
    let ends = notice.what == Happening::RolloutCompleted || (notice.what == Happening::Monitor && notice.to.as_deref() == Some("healthy"));
    let written = if ends {
        host.close_issue(&marker, patience).await?
    } else {
        let (title, body) = report::issue(notice, deployment);
        let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
        Some(host.put_issue(&Issue { marker: &marker, title: &title, body: &body, labels: &labels }, patience).await?)
    };
    Ok(written.and_then(|written| {
        let what = match written.action {
            Action::Created | Action::Recreated => "opened",
            Action::Updated => "updated",
            Action::Closed => "closed",
            Action::Unchanged => return None,
        };
        Some(format!("the issue about {} was {what}: {}", one_line(&notice.prompt), written.url))
    }))
}
