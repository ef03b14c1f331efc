//! Weights of the Services behind a rule of an HTTPRoute (Gateway API v1). One Service for each version, named after it.

use std::{collections::BTreeMap, time::Duration};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{ATTEMPTS, OPERATION, PAUSE, is_race};
use crate::{
    adapters::{
        http::words,
        kubernetes::{Cluster, Named, Resource, revision},
        target::tell::Teller,
    },
    domain::{
        kubernetes::is_label,
        target::{Desired, Observed, Shares},
    },
    ports::target::{Target, TargetError, TargetErrorKind},
};

/// The annotation with what was applied; a named rule has one of its own.
const STATE: &str = "prompt-cicd/state";

/// A rule of a route.
#[derive(Debug)]
pub(in crate::adapters::target) struct Route {
    pub(in crate::adapters::target) teller: Teller,
    pub(in crate::adapters::target) cluster: Cluster,
    pub(in crate::adapters::target) name: String,
    /// The rule's name; `None`: the only one.
    pub(in crate::adapters::target) rule: Option<String>,
    /// What stands before and after the version in a Service's name.
    pub(in crate::adapters::target) service: (String, String),
    pub(in crate::adapters::target) port: u16,
}

/// What was applied, beside the weights.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct State {
    prompt: String,
    environment: String,
    rollout: String,
    operation: String,
    epoch: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    candidate: Option<String>,
    /// Versions by the names of their Services, which have no dots.
    versions: BTreeMap<String, String>,
}

