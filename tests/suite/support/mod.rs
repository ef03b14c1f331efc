//! The world the binary runs in: a scrubbed environment, a temporary workspace, a model and GitHub behind HTTP.

pub(crate) mod bin;
pub(crate) mod broken;
pub(crate) mod clock;
pub(crate) mod github;
pub(crate) mod hosts;
pub(crate) mod kubernetes;
pub(crate) mod model;
pub(crate) mod rollout;
pub(crate) mod workspace;

pub(crate) use bin::{Finished, PromptCicd};
pub(crate) use model::{Behaviour, FakeModel};
pub(crate) use workspace::{Workspace, numbered_cases};
