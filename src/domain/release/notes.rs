//! What a release tells people.

use super::commit::{Commit, Entry};

/// A heading of the notes, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    /// What breaks.
    Breaking,
    /// `feat`
    Added,
    /// `perf`, `refactor`, `revert`, `style`
    Changed,
    /// `fix`
    Fixed,
    /// The rest, and what does not follow the convention.
    Other,
}

impl Section {
    /// In the order of the notes.
    pub const ALL: [Self; 5] = [Self::Breaking, Self::Added, Self::Changed, Self::Fixed, Self::Other];

    /// The heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::Breaking => "Breaking",
            Self::Added => "Added",
            Self::Changed => "Changed",
            Self::Fixed => "Fixed",
            Self::Other => "Other",
        }
    }
}

/// One line of the notes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The commit's id.
    pub id: String,
    /// What is in parentheses.
    pub scope: Option<String>,
    /// What happened.
    pub text: String,
}

/// All lines by section.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notes {
    lines: Vec<(Section, Line)>,
}

impl Notes {
    /// Of commits in their order. Merge commits say nothing of their own, and neither does the commit of a release.
    pub fn of<'c>(commits: impl IntoIterator<Item = &'c Commit>) -> Self {
        let mut lines = Vec::new();
        for commit in commits {
            if let Some(entry) = commit.entry() {
                if !entry.prepares() {
                    lines.push(line(entry));
                }
                continue;
            }
            let subject = commit.message.lines().next().unwrap_or_default().trim();
            if !subject.is_empty() && !subject.starts_with("Merge ") {
                lines.push((Section::Other, Line { id: commit.id.clone(), scope: None, text: subject.to_owned() }));
            }
        }
        Self { lines }
    }

    /// The lines of a section.
    pub fn section(&self, section: Section) -> impl Iterator<Item = &Line> {
        self.lines.iter().filter(move |(of, _)| *of == section).map(|(_, line)| line)
    }

    /// Whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }
}

fn line(entry: Entry) -> (Section, Line) {
    let section = match (&entry.breaking, entry.kind.as_str()) {
        (Some(_), _) => Section::Breaking,
        (None, "feat") => Section::Added,
        (None, "fix") => Section::Fixed,
        (None, "perf" | "refactor" | "revert" | "style") => Section::Changed,
        (None, _) => Section::Other,
    };
    (section, Line { id: entry.id, scope: entry.scope, text: entry.breaking.unwrap_or(entry.description) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commit_of_a_release_is_no_news_of_it() {
        let told = |message: &str| !Notes::of(&[Commit { id: "a1".to_owned(), message: message.to_owned() }]).is_empty();
        for (message, news) in [
            ("chore(release): 1.2.0", false),
            ("chore(release): greeting 1.2.0-rc.1", false),
            ("chore(release): v1.2.0", false),
            ("chore(release): sign what is built for 1.2.0", true),
            ("chore: 1.2.0", true),
            ("fix(release): 1.2.0", true),
        ] {
            assert_eq!(told(message), news, "{message}");
        }
    }

    #[test]
    fn every_commit_is_told_once_in_its_section() {
        let commit = |message: &str| Commit { id: "a1".to_owned(), message: message.to_owned() };
        let commits = ["feat(x): a", "fix: b", "perf: c", "chore: d", "feat!: e\n\nBREAKING CHANGE: f", "plain words", "Merge branch 'x'"];
        let notes = Notes::of(&commits.map(commit));
        let told: Vec<(Section, Vec<&str>)> =
            Section::ALL.map(|section| (section, notes.section(section).map(|line| line.text.as_str()).collect())).into();
        let expected = [
            (Section::Breaking, vec!["f"]),
            (Section::Added, vec!["a"]),
            (Section::Changed, vec!["c"]),
            (Section::Fixed, vec!["b"]),
            (Section::Other, vec!["d", "plain words"]),
        ];
        assert_eq!(told, expected);
    }
}
