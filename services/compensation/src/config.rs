//! Settings.

use redress_connectors::ConnectorSettings;
use serde::Deserialize;

/// The table `[service]` of compensation's configuration file.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The payments and fulfilment systems.
    pub connectors: ConnectorSettings,
}
