//! What a commit says about itself, by Conventional Commits 1.0: the whole message, footers included.

use super::bump::Bump;

/// A commit as git has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// Its id.
    pub id: String,
    /// Its whole message.
    pub message: String,
}

/// A commit that follows the convention.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The commit's id.
    pub id: String,
    /// `feat`, `fix`, …, in small letters.
    pub kind: String,
    /// What is in parentheses.
    pub scope: Option<String>,
    /// The subject without type and scope.
    pub description: String,
    /// What breaks, in the words of the footer, or of the subject where only `!` says so.
    pub breaking: Option<String>,
}

impl Commit {
    /// What it says; `None` when its message does not follow the convention.
    pub fn entry(&self) -> Option<Entry> {
        let parsed = git_conventional::Commit::parse(self.message.trim()).ok()?;
        let breaking = parsed.breaking().then(|| parsed.breaking_description().unwrap_or(parsed.description()).to_owned());
        Some(Entry {
            id: self.id.clone(),
            kind: parsed.type_().as_str().to_lowercase(),
            scope: parsed.scope().map(|scope| scope.as_str().to_owned()),
            description: parsed.description().to_owned(),
            breaking,
        })
    }
}

impl Entry {
    /// Whether it is the commit that `release prepare` makes: of a version, and of nothing else.
    pub fn prepares(&self) -> bool {
        let version = |word: &str| semver::Version::parse(word.trim_start_matches('v')).is_ok();
        let words: Vec<&str> = self.description.split_whitespace().collect();
        self.kind == "chore"
            && self.scope.as_deref() == Some("release")
            && words.len() <= 2
            && words.last().is_some_and(|word| version(word))
    }

    /// What it asks of the version: breaking is major, `feat` minor, `fix`, `perf` and `revert` patch, the rest nothing.
    pub fn asks(&self) -> Option<Bump> {
        if self.breaking.is_some() {
            return Some(Bump::Major);
        }
        match self.kind.as_str() {
            "feat" => Some(Bump::Minor),
            "fix" | "perf" | "revert" => Some(Bump::Patch),
            _ => None,
        }
    }
}

/// The most that any of the commits asks for; `None` when none asks for a release.
pub fn asked<'c>(commits: impl IntoIterator<Item = &'c Commit>) -> Option<Bump> {
    commits.into_iter().filter_map(|commit| commit.entry()?.asks()).max()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(message: &str) -> Commit {
        Commit { id: "a".to_owned(), message: message.to_owned() }
    }

    #[test]
    fn footers_marks_and_scopes_are_read() {
        let entry = of("refactor(api)!: drop v1\n\nbody\n\nBREAKING CHANGE: v1 is gone\nRefs: #3").entry().unwrap();
        assert_eq!((entry.kind.as_str(), entry.scope.as_deref(), entry.breaking.as_deref()), ("refactor", Some("api"), Some("v1 is gone")));
        assert_eq!(of("feat!: new").entry().unwrap().breaking.as_deref(), Some("new"));
        assert_eq!(of("fix: a\n\nBREAKING-CHANGE: b").entry().unwrap().asks(), Some(Bump::Major));
        assert_eq!(of("Merge pull request #1 from a/feat:x").entry(), None);
        assert_eq!(of("").entry(), None);
    }
}
