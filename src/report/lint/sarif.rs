//! For code scanning: SARIF 2.1.0.

use std::{
    cmp::Reverse,
    fmt::Write as _,
    io::{self, Write},
};

use serde_json::{Value, json};

use super::fingerprints;
use crate::{
    domain::{
        diagnostic::Place,
        lint::{
            Finding, LintRun, Severity,
            catalogue::{RULES, Rule},
        },
    },
    report::{escape::one_line, json::write_harmless, number},
};

/// What editors check the file against.
const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// The most results of one file: code scanning shows no more of one upload, and refuses it above 25,000.
/// Source: "SARIF support for code scanning" of GitHub's documentation.
pub(super) const MOST: usize = 5_000;

pub(super) fn render(run: &LintRun, out: &mut dyn Write) -> io::Result<()> {
    let on: Vec<&Rule> = RULES.iter().filter(|rule| run.settings.severity(rule.id).is_some()).collect();
    let mut found: Vec<(&Finding, String)> = run.report.findings.iter().zip(fingerprints(run)).collect();
    // What counts before what is ignored, and the worst before the rest; sorted by place where all of it has room.
    if found.len() > MOST {
        found.sort_by_key(|(finding, _)| (finding.ignored.is_some(), Reverse(finding.severity)));
    }
    let left_out = found.len().saturating_sub(MOST) + run.report.left_out;
    found.truncate(MOST);
    let results = found.iter().map(|(finding, fingerprint)| result(finding, fingerprint, &on));
    let driver = json!({
        "name": env!("CARGO_PKG_NAME"),
        "semanticVersion": env!("CARGO_PKG_VERSION"),
        "rules": on.iter().map(|rule| described(rule, run.settings.severity(rule.id).unwrap_or(rule.severity))).collect::<Vec<_>>(),
    });
    let sarif = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": driver},
            "columnKind": "unicodeCodePoints",
            "invocations": [invocation(left_out)],
            "results": results.collect::<Vec<_>>(),
        }],
    });
    write_harmless(&sarif, out)
}

/// That the lints went through, and how much of what they found is not in the file.
fn invocation(left_out: usize) -> Value {
    if left_out == 0 {
        return json!({"executionSuccessful": true});
    }
    let said = format!("{} not in this file; prompt-cicd lint counts them all.", number::plural(left_out, "more finding"));
    json!({"executionSuccessful": true, "toolExecutionNotifications": [{"level": "warning", "message": {"text": said}}]})
}

fn described(rule: &Rule, severity: Severity) -> Value {
    let mut properties = json!({"tags": [if rule.security { "security" } else { "quality" }]});
    if let (true, Some(properties)) = (rule.security, properties.as_object_mut()) {
        let score = match severity {
            Severity::Note => "2.0",
            Severity::Warning => "5.0",
            Severity::Error => "8.0",
        };
        properties.insert("security-severity".to_owned(), score.into());
    }
    json!({
        "id": rule.id,
        "name": rule.id,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.why},
        "help": {"text": format!("{} What to do: {}.", rule.why, rule.help), "markdown": format!("{}\n\n**What to do:** {}.", rule.why, rule.help)},
        "defaultConfiguration": {"level": severity.as_str()},
        "properties": properties,
    })
}

fn result(finding: &Finding, fingerprint: &str, rules: &[&Rule]) -> Value {
    let mut result = json!({
        "ruleId": finding.rule,
        "level": finding.severity.as_str(),
        "message": {"text": message(&format!("{}. What to do: {}.", finding.message, finding.help))},
        "locations": [{"physicalLocation": location(&finding.place)}],
        "partialFingerprints": {"promptCicdFinding/v1": fingerprint},
    });
    if let Some(result) = result.as_object_mut() {
        if let Some(index) = rules.iter().position(|rule| rule.id == finding.rule) {
            result.insert("ruleIndex".to_owned(), index.into());
        }
        if let Some(reason) = &finding.ignored {
            result.insert("suppressions".to_owned(), json!([{"kind": "external", "justification": reason}]));
        }
    }
    result
}

/// One line of plain text: brackets would be read as links, braces as places to fill in.
fn message(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in one_line(text).chars() {
        match c {
            '[' | ']' | '\\' => out.extend(['\\', c]),
            '{' | '}' => out.extend([c, c]),
            other => out.push(other),
        }
    }
    out
}

fn location(place: &Place) -> Value {
    let mut artifact = json!({"uri": uri(&place.file)});
    if let (false, Some(artifact)) = (place.file.starts_with('/'), artifact.as_object_mut()) {
        artifact.insert("uriBaseId".to_owned(), "%SRCROOT%".into());
    }
    let line = place.line.unwrap_or(1);
    let region = match place.column {
        Some(column) => json!({"startLine": line, "startColumn": column}),
        None => json!({"startLine": line}),
    };
    json!({"artifactLocation": artifact, "region": region})
}

/// A path as an address.
fn uri(path: &str) -> String {
    let plain = path.strip_prefix("./").unwrap_or(path);
    let mut out = if plain.starts_with('/') { "file://".to_owned() } else { String::new() };
    for byte in plain.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a text never fails.
            write!(out, "%{byte:02X}").ok();
        }
    }
    out
}
