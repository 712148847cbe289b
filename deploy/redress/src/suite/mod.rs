//! The five services in one process, each with its own database, role and port, on one clock.
//!
//! On a virtual clock nothing runs by itself: [`Suite::rest`] lets every service do what is due now until nobody has
//! anything left, and [`Suite::advance`] walks from due time to due time, so that what follows from a deadline starts at its
//! true time. On the real clock the services' own workers run.

mod clock;
mod databases;
mod keys;
mod start;
mod turn;

use std::{collections::BTreeMap, sync::Arc};

use anyhow::Result;
use redress_chassis::{Caller, Runtime};
use redress_connectors::{ConnectorSettings, file::FileEnterprise};
use redress_domain::{Clock, Timestamp};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tonic::transport::Channel;

pub use clock::{ClockChoice, NotAtRest, SuiteClock};
pub use databases::Databases;
pub use keys::Keys;
pub(crate) use keys::token_with;
pub(crate) use start::open_enterprise;
use turn::Turn;

use crate::{
    contract::{CallError, Client, SERVICES},
    shipped::Document,
};

/// What a suite is made of.
#[derive(Clone, Debug)]
pub struct SuiteOptions {
    /// Business time.
    pub clock: ClockChoice,
    /// Connection URL of Redis; empty for none.
    pub redis_url: String,
    /// The outside world. Its channels that give no receipts are those of the handbooks.
    pub connectors: ConnectorSettings,
    /// Where the services listen.
    pub ports: PortChoice,
    /// Keys; none: fresh ones.
    pub keys: Option<Keys>,
    /// What is activated at the start.
    pub policies: Vec<PolicyChoice>,
    /// Ids follow from this seed; none: they are random.
    pub id_seed: Option<u64>,
    /// Where lifecycle traces go, over OTLP; empty for nowhere.
    pub otlp_endpoint: String,
}

/// Where the services listen, on 127.0.0.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PortChoice {
    /// On free ports.
    Free,
    /// On this port and the four after it; the design's are 7101 to 7105.
    From(u16),
}

/// A handbook with its calendar, and where they hold.
#[derive(Clone, Debug)]
pub struct PolicyChoice {
    /// The handbook.
    pub handbook: Document,
    /// The calendar.
    pub calendar: Document,
    /// Regions.
    pub regions: Vec<String>,
}

/// Five running services. Stop it with [`Suite::stop`]; dropped, its tasks end with the runtime.
pub struct Suite {
    clock: SuiteClock,
    keys: Keys,
    parts: Vec<Part>,
    enterprise: FileEnterprise,
    stopping: CancellationToken,
    /// Cancelled when a server ends.
    ended: CancellationToken,
    servers: JoinSet<Result<()>>,
    workers: Vec<JoinSet<()>>,
    databases: Databases,
}

impl std::fmt::Debug for Suite {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Suite")
            .field("clock", &self.clock)
            .field("parts", &self.parts)
            .finish_non_exhaustive()
    }
}

/// One of the five.
#[derive(Debug)]
struct Part {
    name: &'static str,
    address: String,
    channel: Channel,
    runtime: Arc<Runtime>,
    database_url: String,
    turn: Turn,
}

impl Suite {
    /// Business time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The clock.
    #[must_use]
    pub fn clock(&self) -> &SuiteClock {
        &self.clock
    }

    /// Keys of the suite.
    #[must_use]
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// The outside world: orders are put in, messages read back, misbehaviour ordered.
    #[must_use]
    pub fn enterprise(&self) -> &FileEnterprise {
        &self.enterprise
    }

    /// Addresses by service, such as `http://127.0.0.1:7101`.
    #[must_use]
    pub fn addresses(&self) -> BTreeMap<String, String> {
        self.parts.iter().map(|part| (part.name.to_owned(), part.address.clone())).collect()
    }

    /// A channel to a service, for generated clients.
    ///
    /// # Panics
    /// When there is no service of this name.
    #[must_use]
    pub fn channel(&self, service: &str) -> Channel {
        self.part(service).channel.clone()
    }

