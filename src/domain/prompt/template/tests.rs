use serde_json::json;

use super::*;

fn vars(value: &Value) -> Variables {
    Variables::new(value.as_object().cloned().unwrap())
}

/// Message, line, column and missing variable of what is wrong.
fn wrong(source: &str, syntax: Syntax, values: &Value) -> TemplateError {
    Template::parse_as(source, syntax).and_then(|template| template.render(&vars(values))).expect_err(source)
}

fn right(source: &str, syntax: Syntax, values: &Value) -> String {
    Template::parse_as(source, syntax)
        .and_then(|template| template.render(&vars(values)))
        .unwrap_or_else(|error| panic!("{source}: {error:?}"))
}

#[test]
fn values_are_not_escaped() {
    let values = json!({"text": "<b> & \"q\" `x` = 1 {{text}} {text}"});
    for (source, syntax) in
        [("Say: {{text}}", Syntax::Handlebars), ("Say: {text}", Syntax::PythonFormat), ("Say: {{ text }}", Syntax::Jinja)]
    {
        assert_eq!(right(source, syntax, &values), "Say: <b> & \"q\" `x` = 1 {{text}} {text}", "{syntax}");
    }
}

#[test]
fn nested_values_lists_and_conditions_work() {
    let values = json!({"user": {"name": "Ana"}, "tags": ["a", "b"], "vip": true});
    for (source, syntax) in [
        ("{{user.name}}:{{#each tags}} {{this}}{{/each}}{{#if vip}}!{{/if}}", Syntax::Handlebars),
        ("{user.name}: {tags[0]} {user[name]!s:.0}{tags[1]}!", Syntax::PythonFormat),
        ("{{ user.name }}:{% for tag in tags %} {{ tag }}{% endfor %}{% if vip %}!{% endif %}", Syntax::Jinja),
    ] {
        assert_eq!(right(source, syntax, &values), "Ana: a b!", "{syntax}");
    }
}

#[test]
fn a_missing_variable_names_itself_and_its_place() {
    for (source, syntax, column) in [
        ("Hello\n  {{nmae}}", Syntax::Handlebars, 3),
        ("Hello\n  {nmae}", Syntax::PythonFormat, 3),
        ("Hello\n  {{ nmae }}", Syntax::Jinja, 6),
    ] {
        let error = wrong(source, syntax, &json!({"name": "Ana"}));
        assert_eq!((error.missing.as_deref(), error.line, error.column), (Some("nmae"), 2, column), "{syntax}: {error}");
        assert_eq!(error.message, "variable `nmae` has no value", "{syntax}");
    }
}

#[test]
fn a_broken_template_says_where() {
    for (source, syntax, column) in [
        ("Hello\n{{name", Syntax::Handlebars, None),
        ("Hello\n {name", Syntax::PythonFormat, Some(2)),
        ("Hello\n {{ name", Syntax::Jinja, None),
        ("Hello\n {% for x y %}{% endfor %}", Syntax::Jinja, Some(11)),
    ] {
        let error = Template::parse_as(source, syntax).unwrap_err();
        assert_eq!(error.line, 2, "{syntax}: {error:?}");
        assert!(column.is_none_or(|column| column == error.column), "{syntax}: {error:?}");
    }
}

#[test]
fn text_without_variables_stays_as_it_is() {
    for (text, syntax) in [
        ("{\"a\": {\"b\": 1}}\n", Syntax::Handlebars),
        ("no braces \\ at all\n", Syntax::PythonFormat),
        ("{\"a\": {\"b\": 1}}\n", Syntax::Jinja),
    ] {
        let template = Template::parse_as(text, syntax).unwrap();
        assert!(template.is_literal(), "{syntax}");
        assert_eq!(template.render(&Variables::default()).unwrap(), text);
    }
    let escaped = Template::parse_as("{{}}", Syntax::PythonFormat).unwrap();
    assert!(!escaped.is_literal(), "what is escaped is not the text as written");
    assert_eq!(right("{# a remark #}Hi\n", Syntax::Jinja, &json!({})), "Hi\n");
}

#[test]
fn nothing_outside_the_variables_is_reached() {
    for (syntax, sources) in [
        (Syntax::Handlebars, &["{{> /etc/passwd}}", "{{env.HOME}}", "{{log \"x\"}}"][..]),
        (Syntax::PythonFormat, &["{x.__class__}", "{x.__class__.__mro__[1]}", "{__builtins__}", "{l.append}", "{m.keys}", "{x.upper}"]),
        (
            Syntax::Jinja,
            &[
                "{% include '/etc/passwd' %}",
                "{% extends 'other' %}",
                "{% import 'other' as other %}",
                "{{ x.__class__ }}",
                "{{ env.HOME }}",
                "{{ debug() }}",
                "{{ m.keys.__globals__ }}",
            ],
        ),
    ] {
        for source in sources {
            wrong(source, syntax, &json!({"x": "text", "l": [1], "m": {"a": 1}}));
        }
    }
}

