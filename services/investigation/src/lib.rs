//! Investigation: evidence and its custody, limits and their extension, findings. Opens when a case is triaged, asks
//! departments and the customer for what the handbook wants, and ends with findings and a verified archive.

pub mod app;
pub mod domain;
mod grpc;
mod store;

use std::sync::Arc;

use async_trait::async_trait;
use redress_chassis::{
    Aggregate, Attempt, Engine, Failure, Kit, Reactor, Result, Service, Unit, reactor::unexpected,
};
use redress_connectors::{BlobStore, ConnectorSettings};
use redress_deadlines::{Deadline, Look};
use redress_proto::investigation::v1::investigation_service_server::InvestigationServiceServer;
use redress_storage::{AggregateRow, LoggedEvent, Migration, Transaction, intent::IntentRow};
use serde::Deserialize;
use serde_json::Value;

use crate::{app::texts::Texts, domain::case::Case};

/// The table `[service]` of investigation's configuration file.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The outside world: the store of evidence files.
    pub connectors: ConnectorSettings,
}

/// The investigation service. Cheap to clone: streams of its answers hold one.
#[derive(Clone)]
pub struct Investigation {
    pub(crate) engine: Engine,
    pub(crate) texts: Texts,
    pub(crate) blobs: Arc<dyn BlobStore>,
}

impl std::fmt::Debug for Investigation {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Investigation").finish_non_exhaustive()
    }
}

const MIGRATIONS: &[Migration] = &[Migration {
    name: "investigation/0001_evidence.sql",
    sql: include_str!("../migrations/0001_evidence.sql"),
}];

#[async_trait]
impl Service for Investigation {
    const NAME: &'static str = "investigation";
    const GRPC: &'static str = "redress.investigation.v1.InvestigationService";
    type Settings = Settings;

    fn migrations() -> &'static [Migration] {
        MIGRATIONS
    }

    async fn build(kit: Kit, settings: Settings) -> anyhow::Result<Arc<Self>> {
        let texts = Texts::new(kit.peers.get("intake")?);
        let ports = settings.connectors.open(kit.clock.0.clone())?;
        Ok(Arc::new(Self { engine: kit.engine, texts, blobs: ports.blobs }))
    }

    fn routes(self: &Arc<Self>, routes: &mut tonic::service::RoutesBuilder) {
        routes.add_service(InvestigationServiceServer::from_arc(self.clone()));
    }
}

#[async_trait]
impl Reactor for Investigation {
    fn sources(&self) -> &'static [&'static str] {
        &["intake", "triage"]
    }

    async fn react(&self, unit: &mut Unit, event: &LoggedEvent) -> Result<()> {
        app::reactions::react(unit, event).await
    }

    async fn deadline(&self, unit: &mut Unit, deadline: &Deadline, look: &Look) -> Result<()> {
        app::deadlines::look(unit, deadline, look).await
    }

    async fn perform(&self, intent: &IntentRow) -> Attempt {
        // Files go in and out while the caller waits, so there is nothing to be called later.
        Attempt::back_off(intent.attempts, format!("intent `{}` is not known here", intent.kind))
    }

    async fn conclude(&self, _unit: &mut Unit, intent: &IntentRow, _outcome: &Value) -> Result<()> {
        Err(unexpected("intent", &intent.kind))
    }

    async fn project(&self, transaction: &Transaction, row: &AggregateRow) -> Result<()> {
        if row.kind != Case::KIND {
            return Err(unexpected("aggregate", &row.kind));
        }
        let state: Case =
            serde_json::from_value(row.state.clone()).map_err(|error| Failure::Internal(error.into()))?;
        Ok(state.project(transaction, row).await?)
    }
}
