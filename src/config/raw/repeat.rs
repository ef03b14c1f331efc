//! `repeat:` as written: a number, or a map of bounds.

use schemars::{Schema, SchemaGenerator, json_schema};

use crate::domain::suite::Repeat;

/// How a run of repeats ends before the most.
pub(in crate::config) const STOPS: [&str; 1] = ["decided"];

pub(super) fn schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": ["integer", "object"],
        "minimum": 1,
        "maximum": 10_000,
        "required": ["max"],
        "properties": {
            "min": {
                "description": "How often every case is asked in any case; 1 where it is not written.",
                "type": "integer", "minimum": 1, "maximum": Repeat::MOST
            },
            "max": {
                "description": "How often a case is asked at most.",
                "type": "integer", "minimum": 1, "maximum": Repeat::MOST
            },
            "stop": {
                "description": "When to stop before `max`: once the verdict is `decided`.",
                "type": "string", "enum": STOPS
            }
        },
        "additionalProperties": false
    })
}
