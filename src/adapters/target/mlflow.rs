//! Aliases of a prompt in an MLflow registry. It knows no percentages: until 100 % the stable version is in front and
//! the candidate only carries its alias. It is never the lock, since its aliases take no precondition.

use std::{collections::BTreeMap, time::Duration};

use async_trait::async_trait;

use super::mlflow_api::{Api, Model, ModelVersion};
use crate::{
    domain::{
        digest,
        target::{Desired, Observed, Percent, PinnedVersion, Shares},
    },
    ports::target::{Target, TargetError, TargetErrorKind},
};

const VERSION: &str = "prompt-cicd.version";
pub(super) const DIGEST: &str = "prompt-cicd.digest";
pub(super) const STATUS: &str = "prompt-cicd.status";
pub(super) const COMMIT: &str = "prompt-cicd.commit";
const TEXT_DIGEST: &str = "prompt-cicd.text-sha256";
const EPOCH: &str = "prompt-cicd.epoch";
const OPERATION: &str = "prompt-cicd.operation";
const ROLLOUT: &str = "prompt-cicd.rollout";
const TEXT: &str = "mlflow.prompt.text";

/// A prompt in a registry.
#[derive(Debug)]
pub(super) struct Mlflow {
    pub(super) api: Api,
    pub(super) stable_alias: String,
    pub(super) candidate_alias: String,
}

impl Mlflow {
    pub(super) fn error(&self, kind: TargetErrorKind, what: &str) -> TargetError {
        self.api.teller.error(kind, &format!("prompt `{}`: {what}", self.api.model))
    }

    /// The epoch of what was applied last; `None` where nothing was.
    fn epoch(&self, model: &Model) -> Result<Option<u64>, TargetError> {
        let Some(there) = model.tag(EPOCH) else { return Ok(None) };
        there.parse().map(Some).map_err(|_no_number| {
            let mend = format!("take it away (`MlflowClient().delete_registered_model_tag(\"{}\", \"{EPOCH}\")`)", self.api.model);
            let kind = TargetErrorKind::EpochUnreadable;
            self.api.teller.unreadable(kind, &format!("prompt `{}`", self.api.model), &format!("the tag `{EPOCH}`"), &mend)
        })
    }

    async fn set(&self, desired: &Desired, operation: &str) -> Result<(), TargetError> {
        let model = match self.api.model().await? {
            Some(model) => model,
            None if desired.stable.text.is_some() => {
                self.api.create_model().await?;
                Model::default()
            }
            None => {
                return Err(
                    self.error(TargetErrorKind::Refused, "there is no such prompt in the registry; register it, or correct `model`")
                );
            }
        };
        let there = match self.epoch(&model) {
            Err(_unreadable) if desired.overwrites => None,
            read => read?,
        };
        self.api.teller.fence(there, desired)?;
        // Every version is proved before any alias moves.
        let stable = self.pinned(&desired.stable).await?;
        let candidate = match &desired.candidate {
            Some(candidate) => Some(self.pinned(candidate).await?),
            None => None,
        };
        let front = candidate.as_ref().filter(|_| desired.percent == Percent::ALL).unwrap_or(&stable);
        let epoch = desired.epoch.to_string();
        // The epoch first: whoever is older and comes later is refused from here on.
        for (key, value) in [(EPOCH, epoch.as_str()), (ROLLOUT, &desired.rollout)] {
            if model.tag(key) != Some(value) {
                self.api.set_tag(key, value).await?;
            }
        }
        let aliases = model.aliases();
        if aliases.get(self.stable_alias.as_str()) != Some(&front.as_str()) {
            self.api.set_alias(&self.stable_alias, front).await?;
        }
        match (&candidate, aliases.get(self.candidate_alias.as_str())) {
            (Some(candidate), there) if there != Some(&candidate.as_str()) => self.api.set_alias(&self.candidate_alias, candidate).await?,
            (None, Some(_)) => self.api.remove_alias(&self.candidate_alias).await?,
            (Some(_) | None, _) => {}
        }
        if model.tag(OPERATION) != Some(operation) {
            self.api.set_tag(OPERATION, operation).await?;
        }
        Ok(())
    }

