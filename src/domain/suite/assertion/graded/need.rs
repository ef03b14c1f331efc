//! What must be asked before an answer can be judged, and what came back.

use std::time::Duration;

use serde_json::Value;

use super::{
    similar::cosine,
    verdict::{Form, Unreadable, Verdict},
};
use crate::domain::{answer::Answer, prompt::Message};

/// Whom an assertion will ask, known before any answer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grader {
    /// A model: this provider, else the suite's judge.
    Judge(Option<String>),
    /// A model for one of GitHub's `evaluators`, which names it: the suite's judge, else the suite's own provider where that is GitHub Models.
    Evaluator(Option<String>),
    /// A provider with embeddings: this one, else the suite's judge, else the suite's own provider.
    Embeddings(Option<String>),
}

/// What must be asked elsewhere.
#[derive(Debug, Clone, PartialEq)]
pub enum Need {
    /// A verdict of a model.
    Judge {
        /// Who judges.
        judge: Grader,
        /// What it is asked.
        messages: Vec<Message>,
        /// What its verdict looks like.
        form: Form,
    },
    /// Embeddings of some texts.
    Embeddings {
        /// The provider; `None`: the suite's judge, or its own provider.
        provider: Option<String>,
        /// The model; `None`: the provider's.
        model: Option<String>,
        /// The texts, in order.
        texts: Vec<String>,
    },
    /// What a program says.
    Program {
        /// Program and arguments.
        argv: Vec<String>,
        /// What it gets on standard input.
        input: Value,
        /// How long it may take.
        limit: Duration,
    },
}

/// What came back.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// Of a judge or a program.
    Verdict(Verdict),
    /// One for each text.
    Vectors(Vec<Vec<f64>>),
}

impl Need {
    /// Reads what a model answered.
    ///
    /// # Errors
    /// When it is no verdict, or not one vector for each text.
    pub fn read(&self, answer: &Answer) -> Result<Reply, Unreadable> {
        match self {
            Self::Judge { form, .. } => form.read(&answer.text).map(Reply::Verdict),
            Self::Embeddings { texts, .. } => vectors(answer, texts.len()).map(Reply::Vectors),
            Self::Program { .. } => Form::Program.read(&answer.text).map(Reply::Verdict),
        }
    }
}

/// The vectors of an embeddings response, in the order of the texts.
fn vectors(answer: &Answer, wanted: usize) -> Result<Vec<Vec<f64>>, Unreadable> {
    let data = answer.raw.get("data").and_then(Value::as_array).ok_or_else(|| Unreadable("its answer has no `data`".to_owned()))?;
    let mut vectors = vec![Vec::new(); wanted];
    for (position, item) in data.iter().enumerate() {
        let index = item.get("index").and_then(Value::as_u64).and_then(|index| usize::try_from(index).ok()).unwrap_or(position);
        let numbers = item.get("embedding").and_then(Value::as_array);
        let vector: Option<Vec<f64>> = numbers.and_then(|numbers| numbers.iter().map(Value::as_f64).collect());
        match (vectors.get_mut(index), vector) {
            (Some(place), Some(vector)) if place.is_empty() && !vector.is_empty() => *place = vector,
            _ => return Err(Unreadable(format!("`data[{position}]` is no embedding of one of {wanted} texts"))),
        }
    }
    let length = vectors.first().map_or(0, Vec::len);
    if length == 0 || vectors.iter().any(|vector| vector.len() != length) {
        return Err(Unreadable(format!("not {wanted} embeddings of one length")));
    }
    // A cosine needs directions: without one, nothing is known about the answer.
    if vectors.iter().any(|vector| cosine(vector, vector).is_none()) {
        return Err(Unreadable("an embedding without direction cannot be compared: its numbers are all 0, or too large".to_owned()));
    }
    Ok(vectors)
}

/// What came back so far.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Replies(Vec<(Need, Reply)>);

impl Replies {
    /// Remembers a reply.
    pub fn add(&mut self, need: Need, reply: Reply) {
        self.0.push((need, reply));
    }

    /// The reply to a need.
    pub fn to(&self, need: &Need) -> Option<&Reply> {
        self.0.iter().find(|(known, _)| known == need).map(|(_, reply)| reply)
    }
}
