//! Triage: what a complaint is about, how urgent it is, who gets it, and whether they act in time. Finds group
//! incidents, and ranks a case again whenever its facts change.

pub mod app;
pub mod domain;
mod grpc;
mod store;

use std::sync::Arc;

use async_trait::async_trait;
use redress_chassis::{
    Aggregate, Attempt, Engine, Failure, Kit, Reactor, Result, Service, Unit, reactor::unexpected,
};
use redress_deadlines::{Deadline, Look};
use redress_proto::triage::v1::triage_service_server::TriageServiceServer;
use redress_storage::{AggregateRow, LoggedEvent, Migration, Transaction, intent::IntentRow};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    app::texts::Texts,
    domain::{case::Case, incident::Incident},
};

/// The table `[service]` of triage's configuration file. Triage has nothing to set: its rules are the handbook's.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {}

/// The triage service.
#[derive(Debug)]
pub struct Triage {
    pub(crate) engine: Engine,
    pub(crate) texts: Texts,
}

const MIGRATIONS: &[Migration] =
    &[Migration { name: "triage/0001_queue.sql", sql: include_str!("../migrations/0001_queue.sql") }];

#[async_trait]
impl Service for Triage {
    const NAME: &'static str = "triage";
    const GRPC: &'static str = "redress.triage.v1.TriageService";
    type Settings = Settings;

    fn migrations() -> &'static [Migration] {
        MIGRATIONS
    }

    async fn build(kit: Kit, _settings: Settings) -> anyhow::Result<Arc<Self>> {
        let texts = Texts::new(kit.peers.get("intake")?);
        Ok(Arc::new(Self { engine: kit.engine, texts }))
    }

    fn routes(self: &Arc<Self>, routes: &mut tonic::service::RoutesBuilder) {
        routes.add_service(TriageServiceServer::from_arc(self.clone()));
    }
}

#[async_trait]
impl Reactor for Triage {
    fn sources(&self) -> &'static [&'static str] {
        &["intake", "investigation", "compensation"]
    }

    async fn prepare(&self, event: &LoggedEvent) -> Result<()> {
        app::reactions::prepare(self, event).await
    }

    async fn react(&self, unit: &mut Unit, event: &LoggedEvent) -> Result<()> {
        app::reactions::react(self, unit, event).await
    }

    async fn deadline(&self, unit: &mut Unit, deadline: &Deadline, look: &Look) -> Result<()> {
        app::deadlines::look(unit, deadline, look).await
    }

    async fn perform(&self, intent: &IntentRow) -> Attempt {
        // Triage calls no outside system.
        Attempt::back_off(intent.attempts, format!("intent `{}` is not known here", intent.kind))
    }

    async fn conclude(&self, _unit: &mut Unit, intent: &IntentRow, _outcome: &Value) -> Result<()> {
        Err(unexpected("intent", &intent.kind))
    }

    async fn project(&self, transaction: &Transaction, row: &AggregateRow) -> Result<()> {
        match row.kind.as_str() {
            Case::KIND => project::<Case>(transaction, row).await,
            Incident::KIND => project::<Incident>(transaction, row).await,
            other => Err(unexpected("aggregate", other)),
        }
    }
}

async fn project<S: Aggregate>(transaction: &Transaction, row: &AggregateRow) -> Result<()> {
    let state: S =
        serde_json::from_value(row.state.clone()).map_err(|error| Failure::Internal(error.into()))?;
    Ok(state.project(transaction, row).await?)
}
