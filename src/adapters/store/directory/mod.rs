//! Records as files in a folder: the default on a laptop.

mod disk;
mod files;
#[cfg(test)]
mod tests;

use std::{fmt, path::PathBuf, sync::Arc, time::Duration};

use async_trait::async_trait;

use super::record;
use crate::ports::{
    clock::Clock,
    store::{Key, Patience, Revision, Store, StoreError, Versioned, Write},
};
use disk::{Disk, RealDisk};
use files::Files;

/// The pause between two looks at a lock that somebody else holds; the real one is spread around it.
const LOCK_PAUSE: Duration = Duration::from_millis(2);

/// Records as files in a folder. Several processes may use it at once; the folder must be on a file system with locks.
pub struct DirectoryStore<D: Disk = RealDisk> {
    files: Files<D>,
    clock: Arc<dyn Clock>,
}

impl DirectoryStore {
    /// The store in this folder, which is made when it is first written to.
    pub fn new(folder: impl Into<PathBuf>, clock: Arc<dyn Clock>) -> Self {
        Self::on(RealDisk, folder, clock)
    }
}

impl<D: Disk> DirectoryStore<D> {
    fn on(disk: D, folder: impl Into<PathBuf>, clock: Arc<dyn Clock>) -> Self {
        Self { files: Files { root: folder.into(), disk: Arc::new(disk) }, clock }
    }

    /// Works with the files away from the tasks that must not wait.
    async fn blocking<T: Send + 'static>(
        &self,
        patience: Patience,
        writes: bool,
        job: impl FnOnce(&Files<D>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let files = self.files.clone();
        let left = patience.until.saturating_sub(self.clock.elapsed());
        let unreachable = |reason: String, maybe_done| StoreError::Unreachable { place: self.place(), reason, maybe_done };
        if left.is_zero() {
            return Err(unreachable("no time was left".to_owned(), false));
        }
        match tokio::time::timeout(left, tokio::task::spawn_blocking(move || job(&files))).await {
            Ok(Ok(result)) => result,
            Ok(Err(broken)) => Err(unreachable(format!("the work on its files broke: {broken}"), writes)),
            // The work goes on, with its lock: a hanging disk cannot be told to stop.
            Err(_elapsed) => Err(unreachable(format!("no answer from the disk within {:.1} s", left.as_secs_f64()), writes)),
        }
    }

    async fn lock(&self, patience: Patience) -> Result<D::Lock, StoreError> {
        let held = || StoreError::Unreachable {
            place: self.files.root.join("lock").display().to_string(),
            reason: "another process held the lock until the time was up".to_owned(),
            maybe_done: false,
        };
        let mut lock = self.blocking(patience, false, Files::try_lock).await?;
        loop {
            if let Some(lock) = lock {
                return Ok(lock);
            }
            let pause = LOCK_PAUSE.mul_f64(0.5 + self.clock.jitter());
            if self.clock.elapsed() + pause >= patience.until {
                return Err(held());
            }
            self.clock.sleep(pause).await;
            lock = match self.blocking(patience, false, Files::try_lock).await {
                // A sleep that took longer than asked for: it was the lock that used the time up.
                Err(StoreError::Unreachable { .. }) if self.clock.elapsed() >= patience.until => return Err(held()),
                other => other?,
            };
        }
    }

    /// Finishes a write that was accepted before its process ended.
    async fn settled(&self, patience: Patience) -> Result<(), StoreError> {
        if self.blocking(patience, false, Files::has_journal).await? {
            let lock = self.lock(patience).await?;
            self.blocking(patience, false, move |files| {
                let done = files.recover();
                drop(lock);
                done
            })
            .await?;
        }
        Ok(())
    }
}

impl<D: Disk> fmt::Debug for DirectoryStore<D> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("DirectoryStore").field("folder", &self.files.root).finish_non_exhaustive()
    }
}

#[async_trait]
impl<D: Disk> Store for DirectoryStore<D> {
    fn place(&self) -> String {
        format!("directory {}", self.files.root.display())
    }

    async fn get(&self, key: &Key, patience: Patience) -> Result<Option<Versioned>, StoreError> {
        self.settled(patience).await?;
        let key = key.clone();
        self.blocking(patience, false, move |files| files.read(&key)).await
    }

    async fn list(&self, folder: Option<&Key>, patience: Patience) -> Result<Vec<Key>, StoreError> {
        self.settled(patience).await?;
        let keys = self.blocking(patience, false, Files::keys).await?;
        Ok(keys.into_iter().filter(|key| folder.is_none_or(|folder| key.is_below(folder))).collect())
    }

    async fn transact(&self, writes: &[Write], patience: Patience) -> Result<Vec<Revision>, StoreError> {
        record::check(writes)?;
        let lock = self.lock(patience).await?;
        let (writes, place, nonce) = (writes.to_vec(), self.place(), record::nonce());
        self.blocking(patience, true, move |files| {
            let done = files.recover().and_then(|()| files.transact(&writes, &nonce, &place));
            drop(lock);
            done
        })
        .await
    }
}
