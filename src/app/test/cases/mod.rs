//! The cases of a suite: those of small files are held, those of large ones are read anew whenever somebody goes through them,
//! so that a suite of a million cases takes no more memory than one of ten thousand.

mod file;
mod load;

use std::sync::Arc;

use serde_json::{Map, Value};

use super::plan::CasePlan;
pub(in crate::app) use file::Broken;
pub(super) use file::{CaseFile, Reading};

/// The cases of a suite, in order.
#[derive(Debug, Default)]
pub struct Cases(Vec<Portion>);

#[derive(Debug)]
enum Portion {
    Held(Vec<Arc<CasePlan>>),
    OfFile(CaseFile),
}

impl Cases {
    /// Cases that are held.
    pub(super) fn held(cases: impl IntoIterator<Item = CasePlan>) -> Self {
        Self(vec![Portion::Held(cases.into_iter().map(Arc::new).collect())])
    }

    /// Adds cases after the others.
    pub(super) fn push(&mut self, case: Arc<CasePlan>) {
        match self.0.last_mut() {
            Some(Portion::Held(held)) => held.push(case),
            Some(Portion::OfFile(_)) | None => self.0.push(Portion::Held(vec![case])),
        }
    }

    /// Adds the cases of a file that is not held.
    pub(super) fn push_file(&mut self, file: CaseFile) {
        self.0.push(Portion::OfFile(file));
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.iter().map(Portion::len).sum()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether some of them are read again each time.
    pub(super) fn is_read_again(&self) -> bool {
        self.files().next().is_some()
    }

    /// The files that are read again each time.
    pub(super) fn files(&self) -> impl Iterator<Item = &CaseFile> {
        self.0.iter().filter_map(|portion| match portion {
            Portion::Held(_) => None,
            Portion::OfFile(file) => Some(file),
        })
    }

    /// The cases in order. A file that is not what it was any more ends them early, and says so where it was read first: nobody may
    /// conclude anything before having asked [`Broken`].
    pub fn iter(&self) -> impl Iterator<Item = Arc<CasePlan>> + '_ {
        self.0.iter().flat_map(|portion| -> Box<dyn Iterator<Item = Arc<CasePlan>> + '_> {
            match portion {
                Portion::Held(held) => Box::new(held.iter().map(Arc::clone)),
                Portion::OfFile(file) => Box::new(file.iter().map(Arc::new)),
            }
        })
    }

    /// Keeps those that are wanted.
    pub(super) fn retain(&mut self, wanted: impl Fn(&CasePlan) -> bool) {
        for portion in &mut self.0 {
            match portion {
                Portion::Held(held) => held.retain(|case| wanted(case)),
                Portion::OfFile(file) => file.retain(&wanted),
            }
        }
    }

    /// The `known` cases as another prompt with these variables of its own is asked them, and how many of them it cannot be asked.
    /// `of` says how, where it can; of cases that are read again it only says whether.
    pub(super) fn for_prompt(
        &self,
        variables: &Map<String, Value>,
        known: impl Fn(&CasePlan) -> bool,
        of: impl Fn(&CasePlan) -> Option<CasePlan>,
    ) -> (Self, usize) {
        let (mut cases, mut not) = (Self::default(), 0);
        for portion in &self.0 {
            match portion {
                Portion::Held(held) => {
                    for case in held.iter().filter(|case| known(case)) {
                        match of(case) {
                            Some(case) => cases.push(Arc::new(case)),
                            None => not += 1,
                        }
                    }
                }
                Portion::OfFile(file) => {
                    let mut there = file.clone();
                    there.retain(|case| of(case).is_some());
                    not += file.len() - there.len();
                    cases.push_file(there.for_prompt(variables));
                }
            }
        }
        (cases, not)
    }

    /// Before which index in the suite the first so many of these cases stand; `None` where there are not more of them.
    pub(super) fn index_after(&self, mut count: usize) -> Option<usize> {
        for portion in &self.0 {
            if let Some(left) = count.checked_sub(portion.len()) {
                count = left;
            } else {
                return match portion {
                    Portion::Held(held) => held.get(count).map(|case| case.index),
                    Portion::OfFile(file) => file.index_of(count),
                };
            }
        }
        None
    }
}

impl Portion {
    fn len(&self) -> usize {
        match self {
            Self::Held(held) => held.len(),
            Self::OfFile(file) => file.len(),
        }
    }
}
