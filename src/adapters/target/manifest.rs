//! A manifest of flags as flagd and the OpenFeature SDKs read it: putting our flag in, reading it back.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::tell::Teller;
use crate::{
    domain::target::{Desired, Observed, Percent},
    ports::target::{TargetError, TargetErrorKind},
};

/// Whose flag it is.
const OURS: &str = "prompt-cicd";

/// Why a manifest cannot be used.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ManifestError {
    /// Not a manifest.
    Malformed(String),
    /// It is JSON, and of something else.
    Other,
    /// The flag is somebody else's.
    Foreign(String),
    /// The flag is ours and newer.
    Newer(u64),
    /// The flag is ours, and this entry of its metadata is not as we write it.
    Unreadable(&'static str),
}

impl ManifestError {
    /// As a target's failure; `shown` is where the manifest is.
    pub(super) fn told(self, teller: &Teller, flag: &str, shown: &str) -> TargetError {
        match self {
            Self::Malformed(what) => {
                let next = "nothing was changed; put back what was there, other flags too, or write {\"flags\": {}} where there were none: \
                            the next rollback or step writes this flag anew";
                teller.error(TargetErrorKind::Corrupt, &format!("{shown} is no flag manifest: {what}; {next}"))
            }
            Self::Other => teller.error(TargetErrorKind::Foreign, &format!("{shown} is no flag manifest: it has no map `flags`")),
            Self::Foreign(what) => teller.error(
                TargetErrorKind::Foreign,
                &format!("the flag `{flag}` in {shown}: {what}, so it is left alone; rename it or write another `flag`"),
            ),
            Self::Unreadable(entry) => teller.unreadable(
                if entry == "epoch" { TargetErrorKind::EpochUnreadable } else { TargetErrorKind::Foreign },
                shown,
                &format!("`metadata.{entry}` of the flag `{flag}`"),
                if entry == "epoch" { "write the number 0 there" } else { "write its name there" },
            ),
            Self::Newer(epoch) => {
                teller.error(TargetErrorKind::Fenced, &format!("the flag `{flag}` has the newer epoch {epoch}: a rollback came between"))
            }
        }
    }
}

/// A manifest. Whatever is not our flag stays as it is.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Manifest(Map<String, Value>);

impl Manifest {
    /// A manifest without flags.
    pub(super) fn empty() -> Self {
        let fields = [("$schema", json!("https://flagd.dev/schema/v0/flags.json")), ("flags", json!({}))];
        Self(fields.map(|(key, value)| (key.to_owned(), value)).into_iter().collect())
    }

    /// Reads a manifest.
    pub(super) fn parse(text: &[u8]) -> Result<Self, ManifestError> {
        let value: Value = serde_json::from_slice(text).map_err(|error| ManifestError::Malformed(format!("no JSON: {error}")))?;
        match value {
            Value::Object(map) if map.get("flags").is_some_and(Value::is_object) => Ok(Self(map)),
            Value::Object(_) | Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                Err(ManifestError::Other)
            }
        }
    }

    /// The manifest as a file.
    pub(super) fn to_text(&self) -> String {
        let mut text = serde_json::to_string_pretty(&self.0).expect("a map with text keys is JSON");
        text.push('\n');
        text
    }

    fn flag(&self, key: &str) -> Option<&Value> {
        self.0.get("flags")?.get(key)
    }

    /// Puts the flag in. `false` when it is there already, word for word.
    pub(super) fn put(&mut self, key: &str, desired: &Desired, operation: &str) -> Result<bool, ManifestError> {
        if let Some(there) = self.flag(key) {
            let metadata = |name: &str| there.get("metadata").and_then(|metadata| metadata.get(name));
            if metadata("managed-by").and_then(Value::as_str) != Some(OURS) {
                return Err(ManifestError::Foreign("it was not made by prompt-cicd".to_owned()));
            }
            for (name, ours) in [("prompt", &desired.subject.prompt), ("environment", &desired.subject.environment)] {
                if metadata(name).and_then(Value::as_str).ok_or(ManifestError::Unreadable(name))? != ours {
                    return Err(ManifestError::Foreign(format!("it belongs to another {name}")));
                }
            }
            match metadata("epoch").and_then(Value::as_u64) {
                Some(epoch) if epoch > desired.epoch => return Err(ManifestError::Newer(epoch)),
                None if !desired.overwrites => return Err(ManifestError::Unreadable("epoch")),
                Some(_) | None => {}
            }
        }
        let flag = flag(desired, operation);
        if self.flag(key) == Some(&flag) {
            return Ok(false);
        }
        if let Some(flags) = self.0.get_mut("flags").and_then(Value::as_object_mut) {
            flags.insert(key.to_owned(), flag);
        }
        Ok(true)
    }

    /// What evaluators make of the flag: its targeting is read, not what we noted beside it.
    pub(super) fn observe(&self, key: &str) -> Result<Observed, ManifestError> {
        let Some(flag) = self.flag(key) else { return Ok(Observed::default()) };
        let metadata = |name: &str| flag.get("metadata").and_then(|metadata| metadata.get(name));
        let text = |name: &str| metadata(name).and_then(Value::as_str).map(ToOwned::to_owned);
        let epoch = metadata("epoch").and_then(Value::as_u64);
        if epoch.is_none() && text("managed-by").as_deref() == Some(OURS) {
            return Err(ManifestError::Unreadable("epoch"));
        }
        Ok(Observed {
            // A flag that cannot be read serves nobody what was asked for.
            shares: Some(shares(flag).unwrap_or_default()),
            candidate: text("candidate"),
            operation: text("operation"),
            rollout: text("rollout"),
            epoch,
        })
    }
}

