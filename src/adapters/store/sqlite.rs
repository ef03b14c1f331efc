//! Records in a SQLite database.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use rusqlite::{Connection, ErrorCode, OptionalExtension as _, Transaction, TransactionBehavior, params};

use super::record::{self, Step};
use crate::ports::{
    clock::Clock,
    store::{Key, Patience, Revision, Store, StoreError, Versioned, Write},
};

/// `PRAGMA application_id` of our databases: "pcic".
const APPLICATION: i32 = 0x7063_6963;
/// `PRAGMA user_version`: the newest form of the tables.
const TABLES: u32 = 1;

/// Records in a SQLite database. Several processes may use it at once.
pub struct SqliteStore {
    path: PathBuf,
    connection: Arc<Mutex<Option<Connection>>>,
    clock: Arc<dyn Clock>,
}

impl SqliteStore {
    /// The store in this file, which is made at the first use.
    pub fn new(path: impl Into<PathBuf>, clock: Arc<dyn Clock>) -> Self {
        Self { path: path.into(), connection: Arc::default(), clock }
    }

    async fn blocking<T: Send + 'static>(
        &self,
        patience: Patience,
        writes: bool,
        job: impl FnOnce(&mut Connection, &str) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (path, place, shared) = (self.path.clone(), self.place(), Arc::clone(&self.connection));
        let unreachable = |reason: String, maybe_done| StoreError::Unreachable { place: self.place(), reason, maybe_done };
        let left = patience.until.saturating_sub(self.clock.elapsed());
        if left.is_zero() {
            return Err(unreachable("no time was left".to_owned(), false));
        }
        let work = move || {
            let mut slot = shared.lock().unwrap_or_else(PoisonError::into_inner);
            let mut connection = match slot.take() {
                Some(connection) => connection,
                None => open(&path, left, &place)?,
            };
            // SQLite waits this long for other processes; it is told to give up a little before we do.
            connection.busy_timeout(left.mul_f64(0.9)).map_err(|error| trouble(&error, &place))?;
            let done = job(&mut connection, &place);
            *slot = Some(connection);
            done
        };
        match tokio::time::timeout(left, tokio::task::spawn_blocking(work)).await {
            Ok(Ok(result)) => result,
            Ok(Err(broken)) => Err(unreachable(format!("the work on it broke: {broken}"), writes)),
            Err(_elapsed) => Err(unreachable(format!("no answer within {:.1} s", left.as_secs_f64()), writes)),
        }
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("SqliteStore").field("path", &self.path).finish_non_exhaustive()
    }
}

/// Opens the database, and makes its table where it is new.
fn open(path: &Path, left: Duration, place: &str) -> Result<Connection, StoreError> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(|error| StoreError::Refused {
            place: place.to_owned(),
            reason: format!("its folder cannot be made: {error}"),
            next: "name another file".to_owned(),
        })?;
    }
    let wrong = |error: rusqlite::Error| trouble(&error, place);
    let mut connection = Connection::open(path).map_err(wrong)?;
    connection.busy_timeout(left.mul_f64(0.9)).map_err(wrong)?;
    // WAL lets others read while one writes; FULL makes a commit outlive a power cut.
    connection.pragma_update(None, "journal_mode", "WAL").map_err(wrong)?;
    connection.pragma_update(None, "synchronous", "FULL").map_err(wrong)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(wrong)?;
    prepare(&transaction, place)?;
    transaction.commit().map_err(wrong)?;
    Ok(connection)
}

fn prepare(transaction: &Transaction<'_>, place: &str) -> Result<(), StoreError> {
    let wrong = |error: rusqlite::Error| trouble(&error, place);
    let pragma = |name: &str| transaction.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0)).map_err(wrong);
    let (application, tables) = (pragma("application_id")?, pragma("user_version")?);
    let entries: i64 = transaction.query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get(0)).map_err(wrong)?;
    if application != i64::from(APPLICATION) && entries > 0 {
        let (reason, next) = ("this is the database of another program".to_owned(), "name another file".to_owned());
        return Err(StoreError::Refused { place: place.to_owned(), reason, next });
    }
    if tables > i64::from(TABLES) {
        return Err(StoreError::Newer { place: place.to_owned(), found: u32::try_from(tables).unwrap_or(u32::MAX), known: TABLES });
    }
    if tables == 0 {
        let table =
            "CREATE TABLE records (key TEXT PRIMARY KEY NOT NULL, revision TEXT NOT NULL, record TEXT NOT NULL) STRICT, WITHOUT ROWID";
        transaction.execute(table, []).map_err(wrong)?;
        transaction.pragma_update(None, "application_id", APPLICATION).map_err(wrong)?;
        transaction.pragma_update(None, "user_version", TABLES).map_err(wrong)?;
    }
    Ok(())
}

