//! JSON in which a key that comes twice is an error, not a silent loss.

use std::fmt;

use serde::{
    Deserializer,
    de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Number, Value};

const DUPLICATE: &str = "a key comes twice";

/// Why a text is no JSON, or no JSON we accept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct JsonError {
    pub(super) message: String,
    /// From 1.
    pub(super) line: usize,
    /// From 1, in characters.
    pub(super) column: usize,
}

impl JsonError {
    /// Whether the text is JSON and some key comes twice in one map.
    pub(super) fn is_duplicate(&self) -> bool {
        self.message == DUPLICATE
    }

    /// The place and message of an error of the parser.
    pub(super) fn new(error: &serde_json::Error, text: &str) -> Self {
        let said = error.to_string();
        let message = said.split(" at line ").next().unwrap_or(&said).to_owned();
        let (line, bytes) = (error.line().max(1), error.column().max(1));
        // The parser counts bytes; people and editors count characters.
        let in_line = text.split('\n').nth(line - 1).unwrap_or("");
        let before = in_line.char_indices().take_while(|(start, _)| *start < bytes - 1).count();
        Self { message, line, column: before + 1 }
    }
}

/// Reads one JSON value.
pub(super) fn parse(text: &str) -> Result<Value, JsonError> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    Strict.deserialize(&mut deserializer).and_then(|value| deserializer.end().map(|()| value)).map_err(|error| JsonError::new(&error, text))
}

struct Strict;

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(Self)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            let value = entries.next_value_seed(Self)?;
            if map.insert(key, value).is_some() {
                return Err(A::Error::custom(DUPLICATE));
            }
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_those_of_json() {
        let text = r#"{"a": [1, -2, 2.5, true, null, "x\u00e9\ud83d\ude00"], "b": {}}"#;
        assert_eq!(parse(text), Ok(json!({"a": [1, -2, 2.5, true, null, "xé😀"], "b": {}})));
    }

    #[test]
    fn a_second_key_is_noticed_at_any_depth() {
        assert!(parse(r#"{"a": {"b": 1, "b": 1}}"#).unwrap_err().is_duplicate());
    }

    #[test]
    fn errors_have_a_line_and_a_column_in_characters() {
        let error = parse("{\n \"éé\": x}").unwrap_err();
        assert_eq!((error.message.as_str(), error.line, error.column), ("expected value", 2, 8));
        assert!(parse(&"[".repeat(10_000)).unwrap_err().message.contains("recursion limit"));
        assert!(parse("{} x").is_err());
    }
}
