use super::{parse, problems, reason, variables};

const PERSON: &str =
    r#"{"name": "Ana", "age": 42, "big": 9007199254740993, "tags": ["a", "b", 3], "price": 1.0, "none": null, "vip": true}"#;

#[track_caller]
fn check(comparison: &str, passes: bool) -> String {
    reason(&format!("{{type: json-path, {comparison}}}"), PERSON, passes)
}

#[test]
fn comparisons_hold_or_say_why_not() {
    assert_eq!(check("path: $.age, equals: 42", true), "`$.age`: 42 is 42");
    assert_eq!(check("path: $.age, equals: 41", false), "$['age']: 42 is not 41");
    assert_eq!(check("path: $.age, not-equals: 42", false), "$['age']: 42 is 42, and must not be");
    assert_eq!(check("path: $.age, gt: 42", false), "$['age']: 42 is not above 42");
    check("path: $.age, ge: 42", true);
    check("path: $.age, le: 42", true);
    assert_eq!(check("path: $.age, lt: 42.5", true), "`$.age`: 42 is below 42.5");
    assert_eq!(check("path: $.name, gt: 1", false), "$['name']: \"Ana\" is not above 1");
    assert_eq!(check("path: $.name, contains: x", false), "$['name']: \"Ana\" does not contain \"x\"");
    check("path: $.name, contains: na", true);
    check("path: $.tags, contains: 3.0", true);
    check("path: $.tags, contains: a", true);
    check("path: $.age, contains: 4", false);
    check("path: $.name, matches: '^A'", true);
    assert_eq!(check("path: $.name, matches: '^B'", false), "$['name']: \"Ana\" does not match `^B`");
    check("path: $.age, matches: '^4'", false);
}

#[test]
fn numbers_compare_by_value() {
    check("path: $.price, equals: 1", true);
    check("path: $.big, equals: 9007199254740992", false);
    check("path: $.big, gt: 9007199254740992", true);
    check("path: $.tags, equals: [a, b, 3.0]", true);
    check("path: $.tags, equals: [a, b]", false);
}

#[test]
fn types_are_those_of_json_schema() {
    for (path, is) in
        [("name", "string"), ("age", "integer"), ("age", "number"), ("price", "integer"), ("vip", "boolean"), ("tags", "array")]
    {
        check(&format!("path: $.{path}, is: {is}"), true);
    }
    check("path: $, is: object", true);
    check("path: $.none, is: 'null'", true);
    check("path: $.none, is: null", true);
    check("path: $.none, equals: null", true);
    assert_eq!(check("path: $.name, is: integer", false), "$['name']: \"Ana\" is not of type integer");
    assert_eq!(problems("{type: json-path, path: $, is: strng}"), ["is: unknown type `strng` (did you mean `string`?)"]);
}

#[test]
fn what_is_not_there_fails_unless_asked_for() {
    assert_eq!(check("path: $.nope, equals: 1", false), "`$.nope` finds nothing in the answer");
    check("path: $.nope, not-equals: 1", false);
    assert_eq!(check("path: $.nope, exists: false", true), "`$.nope` does not exist");
    assert_eq!(check("path: $.none, exists: true", true), "`$.none` exists");
    check("path: $.none, exists: false", false);
    reason("{type: not-json-path, path: $.name, exists: true}", PERSON, false);
}

#[test]
fn every_value_must_do() {
    assert_eq!(check("path: '$.tags[0,1]', is: string", true), "`$.tags[0,1]`: each of 2 values is of type string");
    assert_eq!(check("path: '$.tags[*]', is: string", false), "$['tags'][2]: 3 is not of type string; all 3 values must");
}

#[test]
fn an_answer_that_is_not_json_fails_either_way() {
    for yaml in ["{type: json-path, path: $.a, exists: false}", "{type: not-json-path, path: $.a, exists: true}"] {
        assert_eq!(reason(yaml, "Sorry!", false), "is not JSON: line 1 column 1: expected value");
    }
}

#[test]
fn variables_are_filled_in_and_alone_keep_their_type() {
    check("path: $.age, equals: '{{age}}'", true);
    check("path: $.age, equals: ' {{age}}'", false);
    check("path: $.name, equals: '{{name}}'", true);
    check("path: $.name, contains: '{{ name }}'", true);
    check("path: $.age, gt: '{{min}}'", true);
    check("path: $.name, matches: '^{{name}}$'", true);
    reason("{type: json-path, path: $, equals: '{{expected}}'}", "{\"age\": 42.0}", true);
    reason("{type: json-path, path: $, equals: {n: ['{{user.name}}', 'x{{age}}'], m: {}}}", "{\"m\": {}, \"n\": [\"Ben\", \"x42\"]}", true);
    let error =
        |comparison: &str| parse(&format!("{{type: json-path, path: $, {comparison}}}")).unwrap().prepare(&variables()).unwrap_err();
    assert_eq!(error("equals: [{a: '{{nmae}}'}]").missing.as_deref(), Some("nmae"));
    assert_eq!(error("equals: '{{nmae}}'").missing.as_deref(), Some("nmae"));
    assert_eq!(error("gt: '{{name}}'").message, "\"{{name}}\" is \"Ana\", not a number");
}

#[test]
fn a_broken_path_says_where() {
    assert!(problems("{type: json-path, path: age, gt: 1}").first().unwrap().contains("a path starts with `$`"));
    assert!(problems("{type: json-path, path: '$.é[?@.x > ', gt: 1}").first().unwrap().starts_with("path: column 10: "));
    assert!(problems("{type: json-path, path: 3, gt: 1}").first().unwrap().starts_with("path: expected a JSONPath"));
    let deep = format!("$[?{}@.a{}]", "@[?".repeat(30), "]".repeat(30));
    assert!(problems(&format!("{{type: json-path, path: '{deep}', gt: 1}}")).first().unwrap().contains("more than 8 deep"));
    let long = format!("$.{}", "a".repeat(5_000));
    assert!(problems(&format!("{{type: json-path, path: {long}, gt: 1}}")).first().unwrap().contains("longer than 1024 bytes"));
}

#[test]
fn exactly_one_comparison_is_needed() {
    assert!(problems("{type: json-path, path: $.a}").first().unwrap().starts_with(": a comparison is missing (write one of equals"));
    assert_eq!(
        problems("{type: json-path, path: $.a, gt: 1, lt: 3}"),
        ["lt: `lt` stands beside `gt`: an assertion takes one comparison (write one assertion for each)"]
    );
    assert_eq!(problems("{type: json-path, gt: x}").len(), 2);
    assert_eq!(problems("{type: json-path, path: $.a, exists: maybe}"), ["exists: expected `true` or `false`, found text ()"]);
    assert_eq!(problems("{type: json-path, path: $.a, gt: \"1e999\"}"), ["gt: expected a number, found text ()"]);
    assert_eq!(problems("{type: json-path, path: $.a, lt: {}}"), ["lt: expected a number, found a mapping ()"]);
    assert_eq!(problems("{type: json-path, path: $.a, equals: [1, '{{x', '{{y']}").len(), 2);
    assert!(problems("{type: json-path, path: $.a, eqals: 1}").first().unwrap().contains("did you mean `equals`?"));
}
