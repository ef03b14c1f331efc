//! From settings to targets.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    command::Command,
    flag_branch::FlagBranch,
    flag_file::FlagFile,
    flagd::{Flagd, Place},
    haproxy::{Haproxy, is_name},
    kubernetes::{ConfigMap, Route},
    mlflow::Mlflow,
    mlflow_api::Api,
    tell::Teller,
    webhook::Webhook,
};
use crate::{
    adapters::{
        http::{
            site::{Site, Sites},
            words,
        },
        kubernetes::{Cluster, Clusters},
        subprocess::Program,
    },
    domain::{
        kubernetes::{self, ClusterSettings, is_data_key},
        metric_source::{Escape, Query, QueryValues},
        store::{is_branch_name, is_branch_path},
        target::{FlagdPlace, KubernetesPlace, Subject, TargetHttp, TargetKind, TargetProgram, TargetSettings},
    },
    ports::{
        clock::Clock,
        mirror::Mirror,
        provider::ConnectError,
        store::Branches,
        target::{Target, Targets},
    },
};

/// Makes targets. One factory serves one run: its targets share the HTTP client and the scrubber.
pub struct TargetFactory {
    sites: Sites,
    base: PathBuf,
    branches: Option<Reach>,
}

impl fmt::Debug for TargetFactory {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("TargetFactory").field("base", &self.base).finish_non_exhaustive()
    }
}

impl TargetFactory {
    /// Paths of settings are relative to `base`, the working directory when it is empty.
    pub fn new(sites: Sites, base: impl Into<PathBuf>) -> Self {
        Self { sites, base: base.into(), branches: None }
    }

    /// With these, a manifest can be on a branch.
    #[must_use]
    pub fn with_branches(self, branches: Arc<dyn Branches>, clock: Arc<dyn Clock>) -> Self {
        Self { branches: Some((branches, clock)), ..self }
    }
}

/// What reaches branches, and the time between two tries.
type Reach = (Arc<dyn Branches>, Arc<dyn Clock>);

/// One opening: everything that can be wrong names the target.
struct Opening<'o> {
    sites: &'o Sites,
    base: &'o Path,
    settings: &'o TargetSettings,
    subject: &'o Subject,
    branches: Option<&'o Reach>,
}

/// Stands for the version while a server's name is cut into what is before and after it.
const HERE: &str = "\u{1}";

