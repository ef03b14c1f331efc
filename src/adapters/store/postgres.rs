//! Records in a table of PostgreSQL.

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use rustls::{ClientConfig, RootCertStore};
use tokio::sync::Mutex;
use tokio_postgres::{
    Client, Config, IsolationLevel, NoTls,
    config::{Host, SslMode},
    error::SqlState,
};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::record::{self, Step};
use crate::{
    adapters::secret::{Scrubber, Secret},
    ports::{
        clock::Clock,
        store::{Change, Key, Patience, Revision, Store, StoreError, Versioned, Write},
    },
};

/// What every client of the store agrees on: making the table is done by one at a time.
const TABLE_LOCK: i64 = 0x7063_6963_6400;

const MAKE_TABLE: &str = "CREATE TABLE IF NOT EXISTS prompt_cicd_records \
    (key text COLLATE \"C\" PRIMARY KEY, revision text NOT NULL, record text NOT NULL)";

/// The pause before a transaction that the server took back is tried again.
const PAUSE: Duration = Duration::from_millis(20);

/// Records in a table of PostgreSQL.
pub struct PostgresStore {
    config: Config,
    tls: bool,
    place: String,
    client: Mutex<Option<Client>>,
    clock: Arc<dyn Clock>,
    scrubber: Arc<Scrubber>,
}

impl PostgresStore {
    /// The store at this address, as `postgres://USER:PASSWORD@HOST/DATABASE?sslmode=require`. Nothing is asked yet.
    ///
    /// Without `sslmode`, TLS is required except on this machine. With TLS, the certificate is always checked, as
    /// `verify-full` asks; so `verify-ca` and `verify-full` are taken for `require`.
    ///
    /// # Errors
    /// When it is no such address.
    pub fn new(url: &Secret, clock: Arc<dyn Clock>, scrubber: Arc<Scrubber>) -> Result<Self, StoreError> {
        scrubber.register(url);
        let text = url.expose().trim().replace("sslmode=verify-full", "sslmode=require").replace("sslmode=verify-ca", "sslmode=require");
        let config: Config = text.parse().map_err(|_error| {
            // The parser's own words may repeat the password.
            StoreError::Settings("PostgreSQL: the address cannot be read; write postgres://USER:PASSWORD@HOST/DATABASE".to_owned())
        })?;
        if let Some(password) = config.get_password().and_then(|password| std::str::from_utf8(password).ok()) {
            scrubber.register(&Secret::new(password));
        }
        let local = config.get_hosts().iter().all(|host| match host {
            Host::Tcp(name) => matches!(name.as_str(), "localhost" | "127.0.0.1" | "::1"),
            Host::Unix(_) => true,
        });
        let mode = config.get_ssl_mode();
        let tls = mode == SslMode::Require || (mode != SslMode::Disable && !local);
        let mut config = config;
        config.ssl_mode(if tls { SslMode::Require } else { SslMode::Disable });
        if config.get_application_name().is_none() {
            config.application_name("prompt-cicd");
        }
        let hosts: Vec<String> = config
            .get_hosts()
            .iter()
            .map(|host| match host {
                Host::Tcp(name) => name.clone(),
                Host::Unix(path) => path.display().to_string(),
            })
            .collect();
        let place = format!("PostgreSQL {} at {}", config.get_dbname().unwrap_or("(its default database)"), hosts.join(", "));
        Ok(Self { config, tls, place, client: Mutex::new(None), clock, scrubber })
    }

    async fn connect(&self) -> Result<Client, tokio_postgres::Error> {
        let client = if self.tls {
            let (client, connection) = self.config.connect(MakeRustlsConnect::new(tls_config())).await?;
            drop(tokio::spawn(connection));
            client
        } else {
            let (client, connection) = self.config.connect(NoTls).await?;
            drop(tokio::spawn(connection));
            client
        };
        // The table is there after the first time; making it takes a lock and a right that reading does not.
        if client.query_one("SELECT to_regclass('prompt_cicd_records') IS NOT NULL", &[]).await?.try_get(0)? {
            return Ok(client);
        }
        client
            .batch_execute(&format!("SELECT pg_advisory_lock({TABLE_LOCK}); {MAKE_TABLE}; SELECT pg_advisory_unlock({TABLE_LOCK})"))
            .await?;
        Ok(client)
    }

