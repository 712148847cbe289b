//! Port to the store of evidence files.

use std::fmt;
use std::str::FromStr;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use serde::{Deserialize, Serialize};

use crate::PortError;

/// Keeps files under the hash of their content. A file is there whole or not at all.
#[async_trait]
pub trait BlobStore: Send + Sync {
    /// Takes a file. An upload that breaks off, is too large, empty or not what was announced leaves nothing:
    /// rejected with `UPLOAD_CUT`, `TOO_LARGE`, `EMPTY`, `SIZE_MISMATCH` or `HASH_MISMATCH`. The same content twice is
    /// stored once.
    async fn put(&self, upload: Upload, expectation: Expectation) -> Result<StoredBlob, PortError>;

    /// A file's content; `None` when there is no such file.
    async fn get(&self, digest: &Digest) -> Result<Option<Chunks>, PortError>;

    /// Size in bytes of a stored file; `None` when there is no such file.
    async fn size(&self, digest: &Digest) -> Result<Option<u64>, PortError>;
}

/// A file coming in. An `Err` says that the sender broke off.
pub type Upload = BoxStream<'static, Result<Bytes, std::io::Error>>;

/// A file going out.
pub type Chunks = BoxStream<'static, Result<Bytes, PortError>>;

/// What is announced of an upload. A clean end in the middle is only noticed against a size or hash: give one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expectation {
    /// Largest size taken, in bytes.
    pub size_max: u64,
    /// Size announced by the sender, in bytes.
    pub size: Option<u64>,
    /// Hash announced by the sender.
    pub sha256: Option<Digest>,
}

/// A file that is in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredBlob {
    /// Its address.
    pub digest: Digest,
    /// In bytes.
    pub size: u64,
}

/// SHA-256 of a file's content; text form is 64 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Digest([u8; 32]);

impl Digest {
    /// From the 32 bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.to_string()
    }
}

impl TryFrom<String> for Digest {
    type Error = InvalidDigest;

    fn try_from(text: String) -> Result<Self, InvalidDigest> {
        text.parse()
    }
}

impl FromStr for Digest {
    type Err = InvalidDigest;

    fn from_str(text: &str) -> Result<Self, InvalidDigest> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| InvalidDigest)?;
        Ok(Self(bytes))
    }
}

/// A text that is no SHA-256.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a SHA-256: expected 64 hex digits")]
pub struct InvalidDigest;
