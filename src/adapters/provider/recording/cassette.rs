//! Recorded answers in the place of a provider.

use std::{
    collections::{BTreeSet, HashMap},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use serde_json::json;

use super::{super::fault, LastLine, Record, RecordedRequest, load};
use crate::{
    domain::{
        answer::{Answer, Origin},
        digest,
        prompt::Message,
        provider::{FaultKind, ProviderFault, Request},
    },
    ports::provider::{ConnectError, Provider},
};

/// A cassette in memory.
#[derive(Debug)]
pub(in super::super) struct Tape {
    path: PathBuf,
    records: Vec<Record>,
    by_key: HashMap<String, usize>,
    by_messages: HashMap<String, Vec<usize>>,
}

impl Tape {
    /// Reads and checks a cassette.
    ///
    /// # Errors
    /// What is wrong with it, with the line.
    pub(in super::super) fn load(path: &Path) -> Result<Self, ConnectError> {
        let records = load(path, LastLine::MustBeWhole)?;
        let by_key = records.iter().enumerate().map(|(position, record)| (record.key.clone(), position)).collect();
        let mut by_messages: HashMap<String, Vec<usize>> = HashMap::new();
        for (position, record) in records.iter().enumerate() {
            by_messages.entry(messages_key(&record.request.messages)).or_default().push(position);
        }
        Ok(Self { path: path.to_owned(), records, by_key, by_messages })
    }

    fn find(&self, request: &Request) -> Option<&Record> {
        self.by_key.get(&request.key()).and_then(|position| self.records.get(*position))
    }

    /// How the request differs from the recording that is nearest to it.
    fn difference(&self, request: &Request) -> String {
        let near = self.by_messages.get(&messages_key(&request.messages)).into_iter().flatten();
        let near: Vec<&RecordedRequest> = near.filter_map(|position| self.records.get(*position)).map(|record| &record.request).collect();
        if near.is_empty() {
            return format!("none of its {} recordings has these messages", self.records.len());
        }
        let same_model: Vec<_> = near.iter().filter(|recorded| recorded.model == request.model).collect();
        let Some(one) = same_model.first() else {
            let models: BTreeSet<_> = near.iter().map(|recorded| format!("\"{}\"", fault::plain(&recorded.model))).collect();
            return format!("these messages are recorded with {}", models.into_iter().collect::<Vec<_>>().join(", "));
        };
        if same_model.iter().any(|recorded| recorded.parameters == request.parameters) {
            return format!("this request is recorded, but not its repeat {} (counted from 0)", request.repeat);
        }
        let names: BTreeSet<_> = one.parameters.keys().chain(request.parameters.keys()).collect();
        let show =
            |value: Option<&serde_json::Value>| value.map_or_else(|| "not set".into(), |value| fault::bounded(&value.to_string(), 40));
        let differing = names.into_iter().filter(|name| one.parameters.get(*name) != request.parameters.get(*name));
        let parts: Vec<_> = differing
            .take(5)
            .map(|name| format!("{name} is {} there and {} here", show(one.parameters.get(name)), show(request.parameters.get(name))))
            .collect();
        format!("these messages are recorded with other parameters: {}", parts.join(", "))
    }
}

fn messages_key(messages: &[Message]) -> String {
    digest::of_json(&json!(messages))
}

/// Answers from a cassette; asks nobody.
#[derive(Debug)]
pub(in super::super) struct Cassette {
    provider: String,
    tape: Arc<Tape>,
}

impl Cassette {
    /// Answers for the provider of this name.
    pub(in super::super) fn new(provider: &str, tape: Arc<Tape>) -> Self {
        Self { provider: provider.to_owned(), tape }
    }
}

#[async_trait]
impl Provider for Cassette {
    fn is_at_hand(&self, _: &Request) -> bool {
        true
    }

    async fn answer(&self, request: &Request, _limit: Duration) -> Result<Answer, ProviderFault> {
        self.tape.find(request).map(|record| record.answer(Origin::Recorded)).ok_or_else(|| {
            let message = format!(
                "provider \"{}\": no recording in {} for a request to \"{}\": {}; record again with --record",
                self.provider,
                self.tape.path.display(),
                fault::plain(&request.model),
                self.tape.difference(request)
            );
            ProviderFault::new(FaultKind::NotRecorded, message)
        })
    }
}
