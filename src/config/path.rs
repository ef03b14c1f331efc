//! Paths to values in a document, shown as `suites[0].limits.request`.

use std::fmt;

use super::suggest::shorten;

/// The way from the root of a document to a value.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Path(Vec<Segment>);

/// One step of a [`Path`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Segment {
    /// Into a map.
    Key(String),
    /// Into a list, from 0.
    Index(usize),
}

impl Path {
    /// The document itself.
    pub(super) fn root() -> Self {
        Self::default()
    }

    /// Below this, under a key.
    pub(super) fn key(&self, key: impl Into<String>) -> Self {
        self.with(Segment::Key(key.into()))
    }

    /// Below this, at an index.
    pub(super) fn index(&self, index: usize) -> Self {
        self.with(Segment::Index(index))
    }

    /// Below this, one step.
    pub(super) fn with(&self, segment: Segment) -> Self {
        let mut segments = Vec::with_capacity(self.0.len() + 1);
        segments.extend_from_slice(&self.0);
        segments.push(segment);
        Self(segments)
    }

    /// Below this, along another path.
    pub(super) fn join(&self, other: &Self) -> Self {
        Self(self.0.iter().chain(&other.0).cloned().collect())
    }

    /// The steps from the root.
    pub(super) fn segments(&self) -> &[Segment] {
        &self.0
    }

    /// Takes the last step back.
    pub(super) fn split_last(&self) -> Option<(Self, &Segment)> {
        self.0.split_last().map(|(last, rest)| (Self(rest.to_vec()), last))
    }

    /// Reads a path as it is shown, e.g. `value[1].name`. Meant for paths our own code writes: what does not look
    /// like a path is one key.
    pub(super) fn parse(text: &str) -> Self {
        let mut path = Self::root();
        for part in text.split('.').filter(|part| !part.is_empty()) {
            let (key, indexes) = part.split_once('[').unwrap_or((part, ""));
            if !key.is_empty() {
                path = path.key(key);
            }
            for index in indexes.split(['[', ']']).filter(|index| !index.is_empty()) {
                path = index.parse().map_or_else(|_| path.key(index), |index| path.index(index));
            }
        }
        path
    }
}

impl FromIterator<Segment> for Path {
    fn from_iter<I: IntoIterator<Item = Segment>>(segments: I) -> Self {
        Self(segments.into_iter().collect())
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, segment) in self.0.iter().enumerate() {
            match segment {
                Segment::Index(index) => write!(f, "[{index}]")?,
                Segment::Key(key) if is_word(key) => {
                    let dot = if position > 0 { "." } else { "" };
                    write!(f, "{dot}{}", shorten(key))?;
                }
                Segment::Key(key) => write!(f, "[{:?}]", shorten(key))?,
            }
        }
        Ok(())
    }
}

fn is_word(key: &str) -> bool {
    !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '/' | '$'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_reads_as_people_write_it() {
        let path = Path::root().key("suites").index(0).key("limits").key("request");
        assert_eq!(path.to_string(), "suites[0].limits.request");
        assert_eq!(Path::root().key("providers").key("my model").to_string(), "providers[\"my model\"]");
        assert_eq!(Path::root().to_string(), "");
    }

    #[test]
    fn what_is_shown_is_read_back() {
        for text in ["", "value", "value[1]", "assert[0].value[2].name", "[3].id"] {
            assert_eq!(Path::parse(text).to_string(), text);
        }
    }
}
