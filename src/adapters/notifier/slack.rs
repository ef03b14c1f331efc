//! Slack's incoming webhooks. The address is the secret: it comes from the environment and is never shown.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use reqwest::{
    Method,
    header::{CONTENT_TYPE, RETRY_AFTER},
};
use serde_json::Value;

use crate::{
    adapters::{
        http::site::{Reply, Site, Sites},
        secret::{Scrubber, Secret},
    },
    domain::duration,
    ports::notifier::{Notifier, NotifyError},
};

/// The most bytes of an answer: Slack's is a word.
const MAX_ANSWER: usize = 64 * 1024;

/// The fewest characters of a part of the address that is taken for a secret of its own.
const SECRET_PART: usize = 8;

/// A webhook.
#[derive(Debug)]
pub(super) struct Slack {
    name: String,
    url_env: String,
    site: Site,
    scrubber: Arc<Scrubber>,
}

impl Slack {
    pub(super) fn open(sites: &Sites, name: &str, url_env: &str) -> Result<Self, String> {
        let url = sites.secret(url_env, "url-env")?;
        // Its parts too, since messages of others may show the path alone.
        let path = url.expose().split_once("://").and_then(|(_, rest)| rest.split_once('/')).map_or("", |(_, path)| path);
        for part in path.split(['/', '?', '&']).filter(|part| part.len() >= SECRET_PART) {
            sites.scrubber().register(&Secret::new(part));
        }
        let no_address = || format!("the value of {url_env} is no address of a webhook: it must begin with https:// and name a host");
        if url.expose().starts_with("http://") && !is_loopback(url.expose()) {
            return Err(format!("the value of {url_env} begins with http://, and the address is a secret: it must begin with https://"));
        }
        let site =
            sites.site(url.expose(), None, &BTreeMap::new()).map_err(|why| if why.contains("no address") { no_address() } else { why })?;
        Ok(Self { name: name.to_owned(), url_env: url_env.to_owned(), site, scrubber: Arc::clone(sites.scrubber()) })
    }

    fn error(&self, what: &str, for_good: bool) -> NotifyError {
        let message = format!("channel \"{}\": {what}", self.name);
        NotifyError { message: self.scrubber.scrub(&message).into_owned(), for_good }
    }

    fn refused(&self, reply: &Reply) -> NotifyError {
        let words = reply.words();
        match reply.status.as_u16() {
            400 | 413 => self.error(&format!("Slack does not take the message: {words}; please report this"), true),
            403 | 404 | 410 => {
                self.error(&format!("Slack refuses the webhook: {words}; make a new one, and put its address into {}", self.url_env), false)
            }
            429 => {
                let after = reply.headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()).unwrap_or("a while");
                self.error(&format!("too many messages: {words}; Slack says to wait for {after} s"), false)
            }
            300..=399 => self.error("it redirects, which is not followed", false),
            _ => self.error(&format!("Slack failed: {words}"), false),
        }
    }
}

fn is_loopback(url: &str) -> bool {
    let host = reqwest::Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
    host == "localhost" || host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[async_trait]
impl Notifier for Slack {
    async fn send(&self, message: &Value, _: &str, deadline: Duration) -> Result<(), NotifyError> {
        // Slack knows no id of ours: what may have arrived and is sent again stands there twice.
        let request = self.site.request(Method::POST).header(CONTENT_TYPE, "application/json").body(message.to_string());
        match tokio::time::timeout(deadline, self.site.send(request, MAX_ANSWER)).await {
            Err(_elapsed) => Err(self.error(&format!("no answer within {}", duration::human(deadline)), false)),
            Ok(Err(silence)) => Err(self.error(&silence.to_string(), false)),
            Ok(Ok(reply)) if reply.status.is_success() => Ok(()),
            Ok(Ok(reply)) => Err(self.refused(&reply)),
        }
    }
}