    /// MLflow's number of a version, after its content was proved; registered when its text is known and it is missing.
    pub(super) async fn pinned(&self, version: &PinnedVersion) -> Result<String, TargetError> {
        let number = version.number.to_string();
        let found = self.api.versions_of(&number).await?;
        let Some(found) = found.into_iter().max_by_key(|found| found.version.parse::<u64>().unwrap_or(0)) else {
            let Some(text) = &version.text else {
                let what = format!("it has no version with the tag `{VERSION}` = {number}; register it first");
                return Err(self.error(TargetErrorKind::Refused, &what));
            };
            let text_digest = digest::sha256_hex(text.as_bytes());
            let tags = [
                ("mlflow.prompt.is_prompt", "true"),
                (TEXT, text),
                ("_mlflow_prompt_type", if is_chat(text) { "chat" } else { "text" }),
                (VERSION, &number),
                (DIGEST, &version.digest),
                (TEXT_DIGEST, &text_digest),
            ];
            return Ok(self.api.create_version(&tags).await?.version);
        };
        let there = found.tag(DIGEST).unwrap_or("none");
        if there != version.digest {
            let what = format!("version {number} has the digest {there} there, not {}; nothing was changed", version.digest);
            return Err(self.error(TargetErrorKind::DigestMismatch, &what));
        }
        self.prove(&found, version.text.as_deref())?;
        Ok(found.version)
    }

    /// A text can be overwritten at MLflow: it must be the one we wrote, and the one we have when we have it.
    pub(super) fn prove(&self, found: &ModelVersion, text: Option<&str>) -> Result<(), TargetError> {
        let there = found.tag(TEXT).unwrap_or_default();
        let same = text.is_none_or(|text| text == there) && found.tag(TEXT_DIGEST) == Some(&digest::sha256_hex(there.as_bytes()));
        if same {
            return Ok(());
        }
        let what = format!(
            "version {} (number {} there) was changed after it was registered; register it anew under another number",
            found.tag(VERSION).unwrap_or("unknown"),
            found.version
        );
        Err(self.error(TargetErrorKind::DigestMismatch, &what))
    }

    async fn look(&self) -> Result<Observed, TargetError> {
        let Some(model) = self.api.model().await? else { return Ok(Observed::default()) };
        let aliases = model.aliases();
        let stable = match aliases.get(self.stable_alias.as_str()) {
            Some(version) => Some(self.named(version).await?),
            None => None,
        };
        let candidate = match aliases.get(self.candidate_alias.as_str()) {
            Some(version) => Some(self.named(version).await?),
            None => None,
        };
        let text = |key: &str| model.tag(key).map(ToOwned::to_owned);
        Ok(Observed {
            shares: stable.map(|version| BTreeMap::from([(version, 100.0)])),
            candidate,
            operation: text(OPERATION),
            rollout: text(ROLLOUT),
            epoch: self.epoch(&model)?,
        })
    }

    /// Our number of one of MLflow's versions; one that we did not register keeps its name there.
    async fn named(&self, version: &str) -> Result<String, TargetError> {
        let stranger = format!("mlflow:{version}");
        let Some(found) = self.api.version(version).await? else { return Ok(stranger) };
        let Some(number) = found.tag(VERSION) else { return Ok(stranger) };
        self.prove(&found, None)?;
        Ok(number.to_owned())
    }
}

/// Whether a text is a list of messages, which MLflow's client gives back as such.
fn is_chat(text: &str) -> bool {
    let messages = serde_json::from_str::<Vec<serde_json::Map<String, serde_json::Value>>>(text).unwrap_or_default();
    !messages.is_empty() && messages.iter().all(|message| message.contains_key("role") && message.contains_key("content"))
}

#[async_trait]
impl Target for Mlflow {
    fn name(&self) -> &str {
        &self.api.teller.name
    }

    fn keeps_texts(&self) -> bool {
        true
    }

    fn shares(&self) -> Shares {
        Shares::AllOrNothing
    }

    async fn apply(&self, desired: &Desired, operation: &str, deadline: Duration) -> Result<(), TargetError> {
        self.api.teller.within(deadline, self.set(desired, operation)).await
    }

    async fn observe(&self, deadline: Duration) -> Result<Observed, TargetError> {
        self.api.teller.within(deadline, self.look()).await
    }

    async fn withdraw(&self, deadline: Duration) -> Result<(), TargetError> {
        self.api.teller.within(deadline, self.api.remove_alias(&self.stable_alias)).await
    }
}
