//! Settings: typed, with defaults that run, all problems reported at once.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use redress_domain::{Clock, RehearsalClock, SystemClock};
use serde::Deserialize;

use crate::tls::TlsSettings;

/// The configuration file of a service. `[service]` holds its own settings.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config<S: Default> {
    /// Postgres.
    pub database: DatabaseSettings,
    /// Redis.
    pub redis: RedisSettings,
    /// The gRPC server.
    pub server: ServerSettings,
    /// Addresses of the services, by name, such as `intake = "https://intake:7101"`.
    pub peers: BTreeMap<String, String>,
    /// Certificates.
    pub tls: TlsSettings,
    /// Keys.
    pub identity: IdentitySettings,
    /// Traces and logs.
    pub telemetry: TelemetrySettings,
    /// Faster time and ordered crashes, for rehearsals and tests only.
    pub rehearsal: RehearsalSettings,
    /// The service's own.
    pub service: S,
}

/// Postgres.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DatabaseSettings {
    /// Connection URL of this service's own database, with its own role.
    pub url: String,
    /// Connections kept at most. Near 8 is fastest on two cores.
    pub connections: u32,
}

impl Default for DatabaseSettings {
    fn default() -> Self {
        Self { url: String::new(), connections: 8 }
    }
}

/// Redis. Without it deadlines wait for the sweep.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RedisSettings {
    /// Connection URL; empty for none.
    pub url: String,
}

/// The gRPC server.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ServerSettings {
    /// Address to listen on, such as `0.0.0.0:7101`; port 0 takes a free one.
    pub listen: String,
    /// Largest message taken, in bytes.
    pub max_message_bytes: usize,
    /// Seconds that a stopping server waits for calls to end.
    pub grace_seconds: u64,
    /// Seconds between two sweeps for deadlines that Redis missed.
    pub sweep_seconds: u64,
}

impl Default for ServerSettings {
    fn default() -> Self {
        Self {
            listen: String::new(),
            max_message_bytes: 4 * 1024 * 1024,
            grace_seconds: 20,
            sweep_seconds: 15,
        }
    }
}

/// Keys. There is no default: nothing is open by default.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct IdentitySettings {
    /// JSON Web Key Set that tokens are checked against: a file.
    pub jwks_file: String,
    /// Private Ed25519 key (PKCS #8 PEM) with which this service signs its own and customers' tokens: a file.
    pub signing_key_file: String,
    /// `kid` of that key in the key set.
    pub signing_key_id: String,
    /// Secret of at least 32 bytes, under which request bodies are hashed and page tokens are signed: a file.
    pub secret_file: String,
}

/// Traces and logs.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TelemetrySettings {
    /// OTLP endpoint over gRPC, such as `http://collector:4317`; empty for none.
    pub otlp_endpoint: String,
    /// Log filter, such as `info,redress=debug`.
    pub log: String,
    /// Logs as JSON lines instead of text.
    pub log_json: bool,
}

/// Faster time and ordered crashes. In production the table is absent.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RehearsalSettings {
    /// How fast business time runs; 0 and 1 are the machine's own pace.
    pub speed: u32,
    /// Business time at `machine_start`, in RFC 3339.
    pub business_start: String,
    /// Machine time at which business time is `business_start`, in RFC 3339.
    pub machine_start: String,
    /// Full method name after whose commit the process dies, before it answers; empty for none.
    pub die_after_commit_of: String,
}

impl RehearsalSettings {
    /// The clock that is asked for.
    pub fn clock(&self) -> anyhow::Result<Arc<dyn Clock>> {
        if self.speed <= 1 {
            return Ok(Arc::new(SystemClock));
        }
        let time = |text: &str, key: &str| {
            chrono::DateTime::parse_from_rfc3339(text)
                .map(|time| time.with_timezone(&chrono::Utc))
                .map_err(|error| anyhow::anyhow!("`rehearsal.{key}`: {error}"))
        };
        let machine_start = time(&self.machine_start, "machine_start")?;
        let business_start = time(&self.business_start, "business_start")?;
        tracing::warn!(speed = self.speed, "business time is rehearsed, not real");
        Ok(Arc::new(RehearsalClock::new(machine_start, business_start, self.speed)))
    }
}

impl<S: Default + serde::de::DeserializeOwned> Config<S> {
    /// Reads a configuration file. The error lists everything that is wrong with it.
    pub fn load(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| anyhow::anyhow!("failed to read configuration `{}`: {error}", path.display()))?;
        let config: Self = toml::from_str(&text)
            .map_err(|error| anyhow::anyhow!("configuration `{}`: {error}", path.display()))?;
        let problems = config.problems();
        anyhow::ensure!(
            problems.is_empty(),
            "configuration `{}` has {} problem(s):\n  - {}",
            path.display(),
            problems.len(),
            problems.join("\n  - ")
        );
        Ok(config)
    }

    /// Everything that is wrong, in words.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let mut require = |set: bool, what: &str| {
            if !set {
                problems.push(what.to_owned());
            }
        };
        require(!self.database.url.is_empty(), "`database.url` is missing");
        require((1..=100).contains(&self.database.connections), "`database.connections` must be 1 to 100");
        require(
            self.server.listen.parse::<std::net::SocketAddr>().is_ok(),
            "`server.listen` must be an address such as 127.0.0.1:7101",
        );
        require(
            (1024..=64 * 1024 * 1024).contains(&self.server.max_message_bytes),
            "`server.max_message_bytes` must be 1024 to 67108864",
        );
        require(self.server.sweep_seconds > 0, "`server.sweep_seconds` must be positive");
        require(!self.identity.jwks_file.is_empty(), "`identity.jwks_file` is missing");
        require(!self.identity.signing_key_file.is_empty(), "`identity.signing_key_file` is missing");
        require(!self.identity.signing_key_id.is_empty(), "`identity.signing_key_id` is missing");
        require(!self.identity.secret_file.is_empty(), "`identity.secret_file` is missing");
        require(
            self.tls.is_whole(),
            "`tls.certificate_file`, `tls.key_file` and `tls.authority_file` must all be set, or none",
        );
        let scheme = if self.tls.is_set() { "https" } else { "http" };
        for name in ["intake", "triage", "investigation", "compensation", "survey"] {
            require(
                self.peers.get(name).is_some_and(|url| url.starts_with(&format!("{scheme}://"))),
                &format!("`peers.{name}` must be a URL such as {scheme}://{name}:7101"),
            );
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Debug, Default, Deserialize)]
    struct Own {}

    #[test]
    fn the_shipped_configurations_are_whole() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/config");
        for service in ["intake", "triage", "investigation", "compensation", "survey"] {
            let path = folder.join(format!("{service}.toml"));
            let config: Config<toml::Table> = Config::load(&path).expect("loads");
            assert!(config.tls.is_set(), "{service} speaks in the clear");
        }
    }

    #[test]
    fn an_empty_configuration_names_all_that_is_missing() {
        let problems = Config::<Own>::default().problems();
        assert_eq!(problems.len(), 11, "{problems:?}");
    }
}
