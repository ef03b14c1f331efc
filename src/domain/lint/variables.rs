//! Whether every placeholder gets a value in every case (`template_variables`), and how long the outcome is.

use std::collections::BTreeMap;

use super::{Collector, Subject, length::Lengths};
use crate::domain::diagnostic::Place;

pub(super) fn check(subject: &Subject<'_>, collector: &mut Collector<'_>) {
    let mut lengths = Lengths::default();
    if subject.cases.is_empty() {
        let messages = subject.prompt.messages.iter();
        lengths.add(messages.map(|message| message.content.source().chars().count()).sum(), None, collector.settings);
    }
    // The same placeholder is missing in many cases: said once.
    let mut missing: BTreeMap<(Place, String), (&str, usize)> = BTreeMap::new();
    for case in &subject.cases {
        match subject.prompt.render(case.all) {
            Ok(messages) => {
                let characters = messages.iter().map(|message| message.content.chars().count()).sum();
                lengths.add(characters, Some(case.id), collector.settings);
            }
            Err((index, error)) => {
                let message = subject.prompt.messages.get(index);
                let place =
                    message.map_or_else(|| Place::file(&subject.prompt.source), |message| message.place.at(error.line, error.column));
                missing.entry((place, error.message)).or_insert((case.id, 0)).1 += 1;
            }
        }
    }
    for ((place, message), (first, count)) in missing {
        collector.add_by_id("template_variables", place, format!("{message} in case `{first}`{}", and_more(count)));
    }
    lengths.report(subject, collector);
}

/// ` and 3 more` for 4.
pub(super) fn and_more(count: usize) -> String {
    if count > 1 { format!(" and {} more", count - 1) } else { String::new() }
}