    /// Does `job` on the connection, which is made where there is none; a job that did not end well loses it.
    async fn on_connection<T>(
        &self,
        patience: Patience,
        writes: bool,
        job: impl AsyncFnOnce(&mut Client) -> Result<T, Trouble>,
    ) -> Result<T, Trouble> {
        let left = patience.until.saturating_sub(self.clock.elapsed());
        let late = |maybe_done| {
            let reason = format!("no answer within {:.1} s", left.as_secs_f64());
            Trouble::Store(StoreError::Unreachable { place: self.place.clone(), reason, maybe_done })
        };
        if left.is_zero() {
            return Err(late(false));
        }
        let work = async {
            let mut slot = self.client.lock().await;
            let mut client = match slot.take().filter(|client| !client.is_closed()) {
                Some(client) => client,
                None => self.connect().await?,
            };
            let done = job(&mut client).await;
            // What ended in the middle of a transaction is not used again: closing it takes the transaction back.
            if matches!(done, Ok(_) | Err(Trouble::Store(_))) {
                *slot = Some(client);
            }
            done
        };
        tokio::time::timeout(left, work).await.unwrap_or_else(|_elapsed| Err(late(writes)))
    }

    /// An error of the server or the connection as a store's.
    fn error(&self, trouble: Trouble, writes: bool) -> StoreError {
        let error = match trouble {
            Trouble::Store(error) => return error,
            Trouble::Server(error) => error,
        };
        let place = self.place.clone();
        let said = error.as_db_error().map_or_else(|| crate::adapters::http::root_cause(&error), |said| said.message().to_owned());
        let reason = self.scrubber.scrub(&said).chars().filter(|c| !c.is_control()).take(300).collect();
        let Some(state) = error.code() else {
            return StoreError::Unreachable { place, reason, maybe_done: writes };
        };
        match state.code().get(..2).unwrap_or_default() {
            // insufficient_resources, disk_full
            "53" if *state == SqlState::DISK_FULL => StoreError::Full { place, reason, maybe_done: false },
            "28" | "42" | "25" | "3D" => {
                let next = "check the address, and that this role may create and write the table prompt_cicd_records".to_owned();
                StoreError::Refused { place, reason, next }
            }
            "XX" => StoreError::Corrupt { place, reason },
            // The server is going down, or ended this connection.
            "57" | "08" => StoreError::Unreachable { place, reason, maybe_done: writes },
            _ => StoreError::Unreachable { place, reason, maybe_done: false },
        }
    }
}

/// Why a job ended.
enum Trouble {
    Store(StoreError),
    Server(tokio_postgres::Error),
}

impl From<tokio_postgres::Error> for Trouble {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Server(error)
    }
}

impl Trouble {
    /// Whether the server took the transaction back because of another one.
    fn is_collision(&self) -> bool {
        let Self::Server(error) = self else { return false };
        [SqlState::T_R_DEADLOCK_DETECTED, SqlState::T_R_SERIALIZATION_FAILURE, SqlState::UNIQUE_VIOLATION]
            .iter()
            .any(|state| error.code() == Some(state))
    }
}

/// Trusts what this machine trusts.
fn tls_config() -> ClientConfig {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(found.certs);
    ClientConfig::builder().with_root_certificates(roots).with_no_client_auth()
}

/// The record in a row.
async fn read(client: &impl tokio_postgres::GenericClient, key: &Key, place: &str, lock: bool) -> Result<Option<Versioned>, Trouble> {
    let lock = if lock { " FOR UPDATE" } else { "" };
    let query = format!("SELECT revision, record FROM prompt_cicd_records WHERE key = $1{lock}");
    let Some(row) = client.query_opt(&query, &[&key.as_str()]).await? else { return Ok(None) };
    let (revision, text): (String, String) = (row.try_get(0)?, row.try_get(1)?);
    let row = format!("{place}: row {key} of prompt_cicd_records");
    let found = record::decode(key, text.as_bytes(), &row).map_err(Trouble::Store)?;
    if found.revision.as_str() != revision {
        let reason = "its revision is not that of its record".to_owned();
        return Err(Trouble::Store(StoreError::Corrupt { place: row, reason }));
    }
    Ok(Some(found))
}

