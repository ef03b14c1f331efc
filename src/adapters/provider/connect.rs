//! From settings to providers.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use super::{
    chat::{
        Chat,
        anthropic::{self, Anthropic},
        openai::OpenAi,
    },
    command::Program,
    echo::Echo,
    endpoint::{Endpoint, KeyHeader, embeddings::WithEmbeddings, models::WithModels},
    recording::{
        cache::Cached,
        cassette::{Cassette, Tape},
        record::{Recorded, Recorder},
    },
};
use crate::{
    adapters::{
        http::{Http, HttpError},
        secret::{Scrubber, Secret},
    },
    domain::provider::{HttpSettings, ProviderKind, ProviderSettings},
    ports::provider::{ConnectError, Provider, Providers, Recording},
};

/// Where GitHub Models is, and the variable that says where it is for a company's own part of GitHub.
const GITHUB_MODELS: &str = "https://models.github.ai/inference";
const GITHUB_MODELS_URL: &str = "PROMPT_CICD_GITHUB_MODELS_URL";

/// Looks up a variable of the environment.
pub type Environment = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// Makes providers. One factory serves one run: its providers share the HTTP client, the cassettes and the scrubber.
///
/// `--replay` wins over everything and needs no key. `--record` asks the live provider and writes its answers down; of
/// a cassette it asks the provider the cassette was recorded from (`of`). The cache lies around live providers, inside
/// the recorder: a cassette also gets the answers that came from the cache.
pub struct ProviderFactory {
    environment: Environment,
    base: PathBuf,
    scrubber: Arc<Scrubber>,
    http: OnceLock<Result<Arc<Http>, HttpError>>,
    tapes: Mutex<HashMap<PathBuf, Arc<Tape>>>,
    recorders: Mutex<HashMap<PathBuf, Arc<Recorder>>>,
}

impl ProviderFactory {
    /// Keys come from `environment`; paths of cassette providers are relative to `base`, the configuration's folder,
    /// those of [`Recording`] to the working directory.
    pub fn new(environment: Environment, base: impl Into<PathBuf>) -> Self {
        Self {
            environment,
            base: base.into(),
            scrubber: Arc::default(),
            http: OnceLock::new(),
            tapes: Mutex::default(),
            recorders: Mutex::default(),
        }
    }

    /// The same with a scrubber of the caller's, which may announce secrets.
    #[must_use]
    pub fn with_scrubber(self, scrubber: Arc<Scrubber>) -> Self {
        Self { scrubber, ..self }
    }

    /// Knows the secrets of all providers connected so far.
    pub fn scrubber(&self) -> Arc<Scrubber> {
        Arc::clone(&self.scrubber)
    }

    fn http(&self, provider: &str) -> Result<Arc<Http>, ConnectError> {
        self.http
            .get_or_init(|| Http::new().map(Arc::new))
            .clone()
            .map_err(|error| ConnectError { message: format!("provider \"{provider}\": {error}"), help: None })
    }

    fn tape(&self, path: &Path) -> Result<Arc<Tape>, ConnectError> {
        let mut tapes = self.tapes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(tape) = tapes.get(path) {
            return Ok(Arc::clone(tape));
        }
        let tape = Arc::new(Tape::load(path)?);
        tapes.insert(path.to_owned(), Arc::clone(&tape));
        Ok(tape)
    }

    fn recorder(&self, path: &Path) -> Result<Arc<Recorder>, ConnectError> {
        let mut recorders = self.recorders.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(recorder) = recorders.get(path) {
            return Ok(Arc::clone(recorder));
        }
        let recorder = Arc::new(Recorder::open(path, self.scrubber())?);
        recorders.insert(path.to_owned(), Arc::clone(&recorder));
        Ok(recorder)
    }

    fn key(&self, provider: &str, settings: &HttpSettings) -> Result<Option<Secret>, ConnectError> {
        let Some(variable) = &settings.api_key_env else { return Ok(None) };
        let value = (self.environment)(variable);
        let state = if value.is_some() { "empty" } else { "not set" };
        let value = value.map(|value| value.trim().to_owned()).filter(|value| !value.is_empty()).ok_or_else(|| ConnectError {
            message: format!("provider \"{provider}\": the environment variable {variable}, which should hold its key, is {state}"),
            help: Some(if variable == "GITHUB_TOKEN" {
                "pass `GITHUB_TOKEN: ${{ github.token }}` to the step, in a job with `permissions: models: read`".to_owned()
            } else {
                format!("export {variable}=…, or remove `api-key-env` where the server needs no key; --replay needs none")
            }),
        })?;
        let key = Secret::new(value);
        self.scrubber.register(&key);
        Ok(Some(key))
    }

