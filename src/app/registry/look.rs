//! `registry list | show | diff | lineage`.

use serde_json::{Map, Value, json};

use super::{Subject, entries, mirror::looked, verifies};
use crate::{
    app::{Failure, Finished, Services, rollout::execute::refused},
    config::prompt_file,
    domain::{
        prompt::{Prompt, Template, Variables},
        registry::{Contents, Entry, difference, lineage as line_of},
    },
    report::registry,
};

/// Every version.
///
/// # Errors
/// There is no such prompt; whatever keeps the store from answering.
pub async fn list(services: &Services, subject: &Subject) -> Result<Finished, Failure> {
    let base = subject.open(services)?;
    let all = entries(&base, &subject.prompt, base.patience()).await?;
    let mistyped = if all.is_empty() { base.mistyped(&subject.prompt).await? } else { None };
    match mistyped {
        Some(mistyped) => Err(mistyped),
        None => shown(|out| registry::list(subject.shape, &all, out)),
    }
}

/// One version, with whether its digest still holds.
///
/// # Errors
/// A version that is not registered.
pub async fn show(services: &Services, subject: &Subject, version: &str) -> Result<Finished, Failure> {
    let base = subject.open(services)?;
    let all = entries(&base, &subject.prompt, base.patience()).await?;
    let found = named(&all, &subject.prompt, version)?;
    let finished = shown(|out| registry::one(subject.shape, found, verifies(found), out))?;
    Ok(Finished { notes: looked(&base, &subject.prompt, found).await, ..finished })
}

/// What differs between two versions.
///
/// # Errors
/// A version that is not registered, or whose text cannot be read.
pub async fn diff(services: &Services, subject: &Subject, old: &str, new: &str) -> Result<Finished, Failure> {
    let base = subject.open(services)?;
    let all = entries(&base, &subject.prompt, base.patience()).await?;
    let (old, new) = (named(&all, &subject.prompt, old)?, named(&all, &subject.prompt, new)?);
    let found = difference(&contents(old)?, &contents(new)?);
    shown(|out| registry::diff(subject.shape, &found, (&old.text, &new.text), out))
}

/// The versions that one was made from.
///
/// # Errors
/// A version that is not registered.
pub async fn lineage(services: &Services, subject: &Subject, version: &str) -> Result<Finished, Failure> {
    let base = subject.open(services)?;
    let all = entries(&base, &subject.prompt, base.patience()).await?;
    named(&all, &subject.prompt, version)?;
    let line: Vec<Entry> = line_of(&all, version).into_iter().cloned().collect();
    shown(|out| registry::list(subject.shape, &line, out))
}

fn named<'e>(all: &'e [Entry], prompt: &str, version: &str) -> Result<&'e Entry, Failure> {
    let missing = || refused("show", format!("{prompt} {version} is not registered"), &["registry list", "registry register"]);
    all.iter().find(|entry| entry.version.version == version).ok_or_else(missing)
}

fn shown(render: impl FnOnce(&mut dyn std::io::Write) -> std::io::Result<()>) -> Result<Finished, Failure> {
    let mut stdout = Vec::new();
    render(&mut stdout).map_err(|error| Failure::Internal(error.into()))?;
    Ok(Finished::done(stdout))
}

fn contents(entry: &Entry) -> Result<Contents, Failure> {
    let (prompt, _) = prompt_file::parse(&entry.text, &entry.file).map_err(Failure::Configuration)?;
    let mut values = Map::new();
    values.extend(prompt.model.clone().map(|model| ("model".to_owned(), json!(model))));
    values.extend(prompt.parameters.iter().map(|(key, value)| (key.clone(), value.clone())));
    Ok(Contents { version: entry.version.version.clone(), variables: variables(&prompt), values })
}

/// The names that the messages ask for, found by rendering until nothing is missing.
fn variables(prompt: &Prompt) -> Vec<String> {
    let mut names = Vec::new();
    for message in &prompt.messages {
        asked(&message.content, &mut names);
    }
    names
}

fn asked(template: &Template, names: &mut Vec<String>) {
    let mut values: Map<String, Value> = Map::new();
    // Each round finds one name; a template has no more of them than this.
    for _ in 0..1_000 {
        let Err(error) = template.render(&Variables::new(values.clone())) else { break };
        let Some(name) = error.missing.filter(|name| !values.contains_key(name)) else { break };
        names.push(name.clone());
        values.insert(name, json!("x"));
    }
}
