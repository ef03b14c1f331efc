//! One case asked once: what came of it, and what is kept of its answer.

use std::{sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::kept::LEFT_OUT;
use crate::domain::{
    answer::{Answer, Origin, Usage},
    budget::BudgetStop,
    provider::{FaultKind, ProviderFault},
    suite::case::CaseId,
};

/// One case asked once.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Sample {
    /// The case.
    pub case_id: CaseId,
    /// The case's position in its suite, from 0.
    pub case_index: usize,
    /// Which repeat, from 0.
    pub repeat: u32,
    /// The case's variables; empty where the texts are left out.
    pub vars: Arc<Map<String, Value>>,
    /// What came of it.
    pub result: SampleResult,
    /// How long it waited for a free slot.
    pub queue: Duration,
    /// From taking the slot to the last judgement, retries and their pauses included.
    pub execution: Duration,
    /// How many requests it took.
    pub attempts: u32,
    /// Whom its assertions asked, in order: judges, embeddings, programs. Where one of them could not decide, the answer
    /// itself is the first of these, since the sample has no other place for it.
    pub asked: Vec<GraderCall>,
}

/// What an assertion asked of a judge, of a server of embeddings or of a program.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GraderCall {
    /// The assertion's label.
    pub label: String,
    /// The provider's name, or the program.
    pub grader: String,
    /// The model asked for, where there is one.
    pub model: Option<String>,
    /// What it was asked, as text.
    pub prompt: String,
    /// What it said.
    pub answer: String,
    /// Tokens, where the provider says.
    pub usage: Usage,
    /// What it cost in US dollars, where known; of a replayed answer what it cost when it was live.
    pub cost_usd: Option<f64>,
    /// How long it took.
    pub latency: Duration,
    /// Where it comes from.
    pub origin: Origin,
}

/// What came of a sample.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum SampleResult {
    /// An answer, judged.
    Judged {
        /// What is kept of the answer.
        answer: KeptAnswer,
        /// What it cost, where known.
        cost_usd: Option<f64>,
        /// Whether the case holds.
        passed: bool,
        /// The weighted mean of the assertions' scores, in [0, 1].
        score: f64,
        /// Each assertion's judgement, in order.
        assertions: Arc<[AssertionRun]>,
    },
    /// No answer: the provider's fault, not the prompt's.
    Faulted(ProviderFault),
    /// Not asked at all, with the reason (interrupted, time limit, provider down).
    NotRun(NotRun),
}

/// Why a sample was not asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum NotRun {
    /// A signal stopped the run.
    Interrupted,
    /// The suite's time limit was reached.
    SuiteTimeLimit(Duration),
    /// The provider's own limits by the minute left it no turn before the suite's time limit.
    RateLimit(Duration),
    /// The provider had failed too often; the kind of its last fault.
    ProviderDown(FaultKind),
    /// The lints stopped the run; how many of their findings did.
    Lints(usize),
    /// The run's budget does not allow it.
    Budget(BudgetStop),
}

/// One assertion's judgement on one answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AssertionRun {
    /// The kind's name, with `not-` in front when negated.
    pub name: String,
    /// The assertion as written, shortened.
    pub label: String,
    /// Whether it holds.
    pub passed: bool,
    /// In [0, 1].
    pub score: f64,
    /// Its share in the case's score; 0 is informational.
    pub weight: f64,
    /// Why, with the numbers.
    pub reason: String,
}

/// What a sample keeps of its answer: its numbers always, its texts while there are not too many.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KeptAnswer {
    /// Tokens, where the provider says.
    pub usage: Usage,
    /// From the first byte sent to the last byte read.
    pub latency: Duration,
    /// From the first byte sent to the first piece of text; known only for streamed answers.
    pub time_to_first_token: Option<Duration>,
    /// Whether the numbers above were measured now or come from an earlier run.
    pub origin: Origin,
    /// The answer in words; `None` where it is left out of a long run.
    pub texts: Option<Box<Texts>>,
}

/// An answer in words.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Texts {
    /// The text; empty when the model returned none.
    pub text: String,
    /// Why the model stopped, as the provider spells it.
    pub finish_reason: Option<String>,
    /// The model that answered, as it names itself.
    pub model: Option<String>,
}

impl KeptAnswer {
    /// The answer's text, or the words that stand for one that is left out.
    pub fn text(&self) -> &str {
        self.texts.as_ref().map_or(LEFT_OUT, |texts| &texts.text)
    }
}

impl From<Answer> for KeptAnswer {
    fn from(answer: Answer) -> Self {
        let Answer { text, finish_reason, model, usage, latency, time_to_first_token, origin, raw: _ } = answer;
        Self { usage, latency, time_to_first_token, origin, texts: Some(Box::new(Texts { text, finish_reason, model })) }
    }
}

impl Sample {
    /// Whether it was judged and held.
    pub fn passed(&self) -> bool {
        match &self.result {
            SampleResult::Judged { passed, .. } => *passed,
            SampleResult::Faulted(_) | SampleResult::NotRun(_) => false,
        }
    }

    /// Each assertion's judgement, in order; empty where nothing was judged.
    pub fn assertions(&self) -> &[AssertionRun] {
        match &self.result {
            SampleResult::Judged { assertions, .. } => assertions,
            SampleResult::Faulted(_) | SampleResult::NotRun(_) => &[],
        }
    }

    /// What is kept of the answer, where there is one.
    pub fn answer(&self) -> Option<&KeptAnswer> {
        match &self.result {
            SampleResult::Judged { answer, .. } => Some(answer),
            SampleResult::Faulted(_) | SampleResult::NotRun(_) => None,
        }
    }

    /// What it cost, where known.
    pub fn cost_usd(&self) -> Option<f64> {
        match &self.result {
            SampleResult::Judged { cost_usd, .. } => *cost_usd,
            SampleResult::Faulted(_) | SampleResult::NotRun(_) => None,
        }
    }
}
