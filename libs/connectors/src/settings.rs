//! Which adapters a service opens, from its configuration file.

use std::{io, path::PathBuf, sync::Arc};

use redress_domain::Clock;
use serde::Deserialize;

use crate::{
    Ports,
    file::{FileEnterprise, Profile},
};

/// The table `[service.connectors]` of a configuration file. Services that share a world name the same directory, seed
/// and manners.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ConnectorSettings {
    /// Directory of the file-backed outside world. Needed; there is no default world.
    pub directory: PathBuf,
    /// Seed of its moods.
    pub seed: u64,
    /// How well it behaves.
    pub manners: Manners,
    /// Channel ids that never tell of delivery (X6).
    pub channels_without_receipts: Vec<String>,
}

/// How well the outside world behaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Manners {
    /// Nothing goes wrong by itself.
    #[default]
    Quiet,
    /// Ordinary troubles, by seed.
    Lifelike,
}

impl ConnectorSettings {
    /// Opens the ports.
    ///
    /// # Errors
    /// When no directory is named, or it cannot be opened.
    pub fn open(&self, clock: Arc<dyn Clock>) -> io::Result<Ports> {
        if self.directory.as_os_str().is_empty() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "`service.connectors.directory` is missing",
            ));
        }
        let mut profile = match self.manners {
            Manners::Quiet => Profile::quiet(),
            Manners::Lifelike => Profile::lifelike(),
        };
        profile.channels_without_receipts.extend(self.channels_without_receipts.iter().cloned());
        Ok(FileEnterprise::open(&self.directory, clock, self.seed, profile)?.ports())
    }
}
