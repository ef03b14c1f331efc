//! Making untrusted text harmless where it is shown. Answers, variables, names and messages of other programs are all
//! hostile until they went through one of these functions.

use std::borrow::Cow;

/// Breaks a word for a machine without being seen by people.
const ZERO_WIDTH_SPACE: char = '\u{200b}';

/// Whether a character acts on what surrounds it, or hides, instead of showing itself: terminal controls, bidirectional
/// overrides, tags, invisible spaces. Joiners and emoji variations stay: scripts and emoji need them.
pub(super) fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}')
        || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}')
        || matches!(c, '\u{fff9}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}' | '\u{e0000}'..='\u{e0fff}')
}

/// Makes every hidden character visible (`\u{1b}`, `\r`); line breaks and tabs stay.
pub fn terminal(text: &str) -> Cow<'_, str> {
    let acts = |c: char| is_hidden(c) && c != '\n' && c != '\t';
    if !text.contains(acts) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if acts(c) { shown.extend(c.escape_default()) } else { shown.push(c) }
    }
    Cow::Owned(shown)
}

/// The text on one line: hidden characters visible, line breaks as `⏎`, and nothing that GitHub's runner would obey.
pub fn one_line(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    let shown = terminal(&text).replace('\n', "⏎").replace('\t', "\\t");
    workflow_command_safe(&shown).into_owned()
}

/// Breaks what GitHub's runner takes for commands in a log: `::` at the start of a line and `##[` anywhere.
pub fn workflow_command_safe(text: &str) -> Cow<'_, str> {
    if !text.contains("::") && !text.contains("##[") {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for line in text.split_inclusive(['\n', '\r']) {
        let visible = line.trim_start_matches(|c: char| c.is_whitespace() || is_hidden(c));
        let rest = match (visible.strip_prefix("::"), line.strip_suffix(visible)) {
            (Some(rest), Some(indent)) => {
                safe.push_str(indent);
                safe.extend([':', ZERO_WIDTH_SPACE, ':']);
                rest
            }
            _ => line,
        };
        safe.push_str(&rest.replace("##[", "#\u{200b}#["));
    }
    Cow::Owned(safe)
}

/// Breaks what GitHub turns into notifications and links wherever it finds it: mentions, issue numbers, addresses.
fn unlinked(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let mut rest = text.chars();
    let mut word_so_far = ['\0'; 3];
    while let Some(c) = rest.next() {
        out.push(c);
        let next = rest.as_str();
        let digit_follows = next.starts_with(|n: char| n.is_ascii_digit());
        let [third, second, first] = word_so_far.map(|w| w.to_ascii_lowercase());
        let breaks = match c {
            '@' => true,
            '#' => digit_follows,
            '-' => digit_follows && second == 'g' && first == 'h',
            ':' => next.starts_with("//"),
            'w' | 'W' => next.starts_with('.') && second == 'w' && first == 'w' && third != 'w',
            _ => false,
        };
        if breaks {
            out.push(ZERO_WIDTH_SPACE);
        }
        word_so_far = [word_so_far[1], word_so_far[2], c];
    }
    out
}

/// The text as one line of Markdown that shows exactly itself: no markup, no HTML, no mention, no link.
pub fn markdown(text: &str) -> String {
    let shown = terminal(text);
    let joined = shown.split_whitespace().collect::<Vec<_>>().join(" ");
    let plain = unlinked(&joined);
    let mut out = String::with_capacity(plain.len() + 16);
    let number = plain.trim_start_matches(|c: char| c.is_ascii_digit());
    let after_marker = number.strip_prefix(['.', ')']).filter(|after| after.is_empty() || after.starts_with(' '));
    let list_marker = after_marker.filter(|_| number.len() < plain.len()).map(|_| plain.len() - number.len());
    for (index, c) in plain.char_indices() {
        let special = matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '&' | '|' | '~' | '$');
        let starts_block = index == 0 && matches!(c, '-' | '+' | '=' | ':');
        if special || starts_block || list_marker == Some(index) {
            out.push('\\');
        }
        out.push(c);
    }
    workflow_command_safe(&out).into_owned()
}

/// The text as the cell of a GitHub table: [`markdown`] of at most `max` characters.
pub fn markdown_table_cell(text: &str, max: usize) -> String {
    markdown(&truncate_chars(text, max))
}

/// The text inside an HTML element on one line, where Markdown is not read (`<summary>`).
pub fn html(text: &str) -> String {
    let shown = terminal(text);
    let joined = shown.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut out = String::with_capacity(joined.len() + 16);
    for c in unlinked(&joined).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    workflow_command_safe(&out).into_owned()
}

/// The text as a fenced block of Markdown, with a fence that is longer than any run of backticks inside.
pub fn code_fence(text: &str) -> String {
    fenced(text, "text")
}

/// The same in a language that the page may colour; `language` is ours, never a user's.
pub fn fenced(text: &str, language: &str) -> String {
    let text = text.replace("\r\n", "\n");
    let shown = terminal(&text);
    let safe = workflow_command_safe(&shown);
    let longest = safe.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    let end = if safe.is_empty() || safe.ends_with('\n') { "" } else { "\n" };
    format!("{fence}{language}\n{safe}{end}{fence}\n")
}

