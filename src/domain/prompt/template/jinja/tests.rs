use serde_json::json;

use super::*;

fn rendered(source: &str, limit: usize) -> Result<String, TemplateError> {
    let values = json!({"x": "a\n".repeat(100), "y": "b".repeat(200), "l": [1, 2, 3], "m": {"k": ["v", 1]}});
    Compiled::parse_within(source, limit)?.unwrap().render(source, values.as_object().unwrap())
}

#[test]
fn what_filters_make_is_counted_before_it_is_made() {
    for (source, what) in [
        ("{{ x|replace('a', y)|length }}", "filter `replace`"),
        ("{{ x|replace('', y)|length }}", "filter `replace`"),
        ("{{ range(100)|join(y)|length }}", "filter `join`"),
        ("{{ range(100)|join(d=y)|length }}", "filter `join`"),
        ("{{ x|indent(9000)|length }}", "filter `indent`"),
        ("{{ x|indent(width=9000)|length }}", "filter `indent`"),
        ("{{ '%90000d'|format(1)|length }}", "filter `format`"),
        ("{{ l|batch(90000, 1)|length }}", "filter `batch`"),
        ("{{ l|slice(90000)|length }}", "filter `slice`"),
        ("{{ range(9000)|list|length }}", "filter `list`"),
        ("{{ range(9000)|string|length }}", "filter `string`"),
        ("{{ range(9000)|map('string')|list|length }}", "filter `map`"),
        ("{{ l|map('replace', '', y * 40)|list|length }}", "filter `replace`"),
        ("{{ m|tojson(indent=90000)|length }}", "filter `tojson`"),
        ("{{ (x * 30)|split('a')|length }}", "filter `split`"),
        // What is set is a list here, and no text.
        ("{% set s %}{{ range(9000) }}{% endset %}", "what is written"),
        ("{% macro m() %}{{ range(9000) }}{% endmacro %}{% set s = m() %}", "what is written"),
    ] {
        let error = rendered(source, 10_000).expect_err(source);
        assert_eq!(error.message, format!("the text would be larger than 10000 bytes: {what}"), "{source}");
        assert_eq!(error.line, 1, "{source}");
        // The engine refuses some of it for reasons of its own.
        assert!(rendered(source, 100_000_000).map_or_else(|error| !error.message.contains("larger"), |_| true), "{source}");
    }
}

#[test]
fn filters_that_authors_use_are_there() {
    let source = "{{ m|tojson|replace(' ', '') }} {{ ' a '|trim }} {{ l|map('string')|join('-') }} {{ l|select('odd')|list|length }} \
                  {{ l|reverse|first }}{{ l|last }} {{ 'b a'|split|sort|join(',') }} {{ [1, 1]|unique|list|length }} {{ '2'|int + 1 }} \
                  {{ m|items|first|first }} {{ 'a\nb'|indent(2) }} {{ [{'n': 1}]|selectattr('n')|list|length }} {{ 'x'|upper }} {{ '<'|e }}";
    let expected = "{\"k\":[\"v\",1]} a 1-2-3 2 33 a,b 1 3 k a\n  b 1 X &lt;";
    assert_eq!(rendered(source, 10_000).unwrap(), expected);
    let error = rendered("{{ 'x'|upcase }} {{ 'x'|uper }}", 10_000).unwrap_err();
    assert!(error.message.contains("upcase"), "{error}");
    assert!(rendered("{{ 'x'|uper }}", 10_000).unwrap_err().message.ends_with("did you mean `upper`?"));
}

