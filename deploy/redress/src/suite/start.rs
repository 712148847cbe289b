//! Starts a suite.

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, Result};
use redress_chassis::{
    Peers, Runtime, Service,
    runtime::{self, Surroundings},
    server,
};
use redress_connectors::{
    ConnectorSettings, Manners,
    file::{FileEnterprise, Profile},
};
use redress_domain::{Clock, Ids, RandomIds, SeededIds};
use redress_storage::Migration;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::sync::CancellationToken;
use tonic::transport::Endpoint;

use super::{
    ClockChoice, Databases, Keys, Part, PolicyChoice, PortChoice, Suite, SuiteClock, SuiteOptions, Turn,
};
use crate::contract::SERVICES;

/// Connections a service keeps. Five services share a Postgres.
const CONNECTIONS: u32 = 6;
/// Largest message taken, in bytes.
const MESSAGE_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Between two sweeps, on the real clock.
const SWEEP_EVERY: Duration = Duration::from_secs(15);

/// What the five have in common while they are started.
struct Ground<'a> {
    options: &'a SuiteOptions,
    databases: &'a Databases,
    keys: &'a Keys,
    clock: &'a SuiteClock,
    peers: BTreeMap<String, String>,
    redis_name: String,
    stopping: CancellationToken,
}

impl Suite {
    /// Starts the five services and activates the handbooks. The databases are dropped again by [`Suite::stop`].
    ///
    /// # Errors
    /// When a port is taken, Postgres refuses, a service cannot be built, or a handbook has a fault.
    pub async fn start(databases: &Databases, options: SuiteOptions) -> Result<Self> {
        let keys = options.keys.clone().map_or_else(Keys::random, Ok)?;
        let clock = SuiteClock::new(options.clock);
        let mut connectors = options.connectors.clone();
        connectors.channels_without_receipts.extend(without_receipts(&options.policies)?);
        let enterprise = open_enterprise(&connectors, clock.shared())
            .with_context(|| format!("cannot use {}", connectors.directory.display()))?;
        // All ports are bound before the first service starts, so that each can be told all addresses.
        let mut listeners = BTreeMap::new();
        let mut peers = BTreeMap::new();
        for (service, port) in SERVICES.into_iter().zip(ports(options.ports)) {
            let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
                .await
                .with_context(|| format!("{service} cannot listen on port {port}"))?;
            peers.insert(service.to_owned(), format!("http://{}", listener.local_addr()?));
            listeners.insert(service, listener);
        }
        let ground = Ground {
            options: &options,
            databases,
            keys: &keys,
            clock: &clock,
            peers,
            redis_name: redress_testkit::unique("suite"),
            stopping: CancellationToken::new(),
        };
        let mut starting = Starting {
            ground,
            listeners,
            parts: Vec::new(),
            servers: JoinSet::new(),
            ended: CancellationToken::new(),
        };
        let outside = json!({ "connectors": {
            "directory": connectors.directory,
            "seed": connectors.seed,
            "manners": manners_name(connectors.manners),
            "channels_without_receipts": connectors.channels_without_receipts,
        }});
        starting.one::<redress_intake::Intake>(&outside).await?;
        starting.one::<redress_triage::Triage>(&json!({})).await?;
        starting.one::<redress_investigation::Investigation>(&outside).await?;
        starting.one::<redress_compensation::Compensation>(&outside).await?;
        starting.one::<redress_survey::Survey>(&json!({})).await?;
        let Starting { ground, parts, servers, ended, .. } = starting;
        let stopping = ground.stopping;
        let mut suite = Self {
            workers: Vec::new(),
            clock,
            keys,
            parts,
            enterprise,
            stopping,
            ended,
            servers,
            databases: databases.clone(),
        };
        for policy in &options.policies {
            suite
                .activate(policy)
                .await
                .with_context(|| format!("{} was not activated", policy.handbook.file))?;
        }
        match options.clock {
            ClockChoice::Real => suite.start_workers(),
            ClockChoice::Virtual(_) => {
                suite.rest().await?;
            }
        }
        Ok(suite)
    }

    fn start_workers(&mut self) {
        self.workers = self.parts.iter().map(|part| part.runtime.start(&self.stopping)).collect();
    }
}

