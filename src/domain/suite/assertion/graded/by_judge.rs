//! Assertions that a model decides as judge.

use std::{borrow::Cow, sync::Arc};

use serde_json::{Value, json};

use super::{
    need::{Grader, Need, Reply},
    prompt::{Text, messages},
    verdict::{Form, Verdict},
};
use crate::domain::{
    prompt::{Role, Template, TemplateError, Variables},
    suite::assertion::{
        Check, Judgement, Kind, Parameters, Parsed, Problem, Subject,
        judge::reaches,
        operand::{missing, render, required, text, unexpected, unfit},
        overlap::{optional_threshold, threshold},
    },
};

const JUDGE: (&str, &str) = ("judge", "the provider that judges; else the suite's `judge`");
const QUESTION: (&str, &str) = ("question", "the question; else the last user message of the request");
const CONTEXT: (&str, &str) = ("context", "the context, usually `\"{{context}}\"`; required");
const SHARE: (&str, &str) = ("threshold", "the least share, above 0 and at most 1; required");

pub(super) const KINDS: &[Kind] = &[
    Kind {
        name: "llm-rubric",
        summary: "A judge finds that the answer fits the rubric and, where a threshold is set, scores it at least so high.",
        source: "Zheng et al., “Judging LLM-as-a-Judge with MT-Bench and Chatbot Arena”, 2023: single answers, graded",
        keys: &[
            ("value", "the rubric; may use variables"),
            ("threshold", "the least score, above 0 and at most 1; may be left out"),
            JUDGE,
        ],
        example: "llm-rubric: The answer greets {{name}} in a friendly way.",
        accepts: "A good answer.",
        rejects: "A bad answer.",
        parse: |parameters| read(parameters, Question::Rubric),
    },
    Kind {
        name: "factuality",
        summary: "A judge finds that the answer does not contradict the reference: it may say less, more or the same.",
        source: "OpenAI Evals, the graded choice `fact`: A subset, B superset, C the same, D contradiction, E differences that do not matter; D fails",
        keys: &[("value", "the reference; may use variables, usually `\"{{expected}}\"`"), QUESTION, JUDGE],
        example: "factuality: The capital of France is Paris.",
        accepts: "A good answer.",
        rejects: "A bad answer.",
        parse: |parameters| read(parameters, Question::Factuality),
    },
    Kind {
        name: "closed-qa",
        summary: "A judge finds that the answer to the question meets the criterion.",
        source: "OpenAI Evals, the graded choice `closedqa`: yes or no",
        keys: &[("value", "the criterion; may use variables"), QUESTION, JUDGE],
        example: "closed-qa: The answer is about tea.",
        accepts: "A good answer.",
        rejects: "A bad answer.",
        parse: |parameters| read(parameters, Question::ClosedQa),
    },
    Kind {
        name: "g-eval",
        summary: "A judge works out steps from the criteria, follows them and scores the answer from 0 to 10; a tenth of that is the score.",
        source: "Liu et al., “G-Eval: NLG Evaluation using GPT-4 with Better Human Alignment”, 2023; the score is the judge's number, not weighted by token probabilities",
        keys: &[
            ("value", "the criteria, a text or a list of them; may use variables"),
            ("threshold", "the least score, above 0 and at most 1; required"),
            QUESTION,
            JUDGE,
        ],
        example: "{type: g-eval, value: The answer is coherent., threshold: 0.7}",
        accepts: "A good answer.",
        rejects: "A bad answer.",
        parse: |parameters| read(parameters, Question::Graded),
    },
    Kind {
        name: "answer-relevance",
        summary: "A judge scores from 0 to 10 how much of the answer is about the question; a tenth of that is the score.",
        source: "after “answer relevance” of Es et al., “RAGAS: Automated Evaluation of Retrieval Augmented Generation”, 2023, by a judge's number instead of embeddings of guessed questions",
        keys: &[("threshold", "the least score, above 0 and at most 1; required"), QUESTION, JUDGE],
        example: "{type: answer-relevance, threshold: 0.7}",
        accepts: "A good answer.",
        rejects: "A bad answer.",
        parse: |parameters| read(parameters, Question::Relevance),
    },
    Kind {
        name: "context-faithfulness",
        summary: "A judge takes the answer apart into statements; the share of them that the context supports is high enough.",
        source: "“faithfulness” of Es et al., “RAGAS”, 2023: supported statements over all statements of the answer",
        keys: &[CONTEXT, SHARE, QUESTION, JUDGE],
        example: "{type: context-faithfulness, context: Tea is served at five., threshold: 0.9}",
        accepts: "A good answer.",
        rejects: "A bad answer.",
        parse: |parameters| read(parameters, Question::Faithfulness),
    },
    Kind {
        name: "context-recall",
        summary: "A judge takes the reference apart into statements; the share of them that the context supports is high enough. It judges the context, not the answer.",
        source: "“context recall” of the Ragas documentation: statements of the reference that the context supports over all of them",
        keys: &[("value", "the reference; may use variables, usually `\"{{expected}}\"`"), CONTEXT, SHARE, JUDGE],
        example: "{type: context-recall, value: Tea is at five., context: Tea is served at five., threshold: 0.9}",
        accepts: "A good answer.",
        rejects: "A bad answer.",
        parse: |parameters| read(parameters, Question::Recall),
    },
    Kind {
        name: "context-relevance",
        summary: "A judge takes the context apart into sentences; the share of them that the question needs is high enough. It judges the context, not the answer.",
        source: "“context relevance” of Es et al., “RAGAS”, 2023: sentences that are needed over all sentences of the context",
        keys: &[CONTEXT, SHARE, QUESTION, JUDGE],
        example: "{type: context-relevance, context: Tea is served at five., threshold: 0.5}",
        accepts: "A good answer.",
        rejects: "A bad answer.",
        parse: |parameters| read(parameters, Question::ContextRelevance),
    },
];

