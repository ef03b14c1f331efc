use std::{fmt::Write as _, fs};

use prompt_cicd::{
    app::exit_code,
    config,
    domain::{
        gate,
        lint::{catalogue::RULES, texts::scan},
        price_list,
        suite::assertion::{
            self,
            rule::{self, About, Parameter},
        },
    },
};
use serde_json::Value;

use super::root;
use crate::support::Workspace;

/// Compares the part between `<!-- generated: NAME -->` and `<!-- end -->` with what the code says; with
/// `UPDATE_DOCS=1` writes it.
#[track_caller]
pub(crate) fn holds(file: &str, name: &str, expected: &str) {
    let path = root().join(file);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{file}: {error}"));
    let open = format!("<!-- generated: {name} -->\n");
    let start = text.find(&open).unwrap_or_else(|| panic!("{file} has no part `{name}`")) + open.len();
    let end = start + text[start..].find("<!-- end -->").unwrap_or_else(|| panic!("{file}: part `{name}` has no end"));
    let expected = format!("\n{}\n\n", expected.trim());
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, format!("{}{expected}{}", &text[..start], &text[end..])).unwrap();
    } else {
        assert_eq!(&text[start..end], expected, "{file}: part `{name}` is stale: UPDATE_DOCS=1 cargo test --test suite docs");
    }
}

#[test]
fn the_exit_code_table() {
    let mut table = "| code | name | meaning |\n|---:|---|---|\n".to_owned();
    for row in exit_code::TABLE {
        writeln!(table, "| {} | `{}` | {} |", row.code, row.name, row.meaning).unwrap();
    }
    holds("docs/reference/exit-codes.md", "exit-codes", &table);
}

#[test]
fn the_assertions() {
    let mut text = String::new();
    for kind in assertion::kinds() {
        write!(text, "\n### `{}`\n\n{}\n\n", kind.name, kind.summary).unwrap();
        if !kind.keys.is_empty() {
            text.push_str("| key | what it is |\n|---|---|\n");
            for (key, meaning) in kind.keys {
                writeln!(text, "| `{key}` | {} |", meaning.replace('|', "\\|")).unwrap();
            }
            text.push('\n');
        }
        writeln!(text, "```text\n{}\n```", kind.example.trim()).unwrap();
        writeln!(text, "\nSource: {}.", kind.source).unwrap();
        if !kind.rejects.is_empty() && !assertion::graded::is_graded(kind) {
            writeln!(text, "\nHolds for:\n\n```text\n{}\n```\n\nDoes not hold for:\n\n```text\n{}\n```", kind.accepts, kind.rejects)
                .unwrap();
        }
    }
    holds("docs/reference/assertions.md", "assertions", &text);
}

#[test]
fn the_table_of_assertions() {
    let mut table = "| assertion | takes | source |\n|---|---|---|\n".to_owned();
    for kind in assertion::kinds() {
        let keys: Vec<String> = kind.keys.iter().map(|(key, _)| format!("`{key}`")).collect();
        writeln!(table, "| [`{0}`](#{0}) | {1} | {2} |", kind.name, keys.join(", "), kind.source).unwrap();
    }
    holds("docs/reference/assertions.md", "assertion-table", &table);
}

/// Whatever is new is documented whole: what it takes, an example, where its definition comes from, and texts that a test judges by it.
#[test]
fn every_assertion_and_every_lint_is_documented_whole() {
    let mut lacking = Vec::new();
    let mut needs = |name: &str, what: &str, there: bool| {
        if !there {
            lacking.push(format!("{name} has no {what}"));
        }
    };
    for kind in assertion::kinds() {
        let name = kind.name;
        needs(name, "summary", kind.summary.ends_with('.') || kind.summary.ends_with('`'));
        needs(name, "source", kind.source.len() > 10);
        needs(name, "example that names it", kind.example.contains(name));
        needs(name, "meaning for each key", kind.keys.iter().all(|(key, meaning)| !key.is_empty() && !meaning.is_empty()));
        // Checks of numbers, of calls and of models have tables of their own.
        let by_text = !assertion::graded::is_graded(kind)
            && !["latency", "cost", "tokens", "finish-reason", "perplexity", "perplexity-score", "tool-call", "is-valid-openai-tools-call"]
                .contains(&name);
        needs(name, "answer that it accepts", !by_text || !kind.accepts.is_empty() || !kind.rejects.is_empty());
    }
    for rule in RULES {
        for (what, text) in [
            ("title", rule.title),
            ("reason", rule.why),
            ("help", rule.help),
            ("source", rule.source),
            ("example that matches", rule.matches),
            ("example that does not", rule.spares),
        ] {
            needs(rule.id, what, !text.is_empty());
        }
        needs(rule.id, "meaning for each key", rule.parameters.iter().all(|(key, meaning)| !key.is_empty() && !meaning.is_empty()));
    }
    assert!(assertion::kinds().count() >= 49 && lacking.is_empty(), "{} kinds\n{}", assertion::kinds().count(), lacking.join("\n"));
}

