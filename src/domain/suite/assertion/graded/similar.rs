//! Texts that mean the same, by their embeddings.

use std::sync::Arc;

use super::{
    by_judge::provider,
    need::{Grader, Need, Reply},
};
use crate::domain::{
    prompt::{Template, TemplateError, Variables},
    suite::assertion::{
        Check, Judgement, Kind, Parameters, Parsed, Subject,
        judge::reaches,
        operand::{render, required, text, unexpected, unfit},
        overlap::threshold,
    },
};

pub(super) const KINDS: &[Kind] = &[Kind {
    name: "similar",
    summary: "The answer means what this text means: the cosine of their embeddings is at least the threshold. There is no default: models place unrelated texts anywhere from 0 to 0.8.",
    source: "cosine similarity of the vectors that an OpenAI-compatible server gives at `/embeddings`; below 0 the score is 0",
    keys: &[
        ("value", "the text; may use variables"),
        ("threshold", "the least cosine, above 0 and at most 1; required"),
        ("provider", "the provider with embeddings (`openai`, or a cassette of one); else the suite's `judge`, else its provider"),
        ("model", "the model of embeddings; else the provider's model"),
    ],
    example: "{type: similar, value: \"Good day, {{name}}!\", threshold: 0.9, model: my-embeddings}",
    accepts: "A good answer.",
    rejects: "A bad answer.",
    parse,
}];

fn parse(parameters: &Parameters<'_>) -> Parsed {
    let written = |key: &str| parameters.all.get(key).filter(|value| !value.is_null());
    let expected = required(parameters).and_then(|value| text(value, "value"));
    let provider = provider(written("provider"), "provider");
    let model = written("model").map(|value| {
        value
            .as_str()
            .filter(|model| !model.trim().is_empty())
            .map(str::to_owned)
            .ok_or_else(|| unexpected("model", "the name of a model", value))
    });
    match (expected, threshold(parameters), provider, model.transpose()) {
        (Ok(expected), Ok(threshold), Ok(provider), Ok(model)) => Ok(Arc::new(Similar { expected, threshold, provider, model })),
        (expected, threshold, provider, model) => {
            Err(expected.err().into_iter().chain(threshold.err()).chain(provider.err()).chain(model.err()).collect())
        }
    }
}

#[derive(Debug)]
struct Similar {
    expected: Template,
    threshold: f64,
    provider: Option<String>,
    model: Option<String>,
}

impl Similar {
    fn need(&self, subject: &Subject<'_>) -> Result<Option<Need>, TemplateError> {
        let answer = subject.answer.text.trim();
        if answer.is_empty() {
            return Ok(None);
        }
        let texts = vec![answer.to_owned(), render(&self.expected, subject.variables)?.trim().to_owned()];
        Ok(Some(Need::Embeddings { provider: self.provider.clone(), model: self.model.clone(), texts }))
    }
}

/// The cosine of the angle between two vectors, in [-1, 1]; `None` when one has no direction.
pub(super) fn cosine(one: &[f64], other: &[f64]) -> Option<f64> {
    let dot: f64 = one.iter().zip(other).map(|(a, b)| a * b).sum();
    let length = |vector: &[f64]| vector.iter().map(|a| a * a).sum::<f64>().sqrt();
    let cosine = dot / (length(one) * length(other));
    cosine.is_finite().then(|| cosine.clamp(-1.0, 1.0))
}

impl Check for Similar {
    fn judge(&self, subject: &Subject<'_>) -> Judgement {
        let need = match self.need(subject) {
            Err(error) => return Judgement::undecided(error.message),
            Ok(None) => return Judgement::new(false, "is empty"),
            Ok(Some(need)) => need,
        };
        let Some(Reply::Vectors(vectors)) = subject.replies.and_then(|replies| replies.to(&need)) else {
            return Judgement::undecided("no embeddings were asked for");
        };
        let [one, other] = vectors.as_slice() else { return Judgement::undecided("there are not two embeddings") };
        match cosine(one, other) {
            None => Judgement::undecided("an embedding without direction cannot be compared"),
            Some(cosine) => {
                let reason = format!("the cosine is {cosine:.4}, at least {} required", self.threshold);
                Judgement::scored(reaches(cosine, self.threshold), cosine.max(0.0), reason)
            }
        }
    }

    fn prepare(&self, variables: &Variables) -> Result<(), TemplateError> {
        if render(&self.expected, variables)?.trim().is_empty() { Err(unfit("the text is empty with these variables")) } else { Ok(()) }
    }

    fn graders(&self) -> Vec<Grader> {
        vec![Grader::Embeddings(self.provider.clone())]
    }

    fn needs(&self, subject: &Subject<'_>) -> Vec<Need> {
        self.need(subject).ok().flatten().into_iter().collect()
    }
}
