//! Marks of a YAML text, from the events of a parser that knows positions. Aliases are links here, never copies, so
//! nothing grows; what YAML has and a configuration does not need is refused by name.

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span};

use super::{Builder, DEEPEST, Kind, Mark, NodeId, Style, TextProblem, Tree};

/// The text is no YAML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::config) struct SyntaxError {
    pub(in crate::config) mark: Mark,
    pub(in crate::config) message: String,
    pub(in crate::config) help: Option<&'static str>,
}

/// Reads the marks of a YAML text.
///
/// # Errors
/// The first place where the text is no YAML.
pub(in crate::config) fn read(text: &str) -> Result<(Tree, Vec<TextProblem>), SyntaxError> {
    let mut reader = Reader::default();
    let mut parser = Parser::new_from_str(text);
    while let Some(event) = parser.next_event() {
        let (event, span) = event.map_err(|error| syntax_error(&error, text))?;
        if !reader.event(event, span) {
            break;
        }
    }
    Ok(reader.builder.finish())
}

#[derive(Debug, Default)]
struct Reader {
    builder: Builder,
    /// Nodes by the parser's number of their anchor.
    anchors: std::collections::HashMap<usize, NodeId>,
    documents: usize,
    /// Containers open inside a key that is no scalar.
    inside_key: usize,
}

