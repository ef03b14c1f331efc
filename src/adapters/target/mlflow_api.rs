//! The few calls to an MLflow server that prompts need. A prompt is a registered model with a tag, a version of it a
//! model version whose text is a tag.

use std::collections::BTreeMap;

use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::tell::{MAX_ANSWER, Teller};
use crate::{
    adapters::http::site::{Reply, Silence, Site},
    ports::target::{TargetError, TargetErrorKind},
};

const ROOT: &str = "/api/2.0/mlflow";

/// A server and a prompt on it.
#[derive(Debug)]
pub(super) struct Api {
    pub(super) teller: Teller,
    pub(super) site: Site,
    pub(super) model: String,
}

/// A registered model.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Model {
    #[serde(default)]
    tags: Vec<Tag>,
    #[serde(default)]
    aliases: Vec<Alias>,
}

/// A version of it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct ModelVersion {
    pub(super) version: String,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[derive(Debug, Clone, Deserialize)]
struct Tag {
    key: String,
    #[serde(default)]
    value: String,
}

#[derive(Debug, Deserialize)]
struct Alias {
    alias: String,
    version: String,
}

impl Model {
    pub(super) fn tag(&self, key: &str) -> Option<&str> {
        tag(&self.tags, key)
    }

    /// Version by alias.
    pub(super) fn aliases(&self) -> BTreeMap<&str, &str> {
        self.aliases.iter().map(|alias| (alias.alias.as_str(), alias.version.as_str())).collect()
    }
}

impl ModelVersion {
    pub(super) fn tag(&self, key: &str) -> Option<&str> {
        tag(&self.tags, key)
    }
}

fn tag<'t>(tags: &'t [Tag], key: &str) -> Option<&'t str> {
    tags.iter().find(|tag| tag.key == key).map(|tag| tag.value.as_str())
}

impl Api {
    /// The prompt; `None` when there is none.
    pub(super) async fn model(&self) -> Result<Option<Model>, TargetError> {
        let Some(answer) = self.get("registered-models/get", &[("name", &self.model)]).await? else { return Ok(None) };
        let model: Model = self.field(&answer, "registered_model")?;
        if model.tag("mlflow.prompt.is_prompt") != Some("true") {
            let what = format!("the registered model `{}` is no prompt, so it is left alone; write another `model`", self.model);
            return Err(self.teller.error(TargetErrorKind::Foreign, &what));
        }
        Ok(Some(model))
    }

    /// A version by MLflow's own number; `None` when there is none.
    pub(super) async fn version(&self, number: &str) -> Result<Option<ModelVersion>, TargetError> {
        let answer = self.get("model-versions/get", &[("name", &self.model), ("version", number)]).await?;
        answer.map(|answer| self.field(&answer, "model_version")).transpose()
    }

    /// The versions that carry our number. The search leaves prompts out unless it asks for them.
    pub(super) async fn versions_of(&self, number: &str) -> Result<Vec<ModelVersion>, TargetError> {
        let name = &self.model;
        let filter = format!("name='{name}' AND tag.`mlflow.prompt.is_prompt` = 'true' AND tag.`prompt-cicd.version` = '{number}'");
        let answer = self.get("model-versions/search", &[("filter", filter.as_str()), ("max_results", "10")]).await?.unwrap_or_default();
        match answer.get("model_versions") {
            None => Ok(Vec::new()),
            Some(_) => self.field(&answer, "model_versions"),
        }
    }

    pub(super) async fn create_model(&self) -> Result<(), TargetError> {
        let tags = [json!({"key": "mlflow.prompt.is_prompt", "value": "true"})];
        self.send(Method::POST, "registered-models/create", &json!({"name": self.model, "tags": tags})).await.map(drop)
    }

    pub(super) async fn create_version(&self, tags: &[(&str, &str)]) -> Result<ModelVersion, TargetError> {
        let tags: Vec<Value> = tags.iter().map(|(key, value)| json!({"key": key, "value": value})).collect();
        let body = json!({"name": self.model, "source": "dummy-source", "tags": tags});
        let answer = self.send(Method::POST, "model-versions/create", &body).await?;
        self.field(&answer, "model_version")
    }

