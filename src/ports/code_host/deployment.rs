//! A rollout as the code host shows it to people.

/// What is shown of a rollout. It is for people to look at; nothing is decided by it.
#[derive(Debug, Clone, Copy)]
pub struct ShownDeployment<'a> {
    /// Tells it from all others: the rollout's id.
    pub id: &'a str,
    /// The commit that the version comes from.
    pub commit: &'a str,
    /// Where.
    pub environment: &'a str,
    /// Which prompt; an environment shows those of all prompts.
    pub prompt: &'a str,
    /// One line; what is too long is cut.
    pub said: &'a str,
    /// How it stands.
    pub stand: Stand,
    /// The run.
    pub log_url: Option<&'a str>,
    /// Where people see the environment.
    pub environment_url: Option<&'a str>,
}

/// How a rollout stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stand {
    /// Going on.
    InProgress,
    /// Completed: the version is what the environment has. Earlier ones of the prompt become inactive.
    Success,
    /// Ended otherwise.
    Failure,
    /// Completed once, and is not there any more.
    Inactive,
}
