//! What a token may do on the code host, as a workflow writes it.

/// A permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Permission {
    /// Files, commits, branches, releases.
    Contents,
    /// Pull requests and their comments.
    PullRequests,
    /// Check runs.
    Checks,
    /// Issues.
    Issues,
    /// Deployments.
    Deployments,
    /// Statuses of commits.
    Statuses,
}

/// How much of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Looking.
    Read,
    /// Changing.
    Write,
}

/// What was found out about one permission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct May {
    /// Whether the token has it.
    pub allowed: bool,
    /// The scopes of a classic token, where it is one.
    pub scopes: Option<Vec<String>>,
    /// The code host's word where it has not.
    pub said: String,
}

impl Permission {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Contents, Self::PullRequests, Self::Checks, Self::Issues, Self::Deployments, Self::Statuses];

    /// As a workflow writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Contents => "contents",
            Self::PullRequests => "pull-requests",
            Self::Checks => "checks",
            Self::Issues => "issues",
            Self::Deployments => "deployments",
            Self::Statuses => "statuses",
        }
    }

    /// Whether a classic token with these scopes may change it: `repo` is all but check runs, which only apps make.
    pub fn is_in(self, scopes: &[String]) -> bool {
        let has = |wanted: &str| scopes.iter().any(|scope| scope == wanted);
        let repository = has("repo") || has("public_repo");
        match self {
            Self::Checks => false,
            Self::Deployments => repository || has("repo_deployment"),
            Self::Statuses => repository || has("repo:status"),
            Self::Contents | Self::PullRequests | Self::Issues => repository,
        }
    }
}

impl Level {
    /// As a workflow writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_of_classic_tokens_say_what_they_may_change() {
        let of = |scopes: &[&str]| -> Vec<&str> {
            let scopes: Vec<String> = scopes.iter().map(|scope| (*scope).to_owned()).collect();
            Permission::ALL.into_iter().filter(|permission| permission.is_in(&scopes)).map(Permission::as_str).collect()
        };
        assert_eq!(of(&["repo", "workflow"]), ["contents", "pull-requests", "issues", "deployments", "statuses"]);
        assert_eq!(of(&["repo:status"]), ["statuses"]);
        assert!(of(&["read:org"]).is_empty() && of(&[]).is_empty());
    }
}