#[test]
fn what_operators_and_steps_make_is_counted_before_it_is_made() {
    let grow = |step: &str| {
        format!("{{% set ns = namespace(s='x' * 100, l=[1]) %}}{{% for i in range(95) %}}{step}{{% endfor %}}{{{{ ns.s|length }}}}")
    };
    for (source, what) in [
        (grow("{% set ns.s = ns.s ~ ns.s %}"), "operator `~`"),
        (grow("{% set ns.s = ns.s + ns.s %}"), "operator `+`"),
        (grow("{% set ns.s = ns.s * 2 %}"), "operator `*`"),
        (grow("{% set ns.l = ns.l + ns.l %}"), "operator `+`"),
        (grow("{% set ns.l = ns.l * 2 %}"), "operator `*`"),
        (grow("{% set ns.a = l * 9 %}"), "operator `*`"),
        (grow("{% if (ns.l * 99) in ns.s %}{% endif %}"), "operator `*`"),
        (grow("{% if range(500) in ns.s %}{% endif %}"), "a comparison"),
        (grow("{% if not range(500) is in ns.s %}{% endif %}"), "a comparison"),
        (grow("{% if 1 < 2 and range(500) in ns.s in 'x' %}{% endif %}"), "a comparison"),
        (grow("{% set ns.s = y[:199] %}"), "a slice"),
        (grow("{% set ns.s = y[::-1] %}"), "a slice"),
        (grow("{% set ns.a = y[i:] %}"), "a slice"),
        (
            grow(
                "{% set s %}12345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890{% endset %}",
            ),
            "the text between tags",
        ),
        (grow("{% set ns.a = [i, 2, 3, 4, 5] %}"), "a list"),
        (grow("{% set ns.a = {'a': i, 'b': 2, 'c': 3} %}"), "a list"),
        (grow("{% set ns.a = (1, 2, 3, i) %}"), "a list"),
        (grow("{% set ns.a = y|safe %}"), "filter `safe`"),
        ("{{ dict(*range(9000)) }}".to_owned(), "a call with `*`"),
        ("{% set a, b = range(9000) %}".to_owned(), "`set` with several names"),
        ("{{ [y, y]|sum(start=y * 30)|length }}".to_owned(), "filter `sum`"),
        ("{{ range(9000)|last }}".to_owned(), "filter `last`"),
        ("{% block b %}{% for i in range(200) %}{% set s = y ~ y %}{% endfor %}{% endblock %}".to_owned(), "operator `~`"),
        ("{% macro m(s) %}{{ s|length }}{% set t = s ~ s %}{{ m(t) }}{% endmacro %}{{ m(y) }}".to_owned(), "operator `~`"),
    ] {
        let error = rendered(&source, 10_000).expect_err(&source);
        assert_eq!(error.message, format!("the text would be larger than 10000 bytes: {what}"), "{source}");
        assert_eq!(error.line, 1, "{source}");
        // The engine knows the line of text and lists, and no more.
        assert!(error.column > 1 || ["the text between tags", "a list"].contains(&what), "{source}: {error:?}");
    }
}

#[test]
fn constants_are_worked_out_within_bounds() {
    for source in [
        "{{ 'x' * 90000 }}",
        "{{ a ~ ('x' * 90000) }}",
        "{{ ('x' * 9000) ~ ('x' * 9000) }}",
        "{{ 'x' * (300 * 300) }}",
        "{{ 'x' * 10 ** 9 }}",
        "{{ 'x' * (10 / 0.0001) }}",
        "{{ (1, 2) * 9000 }}",
        "{{ ('ab' * 200 or 5) * 200 }}",
        "{% if ('x' * 90000) == 'y' %}{% endif %}",
        "{% set a = ['x' * 90000] %}",
        "{{ m|default('x' * 90000) }}",
    ] {
        let error = rendered(source, 10_000).expect_err(source);
        assert_eq!(error.message, "the text would be larger than 10000 bytes: what its constants come to", "{source}");
        assert!(error.column > 1, "{source}: {error:?}");
    }
    for (source, expected) in
        [("{{ 'x' * 3 ~ 2 * 2 }}", "xxx4"), ("{{ 999 * 999 * 999 }}", "997002999"), ("{{ ('a', 'b') * 2 }}", "('a', 'b', 'a', 'b')")]
    {
        assert_eq!(rendered(source, 10_000).unwrap(), expected, "{source}");
    }
}