impl Reader {
    /// Takes one event; `false` to stop reading.
    fn event(&mut self, event: Event<'_>, span: Span) -> bool {
        let mark = mark(span);
        match event {
            Event::DocumentStart(_) => {
                self.documents += 1;
                if self.documents > 1 {
                    self.builder.problem(mark, "a second document begins here", Some("keep one document in a file: remove the `---`"));
                    return false;
                }
            }
            Event::Scalar(text, style, anchor, tag) => {
                self.refuse_tag(mark, tag.is_some());
                self.scalar(text.into_owned(), style, anchor, mark);
            }
            Event::SequenceStart(anchor, tag) => {
                self.refuse_tag(mark, tag.is_some());
                return self.container(mark, anchor, Kind::List(Vec::new()));
            }
            Event::MappingStart(anchor, tag) => {
                self.refuse_tag(mark, tag.is_some());
                return self.container(mark, anchor, Kind::Map(Vec::new()));
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(mark),
            Event::Alias(anchor) => self.alias(anchor, mark),
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
        }
        true
    }

    fn scalar(&mut self, text: String, style: ScalarStyle, anchor: usize, mark: Mark) {
        if self.inside_key > 0 {
            return;
        }
        let style = match style {
            ScalarStyle::Plain => Style::Plain,
            ScalarStyle::SingleQuoted => Style::SingleQuoted,
            ScalarStyle::DoubleQuoted => Style::DoubleQuoted,
            ScalarStyle::Literal => Style::Literal,
            ScalarStyle::Folded => Style::Folded,
        };
        if self.builder.expects_key() {
            let refused = style == Style::Plain && is_no_text(&text);
            self.builder.key(text, mark);
            if refused {
                self.builder.problem(mark, "this key is no text", Some("put it in quotes"));
            }
            return;
        }
        if style == Style::Plain && is_no_json_number(&text) {
            self.builder.problem(mark, format!("`{text}` is no number we can use"), Some("write a finite number, or quote a text"));
        }
        if style == Style::Plain {
            self.builder.number(mark, &text);
        }
        let id = self.builder.add(mark, Kind::Scalar(style));
        self.anchor(anchor, id);
    }

    fn container(&mut self, mark: Mark, anchor: usize, kind: Kind) -> bool {
        if self.inside_key > 0 || self.builder.expects_key() {
            if self.inside_key == 0 {
                self.builder.problem(mark, "a key must be a text, not a list or a map", None);
            }
            self.inside_key += 1;
            return self.inside_key < DEEPEST;
        }
        if self.builder.depth() >= DEEPEST {
            let message = format!("nested more than {DEEPEST} levels deep");
            self.builder.problem(mark, message, Some("nothing here needs that; look for a stray bracket"));
            return false;
        }
        let id = self.builder.open(mark, kind);
        self.anchor(anchor, id);
        true
    }

    fn end(&mut self, mark: Mark) {
        if self.inside_key == 0 {
            self.builder.close();
            return;
        }
        self.inside_key -= 1;
        if self.inside_key == 0 {
            self.builder.key(String::new(), mark);
        }
    }

    fn alias(&mut self, anchor: usize, mark: Mark) {
        if self.inside_key > 0 {
            return;
        }
        if self.builder.expects_key() {
            self.builder.problem(mark, "a key must be a text, not an alias", None);
            self.builder.key(String::new(), mark);
            return;
        }
        if let Some(target) = self.anchors.get(&anchor) {
            self.builder.add(mark, Kind::Alias(*target));
        } else {
            self.builder.problem(mark, "this alias stands for a part of a key", None);
        }
    }

    fn anchor(&mut self, anchor: usize, id: NodeId) {
        if anchor > 0 {
            self.anchors.insert(anchor, id);
        }
    }

    fn refuse_tag(&mut self, mark: Mark, tagged: bool) {
        if tagged && self.inside_key == 0 {
            self.builder.problem(mark, "YAML tags (`!…`) are not used here", Some("remove the tag; quote what must stay a text"));
        }
    }
}

fn mark(span: Span) -> Mark {
    Mark { line: span.start.line(), column: span.start.col() + 1 }
}

/// The first tab that indents a line from `line` on.
fn first_tab(text: &str, line: usize) -> Option<Mark> {
    let indented = |line: &str| line.chars().take_while(|c| c.is_whitespace()).position(|c| c == '\t');
    text.lines().zip(1..).skip(line - 1).find_map(|(text, line)| indented(text).map(|before| Mark { line, column: before + 1 }))
}

/// Whether a plain key reads as a number, true, false or null.
fn is_no_text(text: &str) -> bool {
    let number = text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.'))
        && (text.parse::<f64>().is_ok() || text.starts_with("0x") || text.starts_with("0o"));
    number
        || is_no_json_number(text)
        || matches!(text, "" | "~" | "null" | "Null" | "NULL" | "true" | "True" | "TRUE" | "false" | "False" | "FALSE")
}

/// YAML's numbers that JSON does not have.
fn is_no_json_number(text: &str) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    matches!(unsigned, ".inf" | ".Inf" | ".INF" | ".nan" | ".NaN" | ".NAN")
}

fn syntax_error(error: &ScanError, text: &str) -> SyntaxError {
    let mut mark = Mark { line: error.marker().line(), column: error.marker().col() + 1 };
    let info = error.info();
    if info.contains("tab") {
        mark = first_tab(text, mark.line).unwrap_or(mark);
    }
    // The parser's sentences begin with where it was: "while parsing a block mapping, did not find …".
    let message = info.strip_prefix("while ").and_then(|rest| rest.split_once(", ")).map_or(info, |(_, what)| what);
    let help = if info.contains("mapping values are not allowed") {
        Some("check the indentation, or quote a text that contains `: `")
    } else if info.contains("tab") {
        Some("indent with spaces")
    } else if info.contains("unexpected end of stream") {
        Some("close the quote or bracket that begins here")
    } else if info.contains("expected ',' or") {
        Some("close the bracket, or put a comma before this")
    } else if info.contains("did not find expected") {
        Some("this line is indented less or more than its neighbours")
    } else if info.contains("recursion limit") {
        Some("nothing here is nested that deep; look for a stray bracket")
    } else if info.contains("unknown anchor") {
        Some("an alias (`*name`) must come after its anchor (`&name`)")
    } else {
        None
    };
    SyntaxError { mark, message: message.to_owned(), help }
}
