//! What targets and metric sources share: keys of kinds, addresses, tokens, programs.

use std::collections::BTreeMap;

use super::{
    is_variable_name,
    providers::{header, is_loopback},
};
use crate::config::{
    path::Path,
    problems::{Finding, Problems},
};

/// Says which keys the kind does not take.
pub(super) fn keys_of_kind(what: &str, kind: &str, keys: &[(&str, &[&str])], path: &Path, problems: &mut Problems<'_>) {
    for (key, kinds) in keys {
        let at = path.key(*key);
        if !kinds.contains(&kind) && problems.is_written(&at) {
            let message = format!("a {what} of kind `{kind}` does not take `{key}`");
            problems.push(Finding::error(at, message).at_key().help(format!("`{key}` belongs to {}", kinds.join(" and "))));
        }
    }
}

/// An address with a host, without user or password. Places like `{{prompt}}` may stand behind the host.
pub(super) fn address(written: &str, path: &Path, problems: &mut Problems<'_>) -> Option<String> {
    let mut refuse = |message: &str, help: &str| {
        problems.push(Finding::error(path.clone(), message).help(help.to_owned()));
        None
    };
    let scheme_and_rest = written.split_once("://").filter(|(scheme, _)| matches!(*scheme, "http" | "https"));
    let Some((_, rest)) = scheme_and_rest else {
        return refuse("an address begins with http:// or https://", "write it like http://127.0.0.1:9090");
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') {
        // Not shown: it holds a password.
        return refuse(
            "an address must not contain a user or a password",
            "name the environment variable that holds the token in `token-env`",
        );
    }
    if authority.is_empty() || authority.starts_with(':') || authority.contains("{{") {
        return refuse("the address has no fixed host", "write it like http://127.0.0.1:9090");
    }
    if written.chars().any(|c| c.is_whitespace() || c.is_control() || "\"<>\\^`|#".contains(c)) {
        return refuse("the address has a character that addresses do not have", "write it like http://127.0.0.1:9090");
    }
    Some(written.to_owned())
}

/// The name of a variable; `None` when there is none or it is none.
pub(super) fn variable(written: Option<&String>, path: &Path, problems: &mut Problems<'_>) -> Option<String> {
    let name = written?;
    if is_variable_name(name) {
        return Some(name.clone());
    }
    // Not shown: it may be a secret.
    problems.push(
        Finding::error(path.clone(), "this is no name of an environment variable")
            .help("write the variable's name; the secret itself never belongs in a file".to_owned()),
    );
    None
}

/// Address, name of the token's variable, headers.
pub(super) type Http = (String, Option<String>, BTreeMap<String, String>);

/// An address with its token and headers; `None` when the address is missing or wrong.
pub(super) fn http(
    url: Option<&String>,
    token_env: Option<&String>,
    headers: Option<&BTreeMap<String, String>>,
    path: &Path,
    problems: &mut Problems<'_>,
) -> Option<Http> {
    for (name, value) in headers.into_iter().flatten() {
        header(name, value, &path.key("headers").key(name.as_str()), "token-env", problems);
    }
    let token = variable(token_env, &path.key("token-env"), problems);
    let url = address(url?, &path.key("url"), problems)?;
    if token.is_some() && url.starts_with("http://") && !is_loopback(&url) {
        let message = "the token would be sent without encryption";
        problems.push(Finding::warning(path.key("url"), message).help("use https:// for other machines".to_owned()));
    }
    Some((url, token, headers.cloned().unwrap_or_default()))
}