/// The list of prices as it is built in.
#[test]
fn the_prices() {
    let mut table = "| host | model | USD for a million tokens in | out | as of | page |\n|---|---|---:|---:|---|---|\n".to_owned();
    for price in price_list::all() {
        let price_list::Listed { host, model, input_per_million, output_per_million, as_of, source, .. } = price;
        writeln!(table, "| {host} | `{model}` | {input_per_million} | {output_per_million} | {as_of} | <{source}> |").unwrap();
    }
    holds("docs/reference/providers.md", "prices", &table);
}

#[test]
fn the_refusals() {
    let mut table = "| phrase | found in | not in |\n|---|---|---|\n".to_owned();
    for phrase in assertion::REFUSALS {
        writeln!(table, "| {} | {} | {} |", phrase.id, phrase.matches, phrase.spares).unwrap();
    }
    holds("docs/reference/assertions.md", "refusals", &table);
}

#[test]
fn the_lints() {
    let mut text = "| rule | severity | looks at | checks that |\n|---|---|---|---|\n".to_owned();
    for rule in RULES {
        writeln!(text, "| [`{0}`](#{0}) | {1} | {2} | {3} |", rule.id, rule.severity, rule.scope.as_str(), rule.title).unwrap();
    }
    for rule in RULES {
        // Characters that nobody sees are written out.
        let shown =
            |text: &str| text.chars().map(|c| if c == '\u{202e}' { "(U+202E)".to_owned() } else { c.to_string() }).collect::<String>();
        write!(text, "\n### {}\n\n{}. {}\n\n", rule.id, capital(rule.title), rule.why).unwrap();
        writeln!(text, "A finding:\n\n```text\n{}\n```\n\nNo finding:\n\n```text\n{}\n```", shown(rule.matches), shown(rule.spares))
            .unwrap();
        writeln!(text, "\nWhat to do: {}.", rule.help).unwrap();
        let takes = std::iter::once("`severity`".to_owned()).chain(rule.parameters.iter().map(|(name, what)| format!("`{name}` ({what})")));
        writeln!(text, "\nTakes: {}.\n\nSource: {}.", takes.collect::<Vec<_>>().join(", "), rule.source).unwrap();
    }
    holds("docs/reference/lints.md", "rules", &text);
    let mut rows = "| rule | finds |\n|---|---|\n".to_owned();
    for rule in RULES {
        let mut finds: Vec<&str> = scan::detectors().filter(|detector| detector.rule == rule.id).map(|detector| detector.what).collect();
        finds.dedup();
        if !finds.is_empty() {
            writeln!(rows, "| `{}` | {} |", rule.id, finds.join("; ")).unwrap();
        }
    }
    holds("docs/reference/lints.md", "detectors", &rows);
}

fn capital(text: &str) -> String {
    let mut rest = text.chars();
    rest.next().map(|first| first.to_uppercase().chain(rest).collect()).unwrap_or_default()
}

#[test]
fn the_rules() {
    let mut table = "| rule | holds when | looks at |\n|---|---|---|\n".to_owned();
    for kind in rule::KINDS {
        let name = kind.name;
        let written = match kind.parameter {
            Parameter::None => format!("`{name}`"),
            Parameter::Optional(example) => format!("`{name}`, `{name}:{example}`"),
            Parameter::Required(example) => format!("`{name}:{example}`"),
        };
        let about = match kind.about {
            About::Answer => "the answer",
            About::Prompt => "the prompt",
            About::Both => "both",
        };
        writeln!(table, "| {written} | {} | {about} |", kind.summary).unwrap();
    }
    holds("docs/reference/assertions.md", "rules", &table);
}

#[test]
fn the_gate_formats() {
    let mut table = "| format | written by | measure | what it is |\n|---|---|---|---|\n".to_owned();
    for format in gate::format::all() {
        for (index, (measure, meaning)) in format.measures.iter().enumerate() {
            let (name, tool) = if index == 0 { (format!("`{}`", format.name), format.tool) } else { (String::new(), "") };
            writeln!(table, "| {name} | {tool} | `{measure}` | {meaning} |").unwrap();
        }
    }
    holds("docs/reference/gate-formats.md", "formats", &table);
    holds("docs/guides/environments.md", "profiles", &format!("```yaml\n{}\n```", config::ENVIRONMENT_PROFILES.trim()));
    holds("docs/reference/gate-formats.md", "presets", &format!("```yaml\n{}\n```", config::GATE_PRESETS.trim()));
}

