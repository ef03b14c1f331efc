//! GitHub's `evaluators` that ask a model: `llm`, with a prompt and choices of its own, and `uses: github/…`.
//! As there, a choice whose score is above 0 passes, so one of them must have a score of 0.

use std::sync::Arc;

use super::{
    by_judge::{graded, question_of},
    need::{Grader, Need, Reply},
    verdict::{Choice, Form},
};
use crate::domain::{
    prompt::{Message, Role, Template, TemplateError, Variables},
    suite::assertion::{Assertion, Check, Judgement, Subject, operand::unfit},
};

/// The variable that holds the answer in an evaluator's prompt.
pub const COMPLETION: &str = "completion";

/// Where criteria have the case's reference.
const REFERENCE: &str = "{{expected}}";

/// The model that GitHub asks for those which name none.
const MODEL: &str = "openai/gpt-4o";

/// The least score of GitHub's own evaluators that passes: two of five stars, where one is worth 0 and five are worth 1.
const LEAST: f64 = 0.25;

/// GitHub's own evaluators and what they ask about, in our words.
const BUILT_IN: [(&str, &str); 5] = [
    (
        "github/similarity",
        "The answer says what this reference says: nothing that matters is missing from it, and nothing in it is against the reference. \
         Other words and another order do not matter.\nReference:\n{{expected}}",
    ),
    ("github/relevance", "The answer deals with the question: it is right, complete, and without matters that nobody asked about."),
    (
        "github/groundedness",
        "Every statement of the answer rests on this context; what the context does not say counts against it, however true it may be.\n\
         Context:\n{{expected}}",
    ),
    (
        "github/coherence",
        "The answer is one train of thought: its sentences follow from one another, and it leads from the question to a conclusion.",
    ),
    ("github/fluency", "The language of the answer is correct, varied and easy to read. What it says does not matter here."),
];

/// The names of GitHub's own evaluators.
pub fn built_in_names() -> impl Iterator<Item = &'static str> {
    BUILT_IN.iter().map(|(name, _)| *name)
}

/// One of GitHub's own evaluators; `None` where there is no such.
pub fn built_in(name: &str) -> Option<Assertion> {
    let (name, criteria) = BUILT_IN.iter().find(|(known, _)| *known == name)?;
    let parse = |text| Template::parse(text).expect("our own criteria parse");
    let reference = criteria.contains(REFERENCE).then(|| parse(REFERENCE));
    Some(assertion(name, graded(parse(criteria), reference, LEAST, Grader::Evaluator(Some(MODEL.to_owned())))))
}

/// An evaluator `llm`, as it is written.
#[derive(Debug)]
pub struct Llm {
    /// The model it names.
    pub model: Option<String>,
    /// What the judge is told before.
    pub system: Option<Template>,
    /// What it is asked; `{{completion}}` is the answer.
    pub prompt: Template,
    /// What it may choose; not empty.
    pub choices: Arc<[Choice]>,
}

impl From<Llm> for Assertion {
    fn from(llm: Llm) -> Self {
        assertion("llm", Arc::new(llm))
    }
}

fn assertion(name: &str, check: Arc<dyn Check>) -> Assertion {
    Assertion { name: name.to_owned(), label: name.to_owned(), negated: false, weight: 1.0, check }
}

impl Llm {
    fn messages(&self, variables: &Variables, completion: &str, question: Option<&str>) -> Result<Vec<Message>, TemplateError> {
        let mut values = variables.values().clone();
        values.insert(COMPLETION.to_owned(), completion.into());
        if let (Some(question), false) = (question, values.contains_key("input")) {
            values.insert("input".to_owned(), question.into());
        }
        let values = Variables::new(values);
        let message = |role, template: &Template| template.render(&values).map(|content| Message { role, content });
        let system = self.system.iter().map(|template| message(Role::System, template));
        system.chain([message(Role::User, &self.prompt)]).collect()
    }

    fn need(&self, subject: &Subject<'_>) -> Result<Need, TemplateError> {
        let messages = self.messages(subject.variables, &subject.answer.text, Some(&question_of(subject)))?;
        Ok(Need::Judge { judge: self.grader(), messages, form: Form::OneOf(Arc::clone(&self.choices)) })
    }

    fn grader(&self) -> Grader {
        Grader::Evaluator(self.model.clone())
    }
}

impl Check for Llm {
    fn judge(&self, subject: &Subject<'_>) -> Judgement {
        match self.need(subject) {
            Err(error) => Judgement::undecided(error.message),
            Ok(need) => match subject.replies.and_then(|replies| replies.to(&need)) {
                Some(Reply::Verdict(verdict)) => {
                    let said = format!("the judge chose `{}`, which is worth {:.2}", verdict.reason, verdict.score);
                    Judgement::scored(verdict.passed == Some(true), verdict.score, said)
                }
                Some(Reply::Vectors(_)) | None => Judgement::undecided("the judge was not asked"),
            },
        }
    }

