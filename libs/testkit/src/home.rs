//! The directory that private servers live in.

use std::fs::{self, DirBuilder, File};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

const PREFIX: &str = "redress-servers-";

/// A temporary directory of this process: locked while it or one of its guards lives, removed on drop.
///
/// What a killed process left behind is removed by its guards; what killed guards left behind is removed by
/// the next [`Home::temporary`] of the same user, who tells by the lock that nobody is at home.
#[derive(Debug)]
pub struct Home {
    path: PathBuf,
    lock: File,
}

impl Home {
    /// Makes a new directory in the system's directory for temporary files (`TMPDIR`).
    ///
    /// # Errors
    /// When no directory can be made there.
    pub fn temporary() -> Result<Self> {
        let parent = std::env::temp_dir();
        Self::temporary_in(&parent)
            .with_context(|| format!("cannot make a directory for servers in {}", parent.display()))
    }

    fn temporary_in(parent: &Path) -> Result<Self> {
        remove_stale(parent);
        loop {
            let path = parent.join(format!("{PREFIX}{}", crate::random_hex(6)?));
            // Others may pass through (Postgres runs under another account than root) but not look around.
            DirBuilder::new().mode(0o711).create(&path)?;
            let lock = File::create_new(path.join("lock"))?;
            // Fails only in the instant in which another process takes the new directory for a stale one.
            if lock.try_lock().is_ok() {
                fs::write(path.join("guard.sh"), include_str!("guard.sh"))?;
                return Ok(Self { path, lock });
            }
        }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The script that guards a server.
    pub(crate) fn guard(&self) -> PathBuf {
        self.path.join("guard.sh")
    }

    /// The lock, to be held by a guard too.
    pub(crate) fn lock(&self) -> Result<File> {
        Ok(self.lock.try_clone()?)
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        // Best effort: the next `temporary` tries again.
        fs::remove_dir_all(&self.path).ok();
    }
}

/// Removes this user's directories that nobody holds the lock of.
fn remove_stale(parent: &Path) {
    let Ok(entries) = fs::read_dir(parent) else { return };
    for entry in entries.flatten().filter(|e| e.file_name().to_string_lossy().starts_with(PREFIX)) {
        let path = entry.path();
        let Ok(lock) = File::open(path.join("lock")) else { continue };
        if lock.metadata().is_ok_and(|lock| is_ours(&lock)) && lock.try_lock().is_ok() {
            fs::remove_dir_all(&path).ok();
        }
    }
}

/// Whether the file belongs to the user we run as: someone else's `redress-servers-…` is left alone.
fn is_ours(file: &fs::Metadata) -> bool {
    crate::guard::user_id().is_ok_and(|user| user == file.uid())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_removed_on_drop_and_a_stale_one_by_the_next() {
        let outer = Home::temporary().unwrap();
        let stale = outer.path().join(format!("{PREFIX}stale"));
        let foreign = outer.path().join("redress-other");
        for directory in [&stale, &foreign] {
            fs::create_dir(directory).unwrap();
            fs::write(directory.join("lock"), "").unwrap();
        }
        let first = Home::temporary_in(outer.path()).unwrap();
        assert!(!stale.exists() && foreign.exists());
        let second = Home::temporary_in(outer.path()).unwrap();
        assert!(first.path().exists(), "a held directory is not stale");
        drop((first, second));
        assert_eq!(
            fs::read_dir(outer.path()).unwrap().count(),
            3,
            "its lock and script, the other's directory"
        );
    }
}
