//! The structure of a prompt: blank messages, variables that nothing uses or nobody tests. Whether a template parses is
//! found where it is read.

use serde_json::{Map, Value};

use super::{Collector, variables::Seen};
use crate::domain::{diagnostic::Place, prompt::Prompt};

pub(super) fn check(prompt: &Prompt, vars: &Map<String, Value>, seen: &Seen, collector: &mut Collector<'_>) {
    for message in &prompt.messages {
        if message.content.source().trim().is_empty() {
            collector.add_by_id("empty_message", message.place.start().clone(), "the message is blank");
        }
    }
    let file = || Place::file(&prompt.source);
    for name in prompt.defaults.keys() {
        if !prompt.messages.iter().any(|message| mentions(message.content.source(), name)) {
            collector.add_by_id("unused_variable", file(), format!("no message uses variable `{name}`"));
        } else if !vars.contains_key(name) && seen.never_gives(name) {
            collector.add_by_id("untested_variable", file(), format!("variable `{name}` has its default in every case"));
        }
    }
}

/// Whether a name stands as a word inside braces, whatever the template's syntax is.
fn mentions(source: &str, name: &str) -> bool {
    let part_of_word = |c: char| c.is_alphanumeric() || c == '_';
    source.match_indices(name).any(|(at, _)| {
        let (before, after) = (source.get(..at).unwrap_or_default(), source.get(at + name.len()..).unwrap_or_default());
        let whole = !before.ends_with(part_of_word) && !after.starts_with(part_of_word);
        whole && before.rfind('{') > before.rfind('}')
    })
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
        ] {
            assert_eq!(mentions(source, "name"), used, "{source}");
        }
    }
}
