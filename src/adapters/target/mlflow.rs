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
/// These and the next are of one alias in front, whose name follows: a registered model has those of several environments.
const EPOCH: &str = "prompt-cicd.epoch";
const OPERATION: &str = "prompt-cicd.operation";
const ROLLOUT: &str = "prompt-cicd.rollout";
/// Whose an alias is.
const ENVIRONMENT: &str = "prompt-cicd.environment";
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

    /// The tag with this of our alias.
    fn tag(&self, what: &str) -> String {
        format!("{what}.{}", self.stable_alias)
    }

    /// The epoch of what was applied last; `None` where nothing was.
    fn epoch(&self, model: &Model) -> Result<Option<u64>, TargetError> {
        let tag = self.tag(EPOCH);
        let Some(there) = model.tag(&tag) else { return Ok(None) };
        there.parse().map(Some).map_err(|_no_number| {
            let mend = format!("take it away (`MlflowClient().delete_registered_model_tag(\"{}\", \"{tag}\")`)", self.api.model);
            let kind = TargetErrorKind::EpochUnreadable;
            self.api.teller.unreadable(kind, &format!("prompt `{}`", self.api.model), &format!("the tag `{tag}`"), &mend)
        })
    }

    /// Refuses where an alias is another environment's: whoever reads it there would get this one's version.
    fn owned(&self, model: &Model, alias: &str, key: &str) -> Result<(), TargetError> {
        let tag = format!("{ENVIRONMENT}.{alias}");
        let environment = &self.api.teller.subject.environment;
        let Some(other) = model.tag(&tag).filter(|other| other != environment) else { return Ok(()) };
        let what = format!(
            "the alias `{alias}` belongs to the environment `{other}`, so it is left alone; write another `{key}`, with \
             {{{{environment}}}} in it, or take the tag `{tag}` away"
        );
        Err(self.error(TargetErrorKind::Foreign, &what))
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
        let environment = &desired.subject.environment;
        self.owned(&model, &self.stable_alias, "stable-alias")?;
        let owned = self.owned(&model, &self.candidate_alias, "candidate-alias");
        // The way back is not kept waiting by the alias of what it takes away.
        let fronts = owned.is_ok();
        if desired.percent != Percent::NONE {
            owned?;
        }
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
        let whose = |alias: &str| (format!("{ENVIRONMENT}.{alias}"), environment.as_str());
        let tags = [(self.tag(EPOCH), epoch.as_str()), (self.tag(ROLLOUT), desired.rollout.as_str()), whose(&self.stable_alias)];
        for (key, value) in tags.into_iter().chain(fronts.then(|| whose(&self.candidate_alias))) {
            if model.tag(&key) != Some(value) {
                self.api.set_tag(&key, value).await?;
            }
        }
        let aliases = model.aliases();
        if aliases.get(self.stable_alias.as_str()) != Some(&front.as_str()) {
            self.api.set_alias(&self.stable_alias, front).await?;
        }
        match (&candidate, aliases.get(self.candidate_alias.as_str())) {
            (Some(candidate), there) if fronts && there != Some(&candidate.as_str()) => {
                self.api.set_alias(&self.candidate_alias, candidate).await?;
            }
            (None, Some(_)) if fronts => self.api.remove_alias(&self.candidate_alias).await?,
            (Some(_) | None, _) => {}
        }
        let tag = self.tag(OPERATION);
        if model.tag(&tag) != Some(operation) {
            self.api.set_tag(&tag, operation).await?;
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
        let text = |key: &str| model.tag(&self.tag(key)).map(ToOwned::to_owned);
        Ok(Observed {
            shares: stable.map(|version| BTreeMap::from([(version, 100.0)])),
            candidate,
            operation: text(OPERATION),
            rollout: text(ROLLOUT),
            epoch: self.epoch(&model)?,
        })
    }

    /// Takes away both aliases, where they stand for versions that we registered: all others are somebody else's.
    async fn unname(&self) -> Result<(), TargetError> {
        let Some(model) = self.api.model().await? else { return Ok(()) };
        let aliases = model.aliases();
        // The one in front last: a run that was cut off is seen, and done again.
        for (alias, key) in [(&self.candidate_alias, "candidate-alias"), (&self.stable_alias, "stable-alias")] {
            let Some(version) = aliases.get(alias.as_str()).filter(|_| self.owned(&model, alias, key).is_ok()) else { continue };
            if self.api.version(version).await?.is_some_and(|found| found.tag(VERSION).is_some()) {
                self.api.remove_alias(alias).await?;
            }
        }
        Ok(())
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
        self.api.teller.within(deadline, self.unname()).await
    }
}