#[test]
fn a_template_of_jinja_ends() {
    let endless = "{% for a in range(9999) %}{% for b in range(9999) %}{% for c in range(9999) %}x{% endfor %}{% endfor %}{% endfor %}";
    assert!(wrong(endless, Syntax::Jinja, &json!({})).message.contains("more than 5000000 steps"));
    for source in [
        "{% macro m(n) %}{{ m(n + 1) }}{% endmacro %}{{ m(0) }}",
        "{% include 'prompt' %}",
        "{{ 'x' * 100000000000 }}",
        &format!("{}1{}", "{{ (".repeat(5_000), ") }}".repeat(5_000)),
        &format!("{{{{ {}1{} }}}}", "(".repeat(5_000), ")".repeat(5_000)),
        &"{% if true %}".repeat(5_000),
    ] {
        wrong(source, Syntax::Jinja, &json!({}));
    }
}

#[test]
fn what_jinja_writes_is_bounded() {
    let sets = |times: usize, body: &str| format!("{{% set s = 'x' * 1000 %}}{}{{{{ s|length }}}}", body.repeat(times));
    for source in [
        "{% set n = 99999999 %}{{ 'x' * n }}{{ 'x' * n }}".to_owned(),
        "{% for n in range(10000) %}{{ 'x' * 1000000 }}{% endfor %}".to_owned(),
        // What is set is written nowhere, and takes the memory all the same.
        sets(40, "{% set s %}{{ s }}{{ s }}{% endset %}"),
        format!("{{% macro m(s) %}}{{{{ s }}}}{{{{ s }}}}{{% endmacro %}}{}", sets(40, "{% set s = m(s) %}")),
    ] {
        let error = wrong(&source, Syntax::Jinja, &json!({}));
        assert!(error.message.contains("the text would be larger than 128 MiB"), "{source}: {error:?}");
    }
    assert_eq!(right("{{ 'x' * 1000000 }}", Syntax::Jinja, &json!({})).len(), 1_000_000);
}

#[test]
fn macros_filters_and_loops_of_jinja_work() {
    let source = "{% macro hi(who) %}Hi {{ who|title }}{% endmacro %}{% for n in names %}{{ loop.index }}. {{ hi(n) }}\n{% else %}nobody{% endfor %}";
    assert_eq!(right(source, Syntax::Jinja, &json!({"names": ["ana", "ben"]})), "1. Hi Ana\n2. Hi Ben\n");
    assert_eq!(right("{{ a|default('x') }}{{ m|join('-') }}", Syntax::Jinja, &json!({"m": {"z": 1, "a": 2}})), "xz-a");
}

#[test]
fn an_attribute_that_is_missing_in_jinja_is_told_with_its_name() {
    let error = wrong("Dear {{ user.nmae }}", Syntax::Jinja, &json!({"user": {"name": "Ana"}}));
    assert_eq!((error.message.as_str(), error.missing, error.column), ("`user.nmae` has no value; did you mean `user.name`?", None, 9));
    let error = wrong("{% for item in items %}{{ item.nmae }}{% endfor %}", Syntax::Jinja, &json!({"items": [{"name": 1}]}));
    assert_eq!((error.message.as_str(), error.missing), ("`item.nmae` has no value", None), "`item` has one");
}

#[test]
fn a_template_tells_the_variables_that_it_names() {
    for (source, syntax, expected) in [
        ("no variables", Syntax::Handlebars, &[] as &[&str]),
        ("{{user.name}} {{this.place}} {{lookup map key}} {{@root.top}}", Syntax::Handlebars, &["key", "map", "place", "top", "user"]),
        (
            "{{#each items}}{{name}} {{../greeting}} {{@index}} {{this}}{{else}}{{none}}{{/each}}",
            Syntax::Handlebars,
            &["greeting", "items", "none"],
        ),
        ("{{#if (eq a b)}}{{c}}{{/if}}{{#with d}}{{e}}{{/with}}", Syntax::Handlebars, &["a", "b", "c", "d"]),
        ("{name} {price:{width}.2f} {cfg[key]} {{literal}}", Syntax::PythonFormat, &["cfg", "name", "price", "width"]),
        ("{% for n in names %}{{ n }}{{ greeting }}{% endfor %}{% set x = 1 %}{{ x }}", Syntax::Jinja, &["greeting", "names"]),
    ] {
        let names = Template::parse_as(source, syntax).unwrap().variables();
        assert_eq!(names.iter().map(String::as_str).collect::<Vec<_>>(), expected, "{source}");
    }
}