/// The flag. The candidate's arm comes first and the order of the arms never changes, so that a growing share keeps
/// every user it has. The rollout's id salts the choice, so that the first users of one rollout are not those of the
/// next. Without a targeting key nobody can be told apart: such requests get the stable version until the very end.
fn flag(desired: &Desired, operation: &str) -> Value {
    let stable = desired.stable.number.to_string();
    let mut variants = Map::new();
    let mut metadata = json!({
        "managed-by": OURS,
        "prompt": desired.subject.prompt,
        "environment": desired.subject.environment,
        "rollout": desired.rollout,
        "operation": operation,
        "epoch": desired.epoch,
        "stable": stable,
        "stable-digest": desired.stable.digest,
    });
    let mut default = stable.clone();
    let mut targeting = json!({});
    if let Some(candidate) = &desired.candidate {
        let number = candidate.number.to_string();
        if desired.percent == Percent::ALL {
            default.clone_from(&number);
        }
        targeting = json!({"if": [
            {"var": "targetingKey"},
            {"fractional": [
                {"cat": [format!("{}/", desired.rollout), {"var": "targetingKey"}]},
                [number, desired.percent],
                [stable, desired.percent.rest()],
            ]},
            default,
        ]});
        if let Some(metadata) = metadata.as_object_mut() {
            metadata.insert("candidate".to_owned(), number.as_str().into());
            metadata.insert("candidate-digest".to_owned(), candidate.digest.as_str().into());
            metadata.insert("percent".to_owned(), desired.percent.get().into());
        }
        variants.insert(number.clone(), number.into());
    }
    variants.insert(stable.clone(), stable.into());
    json!({"state": "ENABLED", "variants": variants, "defaultVariant": default, "targeting": targeting, "metadata": metadata})
}

