//! Finding JSON: the whole answer, or the values somewhere in it.

use serde::de::IgnoredAny;
use serde_json::Value;

/// How often the text may be read again because of brackets that never close. Keeps the search linear in the answer.
const PASSES: usize = 16;

/// Short texts get at least this much, in bytes.
const AT_LEAST: usize = 64 << 10;

/// The whole answer as JSON.
///
/// # Errors
/// Where it stops being JSON, as a fragment.
pub(in crate::domain::suite::assertion) fn whole(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|error| {
        if text.trim().is_empty() {
            return "the answer is empty".to_owned();
        }
        let said = error.to_string();
        let said = said.rsplit_once(" at line ").map_or(said.as_str(), |(said, _)| said);
        let hint = if text.trim_start().starts_with("```") { " (it is in a code fence; `contains-json` looks inside)" } else { "" };
        format!("line {} column {}: {said}{hint}", error.line(), column(text, &error))
    })
}

/// The column in characters; the parser counts bytes.
fn column(text: &str, error: &serde_json::Error) -> usize {
    let line = text.split('\n').nth(error.line().saturating_sub(1)).unwrap_or_default();
    let before = line.as_bytes().iter().take(error.column());
    before.filter(|byte| (**byte & 0b1100_0000) != 0b1000_0000).count()
}

/// The JSON objects and lists in a text, from left to right, none inside another.
#[derive(Debug)]
pub(in crate::domain::suite::assertion) struct Scan<'a> {
    text: &'a str,
    at: usize,
    /// Bytes that may still be read in vain.
    left: usize,
    /// Whether the search stopped before the end of the text.
    pub(in crate::domain::suite::assertion) gave_up: bool,
}

impl<'a> Scan<'a> {
    pub(in crate::domain::suite::assertion) fn new(text: &'a str) -> Self {
        Self { text, at: 0, left: text.len().saturating_mul(PASSES).max(AT_LEAST), gave_up: false }
    }
}

impl Iterator for Scan<'_> {
    type Item = Value;

    fn next(&mut self) -> Option<Value> {
        loop {
            let start = self.at + self.text.get(self.at..)?.find(['{', '['])?;
            let rest = self.text.get(start..)?;
            let read = match value_at(rest) {
                Ok((value, read)) => {
                    self.at = start + read;
                    return Some(value);
                }
                Err(read) => read,
            };
            // The bracket was prose, or the value is cut off; what stands inside may still be JSON.
            self.at = start + 1;
            let Some(left) = self.left.checked_sub(read) else {
                self.gave_up = true;
                self.at = self.text.len();
                return None;
            };
            self.left = left;
        }
    }
}

/// The value a text starts with and its length in bytes, or how many bytes were read in vain.
fn value_at(text: &str) -> Result<(Value, usize), usize> {
    // Skipping builds nothing and does not recurse, which makes the many vain attempts cheap.
    let mut skipped = serde_json::Deserializer::from_str(text).into_iter::<IgnoredAny>();
    match skipped.next() {
        None => Err(0),
        Some(Err(error)) => Err(bytes_read(text, &error)),
        Some(Ok(IgnoredAny)) => {
            let read = skipped.byte_offset();
            let value = text.get(..read).and_then(|json| serde_json::from_str(json).ok());
            value.map(|value| (value, read)).ok_or(read)
        }
    }
}

/// How far the parser got.
fn bytes_read(text: &str, error: &serde_json::Error) -> usize {
    let lines = error.line().saturating_sub(1);
    let before: usize = text.split_inclusive('\n').take(lines).map(str::len).sum();
    before + error.column().max(1)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn found(text: &str) -> Vec<Value> {
        Scan::new(text).collect()
    }

    #[test]
    fn values_are_found_in_prose_and_fences() {
        assert_eq!(found("Sure!\n```json\n{\"a\": [1]}\n```\nand {\"b\": 2}."), [json!({"a": [1]}), json!({"b": 2})]);
        assert_eq!(found("see [the docs] {really}: [1, 2]"), [json!([1, 2])]);
        assert_eq!(found("{\"a\": \"}\"} ]"), [json!({"a": "}"})]);
        assert_eq!(found("[\"see x] {\"a\": 1}"), [json!({"a": 1})], "a bracket inside a broken text");
        assert!(found("no JSON, 42, \"text\", null").is_empty());
        assert!(found("").is_empty());
    }

    #[test]
    fn a_value_that_is_cut_off_leaves_what_is_whole_in_it() {
        assert_eq!(found("{\"items\": [{\"a\": 1}, {\"b\": 2}, {\"c\""), [json!({"a": 1}), json!({"b": 2})]);
    }

    #[test]
    fn a_megabyte_of_brackets_ends_soon() {
        for text in ["[".repeat(1 << 20), "{\"a\":[".repeat(1 << 17), format!("[{}", "1,[".repeat(300_000))] {
            let mut scan = Scan::new(&text);
            assert_eq!(scan.next(), None);
            assert!(scan.gave_up);
            assert_eq!(scan.next(), None);
        }
    }

    #[test]
    fn many_small_values_are_all_read() {
        assert_eq!(Scan::new(&"x {\"a\": 1} ".repeat(50_000)).count(), 50_000);
    }

    #[test]
    fn errors_name_line_and_column_in_characters() {
        assert_eq!(whole("{\"é\": x}").unwrap_err(), "line 1 column 7: expected value");
        assert_eq!(whole("{\n  \"a\": 1,\n}").unwrap_err(), "line 3 column 1: trailing comma");
        assert_eq!(whole(" \n").unwrap_err(), "the answer is empty");
        assert!(whole("```json\n{}\n```").unwrap_err().contains("code fence"));
        assert!(whole("1e999").unwrap_err().contains("out of range"));
        assert!(whole(&"[".repeat(1 << 20)).unwrap_err().contains("recursion limit"));
    }
}