    fn endpoint(&self, name: &str, http: &HttpSettings, path: &str, header: KeyHeader) -> Result<Endpoint, ConnectError> {
        let elsewhere = (self.environment)(GITHUB_MODELS_URL).filter(|url| http.base_url == GITHUB_MODELS && !url.is_empty());
        let http = &HttpSettings { base_url: elsewhere.unwrap_or_else(|| http.base_url.clone()), ..http.clone() };
        let key = self.key(name, http)?;
        Endpoint::new(name, http, path, key.as_ref().map(|key| (header, key)), self.http(name)?, self.scrubber())
    }

    /// The provider itself, without anything around it. A cassette is one too.
    fn bare(&self, name: &str, kind: &ProviderKind) -> Result<Arc<dyn Provider>, ConnectError> {
        Ok(match kind {
            ProviderKind::OpenAi(http) => {
                let chat = Chat::new(self.endpoint(name, http, "/chat/completions", KeyHeader::Bearer)?, OpenAi, http.stream);
                let all = Arc::new(WithEmbeddings::new(chat, self.endpoint(name, http, "/embeddings", KeyHeader::Bearer)?));
                Arc::new(WithModels::new(all, self.endpoint(name, http, "/models", KeyHeader::Bearer)?))
            }
            ProviderKind::Anthropic(http) => {
                let mut headers = BTreeMap::from([("anthropic-version".to_owned(), anthropic::VERSION.to_owned())]);
                headers.extend(http.headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.clone())));
                let settings = HttpSettings { headers, ..http.clone() };
                let chat = Chat::new(self.endpoint(name, &settings, "/messages", KeyHeader::XApiKey)?, Anthropic, http.stream);
                Arc::new(WithModels::new(chat, self.endpoint(name, &settings, "/models", KeyHeader::XApiKey)?))
            }
            ProviderKind::Command { argv, pass_env, env } => {
                Arc::new(Program::new(name, argv, pass_env, env, &*self.environment, self.scrubber())?)
            }
            ProviderKind::Echo => Arc::new(Echo),
            ProviderKind::Cassette { path, .. } => Arc::new(Cassette::new(name, self.tape(&self.base.join(path))?)),
        })
    }

    fn cached(&self, inner: Arc<dyn Provider>, kind: &ProviderKind, recording: &Recording) -> Result<Arc<dyn Provider>, ConnectError> {
        match (&recording.cache, kind) {
            (None, _) | (_, ProviderKind::Cassette { .. }) => Ok(inner),
            (Some(folder), _) => Ok(Arc::new(Cached::new(inner, folder, kind, self.scrubber())?)),
        }
    }
}

impl Providers for ProviderFactory {
    fn connect(
        &self,
        settings: &ProviderSettings,
        all: &[ProviderSettings],
        recording: &Recording,
    ) -> Result<Arc<dyn Provider>, ConnectError> {
        if let Some(path) = &recording.replay {
            return Ok(Arc::new(Cassette::new(&settings.name, self.tape(path)?)));
        }
        let Some(path) = &recording.record else {
            return self.cached(self.bare(&settings.name, &settings.kind)?, &settings.kind, recording);
        };
        let live = live(settings, all)?;
        let inner = self.cached(self.bare(&settings.name, &live.kind)?, &live.kind, recording)?;
        Ok(Arc::new(Recorded::new(inner, self.recorder(path)?)))
    }
}

impl fmt::Debug for ProviderFactory {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ProviderFactory").field("base", &self.base).finish_non_exhaustive()
    }
}

/// The provider that is really asked: a cassette stands for the one it was recorded from.
fn live<'all>(settings: &'all ProviderSettings, all: &'all [ProviderSettings]) -> Result<&'all ProviderSettings, ConnectError> {
    let mut current = settings;
    // Each step leads to another provider, or it is a circle.
    for _ in 0..=all.len() {
        let ProviderKind::Cassette { of, .. } = &current.kind else { return Ok(current) };
        let Some(name) = of else {
            return Err(ConnectError {
                message: format!("provider \"{}\" is a cassette and cannot be recorded: nothing says where it came from", current.name),
                help: Some(format!("write `of: NAME` under `providers.{}`, with the name of a live provider", current.name)),
            });
        };
        current = all.iter().find(|other| other.name == *name).ok_or_else(|| {
            let live: Vec<_> = all.iter().filter(|other| !matches!(other.kind, ProviderKind::Cassette { .. })).collect();
            let names = live.iter().map(|other| other.name.as_str()).collect::<Vec<_>>().join(", ");
            ConnectError {
                message: format!("provider \"{}\": `of: {name}` names no provider", current.name),
                help: Some(if names.is_empty() { "add a live provider".into() } else { format!("live providers are: {names}") }),
            }
        })?;
    }
    Err(ConnectError {
        message: format!("provider \"{}\": its `of` leads in a circle", settings.name),
        help: Some("let `of` name a live provider".into()),
    })
}
