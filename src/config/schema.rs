//! The JSON Schema of the configuration for editors.

use serde_json::{Map, Value, json};

use super::{cases, check::schema_of, raw};
use crate::domain::suite::assertion::{
    Kind, kinds,
    rule::{self, About, Parameter},
};

/// The schema of `prompt-cicd.yml`, cases and assertions included.
pub fn schema() -> Value {
    let mut schema = schema_of::<raw::File>();
    replace(&mut schema, "/properties/version", &json!({"description": "The version of this file's form.", "const": 1}));
    replace(&mut schema, "/$defs/Suite/properties/cases", &case_source());
    replace(&mut schema, "/$defs/CaseDefaults/properties/assert", &list_of("Assertion", "Assertions beside the case's own."));
    if let Some(definitions) = schema.get_mut("$defs").and_then(Value::as_object_mut) {
        definitions.insert("Case".to_owned(), case());
        definitions.insert("Assertion".to_owned(), assertion());
    }
    if let Some(root) = schema.as_object_mut() {
        root.insert("title".to_owned(), "prompt-cicd.yml".into());
        root.insert("patternProperties".to_owned(), json!({"^x-": true}));
    }
    schema
}

fn replace(schema: &mut Value, pointer: &str, with: &Value) {
    *schema.pointer_mut(pointer).expect("the raw types have this property") = with.clone();
}

fn list_of(name: &str, description: &str) -> Value {
    json!({"description": description, "type": "array", "items": {"$ref": format!("#/$defs/{name}")}})
}

