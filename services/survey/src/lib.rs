//! Survey: asks customers after closing how it was, follows up what was bad, and turns a month's figures into
//! improvements.

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
use redress_proto::survey::v1::survey_service_server::SurveyServiceServer;
use redress_storage::{AggregateRow, LoggedEvent, Migration, Transaction, intent::IntentRow};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    app::texts::Texts,
    domain::{case::CaseFigures, improvement::Improvement, review::Review, survey as on_case},
};

/// The table `[service]` of survey's configuration file.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Region of requests that name none and whose caller's token covers several. Empty: the only region in which a
    /// handbook is active.
    pub default_region: String,
    /// Address of the page on which customers answer; the one-time token is put behind it. Empty: customers get the token
    /// alone.
    pub page_url: String,
}

/// The survey service.
#[derive(Debug)]
pub struct Survey {
    pub(crate) engine: Engine,
    pub(crate) texts: Texts,
    pub(crate) settings: Settings,
}

const MIGRATIONS: &[Migration] =
    &[Migration { name: "survey/0001_survey.sql", sql: include_str!("../migrations/0001_survey.sql") }];

#[async_trait]
impl Service for Survey {
    const NAME: &'static str = "survey";
    const GRPC: &'static str = "redress.survey.v1.SurveyService";
    type Settings = Settings;

    fn migrations() -> &'static [Migration] {
        MIGRATIONS
    }

    async fn build(kit: Kit, settings: Settings) -> anyhow::Result<Arc<Self>> {
        let texts = Texts::new(kit.peers.get("intake")?);
        Ok(Arc::new(Self { engine: kit.engine, texts, settings }))
    }

    fn routes(self: &Arc<Self>, routes: &mut tonic::service::RoutesBuilder) {
        routes.add_service(SurveyServiceServer::from_arc(self.clone()));
    }
}

#[async_trait]
impl Reactor for Survey {
    /// Its own log too: its deadlines count in the review like those of the others.
    fn sources(&self) -> &'static [&'static str] {
        &["intake", "triage", "investigation", "compensation", "survey"]
    }

    async fn prepare(&self, event: &LoggedEvent) -> Result<()> {
        app::reactions::prepare(self, event).await
    }

    async fn react(&self, unit: &mut Unit, event: &LoggedEvent) -> Result<()> {
        app::reactions::react(unit, event).await
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
            CaseFigures::KIND => project::<CaseFigures>(transaction, row).await,
            on_case::Survey::KIND => project::<on_case::Survey>(transaction, row).await,
            Review::KIND => project::<Review>(transaction, row).await,
            Improvement::KIND => project::<Improvement>(transaction, row).await,
            other => Err(unexpected("aggregate", other)),
        }
    }
}

async fn project<S: Aggregate>(transaction: &Transaction, row: &AggregateRow) -> Result<()> {
    let state: S =
        serde_json::from_value(row.state.clone()).map_err(|error| Failure::Internal(error.into()))?;
    Ok(state.project(transaction, row).await?)
}
