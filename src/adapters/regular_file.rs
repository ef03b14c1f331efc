//! Files of the user's that must be files: a pipe that nobody writes to, or a device, keeps nobody waiting. Shared by every adapter that
//! reads one.

use std::{
    fs::{self, File, Metadata},
    io::{self, Read as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

/// Reads a whole file of at most `limit` bytes. A disk that hangs keeps the caller: call it where waiting is allowed.
///
/// # Errors
/// What is no regular file, what is larger, and what the system says.
pub fn read(path: &Path, limit: usize) -> io::Result<(Vec<u8>, Metadata)> {
    let (file, metadata) = open(path)?;
    let mut content = Vec::new();
    file.take(u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1)).read_to_end(&mut content)?;
    if content.len() > limit {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("larger than {} MiB", limit / 1024 / 1024)));
    }
    Ok((content, metadata))
}

/// Opens a file for reading. Without waiting: opening a pipe otherwise lasts until somebody writes to it.
fn open(path: &Path) -> io::Result<(File, Metadata)> {
    let file = fs::OpenOptions::new().read(true).custom_flags(nix::libc::O_NONBLOCK).open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_dir() {
        return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder, not a file"));
    }
    if !metadata.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file, but a pipe, a socket or a device"));
    }
    Ok((file, metadata))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_of_bounded_size_are_read_and_nothing_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        fs::write(&path, b"abc").unwrap();
        assert_eq!(read(&path, 3).unwrap().0, b"abc");
        assert_eq!(read(&path, 2).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
        assert_eq!(read(folder.path(), 9).unwrap_err().kind(), io::ErrorKind::IsADirectory);
        assert_eq!(read(&folder.path().join("none"), 9).unwrap_err().kind(), io::ErrorKind::NotFound);
        let pipe = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        assert_eq!(read(&pipe, 9).unwrap_err().kind(), io::ErrorKind::InvalidInput);
        assert_eq!(read(Path::new("/dev/zero"), 9).unwrap_err().kind(), io::ErrorKind::InvalidInput);
    }
}
