//! Titles by Conventional Commits 1.0.

use std::sync::OnceLock;

use regex::Regex;

/// The eleven types.
pub const TYPES: [&str; 11] = ["feat", "fix", "docs", "style", "refactor", "perf", "test", "chore", "build", "ci", "revert"];

/// What is wrong with a title; `None` when nothing is.
pub fn wrong(title: &str) -> Option<String> {
    static FORM: OnceLock<Regex> = OnceLock::new();
    let form = FORM.get_or_init(|| Regex::new(r"^([A-Za-z]+)(\([^()\s][^()]*\))?!?: \S").expect("the pattern is fixed"));
    let known = || TYPES.join(", ");
    if title.trim() != title {
        return Some("it begins or ends with a space".to_owned());
    }
    if let Some(reverted) = title.strip_prefix("Revert \"").and_then(|rest| rest.strip_suffix('"')) {
        return Some(format!("it is the title that GitHub gives a revert; write `revert: {reverted}`"));
    }
    let Some(captures) = form.captures(title) else {
        return Some(format!("it is not `type: text` or `type(scope): text` with one of {}", known()));
    };
    let kind = captures.get(1).map_or("", |kind| kind.as_str());
    if TYPES.contains(&kind) {
        return None;
    }
    let meant = TYPES.iter().map(|name| (strsim::damerau_levenshtein(&kind.to_lowercase(), name), name)).min();
    Some(match meant {
        Some((distance, name)) if distance <= 2 && distance < name.len() => format!("`{kind}` is no type; did you mean `{name}`?"),
        Some(_) | None => format!("`{kind}` is no type; there are {}", known()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_are_taken_or_told_what_is_wrong() {
        for title in ["feat: a", "feat!: a", "feat(api)!: a", "revert: undo", "ci: x", "fix(two words): a"] {
            assert_eq!(wrong(title), None, "{title}");
        }
        assert_eq!(wrong("Feat: caps").unwrap(), "`Feat` is no type; did you mean `feat`?");
        assert_eq!(wrong(" fix: x").unwrap(), "it begins or ends with a space");
        let revert = wrong("Revert \"feat: tune\"").unwrap();
        assert_eq!(revert, "it is the title that GitHub gives a revert; write `revert: feat: tune`");
        assert_eq!(wrong("revert: feat: tune"), None);
        assert!(wrong("merge: x").unwrap().starts_with("`merge` is no type; there are feat, fix,"));
        for title in ["feat:no space", "feat: ", "feat (x): a", "feat(): a", "", "wip"] {
            assert!(wrong(title).is_some(), "{title}");
        }
    }
}
