//! Whether there is such a prompt: a name that was mistyped must not look like a prompt that was never rolled out.

use std::collections::BTreeSet;

use super::world::{Loaded, World};
use crate::{
    app::{Failure, registry},
    domain::{rollout::Refusal, suggest::nearest},
    ports::store::Key,
};

impl World {
    /// A refusal where there is no rollout at all.
    pub(crate) async fn nothing(&self, verb: &str) -> Failure {
        // Files that cannot be read prove no mistake.
        if let Ok(Some(mistyped)) = self.mistyped().await {
            return mistyped;
        }
        let why = format!("nothing was ever rolled out for {} in {}", self.prompt, self.settings.name);
        Failure::Refused(Refusal { verb: verb.to_owned(), why, allowed: vec!["start".to_owned()] })
    }

    /// Reads the record for somebody who only looks.
    ///
    /// # Errors
    /// There is no such prompt; files that cannot be read where only they can tell; whatever keeps the store from answering.
    pub(super) async fn load_known(&self) -> Result<Loaded, Failure> {
        let loaded = self.load(self.base.patience()).await?;
        match if loaded.revision.is_none() { self.mistyped().await? } else { None } {
            Some(mistyped) => Err(mistyped),
            None => Ok(loaded),
        }
    }

    /// Why there is no such prompt, where neither the files of the suites nor the store know it.
    async fn mistyped(&self) -> Result<Option<Failure>, Failure> {
        let mut known = self.stored().await?;
        if known.contains(&self.prompt) {
            return Ok(None);
        }
        let mut unread = None;
        for name in registry::names_in_files(&self.base) {
            match name {
                Ok(name) if name == self.prompt => return Ok(None),
                Ok(name) => drop(known.insert(name)),
                Err(failure) => unread = unread.or(Some(failure)),
            }
        }
        if let Some(failure) = unread {
            return Err(failure);
        }
        let next = match nearest(&self.prompt, known.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None if known.is_empty() => "they know none".to_owned(),
            None => format!("they know {}", known.into_iter().collect::<Vec<_>>().join(", ")),
        };
        Ok(Some(Failure::NothingToDo(format!("there is no prompt `{}` in the suites and in the store: {next}", self.prompt))))
    }

    /// The prompts that have versions or rollouts in the store.
    async fn stored(&self) -> Result<BTreeSet<String>, Failure> {
        let mut names = BTreeSet::new();
        // `registry/PROMPT/VERSION`, `rollout/ENVIRONMENT/PROMPT`.
        for (folder, place) in [("registry", 1), ("rollout", 2)] {
            let folder = Key::new(folder).expect("a word is a key");
            let keys = self.base.store.list(Some(&folder), self.base.patience()).await.map_err(Failure::Store)?;
            names.extend(keys.iter().filter_map(|key| key.as_str().split('/').nth(place).map(str::to_owned)));
        }
        Ok(names)
    }
}
