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
        let (offset, _) = found(&tags, path).next()?;
        let expected = prefixes(path).any(|part| found(&tags, part).any(|(_, rest)| is_optional(rest)));
        if expected
            || is_set(&tags, path.split('.').next().unwrap_or_default())
            || found(&tags, path).any(|(_, rest)| rest.starts_with('('))
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

/// The places of a path as a whole word, with what follows in the tag.
fn found<'t>(tags: &'t [(usize, &'t str)], path: &'t str) -> impl Iterator<Item = (usize, &'t str)> {
    tags.iter().flat_map(move |(start, tag)| {
        tag.match_indices(path).filter_map(move |(at, _)| {
            let (before, rest) = (tag.get(..at)?, tag.get(at + path.len()..)?);
            let word = |c: char| c.is_alphanumeric() || c == '_';
            let whole = !before.ends_with(|c| word(c) || matches!(c, '.' | '\'' | '"')) && !rest.starts_with(word);
            whole.then_some((start + at, rest))
        })
    })
}

/// `user`, `user.name`, … of a path.
fn prefixes(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('.').filter_map(|(at, _)| path.get(..at)).chain([path])
}

/// Whether what follows a name says that it may be missing: `is defined`, `| default(…)`.
fn is_optional(rest: &str) -> bool {
    let first = |text: &str| text.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().to_owned();
    let rest = rest.trim_start();
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
