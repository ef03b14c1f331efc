//! `targets:`

use std::path::PathBuf;

use super::{
    duration_at, kubernetes,
    providers::{needed, program},
    reach::{Http, http, keys_of_kind, variable},
    store::plain_remote,
};
use crate::{
    config::{
        path::Path,
        problems::{Finding, Problems},
        raw::{self, Named},
    },
    domain::{
        metric_source::{Escape, Query, QueryValues},
        store::{is_branch_name, is_branch_path},
        target::{FlagdPlace, KubernetesPlace, TargetHttp, TargetKind, TargetProgram, TargetSettings},
    },
};

const HTTP: &[&str] = &["flagd", "mlflow", "webhook"];

/// Keys that only some kinds take; `kind` and `timeout` belong to all.
const KEYS_OF_KINDS: &[(&str, &[&str])] = &[
    ("path", &["flagd"]),
    ("branch", &["flagd"]),
    ("remote", &["flagd"]),
    ("url", HTTP),
    ("token-env", HTTP),
    ("headers", HTTP),
    ("flag", &["flagd", "kubernetes"]),
    ("model", &["mlflow"]),
    ("stable-alias", &["mlflow"]),
    ("candidate-alias", &["mlflow"]),
    ("mirror", &["mlflow"]),
    ("socket", &["haproxy"]),
    ("backend", &["haproxy"]),
    ("server", &["haproxy"]),
    ("config-map", &["kubernetes"]),
    ("key", &["kubernetes"]),
    ("http-route", &["kubernetes"]),
    ("rule", &["kubernetes"]),
    ("service", &["kubernetes"]),
    ("port", &["kubernetes"]),
    ("kubeconfig", &["kubernetes"]),
    ("context", &["kubernetes"]),
    ("namespace", &["kubernetes"]),
    ("secret-env", &["webhook"]),
    ("command", &["command"]),
    ("env", &["command"]),
    ("pass-env", &["command"]),
];

/// Reads the targets; those with problems are left out.
pub(in crate::config) fn read(targets: &Named<raw::targets::Target>, problems: &mut Problems<'_>) -> Vec<TargetSettings> {
    let section = Path::root().key("targets");
    let mut read = Vec::new();
    for (name, target) in targets.entries() {
        let path = section.key(name.as_str());
        if name.trim().is_empty() {
            problems.push(Finding::error(path.clone(), "a target needs a name").at_key());
        }
        let timeout = duration_at(target.timeout.as_ref(), &path.key("timeout"), problems);
        if let (Some(kind), Some(timeout)) = (kind(target, &path, problems), timeout) {
            read.push(TargetSettings { name: name.clone(), kind, timeout });
        }
    }
    read
}

fn kind(target: &raw::targets::Target, path: &Path, problems: &mut Problems<'_>) -> Option<TargetKind> {
    let kind = target.kind.as_deref()?;
    keys_of_kind("target", kind, KEYS_OF_KINDS, path, problems);
    places(target, path, problems);
    match kind {
        "flagd" => flagd(target, path, problems),
        "mlflow" => Some(TargetKind::Mlflow {
            http: site(target, path, problems)?,
            model: target.model.clone()?,
            stable_alias: target.stable_alias.clone()?,
            candidate_alias: target.candidate_alias.clone()?,
            mirror: mirror(target, path, problems)?,
        }),
        "haproxy" => haproxy(target, path, problems),
        "kubernetes" => in_cluster(target, path, problems),
        "webhook" => {
            let secret_env = variable(target.secret_env.as_ref(), &path.key("secret-env"), problems);
            Some(TargetKind::Webhook { http: site(target, path, problems)?, secret_env })
        }
        "command" => {
            let (argv, pass_env, env) =
                program(target.command.as_ref(), target.env.as_ref(), target.pass_env.as_ref(), path, "command: [./apply.sh]", problems)?;
            Some(TargetKind::Command(TargetProgram { argv, pass_env, env }))
        }
        _ => None,
    }
}

/// Whether it mirrors the registry, which is one for all environments.
fn mirror(target: &raw::targets::Target, path: &Path, problems: &mut Problems<'_>) -> Option<bool> {
    let mirror = target.mirror?;
    let by_environment = |text: &Option<String>| text.as_ref().is_some_and(|text| text.replace(' ', "").contains("{{environment}}"));
    if mirror && (by_environment(&target.model) || by_environment(&target.url)) {
        let message = "a mirror of the registry is one for all environments: it cannot hold {{environment}}";
        problems.push(Finding::error(path.key("mirror"), message).help("take {{environment}} out of `model` and `url`".to_owned()));
    }
    Some(mirror)
}