#[test]
fn nothing_nests_without_end() {
    let chain = |piece: &str| format!("{{{{ x{} }}}}", piece.repeat(9_000));
    for (source, message) in [
        (chain(" ~ x"), "more than 150 operators in one expression: `set` parts of it"),
        (chain(" + 1"), "more than 150 operators in one expression: `set` parts of it"),
        (chain("|upper"), "more than 150 operators in one expression: `set` parts of it"),
        (chain(".a"), "more than 150 operators in one expression: `set` parts of it"),
        (chain("[0, 1]"), "more than 150 operators in one expression: `set` parts of it"),
        (chain("(1)"), "more than 150 operators in one expression: `set` parts of it"),
        (chain("|replace(1, 2)"), "more than 150 operators in one expression: `set` parts of it"),
        (format!("{{{{ {}x }}}}", "not ".repeat(9_000)), "more than 150 operators in one expression: `set` parts of it"),
        (format!("{{{{ {}1 }}}}", "-".repeat(9_000)), "more than 150 operators in one expression: `set` parts of it"),
        (chain(" if x else x"), "more than 150 operators in one expression: `set` parts of it"),
        (format!("{{% if x %}}{}{{% endif %}}", "{% elif x %}a".repeat(9_000)), "more than 75 branches of one `if`: write several"),
        (
            "{% set ns = namespace(a=[]) %}{% for i in range(9000) %}{% set ns.a = [ns.a] %}{% endfor %}".to_owned(),
            "lists more than 100 deep",
        ),
        ("{% set ns = namespace(a=1) %}{% set ns.a = ns %}{{ ns }}".to_owned(), "a namespace cannot be kept in a namespace, nor in a list"),
        (
            "{% set ns = namespace(a=1) %}{% set ns.a = [ns] %}{{ ns }}".to_owned(),
            "a namespace cannot be kept in a namespace, nor in a list",
        ),
        (
            "{% set ns = namespace(a=1) %}{% for i in range(99) %}{% set ns.a = [ns.a, ns.a] %}{% endfor %}".to_owned(),
            "the template looks at more than 10000000 values in lists; does a loop end?",
        ),
    ] {
        let error = rendered(&source, 100_000_000).expect_err(&source);
        assert_eq!(error.message, message, "{source:.80}");
    }
    // What stays below is rendered on the stack that every thread has.
    for source in [
        format!("{{{{ x{} }}}}", " ~ x".repeat(149)),
        format!("{{{{ 1{} }}}}", " + 1".repeat(149)),
        format!("{{{{ x{} }}}}", "|upper".repeat(149)),
        format!("{{% if not x %}}{}{{% endif %}}", "{% elif not x %}a".repeat(74)),
        format!("{{{{ [{}]|length }}}}", "-1, x ~ 'a', ".repeat(2_000)),
        "{% set ns = namespace(a=[]) %}{% for i in range(98) %}{% set ns.a = [ns.a] %}{% endfor %}{{ ns.a }}".to_owned(),
    ] {
        rendered(&source, 100_000_000).unwrap_or_else(|error| panic!("{source:.80}: {error:?}"));
    }
}

