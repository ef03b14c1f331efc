//! XML: the whole answer, or an element in it.

use std::sync::Arc;

use serde_json::Value;

use super::xml_scan::{Paths, document, elements};
use crate::domain::{
    prompt::{TemplateError, Variables},
    suite::assertion::{
        Check, Judgement, Kind, Parameters, Problem, Subject,
        excerpt::{code, list},
        operand::unexpected,
    },
};

pub(super) const KINDS: &[Kind] = &[
    Kind {
        name: "is-xml",
        summary: "The whole answer is one well-formed XML document and, where elements are named, has them. Entities other than XML's five are undefined, whatever a document type says.",
        source: "Extensible Markup Language (XML) 1.0; by the crate quick-xml",
        keys: &[("value", "elements it must have, as paths from the root such as `order.item`; may be left out")],
        example: "is-xml: [order.item]",
        accepts: "<order><item n=\"1\">Tea</item></order>",
        rejects: "<order><item>Tea</order>",
        parse: |parameters| Ok(Arc::new(Xml { paths: paths(parameters)?, whole: true })),
    },
    Kind {
        name: "contains-xml",
        summary: "The answer contains a well-formed XML element, for example in a code fence, that has the elements where some are named.",
        source: "Extensible Markup Language (XML) 1.0; by the crate quick-xml",
        keys: &[("value", "elements it must have, as paths from the outermost one such as `order.item`; may be left out")],
        example: "contains-xml: [order.item]",
        accepts: "Here you are:\n```xml\n<order><item>Tea</item></order>\n```",
        rejects: "Here you are: <order/>",
        parse: |parameters| Ok(Arc::new(Xml { paths: paths(parameters)?, whole: false })),
    },
];

fn paths(parameters: &Parameters<'_>) -> Result<Vec<String>, Vec<Problem>> {
    let Some(value) = parameters.value else { return Ok(Vec::new()) };
    let items = match value {
        Value::Array(items) => items.clone(),
        other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => vec![other.clone()],
    };
    let (mut paths, mut problems) = (Vec::new(), Vec::new());
    for (index, item) in items.iter().enumerate() {
        match item.as_str().filter(|path| !path.is_empty() && path.split('.').all(|part| !part.is_empty())) {
            Some(path) => paths.push(path.to_owned()),
            None => problems.push(unexpected(&format!("value[{index}]"), "the path of an element such as `order.item`", item)),
        }
    }
    if problems.is_empty() { Ok(paths) } else { Err(problems) }
}

#[derive(Debug)]
struct Xml {
    paths: Vec<String>,
    whole: bool,
}

impl Xml {
    fn lacking(&self, found: &Paths) -> Vec<String> {
        self.paths.iter().filter(|path| !found.contains(*path)).map(|path| code(path)).collect()
    }
}

impl Check for Xml {
    fn judge(&self, subject: &Subject<'_>) -> Judgement {
        let text = subject.answer.text.as_str();
        if self.whole {
            return match document(text) {
                Err(error) => Judgement::new(false, format!("is not XML: {}", code(&error))),
                Ok(found) => match self.lacking(&found) {
                    lacking if lacking.is_empty() => Judgement::new(true, "is XML"),
                    lacking => Judgement::new(false, format!("is XML without {}", list(&lacking))),
                },
            };
        }
        let (found, all) = elements(text);
        if found.iter().any(|element| self.lacking(element).is_empty()) {
            return Judgement::new(true, "contains XML");
        }
        let reason = match found.first() {
            None => "contains no XML element".to_owned(),
            Some(first) => format!("contains XML without {}", list(&self.lacking(first))),
        };
        if all {
            Judgement::new(false, reason)
        } else {
            Judgement::undecided(format!("{reason}; gave up searching among `<` that begin nothing"))
        }
    }

    fn prepare(&self, _variables: &Variables) -> Result<(), TemplateError> {
        Ok(())
    }
}
