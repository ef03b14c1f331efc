//! From settings to metric sources.

use std::{path::PathBuf, sync::Arc};

use super::{command::Command, file::File, http_json::HttpJson, prometheus::Prometheus, tell::Teller};
use crate::{
    adapters::{http::site::Sites, subprocess::Program},
    domain::metric_source::{Escape, MetricSourceKind, MetricSourceSettings, Query},
    ports::{
        metric_source::{MetricSource, MetricSources},
        provider::ConnectError,
    },
};

/// Makes metric sources. One factory serves one run: its sources share the HTTP client and the scrubber.
#[derive(Debug)]
pub struct MetricSourceFactory {
    sites: Sites,
    base: PathBuf,
}

impl MetricSourceFactory {
    /// Paths of settings are relative to `base`, the working directory when it is empty.
    pub fn new(sites: Sites, base: impl Into<PathBuf>) -> Self {
        Self { sites, base: base.into() }
    }
}

impl MetricSources for MetricSourceFactory {
    fn open(&self, settings: &MetricSourceSettings) -> Result<Arc<dyn MetricSource>, ConnectError> {
        let wrong = |what: String| ConnectError {
            message: format!("metric source \"{}\": {what}", settings.name),
            help: Some(format!("correct `metric-sources.{}` in the configuration", settings.name)),
        };
        let teller = Teller {
            name: settings.name.clone(),
            timeout: settings.timeout,
            max_age: settings.max_age,
            max_series: settings.max_series,
            max_samples: settings.max_samples,
            scrubber: Arc::clone(self.sites.scrubber()),
        };
        Ok(match &settings.kind {
            MetricSourceKind::Prometheus { http, age_query } => {
                if let Some(query) = age_query {
                    Query::check(query, Escape::PromQl).map_err(|error| wrong(format!("`age-query`: {error}")))?;
                }
                let site = self.sites.site(&http.url, http.token_env.as_deref(), &http.headers).map_err(wrong)?;
                Arc::new(Prometheus { teller, site, age_query: age_query.clone() })
            }
            MetricSourceKind::HttpJson(http) => {
                let probe = Query::plain(http.url.as_str()).fill(Escape::Address).map_err(|error| wrong(format!("`url`: {error}")))?;
                self.sites.site(&probe, http.token_env.as_deref(), &http.headers).map_err(wrong)?;
                Arc::new(HttpJson { teller, sites: self.sites.clone(), http: http.clone() })
            }
            MetricSourceKind::File(path) => Arc::new(File { teller, path: self.base.join(path) }),
            MetricSourceKind::Command(program) => {
                let environment = &**self.sites.environment();
                let program = Program::new(&program.argv, &program.pass_env, &program.env, environment, self.sites.scrubber());
                Arc::new(Command { teller, program: program.ok_or_else(|| wrong("`command` names no program".to_owned()))? })
            }
        })
    }
}
