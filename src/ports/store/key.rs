//! Names of records.

use std::fmt;

use thiserror::Error;

/// The most bytes of a key, and of one of its parts.
const KEY_LIMIT: usize = 400;
const PART_LIMIT: usize = 100;

/// The name of a record: parts between `/`, like `rollout/production/greeting`.
///
/// A part has 1 to 100 of `A-Z a-z 0-9 . _ -`, begins with a letter, a digit or `_`, and ends with neither `.`,
/// `.json` nor `.lock`: so every key is a lawful path in a folder and in a git tree, and no two keys want the same one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(String);

/// Why a text is no key.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{text}` cannot name a record: {why}; use parts of A-Z a-z 0-9 . _ - with / between them")]
pub struct KeyError {
    text: String,
    why: &'static str,
}

impl Key {
    /// The key with this text.
    ///
    /// # Errors
    /// When a part breaks the rules, or there is none.
    pub fn new(text: impl Into<String>) -> Result<Self, KeyError> {
        let text = text.into();
        let wrong = if text.len() > KEY_LIMIT { Some("it has more than 400 bytes") } else { text.split('/').find_map(fault) };
        match wrong {
            None => Ok(Self(text)),
            Some(why) => Err(KeyError { text: text.chars().take(KEY_LIMIT).collect(), why }),
        }
    }

    /// The key of `parts`, each of them one part: a `/` inside a part is refused.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn of(parts: &[&str]) -> Result<Self, KeyError> {
        if let Some(part) = parts.iter().find(|part| part.contains('/')) {
            return Err(KeyError { text: (*part).to_owned(), why: "this part of it has a / of its own" });
        }
        Self::new(parts.join("/"))
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this key lies below `folder`: `a/b` lies below `a`.
    pub fn is_below(&self, folder: &Self) -> bool {
        self.0.strip_prefix(folder.as_str()).is_some_and(|rest| rest.starts_with('/'))
    }

    /// The last part.
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }
}

impl fmt::Display for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// What is wrong with a part.
fn fault(part: &str) -> Option<&'static str> {
    let lawful = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if part.is_empty() {
        Some("a part of it is empty")
    } else if part.len() > PART_LIMIT {
        Some("a part of it has more than 100 bytes")
    } else if !part.chars().all(lawful) {
        Some("it has another character")
    } else if !part.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_') {
        Some("a part of it begins with . or -")
    } else if part.contains("..") || [".", ".json", ".lock"].iter().any(|end| part.to_ascii_lowercase().ends_with(end)) {
        Some("a part of it has .. or ends with ., .json or .lock")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_cannot_leave_its_folder() {
        for text in [
            "",
            "/",
            "a/",
            "/a",
            "a//b",
            "..",
            "a/../b",
            ".git/config",
            "a b",
            "a\\b",
            "a\0b",
            "ä",
            "-x",
            "x.",
            "a.json",
            "a.JSON/b",
            "x.lock",
        ] {
            assert!(Key::new(text).is_err(), "{text:?}");
        }
        assert!(Key::new("x".repeat(101)).is_err() && Key::new(["x"; 201].join("/")).is_err());
        assert!(Key::of(&["rollout", "a/b"]).is_err());
        assert_eq!(Key::of(&["rollout", "production", "Greeting-1.2_x"]).unwrap().as_str(), "rollout/production/Greeting-1.2_x");
    }

    #[test]
    fn below_is_by_whole_parts() {
        let key = Key::new("a/bc/d").unwrap();
        for (folder, below) in [("a", true), ("a/bc", true), ("a/b", false), ("a/bc/d", false), ("b", false)] {
            assert_eq!(key.is_below(&Key::new(folder).unwrap()), below, "{folder}");
        }
        assert_eq!(key.name(), "d");
    }
}
