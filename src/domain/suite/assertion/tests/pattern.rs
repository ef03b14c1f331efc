use super::{parse, problems, reason, variables};

#[test]
fn a_pattern_matches_anywhere_and_shows_what() {
    assert_eq!(reason("regex: '\\d{2}'", "room 42a", true), "matches `\\d{2}` with \"42\"");
    assert_eq!(reason("regex: '^\\d{2}$'", "room 42", false), "does not match `^\\d{2}$`");
    assert_eq!(reason("not-regex: '\\d'", "room 42", false), "matches `\\d` with \"4\", and must not");
    reason("{type: regex, value: '^b.c$', flags: ims}", "a\nB\nc\nd", true);
    reason("regex: '^b$'", "a\nb", false);
    reason("regex: '\\w{1,100}'", "é", true);
}

#[test]
fn a_broken_pattern_says_where() {
    assert_eq!(problems("regex: 'a(b'"), ["regex: column 2: unclosed group ()"]);
    assert_eq!(
        problems("{type: regex, value: 'éé[z-a]'}"),
        ["value: column 4: invalid character class range, the start must be <= the end ()"]
    );
    assert_eq!(problems("regex: \"a\\n^^ (b\""), ["regex: line 2 column 4: unclosed group ()"]);
    assert_eq!(problems("regex: \"a\\n(b\\n\""), ["regex: line 2 column 1: unclosed group ()"]);
}

#[test]
fn a_pattern_of_many_lines_counts_them() {
    let pattern = format!("{}(b", "a\\n".repeat(11));
    assert_eq!(problems(&format!("regex: \"{pattern}\"")), ["regex: line 12 column 1: unclosed group ()"]);
}

#[test]
fn what_is_not_supported_is_named() {
    for pattern in ["(?=a)", "(?<!a)b", "(a)\\1"] {
        let found = problems(&format!("regex: '{pattern}'"));
        assert!(found.first().unwrap().contains("look-around and back-references are not supported"), "{found:?}");
    }
    assert!(problems("regex: '(\\w{1000}){1000}'").first().unwrap().contains("takes more than 10 MiB"));
    assert!(problems(&format!("regex: '{}a{}'", "(".repeat(500), ")".repeat(500))).first().unwrap().contains("nested"));
    assert_eq!(problems("{type: regex, value: a, flags: ix}").first().unwrap().split(" (").next(), Some("flags: unknown flag \"x\""));
    assert_eq!(problems("{type: regex, value: 'a(', flags: 3}").len(), 2);
    assert_eq!(problems("regex: 42"), ["regex: expected a pattern as text, found a number ()"]);
    assert!(problems("regex: ''").first().unwrap().contains("the pattern is empty"));
}

#[test]
fn variables_never_act_as_patterns() {
    reason("regex: '^{{pattern}}$'", "a.c (x)", true);
    reason("regex: '^{{pattern}}$'", "abc x", false);
    reason("regex: '(?x) ^ {{pattern}} $ '", "a.c (x)", true);
    reason("regex: '^{{temperature}}$'", "-1.5", true);
    reason("regex: '^{{temperature}}$'", "-125", false);
    reason("regex: '\\d{2} {{name}}'", "42 Ana", true);
    reason("regex: '[{{pattern}}]{7}'", "(((x.a ", true);
    reason("regex: '^{{#each user.tags}}{{this}}{{/each}}$'", "ab", true);
}

#[test]
fn braces_that_are_no_variables_are_patterns() {
    reason("regex: '^\\{{2}'", "{{x", true);
    reason("regex: '\\{\\{name\\}\\}'", "{{name}}", true);
    reason("regex: '[{{]'", "{", true);
    assert!(problems("regex: '\\{{name}}'").first().unwrap().contains("a backslash right before `{{` is ambiguous"));
    assert!(problems("regex: '\\d{{{age}}}'").first().unwrap().contains("`{{{` is ambiguous"));
    assert!(problems("regex: 'a{{name'").first().unwrap().contains("write `{{name}}` for a variable"));
    reason("regex: '^\\\\(?:{{name}})$'", "\\Ana", true);
}

#[test]
fn patterns_with_variables_are_proven_before_any_call() {
    let error = |yaml: &str| parse(yaml).unwrap().prepare(&variables()).unwrap_err();
    assert_eq!(error("regex: '{{nmae}}'").missing.as_deref(), Some("nmae"));
    assert_eq!(error("regex: '({{name}}'").message, "`(Ana` is no pattern with these variables: column 1: unclosed group");
    assert!(error("regex: '{{empty}}'").message.contains("is empty with these variables"));
}