/// Every `{{name}}` must be one that is known where it stands.
fn places(target: &raw::targets::Target, path: &Path, problems: &mut Problems<'_>) {
    let texts = [
        ("path", &target.path),
        ("branch", &target.branch),
        ("url", &target.url),
        ("flag", &target.flag),
        ("model", &target.model),
        ("stable-alias", &target.stable_alias),
        ("candidate-alias", &target.candidate_alias),
        ("socket", &target.socket),
        ("backend", &target.backend),
        ("server", &target.server),
        ("config-map", &target.config_map),
        ("key", &target.key),
        ("http-route", &target.http_route),
        ("rule", &target.rule),
        ("service", &target.service),
        ("kubeconfig", &target.kubeconfig),
        ("context", &target.context),
        ("namespace", &target.namespace),
    ];
    for (key, text) in texts {
        let Some(text) = text else { continue };
        match Query::check(text, Escape::None) {
            Err(error) => problems.push(Finding::error(path.key(key), error.to_string())),
            Ok(()) if !["server", "service"].contains(&key) && text.contains("{{") && text.replace(' ', "").contains("{{version}}") => {
                problems.push(
                    Finding::error(path.key(key), format!("`{key}` cannot hold {{{{version}}}}: it is the same for all versions"))
                        .help("write {{prompt}} or {{environment}}".to_owned()),
                );
            }
            Ok(()) => {}
        }
    }
}

fn site(target: &raw::targets::Target, path: &Path, problems: &mut Problems<'_>) -> Option<TargetHttp> {
    needed(target.url.as_ref(), path, "url", "url: http://127.0.0.1:5000", problems)?;
    let (url, token_env, headers): Http = http(target.url.as_ref(), target.token_env.as_ref(), target.headers.as_ref(), path, problems)?;
    Some(TargetHttp { url, token_env, headers })
}

fn flagd(target: &raw::targets::Target, path: &Path, problems: &mut Problems<'_>) -> Option<TargetKind> {
    if target.branch.is_none() && target.remote.is_some() {
        problems.push(Finding::error(path.key("remote"), "`remote` belongs to `branch`, which is not here").at_key());
    }
    let place = match (&target.path, &target.url) {
        (Some(_), Some(_)) => {
            problems.push(Finding::error(path.key("url"), "a manifest has one place").help("remove `path` or `url`".to_owned()));
            return None;
        }
        (None, Some(_)) if target.branch.is_some() => {
            problems.push(Finding::error(path.key("url"), "a manifest has one place").help("remove `branch` or `url`".to_owned()));
            return None;
        }
        (None, Some(_)) => FlagdPlace::Http(site(target, path, problems)?),
        (file, None) => {
            let file = needed(file.as_ref(), path, "path", "path: flags.json", problems)?;
            match &target.branch {
                None => FlagdPlace::File(PathBuf::from(file)),
                Some(branch) => on_branch(target, branch, file, path, problems)?,
            }
        }
    };
    Some(TargetKind::Flagd { place, flag: target.flag.clone()? })
}

/// A file of a branch. Names that stand for prompt and environment are looked at when they are known.
fn on_branch(target: &raw::targets::Target, branch: &str, file: &str, path: &Path, problems: &mut Problems<'_>) -> Option<FlagdPlace> {
    let with_names = |text: &str| {
        let values = QueryValues { prompt: "p".to_owned(), environment: "e".to_owned(), version: "v".to_owned() };
        // What cannot be filled in was said already.
        Query { text: text.to_owned(), values }.fill(Escape::None).ok()
    };
    let remote = match target.remote.clone() {
        Some(remote) => Some(plain_remote(remote, &path.key("remote"), problems)?),
        None => None,
    };
    if !is_branch_name(&with_names(branch)?) {
        let help = "use A-Z a-z 0-9 . _ - and /".to_owned();
        problems.push(Finding::error(path.key("branch"), format!("`{branch}` cannot name a branch")).help(help));
        return None;
    }
    if !is_branch_path(&with_names(file)?) {
        let help = "write it from the top of the branch, like prompts/flags.json".to_owned();
        problems.push(Finding::error(path.key("path"), format!("`{file}` is no file of a branch")).help(help));
        return None;
    }
    Some(FlagdPlace::Branch { remote, branch: branch.to_owned(), path: file.to_owned() })
}