impl Opening<'_> {
    fn wrong(&self, what: &str) -> ConnectError {
        let help = Some(format!("correct `targets.{}` in the configuration", self.settings.name));
        ConnectError { message: format!("target \"{}\": {what}", self.settings.name), help }
    }

    fn fill(&self, text: &str, escape: Escape) -> Result<String, ConnectError> {
        let values =
            QueryValues { prompt: self.subject.prompt.clone(), environment: self.subject.environment.clone(), version: HERE.to_owned() };
        Query { text: text.to_owned(), values }.fill(escape).map_err(|error| self.wrong(&error.to_string()))
    }

    /// A text in which no version can stand.
    fn fixed(&self, key: &str, text: &str, escape: Escape) -> Result<String, ConnectError> {
        let filled = self.fill(text, escape)?;
        if filled.contains(HERE) || filled.contains("%01") {
            return Err(self.wrong(&format!("`{key}` cannot hold {{{{version}}}}: it is the same for all versions")));
        }
        Ok(filled)
    }

    /// A path in which no name leads out of its folder.
    fn path(&self, key: &str, path: &Path) -> Result<PathBuf, ConnectError> {
        for name in [&self.subject.prompt, &self.subject.environment] {
            if path.to_string_lossy().contains("{{") && (name.contains(['/', '\0']) || name.starts_with('.')) {
                return Err(self.wrong(&format!("`{key}` cannot hold the name \"{name}\": it would lead to another folder")));
            }
        }
        Ok(self.base.join(self.fixed(key, &path.to_string_lossy(), Escape::None)?))
    }

    /// A manifest on a branch; prompt and environment must leave names of a branch and of a file in it.
    fn on_branch(&self, (remote, branch, path): (Option<&str>, &str, &str), flag: String) -> Result<FlagBranch, ConnectError> {
        let (branch, path) = (self.fixed("branch", branch, Escape::None)?, self.fixed("path", path, Escape::None)?);
        if !is_branch_name(&branch) {
            return Err(self.wrong(&format!("`branch` is `{}`, which cannot name a branch", words::plain(&branch))));
        }
        if !is_branch_path(&path) {
            return Err(self.wrong(&format!("`path` is `{}`, which is no file of a branch", words::plain(&path))));
        }
        let Some((branches, clock)) = self.branches else { return Err(self.wrong("a branch cannot be reached from here")) };
        let branch = branches.open(remote, &branch).map_err(|error| self.wrong(&error.to_string()))?;
        Ok(FlagBranch::new(self.teller(), branch, Arc::clone(clock), path, flag))
    }

    fn site(&self, http: &TargetHttp) -> Result<Site, ConnectError> {
        let url = self.fixed("url", &http.url, Escape::Address)?;
        self.sites.site(&url, http.token_env.as_deref(), &http.headers).map_err(|what| self.wrong(&what))
    }

    fn cluster(&self, settings: &ClusterSettings) -> Result<Cluster, ConnectError> {
        let fixed = |key: &str, text: &Option<String>| text.as_ref().map(|text| self.fixed(key, text, Escape::None)).transpose();
        let (context, namespace) = (fixed("context", &settings.context)?, fixed("namespace", &settings.namespace)?);
        let kubeconfig = settings.kubeconfig.as_ref().map(|path| self.path("kubeconfig", path)).transpose()?;
        Clusters::new(self.sites).open(&ClusterSettings { kubeconfig, context, namespace }).map_err(|what| self.wrong(&what))
    }

    /// The name of an object in a cluster.
    fn object(&self, key: &str, text: &str) -> Result<String, ConnectError> {
        let name = self.fixed(key, text, Escape::None)?;
        if kubernetes::is_name(&name) {
            return Ok(name);
        }
        Err(self.wrong(&format!("`{key}` is `{}`, which cannot name an object: it has only a-z, 0-9, - and dots", words::plain(&name))))
    }

    fn in_cluster(&self, teller: Teller, cluster: &ClusterSettings, place: &KubernetesPlace) -> Result<Arc<dyn Target>, ConnectError> {
        let cluster = self.cluster(cluster)?;
        Ok(match place {
            KubernetesPlace::ConfigMap { name, key, flag } => {
                let key = self.fixed("key", key, Escape::None)?;
                if !is_data_key(&key) {
                    return Err(self.wrong("the key of a ConfigMap has only letters, digits and `_.-`"));
                }
                let flag = self.fixed("flag", flag, Escape::None)?;
                Arc::new(ConfigMap { teller, cluster, name: self.object("config-map", name)?, key, flag })
            }
            KubernetesPlace::HttpRoute { name, rule, service, port } => {
                let rule = rule.as_ref().map(|rule| self.object("rule", rule)).transpose()?;
                // With the prefix it must still be the name of an annotation.
                if rule.as_ref().is_some_and(|rule| rule.len() > 50) {
                    return Err(self.wrong("the name of a rule has at most 50 characters here"));
                }
                let service = self.around_version("service", service)?;
                Arc::new(Route { teller, cluster, name: self.object("http-route", name)?, rule, service, port: *port })
            }
        })
    }

    /// What stands before and after the version.
    fn around_version(&self, key: &str, text: &str) -> Result<(String, String), ConnectError> {
        let filled = self.fill(text, Escape::None)?;
        let Some((before, after)) = filled.split_once(HERE) else {
            return Err(self.wrong(&format!("`{key}` must hold {{{{version}}}}: each version has a server of its own")));
        };
        Ok((before.to_owned(), after.to_owned()))
    }

    fn program(&self, program: &TargetProgram) -> Result<Program, ConnectError> {
        let TargetProgram { argv, pass_env, env } = program;
        Program::new(argv, pass_env, env, &**self.sites.environment(), self.sites.scrubber())
            .ok_or_else(|| self.wrong("`command` names no program"))
    }

    fn teller(&self) -> Teller {
        Teller {
            name: self.settings.name.clone(),
            subject: self.subject.clone(),
            timeout: self.settings.timeout,
            scrubber: Arc::clone(self.sites.scrubber()),
        }
    }

    fn mlflow(&self) -> Result<Mlflow, ConnectError> {
        let TargetKind::Mlflow { http, model, stable_alias, candidate_alias, .. } = &self.settings.kind else {
            return Err(self.wrong("only a registry of MLflow mirrors versions"));
        };
        let model = self.fixed("model", model, Escape::None)?;
        if model.contains(['\'', '/', ':', '\\']) {
            return Err(self.wrong("the name of a registered model has no quotes, slashes or colons"));
        }
        let api = Api { teller: self.teller(), site: self.site(http)?, model };
        let alias = |key, alias| self.fixed(key, alias, Escape::None);
        let stable_alias = alias("stable-alias", stable_alias)?;
        Ok(Mlflow { api, stable_alias, candidate_alias: alias("candidate-alias", candidate_alias)? })
    }

    fn open(&self) -> Result<Arc<dyn Target>, ConnectError> {
        let teller = self.teller();
        Ok(match &self.settings.kind {
            TargetKind::Flagd { place, flag } => {
                let flag = self.fixed("flag", flag, Escape::None)?;
                let place = match place {
                    FlagdPlace::File(path) => {
                        let path = self.path("path", path)?;
                        Place::File(FlagFile { teller: teller.clone(), path, flag: flag.clone() })
                    }
                    FlagdPlace::Http(http) => Place::Http(self.site(http)?),
                    FlagdPlace::Branch { remote, branch, path } => {
                        Place::Branch(self.on_branch((remote.as_deref(), branch, path), flag.clone())?)
                    }
                };
                Arc::new(Flagd { teller, place, flag })
            }
            TargetKind::Mlflow { .. } => Arc::new(self.mlflow()?),
            TargetKind::Haproxy { socket, backend, server } => {
                let backend = self.fixed("backend", backend, Escape::None)?;
                if !is_name(&backend) {
                    return Err(self.wrong("the name of a backend has only letters, digits and `_.:-`"));
                }
                let server = self.around_version("server", server)?;
                Arc::new(Haproxy { teller, socket: self.path("socket", socket)?, backend, server })
            }
            TargetKind::Kubernetes { cluster, place } => self.in_cluster(teller, cluster, place)?,
            TargetKind::Webhook { http, secret_env } => {
                let secret = secret_env.as_deref().map(|variable| self.sites.secret(variable, "secret-env")).transpose();
                Arc::new(Webhook { teller, site: self.site(http)?, secret: secret.map_err(|what| self.wrong(&what))? })
            }
            TargetKind::Command(program) => Arc::new(Command { teller, program: self.program(program)? }),
        })
    }
}

impl Targets for TargetFactory {
    fn open(&self, settings: &TargetSettings, subject: &Subject) -> Result<Arc<dyn Target>, ConnectError> {
        Opening { sites: &self.sites, base: &self.base, settings, subject, branches: self.branches.as_ref() }.open()
    }

    fn mirror(&self, settings: &TargetSettings, prompt: &str) -> Result<Arc<dyn Mirror>, ConnectError> {
        let subject = Subject { prompt: prompt.to_owned(), environment: String::new() };
        let opening = Opening { sites: &self.sites, base: &self.base, settings, subject: &subject, branches: self.branches.as_ref() };
        opening.mlflow().map(|mlflow| Arc::new(mlflow) as Arc<dyn Mirror>)
    }
}
