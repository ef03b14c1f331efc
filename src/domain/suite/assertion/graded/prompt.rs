//! What judges are asked: one text of rules for all, and one for each kind. What is judged stands between fences whose
//! mark is made from it, so that no answer can contain its own fence and speak for us.

use std::sync::OnceLock;

use serde_json::{Map, Value, json};

use super::verdict::Form;
use crate::domain::{
    digest,
    prompt::{Message, Role, Template, Variables},
};

/// A text for judges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Text {
    Rules,
    Rubric,
    Factuality,
    ClosedQa,
    Graded,
    Relevance,
    Faithfulness,
    Recall,
    ContextRelevance,
}

/// Each text with its template.
const TEXTS: [(Text, &str); 9] = [
    (Text::Rules, include_str!("../../../../../templates/judge/rules.hbs")),
    (Text::Rubric, include_str!("../../../../../templates/judge/llm-rubric.hbs")),
    (Text::Factuality, include_str!("../../../../../templates/judge/factuality.hbs")),
    (Text::ClosedQa, include_str!("../../../../../templates/judge/closed-qa.hbs")),
    (Text::Graded, include_str!("../../../../../templates/judge/g-eval.hbs")),
    (Text::Relevance, include_str!("../../../../../templates/judge/answer-relevance.hbs")),
    (Text::Faithfulness, include_str!("../../../../../templates/judge/context-faithfulness.hbs")),
    (Text::Recall, include_str!("../../../../../templates/judge/context-recall.hbs")),
    (Text::ContextRelevance, include_str!("../../../../../templates/judge/context-relevance.hbs")),
];

fn template(text: Text) -> Option<&'static Template> {
    static TEMPLATES: OnceLock<Vec<(Text, Template)>> = OnceLock::new();
    let parse = |source: &str| Template::parse(source.trim_end()).expect("the judges' templates are tested");
    let all = TEMPLATES.get_or_init(|| TEXTS.iter().map(|(text, source)| (*text, parse(source))).collect());
    all.iter().find(|(known, _)| *known == text).map(|(_, template)| template)
}

/// The messages for a judge. `parts` are what is judged, each under the name that the template knows.
pub(super) fn messages(text: Text, form: &Form, parts: &[(&str, &str)]) -> Vec<Message> {
    let all: Vec<&str> = parts.iter().map(|(_, part)| *part).collect();
    let mark: String = digest::of_json(&json!(all)).chars().filter(char::is_ascii_hexdigit).take(16).collect();
    let fenced = |(name, part): &(&str, &str)| {
        let value = format!("<data {mark}>\n{part}\n</data {mark}>");
        ((*name).to_owned(), Value::String(value))
    };
    let mut values: Map<String, Value> = parts.iter().map(fenced).collect();
    values.insert("mark".to_owned(), json!(mark));
    values.insert("form".to_owned(), json!(form.example()));
    let variables = Variables::new(values);
    let of = |role, text| {
        let content = template(text)
            .and_then(|template| template.render(&variables).ok())
            .expect("the judges' templates are tested with their parts");
        Message { role, content }
    };
    vec![of(Role::System, Text::Rules), of(Role::User, text)]
}
