//! From a place inside a message's text to the place in its file.

use crate::domain::diagnostic::Place;

/// Where a message's text is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextPlace {
    start: Place,
    layout: Layout,
}

/// How the lines of a text lie in its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Layout {
    /// Line by line from a line of the file, each indented by so many characters.
    Lines {
        /// The file's line of the first line of the text, from 1.
        first: usize,
        /// Characters before each line of the text.
        indent: usize,
    },
    /// All in one line of the file. For each line of the text the column of each of its characters, and of its end.
    OneLine(Vec<Vec<usize>>),
    /// Folded or re-indented: only the start is known.
    Unknown,
}

impl TextPlace {
    /// A text that begins at `start`.
    pub fn new(start: Place, layout: Layout) -> Self {
        Self { start, layout }
    }

    /// Where the text begins in its file.
    pub fn start(&self) -> &Place {
        &self.start
    }

    /// Where a character of the text, both numbers from 1, is in the file; its start where that is not known.
    pub fn at(&self, line: usize, column: usize) -> Place {
        let (line, column) = (line.max(1), column.max(1));
        match &self.layout {
            Layout::Lines { first, indent } => Place::at(self.start.file.as_str(), first + line - 1, indent + column),
            Layout::OneLine(lines) => {
                let found = lines.get(line - 1).and_then(|columns| columns.get(column - 1).or_else(|| columns.last()));
                match (found, self.start.line) {
                    (Some(column), Some(line)) => Place::at(self.start.file.as_str(), line, *column),
                    (Some(_) | None, _) => self.start.clone(),
                }
            }
            Layout::Unknown => self.start.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_moved_and_indented() {
        let place = TextPlace::new(Place::at("p.yml", 4, 7), Layout::Lines { first: 4, indent: 6 });
        assert_eq!(place.at(3, 2), Place::at("p.yml", 6, 8));
    }

    #[test]
    fn a_quoted_line_has_its_own_columns() {
        let place = TextPlace::new(Place::at("p.json", 2, 5), Layout::OneLine(vec![vec![6, 7, 9], vec![10, 11]]));
        assert_eq!(place.at(1, 3), Place::at("p.json", 2, 9));
        assert_eq!(place.at(2, 9), Place::at("p.json", 2, 11));
        assert_eq!(place.at(9, 1), Place::at("p.json", 2, 5));
    }
}
