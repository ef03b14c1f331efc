//! Documents name only what exists; their generated parts equal the code; their commands and examples hold.

/// Parts of documents that are written from the code.
mod generated;
/// Links, paths and commands that documents name.
mod named;
/// The reference of statistics.
mod statistics;

pub(crate) use generated::holds;

use std::{
    fs,
    path::{Path, PathBuf},
};

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every Markdown file of ours, with its text.
pub(crate) fn documents() -> Vec<(PathBuf, String)> {
    fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
        let mut entries: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        entries.sort();
        for path in entries {
            if path.is_dir() {
                collect(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    collect(&root().join("docs"), &mut found);
    for name in [
        "README.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "SECURITY.md",
        "examples/quickstart/README.md",
        "examples/rollout/README.md",
        "tests/services/model/README.md",
    ] {
        found.push(root().join(name));
    }
    found
        .into_iter()
        .map(|path| (path.clone(), fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))))
        .collect()
}

/// Fenced blocks of a language: (line number, text).
pub(crate) fn blocks(text: &str, language: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut open: Option<(usize, String, String)> = None;
    for (number, line) in text.lines().enumerate() {
        let trimmed = line.trim_start();
        match &mut open {
            Some((_, fence, _)) if trimmed.starts_with(fence.as_str()) && trimmed.trim_end() == fence => {
                let (start, _, block) = open.take().unwrap();
                found.push((start, block));
            }
            Some((_, _, block)) => {
                block.push_str(line);
                block.push('\n');
            }
            None if trimmed.starts_with("```") => {
                let ticks: String = trimmed.chars().take_while(|c| *c == '`').collect();
                let named = trimmed.trim_start_matches('`').trim();
                // Blocks of other languages must be passed over whole, or their content would be read as text.
                let start = if named == language { number + 2 } else { 0 };
                open = Some((start, ticks, String::new()));
            }
            None => {}
        }
    }
    found.into_iter().filter(|(start, _)| *start > 0).collect()
}
