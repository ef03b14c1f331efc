//! Queries with `{{prompt}}`, `{{environment}}` and `{{version}}`, filled in so that no value can leave its place.

use serde_json::Value;
use thiserror::Error;

/// What a query can speak of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QueryValues {
    /// The prompt's name.
    pub prompt: String,
    /// The environment's name.
    pub environment: String,
    /// The version whose numbers are wanted.
    pub version: String,
}

/// A query with what it is filled with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// The text with its places.
    pub text: String,
    /// The values.
    pub values: QueryValues,
}

/// Where a value goes, which says how it is escaped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Escape {
    /// Between the quotes of a PromQL string, as in `{version="{{version}}"}`.
    PromQl,
    /// A part of a JSON pointer (RFC 6901).
    JsonPointer,
    /// A part of an address's path or query (RFC 3986).
    Address,
    /// A text that nothing reads as more than a text.
    None,
}

/// Why a query cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum QueryError {
    /// A name nobody knows.
    #[error("there is no `{{{{{name}}}}}`: write {{{{version}}}}, {{{{environment}}}} or {{{{prompt}}}}")]
    UnknownName {
        /// The name as written.
        name: String,
    },
    /// An opening without its end.
    #[error("`{{{{` at character {at} is never closed")]
    Open {
        /// The character, from 1.
        at: usize,
    },
    /// In PromQL, a place outside a quoted string, where a value could become a part of the query.
    #[error("`{{{{{name}}}}}` stands outside of quotes: write it like {name}=\"{{{{{name}}}}}\"")]
    Unquoted {
        /// The name.
        name: String,
    },
}

impl QueryError {
    /// The name that nobody knows, if that is what is wrong.
    pub fn unknown(&self) -> Option<&str> {
        match self {
            Self::UnknownName { name } => Some(name),
            Self::Open { .. } | Self::Unquoted { .. } => None,
        }
    }
}

impl Query {
    /// What a query can speak of.
    pub const NAMES: [&'static str; 3] = ["version", "environment", "prompt"];

    /// A query without values, for texts that have no places.
    pub fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), values: QueryValues::default() }
    }

    /// The text with the values in their places.
    ///
    /// # Errors
    /// See [`QueryError`].
    pub fn fill(&self, escape: Escape) -> Result<String, QueryError> {
        fill(&self.text, escape, |name| match name {
            "prompt" => Some(&self.values.prompt),
            "environment" => Some(&self.values.environment),
            "version" => Some(&self.values.version),
            _ => None,
        })
    }

    /// Whether a text is a query that can be filled in.
    ///
    /// # Errors
    /// See [`QueryError`].
    pub fn check(text: &str, escape: Escape) -> Result<(), QueryError> {
        Self::plain(text).fill(escape).map(drop)
    }
}

/// Fills every `{{name}}`; PromQL's own braces are single, so that nothing else looks like a place.
fn fill<'v>(text: &str, escape: Escape, value_of: impl Fn(&str) -> Option<&'v String>) -> Result<String, QueryError> {
    let mut filled = String::with_capacity(text.len() + 32);
    let mut quotes = Quotes::default();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        quotes.read(before);
        filled.push_str(before);
        let Some((name, behind)) = after.split_once("}}") else {
            let at = text.len() - after.len() - 2;
            return Err(QueryError::Open { at: text.get(..at).map_or(0, |before| before.chars().count()) + 1 });
        };
        let name = name.trim();
        let value = value_of(name).ok_or_else(|| QueryError::UnknownName { name: name.chars().take(40).collect() })?;
        match escape {
            Escape::PromQl => match quotes.open {
                // A raw string has no escapes: only a value without a backtick stays in it.
                Some('`') => filled.push_str(&value.replace('`', "")),
                Some(quote) => promql(value, quote, &mut filled),
                None => return Err(QueryError::Unquoted { name: name.to_owned() }),
            },
            Escape::JsonPointer => filled.push_str(&value.replace('~', "~0").replace('/', "~1")),
            Escape::Address => percent_encode(value, &mut filled),
            Escape::None => filled.push_str(value),
        }
        rest = behind;
    }
    filled.push_str(rest);
    Ok(filled)
}

/// Which quote is open in a PromQL text.
#[derive(Debug, Default)]
struct Quotes {
    open: Option<char>,
}

