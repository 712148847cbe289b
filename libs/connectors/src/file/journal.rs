//! A file of JSON lines that several processes append to, and the fold over it.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// State that is the sum of its journal's entries.
pub(super) trait Fold: Default + Send + 'static {
    /// One line.
    type Entry: Serialize + DeserializeOwned + Send;

    /// Takes an entry in, whoever wrote it.
    fn apply(&mut self, entry: Self::Entry);
}

/// A journal and its fold.
pub(super) struct Journal<S> {
    path: PathBuf,
    /// Another handle on the same open file, to lock it by.
    lock: File,
    inner: Mutex<Inner<S>>,
}

/// The file's lock; given back however the work ends.
struct Held<'a>(&'a File);

impl Drop for Held<'_> {
    fn drop(&mut self) {
        if let Err(error) = self.0.unlock() {
            tracing::error!(%error, "failed to unlock a journal");
        }
    }
}

struct Inner<S> {
    file: File,
    /// Everything before this offset is in `state`.
    read_to: u64,
    state: S,
}

/// The journal while it is locked: nobody else reads or writes.
pub(super) struct Page<'a, S> {
    inner: &'a mut Inner<S>,
}

impl<S: Fold> Journal<S> {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
        let lock = file.try_clone()?;
        let inner = Mutex::new(Inner { file, read_to: 0, state: S::default() });
        Ok(Self { path: path.to_owned(), lock, inner })
    }

    /// Runs `work` on the newest state, alone among all processes. Blocks while another has the lock, which nobody
    /// keeps for longer than this.
    pub(super) fn with<R>(&self, work: impl FnOnce(&mut Page<'_, S>) -> io::Result<R>) -> io::Result<R> {
        let mut inner = self.inner.lock().unwrap_or_else(|poisoned| {
            self.inner.clear_poison();
            let mut inner = poisoned.into_inner();
            inner.forget();
            inner
        });
        self.lock.lock()?;
        let _held = Held(&self.lock);
        let result = inner.catch_up(&self.path).and_then(|()| work(&mut Page { inner: &mut inner }));
        if result.is_err() {
            inner.forget();
        }
        result
    }
}

impl<S: Fold> Page<'_, S> {
    pub(super) fn state(&self) -> &S {
        &self.inner.state
    }

    /// Appends one entry by one write, so that a kill leaves it whole, absent or torn, and applies it.
    pub(super) fn append(&mut self, entry: S::Entry) -> io::Result<()> {
        let mut line = serde_json::to_vec(&entry)?;
        line.push(b'\n');
        self.inner.file.write_all(&line)?;
        self.inner.read_to += line.len() as u64;
        self.inner.state.apply(entry);
        Ok(())
    }
}

impl<S: Fold> Inner<S> {
    /// Folds anew next time: the state may be ahead of the file.
    fn forget(&mut self) {
        self.read_to = 0;
        self.state = S::default();
    }

    fn catch_up(&mut self, path: &Path) -> io::Result<()> {
        let length = self.file.metadata()?.len();
        if length == self.read_to {
            return Ok(());
        }
        if length < self.read_to {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("`{}` was shortened by somebody else", path.display()),
            ));
        }
        let mut news = Vec::new();
        self.file.seek(SeekFrom::Start(self.read_to))?;
        self.file.read_to_end(&mut news)?;
        let whole = news.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
        for line in news[..whole].split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
            let entry = serde_json::from_slice(line).map_err(|error| {
                io::Error::new(
                    io::ErrorKind::InvalidData,
                    format!("cannot read an entry of `{}`: {error}", path.display()),
                )
            })?;
            self.state.apply(entry);
        }
        self.read_to += whole as u64;
        if whole < news.len() {
            tracing::warn!(path = %path.display(), bytes = news.len() - whole, "cut off a torn entry");
            self.file.set_len(self.read_to)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Sum(Vec<u32>);

    impl Fold for Sum {
        type Entry = u32;

        fn apply(&mut self, entry: u32) {
            self.0.push(entry);
        }
    }

    fn scratch(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("redress-journal-{}-{name}", std::process::id()));
        drop(std::fs::remove_file(&path));
        path
    }

    fn seen(journal: &Journal<Sum>) -> Vec<u32> {
        journal.with(|page| Ok(page.state().0.clone())).unwrap()
    }

    #[test]
    fn two_openers_see_each_others_entries() {
        let path = scratch("two");
        let (one, two) = (Journal::<Sum>::open(&path).unwrap(), Journal::<Sum>::open(&path).unwrap());
        one.with(|page| page.append(1)).unwrap();
        two.with(|page| page.append(2)).unwrap();
        one.with(|page| page.append(3)).unwrap();
        assert_eq!(seen(&one), [1, 2, 3]);
        assert_eq!(seen(&two), [1, 2, 3]);
    }

    #[test]
    fn a_torn_entry_is_cut_off_and_a_broken_one_is_an_error() {
        let path = scratch("torn");
        std::fs::write(&path, "1\n2\n33").unwrap();
        let journal = Journal::<Sum>::open(&path).unwrap();
        assert_eq!(seen(&journal), [1, 2]);
        journal.with(|page| page.append(4)).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "1\n2\n4\n");

        std::fs::write(&path, "1\nnonsense\n2\n").unwrap();
        let error = Journal::<Sum>::open(&path).unwrap().with(|_| Ok(())).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }

    #[test]
    fn a_failed_change_leaves_what_is_in_the_file() {
        let path = scratch("failed");
        let journal = Journal::<Sum>::open(&path).unwrap();
        journal.with(|page| page.append(1)).unwrap();
        let failed: io::Result<()> = journal.with(|_| Err(io::Error::other("no")));
        assert!(failed.is_err());
        assert_eq!(seen(&journal), [1]);
    }
}
