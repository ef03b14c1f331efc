//! `providers:`

use std::{collections::BTreeMap, path::PathBuf};

use serde_json::{Map, Value};

use super::is_variable_name;
use crate::{
    config::{
        parameters,
        path::Path,
        problems::{Finding, Problems},
        raw::{self, Named},
        suggest,
    },
    domain::{
        pace::RateLimits,
        provider::{HttpSettings, Prices, ProviderKind, ProviderSettings},
    },
};

const HTTP: &[&str] = &["openai", "anthropic", "github-models"];

/// Keys that only some kinds take. All others (`kind`, `model`, `parameters`, `prices`) belong to every kind.
pub(in crate::config) const KEYS_OF_KINDS: &[(&str, &[&str])] = &[
    ("base-url", HTTP),
    ("api-key-env", HTTP),
    ("headers", HTTP),
    ("stream", HTTP),
    ("command", &["command"]),
    ("env", &["command"]),
    ("pass-env", &["command"]),
    ("path", &["cassette"]),
    ("of", &["cassette"]),
];

/// Headers that carry secrets.
const SECRET_HEADERS: &[&str] = &["authorization", "proxy-authorization", "x-api-key", "api-key", "cookie"];

/// Reads the providers; those with problems are left out. `written` is the user's section, unchecked.
pub(in crate::config) fn read(
    providers: &Named<raw::Provider>,
    written: Option<&Map<String, Value>>,
    problems: &mut Problems<'_>,
) -> Vec<ProviderSettings> {
    let section = Path::root().key("providers");
    let kind_of = |name: &str| written?.get(name)?.get("kind")?.as_str();
    let mut read = Vec::new();
    for (name, provider) in &providers.0 {
        let path = section.key(name.as_str());
        if name.trim().is_empty() {
            problems.push(Finding::error(path.clone(), "a provider needs a name").at_key());
        }
        let kind = kind(provider, &path, problems);
        if let Some(of) = &provider.of {
            let names: Vec<&str> = written.into_iter().flat_map(Map::keys).map(String::as_str).collect();
            if !names.contains(&of.as_str()) {
                let message = format!("there is no provider `{}`", suggest::shorten(of));
                problems.push(Finding::error(path.key("of"), message).help(suggest::help(of, "providers", names)));
            } else if kind_of(of) == Some("cassette") {
                let message = "a cassette cannot be recorded from a cassette";
                problems.push(Finding::error(path.key("of"), message).help("name the provider that asks a real model".to_owned()));
            }
        }
        let mut findings = Vec::new();
        let parameters = provider.parameters.as_ref().map(|written| parameters::read(written, &path.key("parameters"), &mut findings));
        problems.extend(findings);
        if let Some(kind) = kind {
            read.push(ProviderSettings {
                name: name.clone(),
                kind,
                model: provider.model.clone(),
                parameters: parameters.unwrap_or_default(),
                prices: provider.prices.as_ref().and_then(prices),
                limits: RateLimits { requests_per_minute: provider.requests_per_minute, tokens_per_minute: provider.tokens_per_minute },
            });
        }
    }
    read
}

fn prices(prices: &raw::Prices) -> Option<Prices> {
    Some(Prices { input_per_million: prices.input_per_million?, output_per_million: prices.output_per_million? })
}

fn kind(provider: &raw::Provider, path: &Path, problems: &mut Problems<'_>) -> Option<ProviderKind> {
    let kind = provider.kind.as_deref()?;
    for (key, kinds) in KEYS_OF_KINDS {
        let at = path.key(*key);
        if !kinds.contains(&kind) && problems.is_written(&at) {
            let takers = match kinds {
                [only] => format!("the kind {only}"),
                several => format!("the kinds {}", several.join(" and ")),
            };
            let message = format!("a provider of kind `{kind}` does not take `{key}`");
            problems.push(Finding::error(at, message).at_key().help(format!("`{key}` belongs to {takers}")));
        }
    }
    match kind {
        // GitHub Models speaks OpenAI's chat completions.
        "openai" | "github-models" => http(provider, path, problems).map(ProviderKind::OpenAi),
        "anthropic" => http(provider, path, problems).map(ProviderKind::Anthropic),
        "command" => command(provider, path, problems),
        "echo" => Some(ProviderKind::Echo),
        "cassette" => {
            let file = needed(provider.path.as_ref(), path, "path", "path: cassettes/greeting.jsonl", problems)?;
            Some(ProviderKind::Cassette { path: PathBuf::from(file), of: provider.of.clone() })
        }
        _ => None,
    }
}

/// A key without which the kind cannot be; silent when it is there and wrong, since that has been said.
pub(super) fn needed<'p, T>(value: Option<&'p T>, path: &Path, key: &str, example: &str, problems: &mut Problems<'_>) -> Option<&'p T> {
    let at = path.key(key);
    if value.is_none() && !problems.is_written(&at) {
        problems.push(Finding::error(at, format!("`{key}` is missing")).help(format!("add e.g. `{example}`")));
    }
    value
}

