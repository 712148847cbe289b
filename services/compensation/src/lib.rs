//! Compensation: makes complaints good. Proposes by the handbook, has approved, offers, carries out, never twice.

pub mod app;
mod config;
pub mod domain;
mod grpc;
mod store;

use std::sync::Arc;

use async_trait::async_trait;
use redress_chassis::{
    Aggregate, Attempt, Engine, Failure, Kit, Reactor, Result, Service, Unit, reactor::unexpected,
};
use redress_connectors::{Fulfilment, Payments};
use redress_deadlines::{Deadline, Look};
use redress_proto::compensation::v1::compensation_service_server::CompensationServiceServer;
use redress_storage::{AggregateRow, LoggedEvent, Migration, Transaction, intent::IntentRow};
use serde_json::Value;

pub use config::Settings;

use crate::{
    app::texts::Texts,
    domain::{state::Resolution, waybill::Waybill},
};

/// The compensation service.
pub struct Compensation {
    pub(crate) engine: Engine,
    pub(crate) texts: Texts,
    pub(crate) payments: Arc<dyn Payments>,
    pub(crate) fulfilment: Arc<dyn Fulfilment>,
}

impl std::fmt::Debug for Compensation {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Compensation").field("engine", &self.engine).finish_non_exhaustive()
    }
}

const MIGRATIONS: &[Migration] = &[Migration {
    name: "compensation/0001_approval.sql",
    sql: include_str!("../migrations/0001_approval.sql"),
}];

#[async_trait]
impl Service for Compensation {
    const NAME: &'static str = "compensation";
    const GRPC: &'static str = "redress.compensation.v1.CompensationService";
    type Settings = Settings;

    fn migrations() -> &'static [Migration] {
        MIGRATIONS
    }

    async fn build(kit: Kit, settings: Settings) -> anyhow::Result<Arc<Self>> {
        let ports = settings.connectors.open(kit.clock.0.clone())?;
        let texts = Texts::new(kit.peers.get("intake")?);
        Ok(Arc::new(Self {
            engine: kit.engine,
            texts,
            payments: ports.payments,
            fulfilment: ports.fulfilment,
        }))
    }

    fn routes(self: &Arc<Self>, routes: &mut tonic::service::RoutesBuilder) {
        routes.add_service(CompensationServiceServer::from_arc(self.clone()));
    }
}

#[async_trait]
impl Reactor for Compensation {
    fn sources(&self) -> &'static [&'static str] {
        &["intake", "triage", "investigation"]
    }

    async fn react(&self, unit: &mut Unit, event: &LoggedEvent) -> Result<()> {
        app::reactions::react(self, unit, event).await
    }

    async fn deadline(&self, unit: &mut Unit, deadline: &Deadline, look: &Look) -> Result<()> {
        app::deadlines::look(unit, deadline, look).await
    }

    async fn perform(&self, intent: &IntentRow) -> Attempt {
        app::intents::perform(self, intent).await
    }

    async fn conclude(&self, unit: &mut Unit, intent: &IntentRow, outcome: &Value) -> Result<()> {
        app::intents::conclude(unit, intent, outcome).await
    }

    async fn project(&self, transaction: &Transaction, row: &AggregateRow) -> Result<()> {
        match row.kind.as_str() {
            Resolution::KIND => project::<Resolution>(transaction, row).await,
            Waybill::KIND => project::<Waybill>(transaction, row).await,
            other => Err(unexpected("aggregate", other)),
        }
    }
}

async fn project<S: Aggregate>(transaction: &Transaction, row: &AggregateRow) -> Result<()> {
    let state: S =
        serde_json::from_value(row.state.clone()).map_err(|error| Failure::Internal(error.into()))?;
    Ok(state.project(transaction, row).await?)
}