async fn transact(client: &mut Client, writes: &[Write], nonce: &str, place: &str, limit: Duration) -> Result<Vec<Revision>, Trouble> {
    let transaction = client.build_transaction().isolation_level(IsolationLevel::ReadCommitted).start().await?;
    // A server that waits for a lock gives up when we do.
    transaction.batch_execute(&format!("SET LOCAL statement_timeout = {}", limit.as_millis().clamp(1, 2_000_000_000))).await?;
    // Locked in one order by everybody, so that two writers never wait for each other.
    let mut order: Vec<usize> = (0..writes.len()).collect();
    order.sort_by_key(|index| writes.get(*index).map(|write| &write.key));
    let mut revisions = vec![Revision::new("none"); writes.len()];
    for index in order {
        let (Some(write), Some(place_of)) = (writes.get(index), revisions.get_mut(index)) else { continue };
        let key = write.key.as_str();
        let found = read(&transaction, &write.key, place, true).await?;
        let before = found.as_ref().map(|found| found.revision.as_str().to_owned());
        let step = match record::decide(write, found, nonce, place) {
            Ok(step) => step,
            Err(error) => {
                transaction.rollback().await?;
                return Err(Trouble::Store(error));
            }
        };
        let changed = match (&step, &before) {
            (Step::Put { text, revision }, Some(before)) => {
                let update = "UPDATE prompt_cicd_records SET revision = $3, record = $4 WHERE key = $1 AND revision = $2";
                transaction.execute(update, &[&key, before, &revision.as_str(), text]).await?
            }
            (Step::Put { text, revision }, None) => {
                let insert = "INSERT INTO prompt_cicd_records (key, revision, record) VALUES ($1, $2, $3)";
                transaction.execute(insert, &[&key, &revision.as_str(), text]).await?
            }
            (Step::Delete(revision), _) => {
                let delete = "DELETE FROM prompt_cicd_records WHERE key = $1 AND revision = $2";
                transaction.execute(delete, &[&key, &revision.as_str()]).await?
            }
            (Step::Keep(_), _) => 1,
        };
        if changed != 1 {
            let found = read(&transaction, &write.key, place, false).await?;
            return Err(Trouble::Store(record::conflict(write, found, place)));
        }
        *place_of = step.revision();
    }
    transaction.commit().await?;
    Ok(revisions)
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("PostgresStore").field("place", &self.place).field("tls", &self.tls).finish_non_exhaustive()
    }
}

#[async_trait]
impl Store for PostgresStore {
    fn place(&self) -> String {
        self.place.clone()
    }

    async fn get(&self, key: &Key, patience: Patience) -> Result<Option<Versioned>, StoreError> {
        let job = async |client: &mut Client| read(client, key, &self.place, false).await;
        self.on_connection(patience, false, job).await.map_err(|trouble| self.error(trouble, false))
    }

    async fn list(&self, folder: Option<&Key>, patience: Patience) -> Result<Vec<Key>, StoreError> {
        let job = async |client: &mut Client| Ok(client.query("SELECT key FROM prompt_cicd_records ORDER BY key", &[]).await?);
        let rows = self.on_connection(patience, false, job).await.map_err(|trouble| self.error(trouble, false))?;
        let keys = rows.iter().filter_map(|row| Key::new(row.try_get::<_, String>(0).ok()?).ok());
        Ok(keys.filter(|key| folder.is_none_or(|folder| key.is_below(folder))).collect())
    }

    async fn transact(&self, writes: &[Write], patience: Patience) -> Result<Vec<Revision>, StoreError> {
        record::check(writes)?;
        let nonce = record::nonce();
        loop {
            let left = patience.until.saturating_sub(self.clock.elapsed());
            let job = async |client: &mut Client| transact(client, writes, &nonce, &self.place, left).await;
            let trouble = match self.on_connection(patience, true, job).await {
                Ok(revisions) => return Ok(revisions),
                Err(trouble) => trouble,
            };
            let pause = PAUSE.mul_f64(0.5 + self.clock.jitter());
            if !trouble.is_collision() || self.clock.elapsed() + pause >= patience.until {
                let error = self.error(trouble, true);
                return if error.maybe_done() { self.settled(writes, &nonce, error, patience).await } else { Err(error) };
            }
            self.clock.sleep(pause).await;
        }
    }
}

impl PostgresStore {
    /// Whether a write whose answer was lost was done: then one of its records has its nonce.
    async fn settled(&self, writes: &[Write], nonce: &str, lost: StoreError, patience: Patience) -> Result<Vec<Revision>, StoreError> {
        let Some(put) = writes.iter().find(|write| matches!(write.change, Change::Put { .. })) else { return Err(lost) };
        let Ok(found) = self.get(&put.key, patience).await else { return Err(lost) };
        if found.as_ref().is_none_or(|found| !found.revision.as_str().ends_with(nonce)) {
            return Err(lost);
        }
        let mut revisions = Vec::new();
        for write in writes {
            let Ok(found) = self.get(&write.key, patience).await else { return Err(lost) };
            revisions.push(found.map_or_else(|| Revision::new("none"), |found| found.revision));
        }
        Ok(revisions)
    }
}