#[test]
fn what_filters_and_calls_lay_around_a_value_nests_no_deeper() {
    let often = |first: &str, step: &str| format!("{{% set a = {first} %}}{}{{{{ a }}}}", format!("{{% set a = {step} %}}").repeat(8_000));
    let deep = "lists more than 100 deep";
    for (first, step, message) in [
        ("[1]", "a|batch(1)", deep),
        ("[1]", "l|batch(4, a)", deep),
        ("[1]", "a|slice(1)", deep),
        ("[1]", "a|zip", deep),
        ("{'k': 1}", "m|chain(dict(k=a))", deep),
        ("{'k': 1}", "dict(k=a)", deep),
        ("namespace(k=1)", "namespace(k=a)", "a namespace cannot be kept in a namespace, nor in a list"),
        ("[1]", "namespace(k=a).k|batch(1)", deep),
    ] {
        let error = rendered(&often(first, step), 100_000_000).expect_err(step);
        assert_eq!(error.message, message, "{step}");
    }
    let nested = "{% macro m(a, n) %}BODY{% if n > 0 %}{{ m(a, n - 1) }}{% else %}{{ a }}{% endif %}{% endmacro %}{{ m([1], 15) }}";
    let body = format!("{{% set a = a{} %}}", "|batch(1)".repeat(70)).repeat(14);
    assert_eq!(rendered(&nested.replace("BODY", &body), 100_000_000).unwrap_err().message, deep);
    // What makes its items later stands no deeper than its list.
    for (first, step, expected) in [
        ("[1, 2]", "a[0:]", "[1, 2]"),
        ("[1, 2]", "a|reverse", "[1, 2]"),
        ("[1, 2]", "a * 1", "[1, 2]"),
        ("[1, 2]", "(a + l[:0])[0:]", "[1, 2]"),
        ("[1, 2]", "a[0:]|chain(l[:0])|reverse", "[1, 2]"),
        ("{'b': 2}", "a|chain(m)", "{'b': 2, 'k': ['v', 1]}"),
        ("{'k': 1}", "dict(a, b=l[1])", "{'k': 1, 'b': 2}"),
    ] {
        let text = rendered(&often(first, step), 1_000_000_000).unwrap_or_else(|error| panic!("{step}: {error:?}"));
        assert_eq!(text, expected, "{step}");
    }
    let filters = "{{ dict(a=1, **{'b': [2]}) }} {{ l|batch(2, [0]) }} {{ l|slice(2) }} {{ m|items|list }} {{ l|zip(l[1:])|list }} {{ m|dictsort }} \
                   {{ l|chain(l[:1])|list }} {{ m|chain({'z': 1}) }} {{ (l|chain(range(2)))[1:]|reverse|list }} {{ namespace({'q': l}).q }}";
    let expected = "{'a': 1, 'b': [2]} [[1, 2], [3, [0]]] [[1, 2], [3]] [('k', ['v', 1])] [(1, 2), (2, 3)] [('k', ['v', 1])] \
                    [1, 2, 3, 1] {'k': ['v', 1], 'z': 1} [1, 0, 3, 2] [1, 2, 3]";
    assert_eq!(rendered(filters, 10_000).unwrap(), expected);
}

#[test]
fn a_key_is_found_in_a_large_map_without_a_look_at_its_values() {
    let fields: Map<String, Value> = (0..10).map(|field| (format!("f{field}"), json!([1, 2, 3, 4, 5]))).collect();
    let catalogue: Map<String, Value> = (0..1_000).map(|id| (format!("id{id}"), json!(fields))).collect();
    let ids: Vec<String> = (500..1_000).chain(2_000..2_500).map(|id| format!("id{id}")).collect();
    let values = json!({"ids": ids, "catalogue": catalogue, "rows": [fields]});
    let source = "{% for id in ids if id in catalogue and id is in catalogue and id not in rows %}{% if loop.last %}{{ loop.length }}{% endif %}{% endfor %}";
    let compiled = Compiled::parse_within(source, 100_000_000).unwrap().unwrap();
    assert_eq!(compiled.render(source, values.as_object().unwrap()).unwrap(), "500");
    let endless = "{% for a in ids %}{% for b in ids %}{% if a in ids %}{% endif %}{% endfor %}{% endfor %}";
    let error = Compiled::parse_within(endless, 100_000_000).unwrap().unwrap().render(endless, values.as_object().unwrap()).unwrap_err();
    assert_eq!(error.message, "the template looks at more than 10000000 values in lists; does a loop end?");
    let small = "{{ [1] in [[1], 2] }}{{ 'k' in m }}{{ 'q' in m }}{{ [1] in m }}{{ 2 in 'a2' }}{{ 'v' in m.k }}";
    assert_eq!(rendered(small, 10_000).unwrap(), "TrueTrueFalseFalseTrueTrue");
}