/// Keys of a ConfigMap, and those of a route.
const OF_CONFIG_MAP: [&str; 3] = ["config-map", "key", "flag"];
const OF_ROUTE: [&str; 4] = ["http-route", "rule", "service", "port"];

fn in_cluster(target: &raw::targets::Target, path: &Path, problems: &mut Problems<'_>) -> Option<TargetKind> {
    let cluster =
        kubernetes::cluster((target.kubeconfig.as_deref(), target.context.as_deref(), target.namespace.as_deref()), path, problems);
    let (others, wanted) = match (&target.config_map, &target.http_route) {
        (Some(_), Some(_)) => {
            problems.push(
                Finding::error(path.key("http-route"), "a target has one object").help("remove `config-map` or `http-route`".to_owned()),
            );
            return None;
        }
        (None, None) => {
            needed(None::<&String>, path, "config-map", "config-map: prompt-flags (or http-route: prompts)", problems)?;
            return None;
        }
        (Some(_), None) => (OF_ROUTE.as_slice(), "http-route"),
        (None, Some(_)) => (OF_CONFIG_MAP.as_slice(), "config-map"),
    };
    for key in others.iter().filter(|key| problems.is_written(&path.key(**key))).collect::<Vec<_>>() {
        problems.push(Finding::error(path.key(*key), format!("`{key}` belongs to `{wanted}`, which is not here")).at_key());
    }
    let place = match (&target.config_map, &target.http_route) {
        (Some(name), _) => KubernetesPlace::ConfigMap { name: name.clone(), key: target.key.clone()?, flag: target.flag.clone()? },
        (None, name) => {
            let service = target.service.clone()?;
            if !service.replace(' ', "").contains("{{version}}") {
                let message = "`service` must hold {{version}}: each version has a Service of its own";
                problems.push(Finding::error(path.key("service"), message).help("write it like greeting-v{{version}}".to_owned()));
            }
            let port = u16::try_from(target.port?).ok()?;
            KubernetesPlace::HttpRoute { name: name.clone()?, rule: target.rule.clone(), service, port }
        }
    };
    Some(TargetKind::Kubernetes { cluster: cluster?, place })
}

