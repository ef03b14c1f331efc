//! How a cluster is found, and what is refused.

use std::{fs, path::Path, sync::Arc};

use super::{Cluster, Clusters, Resource, TroubleKind, trouble::About};
use crate::{
    adapters::{
        http::site::Sites,
        secret::{Scrubber, Secret},
    },
    domain::kubernetes::ClusterSettings,
};

fn clusters(folder: &Path, variables: &'static [(&'static str, &'static str)]) -> Clusters {
    let home = folder.to_string_lossy().into_owned();
    let environment = move |name: &str| {
        let set = variables.iter().find(|(variable, _)| *variable == name).map(|(_, value)| value.replace("HERE", &home));
        set.or_else(|| if name == "HOME" { Some(home.clone()) } else { std::env::var(name).ok().filter(|_| name == "PATH") })
    };
    let sites = Sites::new(Arc::new(environment), Arc::new(Scrubber::default()));
    Clusters { account: folder.join("account"), ..Clusters::new(&sites) }
}

fn config(user: &str, cluster: &str) -> String {
    format!(
        "current-context: one\nclusters: [{{name: c, cluster: {{server: 'http://127.0.0.1:1', {cluster}}}}}]\n\
         contexts: [{{name: one, context: {{cluster: c, user: u, namespace: shop}}}}, {{name: two, context: {{cluster: c, user: gone}}}}]\n\
         users: [{{name: u, user: {{{user}}}}}]\n"
    )
}

fn opened(folder: &Path, text: &str, context: Option<&str>) -> Result<Cluster, String> {
    fs::write(folder.join("k.yml"), text).unwrap();
    let settings = ClusterSettings { kubeconfig: Some(folder.join("k.yml")), context: context.map(str::to_owned), namespace: None };
    clusters(folder, &[]).open(&settings)
}

async fn token(cluster: &Cluster, anew: bool) -> String {
    cluster.credential.token(&Scrubber::default(), anew).await.unwrap().unwrap().expose().to_owned()
}

#[tokio::test]
async fn tokens_come_from_the_file_from_another_and_from_a_program() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = opened(folder.path(), &config("token: abc", ""), None).unwrap();
    assert_eq!((token(&cluster, false).await.as_str(), cluster.namespace()), ("abc", "shop"));
    let cluster = opened(folder.path(), &config("tokenFile: t", ""), None).unwrap();
    for now in ["first", "second\n"] {
        fs::write(folder.path().join("t"), now).unwrap();
        assert_eq!(token(&cluster, false).await, now.trim(), "the file is read anew each time");
    }
    let program = "exec: {apiVersion: client.authentication.k8s.io/v1, command: sh, args: [-c, 'date +%N >> n; \
                   echo \"{\\\"status\\\": {\\\"token\\\": \\\"of-$(wc -l < n | tr -d \" \")-$X\\\"}}\"'], env: [{name: X, value: y}]}";
    let program = program.replace(" n;", &format!(" {};", folder.path().join("n").display()));
    let program = program.replace("< n ", &format!("< {} ", folder.path().join("n").display()));
    let cluster = opened(folder.path(), &config(&program, ""), None).unwrap();
    assert_eq!((token(&cluster, false).await, token(&cluster, false).await), ("of-1-y".to_owned(), "of-1-y".to_owned()));
    assert_eq!(token(&cluster, true).await, "of-2-y");
}

