//! Records as types of ours: forms with versions, and the way from an older form to the newest.

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::{Change, Expect, Key, Patience, Revision, Store, StoreError, Write};

/// A type that is kept in records.
pub trait Stored: Serialize + DeserializeOwned + Send {
    /// The version of today's form, from 1.
    const SCHEMA: u32;

    /// Brings a value of form `from` (below [`Self::SCHEMA`]) to form `from + 1`.
    ///
    /// # Errors
    /// Why the value is none of that form.
    fn migrate(from: u32, value: Value) -> Result<Value, String> {
        drop(value);
        Err(format!("form {from} is not known"))
    }
}

/// Reads a record in today's form, whatever form it was written in. Nothing is written: the next write does that.
///
/// # Errors
/// As [`Store::get`]; [`StoreError::Newer`] and [`StoreError::Corrupt`] for a value that is not of the type.
pub async fn read<T: Stored>(store: &dyn Store, key: &Key, patience: Patience) -> Result<Option<(T, Revision)>, StoreError> {
    let Some(found) = store.get(key, patience).await? else { return Ok(None) };
    let place = || format!("{}: {key}", store.place());
    let corrupt = |reason: String| StoreError::Corrupt { place: place(), reason };
    if found.schema > T::SCHEMA {
        return Err(StoreError::Newer { place: place(), found: found.schema, known: T::SCHEMA });
    }
    let mut value = found.value;
    for from in found.schema..T::SCHEMA {
        value = T::migrate(from, value)
            .map_err(|why| corrupt(format!("a value of form {from} cannot be brought to form {}: {why}", from + 1)))?;
    }
    let typed = serde_json::from_value(value).map_err(|error| corrupt(format!("no value of form {}: {error}", T::SCHEMA)))?;
    Ok(Some((typed, found.revision)))
}

/// A write of a record in today's form, for [`Store::transact`].
///
/// # Errors
/// When the value cannot be written as JSON.
pub fn write<T: Stored>(key: Key, expect: Expect, value: &T) -> Result<Write, StoreError> {
    let value = serde_json::to_value(value).map_err(|error| StoreError::Settings(format!("{key}: cannot be written as JSON: {error}")))?;
    Ok(Write { key, expect, change: Change::Put { schema: T::SCHEMA, value } })
}