    fn prepare(&self, variables: &Variables) -> Result<(), TemplateError> {
        // Not a text that a condition in the prompt may be about.
        const SHOWN: &str = "\u{e000}the answer\u{e000}";
        let messages = self.messages(variables, SHOWN, Some("question"))?;
        if !messages.iter().any(|message| message.content.contains(SHOWN)) {
            return Err(unfit(
                "the evaluator's prompt does not show the answer with these variables: write `{{completion}}` where it goes",
            ));
        }
        if messages.iter().any(|message| message.content.trim().is_empty()) {
            return Err(unfit("the evaluator's prompt is empty with these variables"));
        }
        Ok(())
    }

    fn graders(&self) -> Vec<Grader> {
        vec![self.grader()]
    }

    fn needs(&self, subject: &Subject<'_>) -> Vec<Need> {
        self.need(subject).into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(text: &str) -> Result<(bool, f64), String> {
        let choice = |word: &str, score| Choice { word: word.to_owned(), score };
        let form = Form::OneOf(Arc::from([choice("poor", 0.0), choice("Good", 0.5), choice("very good", 1.0)]));
        form.read(text).map(|verdict| (verdict.passed.unwrap(), verdict.score)).map_err(|error| error.0)
    }

    #[test]
    fn a_choice_is_read_where_a_judge_writes_it() {
        for (said, expected) in [
            ("poor", (false, 0.0)),
            (" **Good.**\n", (true, 0.5)),
            ("It is not poor, nor is it brilliant.\nGood", (true, 0.5)),
            ("It could be poor.\nScore: `very good`", (true, 1.0)),
            ("Final score: \"Good\"", (true, 0.5)),
        ] {
            assert_eq!(read(said).unwrap(), expected, "{said}");
        }
    }

    #[test]
    fn what_chooses_nothing_or_twice_is_no_verdict() {
        for said in [
            "",
            "poorly",
            "brilliant",
            "between poor and good",
            "1",
            "not good",
            "The answer is no good",
            "I call that a poor answer.",
            "poor. It would be better to write: good",
            "-good",
            "The user wrote: good",
        ] {
            assert!(read(said).unwrap_err().contains("chooses none of"), "{said}");
        }
        let form = Form::OneOf(Arc::from(
            [("A", 1.0), ("C", 1.0), ("C++", 0.0), ("5", 1.0)].map(|(word, score)| Choice { word: word.to_owned(), score }),
        ));
        for said in ["It is a bad answer, I refuse", "4.5", "-5", "3 of 5", "5%"] {
            assert!(form.read(said).is_err(), "{said}");
        }
        assert_eq!(form.read("C++").unwrap().score.to_bits(), 0.0_f64.to_bits());
    }

    #[test]
    fn an_evaluator_of_githubs_scores_by_criteria_and_passes_from_two_stars() {
        assert_eq!(built_in_names().count(), 5);
        for name in built_in_names() {
            let assertion = built_in(name).unwrap();
            assert_eq!(assertion.graders(), [Grader::Evaluator(Some(MODEL.to_owned()))], "{name}");
            let variables = Variables::new(json!({"expected": "x"}).as_object().unwrap().clone());
            assertion.prepare(&variables).unwrap_or_else(|error| panic!("{name}: {}", error.message));
        }
        assert!(built_in("github/similarty").is_none());
        for name in ["github/similarity", "github/groundedness"] {
            for blank in [json!(""), json!(" \n")] {
                let blank = Variables::new(json!({"expected": blank}).as_object().unwrap().clone());
                let error = built_in(name).unwrap().prepare(&blank).unwrap_err();
                assert_eq!(error.message, "`expected` is empty with these variables", "{name}");
            }
        }
        let without = Variables::new(serde_json::Map::new());
        assert!(built_in("github/similarity").unwrap().prepare(&without).unwrap_err().message.contains("expected"));
    }

    #[test]
    fn the_answer_must_be_printed_for_the_judge() {
        let prepared = |prompt: &str, variables: Value| {
            let parse = |text: &str| Template::parse(text).unwrap();
            let choices = [("bad", 0.0), ("good", 1.0)].map(|(word, score)| Choice { word: word.to_owned(), score });
            let llm = Llm { model: None, system: Some(parse("Be strict.")), prompt: parse(prompt), choices: Arc::new(choices) };
            llm.prepare(&Variables::new(variables.as_object().unwrap().clone())).map_err(|error| error.message)
        };
        for prompt in
            ["{{completion}}", "{{#if completion}}{{completion}}{{/if}}", "{{{completion}}}!", "{{#with completion}}{{this}}{{/with}}"]
        {
            assert_eq!(prepared(prompt, json!({})), Ok(()), "{prompt}");
        }
        for prompt in ["{{#if completion}}Is it good?{{/if}}", "{{#unless completion}}{{completion}}{{/unless}}Good?", "Is it good?"] {
            assert!(prepared(prompt, json!({})).unwrap_err().contains("does not show the answer"), "{prompt}");
        }
        let by_case = "Good? {{#if show}}{{completion}}{{/if}}";
        assert_eq!(prepared(by_case, json!({"show": true})), Ok(()));
        assert!(prepared(by_case, json!({"show": false})).unwrap_err().contains("does not show the answer"));
    }
}
