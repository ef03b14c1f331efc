//! `store:`

use std::path::PathBuf;

use super::{duration_at, is_variable_name, kubernetes};
use crate::{
    config::{
        path::Path,
        problems::{Finding, Problems},
        raw::store::Store,
    },
    domain::{
        kubernetes::is_label,
        store::{StoreKind, StoreSettings, is_branch_name},
        target::{FlagdPlace, TargetKind, TargetSettings},
    },
};

/// Reads `store`; `None` when something in it is wrong.
pub(in crate::config) fn read(store: Store, problems: &mut Problems<'_>) -> Option<StoreSettings> {
    let path = Path::root().key("store");
    let timeout = duration_at(store.timeout.as_ref(), &path.key("timeout"), problems);
    let branch = store.branch.and_then(|branch| lawful_branch(branch, &path.key("branch"), problems));
    let url_env = store.url_env.and_then(|name| variable(name, &path.key("url-env"), problems));
    let remote = store.remote.and_then(|remote| plain_remote(remote, &path.key("remote"), problems));
    let place = store.path.map(PathBuf::from);
    let kind = match store.kind.as_deref()? {
        "directory" => StoreKind::Directory { path: place? },
        "sqlite" => StoreKind::Sqlite { path: sqlite_path(place?) },
        "postgres" => StoreKind::Postgres { url_env: url_env? },
        "git" => StoreKind::Git { remote: remote?, branch: branch? },
        "kubernetes" => {
            let keys = (store.kubeconfig.as_deref(), store.context.as_deref(), store.namespace.as_deref());
            let cluster = kubernetes::cluster(keys, &path, problems);
            StoreKind::Kubernetes { cluster: cluster?, name: object_name(store.name?, &path.key("name"), problems)? }
        }
        "github" => StoreKind::GitHub { branch: branch? },
        // The schema lets no other word through.
        _ => StoreKind::Auto { path: place?, branch: branch? },
    };
    Some(StoreSettings { kind, timeout: timeout?, history: u64::from(store.history?) })
}

/// The default path is a folder: a database is a file in it.
fn sqlite_path(path: PathBuf) -> PathBuf {
    if path.extension().is_some() { path } else { path.join("state.db") }
}

/// A branch's name that git takes and that cannot be mistaken for a flag.
fn lawful_branch(branch: String, path: &Path, problems: &mut Problems<'_>) -> Option<String> {
    if is_branch_name(&branch) {
        return Some(branch);
    }
    problems.push(Finding::error(path.clone(), format!("`{branch}` cannot name a branch")).help("use A-Z a-z 0-9 . _ - and /".to_owned()));
    None
}

/// A name with which names of objects can begin.
fn object_name(name: String, path: &Path, problems: &mut Problems<'_>) -> Option<String> {
    if is_label(&name) && name.len() <= 40 {
        return Some(name);
    }
    problems.push(
        Finding::error(path.clone(), format!("`{name}` cannot name the store's ConfigMaps"))
            .help("use at most 40 of a-z, 0-9 and -".to_owned()),
    );
    None
}

fn variable(name: String, path: &Path, problems: &mut Problems<'_>) -> Option<String> {
    if is_variable_name(&name) {
        return Some(name);
    }
    // The address may be written here by mistake, and it may hold a password: it is not repeated.
    problems.push(
        Finding::error(path.clone(), "this is not the name of an environment variable")
            .help("write the variable's name, like PROMPT_CICD_STORE_URL, and put the address into the variable".to_owned()),
    );
    None
}

/// A remote that cannot be mistaken for a flag, and holds no password or token, which messages would show. Over HTTP a user's name alone may
/// be a token.
pub(super) fn plain_remote(remote: String, path: &Path, problems: &mut Problems<'_>) -> Option<String> {
    let (scheme, rest) = remote.split_once("://").unwrap_or_default();
    let scheme = scheme.rsplit(':').next().unwrap_or_default();
    let by_http = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let secret = authority.rsplit_once('@').is_some_and(|(user, _)| by_http || user.contains(':'));
    if secret || rest.contains('?') {
        problems.push(
            Finding::error(path.clone(), "a remote must not contain a password, a token or a query")
                .help("write the address without it, and let git's credential helper know it".to_owned()),
        );
        return None;
    }
    if !remote.starts_with('-') && !remote.chars().any(char::is_control) {
        return Some(remote);
    }
    problems.push(Finding::error(path.clone(), "this is no remote").help("write a remote's name like `origin`, or its address".to_owned()));
    None
}

/// No target may write to the store's own branch: its commits are none of the store's, and each would be in the other's way.
pub(in crate::config) fn apart(store: &StoreSettings, targets: &[TargetSettings], environments: &[String], problems: &mut Problems<'_>) {
    let (place, own) = match &store.kind {
        StoreKind::Git { remote, branch } => (remote.as_str(), branch.as_str()),
        StoreKind::GitHub { branch } | StoreKind::Auto { branch, .. } => (ORIGIN, branch.as_str()),
        StoreKind::Directory { .. } | StoreKind::Sqlite { .. } | StoreKind::Postgres { .. } | StoreKind::Kubernetes { .. } => return,
    };
    for target in targets {
        let TargetKind::Flagd { place: FlagdPlace::Branch { remote, branch, .. }, .. } = &target.kind else { continue };
        let in_environment = |environment: &String| branch.replace(' ', "").replace("{{environment}}", environment) == own;
        let same = branch == own || environments.iter().any(in_environment);
        if same && may_be_one(remote.as_deref().unwrap_or(ORIGIN), place) {
            let path = Path::root().key("targets").key(&target.name).key("branch");
            problems.push(
                Finding::error(path, format!("`{own}` is the branch of the store: a target must not write there"))
                    .help("give the target a branch of its own, like `prompt-flags`".to_owned()),
            );
        }
    }
}

