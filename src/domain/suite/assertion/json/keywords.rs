//! The keywords of JSON Schema: one that is misspelt is an annotation to a validator, and allows everything.

use serde_json::Value;

use super::schema::is_plain;
use crate::domain::{
    suggest::nearest,
    suite::assertion::{
        Problem,
        excerpt::{EXCERPT, shorten},
    },
};

/// Keywords whose value is a schema, or a list of schemas.
const SCHEMAS: [&str; 16] = [
    "additionalItems",
    "additionalProperties",
    "allOf",
    "anyOf",
    "contains",
    "contentSchema",
    "else",
    "if",
    "items",
    "not",
    "oneOf",
    "prefixItems",
    "propertyNames",
    "then",
    "unevaluatedItems",
    "unevaluatedProperties",
];

/// Keywords whose value is a map of names to schemas.
const MAPS: [&str; 6] = ["$defs", "definitions", "dependencies", "dependentSchemas", "patternProperties", "properties"];

/// All others, of every draft, and what `OpenAPI` adds.
const OTHERS: [&str; 44] = [
    "$anchor",
    "$comment",
    "$dynamicAnchor",
    "$dynamicRef",
    "$id",
    "$recursiveAnchor",
    "$recursiveRef",
    "$ref",
    "$schema",
    "$vocabulary",
    "const",
    "contentEncoding",
    "contentMediaType",
    "default",
    "dependentRequired",
    "deprecated",
    "description",
    "discriminator",
    "enum",
    "example",
    "examples",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "externalDocs",
    "format",
    "id",
    "maxContains",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minContains",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "multipleOf",
    "nullable",
    "pattern",
    "readOnly",
    "required",
    "title",
    "type",
    "uniqueItems",
];

/// How many characters longer or shorter a misspelt keyword is at most: `enumNames` is somebody's own annotation.
const MOST_CHARACTERS: usize = 2;

/// Reports every key that is nearly a keyword, in a schema and in those below it.
pub(super) fn check(schema: &Value, path: &str, problems: &mut Vec<Problem>) {
    let Some(keys) = schema.as_object() else { return };
    for (key, value) in keys {
        if SCHEMAS.contains(&key.as_str()) {
            match value {
                Value::Array(items) => {
                    items.iter().enumerate().for_each(|(index, item)| check(item, &format!("{path}.{key}[{index}]"), problems));
                }
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
                    check(value, &format!("{path}.{key}"), problems);
                }
            }
        } else if MAPS.contains(&key.as_str()) {
            for (name, item) in value.as_object().into_iter().flatten() {
                let below = if is_plain(name) { format!("{path}.{key}.{name}") } else { format!("{path}.{key}") };
                check(item, &below, problems);
            }
        } else if let Some(meant) = misspelt(key) {
            let problem = Problem::new(path, format!("`{}` is no keyword of JSON Schema, and would be passed over", shorten(key, EXCERPT)));
            problems.push(problem.with_help(format!("did you mean `{meant}`? keys of your own begin with `x-`")));
        }
    }
}

fn misspelt(key: &str) -> Option<&'static str> {
    if OTHERS.contains(&key) || key.starts_with("x-") {
        return None;
    }
    let near = |known: &&str| known.chars().count().abs_diff(key.chars().count()) <= MOST_CHARACTERS;
    nearest(key, SCHEMAS.into_iter().chain(MAPS).chain(OTHERS).filter(near))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn found(schema: &Value) -> Vec<String> {
        let mut problems = Vec::new();
        check(schema, "value", &mut problems);
        problems
            .into_iter()
            .map(|problem| format!("{}: {} ({})", problem.path, problem.message, problem.help.unwrap_or_default()))
            .collect()
    }

    #[test]
    fn a_misspelt_keyword_is_found_wherever_a_schema_may_stand() {
        for (schema, place, meant) in [
            (json!({"typ": "object"}), "value: `typ`", "type"),
            (json!({"type": "object", "requird": ["a"]}), "value: `requird`", "required"),
            (json!({"propertys": {}}), "value: `propertys`", "properties"),
            (json!({"additionalproperties": false}), "value: `additionalproperties`", "additionalProperties"),
            (json!({"properties": {"a": {"min-length": 3}}}), "value.properties.a: `min-length`", "minLength"),
            (json!({"anyOf": [true, {"items": {"patern": "a"}}]}), "value.anyOf[1].items: `patern`", "pattern"),
            (json!({"$defs": {"x": {"not": {"enun": [1]}}}}), "value.$defs.x.not: `enun`", "enum"),
        ] {
            let said = found(&schema);
            assert_eq!(said.len(), 1, "{schema}: {said:?}");
            assert!(said[0].starts_with(place) && said[0].contains(&format!("did you mean `{meant}`?")), "{said:?}");
        }
    }

    #[test]
    fn names_values_and_annotations_are_no_keywords() {
        for schema in [
            json!(true),
            json!({"properties": {"typ": {"type": "string"}, "requird": true}, "required": ["typ"]}),
            json!({"const": {"typ": 1}, "enum": [{"typ": 1}], "default": {"typ": 1}, "examples": [{"typ": 1}]}),
            json!({"x-typ": 1, "enumNames": ["a"], "propertyOrdering": ["a"], "errorMessage": "no", "owner": "me", "nullable": true}),
            json!({"dependencies": {"a": ["typ"]}, "dependentRequired": {"typ": ["a"]}}),
        ] {
            assert!(found(&schema).is_empty(), "{schema}: {:?}", found(&schema));
        }
    }
}