#[test]
fn counting_changes_nothing_else() {
    for (source, expected) in [
        ("{{ 1 + 2 }}{{ 2 * 3 }}{{ 'a' ~ 1 }}{{ 'ab' + 'c' }}{{ [1] + [2] }}{{ 'ab' * 2 }}{{ [1] * 2 }}", "36a1abc[1, 2]abab[1, 1]"),
        ("{{ 7 - 2 * 3 + 1 }} {{ (x|length) - 5 }} {{ l[0] - l[1] }} {{ l[0] ~ '<' ~ l[1] }}", "2 195 -1 1<2"),
        ("{{ 'abcdef'[1:4] }}{{ l[1:] }}{{ l[::-1] }}{{ l[:-1] }}{{ y[0:2] }}", "bcd[2, 3][3, 2, 1][1, 2]bb"),
        (
            "{{ 1 in l }}{{ 9 not in l }}{{ 'b' in y }}{{ 1 < 2 < 3 }}{{ 1 < 2 > 3 }}{{ l == [1, 2, 3] }}{{ l[0] < l[1] }}{{ 3 is divisibleby(3) }}",
            "TrueTrueTrueTrueFalseTrueTrueTrue",
        ),
        ("{% set a, b, c = l %}{{ a }}{{ b }}{{ c }}{% for k, v in m|items %}{{ k }}={{ v }}{% endfor %}", "123k=['v', 1]"),
        (
            "{% macro m(a, b=2) %}{{ a }}-{{ b }}{% endmacro %}{{ m(1) }} {{ m(*[3, 4]) }} {{ m(5, **{'b': 6}) }}{% macro w() %}({{ caller() }}){% endmacro %}{% call w() %}!{% endcall %}",
            "1-2 3-4 5-6(!)",
        ),
        ("{% for i in l if i > 1 %}{{ loop.index }}{{ i }}{% if not loop.last %},{% endif %}{% else %}none{% endfor %}", "12,23"),
        ("{% for i in l recursive %}{{ i }}{% if i == 1 %}{{ loop([8, 9]) }}{% endif %}{% endfor %}", "18923"),
        ("{% set ns = namespace(n=0) %}{% for i in l %}{% set ns.n = ns.n + i %}{% endfor %}{{ ns.n }}", "6"),
        (
            "{% set s %}a{{ l[0] }}b{% endset %}{{ s }}{% filter upper %}q{{ 'r' }}{% endfilter %}{% with z = 1 + 1 %}{{ z }}{% endwith %}",
            "a1bQR2",
        ),
        (
            "{% block b %}in{% endblock %}{{ self.b() }}{% raw %}{{ x }}{% endraw %}{% autoescape true %}<{{ '<' }}{% endautoescape %}",
            "inin{{ x }}<&lt;",
        ),
        ("{{ 'a' if l[0] > 5 else 'b' }}{{ l[0] and l[1] }}{{ q|default('d') }}{{ (q is defined) ~ (l is defined) }}", "b2dFalseTrue"),
    ] {
        assert_eq!(rendered(source, 1_000_000).unwrap_or_else(|error| panic!("{source}: {error:?}")), expected, "{source}");
    }
    for (source, message, column) in [
        ("{{ x + 1 }}", "tried to use + operator on unsupported types string and number", 4),
        ("{{ 'a' ~ gone }}", "variable `gone` has no value", 4),
        ("{{ l[0] / 0 }}", "unable to calculate 1 / 0", 4),
        ("{% set a, b = l %}", "sequence of wrong length (expected 2, got 3)", 0),
    ] {
        let error = rendered(source, 1_000_000).expect_err(source);
        assert_eq!(error.message, message, "{source}");
        assert!(column == 0 || error.column == column, "{source}: {error:?}");
    }
}

#[test]
fn what_there_is_not_is_told_before_any_case_takes_the_branch() {
    for (source, message) in [
        ("{% if false %}{{ 'x'|uper }}{% endif %}", "filter uper is unknown; did you mean `upper`?"),
        ("{% if x is defind %}{% endif %}", "test defind is unknown; did you mean `defined`?"),
        ("{{ l|map('uper')|list }}", "filter uper is unknown; did you mean `upper`?"),
        ("{{ l|select('ood')|list }}", "test ood is unknown; did you mean `odd`?"),
        ("{% include 'x' ignore missing %}", "`include` reaches another template, and a prompt has no other: write its text here"),
        ("{% extends 'x' %}", "`extends` reaches another template, and a prompt has no other: write its text here"),
        ("{% from 'x' import y %}", "`import` reaches another template, and a prompt has no other: write its text here"),
    ] {
        let error = rendered(source, 10_000).expect_err(source);
        assert_eq!(error.message, message, "{source}");
    }
}
