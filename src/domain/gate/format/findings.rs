//! What linters, type checkers and scanners found.

use std::collections::BTreeMap;

use serde::{Deserialize, de::IgnoredAny};

use super::{
    Format, Readings, has_key, json, number,
    tally::{Each, Tally},
};

/// SARIF.
pub(super) const SARIF: Format = Format {
    name: "sarif",
    tool: "CodeQL, semgrep, zizmor, trivy, prompt-cicd lint, many others",
    measures: &[
        ("findings", "results that are not suppressed and not passes"),
        ("errors", "of level error"),
        ("warnings", "of level warning, which is the default"),
        ("notes", "of level note or none"),
    ],
    looks_like: |text| has_key(text, "runs") && text.contains("\"tool\""),
    read: sarif,
};

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

fn sarif(text: &str) -> Result<Readings, String> {
    #[derive(Deserialize)]
    struct File {
        runs: Each<Runs>,
    }
    let runs = json::<File>(text)?.runs.0;
    if runs.count == 0 {
        return Err("it holds no run".to_owned());
    }
    if let Some(index) = runs.unfinished {
        return Err(format!("runs[{index}] has no results: the tool did not finish"));
    }
    let Open { errors, warnings, notes } = runs.open;
    Ok(Readings::from([
        ("findings", number(errors + warnings + notes)),
        ("errors", number(errors)),
        ("warnings", number(warnings)),
        ("notes", number(notes)),
    ]))
}

/// What is counted of the runs of a SARIF file.
#[derive(Default)]
struct Runs {
    count: usize,
    unfinished: Option<usize>,
    open: Open,
}

/// Findings that count, by their level.
#[derive(Default)]
struct Open {
    errors: usize,
    warnings: usize,
    notes: usize,
}

#[derive(Deserialize)]
struct Run {
    // Absent: the tool did not run its analysis; that is not "nothing found".
    results: Option<Each<Open>>,
}

#[derive(Deserialize)]
struct Outcome {
    level: Option<String>,
    kind: Option<String>,
    #[serde(default)]
    suppressions: Vec<IgnoredAny>,
}

impl Tally for Runs {
    type Item = Run;

    fn take(&mut self, run: Run) {
        match run.results {
            None => self.unfinished = self.unfinished.or(Some(self.count)),
            Some(Each(found)) => {
                self.open.errors += found.errors;
                self.open.warnings += found.warnings;
                self.open.notes += found.notes;
            }
        }
        self.count += 1;
    }
}

impl Tally for Open {
    type Item = Outcome;

    fn take(&mut self, outcome: Outcome) {
        let counts =
            outcome.suppressions.is_empty() && outcome.kind.as_deref().is_none_or(|kind| matches!(kind, "fail" | "open" | "review"));
        match outcome.level.as_deref() {
            _ if !counts => {}
            Some("error") => self.errors += 1,
            Some("note" | "none") => self.notes += 1,
            Some(_) | None => self.warnings += 1,
        }
    }
}

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
    fn sarif_counts_what_is_open_and_an_unfinished_run_is_no_zero() {
        let text = r#"{"version": "2.1.0", "runs": [{"tool": {}, "results": [{"level": "error"}, {}, {"level": "note"},
            {"level": "error", "suppressions": [{"kind": "inSource"}]}, {"kind": "pass"}]}]}"#;
        let counts = ["findings", "errors", "warnings", "notes"].map(|measure| read(text, None, measure));
        assert_eq!(counts, [Ok(3.0), Ok(1.0), Ok(1.0), Ok(1.0)]);
        assert!(read(r#"{"runs": [{"tool": {}}]}"#, None, "findings").unwrap_err().contains("the tool did not finish"));
        assert!(read(r#"{"runs": [], "tool": 1}"#, None, "findings").unwrap_err().contains("no run"));
    }

    #[test]
    fn the_python_tools_are_read() {
        let bandit = r#"{"errors": [], "generated_at": "x", "results": [{"issue_severity": "HIGH"}, {"issue_severity": "LOW"}]}"#;
        assert_eq!(read(bandit, None, "high-or-medium"), Ok(1.0));
        assert!(read(&bandit.replace("\"errors\": []", "\"errors\": [{}]"), None, "high").unwrap_err().contains("could not read 1 files"));
        let mypy = "{\"file\": \"a.py\", \"severity\": \"error\"}\n{\"file\": \"a.py\", \"severity\": \"note\"}\n";
        assert_eq!(read(mypy, None, "errors"), Ok(1.0));
        assert_eq!(read("", Some("mypy"), "errors"), Ok(0.0), "mypy says nothing when all is well");
        let radon =
            r#"{"a.py": [{"rank": "A", "complexity": 1}, {"rank": "C", "complexity": 11}], "b.py": [{"rank": "B", "complexity": 6}]}"#;
        assert_eq!(read(radon, None, "worse-than-b"), Ok(1.0));
        assert_eq!(read(radon, None, "average-complexity"), Ok(6.0));
        assert_eq!(read("[{}, {}]", None, "findings"), Ok(2.0));
        assert_eq!(read("[]", Some("ruff"), "findings"), Ok(0.0));
    }
}
