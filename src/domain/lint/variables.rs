//! Whether every placeholder gets a value in every case (`template_variables`), and how long the outcome is.

use std::collections::{BTreeMap, BTreeSet};

use super::{CaseSubject, Collector, LintSettings, length::Lengths};
use crate::domain::{diagnostic::Place, prompt::Prompt};

/// What the cases had so far.
#[derive(Debug, Default)]
pub(super) struct Seen {
    cases: usize,
    /// Variables of the prompt that some case gives itself.
    given: BTreeSet<String>,
    lengths: Lengths,
    /// Placeholders without a value, with the first case and how many: the same one in many cases is said once.
    missing: BTreeMap<(Place, String), (String, usize)>,
}

impl Seen {
    pub(super) fn case(&mut self, prompt: &Prompt, case: &CaseSubject<'_>, settings: &LintSettings) {
        self.cases += 1;
        for name in prompt.defaults.keys().filter(|name| case.own.contains_key(*name)) {
            if !self.given.contains(name) {
                self.given.insert(name.clone());
            }
        }
        match prompt.render(case.all) {
            Ok(messages) => {
                let characters = messages.iter().map(|message| message.content.chars().count()).sum();
                self.lengths.add(characters, Some(case.id), settings);
            }
            Err((index, error)) => {
                let message = prompt.messages.get(index);
                let place = message.map_or_else(|| Place::file(&prompt.source), |message| message.place.at(error.line, error.column));
                self.missing.entry((place, error.message)).or_insert_with(|| (case.id.to_owned(), 0)).1 += 1;
            }
        }
    }

    /// Whether there are cases, and none of them gives this variable a value.
    pub(super) fn never_gives(&self, name: &str) -> bool {
        self.cases > 0 && !self.given.contains(name)
    }

    pub(super) fn report(mut self, prompt: &Prompt, collector: &mut Collector<'_>) {
        if self.cases == 0 {
            let messages = prompt.messages.iter();
            self.lengths.add(messages.map(|message| message.content.source().chars().count()).sum(), None, collector.settings);
        }
        for ((place, message), (first, count)) in self.missing {
            collector.add_by_id("template_variables", place, format!("{message} in case `{first}`{}", and_more(count)));
        }
        self.lengths.report(prompt, collector);
    }
}

/// ` and 3 more` for 4.
pub(super) fn and_more(count: usize) -> String {
    if count > 1 { format!(" and {} more", count - 1) } else { String::new() }
}