/// What a judge is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Question {
    Rubric,
    Factuality,
    ClosedQa,
    Graded,
    Relevance,
    Faithfulness,
    Recall,
    ContextRelevance,
}

impl Question {
    fn text(self) -> Text {
        match self {
            Self::Rubric => Text::Rubric,
            Self::Factuality => Text::Factuality,
            Self::ClosedQa => Text::ClosedQa,
            Self::Graded => Text::Graded,
            Self::Relevance => Text::Relevance,
            Self::Faithfulness => Text::Faithfulness,
            Self::Recall => Text::Recall,
            Self::ContextRelevance => Text::ContextRelevance,
        }
    }

    fn form(self) -> Form {
        match self {
            Self::Rubric => Form::Pass,
            Self::Factuality => Form::Choice("ABCDE"),
            Self::ClosedQa => Form::Choice("YN"),
            Self::Graded | Self::Relevance => Form::Score(10),
            Self::Faithfulness | Self::Recall | Self::ContextRelevance => Form::Statements,
        }
    }

    fn takes_value(self) -> bool {
        matches!(self, Self::Rubric | Self::Factuality | Self::ClosedQa | Self::Graded | Self::Recall)
    }

    fn takes_context(self) -> bool {
        matches!(self, Self::Faithfulness | Self::Recall | Self::ContextRelevance)
    }

    fn takes_question(self) -> bool {
        !matches!(self, Self::Rubric | Self::Recall)
    }
}

fn read(parameters: &Parameters<'_>, question: Question) -> Parsed {
    let mut problems = Vec::new();
    let mut keep = |read: Result<Template, Problem>| read.map_err(|problem| problems.push(problem)).ok();
    let value = if question.takes_value() { keep(required(parameters).and_then(criteria)) } else { None };
    let written = |key: &str| parameters.all.get(key).filter(|value| !value.is_null());
    let context = match written("context") {
        Some(value) => keep(text(value, "context")),
        None if question.takes_context() => keep(Err(missing("context"))),
        None => None,
    };
    let asked = written("question").and_then(|value| keep(text(value, "question")));
    let threshold = match question {
        Question::Factuality | Question::ClosedQa => Ok(None),
        Question::Rubric => optional_threshold(parameters),
        Question::Graded | Question::Relevance | Question::Faithfulness | Question::Recall | Question::ContextRelevance => {
            threshold(parameters).map(Some)
        }
    };
    let threshold = threshold.unwrap_or_else(|problem| {
        problems.push(problem);
        None
    });
    let judge = provider(written("judge"), "judge").unwrap_or_else(|problem| {
        problems.push(problem);
        None
    });
    if !problems.is_empty() {
        return Err(problems);
    }
    Ok(Arc::new(ByJudge { question, value, reference: None, context, asked, threshold, judge: Grader::Judge(judge) }))
}

/// The name of a provider.
pub(super) fn provider(written: Option<&Value>, key: &str) -> Result<Option<String>, Problem> {
    match written {
        None => Ok(None),
        Some(Value::String(name)) if !name.trim().is_empty() => Ok(Some(name.clone())),
        Some(other) => Err(unexpected(key, "the name of a provider", other)),
    }
}

/// Criteria: a text, or a list that is numbered.
fn criteria(value: &Value) -> Result<Template, Problem> {
    let Value::Array(items) = value else { return text(value, "value") };
    let lines: Option<Vec<String>> =
        items.iter().enumerate().map(|(index, item)| item.as_str().map(|line| format!("{}. {line}", index + 1))).collect();
    match lines {
        Some(lines) if !lines.is_empty() => text(&json!(lines.join("\n")), "value"),
        _ => Err(unexpected("value", "a text or a list of texts", value)),
    }
}

