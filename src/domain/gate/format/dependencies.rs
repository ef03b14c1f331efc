//! How fresh dependencies are.

use serde::{Deserialize, de::IgnoredAny};
use serde_json::{Map, Value};

use super::{Format, Readings, has_key, json, number};

const OUTDATED: (&str, &str) = ("outdated", "packages with a newer version");

/// pip's list.
pub(super) const PIP_OUTDATED: Format = Format {
    name: "pip-outdated",
    tool: "pip (`list --outdated --format json`)",
    measures: &[OUTDATED],
    // Nothing is outdated: the list is empty.
    looks_like: |text| text.trim_start().starts_with('[') && (text.contains("\"latest_version\"") || text.trim() == "[]"),
    read: pip,
};

/// npm's map. Any JSON map looks like it, so it is never guessed.
pub(super) const NPM_OUTDATED: Format =
    Format { name: "npm-outdated", tool: "npm (`outdated --json`)", measures: &[OUTDATED], looks_like: |_| false, read: npm };

/// cargo-outdated's JSON.
pub(super) const CARGO_OUTDATED: Format = Format {
    name: "cargo-outdated",
    tool: "cargo-outdated (`--format json`)",
    measures: &[OUTDATED],
    looks_like: |text| has_key(text, "crate_name") && has_key(text, "dependencies"),
    read: cargo,
};

fn counted(packages: usize) -> Readings {
    Readings::from([("outdated", number(packages))])
}

fn pip(text: &str) -> Result<Readings, String> {
    #[derive(Deserialize)]
    struct Package {
        #[serde(rename = "latest_version")]
        _latest: String,
    }
    json::<Vec<Package>>(text).map(|packages| counted(packages.len()))
}

fn npm(text: &str) -> Result<Readings, String> {
    // Nothing outdated: npm writes `{}`. Versions before 7 wrote nothing at all, as one does that could not start.
    if text.trim().is_empty() {
        return Err("it is empty: npm 7 and later write `{}` where nothing is outdated".to_owned());
    }
    let packages: Map<String, Value> = json(text)?;
    if packages.contains_key("error") {
        return Err("npm reports an error instead of packages".to_owned());
    }
    Ok(counted(packages.len()))
}

fn cargo(text: &str) -> Result<Readings, String> {
    #[derive(Deserialize)]
    struct Line {
        dependencies: Vec<IgnoredAny>,
    }
    let (mut outdated, mut crates) = (0, 0_usize);
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        outdated += json::<Line>(line)?.dependencies.len();
        crates += 1;
    }
    if crates == 0 {
        return Err("it is empty: cargo-outdated writes a line for each crate".to_owned());
    }
    Ok(counted(outdated))
}

#[cfg(test)]
mod tests {
    use super::super::read;

    #[test]
    fn each_tool_is_counted() {
        assert_eq!(read(r#"[{"name": "a", "version": "1", "latest_version": "2"}]"#, None, "outdated"), Ok(1.0));
        assert_eq!(read(r#"{"a": {"current": "1"}, "b": {}}"#, Some("npm-outdated"), "outdated"), Ok(2.0));
        assert_eq!(read("{}\n", Some("npm-outdated"), "outdated"), Ok(0.0));
        assert!(read(r#"{"error": {"code": "E404"}}"#, Some("npm-outdated"), "outdated").unwrap_err().contains("reports an error"));
        let cargo = "{\"crate_name\": \"a\", \"dependencies\": [{}, {}]}\n{\"crate_name\": \"b\", \"dependencies\": []}\n";
        assert_eq!(read(cargo, None, "outdated"), Ok(2.0));
    }
}