#[test]
fn a_condition_on_a_misspelt_variable_is_an_error_like_a_placeholder() {
    let values = json!({"name": "Ana", "vip": false, "none": null, "list": [{"name": "x"}], "user": {"name": "Ben"}});
    for (source, syntax, column) in [
        ("Hi\n {{#if vpi}}x{{/if}}", Syntax::Handlebars, 2),
        ("Hi\n {{#unless vpi}}x{{/unless}}", Syntax::Handlebars, 2),
        ("Hi\n {{#each vpi}}x{{else}}y{{/each}}", Syntax::Handlebars, 2),
        ("Hi\n {{#with vpi}}x{{else}}y{{/with}}", Syntax::Handlebars, 2),
        ("Hi\n {{#each list}}{{#if ../vpi}}x{{/if}}{{/each}}", Syntax::Handlebars, 16),
        ("Hi\n {{#each list}}{{#if @root.vpi}}x{{/if}}{{/each}}", Syntax::Handlebars, 16),
        ("Hi\n {{#if vip}}x{{else if vpi}}y{{/if}}", Syntax::Handlebars, 2),
        ("Hi\n {{#if (eq vpi 1)}}x{{/if}}", Syntax::Handlebars, 2),
        ("Hi\n {% if vpi %}x{% endif %}", Syntax::Jinja, 8),
        ("Hi\n {% if not vpi %}x{% endif %}", Syntax::Jinja, 8),
        ("Hi\n {% for x in vpi %}x{% endfor %}", Syntax::Jinja, 14),
        ("Hi\n {name:>{vpi}}", Syntax::PythonFormat, 9),
    ] {
        let error = wrong(source, syntax, &values);
        assert_eq!((error.missing.as_deref(), error.line, error.column), (Some("vpi"), 2, column), "{source}: {error}");
        assert_eq!(error.described(values.as_object().unwrap()), "variable `vpi` has no value; did you mean `vip`?", "{source}");
    }
    for source in [
        "{% if vpi == 1 %}x{% endif %}",
        "{{ 'a' ~ vpi }}",
        "{% if vip and vpi %}{% else %}{% if vip or vpi %}{% endif %}{% endif %}",
        "{{ vpi in list }}",
    ] {
        assert_eq!(wrong(source, Syntax::Jinja, &values).missing.as_deref(), Some("vpi"), "{source}");
    }
    for (source, written) in [
        ("{{#if vip}}x{{else}}y{{/if}}{{#if none}}x{{/if}}{{#unless none}}z{{/unless}}", "yz"),
        ("{{#each list}}{{#if note}}x{{/if}}{{name}}{{#if ../vip}}x{{/if}}{{#if this.note}}x{{/if}}{{/each}}", "x"),
        ("{{#each list as |item|}}{{#if item.note}}x{{/if}}{{item.name}}{{/each}}", "x"),
        ("{{#if vip}}x{{else if none}}y{{else if name}}{{name}}{{else}}z{{/if}}", "Ana"),
        ("{{#with user}}{{#if age}}x{{/if}}{{name}}{{/with}}{{#if user.age}}x{{/if}}", "Ben"),
        ("{{#if vip}}{{nobody}}{{/if}}{{#if (not vip)}}n{{/if}}{{#each list}}{{@index}}{{/each}}{{#if true}}t{{/if}}", "n0t"),
    ] {
        assert_eq!(right(source, Syntax::Handlebars, &values), written, "{source}");
    }
}

