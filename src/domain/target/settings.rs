//! How a target is reached.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use crate::domain::kubernetes::ClusterSettings;

/// A target of the configuration, checked and complete. Texts may hold `{{prompt}}` and `{{environment}}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetSettings {
    /// The name under `targets:`.
    pub name: String,
    /// What it is.
    pub kind: TargetKind,
    /// The longest that one applying or reading back may take, whatever the caller allows.
    pub timeout: Duration,
}

/// What a target can be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TargetKind {
    /// A manifest of flags that OpenFeature SDKs read.
    Flagd {
        /// Where the manifest is.
        place: FlagdPlace,
        /// The flag's key.
        flag: String,
    },
    /// Aliases of a registered model in an MLflow registry.
    Mlflow {
        /// The server.
        http: TargetHttp,
        /// The registered model (the prompt's name there).
        model: String,
        /// The alias of the version in front.
        stable_alias: String,
        /// The alias of the version that is being rolled out.
        candidate_alias: String,
        /// Whether the registry's versions are mirrored there too.
        mirror: bool,
    },
    /// Weights of servers, set over HAProxy's runtime socket.
    Haproxy {
        /// The socket.
        socket: PathBuf,
        /// The backend.
        backend: String,
        /// The server of a version; holds `{{version}}`.
        server: String,
    },
    /// An object of a Kubernetes cluster.
    Kubernetes {
        /// Where it is.
        cluster: ClusterSettings,
        /// What it is.
        place: KubernetesPlace,
    },
    /// A server of the user's own.
    Webhook {
        /// The address that is posted to.
        http: TargetHttp,
        /// The environment variable with the secret that signs each body.
        secret_env: Option<String>,
    },
    /// A program of the user's own.
    Command(TargetProgram),
}

impl TargetKind {
    /// The word used in `kind:`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Flagd { .. } => "flagd",
            Self::Mlflow { .. } => "mlflow",
            Self::Haproxy { .. } => "haproxy",
            Self::Kubernetes { .. } => "kubernetes",
            Self::Webhook { .. } => "webhook",
            Self::Command(_) => "command",
        }
    }
}

/// An object of a Kubernetes cluster that is changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KubernetesPlace {
    /// A flag manifest in a ConfigMap.
    ConfigMap {
        /// The ConfigMap.
        name: String,
        /// The key with the manifest.
        key: String,
        /// The flag's key.
        flag: String,
    },
    /// Weights of the Services behind a rule of an HTTPRoute.
    HttpRoute {
        /// The route.
        name: String,
        /// The rule's name; `None`: the only one.
        rule: Option<String>,
        /// The Service of a version; holds `{{version}}`.
        service: String,
        /// The Services' port.
        port: u16,
    },
}

/// Where a flag manifest is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FlagdPlace {
    /// A file, relative to the working directory.
    File(PathBuf),
    /// An address that answers GET and takes PUT.
    Http(TargetHttp),
    /// A file of a branch.
    Branch {
        /// A remote's name or address; `None`: the repository of this run, by its code host's API in a workflow, else `origin`.
        remote: Option<String>,
        /// The branch.
        branch: String,
        /// The file, from the top of the branch.
        path: String,
    },
}

/// An address with its token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetHttp {
    /// The address.
    pub url: String,
    /// The environment variable with the token, sent as `Authorization: Bearer …`.
    pub token_env: Option<String>,
    /// Extra headers with fixed texts.
    pub headers: BTreeMap<String, String>,
}

/// A program, started without a shell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetProgram {
    /// Program and arguments.
    pub argv: Vec<String>,
    /// Environment variables it may see beside `PATH`, `HOME` and the locale.
    pub pass_env: Vec<String>,
    /// Variables set to a fixed text.
    pub env: BTreeMap<String, String>,
}
