//! Long lists of numbers, past the JSON reader: it looks at every byte by itself, and a file of 1 GB has a billion of them.
//!
//! Only what is beyond doubt is taken here: numbers as JSON writes them, one comma after each. The last one and everything else are
//! left to the JSON reader, which so finds the list in a state that it knows, and says of a mistake what it always says.

use std::{
    cell::RefCell,
    io::{self, Read},
    rc::Rc,
};

/// Bytes that are read at once.
const BLOCK: usize = 1024 * 1024;

/// A stream that a JSON reader and [`Quick`] read in turns.
pub(super) struct Source<R>(Rc<RefCell<Buffered<R>>>);

/// Takes numbers out of the list that the JSON reader has just begun.
pub(super) trait Quick {
    /// Hands over the numbers of the list but the last, until `each` wants no more.
    fn numbers(&self, each: &mut dyn FnMut(f64) -> bool);
}

struct Buffered<R> {
    stream: R,
    buffer: Vec<u8>,
    /// How much of the buffer holds something.
    filled: usize,
    /// How much of that has been read.
    at: usize,
    /// Lines before the buffer, and bytes of the buffer's first line before it.
    before: (usize, usize),
    /// What kept a list from being read on; the JSON reader gets it.
    failed: Option<io::Error>,
}

impl<R: Read> Source<R> {
    pub(super) fn new(stream: R) -> Self {
        Self(Rc::new(RefCell::new(Buffered { stream, buffer: Vec::new(), filled: 0, at: 0, before: (0, 0), failed: None })))
    }

    /// The same stream, for somebody else to read from.
    pub(super) fn shared(&self) -> Self {
        Self(Rc::clone(&self.0))
    }

    /// Line and column, both from 1, of what was read last.
    pub(super) fn position(&self) -> (usize, usize) {
        let source = self.0.borrow();
        let (lines, column) = after(source.before, source.buffer.get(..source.at).unwrap_or_default());
        (lines + 1, column.max(1))
    }
}

/// Lines and bytes of the last line after some more bytes.
fn after((lines, column): (usize, usize), bytes: &[u8]) -> (usize, usize) {
    match bytes.iter().rposition(|byte| *byte == b'\n') {
        Some(last) => (lines + bytes.split(|byte| *byte == b'\n').skip(1).count(), bytes.len() - last - 1),
        None => (lines, column + bytes.len()),
    }
}

impl<R: Read> Read for Source<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let mut source = self.0.borrow_mut();
        if let Some(error) = source.failed.take() {
            return Err(error);
        }
        if source.at == source.filled && !source.more()? {
            return Ok(0);
        }
        let read = source.buffer.get(source.at..source.filled).unwrap_or_default().read(into)?;
        source.at += read;
        Ok(read)
    }
}

impl<R: Read> Quick for Source<R> {
    fn numbers(&self, each: &mut dyn FnMut(f64) -> bool) {
        let mut source = self.0.borrow_mut();
        if let Err(error) = source.numbers(each) {
            source.failed = Some(error);
        }
    }
}

impl<R: Read> Buffered<R> {
    /// Forgets what was read and reads some more; `false` at the end.
    fn more(&mut self) -> io::Result<bool> {
        self.before = after(self.before, self.buffer.get(..self.at).unwrap_or_default());
        self.buffer.copy_within(self.at..self.filled, 0);
        self.filled -= self.at;
        self.at = 0;
        if self.buffer.len() < self.filled + BLOCK {
            self.buffer.resize(self.filled + BLOCK, 0);
        }
        let read = loop {
            match self.stream.read(self.buffer.get_mut(self.filled..).unwrap_or_default()) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other?,
            }
        };
        self.filled += read;
        Ok(read > 0)
    }

    /// A number is handed over when the next one is known to be one, too: what is left then begins with a number.
    fn numbers(&mut self, each: &mut dyn FnMut(f64) -> bool) -> io::Result<()> {
        let mut held: Option<f64> = None;
        // Where the number after the one that is held begins.
        let mut from = self.at;
        // Bytes from there that hold no end of a number.
        let mut searched = 0;
        loop {
            let rest = self.buffer.get(from..self.filled).unwrap_or_default();
            let end = rest.get(searched..).unwrap_or_default().iter().position(|byte| matches!(byte, b',' | b']'));
            let Some(end) = end.map(|end| end + searched) else {
                searched = rest.len();
                // No number is this long; what it is, the JSON reader finds without holding it.
                if searched > BLOCK {
                    return Ok(());
                }
                from -= self.at;
                if !self.more()? {
                    return Ok(());
                }
                continue;
            };
            searched = 0;
            let last = rest.get(end) == Some(&b']');
            let Some(value) = rest.get(..end).and_then(plain) else { return Ok(()) };
            if let Some(before) = held.replace(value) {
                self.at = from;
                if !each(before) {
                    return Ok(());
                }
            }
            if last {
                return Ok(());
            }
            from += end + 1;
        }
    }
}

