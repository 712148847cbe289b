//! Intake: the front door and the case registry. Takes complaints in, talks with customers, keeps the ledger over all
//! services, and closes cases by proof. The only service that keeps personal data and free texts.

pub mod app;
pub mod domain;
pub mod grpc;
pub mod store;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use redress_chassis::{
    Aggregate as _, Attempt, Engine, Failure, Issuer, Kit, Peers, Reactor, Result, Service, Unit,
    reactor::unexpected,
};
use redress_connectors::{ConnectorSettings, OrderDirectory, Outbound};
use redress_deadlines::{Deadline, Look};
use redress_storage::{AggregateRow, LoggedEvent, Migration, Transaction, intent::IntentRow};
use serde::Deserialize;
use serde_json::Value;

use crate::domain::{case::Case, handbook::Activation, message::Message};

/// The table `[service]` of intake's configuration file.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The outside world: orders and channels.
    pub connectors: ConnectorSettings,
    /// Region of complaints that name none and whose registrar's token covers several. Empty: the only region in which
    /// a handbook is active.
    pub default_region: String,
    /// How long a registration waits for the order system, in milliseconds of machine time.
    pub order_lookup_millis: u64,
    /// How long a customer's token is valid, in days of machine time.
    pub customer_token_days: i64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            connectors: ConnectorSettings::default(),
            default_region: String::new(),
            order_lookup_millis: 1_500,
            customer_token_days: 180,
        }
    }
}

/// The intake service.
pub struct Intake {
    pub(crate) engine: Engine,
    pub(crate) peers: Peers,
    pub(crate) issuer: Arc<Issuer>,
    pub(crate) orders: Arc<dyn OrderDirectory>,
    pub(crate) outbound: Arc<dyn Outbound>,
    pub(crate) default_region: String,
    pub(crate) order_lookup: Duration,
    pub(crate) customer_token: chrono::Duration,
}

impl std::fmt::Debug for Intake {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Intake").finish_non_exhaustive()
    }
}

impl Intake {
    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The database, for reads outside a transaction.
    pub(crate) fn pool(&self) -> &sea_orm::DatabaseConnection {
        self.engine.database().pool()
    }
}

const MIGRATIONS: &[Migration] = &[
    Migration { name: "0001_case.sql", sql: include_str!("../migrations/0001_case.sql") },
    Migration { name: "0002_ledger.sql", sql: include_str!("../migrations/0002_ledger.sql") },
];

#[async_trait]
impl Service for Intake {
    const NAME: &'static str = "intake";
    const GRPC: &'static str = "redress.intake.v1.IntakeService";
    type Settings = Settings;

    fn migrations() -> &'static [Migration] {
        MIGRATIONS
    }

    async fn build(kit: Kit, settings: Settings) -> anyhow::Result<Arc<Self>> {
        let ports = settings.connectors.open(kit.clock.0.clone())?;
        Ok(Arc::new(Self {
            engine: kit.engine,
            peers: kit.peers,
            issuer: kit.issuer,
            orders: ports.orders,
            outbound: ports.outbound,
            default_region: settings.default_region,
            order_lookup: Duration::from_millis(settings.order_lookup_millis),
            customer_token: chrono::Duration::days(settings.customer_token_days),
        }))
    }

    fn routes(self: &Arc<Self>, routes: &mut tonic::service::RoutesBuilder) {
        routes.add_service(grpc::server(self.clone()));
    }
}

#[async_trait]
impl Reactor for Intake {
    fn sources(&self) -> &'static [&'static str] {
        &["intake", "triage", "investigation", "compensation", "survey"]
    }

    async fn react(&self, unit: &mut Unit, event: &LoggedEvent) -> Result<()> {
        app::reactions::react(unit, event).await
    }

    async fn deadline(&self, _unit: &mut Unit, _deadline: &Deadline, _look: &Look) -> Result<()> {
        // What a warning or a miss asks for follows from its event, as for the deadlines of the others.
        Ok(())
    }

    async fn perform(&self, intent: &IntentRow) -> Attempt {
        app::intents::perform(self, intent).await
    }

    async fn conclude(&self, unit: &mut Unit, intent: &IntentRow, outcome: &Value) -> Result<()> {
        app::intents::conclude(unit, intent, outcome).await
    }

    async fn project(&self, transaction: &Transaction, row: &AggregateRow) -> Result<()> {
        match row.kind.as_str() {
            Case::KIND => project::<Case>(transaction, row).await,
            Message::KIND => project::<Message>(transaction, row).await,
            Activation::KIND => project::<Activation>(transaction, row).await,
            other => Err(unexpected("aggregate", other)),
        }
    }
}

async fn project<S: redress_chassis::Aggregate>(transaction: &Transaction, row: &AggregateRow) -> Result<()> {
    let state: S =
        serde_json::from_value(row.state.clone()).map_err(|error| Failure::Internal(error.into()))?;
    Ok(state.project(transaction, row).await?)
}
