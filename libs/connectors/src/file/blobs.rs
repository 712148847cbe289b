//! Evidence files in `blobs/`: `ab/cdef…` by hash, and uploads under way in `incoming/`.
//!
//! An upload is written beside, checked, and renamed to its place, so a reader finds a whole file or none. Its file is
//! locked while it grows; one that nobody has locked belongs to a dead process and is cleared away by the next opening.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures::StreamExt as _;
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::behaviour::{Behaviour, Port};
use super::outside::{Outside, beside};
use crate::{BlobStore, Chunks, Digest, Expectation, PortError, StoredBlob, Upload};

/// Size of the pieces handed out, in bytes.
const CHUNK: usize = 64 * 1024;

/// The evidence store as a directory.
pub struct FileBlobs {
    outside: Arc<Outside>,
    root: PathBuf,
}

/// Names uploads within this process.
static UPLOADS: AtomicU64 = AtomicU64::new(0);

/// An upload under way; whatever ends it early removes its file.
struct Incoming {
    path: PathBuf,
    /// Holds the lock that says the upload is alive.
    file: tokio::fs::File,
    arrived: bool,
}

impl Drop for Incoming {
    fn drop(&mut self) {
        if !self.arrived
            && let Err(error) = std::fs::remove_file(&self.path)
        {
            tracing::warn!(%error, path = %self.path.display(), "failed to remove an unfinished upload");
        }
    }
}

impl FileBlobs {
    pub(super) fn open(directory: &Path, outside: Arc<Outside>) -> io::Result<Self> {
        let root = directory.join("blobs");
        std::fs::create_dir_all(root.join("incoming"))?;
        clear_dead_uploads(&root)?;
        Ok(Self { outside, root })
    }

    fn place(&self, digest: &Digest) -> PathBuf {
        let name = digest.to_string();
        let (shelf, rest) = name.split_at(2);
        self.root.join(shelf).join(rest)
    }

    async fn take_in(
        &self,
        mut upload: Upload,
        expectation: &Expectation,
        cut: bool,
    ) -> Result<StoredBlob, PortError> {
        let root = self.root.clone();
        let mut incoming = beside(move || Ok(Ok(begin(&root)?))).await?;
        let mut hash = Sha256::new();
        let mut size: u64 = 0;
        while let Some(chunk) = upload.next().await {
            let chunk = chunk.map_err(|_| PortError::rejected("UPLOAD_CUT", "the sender broke off"))?;
            size += chunk.len() as u64;
            if size > expectation.size_max {
                let limit = expectation.size_max;
                return Err(PortError::rejected("TOO_LARGE", format!("at most {limit} bytes are taken")));
            }
            hash.update(&chunk);
            incoming.file.write_all(&chunk).await.map_err(no_file)?;
            if cut {
                return Err(PortError::unavailable("the connection broke half-way"));
            }
        }
        incoming.file.flush().await.map_err(no_file)?;
        let digest = Digest::new(hash.finalize().into());
        check(expectation, size, &digest)?;

        let place = self.place(&digest);
        if let Some(shelf) = place.parent() {
            tokio::fs::create_dir_all(shelf).await.map_err(no_file)?;
        }
        tokio::fs::rename(&incoming.path, &place).await.map_err(no_file)?;
        incoming.arrived = true;
        Ok(StoredBlob { digest, size })
    }

    /// How a question about a file behaves.
    async fn reading(&self, digest: &Digest) -> Result<Behaviour, PortError> {
        let (outside, key) = (self.outside.clone(), digest.to_string());
        beside(move || Ok(Ok(outside.reading(Port::Blobs, &[Behaviour::Down, Behaviour::Slow], &key)?))).await
    }
}

/// Locked shared while a new upload is made and locked, alone while dead ones are looked for: so that a file that is
/// there and not yet locked is never taken for dead.
fn door(root: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).open(root.join("incoming.lock"))
}

fn clear_dead_uploads(root: &Path) -> io::Result<()> {
    let door = door(root)?;
    door.lock()?;
    for entry in std::fs::read_dir(root.join("incoming"))? {
        let path = entry?.path();
        let file = match File::open(&path) {
            Ok(file) => file,
            // It was finished in the meantime.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        match file.try_lock() {
            Ok(()) => match std::fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            },
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    door.unlock()
}

fn begin(root: &Path) -> io::Result<Incoming> {
    let door = door(root)?;
    door.lock_shared()?;
    loop {
        let number = UPLOADS.fetch_add(1, Ordering::Relaxed);
        let path = root.join("incoming").join(format!("{}-{number}", std::process::id()));
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(file) => {
                file.lock()?;
                return Ok(Incoming { path, file: tokio::fs::File::from_std(file), arrived: false });
            }
            // Another process with our id, on another machine or in another life.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
}

fn check(expectation: &Expectation, size: u64, digest: &Digest) -> Result<(), PortError> {
    if size == 0 {
        return Err(PortError::rejected("EMPTY", "the file has no content"));
    }
    if let Some(announced) = expectation.size.filter(|announced| *announced != size) {
        let message = format!("{announced} bytes were announced, {size} came");
        return Err(PortError::rejected("SIZE_MISMATCH", message));
    }
    if let Some(announced) = expectation.sha256.filter(|announced| announced != digest) {
        let message = format!("`{announced}` was announced, `{digest}` came");
        return Err(PortError::rejected("HASH_MISMATCH", message));
    }
    Ok(())
}

fn no_file(error: io::Error) -> PortError {
    PortError::unavailable(format!("failed to use its file: {error}"))
}

#[async_trait]
impl BlobStore for FileBlobs {
    async fn put(&self, upload: Upload, expectation: Expectation) -> Result<StoredBlob, PortError> {
        use Behaviour::{Down, Dropped, Failed, Lost, Refused, Slow, Unknown};
        let about = expectation.sha256.map(|digest| digest.to_string()).unwrap_or_default();
        let outside = self.outside.clone();
        let behaviour = beside(move || {
            let can = [Down, Slow, Lost, Dropped, Unknown, Refused, Failed];
            Ok(Ok(outside.reading(Port::Blobs, &can, &about)?))
        })
        .await?;
        if behaviour == Refused {
            return Err(PortError::rejected("REFUSED", "the store does not take this file"));
        }
        let answer = if behaviour.arrives() {
            self.take_in(upload, &expectation, behaviour == Failed).await
        } else {
            Err(PortError::Timeout)
        };
        behaviour.deliver(answer)
    }

    async fn get(&self, digest: &Digest) -> Result<Option<Chunks>, PortError> {
        let behaviour = self.reading(digest).await?;
        let file = match tokio::fs::File::open(self.place(digest)).await {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return behaviour.deliver(Ok(None)),
            Err(error) => return Err(no_file(error)),
        };
        let chunks = futures::stream::try_unfold(file, |mut file| async move {
            let mut chunk = BytesMut::with_capacity(CHUNK);
            let read = file.read_buf(&mut chunk).await.map_err(no_file)?;
            Ok((read > 0).then(|| (Bytes::from(chunk), file)))
        });
        behaviour.deliver(Ok(Some(chunks.boxed())))
    }

    async fn size(&self, digest: &Digest) -> Result<Option<u64>, PortError> {
        let behaviour = self.reading(digest).await?;
        match tokio::fs::metadata(self.place(digest)).await {
            Ok(metadata) => behaviour.deliver(Ok(Some(metadata.len()))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => behaviour.deliver(Ok(None)),
            Err(error) => Err(no_file(error)),
        }
    }
}
