//! What we write beside a configuration and nobody commits: state, answers kept, reports.

use std::path::Path;

use crate::{
    app::{Failure, Services, TEXT_LIMIT},
    report::init::{Row, State},
};

/// The file that tells git.
pub(super) const FILE: &str = ".gitignore";

/// The line that `init` writes into it.
const LINE: &str = "/.prompt-cicd/";

/// What the file becomes; `None` where it says so already. What is in it stays as it is.
///
/// # Errors
/// A file that cannot be read.
pub(super) fn extended(services: &Services, path: &Path) -> Result<Option<String>, Failure> {
    let text = if services.workspace.exists(path) {
        services.workspace.read_text(path, TEXT_LIMIT).map_err(Failure::File)?
    } else {
        String::new()
    };
    Ok((!says_so(&text)).then(|| with_line(text)))
}

/// How the file stands.
pub(super) fn row(services: &Services, folder: &Path) -> Row {
    let row = |state: State, said: Option<String>| Row { file: FILE.to_owned(), state, pinned: None, said };
    match extended(services, &folder.join(FILE)) {
        Ok(None) => row(State::Current, None),
        Ok(Some(_)) => row(
            State::Differs,
            Some(format!("without the line `{LINE}` state and kept answers are committed: `prompt-cicd init --workflows` adds it")),
        ),
        Err(failure) => row(State::Broken, Some(failure.to_string())),
    }
}

/// Whether git leaves the folder alone: the last line about it counts.
fn says_so(text: &str) -> bool {
    let about = |line: &str| {
        let line = line.trim();
        let (ignored, name) = line.strip_prefix('!').map_or((true, line), |name| (false, name));
        let name = name.trim_start_matches("**/").trim_start_matches('/').trim_end_matches('*').trim_end_matches('/');
        (name == ".prompt-cicd").then_some(ignored)
    };
    text.lines().filter_map(about).next_back().unwrap_or(false)
}

fn with_line(text: String) -> String {
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let mut text = text;
    if !text.is_empty() && !text.ends_with('\n') {
        text.push_str(end);
    }
    text.extend(["# What prompt-cicd keeps on this machine: state, answers, reports.", end, LINE, end]);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_is_added_once_and_whatever_is_there_stays() {
        for text in ["", "target\n", "target", "a\r\nb\r\n", "/.prompt-cicd/\n!/.prompt-cicd/\n", "# .prompt-cicd/\n", ".prompt-cicd.yml\n"]
        {
            assert!(!says_so(text), "{text}");
            let after = with_line(text.to_owned());
            assert!(after.starts_with(text) && says_so(&after), "{after}");
            assert_eq!(after.contains("\r\n"), text.contains("\r\n"));
        }
        for text in
            ["/.prompt-cicd/\n", ".prompt-cicd\n", "a\n**/.prompt-cicd/\r\n", ".prompt-cicd/**\n", "!.prompt-cicd/\n.prompt-cicd/*\n"]
        {
            assert!(says_so(text), "{text}");
        }
    }
}