impl Route {
    fn named(&self) -> Named<'_> {
        Named { resource: Resource::HttpRoute, name: &self.name }
    }

    fn shown(&self) -> String {
        format!("HTTPRoute {} in {}", self.name, self.cluster.place())
    }

    fn refused(&self, what: &str) -> TargetError {
        self.teller.error(TargetErrorKind::Refused, &format!("{}: {what}", self.shown()))
    }

    fn annotation(&self) -> String {
        self.rule.as_ref().map_or_else(|| STATE.to_owned(), |rule| format!("{STATE}.{rule}"))
    }

    /// The Service of a version: a DNS label, so that dots and plus signs become hyphens.
    fn service_of(&self, version: &str) -> Result<String, TargetError> {
        let version = version.to_ascii_lowercase().replace(['.', '+'], "-");
        let name = format!("{}{version}{}", self.service.0, self.service.1);
        if is_label(&name) {
            return Ok(name);
        }
        Err(self.refused(&format!("`{}` cannot be the name of a Service: 63 of a-z 0-9 and -", words::plain(&name))))
    }

    /// Where our rule is in `spec.rules`.
    fn rule_in(&self, object: &Value) -> Result<usize, TargetError> {
        let rules = object.pointer("/spec/rules").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let Some(wanted) = &self.rule else {
            return match rules {
                [_] => Ok(0),
                [] => Err(self.refused("it has no rule; give it one")),
                [..] => Err(self.refused("it has several rules; name one of them and write `rule`")),
            };
        };
        let found = rules.iter().position(|rule| rule.get("name").and_then(Value::as_str) == Some(wanted.as_str()));
        found.ok_or_else(|| self.refused(&format!("it has no rule named `{wanted}`")))
    }

    /// What was applied; `None` where nothing was. An annotation that is not as we write it is no answer: it may have fenced us.
    fn state(&self, object: &Value) -> Result<Option<State>, TargetError> {
        let annotation = self.annotation();
        let Some(there) = object.pointer("/metadata/annotations").and_then(|all| all.get(&annotation)) else { return Ok(None) };
        let read = there.as_str().and_then(|text| serde_json::from_str(text).ok());
        read.map(Some).ok_or_else(|| {
            let mend = format!("take it away (`kubectl annotate httproute {} {annotation}-`)", self.name);
            self.teller.unreadable(TargetErrorKind::EpochUnreadable, &self.shown(), &format!("the annotation `{annotation}`"), &mend)
        })
    }

    async fn read(&self) -> Result<Option<Value>, TargetError> {
        self.cluster.get(&self.named()).await.map_err(|trouble| self.teller.trouble(&trouble))
    }

    async fn change(&self, desired: &Desired, operation: &str) -> Result<(), TargetError> {
        for attempt in 1..=ATTEMPTS {
            let Some(object) = self.read().await? else {
                return Err(self.refused("it is not there; make it with its gateway and a rule, only the weights are ours"));
            };
            let Some(patch) = self.patch(&object, desired, operation)? else { return Ok(()) };
            match self.cluster.patch(&self.named(), &patch).await {
                Ok(_) => return Ok(()),
                Err(trouble) if is_race(&trouble) => tokio::time::sleep(PAUSE * attempt).await,
                Err(trouble) => return Err(self.teller.trouble(&trouble)),
            }
        }
        Err(self.teller.outrun(&self.shown()))
    }

    /// What is to be changed; `None` when nothing is.
    fn patch(&self, object: &Value, desired: &Desired, operation: &str) -> Result<Option<Value>, TargetError> {
        let at = self.rule_in(object)?;
        let before = match self.state(object) {
            Err(_unreadable) if desired.overwrites => None,
            read => read?,
        };
        if let Some(before) = &before {
            if before.prompt != desired.subject.prompt || before.environment != desired.subject.environment {
                let what = format!("{}: its rule belongs to another prompt or environment; name another `rule`", self.shown());
                return Err(self.teller.error(TargetErrorKind::Foreign, &what));
            }
            self.teller.fence(Some(before.epoch), desired)?;
        }
        let mut versions = BTreeMap::new();
        for version in desired.candidate.iter().chain([&desired.stable]) {
            let number = version.number.to_string();
            if let Some(other) = versions.insert(self.service_of(&number)?, number.clone()).filter(|other| *other != number) {
                return Err(self.refused(&format!("{other} and {number} would have the same Service")));
            }
        }
        let mut rules = object.pointer("/spec/rules").cloned().unwrap_or_default();
        let there = rules.get(at).and_then(|rule| rule.get("backendRefs")).and_then(Value::as_array).cloned().unwrap_or_default();
        if let Some(stranger) = there.iter().map(service).find(|name| !self.is_ours(name)) {
            let what = format!("{}: its rule sends to `{}`, which is named after no version", self.shown(), words::plain(stranger));
            return Err(self.teller.error(TargetErrorKind::Foreign, &format!("{what}; take it out, or correct `service`")));
        }
        let shares = desired.shares();
        let mut refs = Vec::new();
        for (name, number) in &versions {
            let mut backend = there.iter().find(|there| service(there) == name).cloned();
            let backend = backend.get_or_insert_with(|| json!({"name": name, "port": self.port}));
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "shares are whole numbers from 0 to 100")]
            let weight = shares.get(number).map_or(0, |share| *share as u64);
            if let Some(fields) = backend.as_object_mut() {
                fields.insert("weight".to_owned(), weight.into());
            }
            refs.push(backend.clone());
        }
        let state = State {
            prompt: desired.subject.prompt.clone(),
            environment: desired.subject.environment.clone(),
            rollout: desired.rollout.clone(),
            operation: operation.to_owned(),
            epoch: desired.epoch,
            candidate: desired.candidate.as_ref().map(|candidate| candidate.number.to_string()),
            versions,
        };
        if refs == there && before.as_ref() == Some(&state) {
            return Ok(None);
        }
        if let Some(rule) = rules.get_mut(at).and_then(Value::as_object_mut) {
            rule.insert("backendRefs".to_owned(), refs.into());
        }
        let state = serde_json::to_string(&state).expect("texts and numbers are JSON");
        let annotations = json!({self.annotation(): state, OPERATION: operation});
        Ok(Some(json!({"metadata": {"resourceVersion": revision(object), "annotations": annotations}, "spec": {"rules": rules}})))
    }

    fn is_ours(&self, name: &str) -> bool {
        let (before, after) = &self.service;
        name.strip_prefix(before.as_str()).and_then(|rest| rest.strip_suffix(after.as_str())).is_some_and(|version| !version.is_empty())
    }

    async fn look(&self) -> Result<Observed, TargetError> {
        let Some(object) = self.read().await? else { return Ok(Observed::default()) };
        let at = self.rule_in(&object)?;
        self.is_resolved(&object)?;
        let state = self.state(&object)?;
        let refs = object.pointer(&format!("/spec/rules/{at}/backendRefs")).and_then(Value::as_array).cloned().unwrap_or_default();
        // A weight that is not written is 1.
        let weights = refs.iter().map(|backend| (service(backend), backend.get("weight").map_or(Some(1.0), Value::as_f64).unwrap_or(0.0)));
        let weights: Vec<(&str, f64)> = weights.filter(|(_, weight)| *weight > 0.0).collect();
        let total: f64 = weights.iter().map(|(_, weight)| weight).sum();
        let mut shares = BTreeMap::new();
        for (name, weight) in weights {
            let version = state.as_ref().and_then(|state| state.versions.get(name)).map_or(name, String::as_str);
            *shares.entry(version.to_owned()).or_insert(0.0) += weight / total * 100.0;
        }
        let Some(state) = state else { return Ok(Observed { shares: Some(shares), ..Observed::default() }) };
        Ok(Observed {
            shares: Some(shares),
            candidate: state.candidate,
            operation: Some(state.operation),
            rollout: Some(state.rollout),
            epoch: Some(state.epoch),
        })
    }

    /// A gateway that has looked at this generation and does not find a Service, or does not take the route, answers with errors.
    fn is_resolved(&self, object: &Value) -> Result<(), TargetError> {
        let generation = object.pointer("/metadata/generation").and_then(Value::as_u64);
        let parents = object.pointer("/status/parents").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        for condition in parents.iter().filter_map(|parent| parent.get("conditions")?.as_array()).flatten() {
            let text = |key: &str| condition.get(key).and_then(Value::as_str).unwrap_or_default();
            let current = generation.is_some() && condition.get("observedGeneration").and_then(Value::as_u64) == generation;
            if current && matches!(text("type"), "ResolvedRefs" | "Accepted") && text("status") == "False" {
                let said = words::plain(&format!("{}: {}", text("reason"), text("message")));
                return Err(self.refused(&format!("its gateway says {said}; start the version's Service first, or correct `service`")));
            }
        }
        Ok(())
    }
}

/// The Service that a reference names; empty when it names something else.
fn service(backend: &Value) -> &str {
    let is = |key: &str, otherwise: &str| backend.get(key).and_then(Value::as_str).is_none_or(|value| value == otherwise);
    if !is("kind", "Service") || !is("group", "") || backend.get("namespace").is_some() {
        return "";
    }
    backend.get("name").and_then(Value::as_str).unwrap_or_default()
}

#[async_trait]
impl Target for Route {
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
