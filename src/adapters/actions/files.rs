//! The runner's command files.

use std::{fs::OpenOptions, io::Write as _, path::Path};

use crate::ports::ci::CiError;

/// Adds to a file that the runner has made. One write, so that two programs of a step do not mix.
pub(super) fn append(path: &Path, content: &[u8], what: &str) -> Result<(), CiError> {
    let written = OpenOptions::new().append(true).open(path).and_then(|mut file| file.write_all(content));
    written.map_err(|error| CiError { what: format!("{what} ({})", path.display()), reason: error.to_string() })
}

/// One named value in the form that allows any text.
pub(super) fn output(name: &str, value: &str, delimiter: &str) -> String {
    format!("{name}<<{delimiter}\n{value}\n{delimiter}\n")
}

/// A delimiter that no value can guess.
pub(super) fn delimiter() -> String {
    format!("prompt_cicd_{:016x}{:016x}", fastrand::u64(..), fastrand::u64(..))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_of_several_lines_stays_one_value() {
        assert_eq!(output("verdict", "a\nb=c", "D"), "verdict<<D\na\nb=c\nD\n");
    }

    #[test]
    fn delimiters_differ() {
        assert_ne!(delimiter(), delimiter());
    }

    #[test]
    fn a_file_that_is_not_there_is_not_made() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("output");
        assert!(append(&path, b"x", "the outputs").is_err());
        assert!(!path.exists());
    }
}
