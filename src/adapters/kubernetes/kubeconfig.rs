//! A kubeconfig: the parts of it that we use. What it asks for and we do not do is refused by name.

use std::{collections::BTreeMap, path::Path};

use serde::Deserialize;

use crate::adapters::{http::words, regular_file};

/// The most bytes of a kubeconfig.
const MAX: usize = 4 * 1024 * 1024;

/// One or several files; what stands in an earlier one wins, as with `kubectl`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub(super) struct Kubeconfig {
    pub(super) current_context: Option<String>,
    pub(super) clusters: Vec<NamedCluster>,
    pub(super) contexts: Vec<NamedContext>,
    pub(super) users: Vec<NamedUser>,
}

#[derive(Debug, Deserialize)]
pub(super) struct NamedCluster {
    pub(super) name: String,
    pub(super) cluster: ClusterOf,
}

#[derive(Debug, Deserialize)]
pub(super) struct NamedContext {
    pub(super) name: String,
    pub(super) context: ContextOf,
}

#[derive(Debug, Deserialize)]
pub(super) struct NamedUser {
    pub(super) name: String,
    #[serde(default)]
    pub(super) user: UserOf,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct ClusterOf {
    pub(super) server: String,
    pub(super) certificate_authority: Option<String>,
    pub(super) certificate_authority_data: Option<String>,
    #[serde(default)]
    pub(super) insecure_skip_tls_verify: bool,
    pub(super) tls_server_name: Option<String>,
    pub(super) proxy_url: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct ContextOf {
    pub(super) cluster: String,
    #[serde(default)]
    pub(super) user: String,
    pub(super) namespace: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct UserOf {
    pub(super) token: Option<String>,
    #[serde(rename = "tokenFile")]
    pub(super) token_file: Option<String>,
    pub(super) client_certificate: Option<String>,
    pub(super) client_certificate_data: Option<String>,
    pub(super) client_key: Option<String>,
    pub(super) client_key_data: Option<String>,
    pub(super) username: Option<String>,
    pub(super) auth_provider: Option<serde_yaml::Value>,
    pub(super) exec: Option<Exec>,
}

/// A program that gives a token.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Exec {
    pub(super) api_version: String,
    pub(super) command: String,
    pub(super) args: Option<Vec<String>>,
    pub(super) env: Option<Vec<Variable>>,
}

#[derive(Deserialize)]
pub(super) struct Variable {
    pub(super) name: String,
    pub(super) value: String,
}

impl std::fmt::Debug for UserOf {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("UserOf")
    }
}

impl Exec {
    pub(super) fn environment(&self) -> BTreeMap<String, String> {
        self.env.iter().flatten().map(|variable| (variable.name.clone(), variable.value.clone())).collect()
    }
}

impl Kubeconfig {
    /// Reads a file. Paths in it are meant from its own folder.
    pub(super) fn read(path: &Path) -> Result<Self, String> {
        let shown = path.display();
        let (text, _) = regular_file::read(path, MAX).map_err(|error| format!("the kubeconfig {shown} cannot be read: {error}"))?;
        // The reader's own words may repeat what stands there, which may be a secret.
        let mut config: Self = serde_yaml::from_slice(&text).map_err(|error| {
            let at = error.location().map(|at| format!(":{}:{}", at.line(), at.column())).unwrap_or_default();
            format!("the kubeconfig {shown}{at} is none: it must have clusters, contexts and users; look at it with `kubectl config view`")
        })?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let below = |file: &mut Option<String>| {
            if let Some(file) = file {
                *file = folder.join(&*file).to_string_lossy().into_owned();
            }
        };
        for cluster in &mut config.clusters {
            below(&mut cluster.cluster.certificate_authority);
        }
        for user in &mut config.users {
            below(&mut user.user.token_file);
            below(&mut user.user.client_certificate);
            below(&mut user.user.client_key);
            if let Some(exec) = &mut user.user.exec
                && exec.command.contains('/')
            {
                exec.command = folder.join(&exec.command).to_string_lossy().into_owned();
            }
        }
        Ok(config)
    }

    /// Adds what another file has beside.
    pub(super) fn and(mut self, other: Self) -> Self {
        self.current_context = self.current_context.filter(|name| !name.is_empty()).or(other.current_context);
        self.clusters.extend(other.clusters);
        self.contexts.extend(other.contexts);
        self.users.extend(other.users);
        self
    }

    /// The context of this name, or the current one, with its cluster and its user.
    pub(super) fn chosen(&self, context: Option<&str>) -> Result<(&ClusterOf, &ContextOf, Option<&UserOf>), String> {
        let name = context.or(self.current_context.as_deref()).filter(|name| !name.is_empty());
        let name = name.ok_or("the kubeconfig has no current context; write `context`, or run `kubectl config use-context`")?;
        let shown = words::plain(name);
        let names = || self.contexts.iter().map(|context| words::plain(&context.name)).collect::<Vec<_>>().join(", ");
        let context = self.contexts.iter().find(|context| context.name == name);
        let context = &context.ok_or_else(|| format!("the kubeconfig has no context `{shown}`; it has {}", names()))?.context;
        let cluster = self.clusters.iter().find(|cluster| cluster.name == context.cluster);
        let cluster = &cluster.ok_or_else(|| format!("the kubeconfig's context `{shown}` names a cluster that is not in it"))?.cluster;
        let user = self.users.iter().find(|user| user.name == context.user).map(|user| &user.user);
        if user.is_none() && !context.user.is_empty() {
            return Err(format!("the kubeconfig's context `{shown}` names a user that is not in it"));
        }
        Ok((cluster, context, user))
    }
}