    /// A service's workers and engine.
    ///
    /// # Panics
    /// When there is no service of this name.
    #[must_use]
    pub fn runtime(&self, service: &str) -> &Arc<Runtime> {
        &self.part(service).runtime
    }

    /// Connection URL of a service's database, as its own role.
    ///
    /// # Panics
    /// When there is no service of this name.
    #[must_use]
    pub fn database_url(&self, service: &str) -> &str {
        &self.part(service).database_url
    }

    fn part(&self, service: &str) -> &Part {
        let found = self.parts.iter().find(|part| part.name == service);
        found.expect("callers name one of the five services")
    }

    /// A token for one role, for as long as the suite may run.
    ///
    /// # Errors
    /// When it cannot be signed.
    pub fn token(&self, role: &str, subject: &str, department: &str, regions: &[&str]) -> Result<String> {
        self.token_for(&Caller {
            subject: subject.to_owned(),
            roles: vec![role.to_owned()],
            department: department.to_owned(),
            regions: regions.iter().map(|&region| region.to_owned()).collect(),
            case_id: String::new(),
        })
    }

    /// A token for a caller.
    ///
    /// # Errors
    /// When it cannot be signed.
    pub fn token_for(&self, caller: &Caller) -> Result<String> {
        self.keys.token(caller, chrono::Duration::days(1))
    }

    /// Calls a service as somebody.
    ///
    /// # Errors
    /// When the token cannot be signed.
    ///
    /// # Panics
    /// When there is no service of this name.
    pub fn client(&self, service: &str, role: &str) -> Result<Client> {
        Ok(Client::new(self.channel(service), Some(self.token(role, role, "", &[])?)))
    }

    /// Activates a handbook with its calendar for new cases.
    ///
    /// # Errors
    /// When intake refuses it.
    pub async fn activate(&self, policy: &PolicyChoice) -> Result<Value> {
        let body = json!({
            "handbook_file": policy.handbook.file,
            "handbook_toml": policy.handbook.text,
            "calendar_file": policy.calendar.file,
            "calendar_toml": policy.calendar.text,
            "regions": policy.regions,
        });
        Ok(self
            .client("intake", "admin")?
            .json("redress.intake.v1.IntakeService/ActivateHandbook", body)
            .await?)
    }

    /// Events that a service has set aside because its rules reject them: there should be none.
    ///
    /// # Errors
    /// When a service does not answer.
    pub async fn parked(&self) -> Result<Vec<(&'static str, Value)>, CallError> {
        let mut parked = Vec::new();
        for part in &self.parts {
            let client =
                self.client(part.name, "admin").map_err(|error| CallError::Body(error.to_string()))?;
            let answer = client.json("redress.eventlog.v1.EventLogService/ListParked", json!({})).await?;
            for event in answer["parked"].as_array().into_iter().flatten() {
                parked.push((part.name, event.clone()));
            }
        }
        Ok(parked)
    }

    /// Waits until a service ends by itself, which none should.
    pub async fn failed(&self) {
        self.ended.cancelled().await;
    }

    /// Ends the services, lets open calls finish, and drops the databases.
    ///
    /// # Errors
    /// When a server ended with an error.
    pub async fn stop(mut self) -> Result<()> {
        self.stopping.cancel();
        let mut ended = Ok(());
        while let Some(server) = self.servers.join_next().await {
            ended = ended.and(server.map_err(anyhow::Error::from).and_then(|served| served));
        }
        for workers in &mut self.workers {
            while workers.join_next().await.is_some() {}
        }
        let names: Vec<String> =
            self.parts.iter().map(|part| databases::name_of(&part.database_url)).collect();
        for part in self.parts.drain(..) {
            part.runtime.engine().database().pool().clone().close().await.ok();
        }
        self.databases.discard(&names).await;
        ended
    }
}

/// Whether this is the name of one of the five.
#[must_use]
pub fn is_service(name: &str) -> bool {
    SERVICES.contains(&name)
}
