//! The file system.

use std::{
    ffi::OsStr,
    fs,
    io::{self, Read as _, Write as _},
    os::unix::fs::FileTypeExt as _,
    path::{Path, PathBuf},
};

use crate::{
    domain::wildcard,
    ports::workspace::{Workspace, WorkspaceError},
};

/// Folders in which tools keep what is not the user's.
const OF_TOOLS: [&str; 8] = ["node_modules", "target", "vendor", "dist", "build", "venv", "__pycache__", "site-packages"];

/// Files on disk, relative to the working directory.
#[derive(Debug, Default, Clone, Copy)]
pub struct Disk;

/// Opens a file for reading. A named pipe is refused, since opening it lasts until somebody writes to it; what a shell hands over as
/// `/dev/fd/63` is a link to a pipe that has a writer.
fn opened(path: &Path) -> io::Result<fs::File> {
    if fs::symlink_metadata(path)?.file_type().is_fifo() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "is a named pipe, not a file"));
    }
    fs::File::open(path)
}

impl Workspace for Disk {
    fn read_text(&self, path: &Path, limit: u64) -> Result<String, WorkspaceError> {
        let file = opened(path).map_err(io_error(path))?;
        let meta = file.metadata().map_err(io_error(path))?;
        if meta.is_dir() {
            return Err(io_error(path)(io::Error::new(io::ErrorKind::IsADirectory, "is a folder, not a file")));
        }
        let too_large = |size| WorkspaceError::TooLarge { path: path.to_owned(), size, limit };
        if meta.is_file() && meta.len() > limit {
            return Err(too_large(meta.len()));
        }
        let mut bytes = Vec::new();
        // A pipe has no size beforehand: reading one byte more than allowed tells.
        file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(io_error(path))?;
        let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if size > limit {
            return Err(too_large(size));
        }
        let mut text = String::from_utf8(bytes).map_err(|error| WorkspaceError::not_utf8(path, error.as_bytes()))?;
        if text.starts_with('\u{feff}') {
            text.remove(0);
        }
        Ok(text)
    }

    fn open(&self, path: &Path) -> Result<Box<dyn io::Read + Send>, WorkspaceError> {
        if path == Path::new("-") {
            return Ok(Box::new(io::stdin()));
        }
        let file = opened(path).map_err(io_error(path))?;
        if file.metadata().map_err(io_error(path))?.is_dir() {
            return Err(io_error(path)(io::Error::new(io::ErrorKind::IsADirectory, "is a folder, not a file")));
        }
        Ok(Box::new(file))
    }

    fn files_below(&self, folder: &Path, ending: &str, most: usize) -> Result<Vec<PathBuf>, WorkspaceError> {
        below(folder, most, |_| true, |name, _| name.to_str().is_some_and(|name| name.ends_with(ending)))
    }

    fn repository_files(&self, folder: &Path, most: usize) -> Result<Vec<PathBuf>, WorkspaceError> {
        let theirs = |name: &OsStr| name.to_str().is_some_and(|name| !name.starts_with('.') && !OF_TOOLS.contains(&name));
        below(folder, most, theirs, |_, kind| kind.is_file())
    }

    fn is_folder(&self, path: &Path) -> bool {
        path.is_dir()
    }

    fn exists(&self, path: &Path) -> bool {
        path.exists()
    }

    fn identity(&self, path: &Path) -> PathBuf {
        let whole = fs::canonicalize(path).ok();
        let by_folder = || Some(fs::canonicalize(parent(path)).ok()?.join(path.file_name()?));
        whole.or_else(by_folder).unwrap_or_else(|| path.to_owned())
    }

    fn matching(&self, pattern: &Path) -> Result<Vec<PathBuf>, WorkspaceError> {
        let Some(name) = pattern.file_name().and_then(|name| name.to_str()).filter(|name| name.contains('*')) else {
            return Ok(vec![pattern.to_owned()]);
        };
        let folder = pattern.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut found = Vec::new();
        for entry in fs::read_dir(folder).map_err(io_error(folder))? {
            let entry = entry.map_err(io_error(folder))?;
            if entry.file_name().to_str().is_some_and(|file| wildcard::matches(name, file)) {
                // Kept relative as the user wrote it, without the `./` that was put in only to read the folder.
                found.push(pattern.with_file_name(entry.file_name()));
            }
        }
        found.sort();
        if found.is_empty() {
            return Err(io_error(pattern)(io::Error::new(io::ErrorKind::NotFound, "no file matches")));
        }
        Ok(found)
    }

    fn size(&self, path: &Path) -> Option<u64> {
        fs::metadata(path).ok().filter(fs::Metadata::is_file).map(|meta| meta.len())
    }

