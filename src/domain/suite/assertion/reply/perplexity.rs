//! How sure the model was of its words.

use std::sync::Arc;

use crate::domain::{
    answer::Answer,
    prompt::{TemplateError, Variables},
    suite::assertion::{
        Check, Judgement, Kind, Parameters, Parsed, Problem, Subject,
        excerpt::count,
        operand::{missing, unexpected},
    },
};

pub(super) const KINDS: &[Kind] = &[Kind {
    name: "perplexity",
    summary: "The perplexity of the answer's tokens is at most this: e to the power of minus the mean log-probability; 1 is complete certainty. The score is 1 over it. Needs `logprobs: true` among the model's parameters; an answer without them is no judgement, and an error of the provider (exit 30).",
    source: "Jelinek et al., “Perplexity: a measure of the difficulty of speech recognition tasks”, 1977",
    keys: &[("threshold", "the most, 1 or more; required")],
    example: "{type: perplexity, threshold: 5}",
    accepts: "",
    rejects: "",
    parse,
}];

fn parse(parameters: &Parameters<'_>) -> Parsed {
    let Some(value) = parameters.all.get("threshold").filter(|value| !value.is_null()) else { return Err(vec![missing("threshold")]) };
    match value.as_f64() {
        Some(most) if most.is_finite() && most >= 1.0 => Ok(Arc::new(Perplexity(most))),
        Some(most) => Err(vec![Problem::new("threshold", format!("{most} is no perplexity: it must be 1 or more"))]),
        None => Err(vec![unexpected("threshold", "a number of 1 or more", value)]),
    }
}

#[derive(Debug)]
struct Perplexity(f64);

/// The perplexity of an answer, 1 or more, with how many tokens it has; `None` where the provider gave no log-probabilities.
fn perplexity(answer: &Answer) -> Option<(f64, usize)> {
    let logprobs = answer.logprobs();
    #[expect(clippy::cast_precision_loss, reason = "the tokens of an answer stay far below 2^53")]
    let mean = logprobs.iter().sum::<f64>() / logprobs.len() as f64;
    let perplexity = (-mean).exp();
    (!logprobs.is_empty() && perplexity.is_finite()).then(|| (perplexity.max(1.0), logprobs.len()))
}

impl Check for Perplexity {
    fn lacks(&self, subject: &Subject<'_>) -> Option<String> {
        let why = "the provider gave no log-probabilities, so the perplexity is unknown; set `logprobs: true` among the model's parameters, or ask a model that has them";
        perplexity(subject.answer).is_none().then(|| why.to_owned())
    }

    fn judge(&self, subject: &Subject<'_>) -> Judgement {
        let Some((perplexity, tokens)) = perplexity(subject.answer) else {
            return Judgement::undecided(format!("the perplexity is unknown, at most {} allowed", self.0));
        };
        let reason = format!("the perplexity of {} is {perplexity:.3}, at most {} allowed", count(tokens, "token"), self.0);
        Judgement::scored(perplexity <= self.0, 1.0 / perplexity, reason)
    }

    fn prepare(&self, _variables: &Variables) -> Result<(), TemplateError> {
        Ok(())
    }
}
