//! How long a prompt is, all its messages together, in characters (`min_length`, `max_length`).

use super::{
    super::{Collector, LintSettings},
    variables::and_more,
};
use crate::domain::prompt::Prompt;

/// The lengths out of bounds that were met.
#[derive(Debug, Default)]
pub(super) struct Lengths {
    short: Option<Outside>,
    long: Option<Outside>,
}

/// The furthest one out, and how many there are.
#[derive(Debug)]
struct Outside {
    characters: usize,
    case: Option<String>,
    count: usize,
}

impl Lengths {
    /// Takes in the length of a prompt as one case renders it, or as it is written.
    pub(super) fn add(&mut self, characters: usize, case: Option<&str>, settings: &LintSettings) {
        if characters < settings.min_length {
            note(&mut self.short, characters, case, |new, known| new < known);
        }
        if characters > settings.max_length {
            note(&mut self.long, characters, case, |new, known| new > known);
        }
    }

    /// Says what is out of bounds.
    pub(super) fn report(self, prompt: &Prompt, collector: &mut Collector<'_>) {
        let (min, max) = (collector.settings.min_length, collector.settings.max_length);
        let Some(place) = prompt.messages.first().map(|message| message.place.start().clone()) else { return };
        if let Some(short) = self.short {
            collector.add_by_id("min_length", place.clone(), short.described(&format!("fewer than {min}")));
        }
        if let Some(long) = self.long {
            collector.add_by_id("max_length", place, long.described(&format!("more than {max}")));
        }
    }
}

impl Outside {
    fn described(&self, bound: &str) -> String {
        let case = self.case.as_ref().map(|case| format!(" in case `{case}`{}", and_more(self.count))).unwrap_or_default();
        format!("the prompt has {} characters{case}, {bound}", self.characters)
    }
}

fn note(kept: &mut Option<Outside>, characters: usize, case: Option<&str>, further: impl Fn(usize, usize) -> bool) {
    let case = || case.map(str::to_owned);
    match kept {
        None => *kept = Some(Outside { characters, case: case(), count: 1 }),
        Some(kept) => {
            kept.count += 1;
            if further(characters, kept.characters) {
                (kept.characters, kept.case) = (characters, case());
            }
        }
    }
}
