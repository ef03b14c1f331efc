use super::{problems, reason};

#[test]
fn characters_are_unicode_scalar_values() {
    assert_eq!(reason("max-length: 2", "e\u{301}!", false), "3 characters, at most 2 allowed");
    assert_eq!(reason("min-length: 1", "ß", true), "1 character, at least 1 required");
    assert_eq!(reason("min-length: 1", "", false), "0 characters, at least 1 required");
    reason("max-length: 0", "", true);
}

#[test]
fn words_are_separated_by_white_space() {
    assert_eq!(reason("max-words: 2", "one\ttwo\u{a0}three", false), "3 words, at most 2 allowed");
    assert_eq!(reason("min-words: 2", "one", false), "1 word, at least 2 required");
    reason("max-words: 0", " \n", true);
}

#[test]
fn only_whole_numbers_of_0_or_more_are_lengths() {
    for value in ["-1", "1.5", "1.0", "1e99"] {
        assert!(problems(&format!("max-words: {value}")).first().unwrap().contains("is not a whole number of 0 or more"), "{value}");
    }
    assert_eq!(problems("max-words: \"3\""), ["max-words: expected a whole number of 0 or more, found text ()"]);
    assert_eq!(problems("{type: min-length, value: [3]}"), ["value: expected a whole number of 0 or more, found a list ()"]);
}
