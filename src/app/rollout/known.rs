//! Whether there is such a prompt: a name that was mistyped must not look like a prompt that was never rolled out.

use std::collections::BTreeSet;

use super::world::{Base, Loaded, World};
use crate::{
    app::{Failure, registry},
    domain::{rollout::Refusal, suggest::nearest},
    ports::store::{Key, Patience},
};

impl World {
    /// A refusal where there is no rollout at all.
    pub(crate) async fn nothing(&self, verb: &str) -> Failure {
        // Files that cannot be read prove no mistake.
        if let Ok(Some(mistyped)) = self.base.mistyped(&self.prompt).await {
            return mistyped;
        }
        let why = format!("nothing was ever rolled out for {} in {}", self.prompt, self.settings.name);
        Failure::Refused(Refusal { verb: verb.to_owned(), why, allowed: vec!["start".to_owned()] })
    }

    /// Reads the record for somebody who only looks.
    ///
    /// # Errors
    /// There is no such prompt; files that cannot be read where only they can tell; whatever keeps the store from answering.
    pub(crate) async fn load_known(&self) -> Result<Loaded, Failure> {
        self.load_known_within(self.base.patience()).await
    }

    /// The same for somebody with a time of their own.
    ///
    /// # Errors
    /// As [`Self::load_known`].
    pub(crate) async fn load_known_within(&self, patience: Patience) -> Result<Loaded, Failure> {
        let loaded = self.load(patience).await?;
        match if loaded.revision.is_none() { self.base.mistyped(&self.prompt).await? } else { None } {
            Some(mistyped) => Err(mistyped),
            None => Ok(loaded),
        }
    }
}

impl Base {
    /// Why there is no such prompt, where neither the files of the suites nor the store know it. The store is asked only when the files do
    /// not know it.
    ///
    /// # Errors
    /// Files that cannot be read where only they can tell; whatever keeps the store from answering.
    pub(crate) async fn mistyped(&self, prompt: &str) -> Result<Option<Failure>, Failure> {
        let (mut known, mut unread) = (BTreeSet::new(), None);
        for name in registry::names_in_files(self) {
            match name {
                Ok(name) if name == prompt => return Ok(None),
                Ok(name) => drop(known.insert(name)),
                Err(failure) => unread = unread.or(Some(failure)),
            }
        }
        known.extend(self.stored().await?);
        if known.contains(prompt) {
            return Ok(None);
        }
        if let Some(failure) = unread {
            return Err(failure);
        }
        let next = match nearest(prompt, known.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None if known.is_empty() => "they know none".to_owned(),
            None => format!("they know {}", known.into_iter().collect::<Vec<_>>().join(", ")),
        };
        Ok(Some(Failure::NothingToDo(format!("there is no prompt `{prompt}` in the suites and in the store: {next}"))))
    }

    /// The prompts that have versions or rollouts in the store.
    async fn stored(&self) -> Result<BTreeSet<String>, Failure> {
        let mut names = BTreeSet::new();
        // `registry/PROMPT/VERSION`, `rollout/ENVIRONMENT/PROMPT`.
        for (folder, place) in [("registry", 1), ("rollout", 2)] {
            let folder = Key::new(folder).expect("a word is a key");
            let keys = self.store.list(Some(&folder), self.patience()).await.map_err(Failure::Store)?;
            names.extend(keys.iter().filter_map(|key| key.as_str().split('/').nth(place).map(str::to_owned)));
        }
        Ok(names)
    }
}
