//! JSON: the whole answer is JSON, or contains some.

use std::sync::Arc;

use crate::domain::prompt::{TemplateError, Variables};
use crate::domain::suite::assertion::{
    Check, Judgement, Kind, Parameters, Problem, Subject,
    excerpt::count,
    json::scan::{Scan, whole},
    json::schema::Schema,
};

pub(super) const KINDS: &[Kind] = &[
    Kind {
        name: "is-json",
        summary: "The whole answer is JSON and, where a schema is given, fits it.",
        source: "JSON is RFC 8259; schemas are JSON Schema 2020-12, by the crate jsonschema",
        keys: &[("value", "a JSON Schema (draft 2020-12 unless `$schema` names another); may be left out")],
        example: "is-json: {type: object, required: [age], properties: {age: {type: integer}}}",
        accepts: "{\"age\": 42}",
        rejects: "{\"age\": \"42\"}",
        parse: |parameters| Ok(Arc::new(IsJson(schema(parameters)?))),
    },
    Kind {
        name: "contains-json",
        summary: "The answer contains a JSON object or list, for example in a code fence, that fits the schema where one is given.",
        source: "JSON is RFC 8259; schemas are JSON Schema 2020-12, by the crate jsonschema",
        keys: &[("value", "a JSON Schema (draft 2020-12 unless `$schema` names another); may be left out")],
        example: "contains-json: {type: object, required: [age]}",
        accepts: "Here you are:\n```json\n{\"age\": 42}\n```",
        rejects: "Here you are: {\"name\": \"Ana\"}",
        parse: |parameters| Ok(Arc::new(ContainsJson(schema(parameters)?))),
    },
];

fn schema(parameters: &Parameters<'_>) -> Result<Option<Schema>, Vec<Problem>> {
    parameters.value.map(|value| Schema::parse(value, "value")).transpose()
}

#[derive(Debug)]
struct IsJson(Option<Schema>);

impl Check for IsJson {
    fn judge(&self, subject: &Subject<'_>) -> Judgement {
        let value = match whole(&subject.answer.text) {
            Ok(value) => value,
            Err(error) => return Judgement::new(false, format!("is not JSON: {error}")),
        };
        match &self.0 {
            None => Judgement::new(true, "is JSON"),
            Some(schema) => match schema.misfit(&value) {
                None => Judgement::new(true, "is JSON that fits the schema"),
                Some(misfit) => Judgement::new(false, misfit),
            },
        }
    }

    fn prepare(&self, _variables: &Variables) -> Result<(), TemplateError> {
        Ok(())
    }
}

#[derive(Debug)]
struct ContainsJson(Option<Schema>);

impl Check for ContainsJson {
    fn judge(&self, subject: &Subject<'_>) -> Judgement {
        let text = subject.answer.text.as_str();
        let mut scan = Scan::new(text);
        // A bare number or text is JSON only when it is the whole answer.
        let bare = if text.trim_start().starts_with(['{', '[']) { None } else { whole(text).ok() };
        let mut seen = 0_usize;
        let mut first_misfit = None;
        for value in bare.into_iter().chain(scan.by_ref()) {
            seen += 1;
            match self.0.as_ref().and_then(|schema| schema.misfit(&value)) {
                None => {
                    let fit = if self.0.is_some() { " that fits the schema" } else { "" };
                    return Judgement::new(true, format!("contains JSON{fit}"));
                }
                Some(misfit) => first_misfit = first_misfit.or(Some(misfit)),
            }
        }
        let found = match first_misfit {
            None => "contains no JSON object or list".to_owned(),
            Some(misfit) if seen == 1 => misfit,
            Some(misfit) => format!("none of {} fits the schema; the first: {misfit}", count(seen, "JSON value")),
        };
        if scan.gave_up {
            return Judgement::undecided(format!("{found}; gave up searching among brackets that never close"));
        }
        Judgement::new(false, found)
    }

    fn prepare(&self, _variables: &Variables) -> Result<(), TemplateError> {
        Ok(())
    }
}
