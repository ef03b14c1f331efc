//! Versions and changelogs in the texts of files.

use std::sync::OnceLock;

use regex::Regex;
use semver::Version;
use thiserror::Error;

/// Why a file's version cannot be changed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct FileProblem(String);

/// Where a version stands after the word `version`, or after the action's image and `@v`.
fn form() -> &'static Regex {
    static FORM: OnceLock<Regex> = OnceLock::new();
    FORM.get_or_init(|| {
        Regex::new(r#"(?im)^(\s*["']?version["']?\s*[:=]\s*["']?)v?([0-9]+\.[0-9]+\.[0-9]+[0-9A-Za-z.+-]*)"#).expect("the pattern is fixed")
    })
}

/// The version that a file names first: `version: 1.2.3`, `version = "1.2.3"`, `"version": "1.2.3"`, or the file's only word.
///
/// # Errors
/// When it names none.
pub fn version_of(text: &str) -> Result<Version, FileProblem> {
    place(text).map(|(version, _)| version)
}

/// The text with its version changed, everything else as it was.
///
/// # Errors
/// When it names none.
pub fn with_version(text: &str, version: &Version) -> Result<String, FileProblem> {
    let (_, range) = place(text)?;
    let mut changed = text.to_owned();
    changed.replace_range(range, &version.to_string());
    Ok(changed)
}

fn place(text: &str) -> Result<(Version, std::ops::Range<usize>), FileProblem> {
    let only = text.trim();
    if let Ok(version) = Version::parse(only.strip_prefix('v').unwrap_or(only)) {
        let start = text.find(only).unwrap_or_default() + usize::from(only.starts_with('v'));
        return Ok((version, start..text.trim_end().len()));
    }
    let found = form().captures_iter(text).find_map(|found| {
        let number = found.get(2)?;
        Some((Version::parse(number.as_str()).ok()?, number.range()))
    });
    found.ok_or_else(|| FileProblem("it names no version: a line such as `version: 1.2.3` is looked for".to_owned()))
}

/// A changelog with the section of a version put before all other versions, below what stands before the first of them.
///
/// # Errors
/// When it has a section of this version already.
pub fn with_section(changelog: &str, version: &Version, section: &str) -> Result<String, FileProblem> {
    let heading = |line: &str| line.starts_with("## ");
    let names = |line: &str| {
        line.trim_start_matches('#').trim().trim_start_matches('[').trim_start_matches('v').split([']', ' ']).next()
            == Some(&*version.to_string())
    };
    if changelog.lines().any(|line| heading(line) && names(line)) {
        return Err(FileProblem(format!(
            "it has a section for {version} already, so that version was prepared: commit it, or take the section away"
        )));
    }
    let unreleased = |line: &str| line.to_lowercase().contains("unreleased");
    let mut at = changelog.len();
    let mut offset = 0;
    for line in changelog.split_inclusive('\n') {
        if heading(line) && !unreleased(line) {
            at = offset;
            break;
        }
        offset += line.len();
    }
    let (before, after) = changelog.split_at_checked(at).unwrap_or((changelog, ""));
    let before = if before.trim().is_empty() { "# Changelog".to_owned() } else { before.trim_end().to_owned() };
    let after = if after.is_empty() { String::new() } else { format!("\n{after}") };
    Ok(format!("{before}\n\n{}\n{after}", section.trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_changed_where_it_stands_and_nothing_else() {
        let to = Version::parse("2.0.0-rc.1").unwrap();
        for (text, expected) in [
            (
                "[package]\nname = \"a\"\nversion = \"1.2.3\"\n[dependencies]\nb = {version = \"1.2.3\"}\n",
                "[package]\nname = \"a\"\nversion = \"2.0.0-rc.1\"\n[dependencies]\nb = {version = \"1.2.3\"}\n",
            ),
            ("{\n  \"version\": \"1.2.3-beta.1\"\n}\n", "{\n  \"version\": \"2.0.0-rc.1\"\n}\n"),
            ("name: greeting\nversion: 1.2.3 # why\n", "name: greeting\nversion: 2.0.0-rc.1 # why\n"),
            ("v1.2.3\n", "v2.0.0-rc.1\n"),
            ("1.2.3", "2.0.0-rc.1"),
        ] {
            assert_eq!(with_version(text, &to).unwrap(), expected);
        }
        for text in ["", "name: a\n", "version: one\n", "version: 1.2\n"] {
            assert!(with_version(text, &to).unwrap_err().to_string().contains("names no version"), "{text}");
        }
    }

    #[test]
    fn a_section_goes_above_the_older_ones() {
        let version = Version::new(1, 1, 0);
        let section = "## 1.1.0 - 2026-01-02\n\n### Added\n\n- a\n";
        let old = "# Changelog\n\n## Unreleased\n\n- x\n\n## 1.0.0\n\n- b\n";
        let new = with_section(old, &version, section).unwrap();
        assert_eq!(new, "# Changelog\n\n## Unreleased\n\n- x\n\n## 1.1.0 - 2026-01-02\n\n### Added\n\n- a\n\n## 1.0.0\n\n- b\n");
        assert!(with_section(&new, &version, section).unwrap_err().to_string().contains("already"));
        assert_eq!(with_section("", &version, section).unwrap(), format!("# Changelog\n\n{section}"));
    }
}
