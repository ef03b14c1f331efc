//! The reference of statistics: its examples are computed again, and it names every public function of `domain/stats`.

/// What each example says.
mod examples;

use std::{collections::BTreeSet, fmt::Write as _, fs, path::Path};

use super::{generated::holds, root};

/// The pages with their names below `docs/reference/statistics`.
fn pages() -> Vec<(String, String)> {
    let folder = root().join("docs/reference/statistics");
    let mut pages: Vec<(String, String)> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = format!("docs/reference/statistics/{}", path.file_name().unwrap().display());
            (name, fs::read_to_string(path).unwrap())
        })
        .collect();
    pages.sort();
    pages
}

fn parts<'t>(text: &'t str, kind: &'t str) -> impl Iterator<Item = &'t str> {
    let open = format!("<!-- generated: {kind} ");
    text.lines().filter_map(move |line| line.strip_prefix(open.as_str())?.strip_suffix(" -->"))
}

/// One test, since both parts write the same files where they are to be written.
#[test]
fn the_reference_says_what_the_code_does() {
    the_examples_are_what_the_program_computes();
    every_public_function_is_named();
}

fn the_examples_are_what_the_program_computes() {
    let mut seen = 0;
    for (page, text) in pages() {
        for key in parts(&text, "example") {
            let said = examples::of(key);
            let said = if key == "samples" { said } else { format!("Example: {said}") };
            holds(&page, &format!("example {key}"), &said);
            seen += 1;
        }
    }
    assert!(seen >= 35, "{seen} examples");
}

/// `TYPE::FUNCTION` or `FUNCTION` of everything public in a file, apart from its tests.
fn functions(file: &Path) -> Vec<String> {
    let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let mut found = Vec::new();
    let mut owner = String::new();
    for line in text.lines().take_while(|line| *line != "#[cfg(test)]") {
        if let Some(rest) = line.strip_prefix("impl") {
            let rest = rest.split_once("> ").map_or(rest, |(generics, after)| if generics.starts_with('<') { after } else { rest }).trim();
            let name = rest.split([' ', '<', '{']).next().unwrap_or_default();
            owner = if rest.contains(" for ") { String::new() } else { name.to_owned() };
        }
        let (indent, rest) = (line.len() - line.trim_start().len(), line.trim_start());
        let Some(rest) = rest.strip_prefix("pub fn ").or_else(|| rest.strip_prefix("pub const fn ")) else { continue };
        let name = rest.split(['(', '<']).next().unwrap();
        found.push(if indent == 0 { name.to_owned() } else { format!("{owner}::{name}") });
    }
    found
}

fn files(folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if !path.file_name().unwrap().to_string_lossy().starts_with("oracle") {
                files(&path, found);
            }
        } else {
            let name = path.strip_prefix(root().join("src/domain/stats")).unwrap().with_extension("");
            found.push(name.to_string_lossy().into_owned());
        }
    }
}

fn every_public_function_is_named() {
    let stats = root().join("src/domain/stats");
    let mut named = BTreeSet::new();
    for (page, text) in pages() {
        for key in parts(&text, "functions") {
            let functions = functions(&stats.join(format!("{key}.rs")));
            assert!(!functions.is_empty(), "{page}: `{key}` has no public function");
            let mut said = format!("In `{}`:", key.replace('/', "::").trim_end_matches("::mod"));
            for (index, function) in functions.iter().enumerate() {
                write!(said, "{} `{function}`", if index == 0 { "" } else { "," }).unwrap();
            }
            holds(&page, &format!("functions {key}"), &format!("{said}."));
            named.insert(key.to_owned());
        }
    }
    let mut all = Vec::new();
    files(&stats, &mut all);
    assert!(all.len() > 30, "{all:?}");
    let missing: Vec<_> =
        all.iter().filter(|file| !named.contains(*file) && !functions(&stats.join(format!("{file}.rs"))).is_empty()).collect();
    assert!(missing.is_empty(), "no page of docs/reference/statistics names what is in {missing:?}");
}
