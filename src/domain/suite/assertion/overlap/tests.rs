//! Against numbers of NLTK and rouge-score; see tests/data/text-metrics/generate.py.

use serde_json::Value;

use super::{
    precision::{bleu, gleu},
    rouge::{Measure, f_measure},
    words::words,
};
use crate::domain::suite::assertion::tests::{problems, reason};

#[test]
fn scores_are_those_of_nltk_and_rouge_score() {
    let cases: Vec<Value> = serde_json::from_str(include_str!("../../../../../tests/data/text-metrics/expected.json")).unwrap();
    assert!(cases.len() > 100);
    for case in cases {
        let answer = words(case["answer"].as_str().unwrap());
        let references: Vec<_> = case["references"].as_array().unwrap().iter().map(|text| words(text.as_str().unwrap())).collect();
        let rouge = |measure| references.iter().map(|one| f_measure(&answer, one, measure).unwrap()).fold(0.0, f64::max);
        for (name, found) in [
            ("rouge-1", rouge(Measure::Ngrams(1))),
            ("rouge-2", rouge(Measure::Ngrams(2))),
            ("rouge-l", rouge(Measure::Longest)),
            ("bleu", bleu(&answer, &references)),
            ("gleu", gleu(&answer, &references)),
        ] {
            let expected = case[name].as_f64().unwrap();
            assert!((found - expected).abs() < 1e-12, "{name} is {found}, not {expected}: {case}");
        }
    }
}

#[test]
fn words_beyond_ascii_are_words() {
    assert_eq!(words("Grüße, Ирина—42!"), ["grüße", "ирина", "42"]);
    assert!(reason("{type: rouge-n, value: Добрый день, threshold: 1}", "добрый ДЕНЬ!", true).contains("ROUGE-1 is 1.000"));
}

#[test]
fn an_answer_without_words_shares_nothing() {
    for kind in ["{type: rouge-n, n: l", "{type: rouge-n, n: 2", "{type: bleu", "{type: gleu"] {
        assert!(reason(&format!("{kind}, value: a b, threshold: 0.01}}"), "…", false).contains("is 0.000"), "{kind}");
    }
}

#[test]
fn a_long_answer_is_too_much_and_no_pass() {
    let long = "word ".repeat(30_000);
    let found = reason(&format!("{{type: rouge-n, n: L, value: \"{}\", threshold: 0.1}}", "word ".repeat(1_000)), &long, false);
    assert_eq!(found, "ROUGE-L of 30000 words is too much to compute");
    let found = reason(&format!("{{type: not-levenshtein, value: \"{}\", threshold: 0}}", "x".repeat(20_000)), &"y".repeat(20_000), false);
    assert!(found.contains("too much"), "{found}");
}

#[test]
fn distances_have_a_share_as_score() {
    assert_eq!(reason("{type: levenshtein, value: kitten, threshold: 3}", "sitting", true), "3 edits from \"kitten\", at most 3 allowed");
    assert_eq!(reason("{type: levenshtein, value: kitten, threshold: 2}", "sitting", false), "3 edits from \"kitten\", at most 2 allowed");
    assert_eq!(reason("{type: levenshtein, value: a, threshold: 0}", "aaa", false), "at least 2 edits from \"a\", at most 0 allowed");
    assert!(reason("{type: levenshtein, value: \"{{empty}}\", threshold: 0}", "", true).contains("0 edits"));
}

#[test]
fn a_threshold_is_required_and_checked() {
    for kind in ["rouge-n", "bleu", "gleu"] {
        assert!(problems(&format!("{{type: {kind}, value: a}}"))[0].starts_with(": `threshold` is missing"), "{kind}");
        assert!(problems(&format!("{{type: {kind}, value: a, threshold: 0}}"))[0].contains("must be above 0"), "{kind}");
        assert!(problems(&format!("{{type: {kind}, value: [], threshold: 1}}"))[0].contains("from 1 to 100"), "{kind}");
    }
    assert!(problems("{type: rouge-n, value: a, n: 3, threshold: 1}")[0].contains("write 1, 2 or l"));
    assert!(problems("{type: levenshtein, value: a, threshold: 0.5}")[0].contains("counts edits"));
    assert!(problems("{type: levenshtein, value: a}")[0].contains("`threshold` is missing"));
}