fn case_source() -> Value {
    json!({
        "description": "The cases: a file, a list of files, or the cases themselves; without them those of the prompt's file.",
        "anyOf": [
            {"type": "string", "minLength": 1},
            {"type": "array", "minItems": 1, "items": {"type": "string", "minLength": 1}},
            {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/Case"}},
        ]
    })
}

fn case() -> Value {
    let properties: Map<String, Value> = cases::KEYS
        .iter()
        .map(|(key, about)| {
            let mut property = match *key {
                "id" => json!({"type": ["string", "integer"]}),
                "vars" => json!({"type": "object"}),
                "assert" => list_of("Assertion", ""),
                "threshold" => json!({"type": "number", "minimum": 0, "maximum": 1}),
                "tags" => json!({"type": "array", "items": {"type": "string"}}),
                "expected" => json!({}),
                _ => json!({"type": "string"}),
            };
            describe(&mut property, about);
            ((*key).to_owned(), property)
        })
        .collect();
    json!({
        "description": "One set of variables with its assertions.",
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    })
}

fn describe(property: &mut Value, about: &str) {
    if let Some(property) = property.as_object_mut() {
        property.insert("description".to_owned(), about.into());
    }
}

/// An assertion's name alone, its short form (one key, the name), or its long form (`type` and more).
fn assertion() -> Value {
    let both = || kinds().flat_map(|kind| [(kind.name.to_owned(), kind), (format!("not-{}", kind.name), kind)]);
    let names: Vec<String> = both().map(|(name, _)| name).collect();
    let short: Map<String, Value> = both().map(|(name, kind)| (name, json!({"description": kind.summary}))).collect();
    let weight = json!({"description": "Its share in the case's score; 0 makes it informational.", "type": "number", "minimum": 0});
    let mut long = vec![json!({"properties": {"type": {"description": "The kind of assertion.", "enum": names}, "weight": weight}})];
    long.extend(kinds().map(long_form));
    json!({
        "description": "A check on an answer: `contains: text`, or `{type: contains, value: text, weight: 2}`. `not-` in front negates it.",
        "anyOf": [
            {"enum": names},
            {"type": "string", "pattern": rules()},
            {"type": "object", "properties": short, "additionalProperties": false, "minProperties": 1, "maxProperties": 1},
            {"type": "object", "required": ["type"], "allOf": long},
        ]
    })
}

/// The validation rules that judge answers, as a pattern. A name alone that is a kind of ours means the kind.
fn rules() -> String {
    let judging = rule::KINDS.iter().filter(|rule| rule.about != About::Prompt);
    let written = judging.map(|rule| match rule.parameter {
        Parameter::None => rule.name.to_owned(),
        Parameter::Optional(_) if kinds().all(|kind| kind.name != rule.name) => format!("{}(:.+)?", rule.name),
        Parameter::Optional(_) | Parameter::Required(_) => format!("{}:.+", rule.name),
    });
    format!("^({})$", written.collect::<Vec<_>>().join("|"))
}

/// What the long form of a kind takes.
fn long_form(kind: &Kind) -> Value {
    let is_kind = json!({"enum": [kind.name, format!("not-{}", kind.name)]});
    let mut properties: Map<String, Value> =
        kind.keys.iter().map(|(key, about)| ((*key).to_owned(), json!({"description": about}))).collect();
    properties.insert("type".to_owned(), json!({"description": kind.summary}));
    properties.insert("weight".to_owned(), json!({"description": "Its share in the case's score."}));
    json!({"if": {"properties": {"type": is_kind}}, "then": {"properties": properties, "additionalProperties": false}})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{config::STARTER, domain::suite::assertion::Assertion};

    fn accepts(value: &Value) -> bool {
        jsonschema::draft202012::new(&schema()).unwrap().is_valid(value)
    }

    #[test]
    fn it_accepts_what_init_writes_and_refuses_unknown_keys() {
        let mut starter: Value = serde_yaml::from_str(STARTER).unwrap();
        assert!(accepts(&starter));
        starter["x-anything"] = json!({"a": 1});
        assert!(accepts(&starter));
        for (pointer, wrong) in [
            ("/version", json!(2)),
            ("/suites/0/cases", json!([{"vasr": {}}])),
            ("/suites/0/limits", json!(null)),
            ("/suites/0/defaults/assert/0", json!({"contians": "x"})),
            ("/suites/0/defaults/assert/1", json!({"type": "max-words", "vlaue": 1})),
        ] {
            let mut changed = starter.clone();
            match changed.pointer_mut(pointer) {
                Some(value) => *value = wrong,
                None => changed["suites"][0]["limits"] = wrong,
            }
            assert!(!accepts(&changed), "{pointer}");
        }
    }

    #[test]
    fn every_key_is_described() {
        fn undescribed(schema: &Value, at: &str, found: &mut Vec<String>) {
            let Some(map) = schema.as_object() else { return };
            for (key, property) in map.get("properties").and_then(Value::as_object).into_iter().flatten() {
                if property.get("description").is_none() {
                    found.push(format!("{at}/{key}"));
                }
            }
            for (key, below) in map.iter().filter(|(key, _)| *key != "if") {
                undescribed(below, &format!("{at}/{key}"), found);
            }
        }
        let mut found = Vec::new();
        undescribed(&schema(), "", &mut found);
        assert_eq!(found, Vec::<String>::new());
    }

    #[test]
    fn every_example_of_an_assertion_is_accepted() {
        for kind in kinds() {
            let example: Value = serde_yaml::from_str(kind.example).unwrap();
            let config = json!({"version": 1, "suites": [{"name": "a", "prompt": "p", "cases": [{"assert": [example]}]}]});
            assert!(accepts(&config), "{}", kind.example);
        }
    }

    #[test]
    fn validation_rules_are_accepted_as_they_are_read() {
        for (text, good) in [
            ("exact_match", true),
            ("contains:12:30", true),
            ("length_range:1,50", true),
            ("regex_match", true),
            ("contains", false),
            ("max_execution_time", false),
            ("no_profanity", false),
            ("exact_mtach", false),
        ] {
            let config = json!({"version": 1, "suites": [{"name": "a", "prompt": "p", "cases": [{"assert": [text]}]}]});
            let kind = kinds().any(|kind| kind.name == text);
            assert_eq!(accepts(&config), good || kind, "{text}");
            assert_eq!(Assertion::parse(&json!(text)).is_ok(), good, "{text}");
        }
    }
}
