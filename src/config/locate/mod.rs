//! Where things are: a tree of marks beside the values, so that every problem can point at a line and a column.

mod digits;
mod json;
mod yaml;

use std::collections::HashMap;

pub(super) use digits::may_lose;
pub(super) use json::read as read_json;
pub(super) use yaml::read as read_yaml;

use super::{
    path::{Path, Segment},
    suggest::shorten,
};

/// Values nested deeper than this are refused: nothing we read needs it, and everything after us may recurse.
pub(super) const DEEPEST: usize = 64;

/// How many aliases and merge keys one look-up follows before it stops.
const LONGEST_CHAIN: usize = 32;

/// A spot in the text; both count from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Mark {
    pub(super) line: usize,
    pub(super) column: usize,
}

/// How a scalar is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    SingleQuoted,
    DoubleQuoted,
    /// `|`
    Literal,
    /// `>`
    Folded,
}

/// The marks of one document.
#[derive(Debug)]
pub(super) struct Tree {
    /// The root is the first; empty for an empty document.
    nodes: Vec<Node>,
}

/// A problem of the text itself, found while its places were read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TextProblem {
    pub(super) mark: Mark,
    pub(super) path: Path,
    pub(super) message: String,
    pub(super) help: Option<&'static str>,
    /// Whether the values cannot be used at all.
    pub(super) fatal: bool,
}

#[derive(Debug)]
struct Node {
    start: Mark,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Scalar(Style),
    Map(Vec<Entry>),
    List(Vec<NodeId>),
    Alias(NodeId),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct NodeId(usize);

#[derive(Debug)]
struct Entry {
    key: String,
    mark: Mark,
    value: NodeId,
}

/// What the tree knows about a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Location {
    /// Where the key stands, for values of a map.
    pub(super) key: Option<Mark>,
    /// Where the value begins.
    pub(super) value: Mark,
    /// How it is written, for scalars.
    pub(super) style: Option<Style>,
}

impl Tree {
    /// Where the value at `path` is; `None` when the text has no such value.
    pub(super) fn find(&self, path: &Path) -> Option<Location> {
        let (location, matched) = self.walk(path)?;
        (matched == path.segments().len()).then_some(location)
    }

    /// Where the value at `path` is, or the nearest value around it.
    pub(super) fn find_nearest(&self, path: &Path) -> Option<Location> {
        self.walk(path).map(|(location, _)| location)
    }

    fn walk(&self, path: &Path) -> Option<(Location, usize)> {
        let mut id = NodeId(0);
        let mut location = self.location(id, None)?;
        for (matched, segment) in path.segments().iter().enumerate() {
            let Some((key, child)) = self.child(id, segment, LONGEST_CHAIN) else { return Some((location, matched)) };
            let Some(found) = self.location(child, key) else { return Some((location, matched)) };
            (id, location) = (child, found);
        }
        Some((location, path.segments().len()))
    }

    fn location(&self, id: NodeId, key: Option<Mark>) -> Option<Location> {
        let node = self.nodes.get(id.0)?;
        let style = match self.resolve(id).map(|node| &node.kind) {
            Some(Kind::Scalar(style)) => Some(*style),
            Some(Kind::Map(_) | Kind::List(_) | Kind::Alias(_)) | None => None,
        };
        Some(Location { key, value: node.start, style })
    }

    /// The node behind aliases.
    fn resolve(&self, mut id: NodeId) -> Option<&Node> {
        for _ in 0..LONGEST_CHAIN {
            let node = self.nodes.get(id.0)?;
            match &node.kind {
                Kind::Alias(target) => id = *target,
                Kind::Scalar(_) | Kind::Map(_) | Kind::List(_) => return Some(node),
            }
        }
        None
    }

    fn child(&self, id: NodeId, segment: &Segment, chain: usize) -> Option<(Option<Mark>, NodeId)> {
        let chain = chain.checked_sub(1)?;
        match (&self.resolve(id)?.kind, segment) {
            (Kind::List(items), Segment::Index(index)) => items.get(*index).map(|item| (None, *item)),
            (Kind::Map(entries), Segment::Key(key)) => {
                if let Some(entry) = entries.iter().rev().find(|entry| entry.key == *key) {
                    return Some((Some(entry.mark), entry.value));
                }
                let merged = entries.iter().rev().find(|entry| entry.key == "<<")?;
                self.merged_child(merged.value, segment, chain)
            }
            (Kind::Scalar(_) | Kind::Map(_) | Kind::List(_) | Kind::Alias(_), _) => None,
        }
    }

