//! What a template reads of its values, whether it is rendered or stands in a branch that no case takes.

use serde_json::{Map, Value};

use crate::domain::suggest;

/// Values looked at for one path; lists in lists multiply.
const MOST_LOOKED_AT: usize = 1_000;

/// A value that a template names, with its place in the template's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    /// As it is written.
    pub written: String,
    /// The way from the variables to the value; never empty.
    pub path: Vec<Step>,
    /// 1-based line in the template's own text.
    pub line: usize,
    /// 1-based column in characters.
    pub column: usize,
}

/// A step into a value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Step {
    /// By name, or into a list by number.
    Key(String),
    /// Into each item of a list, or each value of a map.
    Each,
}

/// What a path leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// At least one value.
    Value,
    /// What should hold the value is there and does not, with what was meant, where a name is near.
    Missing(Option<Meant>),
    /// Not even what should hold it: an empty list, a map that is missing itself.
    Nowhere,
}

/// A value that was most likely meant by a read that found none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meant {
    /// As it would be written in the place of the read.
    pub written: String,
    /// The way from the variables to the name that was misspelt, with the right one.
    pub path: Vec<Step>,
}

impl Read {
    /// Whether a name of the variables is read, not a part of one.
    pub fn is_variable(&self) -> bool {
        self.path.len() == 1
    }

    /// The variable that is read, or that a part of is.
    pub fn variable(&self) -> &str {
        match self.path.first() {
            Some(Step::Key(name)) => name,
            Some(Step::Each) | None => "",
        }
    }

    /// What it leads to among some values.
    pub fn reach(&self, values: &Map<String, Value>) -> Reach {
        let Some((Step::Key(first), rest)) = self.path.split_first() else { return Reach::Nowhere };
        let Some(value) = values.get(first) else { return Reach::Missing(self.instead(0, nearest(first, values))) };
        let mut here = vec![value];
        for (at, step) in (1..).zip(rest) {
            let mut next = Vec::new();
            let (mut near, mut held) = (None, false);
            for value in here.iter().take(MOST_LOOKED_AT) {
                match (step, value) {
                    (Step::Each, Value::Array(items)) => next.extend(items.iter().take(MOST_LOOKED_AT)),
                    (Step::Each, Value::Object(map)) => next.extend(map.values().take(MOST_LOOKED_AT)),
                    (Step::Key(key), Value::Array(items)) => {
                        held |= !items.is_empty();
                        next.extend(key.parse().ok().and_then(|index: usize| items.get(index)));
                    }
                    (Step::Key(key), Value::Object(map)) => {
                        held = true;
                        next.extend(map.get(key));
                        near = near.or_else(|| nearest(key, map));
                    }
                    (Step::Each | Step::Key(_), _) => {}
                }
            }
            if next.is_empty() {
                return if held { Reach::Missing(self.instead(at, near)) } else { Reach::Nowhere };
            }
            here = next;
        }
        Reach::Value
    }

    /// The read with a name in the place of the step that found nothing.
    fn instead(&self, at: usize, near: Option<String>) -> Option<Meant> {
        let near = near?;
        let mut parts: Vec<&str> = self.written.split('.').collect();
        // What a block around stands for is in the path and not in what is written.
        let behind = self.path.len().checked_sub(at)?;
        let written = parts.len().checked_sub(behind).and_then(|at| parts.get_mut(at)).map(|part| *part = &near);
        let written = if written.is_some() { parts.join(".") } else { near.clone() };
        let mut path = self.path.get(..at)?.to_vec();
        path.push(Step::Key(near));
        Some(Meant { written, path })
    }

    /// What was most likely meant, where it finds no value among these.
    pub(super) fn meant(&self, values: &Map<String, Value>) -> Option<String> {
        if let Reach::Missing(meant) = self.reach(values) { meant.map(|meant| meant.written) } else { None }
    }
}

fn nearest(name: &str, map: &Map<String, Value>) -> Option<String> {
    suggest::nearest(name, map.keys().map(String::as_str)).map(str::to_owned)
}

/// The name that was most likely meant by one that has no value; of `user.nmae` that is `user.name`.
pub(super) fn meant(written: &str, values: &Map<String, Value>) -> Option<String> {
    let mut known = values;
    let mut parts = written.split('.').peekable();
    let mut found: Vec<String> = Vec::new();
    while let Some(part) = parts.next() {
        match known.get(part) {
            Some(Value::Object(map)) if parts.peek().is_some() => known = map,
            Some(_) => return None,
            None => {
                found.push(nearest(part, known)?);
                found.extend(parts.map(str::to_owned));
                return Some(found.join("."));
            }
        }
        found.push(part.to_owned());
    }
    None
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn reach(path: &str) -> Reach {
        let step = |part: &str| if part == "*" { Step::Each } else { Step::Key(part.to_owned()) };
        let read = Read { written: path.to_owned(), path: path.split('.').map(step).collect(), line: 1, column: 1 };
        let values = json!({"user": {"name": "Ana", "none": null}, "items": [{"n": 1}, {"n": 2, "note": "x"}], "empty": [], "text": "t"});
        read.reach(values.as_object().unwrap())
    }

    #[test]
    fn a_path_leads_to_a_value_or_says_what_was_meant() {
        for found in ["user", "user.name", "user.none", "items.*.note", "items.1.n", "text", "empty"] {
            assert_eq!(reach(found), Reach::Value, "{found}");
        }
        for (path, near) in [
            ("usr", Some("user")),
            ("usr.name", Some("user.name")),
            ("user.nmae", Some("user.name")),
            ("items.*.noet", Some("items.*.note")),
            ("user.age", None),
        ] {
            let Reach::Missing(meant) = reach(path) else { panic!("{path}") };
            assert_eq!(meant.map(|meant| meant.written).as_deref(), near, "{path}");
        }
        for path in ["empty.*.x", "text.x", "user.none.x"] {
            assert_eq!(reach(path), Reach::Nowhere, "{path}");
        }
        assert_eq!(reach("items.7.n"), Reach::Missing(None));
    }

    #[test]
    fn what_was_meant_is_told_with_the_way_to_it() {
        let values = json!({"user": {"name": {"first": "Ana"}}, "names": 1});
        let meant = |written: &str| meant(written, values.as_object().unwrap());
        assert_eq!(meant("usr.name").as_deref(), Some("user.name"));
        assert_eq!(meant("user.name.frist").as_deref(), Some("user.name.first"));
        assert_eq!(meant("name").as_deref(), Some("names"));
        assert_eq!((meant("user.name"), meant("zzz"), meant("names.x"), meant("")), (None, None, None, None));
    }
}
