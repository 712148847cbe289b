//! What a service plugs into the chassis.

use std::sync::Arc;

use async_trait::async_trait;
use redress_deadlines::{Deadline, Look};
use redress_storage::{AggregateRow, LoggedEvent, Migration, Transaction, intent::IntentRow};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{
    failure::{Failure, Result},
    runtime::Kit,
    unit::Unit,
};

/// How a call to an outside system ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Attempt {
    /// It has an outcome; the intent ends with it.
    Conclude(Value),
    /// It has none yet. `note` is told to the aggregate now, such as that the outcome is unknown; the same call
    /// is made again after `after` of business time, under the same key.
    Again {
        /// How long to wait.
        after: chrono::Duration,
        /// Why, for the log and the operator.
        error: String,
        /// For the aggregate.
        note: Option<Value>,
    },
}

impl Attempt {
    /// Waits by the usual backoff: 1, 2, 4 … minutes, at most an hour.
    pub fn back_off(attempts: i32, error: impl Into<String>) -> Self {
        let minutes = 1_i64 << attempts.clamp(0, 6);
        Self::Again { after: chrono::Duration::minutes(minutes.min(60)), error: error.into(), note: None }
    }

    /// The same, and tells the aggregate `note`.
    pub fn back_off_with(attempts: i32, error: impl Into<String>, note: Value) -> Self {
        match Self::back_off(attempts, error) {
            Self::Again { after, error, .. } => Self::Again { after, error, note: Some(note) },
            conclude => conclude,
        }
    }
}

/// The triggers of a service other than RPCs. Each handler has the shape of a use case: load → decide → save, in
/// the unit it is given; it neither begins nor commits.
#[async_trait]
pub trait Reactor: Send + Sync + 'static {
    /// Services whose logs it reads; its own name where it reads its own.
    fn sources(&self) -> &'static [&'static str];

    /// What has to be asked of others before an event is applied. Called outside the transaction.
    async fn prepare(&self, event: &LoggedEvent) -> Result<()> {
        let _ = event;
        Ok(())
    }

    /// Applies an event of another log. A rejection parks the event's case.
    async fn react(&self, unit: &mut Unit, event: &LoggedEvent) -> Result<()>;

    /// A deadline of this service warns, is missed, or takes a rung. Its row and event are already written.
    async fn deadline(&self, unit: &mut Unit, deadline: &Deadline, look: &Look) -> Result<()>;

    /// Makes the outside call of an intent. Called outside any transaction, possibly more than once.
    async fn perform(&self, intent: &IntentRow) -> Attempt;

    /// Tells the aggregate how an intent ended, or stands.
    async fn conclude(&self, unit: &mut Unit, intent: &IntentRow, outcome: &Value) -> Result<()>;

    /// Writes the projection of a replayed aggregate: a `match` on the kind.
    async fn project(&self, transaction: &Transaction, row: &AggregateRow) -> Result<()>;
}

/// A service: what it is called, its tables, its routes.
#[async_trait]
pub trait Service: Reactor + Sized {
    /// Name, such as `intake`.
    const NAME: &'static str;
    /// Full name of its gRPC service.
    const GRPC: &'static str;
    /// Its own settings, the table `[service]` of its configuration file. Every key has a default.
    type Settings: DeserializeOwned + Default + Send;

    /// Its migrations.
    fn migrations() -> &'static [Migration];

    /// Builds it.
    async fn build(kit: Kit, settings: Self::Settings) -> anyhow::Result<Arc<Self>>;

    /// Adds its gRPC service.
    fn routes(self: &Arc<Self>, routes: &mut tonic::service::RoutesBuilder);
}

/// For a handler that gets something it does not know: a bug, not a refusal.
pub fn unexpected(what: &str, name: &str) -> Failure {
    Failure::Internal(anyhow::anyhow!("{what} `{name}` is not known here"))
}
