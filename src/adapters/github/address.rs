//! Addresses: the API's, the repository's, and those that answers name.

use reqwest::{
    Url,
    header::{HeaderMap, LINK},
};

use super::SettingsError;

/// The base as octocrab wants it.
pub(super) fn octocrab_uri(base: &Url) -> http::Uri {
    base.as_str().parse().expect("checked in `checked`")
}

/// The API's address, if it can be one.
pub(super) fn checked(text: &str) -> Result<Url, SettingsError> {
    let wrong = |why: &str| SettingsError(format!("`{text}` is no API address: {why}; GITHUB_API_URL is like https://api.github.com"));
    let url = Url::parse(text.trim()).map_err(|error| wrong(&error.to_string()))?;
    let plain = url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none();
    if !matches!(url.scheme(), "http" | "https") || url.as_str().parse::<http::Uri>().is_err() {
        return Err(wrong("it must begin with https:// and name a host"));
    }
    // The address may hold a password: it is not repeated.
    if plain { Ok(url) } else { Err(SettingsError("the API address must have no user, password, query or fragment".to_owned())) }
}

/// Owner and name.
pub(super) fn repository(text: &str) -> Result<(String, String), SettingsError> {
    let lawful = |part: &str| {
        !part.is_empty() && part != "." && part != ".." && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
    };
    match text.split_once('/') {
        Some((owner, name)) if lawful(owner) && lawful(name) => Ok((owner.to_owned(), name.to_owned())),
        Some(_) | None => Err(SettingsError(format!("`{text}` is no repository; GITHUB_REPOSITORY is like owner/name"))),
    }
}

/// The address with `rel="next"` in the `Link` header.
pub(super) fn next_page(headers: &HeaderMap, here: &Url) -> Option<Url> {
    let links = headers.get(LINK)?.to_str().ok()?;
    let link = links.split(',').find(|link| link.split(';').skip(1).any(|part| matches!(part.trim(), r#"rel="next""# | "rel=next")))?;
    let (_, rest) = link.split_once('<')?;
    here.join(rest.split_once('>')?.0).ok()
}
