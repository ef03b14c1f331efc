//! Providers against servers, programs and files that misbehave.

mod anthropic;
mod cassette;
mod command;
mod connect;
mod faults;
mod openai;
mod record;
mod server;
mod stream;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use serde_json::{Map, Value, json};

use super::ProviderFactory;
use crate::{
    domain::{
        answer::Answer,
        pace::RateLimits,
        prompt::{Message, Role},
        provider::{HttpSettings, ProviderFault, ProviderKind, ProviderSettings, Request},
    },
    ports::provider::{ConnectError, Provider, Providers, Recording},
};

/// The key in the environment of every test, under `TEST_KEY`.
const KEY: &str = "the-key-of-this-test";
const LIMIT: Duration = Duration::from_secs(5);

fn request(text: &str) -> Request {
    let messages = [(Role::System, "Be brief."), (Role::User, text)];
    let parameters = [("temperature", json!(0.0)), ("max_tokens", json!(16))];
    Request {
        task: crate::domain::provider::Task::Chat,
        model: "a-model".into(),
        messages: messages.map(|(role, content)| Message { role, content: content.into() }).into(),
        parameters: parameters.map(|(name, value)| (name.to_owned(), value)).into_iter().collect(),
        repeat: 0,
    }
}

fn settings(name: &str, kind: ProviderKind) -> ProviderSettings {
    ProviderSettings { name: name.into(), kind, model: None, parameters: Map::new(), prices: None, limits: RateLimits::default() }
}

fn http(base_url: &str) -> HttpSettings {
    HttpSettings { base_url: base_url.into(), api_key_env: Some("TEST_KEY".into()), headers: BTreeMap::new(), stream: false }
}

fn streaming(base_url: &str) -> HttpSettings {
    HttpSettings { stream: true, ..http(base_url) }
}

fn factory(base: &Path) -> ProviderFactory {
    let path = std::env::var("PATH").ok();
    let lookup = move |name: &str| match name {
        "TEST_KEY" => Some(format!(" {KEY}\n")),
        "EMPTY_KEY" => Some(String::new()),
        "PATH" => path.clone(),
        "PLAIN" => Some("plain".into()),
        _ => None,
    };
    ProviderFactory::new(Arc::new(lookup), base)
}

fn connect(kind: ProviderKind) -> Arc<dyn Provider> {
    connected(kind).unwrap()
}

fn connected(kind: ProviderKind) -> Result<Arc<dyn Provider>, ConnectError> {
    factory(Path::new("/nowhere")).connect(&settings("test", kind), &[], &Recording::default())
}

async fn ask(kind: ProviderKind) -> Result<Answer, ProviderFault> {
    connect(kind).answer(&request("Hi"), LIMIT).await
}

fn connect_error(result: Result<Arc<dyn Provider>, ConnectError>) -> String {
    let error = result.err().expect("it should not connect");
    format!("{}; {}", error.message, error.help.expect("every error says what to do next"))
}

fn recording_to(path: PathBuf) -> Recording {
    Recording { record: Some(path), ..Recording::default() }
}

fn replaying(path: PathBuf) -> Recording {
    Recording { replay: Some(path), ..Recording::default() }
}

/// A whole answer as OpenAI's servers give it.
fn completion(text: &str) -> Value {
    json!({
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "model": "a-model-0613",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12},
    })
}