/// The remote that is meant where none is named.
const ORIGIN: &str = "origin";

/// Whether two remotes may be one: nobody knows here which address a name stands for.
fn may_be_one(one: &str, other: &str) -> bool {
    let is_address = |remote: &str| remote.contains([':', '/']);
    one == other || is_address(one) != is_address(other)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::config::{default_store, parse};
    use crate::domain::kubernetes::ClusterSettings;

    const REST: &str = "providers: {say: {kind: echo}}\nsuites: [{name: s, prompt: p, provider: say, cases: c.jsonl}]\n";

    fn read(store: &str) -> Result<StoreSettings, Vec<String>> {
        match parse(&format!("version: 1\n{REST}{store}"), "c.yml") {
            Ok((config, _)) => Ok(config.store),
            Err(problems) => Err(problems.iter().map(ToString::to_string).collect()),
        }
    }

    #[test]
    fn without_a_word_it_is_the_default() {
        let path = PathBuf::from(".prompt-cicd/state");
        let kind = StoreKind::Auto { path, branch: "prompt-cicd-state".to_owned() };
        assert_eq!(default_store(), StoreSettings { kind, timeout: Duration::from_secs(30), history: 5_000 });
        assert_eq!(read(""), Ok(default_store()));
    }

    #[test]
    fn every_kind_is_read() {
        let kind = |text: &str| read(&format!("store: {text}\n")).unwrap().kind;
        let branch = || "state/x".to_owned();
        assert_eq!(kind("{kind: directory, path: there}"), StoreKind::Directory { path: "there".into() });
        assert_eq!(kind("{kind: sqlite}"), StoreKind::Sqlite { path: ".prompt-cicd/state/state.db".into() });
        assert_eq!(kind("{kind: sqlite, path: a.db}"), StoreKind::Sqlite { path: "a.db".into() });
        assert_eq!(kind("{kind: postgres}"), StoreKind::Postgres { url_env: "PROMPT_CICD_STORE_URL".to_owned() });
        let by_ssh = StoreKind::Git { remote: "ssh://git@h/r.git".to_owned(), branch: branch() };
        assert_eq!(kind("{kind: git, branch: state/x, remote: 'ssh://git@h/r.git'}"), by_ssh);
        assert_eq!(kind("{kind: git, branch: state/x}"), StoreKind::Git { remote: "origin".to_owned(), branch: branch() });
        let cluster = ClusterSettings { kubeconfig: Some("k".into()), context: None, namespace: Some("shop".to_owned()) };
        let expected = StoreKind::Kubernetes { cluster, name: "prompt-cicd-state".to_owned() };
        assert_eq!(kind("{kind: kubernetes, kubeconfig: k, namespace: shop}"), expected);
        assert_eq!(kind("{kind: github, branch: state/x}"), StoreKind::GitHub { branch: branch() });
    }

    #[test]
    fn what_is_wrong_is_told() {
        for (text, expected) in [
            ("{kind: directry}", "did you mean `directory`?"),
            ("{kind: git, branch: --force}", "cannot name a branch"),
            ("{kind: git, branch: a..b}", "cannot name a branch"),
            ("{kind: git, remote: --upload-pack=x}", "no remote"),
            ("{kind: git, remote: 'https://u:secret@h/r.git'}", "must not contain a password"),
            ("{kind: git, remote: 'https://secret@h/r.git'}", "must not contain a password, a token"),
            ("{kind: git, remote: 'HTTP://secret@h:1/r.git'}", "must not contain a password, a token"),
            ("{kind: git, remote: 'https://h/r.git?token=secret'}", "a token or a query"),
            ("{kind: kubernetes, name: Store}", "cannot name the store's ConfigMaps"),
            ("{kind: kubernetes, namespace: a/b}", "cannot name a namespace"),
            ("{kind: postgres, url-env: 'postgres://u:secret@h/d'}", "not the name of an environment variable"),
            ("{timeout: 0s}", "longer than nothing"),
            ("{history: 3}", "100"),
            ("{folder: x}", "folder"),
        ] {
            let problems = read(&format!("store: {text}\n")).unwrap_err();
            assert!(problems.len() == 1 && problems[0].contains(expected) && !problems[0].contains("secret"), "{text}: {problems:?}");
        }
    }

    #[test]
    fn no_target_has_the_branch_of_the_store() {
        let told = |store: &str, target: &str| {
            let text =
                format!("store: {store}\nenvironments: {{live: {{targets: [t]}}}}\ntargets: {{t: {{kind: flagd, path: a, {target}}}}}\n");
            read(&text).err().unwrap_or_default().concat()
        };
        for (store, target) in [
            ("{}", "branch: prompt-cicd-state"),
            ("{kind: github, branch: b}", "branch: b"),
            ("{kind: git, branch: b}", "branch: b, remote: origin"),
            ("{kind: git, branch: b, remote: up}", "branch: b, remote: 'https://h/r.git'"),
            ("{kind: git, branch: flags/live}", "branch: 'flags/{{ environment }}'"),
        ] {
            let told = told(store, target);
            assert!(told.contains("is the branch of the store"), "{store} {target}: {told}");
        }
        for (store, target) in [
            ("{kind: directory, path: p}", "branch: prompt-cicd-state"),
            ("{kind: git, branch: b}", "branch: c"),
            ("{kind: git, branch: b, remote: 'https://h/one.git'}", "branch: b, remote: 'https://h/two.git'"),
        ] {
            assert_eq!(told(store, target), "", "{store} {target}");
        }
    }
}
