//! How a cluster is reached: by a kubeconfig, or by the service account of the pod that we run in.

use std::path::{Path, PathBuf};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use tokio::sync::Mutex;

use super::{
    Clusters,
    credential::{self, Credential},
    kubeconfig::{ClusterOf, Kubeconfig, UserOf},
};
use crate::{
    adapters::{http::words, regular_file, secret::Secret, subprocess::Program},
    domain::kubernetes::{ClusterSettings, is_label},
};

/// The most bytes of a file with certificates.
const MAX_PEM: usize = 4 * 1024 * 1024;

/// Everything that a client needs.
#[derive(Debug)]
pub(super) struct Access {
    pub(super) server: String,
    pub(super) namespace: String,
    pub(super) authority: Option<Vec<u8>>,
    pub(super) identity: Option<Vec<u8>>,
    pub(super) credential: Credential,
}

/// Finds the cluster: the kubeconfig of the settings, the files of `KUBECONFIG`, the pod's service account, `~/.kube/config`.
pub(super) fn find(clusters: &Clusters, settings: &ClusterSettings) -> Result<Access, String> {
    let named: Vec<PathBuf> = match (&settings.kubeconfig, clusters.variable("KUBECONFIG")) {
        (Some(path), _) => vec![path.clone()],
        (None, Some(list)) => std::env::split_paths(&list).filter(|path| !path.as_os_str().is_empty()).collect(),
        (None, None) => Vec::new(),
    };
    let access = if !named.is_empty() {
        by_kubeconfig(clusters, settings, &named)?
    } else if let (Some(host), None) = (clusters.variable("KUBERNETES_SERVICE_HOST"), &settings.context) {
        in_pod(clusters, &host)?
    } else {
        let home = clusters.home().map(|home| home.join(".kube/config")).filter(|path| path.exists());
        let path = home.ok_or("there is no cluster here: no KUBECONFIG, no ~/.kube/config, and this is no pod; write `kubeconfig`")?;
        by_kubeconfig(clusters, settings, &[path])?
    };
    let namespace = settings.namespace.clone().unwrap_or(access.namespace);
    if !is_label(&namespace) {
        return Err(format!("`{}` cannot be the name of a namespace", words::plain(&namespace)));
    }
    Ok(Access { namespace, ..access })
}

fn in_pod(clusters: &Clusters, host: &str) -> Result<Access, String> {
    let port = clusters.variable("KUBERNETES_SERVICE_PORT").unwrap_or_else(|| "443".to_owned());
    let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    let account = clusters.account();
    let namespace = regular_file::read(&account.join("namespace"), 1024).ok();
    let namespace = namespace.and_then(|(text, _)| String::from_utf8(text).ok()).map(|text| text.trim().to_owned());
    Ok(Access {
        server: format!("https://{host}:{port}"),
        namespace: namespace.filter(|name| !name.is_empty()).unwrap_or_else(|| "default".to_owned()),
        authority: Some(file(&account.join("ca.crt"), "the service account's certificate authority")?),
        identity: None,
        credential: Credential::File(account.join("token")),
    })
}

fn by_kubeconfig(clusters: &Clusters, settings: &ClusterSettings, paths: &[PathBuf]) -> Result<Access, String> {
    let mut config = Kubeconfig::default();
    let several = paths.len() > 1;
    for path in paths {
        // Of several files some may be missing, as with `kubectl`.
        if several && !path.exists() {
            continue;
        }
        config = config.and(Kubeconfig::read(path)?);
    }
    let (cluster, context, user) = config.chosen(settings.context.as_deref())?;
    let unsupported = |key: &str, next: &str| Err(format!("the kubeconfig's `{key}` is not supported; {next}"));
    if cluster.insecure_skip_tls_verify {
        return unsupported("insecure-skip-tls-verify", "write the cluster's `certificate-authority`: a server is always proved");
    }
    if cluster.tls_server_name.is_some() {
        return unsupported("tls-server-name", "name the server as its certificate does");
    }
    if cluster.proxy_url.is_some() {
        return unsupported("proxy-url", "set HTTPS_PROXY instead");
    }
    if let Some(user) = user {
        if user.username.is_some() {
            return unsupported("username", "use a token, a certificate or `exec`");
        }
        if user.auth_provider.is_some() {
            return unsupported("auth-provider", "use `exec`, which replaced it");
        }
    }
    Ok(Access {
        server: cluster.server.clone(),
        namespace: context.namespace.clone().filter(|name| !name.is_empty()).unwrap_or_else(|| "default".to_owned()),
        authority: authority(cluster)?,
        identity: user.map(identity).transpose()?.flatten(),
        credential: user.map_or(Ok(Credential::None), |user| credential_of(clusters, user))?,
    })
}