    fn write_by(&self, path: &Path, write: &mut dyn FnMut(&mut dyn io::Write) -> io::Result<()>) -> Result<(), WorkspaceError> {
        // Where the path is a link, its target is written, not the link replaced.
        let path = &fs::canonicalize(path).unwrap_or_else(|_not_there_yet| path.to_owned());
        let folder = parent(path);
        fs::create_dir_all(folder).map_err(io_error(path))?;
        if is_special(path) {
            // A pipe or /dev/stdout cannot be replaced, only written to.
            return fs::OpenOptions::new().write(true).open(path).and_then(|file| buffered(&file, write)).map_err(io_error(path));
        }
        let file = tempfile::Builder::new().prefix(".prompt-cicd-").permissions(readable()).tempfile_in(folder).map_err(io_error(path))?;
        buffered(file.as_file(), write).and_then(|()| file.as_file().sync_all()).map_err(io_error(path))?;
        file.persist(path).map_err(|error| io_error(path)(error.error))?;
        Ok(())
    }

    fn probe(&self, path: &Path) -> Result<(), WorkspaceError> {
        if path.is_dir() {
            return Err(io_error(path)(io::Error::new(io::ErrorKind::IsADirectory, "is a folder, not a file")));
        }
        if is_special(path) {
            return Ok(());
        }
        let folder = parent(path);
        fs::create_dir_all(folder).map_err(io_error(path))?;
        tempfile::Builder::new().prefix(".prompt-cicd-").tempfile_in(folder).map_err(io_error(path))?;
        Ok(())
    }
}

fn buffered(file: &fs::File, write: &mut dyn FnMut(&mut dyn io::Write) -> io::Result<()>) -> io::Result<()> {
    let mut out = io::BufWriter::with_capacity(64 * 1024, file);
    write(&mut out)?;
    out.flush()
}

/// At most so many files of a folder and of the folders in it that are entered, sorted.
fn below(
    folder: &Path,
    most: usize,
    enter: impl Fn(&OsStr) -> bool,
    take: impl Fn(&OsStr, fs::FileType) -> bool,
) -> Result<Vec<PathBuf>, WorkspaceError> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(io_error(&folder))? {
            let entry = entry.map_err(io_error(&folder))?;
            let kind = entry.file_type().map_err(io_error(&entry.path()))?;
            if kind.is_dir() {
                if enter(&entry.file_name()) {
                    folders.push(entry.path());
                }
            } else if take(&entry.file_name(), kind) && found.len() < most {
                found.push(entry.path());
            }
        }
    }
    found.sort();
    Ok(found)
}

fn io_error(path: &Path) -> impl Fn(io::Error) -> WorkspaceError {
    let path = path.to_owned();
    move |source| WorkspaceError::Io { path: path.clone(), source }
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Whether a path exists and is neither file nor folder.
fn is_special(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|meta| !meta.is_file() && !meta.is_dir())
}

/// Temporary files are private by default; a report is for everyone.
fn readable() -> fs::Permissions {
    use std::os::unix::fs::PermissionsExt as _;
    fs::Permissions::from_mode(0o644)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::utf8::NotUtf8;

    #[test]
    fn a_write_replaces_the_whole_file_or_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b.txt");
        Disk.write(&path, b"one").unwrap();
        Disk.write(&path, b"two").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "two");
        assert_eq!(fs::read_dir(folder.path().join("a")).unwrap().count(), 1, "no temporary file is left");
    }

    #[test]
    fn reading_is_bounded_and_wants_text() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        fs::write(&path, b"\xef\xbb\xbfabc").unwrap();
        assert_eq!(Disk.read_text(&path, 6).unwrap(), "abc");
        assert!(matches!(Disk.read_text(&path, 5), Err(WorkspaceError::TooLarge { size: 6, .. })));
        fs::write(&path, b"ab\xff").unwrap();
        assert!(matches!(Disk.read_text(&path, 9), Err(WorkspaceError::NotUtf8 { wrong: NotUtf8 { line: 1, column: 3, .. }, .. })));
        assert!(Disk.read_text(folder.path(), 9).is_err());
        let pipe = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        assert!(Disk.read_text(&pipe, 9).unwrap_err().to_string().contains("is a named pipe, not a file"));
        assert!(Disk.open(&pipe).err().unwrap().to_string().contains("is a named pipe, not a file"));
    }

    #[test]
    fn a_pattern_without_matches_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Disk.matching(&folder.path().join("*.jsonl")).is_err());
        for name in ["b.jsonl", "a.jsonl", "c.txt"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let found = Disk.matching(&folder.path().join("*.jsonl")).unwrap();
        assert_eq!(found, [folder.path().join("a.jsonl"), folder.path().join("b.jsonl")]);
    }
}