#[derive(Debug)]
struct ByJudge {
    question: Question,
    value: Option<Template>,
    /// What `value` is about and cannot do without.
    reference: Option<Template>,
    context: Option<Template>,
    asked: Option<Template>,
    threshold: Option<f64>,
    judge: Grader,
}

/// A check that scores the answer by these criteria, as `g-eval` does; without a `reference` that they name nothing can be scored.
pub(super) fn graded(criteria: Template, reference: Option<Template>, threshold: f64, judge: Grader) -> Arc<dyn Check> {
    let (value, threshold) = (Some(criteria), Some(threshold));
    Arc::new(ByJudge { question: Question::Graded, value, reference, context: None, asked: None, threshold, judge })
}

impl ByJudge {
    fn need(&self, subject: &Subject<'_>) -> Result<Need, TemplateError> {
        let (value, context) = (filled(self.value.as_ref(), subject)?, filled(self.context.as_ref(), subject)?);
        let asked = filled(self.asked.as_ref(), subject)?.unwrap_or_else(|| question_of(subject));
        let mut parts = vec![("answer", subject.answer.text.as_str())];
        parts.extend(value.as_deref().map(|value| ("value", value)));
        parts.extend(context.as_deref().map(|context| ("context", context)));
        if self.question.takes_question() {
            parts.push(("question", &asked));
        }
        let form = self.question.form();
        Ok(Need::Judge { judge: self.judge.clone(), messages: messages(self.question.text(), &form, &parts), form })
    }

    fn judged(&self, verdict: &Verdict) -> Judgement {
        let told = |what: String| if verdict.reason.is_empty() { what } else { format!("{what}: {}", verdict.reason) };
        if let Some(choice) = verdict.choice {
            let (passed, meaning) = match (self.question, choice) {
                (Question::Factuality, 'A') => (true, "says less than the reference and nothing against it"),
                (Question::Factuality, 'B') => (true, "says more than the reference and nothing against it"),
                (Question::Factuality, 'C') => (true, "says the same as the reference"),
                (Question::Factuality, 'E') => (true, "differs from the reference in what does not matter"),
                (Question::Factuality, _) => (false, "contradicts the reference"),
                (_, 'Y') => (true, "meets the criterion"),
                _ => (false, "does not meet the criterion"),
            };
            return Judgement::new(passed, told(format!("the judge chose {choice}, {meaning}")));
        }
        let enough = self.threshold.is_none_or(|threshold| reaches(verdict.score, threshold));
        let least = self.threshold.map(|threshold| format!(", at least {threshold} required")).unwrap_or_default();
        let said = match verdict.passed {
            Some(true) => "the judge passed it with ",
            Some(false) => "the judge failed it with ",
            None => "the judge's score is ",
        };
        Judgement::scored(verdict.passed.unwrap_or(true) && enough, verdict.score, told(format!("{said}{:.2}{least}", verdict.score)))
    }
}

fn filled(template: Option<&Template>, subject: &Subject<'_>) -> Result<Option<String>, TemplateError> {
    template.map(|template| render(template, subject.variables).map(Cow::into_owned)).transpose()
}

/// The last user message of the request.
pub(super) fn question_of(subject: &Subject<'_>) -> String {
    let messages = subject.request.map(|request| request.messages.as_slice()).unwrap_or_default();
    messages
        .iter()
        .rev()
        .find(|message| message.role == Role::User)
        .or(messages.last())
        .map(|message| message.content.clone())
        .unwrap_or_default()
}

impl Check for ByJudge {
    fn judge(&self, subject: &Subject<'_>) -> Judgement {
        match self.need(subject) {
            Err(error) => Judgement::undecided(error.message),
            Ok(need) => match subject.replies.and_then(|replies| replies.to(&need)) {
                Some(Reply::Verdict(verdict)) => self.judged(verdict),
                Some(Reply::Vectors(_)) | None => Judgement::undecided("the judge was not asked"),
            },
        }
    }

    fn prepare(&self, variables: &Variables) -> Result<(), TemplateError> {
        for (name, template) in
            [("value", &self.value), ("expected", &self.reference), ("context", &self.context), ("question", &self.asked)]
        {
            if let Some(template) = template
                && render(template, variables)?.trim().is_empty()
            {
                return Err(unfit(format!("`{name}` is empty with these variables")));
            }
        }
        Ok(())
    }

    fn graders(&self) -> Vec<Grader> {
        vec![self.judge.clone()]
    }

    fn needs(&self, subject: &Subject<'_>) -> Vec<Need> {
        self.need(subject).into_iter().collect()
    }
}