/// At most `max` characters of the text, the last one `…` where something was cut.
pub fn truncate_chars(text: &str, max: usize) -> Cow<'_, str> {
    if text.len() <= max || text.chars().nth(max).is_none() {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().take(max.saturating_sub(1)).chain(['…']).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Text made of the pieces that do harm, and of arbitrary characters between them.
    fn hostile() -> impl Strategy<Value = String> {
        let pieces = "::,##[,#,@,`,```,\n,\r\n,\r, ,    ,|,<!--,-->,<b>,[a](b),http://,WWW.,GH-,1. ,- ,\\,&amp;,\u{1b}[31m,\u{202e},\u{9b},\u{2028},error,é,7,$,~~,===,---,w";
        let pieces: Vec<&str> = pieces.split(',').collect();
        proptest::collection::vec(prop_oneof![3 => proptest::sample::select(pieces).prop_map(str::to_owned), 1 => ".{0,3}"], 0..12)
            .prop_map(|parts| parts.concat())
    }

    fn has_command(text: &str) -> bool {
        text.contains("##[") || text.split(['\n', '\r']).any(|line| line.trim_start().starts_with("::"))
    }

    /// Whether some `special` stands there without a backslash of its own.
    fn unescaped(text: &str, special: &str) -> bool {
        let mut escaped = false;
        for c in text.chars() {
            if !escaped && special.contains(c) {
                return true;
            }
            escaped = !escaped && c == '\\';
        }
        escaped
    }

    proptest! {
        #[test]
        fn the_runner_finds_no_command(text in hostile()) {
            prop_assert!(!has_command(&workflow_command_safe(&text)));
            prop_assert!(!has_command(&one_line(&text)));
            prop_assert!(!has_command(&markdown(&text)));
            prop_assert!(!has_command(&html(&text)));
            prop_assert!(!has_command(&code_fence(&text)));
        }

        #[test]
        fn breaking_commands_only_adds_spaces_without_width(text in hostile()) {
            prop_assert_eq!(workflow_command_safe(&text).replace('\u{200b}', ""), text.replace('\u{200b}', ""));
        }

        #[test]
        fn a_terminal_gets_nothing_that_acts(text in hostile()) {
            let shown = terminal(&text);
            prop_assert!(!shown.chars().any(|c| is_hidden(c) && c != '\n' && c != '\t'));
            let line = one_line(&text);
            prop_assert!(!line.chars().any(|c| is_hidden(c) && c != ZERO_WIDTH_SPACE), "{line}");
        }

        #[test]
        fn markdown_has_no_markup_left(text in hostile()) {
            let out = markdown(&text);
            prop_assert!(!unescaped(&out, "`*_[]<>#&|~$"), "{out}");
            prop_assert!(!out.contains('\n') && !out.starts_with([' ', '\t', '-', '+', '=', ':']), "{out}");
            let number = out.trim_start_matches(|c: char| c.is_ascii_digit());
            prop_assert!(number.len() == out.len() || !(number.starts_with(". ") || number.starts_with(") ") || number == "."), "{out}");
        }

        #[test]
        fn nothing_is_linked(text in hostile()) {
            for out in [markdown(&text), html(&text)] {
                let lower = out.to_lowercase();
                prop_assert!(!lower.replace("@\u{200b}", "").contains('@'), "{out}");
                prop_assert!(!lower.contains("://"), "{out}");
                prop_assert!(!(lower.starts_with("www.") || lower.contains(" www.")), "{out}");
                for digit in '0'..='9' {
                    prop_assert!(!lower.contains(&format!("gh-{digit}")), "{out}");
                    prop_assert!(!lower.replace("&#39;", "").contains(&format!("#{digit}")), "{out}");
                }
            }
        }

        #[test]
        fn html_has_no_elements(text in hostile()) {
            prop_assert!(!html(&text).contains(['<', '>', '"', '\'', '\n']));
        }

        #[test]
        fn a_fence_is_closed_only_by_its_end(text in hostile()) {
            let block = code_fence(&text);
            let fence: String = block.chars().take_while(|c| *c == '`').collect();
            prop_assert!(fence.len() >= 3);
            prop_assert_eq!(block.matches(fence.as_str()).count(), 2, "{}", block);
            let end = format!("\n{fence}\n");
            prop_assert!(block.ends_with(&end));
        }

        #[test]
        fn truncation_keeps_the_bound(text in ".{0,40}", max in 1_usize..30) {
            let cut = truncate_chars(&text, max);
            prop_assert!(cut.chars().count() <= max);
            prop_assert_eq!(text.chars().count() <= max, cut == text);
        }
    }

    #[test]
    fn ordinary_text_stays_readable() {
        assert_eq!(markdown("the answer has 12 words, at most 5.5 (of 7) allowed"), "the answer has 12 words, at most 5.5 (of 7) allowed");
        assert_eq!(terminal("naïve 👩‍👩‍👧 مرحبا\n\tok"), "naïve 👩‍👩‍👧 مرحبا\n\tok");
        assert_eq!(one_line("std::vec a\r\nb\tc\u{1b}[0m"), "std::vec a⏎b\\tc\\u{1b}[0m");
        assert_eq!(truncate_chars("héllo", 5), "héllo");
        assert_eq!(truncate_chars("héllo!", 5), "héll…");
    }

    #[test]
    fn what_github_acts_on_is_broken() {
        assert_eq!(markdown("ping @ana, see #12 and GH-7"), "ping @\u{200b}ana, see \\#\u{200b}12 and GH-\u{200b}7");
        assert_eq!(markdown("https://x.y | `code` <!-- a -->"), "https:\u{200b}//x.y \\| \\`code\\` \\<!-- a --\\>");
        assert_eq!(markdown("1. first"), "1\\. first");
        assert_eq!(markdown("4.2 s"), "4.2 s");
        assert_eq!(workflow_command_safe("a\n  ::error::x\n##[group]"), "a\n  :\u{200b}:error::x\n#\u{200b}#[group]");
        assert_eq!(html("<b> \"@x\""), "&lt;b&gt; &quot;@\u{200b}x&quot;");
        assert_eq!(code_fence("a ``` b"), "````text\na ``` b\n````\n");
    }
}
