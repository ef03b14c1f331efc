//! A manifest of flags: a file, a file of a branch, or a server that answers GET and takes PUT.

use std::time::Duration;

use async_trait::async_trait;
use reqwest::{
    Method, StatusCode,
    header::{CONTENT_TYPE, ETAG, HeaderValue, IF_MATCH, IF_NONE_MATCH},
};

use super::{
    flag_branch::FlagBranch,
    flag_file::FlagFile,
    manifest::{Manifest, ManifestError},
    tell::{MAX_ANSWER, Teller},
};
use crate::{
    adapters::http::site::Site,
    domain::target::{Desired, Observed, Shares},
    ports::target::{Target, TargetError, TargetErrorKind},
};

/// How often the write to a server is tried when others write at the same time.
const ATTEMPTS: u32 = 20;

/// The wait after a lost race.
const PAUSE: Duration = Duration::from_millis(10);

/// Where the manifest is.
#[derive(Debug)]
pub(super) enum Place {
    File(FlagFile),
    Branch(FlagBranch),
    Http(Site),
}

/// A flag in a manifest.
#[derive(Debug)]
pub(super) struct Flagd {
    pub(super) teller: Teller,
    pub(super) place: Place,
    pub(super) flag: String,
}

impl Flagd {
    fn unusable(&self, site: &Site, error: ManifestError) -> TargetError {
        let told = error.told(&self.teller, &self.flag, site.shown());
        // A server's answer may be the page of a proxy: the next one may be whole.
        let kind = if told.kind == TargetErrorKind::Corrupt { TargetErrorKind::Malformed } else { told.kind };
        TargetError { kind, ..told }
    }

    /// The manifest of a server and its `ETag`; none where there is nothing yet.
    async fn fetch(&self, site: &Site) -> Result<Option<(Manifest, Option<HeaderValue>)>, TargetError> {
        let shown = format!("GET {}", site.shown());
        let reply = site.send(site.request(Method::GET), MAX_ANSWER).await.map_err(|silence| self.teller.silence(&shown, &silence))?;
        if reply.status == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        if !reply.status.is_success() {
            return Err(self.teller.refused(&shown, &reply));
        }
        let manifest = Manifest::parse(&reply.body).map_err(|error| self.unusable(site, error))?;
        Ok(Some((manifest, reply.headers.get(ETAG).cloned())))
    }

    async fn apply_to_server(&self, site: &Site, desired: &Desired, operation: &str) -> Result<(), TargetError> {
        let shown = format!("PUT {}", site.shown());
        for attempt in 1..=ATTEMPTS {
            let (mut manifest, condition) = match self.fetch(site).await? {
                Some((manifest, tag)) => (manifest, tag.map(|tag| (IF_MATCH, tag))),
                None => (Manifest::empty(), Some((IF_NONE_MATCH, HeaderValue::from_static("*")))),
            };
            if !manifest.put(&self.flag, desired, operation).map_err(|error| self.unusable(site, error))? {
                return Ok(());
            }
            let mut request = site.request(Method::PUT).header(CONTENT_TYPE, "application/json").body(manifest.to_text());
            if let Some((name, value)) = condition {
                request = request.header(name, value);
            }
            let reply = site.send(request, MAX_ANSWER).await.map_err(|silence| self.teller.silence(&shown, &silence))?;
            match reply.status {
                status if status.is_success() => return Ok(()),
                StatusCode::PRECONDITION_FAILED | StatusCode::CONFLICT => tokio::time::sleep(PAUSE * attempt).await,
                _ => return Err(self.teller.refused(&shown, &reply)),
            }
        }
        let what = format!("{shown}: others wrote {ATTEMPTS} times in between; try again");
        Err(self.teller.error(TargetErrorKind::Conflict, &what))
    }
}

#[async_trait]
impl Target for Flagd {
    fn name(&self) -> &str {
        &self.teller.name
    }

    fn shares(&self) -> Shares {
        Shares::Any
    }

    async fn apply(&self, desired: &Desired, operation: &str, deadline: Duration) -> Result<(), TargetError> {
        match &self.place {
            Place::File(file) => {
                let (desired, operation) = (desired.clone(), operation.to_owned());
                file.within(deadline, move |file, until| file.apply(&desired, &operation, until)).await
            }
            Place::Branch(branch) => branch.apply(desired, operation, deadline).await,
            Place::Http(site) => self.teller.within(deadline, self.apply_to_server(site, desired, operation)).await,
        }
    }

    async fn observe(&self, deadline: Duration) -> Result<Observed, TargetError> {
        match &self.place {
            Place::File(file) => file.within(deadline, |file, _| file.observe()).await,
            Place::Branch(branch) => branch.observe(deadline).await,
            Place::Http(site) => {
                let observe = async {
                    let Some((manifest, _)) = self.fetch(site).await? else { return Ok(Observed::default()) };
                    manifest.observe(&self.flag).map_err(|error| self.unusable(site, error))
                };
                self.teller.within(deadline, observe).await
            }
        }
    }
}
