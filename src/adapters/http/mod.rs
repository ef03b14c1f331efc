//! The one HTTP client: limits, TLS, and how its failures read.

pub mod site;
pub mod words;

use std::{error::Error as StdError, io, time::Duration};

use reqwest::{Client, ClientBuilder, Response, redirect};
use thiserror::Error;

/// The most bytes of a response body that are read (32 MiB, after decompression).
pub const MAX_BODY: usize = 32 * 1024 * 1024;

/// How long a connection may take to be made, TLS included.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The client could not be made at all.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("no HTTP client: {0}")]
pub struct HttpError(String);

/// The client and what it lacks.
#[derive(Debug, Clone)]
pub struct Http {
    client: Client,
    no_roots: Option<String>,
}

impl Http {
    /// Makes the client. It follows no redirects, so that no key reaches a host the user did not name, and takes
    /// proxies from the usual environment variables.
    ///
    /// A machine without CA certificates gets a client for plain `http://`; see [`Self::no_roots`].
    ///
    /// # Errors
    /// When no client can be made at all.
    pub fn new() -> Result<Self, HttpError> {
        if rustls::crypto::ring::default_provider().install_default().is_err() {
            tracing::trace!("a TLS crypto provider is installed already");
        }
        let without_roots = || builder().tls_certs_only([]).build().map_err(|error| HttpError(root_cause(&error)));
        match builder().build() {
            Ok(client) => Ok(Self { client, no_roots: None }),
            Err(error) => Ok(Self { client: without_roots()?, no_roots: Some(root_cause(&error).replace("unexpected error: ", "")) }),
        }
    }

    /// A client for one server, which is trusted by `authority` (PEM; the machine's own certificates without it), and to which we are
    /// `identity` (certificate and key, PEM). It follows no redirects either.
    ///
    /// # Errors
    /// Certificates or keys that cannot be read.
    pub fn trusting(authority: Option<&[u8]>, identity: Option<&[u8]>) -> Result<Self, HttpError> {
        if rustls::crypto::ring::default_provider().install_default().is_err() {
            tracing::trace!("a TLS crypto provider is installed already");
        }
        let wrong = |what: &str, error: &reqwest::Error| HttpError(format!("{what}: {}", root_cause(error)));
        let mut builder = builder();
        if let Some(pem) = authority {
            let roots = reqwest::Certificate::from_pem_bundle(pem).map_err(|error| wrong("the certificate authority", &error))?;
            if roots.is_empty() {
                return Err(HttpError("the certificate authority has no certificate in PEM".to_owned()));
            }
            builder = builder.tls_certs_only(roots);
        }
        if let Some(pem) = identity {
            builder =
                builder.identity(reqwest::Identity::from_pem(pem).map_err(|error| wrong("the client's certificate and key", &error))?);
        }
        builder.build().map(|client| Self { client, no_roots: None }).map_err(|error| wrong("TLS", &error))
    }

    /// The client; clones share its connections.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Why no `https://` server can be trusted here, when that is so (no CA certificates on the machine).
    pub fn no_roots(&self) -> Option<&str> {
        self.no_roots.as_deref()
    }
}

fn builder() -> ClientBuilder {
    Client::builder()
        .user_agent(concat!("prompt-cicd/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_TIMEOUT)
        .redirect(redirect::Policy::none())
        .referer(false)
        .pool_max_idle_per_host(100)
        .tcp_nodelay(true)
}

/// Why a body could not be read.
#[derive(Debug, Error)]
pub enum BodyError {
    /// The connection or its encoding broke.
    #[error("{}", root_cause(.0))]
    Broken(#[from] reqwest::Error),
    /// More than the limit, in bytes.
    #[error("larger than {0} bytes")]
    TooLarge(usize),
}

/// Reads the body, at most `limit` bytes.
///
/// # Errors
/// When it breaks off or is larger.
pub async fn read_body(mut response: Response, limit: usize) -> Result<Vec<u8>, BodyError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > limit {
            return Err(BodyError::TooLarge(limit));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Whether a body broke because of what the server sent (bad compression, bad chunks) and not because it ended early.
pub fn is_garbled(error: &reqwest::Error) -> bool {
    let mut cause: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(error) = cause {
        let kind = error.downcast_ref::<io::Error>().map(io::Error::kind);
        if matches!(kind, Some(io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput)) {
            return true;
        }
        cause = error.source();
    }
    false
}

/// The innermost reason of an error, where the operating system, the resolver or TLS says what happened.
pub fn root_cause(error: &(dyn StdError + 'static)) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_can_be_made_twice() {
        assert!(Http::new().is_ok());
        assert!(Http::new().is_ok());
    }

    #[test]
    fn the_root_cause_is_the_innermost() {
        let inner = io::Error::other("connection refused");
        let outer = io::Error::other(HttpErrorWith(inner));
        assert_eq!(root_cause(&outer), "connection refused");
    }

    #[derive(Debug, Error)]
    #[error("outer")]
    struct HttpErrorWith(#[source] io::Error);
}
