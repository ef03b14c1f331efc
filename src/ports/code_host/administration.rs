//! What administrators set up on the code host: environments, labels, required checks.

use async_trait::async_trait;

use super::{CodeHostError, Patience};
use crate::domain::{
    environment::{Environment, FoundRuleset, Label, Numbered, Ruleset},
    permission::{Level, May, Permission},
};

/// What came of making or changing something.
#[derive(Debug)]
pub struct Put {
    /// The number of what was made: known as soon as it is there, also where a later part was refused. `None`: it was there before, or
    /// it is not known whether it was made.
    pub made: Option<u64>,
    /// Whether all of it was done.
    pub done: Result<(), CodeHostError>,
}

/// The settings of one repository. Every call ends by its [`Patience`]. Doing a thing twice is doing it once.
#[async_trait]
pub trait Administration: Send + Sync {
    /// An environment with those of `variables` that it has; `None` where there is none of this name.
    async fn environment(&self, name: &str, variables: &[&str], patience: Patience)
    -> Result<Option<Numbered<Environment>>, CodeHostError>;

    /// Makes an environment as it is to be, from what was found.
    async fn put_environment(&self, to_be: &Environment, found: Option<&Environment>, patience: Patience) -> Put;

    /// Deletes an environment with its secrets and variables; one that is gone is fine.
    async fn delete_environment(&self, name: &str, patience: Patience) -> Result<(), CodeHostError>;

    /// All labels.
    async fn labels(&self, patience: Patience) -> Result<Vec<Numbered<Label>>, CodeHostError>;

    /// Makes a label; one of this name is left as it is.
    async fn create_label(&self, label: &Label, patience: Patience) -> Put;

    /// Deletes a label, also from issues and pull requests; one that is gone is fine.
    async fn delete_label(&self, name: &str, patience: Patience) -> Result<(), CodeHostError>;

    /// The repository's own ruleset for branches of this name.
    ///
    /// # Errors
    /// [`CodeHostError::Rejected`] where this repository can have no rulesets.
    async fn ruleset(&self, name: &str, patience: Patience) -> Result<Option<FoundRuleset>, CodeHostError>;

    /// Makes a ruleset as it is to be; whatever nobody spoke of stays.
    async fn put_ruleset(&self, to_be: &Ruleset, found: Option<&FoundRuleset>, patience: Patience) -> Put;

    /// Deletes a ruleset by its number; one that is gone is fine.
    async fn delete_ruleset(&self, id: u64, patience: Patience) -> Result<(), CodeHostError>;

    /// Whether the token has a permission. Writing is asked for by a request without what it must have: nothing can come of it.
    async fn may(&self, permission: Permission, level: Level, patience: Patience) -> Result<May, CodeHostError>;
}
