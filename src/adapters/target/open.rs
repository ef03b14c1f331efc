//! From settings to targets.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    command::Command,
    flag_file::FlagFile,
    flagd::{Flagd, Place},
    haproxy::{Haproxy, is_name},
    mlflow::Mlflow,
    mlflow_api::Api,
    tell::Teller,
    webhook::Webhook,
};
use crate::{
    adapters::{
        http::site::{Site, Sites},
        subprocess::Program,
    },
    domain::{
        metric_source::{Escape, Query, QueryValues},
        target::{FlagdPlace, Subject, TargetHttp, TargetKind, TargetProgram, TargetSettings},
    },
    ports::{
        provider::ConnectError,
        target::{Target, Targets},
    },
};

/// Makes targets. One factory serves one run: its targets share the HTTP client and the scrubber.
#[derive(Debug)]
pub struct TargetFactory {
    sites: Sites,
    base: PathBuf,
}

impl TargetFactory {
    /// Paths of settings are relative to `base`, the working directory when it is empty.
    pub fn new(sites: Sites, base: impl Into<PathBuf>) -> Self {
        Self { sites, base: base.into() }
    }
}

/// One opening: everything that can be wrong names the target.
struct Opening<'o> {
    sites: &'o Sites,
    base: &'o Path,
    settings: &'o TargetSettings,
    subject: &'o Subject,
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

    fn site(&self, http: &TargetHttp) -> Result<Site, ConnectError> {
        let url = self.fixed("url", &http.url, Escape::Address)?;
        self.sites.site(&url, http.token_env.as_deref(), &http.headers).map_err(|what| self.wrong(&what))
    }

    fn program(&self, program: &TargetProgram) -> Result<Program, ConnectError> {
        let TargetProgram { argv, pass_env, env } = program;
        Program::new(argv, pass_env, env, &**self.sites.environment(), self.sites.scrubber())
            .ok_or_else(|| self.wrong("`command` names no program"))
    }

    fn open(&self) -> Result<Arc<dyn Target>, ConnectError> {
        let teller = Teller {
            name: self.settings.name.clone(),
            subject: self.subject.clone(),
            timeout: self.settings.timeout,
            scrubber: Arc::clone(self.sites.scrubber()),
        };
        Ok(match &self.settings.kind {
            TargetKind::Flagd { place, flag } => {
                let place = match place {
                    FlagdPlace::File(path) => {
                        let path = self.path("path", path)?;
                        Place::File(FlagFile { teller: teller.clone(), path, flag: self.fixed("flag", flag, Escape::None)? })
                    }
                    FlagdPlace::Http(http) => Place::Http(self.site(http)?),
                };
                Arc::new(Flagd { teller, place, flag: self.fixed("flag", flag, Escape::None)? })
            }
            TargetKind::Mlflow { http, model, stable_alias, candidate_alias } => {
                let model = self.fixed("model", model, Escape::None)?;
                if model.contains(['\'', '/', ':', '\\']) {
                    return Err(self.wrong("the name of a registered model has no quotes, slashes or colons"));
                }
                let api = Api { teller, site: self.site(http)?, model };
                let alias = |key, alias| self.fixed(key, alias, Escape::None);
                let stable_alias = alias("stable-alias", stable_alias)?;
                Arc::new(Mlflow { api, stable_alias, candidate_alias: alias("candidate-alias", candidate_alias)? })
            }
            TargetKind::Haproxy { socket, backend, server } => {
                let backend = self.fixed("backend", backend, Escape::None)?;
                if !is_name(&backend) {
                    return Err(self.wrong("the name of a backend has only letters, digits and `_.:-`"));
                }
                let filled = self.fill(server, Escape::None)?;
                let Some((before, after)) = filled.split_once(HERE) else {
                    return Err(self.wrong("`server` must hold {{version}}: each version has a server of its own"));
                };
                let server = (before.to_owned(), after.to_owned());
                Arc::new(Haproxy { teller, socket: self.path("socket", socket)?, backend, server })
            }
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
        Opening { sites: &self.sites, base: &self.base, settings, subject }.open()
    }
}