    /// A key that comes from the map, or one of the maps, behind `<<`.
    fn merged_child(&self, id: NodeId, segment: &Segment, chain: usize) -> Option<(Option<Mark>, NodeId)> {
        match &self.resolve(id)?.kind {
            Kind::List(items) => items.iter().find_map(|item| self.child(*item, segment, chain)),
            Kind::Map(_) => self.child(id, segment, chain),
            Kind::Scalar(_) | Kind::Alias(_) => None,
        }
    }
}

/// Builds a [`Tree`] from the events of a parser, and reports keys that come twice.
#[derive(Debug, Default)]
struct Builder {
    nodes: Vec<Node>,
    open: Vec<Open>,
    problems: Vec<TextProblem>,
}

/// A map or list that has begun.
#[derive(Debug)]
struct Open {
    id: NodeId,
    /// For maps: the key whose value comes next.
    key: Option<(String, Mark)>,
    /// For maps: keys so far, and where each was first.
    seen: HashMap<String, Mark>,
}

impl Builder {
    fn open(&mut self, start: Mark, kind: Kind) -> NodeId {
        let id = self.add(start, kind);
        self.open.push(Open { id, key: None, seen: HashMap::new() });
        id
    }

    fn close(&mut self) {
        self.open.pop();
    }

    fn depth(&self) -> usize {
        self.open.len()
    }

    /// Whether the next scalar is a key.
    fn expects_key(&self) -> bool {
        self.open.last().is_some_and(|open| open.key.is_none() && matches!(self.kind(open.id), Some(Kind::Map(_))))
    }

    fn key(&mut self, key: String, mark: Mark) {
        let Some(open) = self.open.last_mut() else { return };
        let first = open.seen.get(&key).copied();
        if first.is_none() {
            open.seen.insert(key.clone(), mark);
        }
        open.key = Some((key, mark));
        if let Some(first) = first {
            let message = format!("this key stands here a second time; the first one is in line {}", first.line);
            let path = self.path();
            self.problems.push(TextProblem { mark, path, message, help: Some("keep one of them"), fatal: false });
        }
    }

    /// Adds a value where the document is now.
    fn add(&mut self, start: Mark, kind: Kind) -> NodeId {
        let id = NodeId(self.nodes.len());
        self.nodes.push(Node { start, kind });
        let Some(parent) = self.open.last_mut() else { return id };
        let key = parent.key.take();
        match (self.nodes.get_mut(parent.id.0).map(|node| &mut node.kind), key) {
            (Some(Kind::Map(entries)), Some((key, mark))) => entries.push(Entry { key, mark, value: id }),
            (Some(Kind::List(items)), _) => items.push(id),
            (Some(Kind::Map(_) | Kind::Scalar(_) | Kind::Alias(_)) | None, _) => {}
        }
        id
    }

    fn kind(&self, id: NodeId) -> Option<&Kind> {
        self.nodes.get(id.0).map(|node| &node.kind)
    }

    /// Where the next value goes.
    fn path(&self) -> Path {
        let last = self.open.len().saturating_sub(1);
        let step = |(depth, open): (usize, &Open)| match self.kind(open.id)? {
            Kind::Map(entries) => {
                let key = open.key.as_ref().map(|(key, _)| key).or_else(|| entries.last().map(|entry| &entry.key));
                key.filter(|_| depth < last || open.key.is_some()).map(|key| Segment::Key(key.clone()))
            }
            Kind::List(items) if depth < last => Some(Segment::Index(items.len().saturating_sub(1))),
            Kind::List(items) => Some(Segment::Index(items.len())),
            Kind::Scalar(_) | Kind::Alias(_) => None,
        };
        self.open.iter().enumerate().filter_map(step).collect()
    }

    /// Reports a number that would be kept with other digits than it is written with.
    fn number(&mut self, mark: Mark, written: &str) {
        if digits::loses(written) {
            let (path, message) = (self.path(), format!("the number {} would lose digits", shorten(written)));
            self.problems.push(TextProblem { mark, path, message, help: Some(digits::HELP), fatal: false });
        }
    }

    fn problem(&mut self, mark: Mark, message: impl Into<String>, help: Option<&'static str>) {
        let path = self.path();
        self.problems.push(TextProblem { mark, path, message: message.into(), help, fatal: true });
    }

    fn finish(self) -> (Tree, Vec<TextProblem>) {
        (Tree { nodes: self.nodes }, self.problems)
    }
}