/// A finite number as JSON writes it, with space around.
fn plain(bytes: &[u8]) -> Option<f64> {
    let bytes = bytes.trim_ascii();
    let digits = bytes.strip_prefix(b"-").unwrap_or(bytes);
    // What is a number for Rust and none for JSON: 01, 1., .5, +1, inf.
    match digits {
        [b'0', b'0'..=b'9', ..] => return None,
        [b'0'..=b'9', ..] => {}
        _ => return None,
    }
    let point = digits.iter().position(|byte| *byte == b'.');
    if point.is_some_and(|point| !digits.get(point + 1).is_some_and(u8::is_ascii_digit)) {
        return None;
    }
    std::str::from_utf8(bytes).ok()?.parse().ok().filter(|value: &f64| value.is_finite())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What is taken of a list that has just begun, and what is left of it, with streams that give so many bytes at a time.
    fn taken(text: &str, piece: usize) -> (Vec<f64>, String, (usize, usize)) {
        struct Slowly<'t>(&'t [u8], usize);
        impl Read for Slowly<'_> {
            fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
                let most = self.1.min(into.len());
                self.0.read(&mut into[..most])
            }
        }
        let mut source = Source::new(Slowly(text.as_bytes(), piece));
        let mut found = Vec::new();
        source.numbers(&mut |value| {
            found.push(value);
            true
        });
        let (mut rest, position) = (String::new(), source.position());
        source.read_to_string(&mut rest).unwrap();
        (found, rest, position)
    }

    #[test]
    fn all_but_the_last_number_are_taken() {
        for piece in [1, 3, 1_000] {
            assert_eq!(taken("1, 2.5,\n -3e2 , 4], 5", piece), (vec![1.0, 2.5, -300.0], " 4], 5".to_owned(), (2, 7)), "{piece}");
            assert_eq!(taken("7]", piece).1, "7]");
            assert_eq!(taken("]", piece).1, "]");
            assert_eq!(taken("", piece).1, "");
        }
    }

    #[test]
    fn what_is_no_plain_number_is_left_with_the_one_before_it() {
        for odd in ["", "NaN", "null", "\"3\"", "[3", "01", "1.", ".5", "+1", "1e999", "-", "--1", "1 2", "inf", "{\"a\": 1"] {
            for end in [",4]", "]"] {
                let text = format!("1,2,{odd}{end}");
                assert_eq!((taken(&text, 2).0, taken(&text, 2).1), (vec![1.0], format!("2,{odd}{end}")), "{text}");
            }
        }
    }

    proptest! {
        #[test]
        fn what_is_taken_is_what_the_json_reader_reads(values in proptest::collection::vec(any::<f64>().prop_filter("finite", |x| x.is_finite()), 2..40), piece in 1usize..50) {
            let text = serde_json::to_string(&values).unwrap();
            let (mut found, rest, _) = taken(text.get(1..).unwrap(), piece);
            found.extend(serde_json::from_str::<Vec<f64>>(&format!("[{rest}")).unwrap());
            prop_assert_eq!(found, values);
        }
    }
}
