//! The one import direction, read from the source text (`docs/design/architecture.md` explains the rings).

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use regex::Regex;

/// What each ring may import from this crate.
const MAY_IMPORT: [(&str, &[&str]); 9] = [
    ("domain", &["domain"]),
    ("ports", &["ports", "domain"]),
    ("config", &["config", "domain"]),
    ("report", &["report", "domain"]),
    ("adapters", &["adapters", "ports", "domain"]),
    ("app", &["app", "ports", "domain", "config", "report"]),
    ("cli", &["cli", "app", "report", "ports", "domain"]),
    ("wiring", &["wiring", "adapters", "app", "cli", "ports", "report", "config", "domain"]),
    ("lib", &[]),
];

/// What each ring must not name, outside its tests.
const MUST_NOT_NAME: [(&str, &[&str]); 6] = [
    (
        "domain",
        &[
            "tokio",
            "reqwest",
            "octocrab",
            "clap",
            "fastrand",
            "tempfile",
            "indicatif",
            "std::fs",
            "std::env",
            "std::net",
            "std::process",
            "jiff",
        ],
    ),
    ("ports", &["tokio", "reqwest", "octocrab", "clap", "std::fs", "std::env", "std::net"]),
    ("config", &["tokio", "reqwest", "octocrab", "clap", "std::fs", "std::env", "TcpStream", "UdpSocket"]),
    ("report", &["tokio", "reqwest", "octocrab", "clap", "std::fs", "std::env", "std::net"]),
    ("app", &["reqwest", "octocrab", "clap", "std::fs", "std::env", "std::net", "println!", "print!", "eprintln!"]),
    ("cli", &["tokio", "reqwest", "octocrab", "std::fs", "std::env", "std::net", "println!", "print!", "eprintln!"]),
];

/// Parts of `adapters` that every adapter may use; otherwise one adapter does not know another.
const SHARED_ADAPTERS: [&str; 5] = ["http", "kubernetes", "regular_file", "secret", "subprocess"];

struct SourceFile {
    /// Module path below `src`, e.g. `["domain", "prompt", "template"]`.
    module: Vec<String>,
    text: String,
}

impl SourceFile {
    fn new(path: &Path, text: &str) -> Self {
        let mut module: Vec<String> =
            path.with_extension("").components().map(|part| part.as_os_str().to_string_lossy().into_owned()).collect();
        if module.last().is_some_and(|last| last == "mod") {
            module.pop();
        }
        // Comments and texts may name anything.
        let text = Regex::new(r#"(?m)//.*$|'(?:[^'\\\n]|\\.)'|"(?:[^"\\]|\\.)*""#).unwrap().replace_all(text, "").into_owned();
        Self { module, text }
    }

    /// The text without `#[cfg(test)] mod … { … }` at its end.
    fn without_tests(&self) -> &str {
        self.text.split("#[cfg(test)]").next().unwrap_or_default()
    }

    fn is_test(&self) -> bool {
        self.module.iter().any(|part| part == "tests" || part.ends_with("_tests") || part == "fixture")
    }

    /// Paths into this crate: `[ring, next]` for each `crate::…`, groups expanded.
    fn crate_paths(&self) -> BTreeSet<Vec<String>> {
        let mut found = BTreeSet::new();
        let mut rest = self.text.as_str();
        while let Some(at) = rest.find("crate::") {
            let own = !rest[..at].ends_with(['$', '_']) && !rest[..at].ends_with(char::is_alphanumeric);
            rest = &rest[at + "crate::".len()..];
            if own {
                expand(rest, &mut Vec::new(), &mut found);
            }
        }
        found
    }
}

/// Collects the first two parts of every path at the start of `text`; `{a::b, c}` counts as several paths.
fn expand(text: &str, prefix: &mut Vec<String>, found: &mut BTreeSet<Vec<String>>) {
    let text = text.trim_start();
    if let Some(group) = text.strip_prefix('{') {
        let mut depth = 0_usize;
        let mut start = 0;
        for (index, character) in group.char_indices() {
            match character {
                '{' => depth += 1,
                '}' if depth == 0 => {
                    expand(&group[start..index], prefix, found);
                    return;
                }
                '}' => depth -= 1,
                ',' if depth == 0 => {
                    expand(&group[start..index], prefix, found);
                    start = index + 1;
                }
                _ => {}
            }
        }
        return;
    }
    let name: String = text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    if name.is_empty() {
        return;
    }
    prefix.push(name.clone());
    match text[name.len()..].strip_prefix("::") {
        Some(rest) if prefix.len() < 2 => expand(rest, prefix, found),
        _ => {
            found.insert(prefix.clone());
        }
    }
    prefix.pop();
}

/// Everything in `files` that breaks the table.
fn offences(files: &[SourceFile]) -> Vec<String> {
    let supers = Regex::new(r"\b(?:super::)+").unwrap();
    let mut offences = Vec::new();
    for file in files {
        let Some(ring) = file.module.first().map(String::as_str) else { continue };
        if ring == "main" {
            continue;
        }
        let here = file.module.join("::");
        let Some((_, allowed)) = MAY_IMPORT.iter().find(|(name, _)| *name == ring) else {
            offences.push(format!("{here}: `{ring}` is not a ring of the table"));
            continue;
        };
        for path in file.crate_paths() {
            if !allowed.contains(&path[0].as_str()) {
                offences.push(format!("{here}: {ring} must not import crate::{}", path.join("::")));
            }
            let own = file.module.get(1);
            if ring == "adapters"
                && path[0] == "adapters"
                && path.get(1) != own
                && !SHARED_ADAPTERS.contains(&path.get(1).map_or("", String::as_str))
            {
                offences.push(format!("{here}: one adapter must not know another (crate::{})", path.join("::")));
            }
        }
        for chain in supers.find_iter(&file.text) {
            // An inline `mod tests` is one level deeper than its file.
            let inline = usize::from(file.text[..chain.start()].contains("mod tests {"));
            if chain.as_str().matches("super").count() >= file.module.len() + inline {
                offences.push(format!("{here}: `{}` leaves the ring; write crate:: paths", chain.as_str()));
            }
        }
        // `use std::{fs, io}` names `std::fs` as much as the long form does.
        let mut grouped = BTreeSet::new();
        for (at, _) in file.without_tests().match_indices("std::{") {
            expand(&file.without_tests()[at + "std::".len()..], &mut vec!["std".to_owned()], &mut grouped);
        }
        let banned = MUST_NOT_NAME.iter().find(|(name, _)| *name == ring).map_or(&[][..], |(_, names)| names);
        for name in banned.iter().filter(|_| !file.is_test()) {
            let named = if name.ends_with('!') {
                file.without_tests().contains(name)
            } else {
                Regex::new(&format!(r"\b{name}\b(::|;| )")).unwrap().is_match(file.without_tests())
            };
            if named || grouped.contains(&name.split("::").map(str::to_owned).collect::<Vec<_>>()) {
                offences.push(format!("{here}: {ring} must not name {name}"));
            }
        }
    }
    offences
}

fn source_files(folder: &Path, root: &Path, files: &mut Vec<SourceFile>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            source_files(&path, root, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(SourceFile::new(path.strip_prefix(root).unwrap(), &fs::read_to_string(&path).unwrap()));
        }
    }
}

