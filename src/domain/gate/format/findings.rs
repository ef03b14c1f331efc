//! What linters, type checkers and scanners found, each in a form of its own.

use std::collections::BTreeMap;

use serde::{Deserialize, de::IgnoredAny};

use super::{Format, Readings, has_key, json, number};

/// bandit's JSON.
pub(super) const BANDIT: Format = Format {
    name: "bandit",
    tool: "bandit (`-f json`)",
    measures: &[("findings", "all"), ("high", "of high severity"), ("medium", "of medium severity"), ("high-or-medium", "both")],
    looks_like: |text| {
        has_key(text, "results") && text.contains("\"issue_severity\"") || has_key(text, "generated_at") && text.contains("\"_totals\"")
    },
    read: bandit,
};

/// mypy's JSON lines.
pub(super) const MYPY: Format = Format {
    name: "mypy",
    tool: "mypy (`--output json`)",
    measures: &[("errors", "of severity error"), ("findings", "all, notes included")],
    looks_like: |text| text.lines().next().is_some_and(|line| has_key(line, "severity") && has_key(line, "file")),
    read: mypy,
};

/// radon's complexity.
pub(super) const RADON: Format = Format {
    name: "radon",
    tool: "radon (`cc --json`)",
    measures: &[
        ("blocks", "functions, methods and classes"),
        ("worse-than-a", "blocks of rank B to F"),
        ("worse-than-b", "blocks of rank C to F"),
        ("worse-than-c", "blocks of rank D to F"),
        ("average-complexity", "the mean cyclomatic complexity"),
    ],
    looks_like: |text| text.trim_start().starts_with('{') && text.contains("\"rank\"") && text.contains("\"complexity\""),
    read: radon,
};

/// ruff's JSON.
pub(super) const RUFF: Format = Format {
    name: "ruff",
    tool: "ruff (`--output-format json`), and any list of findings",
    measures: &[("findings", "entries of the list")],
    looks_like: |text| text.trim_start().starts_with('['),
    read: |text| Ok(Readings::from([("findings", number(json::<Vec<IgnoredAny>>(text)?.len()))])),
};

fn bandit(text: &str) -> Result<Readings, String> {
    #[derive(Deserialize)]
    struct File {
        #[serde(default)]
        errors: Vec<IgnoredAny>,
        results: Vec<Issue>,
    }
    #[derive(Deserialize)]
    struct Issue {
        issue_severity: String,
    }
    let file = json::<File>(text)?;
    if !file.errors.is_empty() {
        return Err(format!("the scan could not read {} files", file.errors.len()));
    }
    let of = |severity: &str| file.results.iter().filter(|issue| issue.issue_severity.eq_ignore_ascii_case(severity)).count();
    let (high, medium) = (of("high"), of("medium"));
    Ok(Readings::from([
        ("findings", number(file.results.len())),
        ("high", number(high)),
        ("medium", number(medium)),
        ("high-or-medium", number(high + medium)),
    ]))
}

fn mypy(text: &str) -> Result<Readings, String> {
    #[derive(Deserialize)]
    struct Line {
        severity: String,
    }
    // Where it finds nothing it ends one empty line; where it could not start, it writes nothing.
    if text.is_empty() {
        return Err("it is empty: mypy writes at least the end of a line, so it did not run to its end".to_owned());
    }
    let (mut errors, mut findings) = (0, 0);
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let line: Line = json(line).map_err(|why| format!("line {}: {why}", index + 1))?;
        findings += 1;
        errors += usize::from(line.severity == "error");
    }
    Ok(Readings::from([("errors", number(errors)), ("findings", number(findings))]))
}

fn radon(text: &str) -> Result<Readings, String> {
    #[derive(Deserialize)]
    struct Block {
        rank: String,
        complexity: f64,
    }
    let files: BTreeMap<String, Vec<Block>> = json(text)?;
    if files.is_empty() {
        return Err("it looked at no file".to_owned());
    }
    let blocks: Vec<&Block> = files.values().flatten().collect();
    let worse = |than: &str| number(blocks.iter().filter(|block| block.rank.as_str() > than).count());
    let mut readings = Readings::from([
        ("blocks", number(blocks.len())),
        ("worse-than-a", worse("A")),
        ("worse-than-b", worse("B")),
        ("worse-than-c", worse("C")),
    ]);
    if !blocks.is_empty() {
        readings.insert("average-complexity", blocks.iter().map(|block| block.complexity).sum::<f64>() / number(blocks.len()));
    }
    Ok(readings)
}

#[cfg(test)]
mod tests {
    use super::super::read;

    #[test]
    fn the_python_tools_are_read() {
        let bandit = r#"{"errors": [], "generated_at": "x", "results": [{"issue_severity": "HIGH"}, {"issue_severity": "LOW"}]}"#;
        assert_eq!(read(bandit, None, "high-or-medium"), Ok(1.0));
        assert!(read(&bandit.replace("\"errors\": []", "\"errors\": [{}]"), None, "high").unwrap_err().contains("could not read 1 files"));
        let mypy = "{\"file\": \"a.py\", \"severity\": \"error\"}\n{\"file\": \"a.py\", \"severity\": \"note\"}\n";
        assert_eq!(read(mypy, None, "errors"), Ok(1.0));
        assert_eq!(read("\n", Some("mypy"), "errors"), Ok(0.0), "what mypy 1.11 and 2.4 write when all is well");
        let radon =
            r#"{"a.py": [{"rank": "A", "complexity": 1}, {"rank": "C", "complexity": 11}], "b.py": [{"rank": "B", "complexity": 6}]}"#;
        assert_eq!(read(radon, None, "worse-than-b"), Ok(1.0));
        assert_eq!(read(radon, None, "average-complexity"), Ok(6.0));
        assert_eq!(read("[{}, {}]", None, "findings"), Ok(2.0));
        assert_eq!(read("[]", Some("ruff"), "findings"), Ok(0.0));
    }

    #[test]
    fn nothing_at_all_is_never_no_findings() {
        assert_eq!(
            read("", Some("mypy"), "errors").unwrap_err(),
            "not mypy: it is empty: mypy writes at least the end of a line, so it did not run to its end"
        );
        assert_eq!(read("{}", Some("radon"), "worse-than-b").unwrap_err(), "not radon: it looked at no file");
        for format in super::super::all() {
            for measure in format.measures {
                assert!(read("", Some(format.name), measure.0).is_err(), "{}: {}", format.name, measure.0);
            }
        }
    }
}
