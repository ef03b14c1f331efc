use super::{judge, parse, problems, reason, variables};

#[test]
fn all_of_names_the_members_that_failed() {
    assert_eq!(reason("all-of: [{contains: a}, {contains: b}]", "ab", true), "all 2 hold");
    assert_eq!(
        reason("all-of: [{contains: a}, {contains: b}, {max-words: 1}]", "a a", false),
        "2 of 3 failed: contains: \"b\" (does not contain \"b\"), max-words: 1 (2 words, at most 1 allowed)"
    );
    let run = judge("all-of: [{type: contains, value: a, weight: 3}, {contains: b}]", "a");
    assert!((run.score - 0.75).abs() < 1e-12);
}

#[test]
fn any_of_needs_one() {
    assert_eq!(reason("any-of: [{contains: a}, {contains: b}]", "b", true), "holds: contains: \"b\" (contains \"b\")");
    assert!(reason("any-of: [{contains: a}, {contains: b}]", "c", false).starts_with("none of 2 holds: contains: \"a\" ("));
    assert!(reason("not-any-of: [{contains: a}, {contains: b}]", "b", false).ends_with(", and must not"));
}

#[test]
fn an_assert_set_passes_from_its_threshold() {
    let set = |threshold: &str| format!("{{type: assert-set, assert: [{{contains: a}}, {{contains: b}}, {{contains: c}}]{threshold}}}");
    assert_eq!(
        reason(&set(", threshold: 0.6"), "ab", true),
        "score 0.67, at least 0.6 required; failed: contains: \"c\" (does not contain \"c\")"
    );
    assert_eq!(reason(&set(", threshold: 1"), "abc", true), "score 1.00, at least 1 required");
    reason(&set(", threshold: 0.7"), "ab", false);
    assert!(reason(&set(""), "ab", false).starts_with("1 of 3 failed"));
    reason(&set(""), "abc", true);
}

#[test]
fn members_without_weight_decide_nothing() {
    let informational = "{type: contains, value: x, weight: 0}";
    reason(&format!("all-of: [{{contains: a}}, {informational}]"), "a", true);
    reason(&format!("any-of: [{{contains: a}}, {informational}]"), "x", false);
    reason(&format!("{{type: assert-set, threshold: 1, assert: [{{contains: a}}, {informational}]}}"), "a", true);
    assert!(problems(&format!("all-of: [{informational}]")).first().unwrap().contains("would test nothing"));
}

#[test]
fn problems_of_members_carry_their_path() {
    assert_eq!(
        problems("{type: all-of, value: [{contains: a}, {type: contains, value: b, weight: -1}, {contians: x}, {contains-any: [x, {}]}]}")
            .iter()
            .map(|problem| problem.split(':').next().unwrap())
            .collect::<Vec<_>>(),
        ["value[1].weight", "value[2]", "value[3].contains-any[1]"]
    );
    let short = problems("any-of: [{all-of: [{contains: []}]}]");
    assert_eq!(short, ["any-of[0].all-of[0].contains: expected text, found a list ()"]);
    let set = problems("{type: assert-set, threshold: 2, assert: [{regex: '('}]}");
    assert_eq!(
        set,
        ["threshold: 2 is not a threshold: it must be above 0 and at most 1 ()", "assert[0].regex: column 1: unclosed group ()"]
    );
}

#[test]
fn groups_need_members() {
    assert_eq!(problems("all-of: []"), ["all-of: the list is empty ()"]);
    assert_eq!(problems("all-of: {contains: x}"), ["all-of: expected a list of assertions, found a mapping ()"]);
    assert!(problems("{type: assert-set, threshold: 0}").iter().any(|problem| problem.starts_with(": `assert` is missing")));
    assert!(problems("{type: assert-set, value: []}").iter().any(|problem| problem.starts_with("value: `assert-set` takes no `value`")));
}

#[test]
fn groups_nest_eight_deep() {
    let nested = |depth: usize| format!("{}{{contains: a}}{}", "{all-of: [".repeat(depth), "]}".repeat(depth));
    reason(&nested(8), "a", true);
    assert!(problems(&nested(9)).first().unwrap().contains("more than 8 deep"));
    assert!(problems(&nested(30)).first().unwrap().contains("more than 8 deep"));
}

#[test]
fn a_member_that_cannot_be_prepared_is_named() {
    let error = parse("all-of: [{contains: a}, {contains: \"{{nmae}}\"}]").unwrap().prepare(&variables()).unwrap_err();
    assert_eq!(error.message, "contains: \"{{nmae}}\": variable `nmae` has no value");
    assert_eq!(error.missing.as_deref(), Some("nmae"));
}

#[test]
fn an_undecided_member_never_turns_into_a_pass() {
    // Not JSON: what json-path asks cannot be answered.
    let undecided = "{type: json-path, path: $.a, gt: 1}";
    reason(&format!("all-of: [{{contains: x}}, {undecided}]"), "x", false);
    reason(&format!("not-all-of: [{{contains: x}}, {undecided}]"), "x", false);
    reason(&format!("not-all-of: [{{contains: y}}, {undecided}]"), "x", true);
    reason(&format!("any-of: [{{contains: x}}, {undecided}]"), "x", true);
    reason(&format!("not-any-of: [{{contains: y}}, {undecided}]"), "x", false);
    reason(&format!("not-any-of: [{{contains: x}}, {undecided}]"), "x", false);
}
