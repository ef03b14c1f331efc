//! Channels that people read.

mod slack;

use std::sync::Arc;

use crate::{
    adapters::http::site::Sites,
    domain::notice::{ChannelKind, ChannelSettings},
    ports::{
        notifier::{Notifier, Notifiers},
        provider::ConnectError,
    },
};
use slack::Slack;

/// Makes channels. One factory serves one run: its channels share the HTTP client and the scrubber.
#[derive(Debug)]
pub struct NotifierFactory {
    sites: Sites,
}

impl NotifierFactory {
    /// Addresses come from the environment of `sites`.
    pub fn new(sites: Sites) -> Self {
        Self { sites }
    }
}

impl Notifiers for NotifierFactory {
    fn open(&self, settings: &ChannelSettings) -> Result<Arc<dyn Notifier>, ConnectError> {
        let wrong = |what: String| {
            let help = Some(format!("correct `notifications.{}` in the configuration, or its variable", settings.name));
            ConnectError { message: format!("channel \"{}\": {what}", settings.name), help }
        };
        match &settings.kind {
            ChannelKind::Slack { url_env } => Ok(Arc::new(Slack::open(&self.sites, &settings.name, url_env).map_err(wrong)?)),
            ChannelKind::GitHubIssue { .. } | ChannelKind::Mirror => Err(wrong("is one of the code host".to_owned())),
        }
    }
}
