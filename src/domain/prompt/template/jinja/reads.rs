//! What a template of Jinja names, looked for in its tags.

use std::collections::{BTreeSet, HashSet};

use super::super::{
    TemplateError,
    reads::{Read, Step},
};

/// Names that are followed up; a template of more is made by a program.
const MOST_NAMES: usize = 1_000;

/// Every value of `paths` (`user.name`) that the template reads and does not expect to be missing, with its first place.
pub(super) fn reads(paths: &HashSet<String>, source: &str) -> Vec<Read> {
    let tags = tags(source);
    let sorted: BTreeSet<&String> = paths.iter().collect();
    let read = |path: &&String| {
        let offset = found(&tags, path).next()?.offset;
        let expected = prefixes(path).any(|part| found(&tags, part).any(|name| is_optional(&name)) || is_asked_for(&tags, part));
        if expected
            || is_set(&tags, path.split('.').next().unwrap_or_default())
            || found(&tags, path).any(|name| name.after.starts_with('('))
        {
            return None;
        }
        let TemplateError { line, column, .. } = TemplateError::at(source, offset, "");
        let steps = path.split('.').map(|part| Step::Key(part.to_owned())).collect();
        Some(Read { written: (*path).clone(), path: steps, line, column })
    };
    sorted.into_iter().take(MOST_NAMES).filter_map(|path| read(&path)).collect()
}

/// What stands between `{{` and `}}` or `{%` and `%}`, each with its first byte.
fn tags(source: &str) -> Vec<(usize, &str)> {
    let mut tags = Vec::new();
    let mut at = 0;
    while let Some(open) = source.get(at..).and_then(|rest| rest.find('{')).map(|found| at + found) {
        let rest = source.get(open + 1..).unwrap_or_default();
        let close = match rest.bytes().next() {
            Some(b'{') => "}}",
            Some(b'%') => "%}",
            Some(b'#') => "#}",
            _ => {
                at = open + 1;
                continue;
            }
        };
        let length = rest.find(close).unwrap_or(rest.len());
        if close != "#}" {
            tags.push((open + 1, rest.get(..length).unwrap_or_default()));
        }
        at = open + 1 + length + close.len();
    }
    tags
}

/// A path as a whole word in a tag.
#[derive(Debug, Clone, Copy)]
struct Name<'t> {
    /// Its first byte.
    offset: usize,
    /// What stands before and behind it in the tag.
    before: &'t str,
    after: &'t str,
}

fn found<'t>(tags: &'t [(usize, &'t str)], path: &'t str) -> impl Iterator<Item = Name<'t>> {
    tags.iter().flat_map(move |(start, tag)| {
        tag.match_indices(path).filter_map(move |(at, _)| {
            let (before, after) = (tag.get(..at)?, tag.get(at + path.len()..)?);
            let word = |c: char| c.is_alphanumeric() || c == '_';
            let whole = !before.ends_with(|c| word(c) || matches!(c, '.' | '\'' | '"')) && !after.starts_with(word);
            whole.then_some(Name { offset: start + at, before, after })
        })
    })
}

/// Whether the template asks for the last part of a path by its name: `"name" in user`.
fn is_asked_for(tags: &[(usize, &str)], path: &str) -> bool {
    let Some((of, part)) = path.rsplit_once('.') else { return false };
    let asks = |name: Name<'_>| {
        let before = name.before.trim_end().strip_suffix("in")?.trim_end();
        let before = before.strip_suffix("not").map_or(before, str::trim_end);
        let quote = before.chars().next_back().filter(|quote| matches!(quote, '\'' | '"'))?;
        let before = before.strip_suffix(quote)?.strip_suffix(part)?;
        Some(before.ends_with(quote))
    };
    found(tags, of).any(|name| asks(name) == Some(true))
}

/// `user`, `user.name`, … of a path.
fn prefixes(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('.').filter_map(|(at, _)| path.get(..at)).chain([path])
}

/// Whether what follows a name says that it may be missing: `is defined`, `| default(…)`.
fn is_optional(name: &Name<'_>) -> bool {
    let first = |text: &str| text.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().to_owned();
    let (mut before, mut rest) = (name.before.trim_end(), name.after.trim_start());
    // Parentheses around the name alone, and not those of a call.
    while let (Some(outer), Some(behind)) = (before.strip_suffix('('), rest.strip_prefix(')')) {
        if outer.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | ')' | ']')) {
            break;
        }
        (before, rest) = (outer.trim_end(), behind.trim_start());
    }
    if let Some(filter) = rest.strip_prefix('|') {
        return matches!(first(filter.trim_start()).as_str(), "default" | "d");
    }
    let Some(test) = rest.strip_prefix("is ").map(str::trim_start) else { return false };
    let test = test.strip_prefix("not ").map_or(test, str::trim_start);
    matches!(first(test).as_str(), "defined" | "undefined")
}

/// Whether the template gives a name a value itself, in a branch perhaps.
fn is_set(tags: &[(usize, &str)], name: &str) -> bool {
    tags.iter().any(|(_, tag)| {
        let statement = tag.trim_start_matches(['%', '-', '+']).trim_start();
        statement.strip_prefix("set ").is_some_and(|rest| {
            let targets = rest.split('=').next().unwrap_or_default();
            targets.split(|c: char| !(c.is_alphanumeric() || c == '_')).any(|target| target == name)
        })
    })
}
