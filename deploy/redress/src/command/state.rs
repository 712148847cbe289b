//! What a running `redress up` leaves for the other commands of the same user: its key and addresses.

use std::{
    collections::BTreeMap,
    fs,
    io::Write as _,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

/// The file of `redress up`. It holds a private key: whoever reads it can sign a token for anybody.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Development {
    /// Private key of development tokens.
    pub(super) private_pem: String,
    /// Addresses by service.
    pub(super) addresses: BTreeMap<String, String>,
    /// Directory of the outside world.
    pub(super) connectors: PathBuf,
}

/// The directory of the file: as told, else `redress` among the user's state.
pub(super) fn directory(told: Option<&Path>) -> Result<PathBuf> {
    if let Some(told) = told {
        return Ok(told.to_owned());
    }
    let from = |variable: &str, below: &str| {
        std::env::var_os(variable).filter(|value| !value.is_empty()).map(|base| Path::new(&base).join(below))
    };
    from("XDG_STATE_HOME", "redress")
        .or_else(|| from("HOME", ".local/state/redress"))
        .context("there is no home directory; say where with --state")
}

impl Development {
    /// The file in a directory; none where no `redress up` runs.
    pub(super) fn load(directory: &Path) -> Result<Option<Self>> {
        match fs::read_to_string(file(directory)) {
            Ok(text) => Ok(Some(
                serde_json::from_str(&text)
                    .with_context(|| format!("{} is damaged", file(directory).display()))?,
            )),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("cannot read {}", file(directory).display())),
        }
    }

    /// Writes the file, for its owner's eyes only.
    pub(super) fn save(&self, directory: &Path) -> Result<()> {
        let cannot = || format!("cannot write {}", file(directory).display());
        fs::DirBuilder::new().recursive(true).mode(0o700).create(directory).with_context(cannot)?;
        Self::remove(directory);
        let mut options = fs::OpenOptions::new();
        let mut written =
            options.write(true).create_new(true).mode(0o600).open(file(directory)).with_context(cannot)?;
        written.write_all(serde_json::to_string_pretty(self)?.as_bytes()).with_context(cannot)
    }

    /// Takes the file away, if it is there.
    pub(super) fn remove(directory: &Path) {
        fs::remove_file(file(directory)).ok();
    }
}

fn file(directory: &Path) -> PathBuf {
    directory.join("development.json")
}