fn read(connection: &Connection, key: &Key, place: &str) -> Result<Option<Versioned>, StoreError> {
    let mut statement =
        connection.prepare("SELECT revision, record FROM records WHERE key = ?1").map_err(|error| trouble(&error, place))?;
    let row = statement.query_row(params![key.as_str()], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)));
    let Some((revision, text)) = row.optional().map_err(|error| trouble(&error, place))? else { return Ok(None) };
    let row = format!("{place}: row {key}");
    let found = record::decode(key, text.as_bytes(), &row)?;
    if found.revision.as_str() != revision {
        return Err(StoreError::Corrupt { place: row, reason: "its revision is not that of its record".to_owned() });
    }
    Ok(Some(found))
}

fn transact(connection: &mut Connection, writes: &[Write], nonce: &str, place: &str) -> Result<Vec<Revision>, StoreError> {
    let wrong = |error: rusqlite::Error| trouble(&error, place);
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(wrong)?;
    let mut revisions = Vec::new();
    for write in writes {
        let key = write.key.as_str();
        let step = record::decide(write, read(&transaction, &write.key, place)?, nonce, place)?;
        match &step {
            Step::Put { text, revision } => transaction
                .prepare("INSERT INTO records (key, revision, record) VALUES (?1, ?2, ?3) ON CONFLICT (key) DO UPDATE SET revision = ?2, record = ?3")
                .and_then(|mut statement| statement.execute(params![key, revision.as_str(), text]))
                .map_err(wrong)?,
            Step::Delete(revision) => transaction
                .prepare("DELETE FROM records WHERE key = ?1 AND revision = ?2")
                .and_then(|mut statement| statement.execute(params![key, revision.as_str()]))
                .map_err(wrong)?,
            Step::Keep(_) => 0,
        };
        revisions.push(step.revision());
    }
    transaction.commit().map_err(wrong)?;
    Ok(revisions)
}

#[async_trait]
impl Store for SqliteStore {
    fn place(&self) -> String {
        format!("SQLite {}", self.path.display())
    }

    async fn get(&self, key: &Key, patience: Patience) -> Result<Option<Versioned>, StoreError> {
        let key = key.clone();
        self.blocking(patience, false, move |connection, place| read(connection, &key, place)).await
    }

    async fn list(&self, folder: Option<&Key>, patience: Patience) -> Result<Vec<Key>, StoreError> {
        let rows = self.blocking(patience, false, |connection, place| {
            let mut statement = connection.prepare("SELECT key FROM records ORDER BY key").map_err(|error| trouble(&error, place))?;
            let rows = statement.query_map([], |row| row.get::<_, String>(0)).and_then(Iterator::collect::<Result<Vec<_>, _>>);
            rows.map_err(|error| trouble(&error, place))
        });
        let keys = rows.await?.into_iter().filter_map(|key| Key::new(key).ok());
        Ok(keys.filter(|key| folder.is_none_or(|folder| key.is_below(folder))).collect())
    }

    async fn transact(&self, writes: &[Write], patience: Patience) -> Result<Vec<Revision>, StoreError> {
        record::check(writes)?;
        let (writes, nonce) = (writes.to_vec(), record::nonce());
        self.blocking(patience, true, move |connection, place| transact(connection, &writes, &nonce, place)).await
    }
}

/// What SQLite's refusal means. A commit that fails was not done.
fn trouble(error: &rusqlite::Error, place: &str) -> StoreError {
    let (place, reason) = (place.to_owned(), error.to_string());
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => StoreError::Corrupt { place, reason },
        Some(ErrorCode::DiskFull) => StoreError::Full { place, reason, maybe_done: false },
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen | ErrorCode::AuthorizationForStatementDenied) => {
            StoreError::Refused {
                place,
                reason,
                next: "give this user the right to write the file and its folder, or name another file".to_owned(),
            }
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            let reason = "another process held its lock until the time was up".to_owned();
            StoreError::Unreachable { place, reason, maybe_done: false }
        }
        _ => StoreError::Unreachable { place, reason, maybe_done: false },
    }
}
