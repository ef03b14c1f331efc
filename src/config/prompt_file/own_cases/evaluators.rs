//! GitHub's `evaluators`.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::super::Reader;
use crate::{
    config::{
        check::{mistyped, unknown_key_of},
        path::Path,
        problems::Finding,
        suggest,
    },
    domain::{
        prompt::Template,
        suite::assertion::{
            Assertion,
            graded::{
                evaluator::{self, Llm},
                verdict::Choice,
            },
        },
    },
};

/// GitHub's checks of texts and our kinds for them. GitHub minds letter case in `equals` alone.
const STRINGS: [(&str, &str); 4] =
    [("equals", "equals"), ("contains", "icontains"), ("startsWith", "istarts-with"), ("endsWith", "iends-with")];

/// The highest score of a choice.
const MOST_SCORE: f64 = 100.0;

impl Reader<'_, '_> {
    /// Reads the evaluators; what is wrong is reported and left out.
    pub(super) fn evaluators(&mut self, value: &Value, path: &Path) -> Vec<Arc<Assertion>> {
        let Some(items) = value.as_array() else {
            self.problems.push(mistyped(path, "expected a list of evaluators", false, value));
            return Vec::new();
        };
        let mut assertions = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let path = path.index(index);
            match item {
                Value::Object(evaluator) => self.evaluator(evaluator, &path, &mut assertions),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                    self.problems.push(mistyped(&path, "expected an evaluator", false, item));
                }
            }
        }
        assertions
    }

    fn evaluator(&mut self, evaluator: &Map<String, Value>, path: &Path, assertions: &mut Vec<Arc<Assertion>>) {
        for key in evaluator.keys().filter(|key| !["name", "string", "llm", "uses"].contains(&key.as_str())) {
            self.problems.push(unknown_key_of(path, key, ["name", "string", "llm", "uses"]));
        }
        let name = evaluator.get("name").and_then(Value::as_str).filter(|name| !name.trim().is_empty());
        let by_model = evaluator.get("llm").map(|llm| self.llm(llm, &path.key("llm")));
        let by_model = by_model.into_iter().chain(evaluator.get("uses").map(|uses| self.uses(uses, &path.key("uses"))));
        assertions.extend(by_model.flatten().map(|assertion| {
            let label = name.map_or_else(|| assertion.label.clone(), str::to_owned);
            Arc::new(Assertion { label, ..assertion })
        }));
        match evaluator.get("string") {
            Some(Value::Object(checks)) => self.string_checks(checks, name, &path.key("string"), assertions),
            Some(other) => self.problems.push(mistyped(&path.key("string"), "expected a map such as `{contains: text}`", false, other)),
            None if evaluator.contains_key("llm") || evaluator.contains_key("uses") => {}
            None => {
                let help = "add for example `string: {contains: text}`".to_owned();
                self.problems.push(Finding::error(path.clone(), "the evaluator checks nothing").help(help));
            }
        }
    }

    /// One of GitHub's own evaluators.
    fn uses(&mut self, value: &Value, path: &Path) -> Option<Assertion> {
        let Some(name) = value.as_str() else {
            self.problems.push(mistyped(path, "expected the name of an evaluator such as `github/similarity`", false, value));
            return None;
        };
        let found = evaluator::built_in(name);
        if found.is_none() {
            let help = suggest::help(name, "there are", evaluator::built_in_names()).unwrap_or_default();
            self.problems.push(Finding::error(path.clone(), format!("there is no evaluator `{}`", suggest::shorten(name))).help(help));
        }
        found
    }

    /// A prompt of its own with choices.
    fn llm(&mut self, value: &Value, path: &Path) -> Option<Assertion> {
        const KEYS: [&str; 4] = ["modelId", "systemPrompt", "prompt", "choices"];
        let Value::Object(llm) = value else {
            self.problems.push(mistyped(path, "expected a map such as `{modelId: …, prompt: …, choices: […]}`", false, value));
            return None;
        };
        for key in llm.keys().filter(|key| !KEYS.contains(&key.as_str())) {
            self.problems.push(unknown_key_of(path, key, KEYS));
        }
        let model = llm.get("modelId").and_then(|model| self.text(model, &path.key("modelId")));
        let system = llm.get("systemPrompt").and_then(|system| self.template(system, &path.key("systemPrompt")));
        let prompt = if let Some(prompt) = llm.get("prompt") {
            self.template(prompt, &path.key("prompt"))
        } else {
            self.error(path.clone(), "`prompt` is missing", "write what the judge is asked; `{{completion}}` is the answer");
            None
        };
        let choices = self.choices(llm.get("choices"), path);
        let prompt = prompt.filter(|prompt| {
            let shown = [Some(prompt), system.as_ref()].into_iter().flatten().any(|text| text.variables().contains(evaluator::COMPLETION));
            if !shown {
                self.error(
                    path.key("prompt"),
                    "the prompt does not show the answer to the judge",
                    "write `{{completion}}` where the answer goes",
                );
            }
            shown
        });
        Some(Llm { model, system, prompt: prompt?, choices: choices?.into() }.into())
    }

    fn choices(&mut self, value: Option<&Value>, path: &Path) -> Option<Vec<Choice>> {
        const HELP: &str = "write for example `choices: [{choice: poor, score: 0}, {choice: good, score: 1}]`";
        let at = path.key("choices");
        let Some(items) = value.and_then(Value::as_array).filter(|items| !items.is_empty()) else {
            self.error(if value.is_some() { at } else { path.clone() }, "the judge has no `choices`", HELP);
            return None;
        };
        let mut read: Vec<Choice> = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let at = at.index(index);
            let word = item.get("choice").map(|word| word.as_str().map_or_else(|| word.to_string(), str::to_owned));
            let score = item.get("score").and_then(Value::as_f64).filter(|score| (0.0..=MOST_SCORE).contains(score));
            for key in item.as_object().into_iter().flat_map(Map::keys).filter(|key| !["choice", "score"].contains(&key.as_str())) {
                self.problems.push(unknown_key_of(&at, key, ["choice", "score"]));
            }
            let word = word.filter(|word| word.chars().any(char::is_alphanumeric));
            let twice = word.as_ref().is_some_and(|word| read.iter().any(|known| known.is_like(word)));
            match (word, score) {
                _ if twice => self.error(at, "no answer of a judge can tell this choice from an earlier one", "take one of them out"),
                (Some(word), Some(score)) => read.push(Choice { word, score }),
                _ => self.error(at, format!("expected a `choice` with a `score` from 0 to {MOST_SCORE}"), HELP),
            }
        }
        if read.len() != items.len() {
            return None;
        }
        let most = read.iter().map(|choice| choice.score).fold(0.0, f64::max);
        if most <= 0.0 {
            self.error(at, "no choice passes: each has a score of 0", HELP);
            return None;
        }
        if read.iter().all(|choice| choice.score > 0.0) {
            self.error(at, "every choice passes: none has a score of 0", HELP);
            return None;
        }
        // A score above 1 is a share of the best one.
        for choice in &mut read {
            choice.score /= most.max(1.0);
        }
        Some(read)
    }

    fn text(&mut self, value: &Value, path: &Path) -> Option<String> {
        let text = value.as_str().filter(|text| !text.trim().is_empty()).map(str::to_owned);
        if text.is_none() {
            self.problems.push(mistyped(path, "expected a text", false, value));
        }
        text
    }

    fn template(&mut self, value: &Value, path: &Path) -> Option<Template> {
        let text = self.text(value, path)?;
        Template::parse(&text)
            .map_err(|error| {
                let place = format!("{} (line {} column {})", error.message, error.line, error.column);
                self.problems.push(Finding::error(path.clone(), place));
            })
            .ok()
    }

    fn string_checks(&mut self, checks: &Map<String, Value>, name: Option<&str>, path: &Path, assertions: &mut Vec<Arc<Assertion>>) {
        if checks.is_empty() {
            self.problems.push(Finding::error(path.clone(), "the evaluator checks nothing").help("add `contains: text`".to_owned()));
        }
        for (key, value) in checks {
            let path = path.key(key.as_str());
            let Some((_, kind)) = STRINGS.iter().find(|(known, _)| known == key) else {
                let parent = path.split_last().map(|(parent, _)| parent).unwrap_or_default();
                self.problems.push(unknown_key_of(&parent, key, STRINGS.map(|(known, _)| known)));
                continue;
            };
            match Assertion::parse(&json!({"type": kind, "value": value})) {
                Ok(assertion) => {
                    let label = name.map_or_else(|| assertion.label.clone(), str::to_owned);
                    assertions.push(Arc::new(Assertion { label, ..assertion }));
                }
                Err(problems) => {
                    self.problems
                        .extend(problems.into_iter().map(|problem| Finding::error(path.clone(), problem.message).help(problem.help)));
                }
            }
        }
    }
}