#[test]
fn what_was_meant_inside_of_a_block_is_told_as_it_would_be_written_there() {
    let values = json!({"items": [{"name": "Ana", "of": {"town": "Ulm"}}], "nam": {"x": 1}, "user": {"address": {"town": "Ulm"}}});
    for (source, message) in [
        ("{{#each items as |item i|}}{{i}}{{item.nam}}{{/each}}", "variable `item.nam` has no value; did you mean `item.name`?"),
        (
            "{{#each items as |it|}}{{#with it.of as |place|}}{{place.twon}}{{/with}}{{/each}}",
            "variable `place.twon` has no value; did you mean `place.town`?",
        ),
        ("{{#each items}}{{nmae}}{{/each}}", "variable `nmae` has no value; did you mean `name`?"),
        ("{{#each items}}{{of.twon}}{{/each}}", "variable `of.twon` has no value; did you mean `of.town`?"),
        ("{{#each items}}{{../user.adress.town}}{{/each}}", "variable `user.adress.town` has no value; did you mean `user.address.town`?"),
        ("{{user.adress.town}}", "variable `user.adress.town` has no value; did you mean `user.address.town`?"),
        ("{{#each items}}{{qqq}}{{/each}}", "variable `qqq` has no value"),
    ] {
        let error = wrong(source, Syntax::Handlebars, &values);
        assert_eq!(error.described(values.as_object().unwrap()), message, "{source}");
    }
}

#[test]
fn what_a_template_reads_is_known_without_rendering_it() {
    let read = |source: &str, syntax| {
        let reads = Template::parse_as(source, syntax).unwrap().reads();
        reads.into_iter().map(|read| (read.written, read.line, read.column)).collect::<Vec<_>>()
    };
    let found =
        |all: &[(&str, usize, usize)]| all.iter().map(|(name, line, column)| ((*name).to_owned(), *line, *column)).collect::<Vec<_>>();
    assert_eq!(
        read("{{#if vip}}\n  {{user.name}}{{/if}}{{#each items}}{{note}}{{../end}}{{this}}{{/each}}", Syntax::Handlebars),
        found(&[("vip", 1, 1), ("user.name", 2, 3), ("items", 2, 23), ("note", 2, 38), ("end", 2, 46), ("this", 2, 56)])
    );
    assert_eq!(
        read("{{#each items as |item i|}}{{item.x}}{{i}}{{#with item.y}}{{item.z}}{{z}}{{/with}}{{/each}}", Syntax::Handlebars),
        found(&[("items", 1, 1), ("item.x", 1, 28), ("item.y", 1, 43), ("item.z", 1, 59), ("z", 1, 69)])
    );
    let source = "{# no #}{% if vip %}\n{{ user.nmae }}{% endif %}{{ a|default('') }}{% if b is not defined %}{% endif %}{% set c = 1 %}{{ c }}\
                  {% for n in names %}{{ n.x }}{{ loop.index }}{% endfor %}{{ range(3)|length }}{{ d.items() }}";
    assert_eq!(read(source, Syntax::Jinja), found(&[("names", 2, 116), ("user.nmae", 2, 4), ("vip", 1, 15)]));
    let source = "{{ (a)|default('x') }}{{ ( (b) ) | d('x') }}{% if (c) is defined %}{% endif %}{% if \"nick\" in user %}{{ user.nick }}{% endif %}\
                  {% if 'age' not in user %}{% else %}{{ user.age }}{% endif %}";
    assert_eq!(read(source, Syntax::Jinja), found(&[("user", 1, 95)]));
    let source = "{{ cycle(e)|default('x') }}{{ ('nick', user.nick) }}{% if 'x nick' in user %}{% endif %}";
    assert_eq!(read(source, Syntax::Jinja), found(&[("e", 1, 10), ("user", 1, 40), ("user.nick", 1, 40)]), "none of these may be missing");
}

#[test]
fn every_syntax_has_its_name() {
    for syntax in Syntax::ALL {
        assert_eq!(Syntax::named(syntax.name()), Some(syntax));
    }
    assert_eq!(Syntax::named("Jinja"), None);
}

proptest::proptest! {
    #[test]
    fn no_text_makes_a_parser_panic(source in "([{}%#\\[\\].:!<>^=+,_0-9a-z é\"'|\\\\\n-]|\\{\\{|\\}\\}|\\{%|%\\}|\\{[a-c](\\.a|\\[[0b]\\])?(![rsa])?(:.{0,8})?\\}){0,40}") {
        let values = vars(&json!({"a": -1.5, "b": "é\n'", "c": {"a": [1, null], "b": true}}));
        for syntax in Syntax::ALL {
            if let Ok(template) = Template::parse_as(&source, syntax) {
                drop(template.render(&values));
            }
        }
        proptest::prop_assert!(python_field(&source).is_none_or(|(field, _, _)| source.contains(field)));
    }

    #[test]
    fn a_text_with_its_braces_doubled_is_that_text(text in "[{}a-z\né:!\\[]{0,40}") {
        let template = text.replace('{', "{{").replace('}', "}}");
        proptest::prop_assert_eq!(right(&template, Syntax::PythonFormat, &json!({})), text);
    }
}
