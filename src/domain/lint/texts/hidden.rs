//! Characters that people do not see (`hidden_characters`).

/// The rule's id.
pub(in super::super) const RULE: &str = "hidden_characters";

/// Places that are reported of one text.
const MOST_PLACES: usize = 5;

/// The first byte of each run of hidden characters, with what it is.
pub(in super::super) fn find(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut previous = ' ';
    let mut in_flag = false;
    for (at, c) in text.char_indices() {
        let tag = is_tag(c);
        // Flags of regions are a black flag followed by tags.
        in_flag = c == '\u{1f3f4}' || in_flag && tag;
        let what = if tag && !in_flag {
            Some("invisible tag")
        } else if matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') {
            Some("change of direction")
        } else if matches!(c, '\u{200b}' | '\u{2060}'..='\u{2064}' | '\u{180e}' | '\u{3164}' | '\u{ffa0}' | '\u{115f}' | '\u{1160}')
            || c == '\u{feff}' && at > 0
        {
            Some("character without width")
        } else if c == '\u{1b}' || c == '\u{8}' || c == '\0' {
            Some("control character")
        } else {
            None
        };
        if let Some(what) = what {
            let goes_on = is_tag(previous) && tag || previous == c;
            if !goes_on {
                found.push((at, format!("{what}: U+{:04X}", u32::from(c))));
            }
            if found.len() == MOST_PLACES {
                break;
            }
        }
        previous = c;
    }
    found
}

fn is_tag(c: char) -> bool {
    matches!(c, '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hides_is_named_with_its_place() {
        assert_eq!(find("é\u{202e}x"), [(2, "change of direction: U+202E".to_owned())]);
        assert_eq!(find("a\u{e0049}\u{e0067}b\u{200b}").len(), 2);
        assert_eq!(find(&"x\u{200b}".repeat(1000)).len(), MOST_PLACES);
    }

    #[test]
    fn scripts_and_emoji_need_some_of_it() {
        for text in
            ["\u{feff}start", "👩\u{200d}🚀", "می\u{200c}خواهم", "🏴\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}", "❤\u{fe0f}"]
        {
            assert_eq!(find(text), [], "{text}");
        }
    }
}
