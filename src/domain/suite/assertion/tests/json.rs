use super::{parse, problems, reason};

#[test]
fn the_whole_answer_must_be_json() {
    for text in ["{}", " [1]\n", "42", "\"x\"", "null", "-1.5e3"] {
        assert_eq!(reason("is-json", text, true), "is JSON");
    }
    assert_eq!(reason("is-json", "", false), "is not JSON: the answer is empty");
    assert_eq!(reason("is-json", "{\"é\": x}", false), "is not JSON: line 1 column 7: expected value");
    assert!(reason("is-json", "```json\n{}\n```", false).ends_with("(it is in a code fence; `contains-json` looks inside)"));
    assert!(reason("is-json", "{} extra", false).contains("trailing characters"));
    assert!(reason("is-json", "[1e999]", false).contains("number out of range"));
    assert_eq!(reason("not-is-json", "{}", false), "is JSON, and must not");
}

#[test]
fn a_schema_names_what_does_not_fit() {
    let schema = "is-json: {type: object, required: [age, name], properties: {age: {type: integer}, 'a b': {items: {minLength: 2}}}}";
    assert_eq!(reason(schema, "{\"age\": 1, \"name\": 2}", true), "is JSON that fits the schema");
    assert_eq!(
        reason(schema, "{\"age\": \"x\", \"a b\": [\"q\"]}", false),
        "$: \"name\" is a required property; $.age: \"x\" is not of type \"integer\"; $[\"a b\"][0]: \"q\" is shorter than 2 characters"
    );
    assert!(reason("is-json: {items: {type: string}}", "[1, 2, 3, 4]", false).ends_with("$[2]: 3 is not of type \"string\"; and more"));
    reason("is-json: true", "1", true);
}

#[test]
fn formats_are_checked() {
    reason("is-json: {format: email}", "\"ana@example.org\"", true);
    assert_eq!(reason("is-json: {format: email}", "\"ana\"", false), "$: \"ana\" is not a \"email\"");
    assert_eq!(problems("is-json: {format: emial}"), ["is-json.format: unknown format `emial` ()"]);
}

#[test]
fn a_broken_schema_is_a_problem_with_a_path() {
    let types = "types are string, number, integer, boolean, array, object and null";
    assert_eq!(
        problems("{type: is-json, value: {properties: {age: {type: int}, name: {minLength: x}}}}"),
        [
            format!("value.properties.age.type: \"int\" is no type ({types})"),
            "value.properties.name.minLength: not a JSON Schema: \"x\" is not of type \"integer\" ()".to_owned(),
        ]
    );
    assert!(problems("contains-json: {pattern: '('}").first().unwrap().starts_with("contains-json.pattern: not a JSON Schema: "));
    assert_eq!(problems("is-json: text"), ["is-json: expected a JSON Schema, found text ()"]);
    assert!(problems("is-json: false").first().unwrap().contains("negate an assertion with `not-`"));
    assert!(problems("is-json: {$ref: '#/$defs/none'}").first().unwrap().contains("'/$defs/none' does not exist"));
    assert!(problems("is-json: {$schema: 'http://nope/'}").first().unwrap().contains("Unknown meta-schema"));
}

#[test]
fn nothing_is_fetched_for_a_schema() {
    for address in ["https://example.com/x.json", "http://127.0.0.1:1/x.json", "file:///etc/passwd", "other.json"] {
        let found = problems(&format!("is-json: {{properties: {{a: {{$ref: '{address}'}}}}}}"));
        assert!(found.first().unwrap().contains("nothing is fetched"), "{address}: {found:?}");
    }
}

#[test]
fn older_drafts_and_schemas_in_circles_work() {
    reason("is-json: {$schema: 'http://json-schema.org/draft-04/schema#', maximum: 5, exclusiveMaximum: true}", "5", false);
    let tree = "is-json: {$ref: '#/$defs/t', $defs: {t: {type: object, additionalProperties: {$ref: '#/$defs/t'}}}}";
    reason(tree, "{\"a\": {\"b\": {}}}", true);
    reason(tree, "{\"a\": {\"b\": 1}}", false);
    for circle in ["{$ref: '#'}", "{allOf: [{$ref: '#'}]}", "{$ref: '#/$defs/a', $defs: {a: {$ref: '#/$defs/b'}, b: {$ref: '#/$defs/a'}}}"]
    {
        if parse(&format!("is-json: {circle}")).is_ok() {
            super::judge(&format!("is-json: {circle}"), "{}");
        }
    }
}

#[test]
fn a_long_value_is_quoted_in_part() {
    let found = reason("is-json: {type: integer}", &format!("\"{}\"", "x".repeat(1 << 20)), false);
    assert!(found.chars().count() < 200 && found.contains("… is not of type \"integer\""), "{found}");
    let found = reason("is-json: {additionalProperties: false}", &format!("{{\"{}\": 1}}", "x".repeat(1 << 20)), false);
    assert!(found.chars().count() < 400, "{found}");
}

#[test]
fn a_pattern_that_backtracks_ends() {
    reason("is-json: {pattern: '^(?=a)(a+)+$'}", &format!("\"{}b\"", "a".repeat(5_000)), false);
}

#[test]
fn contained_json_is_found_anywhere() {
    assert_eq!(reason("contains-json", "Sure: {\"a\": 1}.", true), "contains JSON");
    assert_eq!(reason("contains-json: {required: [a]}", "see [1]: ```json\n{\"a\": 1}\n```", true), "contains JSON that fits the schema");
    reason("contains-json", "42", true);
    assert_eq!(reason("contains-json", "about 42", false), "contains no JSON object or list");
    assert_eq!(reason("contains-json: {type: object}", "see [1]", false), "$: [1] is not of type \"object\"");
    assert_eq!(
        reason("contains-json: {type: object}", "see [1] and [2]", false),
        "none of 2 JSON values fits the schema; the first: $: [1] is not of type \"object\""
    );
    reason("contains-json: {required: [a]}", "{\"result\": {\"a\": 1}}", false);
}

#[test]
fn a_search_that_gives_up_passes_no_negation() {
    let brackets = "[".repeat(1 << 20);
    assert!(reason("contains-json", &brackets, false).contains("gave up"));
    reason("not-contains-json", &brackets, false);
    reason("not-contains-json", "[ [ [", true);
}