impl Quotes {
    fn read(&mut self, text: &str) {
        let mut characters = text.chars();
        while let Some(character) = characters.next() {
            match (self.open, character) {
                (None, '"' | '\'' | '`') => self.open = Some(character),
                // A comment ends with its line.
                (None, '#') => drop(characters.by_ref().find(|c| *c == '\n')),
                (Some('"' | '\''), '\\') => drop(characters.next()),
                (Some(quote), _) if quote == character => self.open = None,
                (Some(_) | None, _) => {}
            }
        }
    }
}

/// A value inside a quoted PromQL string: Go's escapes, which JSON's are a part of.
fn promql(value: &str, quote: char, filled: &mut String) {
    let quoted = Value::from(value).to_string();
    let inner = quoted.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or_default();
    if quote == '\'' {
        filled.push_str(&inner.replace("\\\"", "\"").replace('\'', "\\'"));
    } else {
        filled.push_str(inner);
    }
}

fn percent_encode(value: &str, filled: &mut String) {
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            filled.push(char::from(byte));
        } else {
            filled.push('%');
            for nibble in [byte >> 4, byte & 0x0f] {
                filled.extend(char::from_digit(u32::from(nibble), 16).map(|digit| digit.to_ascii_uppercase()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(text: &str, version: &str) -> Query {
        Query {
            text: text.into(),
            values: QueryValues { prompt: "greeting".into(), environment: "production".into(), version: version.into() },
        }
    }

    #[test]
    fn values_come_into_their_places() {
        let text = r#"rate(errors_total{version="{{version}}", prompt='{{ prompt }}', env="{{environment}}"}[1m])"#;
        let filled = query(text, "2.0.0").fill(Escape::PromQl).unwrap();
        assert_eq!(filled, r#"rate(errors_total{version="2.0.0", prompt='greeting', env="production"}[1m])"#);
    }

    #[test]
    fn a_value_cannot_leave_its_place() {
        let hostile = "\"} or vector(0) #\\'`\n";
        for (text, escape, expected) in [
            (r#"x{v="{{version}}"}"#, Escape::PromQl, r#"x{v="\"} or vector(0) #\\'`\n"}"#),
            ("x{v='{{version}}'}", Escape::PromQl, r#"x{v='"} or vector(0) #\\\'`\n'}"#),
            ("x{v=`{{version}}`}", Escape::PromQl, "x{v=`\"} or vector(0) #\\'\n`}"),
            ("/{{version}}/p95", Escape::JsonPointer, "/\"} or vector(0) #\\'`\n/p95"),
            ("/{{version}}/p95", Escape::Address, "/%22%7D%20or%20vector%280%29%20%23%5C%27%60%0A/p95"),
        ] {
            assert_eq!(query(text, hostile).fill(escape).unwrap(), expected);
        }
        assert_eq!(query("/{{version}}", "a/b~c").fill(Escape::JsonPointer).unwrap(), "/a~1b~0c");
    }

    #[test]
    fn places_outside_of_quotes_are_refused() {
        for text in ["x{v={{version}}}", "{{version}}", "x{a=\"b\"} * {{version}}", "x # \"\n * {{version}}", "x{a='\\'', b={{version}}}"] {
            assert_eq!(query(text, "1").fill(Escape::PromQl), Err(QueryError::Unquoted { name: "version".into() }), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let unknown = Query::check("x{v=\"{{vresion}}\"}", Escape::PromQl).unwrap_err().to_string();
        assert_eq!(unknown, "there is no `{{vresion}}`: write {{version}}, {{environment}} or {{prompt}}");
        assert_eq!(Query::check("ü{{version", Escape::None), Err(QueryError::Open { at: 2 }));
        assert_eq!(Query::check("x{v=\"1\"}", Escape::PromQl), Ok(()));
    }

    proptest::proptest! {
        #[test]
        fn a_filled_place_is_one_string(value: String, quote in "[\"']") {
            let text = format!("x{{v={quote}{{{{version}}}}{quote}}}");
            let filled = query(&text, &value).fill(Escape::PromQl).unwrap();
            let mut quotes = Quotes::default();
            let inside = filled.strip_prefix("x{v=").and_then(|rest| rest.strip_suffix('}')).unwrap();
            let (at, last) = inside.char_indices().next_back().unwrap();
            let before = inside.get(..at).unwrap();
            quotes.read(before);
            // Up to the last quote the string that the first one opened is still open, and no line ended in it.
            proptest::prop_assert_eq!((quotes.open, last), (quote.chars().next(), quote.chars().next().unwrap()));
            proptest::prop_assert!(!before.contains('\n'));
        }
    }
}
