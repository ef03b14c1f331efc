//! The structure of a prompt: blank messages, variables that nothing uses or nobody tests. Whether a template parses is
//! found where it is read.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::{super::Collector, variables::Seen};
use crate::domain::{diagnostic::Place, prompt::Prompt};

pub(in super::super) fn check(prompt: &Prompt, vars: &Map<String, Value>, seen: &Seen, collector: &mut Collector<'_>) {
    for message in &prompt.messages {
        if message.content.source().trim().is_empty() {
            collector.add_by_id("empty_message", message.place.start().clone(), "the message is blank");
        }
    }
    let file = || Place::file(&prompt.source);
    let messages: Vec<Braces<'_>> = prompt.messages.iter().map(|message| Braces::of(message.content.source())).collect();
    for name in prompt.defaults.keys() {
        if !messages.iter().any(|message| message.mention(name)) {
            collector.add_by_id("unused_variable", file(), format!("no message uses variable `{name}`"));
        } else if !vars.contains_key(name) && seen.never_gives(name) {
            collector.add_by_id("untested_variable", file(), format!("variable `{name}` has its default in every case"));
        }
    }
}

/// What stands inside a text's braces, whatever the template's syntax is.
struct Braces<'s> {
    parts: Vec<&'s str>,
    words: HashSet<&'s str>,
}

impl<'s> Braces<'s> {
    fn of(source: &'s str) -> Self {
        let parts: Vec<&str> =
            source.split('{').skip(1).filter_map(|part| part.split('}').next()).filter(|part| !part.is_empty()).collect();
        let words = parts.iter().flat_map(|part| part.split(|c| !part_of_word(c))).collect();
        Self { parts, words }
    }

    /// Whether a name stands there as a word.
    fn mention(&self, name: &str) -> bool {
        if name.chars().all(part_of_word) {
            return self.words.contains(name);
        }
        let is_whole = |part: &str, at: usize| {
            let (before, after) = (part.get(..at).unwrap_or_default(), part.get(at + name.len()..).unwrap_or_default());
            !before.ends_with(part_of_word) && !after.starts_with(part_of_word)
        };
        self.parts.iter().any(|part| part.match_indices(name).any(|(at, _)| is_whole(part, at)))
    }
}

fn part_of_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_counts_inside_braces_in_every_syntax() {
        for (source, used) in [
            ("Hi {{name}}", true),
            ("Hi {name:>5}", true),
            ("{% if name %}x{% endif %}", true),
            ("{{#each name}}{{this}}{{/each}}", true),
            ("{{user.name}}", true),
            ("name", false),
            ("{{x}} name", false),
            ("{{names}}", false),
            ("}name{", false),
        ] {
            assert_eq!(Braces::of(source).mention("name"), used, "{source}");
        }
    }

    #[test]
    fn names_of_several_words_are_found_too() {
        let braces = Braces::of("{{user-name}} {first name!r} {{x.y}}");
        assert!(["user-name", "first name", "x.y"].iter().all(|name| braces.mention(name)));
        assert!(["ser-name", "user-nam", "second name"].iter().all(|name| !braces.mention(name)));
    }

    #[test]
    fn thousands_of_names_in_a_long_text_are_looked_up_once() {
        let source = format!("{} {{{{v7}}}}", "v0 v1 v2 v3 ".repeat(100_000));
        let braces = Braces::of(&source);
        assert_eq!((0..5_000).filter(|n| braces.mention(&format!("v{n}"))).count(), 1);
        assert!(!Braces::of(&"a-b ".repeat(500_000)).mention("a-b"));
    }
}
