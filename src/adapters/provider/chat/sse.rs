//! Server-sent events, read piece by piece as they arrive.

/// One event.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in super::super) struct Event {
    /// Its name; empty when the server gave none.
    pub(in super::super) name: String,
    /// Its `data:` lines, joined by line feeds. Bytes, since nothing promises UTF-8.
    pub(in super::super) data: Vec<u8>,
}

/// Takes bytes in pieces of any size and gives events. Lines may end in LF, CR LF or CR.
///
/// It holds at most what it was fed: the caller bounds that.
#[derive(Debug, Default)]
pub(in super::super) struct Parser {
    line: Vec<u8>,
    after_cr: bool,
    begun: bool,
    event: Event,
    has_data: bool,
}

impl Parser {
    /// The events that `bytes` completes.
    pub(in super::super) fn feed(&mut self, bytes: &[u8]) -> Vec<Event> {
        let mut events = Vec::new();
        for &byte in bytes {
            let follows_cr = std::mem::replace(&mut self.after_cr, byte == b'\r');
            match byte {
                b'\n' if follows_cr => {}
                b'\n' | b'\r' => events.extend(self.end_line()),
                _ => self.line.push(byte),
            }
        }
        events
    }

    /// What is left when the bytes end without the empty line that should close the last event.
    pub(in super::super) fn finish(mut self) -> Option<Event> {
        self.end_line().or_else(|| self.has_data.then_some(self.event))
    }

    fn end_line(&mut self) -> Option<Event> {
        let line = std::mem::take(&mut self.line);
        let mut line = line.as_slice();
        if !std::mem::replace(&mut self.begun, true) {
            line = line.strip_prefix("\u{feff}".as_bytes()).unwrap_or(line);
        }
        if line.is_empty() {
            let event = std::mem::take(&mut self.event);
            return std::mem::take(&mut self.has_data).then_some(event);
        }
        let (field, value) = line.iter().position(|&byte| byte == b':').map_or((line, &b""[..]), |colon| {
            let (field, rest) = line.split_at(colon);
            let value = rest.strip_prefix(b":").unwrap_or(rest);
            (field, value.strip_prefix(b" ").unwrap_or(value))
        });
        match field {
            b"data" => {
                if std::mem::replace(&mut self.has_data, true) {
                    self.event.data.push(b'\n');
                }
                self.event.data.extend_from_slice(value);
            }
            b"event" => self.event.name = String::from_utf8_lossy(value).into_owned(),
            // Comments (`: keep-alive`), `id`, `retry` and what a server invents.
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(name: &str, data: &str) -> Event {
        Event { name: name.into(), data: data.into() }
    }

    fn parse(pieces: &[&[u8]]) -> Vec<Event> {
        let mut parser = Parser::default();
        let mut events: Vec<_> = pieces.iter().flat_map(|piece| parser.feed(piece)).collect();
        events.extend(parser.finish());
        events
    }

    const STREAM: &str =
        "\u{feff}: hello\r\ndata: {\"a\":\r\ndata: \"ü€😀\"}\r\n\r\nevent: x\rdata:tight\r\rid: 7\ndata\n\nretry: 9\n\ndata: [DONE]\n\n";

    fn expected() -> Vec<Event> {
        vec![event("", "{\"a\":\n\"ü€😀\"}"), event("x", "tight"), event("", ""), event("", "[DONE]")]
    }

    #[test]
    fn every_line_end_comment_and_multi_line_data() {
        assert_eq!(parse(&[STREAM.as_bytes()]), expected());
    }

    #[test]
    fn pieces_may_end_anywhere() {
        for at in 0..=STREAM.len() {
            let (head, tail) = STREAM.as_bytes().split_at(at);
            assert_eq!(parse(&[head, tail]), expected(), "split at byte {at}");
        }
        let single: Vec<&[u8]> = STREAM.as_bytes().chunks(1).collect();
        assert_eq!(parse(&single), expected());
    }

    proptest::proptest! {
        #[test]
        fn hostile_bytes_are_read_the_same_in_any_pieces(bytes: Vec<u8>, size in 1_usize..9) {
            let lines: Vec<u8> = bytes.iter().map(|byte| b"\r\n: data"[usize::from(*byte) % 8]).collect();
            for text in [&bytes, &lines] {
                proptest::prop_assert_eq!(parse(&text.chunks(size).collect::<Vec<_>>()), parse(&[text]));
            }
        }
    }

    #[test]
    fn an_event_without_its_last_empty_line_is_still_given() {
        assert_eq!(parse(&[b"data: [DONE]"]), [event("", "[DONE]")]);
        assert_eq!(parse(&[b"data: [DONE]\n"]), [event("", "[DONE]")]);
        assert_eq!(parse(&[b": only a comment\n"]), []);
    }
}
