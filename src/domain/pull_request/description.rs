//! What a description says: to people, and by the forms that GitHub and Conventional Commits give it.

use std::sync::OnceLock;

use regex::Regex;

/// The description without what a template says in comments, which nobody sees.
pub(super) fn shown(body: &str) -> String {
    let mut rest = body;
    let mut shown = String::new();
    while let Some((before, comment)) = rest.split_once("<!--") {
        shown.push_str(before);
        // A comment that does not end hides the rest.
        rest = comment.split_once("-->").map_or("", |(_, after)| after);
    }
    shown + rest
}

/// Whether a line is the footer of Conventional Commits that announces what breaks, with words.
pub(super) fn has_footer(body: &str) -> bool {
    let footer = |line: &str| {
        ["BREAKING CHANGE:", "BREAKING-CHANGE:"].iter().any(|token| line.strip_prefix(token).is_some_and(|text| !text.trim().is_empty()))
    };
    body.lines().any(|line| footer(line.trim_start()))
}

/// The first issue of the repository that a description closes: `#12` or its address. `owner/name#12` is for another repository's (case PRV-037).
pub(super) fn issue(body: &str) -> Option<String> {
    const FORMS: &str = r"(?i)\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?):?\s+(#\d+|https?://[\w.:-]+/[\w.-]+/[\w.-]+/issues/\d+)\b";
    static FORM: OnceLock<Regex> = OnceLock::new();
    let form = FORM.get_or_init(|| Regex::new(FORMS).expect("the pattern is fixed"));
    form.captures(body).and_then(|captures| captures.get(1)).map(|issue| issue.as_str().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn issues_are_named_as_github_reads_them() {
        for (body, closed) in
            [("closes: #12", "#12"), ("resolves https://github.com/octo/prompts/issues/9", "https://github.com/octo/prompts/issues/9")]
        {
            assert_eq!(issue(body).as_deref(), Some(closed));
        }
        for body in ["see #12", "closes 12", "encloses #12", "closes octo/prompts", "Fixed octo/prompts#7."] {
            assert_eq!(issue(body), None, "{body}");
        }
    }
}
