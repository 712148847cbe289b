//! Makes the outside calls that were decided on, outside any transaction, and stores how they end.

use std::sync::Arc;

use futures::{StreamExt, stream};
use redress_storage::intent::{self, IntentRow};
use tracing::Instrument;

use crate::{
    engine::Engine,
    failure::Result,
    reactor::{Attempt, Reactor},
    telemetry,
};

/// Intents taken at once.
const BATCH: i64 = 64;
/// Calls made at once.
const CONCURRENT: usize = 8;
/// After an outcome that could not be stored, the same call is made again after so long.
const REST_MINUTES: i64 = 5;

/// Makes one service's outside calls.
pub struct IntentWorker {
    engine: Engine,
    reactor: Arc<dyn Reactor>,
}

impl std::fmt::Debug for IntentWorker {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("IntentWorker").finish_non_exhaustive()
    }
}

impl IntentWorker {
    /// A worker for `engine`'s service.
    pub fn new(engine: Engine, reactor: Arc<dyn Reactor>) -> Self {
        Self { engine, reactor }
    }

    /// Makes the calls that are due. Returns how many.
    pub async fn run_once(&self) -> Result<usize> {
        let due = intent::due(self.engine.database().pool(), self.engine.now(), BATCH).await?;
        let count = due.len();
        let attempts: Vec<(IntentRow, Attempt)> = stream::iter(due)
            .map(|row| async move {
                let (span, _) = telemetry::span_of_consequence("call out:", &row.kind, &row.traceparent);
                let attempt = self.reactor.perform(&row).instrument(span).await;
                (row, attempt)
            })
            .buffered(CONCURRENT)
            .collect()
            .await;
        for (row, attempt) in attempts {
            self.conclude(&row, &attempt).await?;
        }
        Ok(count)
    }

    async fn conclude(&self, row: &IntentRow, attempt: &Attempt) -> Result<()> {
        let mut unit = self.engine.begin_as(self.engine.service(), &row.traceparent, None).await?;
        if !intent::lock_open(unit.transaction(), row.id, row.attempts).await? {
            return Ok(());
        }
        let outcome = match attempt {
            Attempt::Conclude(outcome) => Some(outcome),
            Attempt::Again { note, .. } => note.as_ref(),
        };
        if let Some(outcome) = outcome {
            let savepoint = unit.savepoint().await?;
            if let Err(failure) = self.reactor.conclude(&mut unit, row, outcome).await {
                if failure.may_pass() {
                    return Err(failure);
                }
                unit.rollback_to(savepoint).await?;
                let error = format!("{:#}", anyhow::Error::new(failure));
                tracing::error!(intent.kind = %row.kind, intent.key = %row.key, error, "outcome could not be stored");
                let at = unit.now() + chrono::Duration::minutes(REST_MINUTES);
                intent::postpone(unit.transaction(), row.id, at, &error).await?;
                return unit.finish().await;
            }
        }
        match attempt {
            Attempt::Conclude(_) => intent::finish(unit.transaction(), row.id).await?,
            Attempt::Again { after, error, .. } => {
                tracing::debug!(intent.kind = %row.kind, intent.key = %row.key, error, "call is made again later");
                intent::postpone(unit.transaction(), row.id, unit.now() + *after, error).await?;
            }
        }
        unit.finish().await
    }
}
