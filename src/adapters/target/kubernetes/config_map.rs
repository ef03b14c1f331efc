//! A manifest of flags under a key of a ConfigMap.

use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Value, json};

use super::{ATTEMPTS, OPERATION, PAUSE, is_race};
use crate::{
    adapters::{
        kubernetes::{Cluster, Named, Resource, config_map, revision},
        target::{
            manifest::{Manifest, ManifestError},
            tell::Teller,
        },
    },
    domain::target::{Desired, Observed, Shares},
    ports::target::{Target, TargetError, TargetErrorKind},
};

/// A flag in a manifest in a ConfigMap. Every other key, label and annotation stays as it is.
#[derive(Debug)]
pub(in crate::adapters::target) struct ConfigMap {
    pub(in crate::adapters::target) teller: Teller,
    pub(in crate::adapters::target) cluster: Cluster,
    pub(in crate::adapters::target) name: String,
    pub(in crate::adapters::target) key: String,
    pub(in crate::adapters::target) flag: String,
}

impl ConfigMap {
    fn named(&self) -> Named<'_> {
        Named { resource: Resource::ConfigMap, name: &self.name }
    }

    fn shown(&self) -> String {
        format!("ConfigMap {} in {}", self.name, self.cluster.place())
    }

    fn unusable(&self, error: ManifestError) -> TargetError {
        error.told(&self.teller, &self.flag, &format!("`{}` of {}", self.key, self.shown()))
    }

    async fn read(&self) -> Result<Option<Value>, TargetError> {
        self.cluster.get(&self.named()).await.map_err(|trouble| self.teller.trouble(&trouble))
    }

    /// The manifest in the object; none where it has no such key.
    fn manifest(&self, object: &Value) -> Result<Option<Manifest>, TargetError> {
        let Some(text) = object.get("data").and_then(|data| data.get(&self.key)).and_then(Value::as_str) else { return Ok(None) };
        Manifest::parse(text.as_bytes()).map(Some).map_err(|error| self.unusable(error))
    }

    async fn change(&self, desired: &Desired, operation: &str) -> Result<(), TargetError> {
        for attempt in 1..=ATTEMPTS {
            let found = self.read().await?;
            let mut manifest = found.as_ref().map(|object| self.manifest(object)).transpose()?.flatten().unwrap_or_else(Manifest::empty);
            if !manifest.put(&self.flag, desired, operation).map_err(|error| self.unusable(error))? {
                return Ok(());
            }
            let data = json!({&self.key: manifest.to_text()});
            let written = if let Some(object) = &found {
                if object.get("immutable") == Some(&Value::Bool(true)) {
                    let what = format!("{} is immutable; write another `config-map`", self.shown());
                    return Err(self.teller.error(TargetErrorKind::Refused, &what));
                }
                let metadata = json!({"resourceVersion": revision(object), "annotations": {OPERATION: operation}});
                self.cluster.patch(&self.named(), &json!({"metadata": metadata, "data": data})).await
            } else {
                let mut object = config_map(&self.name, &json!({"app.kubernetes.io/managed-by": "prompt-cicd"}), &data);
                if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
                    metadata.insert("annotations".to_owned(), json!({OPERATION: operation}));
                }
                self.cluster.create(Resource::ConfigMap, &object).await
            };
            match written {
                Ok(_) => return Ok(()),
                Err(trouble) if is_race(&trouble) => tokio::time::sleep(PAUSE * attempt).await,
                Err(trouble) => return Err(self.teller.trouble(&trouble)),
            }
        }
        Err(self.teller.outrun(&self.shown()))
    }

    async fn look(&self) -> Result<Observed, TargetError> {
        let Some(object) = self.read().await? else { return Ok(Observed::default()) };
        let Some(manifest) = self.manifest(&object)? else { return Ok(Observed::default()) };
        manifest.observe(&self.flag).map_err(|error| self.unusable(error))
    }
}

#[async_trait]
impl Target for ConfigMap {
    fn name(&self) -> &str {
        &self.teller.name
    }

    fn shares(&self) -> Shares {
        Shares::Any
    }

    async fn apply(&self, desired: &Desired, operation: &str, deadline: Duration) -> Result<(), TargetError> {
        self.teller.within(deadline, self.change(desired, operation)).await
    }

    async fn observe(&self, deadline: Duration) -> Result<Observed, TargetError> {
        self.teller.within(deadline, self.look()).await
    }
}
