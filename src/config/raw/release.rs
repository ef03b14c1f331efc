//! `release:` as written.

use schemars::JsonSchema;
use serde::Deserialize;

/// Versions of the repository and of prompts.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(in crate::config) struct Release {
    /// What stands before the number in a tag; a prompt's tags are `NAME/` and this.
    pub(in crate::config) tag_prefix: Option<String>,
    /// Files that name the version, relative to this one: `version = "1.2.3"`, `version: 1.2.3`, or nothing else.
    pub(in crate::config) files: Option<Vec<Option<String>>>,
    /// The changelog, relative to this file.
    #[schemars(length(min = 1))]
    pub(in crate::config) changelog: Option<String>,
}