fn http(provider: &raw::Provider, path: &Path, problems: &mut Problems<'_>) -> Option<HttpSettings> {
    let base_url = base_url(provider.base_url.as_deref()?, &path.key("base-url"), problems);
    if let Some(variable) = &provider.api_key_env
        && !is_variable_name(variable)
    {
        // Not shown: it may be a key.
        problems.push(
            Finding::error(path.key("api-key-env"), "this is no name of an environment variable")
                .help("write the variable's name, like OPENAI_API_KEY; the key itself never belongs in a file".to_owned()),
        );
    }
    let headers = provider.headers.clone().unwrap_or_default();
    for (name, value) in &headers {
        header(name, value, &path.key("headers").key(name.as_str()), "api-key-env", problems);
    }
    let base_url = base_url?;
    if provider.api_key_env.is_some() && base_url.starts_with("http://") && !is_loopback(&base_url) {
        let message = "the key would be sent without encryption";
        problems.push(Finding::warning(path.key("base-url"), message).help("use https:// for other machines".to_owned()));
    }
    Some(HttpSettings { base_url, api_key_env: provider.api_key_env.clone(), headers, stream: provider.stream? })
}

pub(super) fn header(name: &str, value: &str, path: &Path, key: &str, problems: &mut Problems<'_>) {
    let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    if name.is_empty() || !name.chars().all(is_token) {
        problems.push(Finding::error(path.clone(), "this is no name of an HTTP header").at_key());
    } else if SECRET_HEADERS.iter().any(|secret| name.eq_ignore_ascii_case(secret)) {
        problems.push(
            Finding::error(path.clone(), "a secret does not belong in a file")
                .at_key()
                .help(format!("name the environment variable that holds it in `{key}`")),
        );
    }
    if value.chars().any(char::is_control) {
        problems.push(Finding::error(path.clone(), "a header's value is one line of text"));
    }
}

fn base_url(written: &str, path: &Path, problems: &mut Problems<'_>) -> Option<String> {
    let mut refuse = |message: &str, help: &str| {
        problems.push(Finding::error(path.clone(), message).help(help.to_owned()));
        None
    };
    let example = "write it like http://127.0.0.1:8080/v1";
    let Some((scheme, rest)) =
        written.split_once("://").filter(|(scheme, _)| matches!(scheme.to_ascii_lowercase().as_str(), "http" | "https"))
    else {
        return refuse("an address begins with http:// or https://", example);
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') {
        // Not shown: it holds a password.
        return refuse(
            "an address must not contain a user or a password",
            "name the environment variable that holds the key in `api-key-env`",
        );
    }
    if rest.contains(['?', '#']) {
        return refuse("the address has a query or a fragment", "remove what begins with `?` or `#`");
    }
    if written.chars().any(|c| c.is_whitespace() || c.is_control() || "\"<>\\^`{|}".contains(c)) {
        return refuse("the address has a character that addresses do not have", example);
    }
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        Some(_) | None => (authority, None),
    };
    if host.is_empty() {
        return refuse("the address has no host", example);
    }
    if port.is_some_and(|port| port.parse::<u16>().is_err()) {
        return refuse("the address has a port that is no number up to 65535", example);
    }
    let trimmed = rest.trim_end_matches('/');
    for ending in ["/chat/completions", "/completions", "/messages"] {
        if let Some(base) = trimmed.strip_suffix(ending) {
            return refuse(&format!("`{ending}` is added to the address by itself"), &format!("write {scheme}://{base}"));
        }
    }
    Some(format!("{}://{trimmed}", scheme.to_ascii_lowercase()))
}

pub(super) fn is_loopback(base_url: &str) -> bool {
    let rest = base_url.trim_start_matches("http://");
    let host = rest.split('/').next().unwrap_or_default();
    let host = host.rsplit_once(':').map_or(host, |(name, port)| if port.contains(']') { host } else { name });
    host == "localhost"
        || host == "[::1]"
        || host.ends_with(".localhost")
        || host.parse::<std::net::Ipv4Addr>().is_ok_and(|ip| ip.is_loopback())
}

fn command(provider: &raw::Provider, path: &Path, problems: &mut Problems<'_>) -> Option<ProviderKind> {
    let example = "command: [python3, ask.py]";
    let (argv, pass_env, env) =
        program(provider.command.as_ref(), provider.env.as_ref(), provider.pass_env.as_ref(), path, example, problems)?;
    Some(ProviderKind::Command { argv, pass_env, env })
}

/// Program and arguments, variables it may see, variables set to a fixed text.
pub(super) type Program = (Vec<String>, Vec<String>, BTreeMap<String, String>);

/// Reads `command`, `env` and `pass-env`; `None` when there is no program.
pub(super) fn program(
    command: Option<&Vec<Option<String>>>,
    env: Option<&BTreeMap<String, String>>,
    pass_env: Option<&Vec<Option<String>>>,
    path: &Path,
    example: &str,
    problems: &mut Problems<'_>,
) -> Option<Program> {
    let argv = needed(command, path, "command", example, problems)?;
    let argv: Vec<String> = argv.iter().flatten().cloned().collect();
    if argv.first().is_some_and(String::is_empty) {
        problems.push(Finding::error(path.key("command").index(0), "the program's name is empty"));
    }
    let env = env.cloned().unwrap_or_default();
    for name in env.keys().filter(|name| !is_variable_name(name)) {
        problems.push(Finding::error(path.key("env").key(name.as_str()), "this is no name of an environment variable").at_key());
    }
    let pass_env: Vec<Option<String>> = pass_env.cloned().unwrap_or_default();
    for (index, name) in pass_env.iter().enumerate() {
        if name.as_deref().is_some_and(|name| !is_variable_name(name)) {
            problems.push(
                Finding::error(path.key("pass-env").index(index), "this is no name of an environment variable")
                    .help("write the variable's name; its value is taken when the program is started".to_owned()),
            );
        }
    }
    Some((argv, pass_env.into_iter().flatten().collect(), env))
}
