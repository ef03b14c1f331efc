//! Whether every placeholder and every condition gets a value in every case (`template_variables`), what no case ever gives a value,
//! and how long the outcome is.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::{
    super::{CaseSubject, Collector, LintSettings},
    length::Lengths,
};
use crate::domain::{
    diagnostic::Place,
    prompt::{Meant, Prompt, Reach, Read, Step},
};

/// What the cases had so far.
#[derive(Debug, Default)]
pub(in super::super) struct Seen {
    cases: usize,
    /// Variables of the prompt that some case gives itself.
    given: BTreeSet<String>,
    lengths: Lengths,
    /// Placeholders without a value, with the first case and how many: the same one in many cases is said once.
    missing: BTreeMap<(Place, String), (String, usize)>,
    /// The names of those.
    told: BTreeSet<String>,
    /// What the messages read and no case had so far; `None` before the first case.
    unread: Option<Vec<Unread>>,
}

/// A value that a message reads, in a branch that no case takes or as a part of what the cases give.
#[derive(Debug)]
struct Unread {
    message: usize,
    read: Read,
    /// Whether a case had what should hold the value.
    held: bool,
    /// What was meant, where a name is near.
    near: Option<Meant>,
}

impl Seen {
    pub(in super::super) fn case(&mut self, prompt: &Prompt, case: &CaseSubject<'_>, settings: &LintSettings) {
        self.cases += 1;
        for name in prompt.defaults.keys().filter(|name| case.own.contains_key(*name)) {
            if !self.given.contains(name) {
                self.given.insert(name.clone());
            }
        }
        let values = case.all.values();
        match prompt.render(case.all) {
            Ok(messages) => {
                let characters = messages.iter().map(|message| message.content.chars().count()).sum();
                self.lengths.add(characters, Some(case.id), settings);
            }
            Err((index, error)) => {
                let message = prompt.messages.get(index);
                let place = message.map_or_else(|| Place::file(&prompt.source), |message| message.place.at(error.line, error.column));
                self.missing.entry((place, error.described(values))).or_insert_with(|| (case.id.to_owned(), 0)).1 += 1;
                self.told.extend(error.missing);
            }
        }
        self.unread.get_or_insert_with(|| unread(prompt)).retain_mut(|unread| match unread.read.reach(values) {
            Reach::Value => false,
            Reach::Missing(near) => {
                unread.held = true;
                unread.near = unread.near.take().or(near);
                true
            }
            Reach::Nowhere => true,
        });
    }

    /// Whether there are cases, and none of them gives this variable a value.
    pub(super) fn never_gives(&self, name: &str) -> bool {
        self.cases > 0 && !self.given.contains(name)
    }

    pub(in super::super) fn report(mut self, prompt: &Prompt, collector: &mut Collector<'_>) {
        if self.cases == 0 {
            let messages = prompt.messages.iter();
            self.lengths.add(messages.map(|message| message.content.source().chars().count()).sum(), None, collector.settings);
        }
        for ((place, message), (first, count)) in self.missing {
            collector.add_by_id("template_variables", place, format!("{message} in case `{first}`{}", and_more(count)));
        }
        // Of two names that the prompt reads itself neither was meant for the other.
        let paths: HashSet<Vec<Step>> = prompt.messages.iter().flat_map(|message| message.content.reads()).map(|read| read.path).collect();
        for Unread { message, read, near, .. } in self.unread.into_iter().flatten().filter(|unread| unread.held) {
            // Where a rendering failed for it, that says it all.
            if self.told.contains(&read.written) || self.told.contains(read.variable()) {
                continue;
            }
            let Some(message) = prompt.messages.get(message) else { continue };
            let place = message.place.at(read.line, read.column);
            let own = |near: &Meant| {
                paths.contains(&near.path) || near.path.last().is_some_and(|last| paths.contains(std::slice::from_ref(last)))
            };
            match near.filter(|near| !own(near)) {
                Some(near) => collector.add_by_id(
                    "template_variables",
                    place,
                    format!("`{}` has no value in any case; did you mean `{}`?", read.written, near.written),
                ),
                None => collector.add_by_id("untested_variable", place, format!("no case gives `{}` a value", read.written)),
            }
        }
        self.lengths.report(prompt, collector);
    }
}

/// Everything that the messages read, once.
fn unread(prompt: &Prompt) -> Vec<Unread> {
    let mut known = HashSet::new();
    let mut all = Vec::new();
    for (message, template) in prompt.messages.iter().enumerate() {
        for read in template.content.reads() {
            if known.insert(read.path.clone()) {
                all.push(Unread { message, read, held: false, near: None });
            }
        }
    }
    all
}

/// ` and 3 more` for 4.
pub(super) fn and_more(count: usize) -> String {
    if count > 1 { format!(" and {} more", count - 1) } else { String::new() }
}
