//! What a run will do, complete and checked: every prompt read, every variable present, every assertion ready.

pub(super) mod changed;
pub(super) mod implied;
pub(super) mod lints;
pub(super) mod load;
pub(super) mod select;

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Map, Value};

use super::cases::{Broken, Cases};
use crate::app::Failure;
use crate::config::{GitHubSettings, RunSettings};
use crate::domain::{
    lint::LintSettings,
    price_list::Listed,
    prompt::{Prompt, Variables},
    provider::{Prices, ProviderSettings, Request, Task},
    suite::{
        Case, SuiteSettings,
        assertion::{Assertion, Grader},
        run::{MOST_TEXTS, TextBounds},
    },
};

/// A checked run.
#[derive(Debug)]
pub struct Plan {
    /// The suites in the order of the configuration.
    pub suites: Vec<SuitePlan>,
    /// All providers of the configuration.
    pub providers: Vec<ProviderSettings>,
    /// Whether the configuration names none of them, so that GitHub Models answers.
    pub implied_provider: bool,
    /// What the whole run keeps to.
    pub run: RunSettings,
    /// Every file that was read to make the plan; no report may go there.
    pub read: Vec<std::path::PathBuf>,
    /// What is checked before any model is asked.
    pub lints: LintSettings,
    /// What GitHub is told.
    pub github: GitHubSettings,
    /// The configuration file as it was named or found.
    pub config: std::path::PathBuf,
    /// How head is compared with base.
    pub regression: crate::domain::regression::Settings,
    /// The folder of the configuration file, which its paths are relative to.
    pub base: std::path::PathBuf,
    /// Where state is kept between runs.
    pub store: crate::domain::store::StoreSettings,
    /// What is kept of runs.
    pub history: crate::domain::history::settings::Settings,
    /// Cases that do not fail the run, for a time.
    pub quarantine: Vec<crate::domain::history::quarantine::Rule>,
    /// Says when cases that are read again are not what they were.
    pub(in crate::app) broken: Broken,
}

/// A checked suite.
#[derive(Debug)]
pub struct SuitePlan {
    /// As configured, with the command line's overrides.
    pub settings: SuiteSettings,
    /// The prompt.
    pub prompt: Prompt,
    /// The model asked for.
    pub model: String,
    /// The parameters sent: the provider's, under the prompt's, under the suite's.
    pub parameters: Map<String, Value>,
    /// What tokens cost, where known.
    pub prices: Option<Prices>,
    /// Where the prices come from, if not from the configuration.
    pub listed: Option<&'static Listed>,
    /// The cases that were selected.
    pub cases: Cases,
    /// Which samples keep their texts.
    pub texts: TextBounds,
    /// Whom the assertions ask.
    pub graders: BTreeMap<Grader, GraderPlan>,
}

/// A provider that assertions ask.
#[derive(Debug, Clone, PartialEq)]
pub struct GraderPlan {
    /// Its name.
    pub provider: String,
    /// The model asked for.
    pub model: String,
    /// The provider's parameters.
    pub parameters: Map<String, Value>,
    /// What tokens cost, where known.
    pub prices: Option<Prices>,
}

/// A checked case.
#[derive(Debug)]
pub struct CasePlan {
    /// As written.
    pub case: Case,
    /// Its position in the suite, from 0, before any selection.
    pub index: usize,
    /// What the prompt sees: the suite's variables under the case's.
    pub prompt_variables: Variables,
    /// What assertions see: the same with `expected`.
    pub assertion_variables: Variables,
    /// The suite's assertions, then the case's own.
    pub assertions: Vec<Arc<Assertion>>,
    /// The score from which the case passes; `None`: every assertion must hold.
    pub threshold: Option<f64>,
}

impl SuitePlan {
    /// How many samples the suite asks for in any case.
    pub fn samples(&self) -> usize {
        self.cases.len().saturating_mul(self.settings.repeat.min() as usize)
    }

    /// How many samples the suite asks for at most.
    pub fn most_samples(&self) -> usize {
        self.cases.len().saturating_mul(self.settings.repeat.max() as usize)
    }

    /// The request of one sample. Rendering was proved possible when the plan was made; an error is a bug.
    ///
    /// # Errors
    /// A template that does not render.
    pub fn request(&self, case: &CasePlan, repeat: u32) -> anyhow::Result<Request> {
        let messages = self.prompt.render(&case.prompt_variables).map_err(|(_, error)| error)?;
        Ok(Request { task: Task::Chat, model: self.model.clone(), messages, parameters: self.parameters.clone(), repeat })
    }
}

impl Plan {
    /// Bounds the texts that the run keeps: so many samples that pass over all suites in their order, and as many others.
    pub(super) fn bound_texts(&mut self) {
        let samples = self.suites.iter().map(SuitePlan::most_samples).fold(0, usize::saturating_add);
        let Some(others) = TextBounds::others(samples, self.suites.len()) else { return };
        let mut left = MOST_TEXTS;
        for suite in &mut self.suites {
            let cases = left / suite.settings.repeat.max().max(1) as usize;
            suite.texts = TextBounds { passed_before: suite.cases.index_after(cases).unwrap_or(usize::MAX), others };
            left = left.saturating_sub(suite.most_samples());
        }
    }

    /// What is said of a run that does not keep all texts; the same on every machine that it is spread over.
    pub(super) fn left_out(&self) -> Option<String> {
        self.suites.iter().any(|suite| suite.texts != TextBounds::default()).then(|| {
            format!("more than {MOST_TEXTS} samples: reports have all their numbers, and the texts of the first ones; --record FILE keeps every answer")
        })
    }

    /// Whether every file of cases is still what was checked.
    ///
    /// # Errors
    /// The file that is not.
    pub(super) fn is_whole(&self) -> Result<(), Failure> {
        self.broken.check()
    }

    /// How many samples the run asks for.
    pub fn samples(&self) -> usize {
        self.suites.iter().map(SuitePlan::samples).sum()
    }
}
