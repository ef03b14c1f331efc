//! What becomes of comments and issues of ours.

use std::fmt;

/// Below this line the text of an issue is people's: it is kept when the issue is written again.
pub const BELOW: &str = "<!-- prompt-cicd:below is yours -->";

/// What to do with the comment of an earlier run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommentMode {
    /// Change it in place.
    Update,
    /// Write a new one at the end, then remove the old.
    Recreate,
    /// Write none.
    Off,
}

impl CommentMode {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Update, Self::Recreate, Self::Off];

    /// The word used in files and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Update => "update",
            Self::Recreate => "recreate",
            Self::Off => "off",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.as_str() == word)
    }
}

impl fmt::Display for CommentMode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}