/// Traffic by the value that is served; `None` when the targeting is none of ours.
fn shares(flag: &Value) -> Option<BTreeMap<String, f64>> {
    if flag.get("state")? != "ENABLED" {
        return None;
    }
    let served = |variant: &str| Some(flag.get("variants")?.get(variant)?.as_str()?.to_owned());
    let targeting = flag.get("targeting").and_then(Value::as_object).filter(|targeting| !targeting.is_empty());
    let Some(targeting) = targeting else {
        return Some(BTreeMap::from([(served(flag.get("defaultVariant")?.as_str()?)?, 100.0)]));
    };
    let [_, split, _] = targeting.get("if")?.as_array()?.as_slice() else { return None };
    let [_, arms @ ..] = split.get("fractional")?.as_array()?.as_slice() else { return None };
    let arms: Vec<(String, f64)> = arms
        .iter()
        .map(|arm| match arm.as_array()?.as_slice() {
            [variant, weight] => Some((served(variant.as_str()?)?, weight.as_f64().filter(|weight| *weight >= 0.0)?)),
            [] | [..] => None,
        })
        .collect::<Option<_>>()?;
    let total: f64 = arms.iter().map(|(_, weight)| weight).sum();
    let mut shares = BTreeMap::new();
    for (version, weight) in arms.into_iter().filter(|(_, weight)| *weight > 0.0) {
        *shares.entry(version).or_insert(0.0) += weight / total * 100.0;
    }
    Some(shares)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::target::tests::desired;

    #[test]
    fn the_flag_is_written_as_evaluators_want_it() {
        insta::assert_snapshot!(serde_json::to_string_pretty(&flag(&desired(25, 3), "op-7")).unwrap());
    }

    #[test]
    fn other_flags_stay_word_for_word() {
        let text = br#"{"evaluators": {"x": 1.50}, "flags": {"z": {"state": "DISABLED", "n": 1e3}, "a": {}}, "metadata": {"v": "9"}}"#;
        let mut manifest = Manifest::parse(text).unwrap();
        assert_eq!(manifest.put("greeting", &desired(10, 1), "op"), Ok(true));
        assert_eq!(manifest.put("greeting", &desired(10, 1), "op"), Ok(false));
        let mut after = Manifest::parse(manifest.to_text().as_bytes()).unwrap().0;
        after["flags"].as_object_mut().unwrap().shift_remove("greeting").unwrap();
        assert_eq!(Value::Object(after), serde_json::from_slice::<Value>(text).unwrap());
    }

    #[test]
    fn every_share_is_read_back() {
        for percent in [0, 1, 10, 25, 50, 99, 100] {
            let mut manifest = Manifest::empty();
            manifest.put("greeting", &desired(percent, 3), "op").unwrap();
            let observed = manifest.observe("greeting").unwrap();
            assert_eq!(observed.shares, Some(desired(percent, 3).shares()), "{percent}");
            assert_eq!(
                (observed.epoch, observed.candidate.as_deref(), observed.operation.as_deref()),
                (Some(3), Some("2.0.0"), Some("op"))
            );
        }
        let alone = Desired { candidate: None, ..desired(0, 3) };
        let mut manifest = Manifest::empty();
        manifest.put("greeting", &alone, "op").unwrap();
        assert_eq!(manifest.observe("greeting").unwrap().shares, Some(BTreeMap::from([("1.0.0".to_owned(), 100.0)])));
        assert_eq!(manifest.observe("another"), Ok(Observed::default()));
    }

    #[test]
    fn a_flag_that_somebody_changed_shows_what_it_serves() {
        let mut manifest = Manifest::empty();
        manifest.put("greeting", &desired(10, 3), "op").unwrap();
        let change = |pointer: &str, to: Value| {
            let mut changed = Value::Object(manifest.0.clone());
            *changed.pointer_mut(&format!("/flags/greeting/{pointer}")).unwrap() = to;
            Manifest::parse(changed.to_string().as_bytes()).unwrap().observe("greeting").unwrap().shares.unwrap()
        };
        assert_eq!(change("state", json!("DISABLED")), BTreeMap::new());
        assert_eq!(change("targeting", json!({"var": "x"})), BTreeMap::new());
        assert_eq!(change("targeting/if/1/fractional/1/1", json!(90)).get("2.0.0"), Some(&50.0));
        assert_eq!(change("variants/2.0.0", json!("9.9.9")).get("9.9.9"), Some(&10.0));
    }

    #[test]
    fn what_is_not_ours_is_left_alone() {
        let mut foreign = Manifest::parse(br#"{"flags": {"greeting": {"state": "ENABLED"}}}"#).unwrap();
        assert!(matches!(foreign.put("greeting", &desired(10, 1), "op"), Err(ManifestError::Foreign(_))));
        let mut ours = Manifest::empty();
        ours.put("greeting", &desired(10, 5), "op").unwrap();
        assert_eq!(ours.put("greeting", &desired(50, 4), "op"), Err(ManifestError::Newer(5)));
        let mut other = desired(10, 5);
        other.subject.environment = "staging".into();
        assert!(matches!(ours.put("greeting", &other, "op"), Err(ManifestError::Foreign(_))));
        let with = |pointer: &str, to: Value| {
            let mut changed = Value::Object(ours.0.clone());
            *changed.pointer_mut(&format!("/flags/greeting/metadata/{pointer}")).unwrap() = to;
            Manifest::parse(changed.to_string().as_bytes()).unwrap()
        };
        // An epoch that cannot be read may be a newer one.
        for unreadable in [json!("5"), json!(-1), json!(1.5), Value::Null] {
            let mut manifest = with("epoch", unreadable.clone());
            assert_eq!(manifest.put("greeting", &desired(50, 9), "op"), Err(ManifestError::Unreadable("epoch")), "{unreadable}");
            assert_eq!(manifest.observe("greeting"), Err(ManifestError::Unreadable("epoch")), "{unreadable}");
            let emergency = Desired { overwrites: true, ..desired(0, 9) };
            assert_eq!(manifest.put("greeting", &emergency, "op"), Ok(true), "{unreadable}");
            assert_eq!(manifest.observe("greeting").unwrap().epoch, Some(9));
        }
        let emergency = Desired { overwrites: true, ..desired(0, 4) };
        assert_eq!(with("epoch", json!(5)).put("greeting", &emergency, "op"), Err(ManifestError::Newer(5)));
        assert_eq!(with("prompt", json!(7)).put("greeting", &emergency, "op"), Err(ManifestError::Unreadable("prompt")));
        assert_eq!(with("prompt", json!(7)).put("greeting", &desired(50, 9), "op"), Err(ManifestError::Unreadable("prompt")));
        for broken in ["", "{\"flags\": {"] {
            assert!(matches!(Manifest::parse(broken.as_bytes()), Err(ManifestError::Malformed(_))), "{broken}");
        }
        for other in ["[]", "{}", "{\"flags\": []}"] {
            assert_eq!(Manifest::parse(other.as_bytes()), Err(ManifestError::Other), "{other}");
        }
    }
}
