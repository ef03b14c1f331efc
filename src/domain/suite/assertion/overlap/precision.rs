//! BLEU and GLEU: how many of an answer's words are in a reference.

use std::sync::Arc;

use super::words::{References, ngrams, number, shared, threshold, words};
use crate::domain::{
    prompt::{TemplateError, Variables},
    suite::assertion::{Check, Judgement, Kind, Parameters, Parsed, Subject, judge::reaches},
};

/// The longest runs of words that count.
const LONGEST: usize = 4;

/// What stands for no match at all, so that one missing length does not make the product 0.
const EPSILON: f64 = 0.1;

const KEYS: &[(&str, &str)] = &[
    ("value", "the reference text or a list of them; may use variables"),
    ("threshold", "the least score, above 0 and at most 1; required"),
];

pub(super) const KINDS: &[Kind] = &[
    Kind {
        name: "bleu",
        summary: "The answer's runs of one to four words are in a reference, and it is not too short: BLEU of one sentence.",
        source: "Papineni et al., “BLEU: a Method for Automatic Evaluation of Machine Translation”, 2002, with smoothing 1 (0.1) of Chen and Cherry, 2014; numbers as NLTK's sentence_bleu has them with method1",
        keys: KEYS,
        example: "{type: bleu, value: the cat sat on the mat, threshold: 0.5}",
        accepts: "The cat sat on the mat today.",
        rejects: "A cat is on a mat.",
        parse: |parameters| parse(parameters, Score::Bleu),
    },
    Kind {
        name: "gleu",
        summary: "The answer's runs of one to four words are in a reference, and the reference's in the answer; the lesser share of the two counts: GLEU of one sentence.",
        source: "Wu et al., “Google's Neural Machine Translation System”, 2016, section 5.2; numbers as NLTK's sentence_gleu has them",
        keys: KEYS,
        example: "{type: gleu, value: the cat sat on the mat, threshold: 0.5}",
        accepts: "The cat sat on the mat today.",
        rejects: "A cat is on a mat.",
        parse: |parameters| parse(parameters, Score::Gleu),
    },
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Score {
    Bleu,
    Gleu,
}

fn parse(parameters: &Parameters<'_>, score: Score) -> Parsed {
    match (References::parse(parameters), threshold(parameters)) {
        (Ok(references), Ok(threshold)) => Ok(Arc::new(Overlap { references, threshold, score })),
        (references, threshold) => Err(references.err().unwrap_or_default().into_iter().chain(threshold.err()).collect()),
    }
}

/// BLEU: the geometric mean of the modified precisions of one to four words, times the brevity penalty.
pub(super) fn bleu(answer: &[String], references: &[Vec<String>]) -> f64 {
    let mut logarithms = 0.0;
    for n in 1..=LONGEST {
        let here = ngrams(answer, n);
        let there: Vec<_> = references.iter().map(|reference| ngrams(reference, n)).collect();
        let most = |ngram: &[String]| there.iter().filter_map(|counts| counts.get(ngram)).max().copied().unwrap_or(0);
        let matches: usize = here.iter().map(|(ngram, count)| (*count).min(most(ngram))).sum();
        if n == 1 && matches == 0 {
            return 0.0;
        }
        let all = number(here.values().sum::<usize>().max(1));
        let precision = if matches == 0 { EPSILON / all } else { number(matches) / all };
        logarithms += precision.ln() / number(LONGEST);
    }
    // The reference nearest in length, the shorter of two that are as near.
    let nearest = references.iter().map(Vec::len).min_by_key(|length| (length.abs_diff(answer.len()), *length)).unwrap_or(0);
    let brevity = if answer.len() > nearest { 1.0 } else { (1.0 - number(nearest) / number(answer.len())).exp() };
    (brevity * logarithms.exp()).clamp(0.0, 1.0)
}

/// GLEU: matching runs of one to four words over those of the answer or of the reference, whichever are more; the best
/// over the references.
pub(super) fn gleu(answer: &[String], references: &[Vec<String>]) -> f64 {
    let runs = |words: &[String]| (1..=LONGEST).map(|n| (words.len() + 1).saturating_sub(n)).sum::<usize>();
    let of = |reference: &Vec<String>| {
        let matches: usize = (1..=LONGEST).map(|n| shared(&ngrams(answer, n), &ngrams(reference, n))).sum();
        let most = runs(answer).max(runs(reference));
        if most == 0 { 0.0 } else { number(matches) / number(most) }
    };
    references.iter().map(of).fold(0.0, f64::max)
}

#[derive(Debug)]
struct Overlap {
    references: References,
    threshold: f64,
    score: Score,
}

impl Check for Overlap {
    fn judge(&self, subject: &Subject<'_>) -> Judgement {
        let references = match self.references.words(subject.variables) {
            Ok(references) => references,
            Err(error) => return Judgement::undecided(error.message),
        };
        let answer = words(&subject.answer.text);
        let (name, score) = match self.score {
            Score::Bleu => ("BLEU", bleu(&answer, &references)),
            Score::Gleu => ("GLEU", gleu(&answer, &references)),
        };
        Judgement::scored(reaches(score, self.threshold), score, format!("{name} is {score:.3}, at least {} required", self.threshold))
    }

    fn prepare(&self, variables: &Variables) -> Result<(), TemplateError> {
        self.references.words(variables).map(drop)
    }
}