    pub(super) async fn set_alias(&self, alias: &str, version: &str) -> Result<(), TargetError> {
        let body = json!({"name": self.model, "alias": alias, "version": version});
        self.send(Method::POST, "registered-models/alias", &body).await.map(drop)
    }

    /// Removing what is not there is a success at MLflow too.
    pub(super) async fn remove_alias(&self, alias: &str) -> Result<(), TargetError> {
        self.send(Method::DELETE, "registered-models/alias", &json!({"name": self.model, "alias": alias})).await.map(drop)
    }

    pub(super) async fn set_version_tag(&self, version: &str, key: &str, value: &str) -> Result<(), TargetError> {
        let body = json!({"name": self.model, "version": version, "key": key, "value": value});
        self.send(Method::POST, "model-versions/set-tag", &body).await.map(drop)
    }

    pub(super) async fn set_tag(&self, key: &str, value: &str) -> Result<(), TargetError> {
        self.send(Method::POST, "registered-models/set-tag", &json!({"name": self.model, "key": key, "value": value})).await.map(drop)
    }

    async fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Option<Value>, TargetError> {
        let request = || self.site.request_below(Method::GET, &format!("{ROOT}/{path}"), query);
        let shown = format!("GET {}{ROOT}/{path}", self.site.shown().trim_end_matches('/'));
        let mut reply = self.site.send(request(), MAX_ANSWER).await;
        // A server ends connections that it has not heard of for a while, maybe just now: reading again harms nobody.
        if matches!(reply, Err(Silence::Broken(_))) {
            reply = self.site.send(request(), MAX_ANSWER).await;
        }
        let reply = reply.map_err(|silence| self.teller.silence(&shown, &silence))?;
        let code = error_code(&reply);
        // A 404 without MLflow's own code is somebody else's.
        if reply.status.as_u16() == 404 && code.as_deref() == Some("RESOURCE_DOES_NOT_EXIST") {
            return Ok(None);
        }
        self.json(&shown, &reply).map(Some)
    }

    async fn send(&self, method: Method, path: &str, body: &Value) -> Result<Value, TargetError> {
        let shown = format!("{method} {}{ROOT}/{path}", self.site.shown().trim_end_matches('/'));
        let request = self.site.request_below(method, &format!("{ROOT}/{path}"), &[]);
        let request = request.header("content-type", "application/json").body(body.to_string());
        let reply = self.site.send(request, MAX_ANSWER).await.map_err(|silence| self.teller.silence(&shown, &silence))?;
        // Another runner was first; what it made is what we wanted.
        if error_code(&reply).as_deref() == Some("RESOURCE_ALREADY_EXISTS") {
            return Ok(Value::Null);
        }
        self.json(&shown, &reply)
    }

    fn json(&self, shown: &str, reply: &Reply) -> Result<Value, TargetError> {
        if !reply.status.is_success() {
            return Err(self.teller.refused(shown, reply));
        }
        serde_json::from_slice(&reply.body)
            .map_err(|error| self.teller.error(TargetErrorKind::Malformed, &format!("{shown}: the answer is no JSON: {error}")))
    }

    fn field<T: for<'de> Deserialize<'de>>(&self, answer: &Value, name: &str) -> Result<T, TargetError> {
        let field = answer.get(name).cloned().unwrap_or_default();
        serde_json::from_value(field)
            .map_err(|error| self.teller.error(TargetErrorKind::Malformed, &format!("the answer's `{name}` is not understood: {error}")))
    }
}

fn error_code(reply: &Reply) -> Option<String> {
    if reply.status.is_success() {
        return None;
    }
    let value: Value = serde_json::from_slice(&reply.body).ok()?;
    value.get("error_code")?.as_str().map(ToOwned::to_owned)
}
