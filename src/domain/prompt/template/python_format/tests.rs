use serde_json::{Value, json};

use crate::domain::prompt::{Syntax, Template, TemplateError, Variables, template::python_field};

fn render(template: &str, variables: &Value) -> Result<String, TemplateError> {
    Template::parse_as(template, Syntax::PythonFormat)?.render(&Variables::new(variables.as_object().cloned().unwrap()))
}

/// The message at its line and column.
fn said(template: &str, variables: &Value) -> String {
    let error = render(template, variables).unwrap_err();
    format!("{}:{}: {}", error.line, error.column, error.message)
}

#[test]
fn it_writes_what_cpython_writes() {
    let table: Value = serde_json::from_str(include_str!("../../../../../tests/data/python-format/expected.json")).unwrap();
    let rows = table["rows"].as_array().unwrap();
    let mut wrong = Vec::new();
    for row in rows {
        let template = row["template"].as_str().unwrap();
        let found = render(template, &row["variables"]);
        if found.as_deref().ok() != row["output"].as_str() {
            wrong.push(format!("{template} with {}: {found:?}, expected {}", row["variables"], row["output"]));
        }
    }
    assert!(rows.len() >= 2_000, "{} rows", rows.len());
    assert!(wrong.is_empty(), "{} of {} rows:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let values = json!({"price": "9", "n": 1, "f": 1.5, "cfg": {"kind": "x"}, "l": [1]});
    for (template, expected) in [
        ("Hello {", "1:7: this `{` is never closed: write `{{` for a brace, or close it with `}`"),
        ("a\nb }", "2:3: a single `}` ends nothing: write `}}` for a brace"),
        ("{}", "1:2: fields by position are not filled in, because variables have names here: write `{name}`"),
        ("é {0}", "1:4: `{0}`: fields by position are not filled in, because variables have names here: write `{name}`"),
        ("{ }", "1:2: ` ` is no name of a variable: write `{{` and `}}` for braces"),
        ("{\"k\": 1}", "1:2: `\"k\"` is no name of a variable: write `{{` and `}}` for braces"),
        ("{n!x}", "1:4: there is no such conversion: `!s`, `!r` and `!a` are known"),
        ("{n:invalidformat}", "1:4: `invalidformat` is no format of a field: it may be like `>10`, `05d` or `.2f`"),
        ("{n:.}", "1:4: a number of digits is missing behind `.`"),
        ("{n:99999999999}", "1:4: a width above 10000 is refused"),
        ("{n:{n:{n}}}", "1:7: fields stand in the format of a field, and no deeper"),
        ("{price:.2f}", "1:1: `{price:.2f}`: the format `f` is for numbers, and the value is a text"),
        ("{f:d}", "1:1: `{f:d}`: the format `d` is for whole numbers, and the value is a float"),
        ("{l:5}", "1:1: `{l:5}`: a list takes no format; write `!s` before the `:` to format its text"),
        ("{cfg.knid}", "1:1: `{cfg.knid}`: the map has no `knid`; did you mean `kind`?"),
        ("{cfg[zzzz]}", "1:1: `{cfg[zzzz]}`: the map has no `zzzz`"),
        ("{n.real}", "1:1: `{n.real}`: a number has no `real`"),
        ("{l[7]}", "1:1: `{l[7]}`: a list has no item 7"),
        ("{l[-1]}", "1:1: `{l[-1]}`: a list has no `-1`"),
    ] {
        assert_eq!(said(template, &values), expected, "{template}");
    }
}

#[test]
fn names_and_ways_into_values_are_those_of_json() {
    let values = json!({"user-name": "a", "first name": "b", "cfg": {"0": "zero", "attr": "c"}, "text": "éa"});
    assert_eq!(render("{user-name}{first name}{cfg[0]}{cfg.attr}{text[0]}", &values).unwrap(), "abzerocé");
}

#[test]
fn the_first_field_of_a_text_is_found() {
    for (text, field) in [
        ("Hello\n {name}!", Some("{name}")),
        ("{\"k\": {v:>5}}", Some("{v:>5}")),
        ("{ x } } {", None),
        ("{\"a\": 1}", None),
        ("", None),
        ("{0} {}", None),
    ] {
        assert_eq!(python_field(text).map(|(field, _, _)| field), field, "{text}");
    }
    assert_eq!(python_field("Hello\n {name}!"), Some(("{name}", 2, 2)));
}

#[test]
fn many_braces_are_looked_at_once() {
    for piece in ["{", "{a:", "{\"key\": ", "{a[", "{a!"] {
        assert_eq!(python_field(&piece.repeat(1 << 18)), None, "{piece}");
    }
    let far = format!("{}{{name}}", "{\"key\": 1}\n".repeat(50_000));
    assert_eq!(python_field(&far), Some(("{name}", 50_001, 1)));
}

#[test]
fn the_text_is_bounded() {
    let error = render(&"{long}\n".repeat(300), &json!({"long": "x".repeat(1 << 20)})).unwrap_err();
    assert_eq!((error.message.as_str(), error.line), ("the text would be larger than 128 MiB", 128));
}