#[test]
fn the_configuration_keys() {
    let schema = config::schema::schema();
    let mut rows = String::from("| key | type | meaning |\n|---|---|---|\n");
    describe(&schema, &schema, "", &mut rows);
    assert!(rows.lines().count() > 40, "only {} keys:\n{rows}", rows.lines().count());
    holds("docs/reference/configuration.md", "keys", &rows);
    holds("docs/reference/configuration.md", "defaults", &format!("```yaml\n{}\n```", config::defaults::TEXT.trim()));
}

/// A row for every key, the nested ones by their path.
fn describe(schema: &Value, node: &Value, path: &str, rows: &mut String) {
    let node = resolved(schema, node);
    let required: Vec<&str> = node["required"].as_array().map_or(Vec::new(), |names| names.iter().filter_map(Value::as_str).collect());
    if let Some(properties) = node["properties"].as_object() {
        for (key, property) in properties {
            let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            let target = resolved(schema, property);
            let about = property["description"].as_str().or_else(|| target["description"].as_str()).unwrap_or_default();
            assert!(!about.is_empty(), "{path} has no description");
            let required = if required.contains(&key.as_str()) { " (required)" } else { "" };
            let about = about.replace('\n', " ").replace('|', "\\|");
            writeln!(rows, "| `{path}` | {}{required} | {about} |", kind(schema, property)).unwrap();
            if !path.ends_with("assert") {
                describe(schema, property, &path, rows);
            }
        }
    }
    for (inner, mark) in [("additionalProperties", ".NAME"), ("items", "[]")] {
        if node[inner].is_object() {
            describe(schema, &node[inner], &format!("{path}{mark}"), rows);
        }
    }
    for alternatives in ["anyOf", "oneOf"] {
        for alternative in node[alternatives].as_array().into_iter().flatten() {
            describe(schema, alternative, path, rows);
        }
    }
}

fn resolved<'a>(schema: &'a Value, node: &'a Value) -> &'a Value {
    node["$ref"].as_str().and_then(|reference| schema.pointer(reference.trim_start_matches('#'))).unwrap_or(node)
}

fn kind(schema: &Value, node: &Value) -> String {
    let node = resolved(schema, node);
    if let Some(values) = node["enum"].as_array() {
        return values
            .iter()
            .map(|value| format!("`{}`", value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
            .collect::<Vec<_>>()
            .join(", ");
    }
    match &node["type"] {
        Value::String(name) => name.clone(),
        Value::Array(names) => names.iter().filter_map(Value::as_str).filter(|name| *name != "null").collect::<Vec<_>>().join(" or "),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => {
            let alternatives = node["anyOf"].as_array().or_else(|| node["oneOf"].as_array());
            let names: Vec<String> =
                alternatives.into_iter().flatten().map(|alternative| kind(schema, alternative)).filter(|name| name != "null").collect();
            if names.is_empty() { "any".to_owned() } else { names.join(" or ") }
        }
    }
}

#[test]
fn the_help_of_every_command() {
    for (file, command) in [
        ("docs/reference/commands/test.md", vec!["test"]),
        ("docs/reference/commands/lint.md", vec!["lint"]),
        ("docs/reference/commands/publish.md", vec!["publish"]),
        ("docs/reference/commands/registry.md", vec!["registry"]),
        ("docs/reference/commands/release.md", vec!["release"]),
        ("docs/reference/commands/rollout.md", vec!["rollout"]),
        ("docs/reference/commands/rollback.md", vec!["rollback"]),
        ("docs/reference/commands/detect.md", vec!["detect"]),
        ("docs/reference/commands/compare.md", vec!["compare"]),
        ("docs/reference/commands/distributions.md", vec!["distributions"]),
        ("docs/reference/commands/trend.md", vec!["trend"]),
        ("docs/reference/commands/gate.md", vec!["gate"]),
        ("docs/reference/commands/monitor.md", vec!["monitor"]),
        ("docs/reference/commands/audit.md", vec!["audit"]),
        ("docs/reference/commands/baseline.md", vec!["baseline"]),
        ("docs/reference/commands/history.md", vec!["history"]),
        ("docs/reference/commands/bench.md", vec!["bench"]),
        ("docs/reference/commands/report.md", vec!["report", "merge"]),
        ("docs/reference/commands/doctor.md", vec!["doctor"]),
        ("docs/reference/commands/env.md", vec!["env"]),
        ("docs/reference/commands/pr.md", vec!["pr"]),
        ("docs/reference/commands/init.md", vec!["init"]),
        ("docs/reference/commands/config.md", vec!["config"]),
        ("docs/reference/commands/completions.md", vec!["completions"]),
        ("docs/reference/commands/index.md", vec![]),
    ] {
        let args = command.iter().copied().chain(["--help"]);
        let help = Workspace::empty().prompt_cicd(args).run().exits(0).stdout;
        let help: Vec<&str> = help.lines().map(str::trim_end).collect();
        holds(file, "help", &format!("```text\n{}\n```", help.join("\n").trim()));
    }
}