#[test]
fn what_is_not_supported_is_named() {
    let folder = tempfile::tempdir().unwrap();
    for (user, cluster, expected) in [
        ("token: abc", "insecure-skip-tls-verify: true", "insecure-skip-tls-verify"),
        ("token: abc", "tls-server-name: x", "tls-server-name"),
        ("token: abc", "proxy-url: 'http://x'", "proxy-url"),
        ("username: a, password: hunter2hunter2", "", "username"),
        ("auth-provider: {name: gcp}", "", "auth-provider"),
        ("token: 'a b'", "", "characters that no token has"),
        ("client-certificate-data: YQ==", "", "without a `client-key`"),
        ("client-key-data: '*'", "", "no base64"),
        ("token: abc", "certificate-authority: none.pem", "none.pem"),
        ("token: abc", "certificate-authority-data: YQ==", "certificate"),
    ] {
        let error = opened(folder.path(), &config(user, cluster), None).unwrap_err();
        assert!(error.contains(expected) && !error.contains("hunter2"), "{expected}: {error}");
    }
    let open = |text: &str, context| opened(folder.path(), text, context).unwrap_err();
    assert!(open(&config("", ""), Some("three")).contains("no context `three`; it has one, two"));
    assert!(open(&config("", ""), Some("two")).contains("a user that is not in it"));
    assert!(open("users: {token: hunter2hunter2}", None).contains("look at it with `kubectl config view`"));
    assert!(!open("users: {token: hunter2hunter2}", None).contains("hunter2"));
    let far = config("token: abc", "").replace("http://127.0.0.1:1", "http://cluster.example.com");
    assert!(open(&far, None).contains("not encrypted"));
}

#[test]
fn several_kubeconfigs_are_one_and_a_pod_has_its_account() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("a.yml", "current-context: one\nclusters: []\ncontexts: [{name: one, context: {cluster: c, user: u, namespace: first}}]\n");
    write("b.yml", &config("token: abc", ""));
    let named = clusters(folder.path(), &[("KUBECONFIG", "HERE/none.yml:HERE/a.yml:HERE/b.yml")]);
    assert_eq!(named.open(&ClusterSettings::default()).unwrap().namespace(), "first", "what stands first wins");

    let pod = clusters(folder.path(), &[("KUBERNETES_SERVICE_HOST", "fd00::1"), ("KUBERNETES_SERVICE_PORT", "6443")]);
    assert!(pod.open(&ClusterSettings::default()).unwrap_err().contains("ca.crt"));
    fs::create_dir(folder.path().join("account")).unwrap();
    write("account/ca.crt", include_str!("../../../tests/data/kubernetes/ca.crt"));
    write("account/namespace", "shop\n");
    write("account/token", "abc");
    let cluster = pod.open(&ClusterSettings::default()).unwrap();
    assert_eq!(cluster.place(), "namespace shop at https://[fd00::1]:6443");
    let nowhere = clusters(folder.path(), &[]).open(&ClusterSettings::default()).unwrap_err();
    assert!(nowhere.contains("there is no cluster here"), "{nowhere}");
}

#[test]
fn refusals_say_what_to_do() {
    let scrubber = Scrubber::default();
    scrubber.register(&Secret::new("hunter2hunter2"));
    let about =
        About { verb: "patch", resource: Resource::HttpRoute, namespace: "shop", shown: "patch HTTPRoute prompts", scrubber: &scrubber };
    let said = |status: u16, body: &str| about.read(status, body.as_bytes()).unwrap_err();
    let forbidden = said(403, r#"{"kind":"Status","reason":"Forbidden","message":"User \"hunter2hunter2\" cannot patch"}"#);
    assert_eq!(forbidden.kind, TroubleKind::Forbidden);
    let expected = "the verb `patch` on `httproutes` of the group gateway.networking.k8s.io in the namespace shop";
    assert!(forbidden.to_string().contains(expected) && !forbidden.to_string().contains("hunter2"), "{forbidden}");
    assert!(said(404, "404 page not found\n").to_string().contains("Gateway API"));
    for (status, reason, kind) in [
        (409, "AlreadyExists", TroubleKind::Exists),
        (409, "Conflict", TroubleKind::Conflict),
        (404, "NotFound", TroubleKind::NotFound),
        (410, "Expired", TroubleKind::Gone),
        (413, "", TroubleKind::TooLarge),
        (429, "TooManyRequests", TroubleKind::Busy),
        (500, "InternalError", TroubleKind::Failed),
        (302, "", TroubleKind::Invalid),
    ] {
        assert_eq!(said(status, &format!(r#"{{"kind":"Status","reason":"{reason}","message":"m"}}"#)).kind, kind, "{status} {reason}");
    }
    assert_eq!(about.read(200, b"<html>").unwrap_err().kind, TroubleKind::Malformed);
}