fn authority(cluster: &ClusterOf) -> Result<Option<Vec<u8>>, String> {
    pem(cluster.certificate_authority_data.as_deref(), cluster.certificate_authority.as_deref(), "certificate-authority")
}

/// Certificate and key, one after the other.
fn identity(user: &UserOf) -> Result<Option<Vec<u8>>, String> {
    let certificate = pem(user.client_certificate_data.as_deref(), user.client_certificate.as_deref(), "client-certificate")?;
    let key = pem(user.client_key_data.as_deref(), user.client_key.as_deref(), "client-key")?;
    match (certificate, key) {
        (Some(mut certificate), Some(key)) => {
            certificate.push(b'\n');
            certificate.extend(key);
            Ok(Some(certificate))
        }
        (None, None) => Ok(None),
        (Some(_), None) => Err("the kubeconfig has a `client-certificate` without a `client-key`".to_owned()),
        (None, Some(_)) => Err("the kubeconfig has a `client-key` without a `client-certificate`".to_owned()),
    }
}

fn credential_of(clusters: &Clusters, user: &UserOf) -> Result<Credential, String> {
    // The same order as client-go.
    if let Some(path) = &user.token_file {
        return Ok(Credential::File(PathBuf::from(path)));
    }
    if let Some(token) = &user.token {
        let token = credential::lawful(token, &clusters.scrubber).map_err(|what| format!("the kubeconfig's `token`: {what}"))?;
        return Ok(Credential::Token(token));
    }
    let Some(exec) = &user.exec else { return Ok(Credential::None) };
    let mut environment = exec.environment();
    let info = serde_json::json!({"apiVersion": exec.api_version, "kind": "ExecCredential", "spec": {"interactive": false}});
    environment.insert("KUBERNETES_EXEC_INFO".to_owned(), info.to_string());
    let mut argv = vec![exec.command.clone()];
    argv.extend(exec.args.iter().flatten().cloned());
    let passed: Vec<String> = PASSED.iter().map(|name| (*name).to_owned()).collect();
    let program = Program::new(&argv, &passed, &environment, &*clusters.environment, &clusters.scrubber);
    let program = program.ok_or("the kubeconfig's `exec` names no program")?;
    Ok(Credential::Program { program, known: Mutex::new(None::<Secret>) })
}

/// What the programs of the large clouds look for beside `PATH` and `HOME`.
const PASSED: [&str; 17] = [
    "USER",
    "KUBECONFIG",
    "AWS_PROFILE",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "CLOUDSDK_CONFIG",
    "AZURE_CLIENT_ID",
    "AZURE_TENANT_ID",
    "AZURE_FEDERATED_TOKEN_FILE",
    "HTTPS_PROXY",
    "NO_PROXY",
];

fn pem(data: Option<&str>, path: Option<&str>, key: &str) -> Result<Option<Vec<u8>>, String> {
    match (data.filter(|data| !data.is_empty()), path.filter(|path| !path.is_empty())) {
        (Some(data), _) => {
            let data: String = data.split_whitespace().collect();
            STANDARD.decode(data).map(Some).map_err(|error| format!("the kubeconfig's `{key}-data` is no base64: {error}"))
        }
        (None, Some(path)) => file(Path::new(path), &format!("the kubeconfig's `{key}`")).map(Some),
        (None, None) => Ok(None),
    }
}

fn file(path: &Path, what: &str) -> Result<Vec<u8>, String> {
    regular_file::read(path, MAX_PEM).map(|(bytes, _)| bytes).map_err(|error| format!("{what} {}: {error}", path.display()))
}