fn haproxy(target: &raw::targets::Target, path: &Path, problems: &mut Problems<'_>) -> Option<TargetKind> {
    let socket = needed(target.socket.as_ref(), path, "socket", "socket: /run/haproxy/admin.sock", problems);
    let backend = needed(target.backend.as_ref(), path, "backend", "backend: prompts", problems);
    let server = target.server.clone()?;
    if !server.replace(' ', "").contains("{{version}}") {
        let message = "`server` must hold {{version}}: each version has a server of its own";
        problems.push(Finding::error(path.key("server"), message).help("write it like v{{version}}".to_owned()));
    }
    Some(TargetKind::Haproxy { socket: PathBuf::from(socket?), backend: backend?.clone(), server })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse;

    const REST: &str = "version: 1\nproviders: {say: {kind: echo}}\nsuites: [{name: s, prompt: p, provider: say, cases: c.jsonl}]\n";

    fn read(targets: &str) -> Result<Vec<TargetSettings>, String> {
        match parse(&format!("{REST}targets:\n{targets}"), "c.yml") {
            Ok((config, _)) => Ok(config.targets),
            Err(problems) => Err(problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")),
        }
    }

    #[test]
    fn every_kind_is_read_with_its_defaults() {
        let targets = read(
            "  a: {kind: flagd, path: flags.json}\n  b: {kind: flagd, url: 'http://127.0.0.1/{{environment}}', token-env: T}\n  \
             c: {kind: mlflow, url: 'http://127.0.0.1:5000'}\n  d: {kind: haproxy, socket: s, backend: b}\n  \
             e: {kind: webhook, url: 'https://x.test/', secret-env: S, timeout: 3s}\n  f: {kind: command, command: [./a.sh]}\n",
        )
        .unwrap();
        let kinds: Vec<&str> = targets.iter().map(|target| target.kind.name()).collect();
        assert_eq!(kinds, ["flagd", "flagd", "mlflow", "haproxy", "webhook", "command"]);
        let seconds: Vec<u64> = targets.iter().map(|target| target.timeout.as_secs()).collect();
        assert_eq!(seconds, [10, 10, 10, 10, 3, 10]);
        assert_eq!(targets[0].kind, TargetKind::Flagd { place: FlagdPlace::File("flags.json".into()), flag: "{{prompt}}".into() });
        let on_branch = read("  a: {kind: flagd, branch: 'flags/{{environment}}', path: p/flags.json, remote: upstream}\n").unwrap();
        let place = FlagdPlace::Branch {
            remote: Some("upstream".to_owned()),
            branch: "flags/{{environment}}".to_owned(),
            path: "p/flags.json".to_owned(),
        };
        assert_eq!(on_branch[0].kind, TargetKind::Flagd { place, flag: "{{prompt}}".into() });
        assert!(matches!(&targets[3].kind, TargetKind::Haproxy { server, .. } if server == "v{{version}}"));
        assert!(matches!(&targets[2].kind, TargetKind::Mlflow { stable_alias, .. } if stable_alias == "production"));
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (target, expected) in [
            ("{kind: flagdd}", "did you mean `flagd`?"),
            ("{kind: flagd}", "`path` is missing"),
            ("{kind: flagd, path: a, url: 'http://x'}", "a manifest has one place"),
            ("{kind: flagd, branch: b}", "`path` is missing"),
            ("{kind: flagd, branch: b, url: 'http://x'}", "remove `branch` or `url`"),
            ("{kind: flagd, brach: b, path: a}", "did you mean `branch`?"),
            ("{kind: flagd, branch: --force, path: a}", "cannot name a branch"),
            ("{kind: flagd, branch: '{{version}}', path: a}", "cannot hold {{version}}"),
            ("{kind: flagd, branch: b, path: ../a}", "no file of a branch"),
            ("{kind: flagd, branch: b, path: /a}", "no file of a branch"),
            ("{kind: flagd, branch: b, path: a, remote: --upload-pack=x}", "no remote"),
            ("{kind: flagd, branch: b, path: a, remote: 'https://u:p@h/r.git'}", "must not contain a password"),
            ("{kind: flagd, branch: b, path: a, remote: 'https://ghp_x@h/r.git'}", "must not contain a password, a token"),
            ("{kind: flagd, branch: b, path: a, remote: 'https://h/r.git?token=x'}", "a token or a query"),
            ("{kind: flagd, branch: prompt-cicd-state, path: a}", "`prompt-cicd-state` is the branch of the store"),
            ("{kind: flagd, path: a, remote: origin}", "`remote` belongs to `branch`"),
            ("{kind: haproxy, socket: s, backend: b, branch: b}", "does not take `branch`"),
            ("{kind: flagd, path: a, socket: b}", "a target of kind `flagd` does not take `socket`"),
            ("{kind: flagd, path: '{{version}}.json'}", "cannot hold {{version}}"),
            ("{kind: flagd, path: '{{vresion}}.json'}", "there is no `{{vresion}}`"),
            ("{kind: mlflow}", "`url` is missing"),
            ("{kind: mlflow, url: 'http://u:p@x'}", "must not contain a user"),
            ("{kind: mlflow, url: 'http://{{prompt}}/'}", "no fixed host"),
            ("{kind: mlflow, url: 'http://x', mirror: true, model: '{{environment}}'}", "one for all environments"),
            ("{kind: kubernetes}", "`config-map` is missing"),
            ("{kind: kubernetes, config-map: a, http-route: b}", "a target has one object"),
            ("{kind: kubernetes, config-map: a, rule: b}", "`rule` belongs to `http-route`"),
            ("{kind: kubernetes, http-route: a, service: b}", "`service` must hold {{version}}"),
            ("{kind: kubernetes, http-route: a, port: 0}", "1"),
            ("{kind: kubernetes, config-map: a, namespace: A}", "cannot name a namespace"),
            ("{kind: haproxy}", "`backend` is missing"),
            ("{kind: haproxy, socket: s, backend: b, server: s1}", "`server` must hold {{version}}"),
            ("{kind: webhook, url: 'https://x', secret-env: hunter-2}", "no name of an environment variable"),
            ("{kind: webhook, url: 'https://x', headers: {Authorization: x}}", "`token-env`"),
            ("{kind: command}", "`command` is missing"),
            ("{kind: command, command: [a], timeout: 0s}", "longer than nothing"),
            ("{kind: command, comand: [a]}", "did you mean `command`?"),
        ] {
            let said = read(&format!("  t: {target}\n")).unwrap_err();
            assert!(said.contains(expected), "{target}: {said}");
        }
    }
}
