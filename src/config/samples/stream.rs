//! Files that are larger than one wants to hold: read piece by piece.

use std::io::{self, BufReader, Read};

use super::{Keep, Pair, json, looks_like_json, pair_kept, table};
use crate::domain::diagnostic::{Diagnostic, Place};

/// Files up to this size are read at once: it is quicker, and what is wrong is shown with what stands around it.
const AT_ONCE: u64 = 64 * 1024 * 1024;
/// The most bytes without a comma or an end of line. No number is longer, and no reader may hold more.
const LONGEST_PIECE: usize = 1024 * 1024;

/// Reads two samples from a stream: what is kept of it are the values, or those that were drawn.
///
/// # Errors
/// Everything that keeps the values from being used, with its place.
pub fn pair_from(stream: impl Read, file: &str, keep: Keep) -> Result<Pair, Vec<Diagnostic>> {
    pair_beyond(AT_ONCE, stream, file, keep)
}

fn pair_beyond(at_once: u64, mut stream: impl Read, file: &str, keep: Keep) -> Result<Pair, Vec<Diagnostic>> {
    let mut start = Vec::new();
    let failed = |error: io::Error| vec![Diagnostic::error(Place::file(file), "", error.to_string())];
    let read = stream.by_ref().take(at_once).read_to_end(&mut start).map_err(failed)?;
    if (read as u64) < at_once {
        return pair_kept(&start, file, keep);
    }
    let start = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&start);
    let is_json = looks_like_json(start);
    let whole = Pieces { stream: start.chain(stream), since: 0 };
    if is_json { json::pair_from(whole, file, keep) } else { table::pair(BufReader::with_capacity(1024 * 1024, whole), file, keep) }
}

/// Refuses what no list of numbers holds before a reader collects it.
struct Pieces<R> {
    stream: R,
    since: usize,
}

impl<R: Read> Read for Pieces<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.stream.read(buffer)?;
        let bytes = buffer.get(..read).unwrap_or_default();
        let ends = |byte: &u8| matches!(byte, b',' | b'\n' | b';');
        self.since = match bytes.iter().rposition(ends) {
            Some(last) => read - last - 1,
            None => self.since + read,
        };
        if self.since > LONGEST_PIECE {
            return Err(io::Error::other(format!("{LONGEST_PIECE} bytes without a comma or an end of line: no list of numbers")));
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn long(values: usize) -> String {
        let list = (0..values).map(|at| (100 + at % 7).to_string()).collect::<Vec<_>>().join(", ");
        format!("\u{feff}{{\"baseline_values\": [{list}], \"current_values\": [{list}], \"margin\": 0.1}}")
    }

    #[test]
    fn a_long_file_is_read_as_a_short_one_is() {
        let keep = Keep { most: Some(1_000), seed: 7, alone: false };
        let text = long(9_000);
        let table: String = ["baseline,current".to_owned()]
            .into_iter()
            .chain((0..9_000).map(|at| format!("{0},{0}", 100 + at % 7)))
            .collect::<Vec<_>>()
            .join("\n");
        let (whole, streamed) = (pair_beyond(AT_ONCE, text.as_bytes(), "in", keep), pair_beyond(64, text.as_bytes(), "in", keep));
        assert_eq!(whole, streamed);
        let found = streamed.unwrap();
        assert_eq!((found.baseline.len(), found.current.len(), found.seen), (1_000, 1_000, [9_000; 2]));
        assert_ne!(found.baseline, found.current, "each side has draws of its own");
        let rows = pair_beyond(64, table.as_bytes(), "in", keep).unwrap();
        assert_eq!((rows.baseline, rows.current, rows.seen), (found.baseline, found.current, found.seen));
        let all = pair_beyond(64, text.as_bytes(), "in", Keep::default()).unwrap();
        assert_eq!((all.baseline.len(), all.baseline.first(), all.written.margin), (9_000, Some(&100.0), Some(0.1)));
    }

    #[test]
    fn what_is_wrong_in_a_long_file_is_named() {
        let wrong = |text: String| {
            pair_beyond(64, text.as_bytes(), "in", Keep::default()).unwrap_err().iter().map(ToString::to_string).collect::<String>()
        };
        let padded = |end: &str| format!("{{\"metric_name\": \"{}\", {end}", "m".repeat(100));
        assert!(
            wrong(padded("\"baseline_values\": [1, NaN]}")).contains("NaN and Infinity"),
            "{}",
            wrong(padded("\"baseline_values\": [1, NaN]}"))
        );
        // The line and the position in the list count what was read quickly, too.
        let long_list = format!("\"baseline_values\": [\n{}null]}}", "1,\n".repeat(500));
        let said = wrong(padded(&long_list));
        assert!(said.contains("in:502:") && said.contains("value 500 (from 0) is null"), "{said}");
        assert!(wrong(padded("\"baseline_values\": [1, 2, 3,]}")).contains("trailing comma"));
        assert!(wrong(padded("\"baseline_values\": [1, 2, 3")).contains("EOF"));
        assert!(wrong(padded("\"baseline_value\": [1]}")).contains("did you mean `baseline_values`?"));
        assert!(wrong(padded("\"seed\": 1, \"seed\": 2}")).contains("duplicate field `seed`"));
        assert!(wrong(padded("\"baseline_values\": [1]}")).contains("missing field `current_values`"));
        assert!(wrong(format!("baseline,current\n{}3,nan\n", "1,2\n".repeat(30))).contains("in:32"));
    }

    /// Memory is bounded without a flag, too: what would be held beyond the bound is refused, with the way out.
    #[test]
    fn more_values_than_are_held_are_refused() {
        /// Endless ones, and whether a comma is next.
        struct Ones(bool);
        impl Read for Ones {
            fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
                for byte in &mut *into {
                    *byte = if self.0 { b',' } else { b'1' };
                    self.0 = !self.0;
                }
                Ok(into.len())
            }
        }
        let wrong = pair_beyond(64, "{\"baseline_values\": [".as_bytes().chain(Ones(false)), "in", Keep::default()).unwrap_err();
        let said = wrong.iter().map(ToString::to_string).collect::<String>();
        assert!(said.contains("more than 10000000 values; draw some with --max-samples"), "{said}");
    }

    #[test]
    fn what_has_no_end_is_refused() {
        for start in ["{\"baseline_values\": [1", "1", "\"", "{\""] {
            let endless = start.as_bytes().chain(io::repeat(b'1'));
            let wrong = pair_beyond(64, endless, "in", Keep::default()).unwrap_err();
            assert!(wrong.iter().any(|wrong| wrong.to_string().contains("without a comma")), "{start}: {wrong:?}");
        }
    }
}