impl Ground<'_> {
    /// Ids of a service: no two services share a sequence.
    fn ids(&self, service: &str) -> Arc<dyn Ids> {
        match self.options.id_seed {
            None => Arc::new(RandomIds),
            Some(seed) => {
                let digest = Sha256::digest(format!("{seed}/{service}"));
                let own = digest.iter().take(8).fold(0, |number, &byte| (number << 8) | u64::from(byte));
                Arc::new(SeededIds::new(own))
            }
        }
    }

    fn surroundings(&self, service: &'static str, database_url: &str) -> Surroundings {
        Surroundings {
            database_url: database_url.to_owned(),
            connections: CONNECTIONS,
            redis_url: self.options.redis_url.clone(),
            redis_name: format!("{}:{service}", self.redis_name),
            peers: self.peers.clone(),
            verifier: self.keys.verifier(),
            issuer: self.keys.issuer(),
            key: self.keys.secret(service),
            clock: self.clock.shared(),
            ids: self.ids(service),
            max_message_bytes: MESSAGE_BYTES_MAX,
            sweep_every: SWEEP_EVERY,
            otlp_endpoint: self.options.otlp_endpoint.clone(),
            tls: None,
            die_after_commit_of: String::new(),
        }
    }
}

/// A suite of which some services run.
struct Starting<'a> {
    ground: Ground<'a>,
    listeners: BTreeMap<&'static str, TcpListener>,
    parts: Vec<Part>,
    servers: JoinSet<Result<()>>,
    ended: CancellationToken,
}

impl Starting<'_> {
    async fn one<S: Service>(&mut self, settings: &Value) -> Result<()> {
        let (part, server) =
            self.build::<S>(settings).await.with_context(|| format!("{} does not start", S::NAME))?;
        self.parts.push(part);
        let ended = self.ended.clone().drop_guard();
        self.servers.spawn(async move {
            let served = server.await;
            if let Err(error) = &served {
                tracing::error!(service = S::NAME, error = format!("{error:#}"), "server ended");
            }
            drop(ended);
            served
        });
        Ok(())
    }

    async fn build<S: Service>(
        &mut self,
        settings: &Value,
    ) -> Result<(Part, impl Future<Output = Result<()>> + Send + use<S>)> {
        let migrations: Vec<Migration> =
            redress_deadlines::MIGRATIONS.iter().chain(S::migrations()).copied().collect();
        let database_url = self.ground.databases.create(S::NAME, &migrations).await?;
        let surroundings = self.ground.surroundings(S::NAME, &database_url);
        let settings: S::Settings =
            serde_json::from_value(settings.clone()).context("its settings are of another form")?;
        let (service, runtime): (Arc<S>, Arc<Runtime>) = runtime::build::<S>(&surroundings, settings).await?;
        let peers = Peers::new(S::NAME, &surroundings.peers, surroundings.issuer.clone(), None)?;
        let turn = Turn::new(&runtime, &peers, !surroundings.otlp_endpoint.is_empty())?;
        let listener = self.listeners.remove(S::NAME).context("every service is started once")?;
        let address = format!("http://{}", listener.local_addr()?);
        let server = server::serve(
            service,
            runtime.clone(),
            surroundings.verifier.clone(),
            listener,
            surroundings.max_message_bytes,
            None,
            self.ground.stopping.clone(),
        );
        let channel =
            Endpoint::from_shared(address.clone())?.connect_timeout(Duration::from_secs(3)).connect_lazy();
        Ok((Part { name: S::NAME, address, channel, runtime, database_url, turn }, server))
    }
}

fn ports(choice: PortChoice) -> impl Iterator<Item = u16> {
    (0..5).map(move |index| match choice {
        PortChoice::Free => 0,
        PortChoice::From(first) => first.saturating_add(index),
    })
}

/// The same world that the services open, to look at it and to order its misbehaviour.
pub(crate) fn open_enterprise(
    settings: &ConnectorSettings,
    clock: Arc<dyn Clock>,
) -> std::io::Result<FileEnterprise> {
    let mut profile = match settings.manners {
        Manners::Quiet => Profile::quiet(),
        Manners::Lifelike => Profile::lifelike(),
    };
    profile.channels_without_receipts.extend(settings.channels_without_receipts.iter().cloned());
    FileEnterprise::open(&settings.directory, clock, settings.seed, profile)
}

fn manners_name(manners: Manners) -> &'static str {
    match manners {
        Manners::Quiet => "quiet",
        Manners::Lifelike => "lifelike",
    }
}

/// The channels that give no receipts by the handbooks: the outside world is made so.
fn without_receipts(policies: &[PolicyChoice]) -> Result<Vec<String>> {
    let mut channels = Vec::new();
    for policy in policies {
        let handbook = policy.handbook.handbook()?;
        let silent = handbook.registration.channels.iter().filter(|channel| !channel.receipts);
        channels.extend(silent.map(|channel| channel.id.value.as_str().to_owned()));
    }
    channels.sort();
    channels.dedup();
    Ok(channels)
}
