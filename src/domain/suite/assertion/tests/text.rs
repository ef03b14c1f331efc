use super::{judge, parse, problems, reason, variables};

#[test]
fn equals_is_exact_and_says_what_little_differs() {
    assert_eq!(reason("equals: Ana", "Ana", true), "is \"Ana\"");
    assert_eq!(reason("equals: Ana", "Ben", false), "is \"Ben\", not \"Ana\"");
    assert_eq!(reason("equals: Ana", " Ana\n", false), "is \" Ana\\n\", not \"Ana\": only surrounding white space differs");
    assert_eq!(reason("equals: Ana", "ANA", false), "is \"ANA\", not \"Ana\": only letter case differs");
    assert!(reason("equals: Ana", "ana ", false).ends_with("only letter case and surrounding white space differ"));
    assert_eq!(reason("iequals: Ana", "ana ", false), "is \"ana \", not \"Ana\" in any letter case: only surrounding white space differs");
    assert_eq!(reason("equals: \"\"", "", true), "is \"\"");
    assert_eq!(reason("equals: Ana", "", false), "is \"\", not \"Ana\"");
}

#[test]
fn long_texts_show_where_they_part() {
    let same = "a".repeat(100);
    let found = reason(&format!("equals: {same}b"), &format!("{same}c{}", "x".repeat(100)), false);
    assert_eq!(found, format!("differs from character 101 on: has \"c{}…\", not \"b\"", "x".repeat(39)));
    let found = reason(&format!("iequals: {same}"), &format!("{}!", same.to_uppercase()), false);
    assert_eq!(found, "differs from character 101 on: has \"!\", not \"\" in any letter case");
}

#[test]
fn numbers_and_booleans_stand_for_their_text() {
    reason("equals: 42", "42", true);
    reason("equals: true", "true", true);
    reason("contains: -1.5", "it is -1.5 °C", true);
    reason("contains-all: [1, x]", "x1", true);
}

#[test]
fn variables_are_filled_in_and_literal_braces_stay() {
    reason("equals: \"Hello, {{user.name}}!\"", "Hello, Ben!", true);
    reason("equals: \"{\\\"a\\\": {\\\"b\\\": 1}}\"", "{\"a\": {\"b\": 1}}", true);
    let missing = parse("contains: \"{{nmae}}\"").unwrap().prepare(&variables()).unwrap_err();
    assert_eq!(missing.missing.as_deref(), Some("nmae"));
    let missing = parse("contains-any: [a, \"{{nmae}}\"]").unwrap().prepare(&variables()).unwrap_err();
    assert_eq!(missing.missing.as_deref(), Some("nmae"));
}

#[test]
fn a_text_that_every_answer_contains_is_refused() {
    for kind in ["contains", "icontains", "starts-with", "ends-with"] {
        assert!(problems(&format!("{kind}: \"\"")).first().unwrap().contains("the text is empty"), "{kind}");
        let error = parse(&format!("{kind}: \"{{{{empty}}}}\"")).unwrap().prepare(&variables()).unwrap_err();
        assert!(error.message.contains("is empty with these variables"), "{kind}: {error}");
    }
    assert_eq!(problems("contains-any: []"), ["contains-any: the list is empty ()"]);
    assert!(problems("contains-any: [a, \"\"]").first().unwrap().starts_with("contains-any[1]: the text is empty"));
    assert!(problems("contains-any: text").first().unwrap().starts_with("contains-any: expected a list of texts, found text"));
    assert_eq!(problems("equals: [a]"), ["equals: expected text, found a list ()"]);
}

#[test]
fn letter_case_is_unicode_and_the_same_everywhere_in_a_word() {
    reason("icontains: STRASSE", "straße", false);
    reason("icontains: ÄRGER", "viel ärger", true);
    reason("icontains: \"i\\u0307\"", "İ", true);
    reason("icontains: ΟΔΟΣ", "η οδός", false);
    reason("icontains: ΟΔΟΣ", "οδοσα", true);
    reason("iequals: ΟΔΟΣ", "οδος", true);
    reason("contains: \"e\\u0301\"", "é", false);
}

#[test]
fn a_list_scores_the_share_it_finds() {
    let run = judge("contains-all: [a, b, c, d]", "ab");
    assert!(!run.passed && (run.score - 0.5).abs() < 1e-12);
    assert_eq!(run.reason, "contains 2 of 4, lacks \"c\", \"d\"");
    assert_eq!(reason("contains-all: [a, b]", "ab", true), "contains all of \"a\", \"b\"");
    assert_eq!(reason("contains-any: [a, b, c, d, e]", "x", false), "contains none of \"a\", \"b\", \"c\" and 2 more");
    assert_eq!(reason("icontains-any: [A, x]", "bax", true), "contains \"A\", \"x\" in any letter case");
    let run = judge("not-contains-all: [a, b]", "a");
    assert!(run.passed && (run.score - 0.5).abs() < 1e-12);
}

#[test]
fn ends_show_what_is_there_instead() {
    assert_eq!(reason("starts-with: Hello", "Help me", false), "does not start with \"Hello\" but with \"Help \"");
    assert_eq!(reason("ends-with: \"é!\"", "a é?", false), "does not end with \"é!\" but with \"é?\"");
    assert_eq!(reason("ends-with: \"é!\"", "é!", true), "ends with \"é!\"");
    assert_eq!(reason("ends-with: long enough", "", false), "does not end with \"long enough\" but with \"\"");
}
