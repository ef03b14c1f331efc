use std::{collections::BTreeSet, fs};

use clap::Parser as _;
use prompt_cicd::{app::Failure, cli::Cli};
use regex::Regex;

use super::{blocks, documents, root};
use crate::support::{PromptCicd, Workspace};

#[test]
fn links_between_documents_lead_somewhere() {
    let link = Regex::new(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)").unwrap();
    for (path, text) in documents() {
        for target in link.captures_iter(&text).map(|found| found[1].to_owned()) {
            let file = path.parent().unwrap().join(&target);
            assert!(file.exists(), "{}: link to {target}, which is not there", path.display());
        }
    }
}

#[test]
fn paths_in_backticks_are_there() {
    let path_like = Regex::new(r"`((?:src|tests|docs|scripts|benches|schema|templates|examples)/[A-Za-z0-9_./-]+)`").unwrap();
    let mut seen = 0;
    for (path, text) in documents() {
        for named in path_like.captures_iter(&text).map(|found| found[1].to_owned()) {
            assert!(root().join(&named).exists(), "{}: {named} is not there", path.display());
            seen += 1;
        }
    }
    assert!(seen > 30, "only {seen} paths were found");
}

#[test]
fn the_map_names_every_part() {
    let map = fs::read_to_string(root().join("docs/map.md")).unwrap();
    for ring in ["domain", "config", "report", "adapters", "app", "cli"] {
        assert!(map.contains(&format!("`src/{ring}/")), "the map does not mention src/{ring}");
    }
}

/// Words of a shell line, as far as documents need them.
fn words(line: &str) -> Vec<String> {
    let line = line.split(" # ").next().unwrap_or_default();
    let word = Regex::new(r#"'([^']*)'|"([^"]*)"|(\S+)"#).unwrap();
    word.captures_iter(line).map(|found| found.iter().skip(1).flatten().map(|part| part.as_str()).collect()).collect()
}

#[test]
fn commands_in_documents_are_understood() {
    let mut seen = BTreeSet::new();
    for (path, text) in documents() {
        for (number, block) in blocks(&text, "sh") {
            for line in block.replace("\\\n", " ").lines() {
                let line = line.trim().trim_start_matches("$ ");
                let words = words(line);
                let start = words.iter().position(|word| word == "prompt-cicd").or_else(|| {
                    let cargo = words.first().is_some_and(|word| word == "cargo") && words.get(1).is_some_and(|word| word == "run");
                    cargo.then(|| words.iter().position(|word| word == "--")).flatten()
                });
                let Some(start) = start else { continue };
                let arguments: Vec<String> = words[start + 1..]
                    .iter()
                    .take_while(|word| !["|", ">", "&&", "||", "2>&1"].contains(&word.as_str()))
                    .cloned()
                    .collect();
                let parsed = Cli::try_parse_from(std::iter::once("prompt-cicd".to_owned()).chain(arguments));
                if let Err(error) = parsed {
                    assert!(!error.use_stderr(), "{}:{number}: {line}\n{error}", path.display());
                }
                seen.insert(line.to_owned());
            }
        }
    }
    assert!(seen.len() >= 8, "only {seen:?}");
}

#[test]
fn configurations_in_documents_are_valid() {
    let mut seen = 0;
    for (path, text) in documents() {
        for (number, block) in blocks(&text, "yaml") {
            if block.contains("version: 1\n") && block.contains("suites:") && !block.contains("suites: []") {
                let place = format!("{}:{number}", path.display());
                prompt_cicd::config::parse(&block, &place).unwrap_or_else(|problems| panic!("{place}: {problems:#?}"));
                seen += 1;
            } else if block.starts_with("name:") && block.contains("messages:") {
                let place = format!("{}:{number}.yml", path.display());
                prompt_cicd::config::prompt_file::parse(&block, &place).unwrap_or_else(|problems| panic!("{place}: {problems:#?}"));
                seen += 1;
            }
        }
    }
    assert!(seen >= 2, "only {seen} configurations");
}

#[test]
fn every_kind_of_failure_has_its_section() {
    let text = fs::read_to_string(root().join("docs/troubleshooting.md")).unwrap();
    let kinds = Regex::new(r"(?m)^    ([A-Z][A-Za-z]+)(?:\(| \{)").unwrap();
    let source = fs::read_to_string(root().join("src/app/failure.rs")).unwrap();
    let source = source.split("impl Failure").next().unwrap().to_owned();
    let names: Vec<String> = kinds.captures_iter(&source).map(|found| found[1].to_owned()).collect();
    assert!(names.len() >= 5, "{names:?}");
    for name in names {
        assert!(text.contains(&format!("\n## {name}\n")), "docs/troubleshooting.md has no section {name}");
    }
    // The sections are about failures that exist.
    assert_eq!(Failure::NothingSelected { why: String::new(), next: String::new() }.exit_code(), 4);
}

#[test]
fn the_readme_begins_with_the_two_commands() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let shell = blocks(&readme, "sh");
    assert_eq!(shell[0].1.trim(), "cargo run --release -- test --config examples/quickstart/prompt-cicd.yml");
    assert_eq!(shell[1].1.trim(), "bash scripts/test");
    assert_eq!(fs::read_to_string(root().join(".ci/run")).unwrap().trim(), "bash scripts/test");
}

#[test]
fn the_readme_shows_what_the_quickstart_says() {
    let finished = PromptCicd::new(root()).args(["test", "--config", "examples/quickstart/prompt-cicd.yml"]).run().exits(10);
    let times = Regex::new(r"\d[\d.,]* ?(?:µs|ms|s|MB|MiB|min)\b").unwrap();
    let squeezed = |text: &str| -> Vec<String> {
        let lines = text.lines().map(|line| times.replace_all(line, "TIME").split_whitespace().collect::<Vec<_>>().join(" "));
        lines.filter(|line| !line.is_empty()).collect()
    };
    let said = squeezed(&finished.stdout);
    for file in ["README.md", "docs/quickstart.md"] {
        let text = fs::read_to_string(root().join(file)).unwrap();
        let shown = blocks(&text, "console")
            .into_iter()
            .map(|(_, block)| block)
            .find(|block| block.contains("person-json"))
            .unwrap_or_else(|| panic!("{file} shows no output"));
        for line in squeezed(&shown).iter().filter(|line| !line.starts_with("$ ") && !line.starts_with('…')) {
            assert!(said.contains(line), "{file} shows a line that is not said:\n{line}\n\nsaid:\n{}", finished.stdout);
        }
    }
}

#[test]
fn the_quickstart_needs_no_network_and_no_key() {
    let json = PromptCicd::new(root())
        .args(["test", "--config", "examples/quickstart/prompt-cicd.yml", "--format", "json"])
        .env("http_proxy", "http://127.0.0.1:9")
        .run()
        .exits(10)
        .json();
    let results = json["test_case_results"].as_array().unwrap();
    assert!(results.len() >= 20 && results.iter().all(|result| result["origin"] == "recorded"));
    let verdict = |name: &str| {
        json["suites"].as_array().unwrap().iter().find(|suite| suite["name"] == name).unwrap_or_else(|| panic!("no suite {name}"))["verdict"].clone()
    };
    assert_eq!((verdict("greeting"), verdict("greeting-terse")), ("passed".into(), "failed".into()));
    Workspace::empty().prompt_cicd(["--version"]).run().exits(0);
}