#[test]
fn the_import_direction_holds() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    source_files(&root, &root, &mut files);
    assert!(files.len() > 30, "only {} files were read", files.len());
    let offences = offences(&files);
    assert!(offences.is_empty(), "{}", offences.join("\n"));
}

#[test]
fn planted_offences_are_found() {
    for (path, text) in [
        ("domain/x.rs", "use crate::adapters::clock;"),
        ("domain/prompt/x.rs", "use crate::{domain::prompt, adapters::{clock}};"),
        ("domain/x.rs", "fn f() { crate::app::run(); }"),
        ("domain/x.rs", "use std::fs;"),
        ("domain/x.rs", "use std::{fs, io};"),
        ("domain/x.rs", "const Q: char = '\"'; use crate::adapters::clock; const S: &str = \"x\";"),
        ("domain/x.rs", "use tokio::sync::Mutex;"),
        ("domain/prompt/mod.rs", "use super::super::adapters::clock;"),
        ("ports/clock.rs", "use crate::app::Services;"),
        ("config/mod.rs", "use crate::report::Format;"),
        ("report/mod.rs", "use crate::config::Config;"),
        ("adapters/clock.rs", "use crate::adapters::workspace::Disk;"),
        ("adapters/clock.rs", "use crate::config::Config;"),
        ("app/test/run.rs", "use crate::adapters::clock::SystemClock;"),
        ("app/test/run.rs", "fn f() { println!(); }"),
        ("cli/test.rs", "use crate::adapters::clock::SystemClock;"),
        ("tools/x.rs", "fn f() {}"),
    ] {
        let found = offences(&[SourceFile::new(Path::new(path), text)]);
        assert_eq!(found.len(), 1, "{path}: {text}\n{found:?}");
    }
}

#[test]
fn lawful_imports_pass() {
    for (path, text) in [
        (
            "domain/x.rs",
            "use crate::domain::{answer::Answer, prompt};\n// crate::adapters is only spoken of here\nconst X: &str = \"crate::app\";",
        ),
        ("domain/prompt/template.rs", "use super::super::domain_thing;"),
        (
            "adapters/provider/openai.rs",
            "use crate::{adapters::{http::client, secret::Secret, provider::record}, ports::provider::Provider};",
        ),
        ("app/test/run.rs", "use crate::{config, report::Format, ports::clock::Clock, domain::answer::Answer};"),
        ("domain/x.rs", "fn f() {}\n#[cfg(test)]\nmod tests { use super::*; use std::fs; }"),
    ] {
        let found = offences(&[SourceFile::new(Path::new(path), text)]);
        assert!(found.is_empty(), "{path}: {found:?}");
    }
}

#[test]
fn files_stay_readable() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    source_files(&root, &root, &mut files);
    let long: Vec<_> = files.iter().filter(|file| file.text.lines().count() > 400).map(|file| file.module.join("::")).collect();
    assert!(long.is_empty(), "over 400 lines: {long:?}");
}
