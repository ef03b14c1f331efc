//! The few things that the directory store asks of a file system, each of them one step that a crash can follow.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};

/// A file system, step by step.
pub trait Disk: Send + Sync + 'static {
    /// What a lock is held with; it ends when this is dropped or the process ends in any way.
    type Lock: Send;

    /// The exclusive lock on a file, made where it is missing; `None` while somebody else has it.
    fn try_lock(&self, path: &Path) -> io::Result<Option<Self::Lock>>;

    /// At most `limit` bytes of a file, and one more when it is larger. A symbolic link is an error.
    fn read(&self, path: &Path, limit: u64) -> io::Result<Vec<u8>>;

    /// Writes a new file without making it durable.
    fn write_new(&self, path: &Path, content: &[u8]) -> io::Result<()>;

    /// Makes a file's content durable.
    fn sync(&self, path: &Path) -> io::Result<()>;

    /// Makes a folder's entries durable.
    fn sync_folder(&self, path: &Path) -> io::Result<()>;

    /// Makes one folder. That it is there already is fine, that a link is there is not.
    fn create_folder(&self, path: &Path) -> io::Result<Created>;

    /// Moves a file, over another one if need be.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Takes a file away. That it is not there is fine.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Whether a file or folder is there.
    fn exists(&self, path: &Path) -> io::Result<bool>;

    /// As [`Self::exists`]; a symbolic link is an error.
    fn is_there_itself(&self, path: &Path) -> io::Result<bool>;

    /// The entries of a folder, unsorted, and whether each is a folder; nothing when the folder is not there.
    fn names(&self, path: &Path) -> io::Result<Vec<(String, bool)>>;
}

/// Whether a folder is new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Created {
    /// It was made.
    New,
    /// It was there.
    There,
}

/// The file system of this machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct RealDisk;

impl Disk for RealDisk {
    type Lock = File;

    fn try_lock(&self, path: &Path) -> io::Result<Option<File>> {
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    fn read(&self, path: &Path, limit: u64) -> io::Result<Vec<u8>> {
        let metadata = fs::symlink_metadata(path)?;
        not_a_link(path)?;
        // Opening a pipe lasts until somebody writes to it.
        if !metadata.is_file() && !metadata.is_dir() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file, but a pipe, a socket or a device"));
        }
        let mut content = Vec::new();
        File::open(path)?.take(limit.saturating_add(1)).read_to_end(&mut content)?;
        Ok(content)
    }

    fn write_new(&self, path: &Path, content: &[u8]) -> io::Result<()> {
        OpenOptions::new().create_new(true).write(true).open(path)?.write_all(content)
    }

    fn sync(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }

    fn create_folder(&self, path: &Path) -> io::Result<Created> {
        match fs::create_dir(path) {
            Ok(()) => Ok(Created::New),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => not_a_link(path).map(|()| Created::There),
            Err(error) => Err(error),
        }
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        path.try_exists()
    }

    fn is_there_itself(&self, path: &Path) -> io::Result<bool> {
        match not_a_link(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            checked => checked.map(|()| true),
        }
    }

    fn names(&self, path: &Path) -> io::Result<Vec<(String, bool)>> {
        let entries = match fs::read_dir(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry?;
            // No key has a name that is not text.
            if let Ok(name) = entry.file_name().into_string() {
                names.push((name, entry.file_type()?.is_dir()));
            }
        }
        Ok(names)
    }
}

/// A link in the folder may have come with a pull request, and lead anywhere.
fn not_a_link(path: &Path) -> io::Result<()> {
    if fs::symlink_metadata(path)?.is_symlink() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is a symbolic link, which a store does not follow"));
    }
    Ok(())
}

/// Every folder above `path` and below `root`, outermost first, `root` excluded.
pub(super) fn folders_between(root: &Path, path: &Path) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> =
        path.ancestors().skip(1).take_while(|folder| *folder != root && folder.starts_with(root)).map(Path::to_owned).collect();
    folders.reverse();
    folders
}
