//! Looks at deadlines when Redis or the sweep says so; the row decides.

use std::sync::Arc;

use redress_deadlines::{Change, Look, SUBJECT_KIND, store};
use redress_domain::{Clock, SystemClock, Timestamp};
use tracing::Instrument;
use uuid::Uuid;

use crate::{
    engine::Engine,
    failure::{Failure, Result},
    reactor::Reactor,
    telemetry,
    unit::Unit,
    wire::DEADLINE_ACTOR,
};

/// Deadlines looked at in one transaction.
const BATCH: usize = 100;
/// Rungs and warnings that one deadline may take at one time, before others get their turn.
const LOOKS: usize = 8;
/// After a failed look, the deadline rests for so long.
const REST_MINUTES: i64 = 5;

/// Fires one service's deadlines.
pub struct DeadlineWorker {
    engine: Engine,
    reactor: Arc<dyn Reactor>,
}

impl std::fmt::Debug for DeadlineWorker {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("DeadlineWorker").finish_non_exhaustive()
    }
}

impl DeadlineWorker {
    /// A worker for `engine`'s service.
    pub fn new(engine: Engine, reactor: Arc<dyn Reactor>) -> Self {
        Self { engine, reactor }
    }

    /// Claims what Redis says is due and looks at it. Returns how many deadlines had something due, and when Redis
    /// knows of the next one.
    pub async fn claim(&self) -> Result<(usize, Option<Timestamp>)> {
        let Some(clockwork) = &self.engine.parts.clockwork else { return Ok((0, None)) };
        let database = self.engine.database();
        let claimed = match clockwork.claim(database, self.engine.now(), SystemClock.now(), BATCH).await {
            Ok(claimed) => claimed,
            Err(error) => {
                tracing::warn!(error = %error, "timers cannot be claimed; the sweep goes on");
                return Ok((0, None));
            }
        };
        let mut fired = 0;
        for ids in claimed.ids.chunks(BATCH) {
            let (count, next_looks) = self.look_at(ids).await?;
            fired += count;
            if let Err(error) = clockwork.acknowledge(&next_looks).await {
                tracing::warn!(error = %error, "claims not acknowledged; their lease will end");
            }
        }
        Ok((fired, claimed.next_at))
    }

    /// Finds what Redis missed.
    pub async fn sweep(&self) -> Result<usize> {
        let limit = i64::try_from(BATCH).unwrap_or(i64::MAX);
        let ids = store::to_look_at(self.engine.database().pool(), self.engine.now(), limit).await?;
        let (fired, next_looks) = self.look_at(&ids).await?;
        if let Some(clockwork) = &self.engine.parts.clockwork
            && let Err(error) = clockwork.acknowledge(&next_looks).await
        {
            tracing::debug!(error = %error, "timers not armed after a sweep");
        }
        Ok(fired)
    }

    /// Looks at these rows in one transaction.
    async fn look_at(&self, ids: &[Uuid]) -> Result<(usize, Vec<(Uuid, Option<Timestamp>)>)> {
        if ids.is_empty() {
            return Ok((0, Vec::new()));
        }
        let mut unit = self.engine.begin_as(DEADLINE_ACTOR, "", None).await?;
        let mut next_looks = Vec::with_capacity(ids.len());
        let mut fired = 0;
        // In one order in every replica, so that two of them do not deadlock.
        let mut ordered = ids.to_vec();
        ordered.sort_unstable();
        for id in ordered {
            let savepoint = unit.savepoint().await?;
            match self.look(&mut unit, id).await {
                Ok((looks, next)) => {
                    fired += usize::from(looks > 0);
                    next_looks.push((id, next));
                }
                Err(failure) if failure.may_pass() => return Err(failure),
                Err(failure) => {
                    unit.rollback_to(savepoint).await?;
                    let until = unit.now() + chrono::Duration::minutes(REST_MINUTES);
                    tracing::error!(
                        deadline.id = %id,
                        error = format!("{:#}", anyhow::Error::new(failure)),
                        "deadline could not take effect; it is looked at again later"
                    );
                    store::rest(unit.transaction(), id, until).await?;
                    fired += 1;
                    next_looks.push((id, Some(until)));
                }
            }
        }
        unit.finish().await?;
        Ok((fired, next_looks))
    }

    async fn look(&self, unit: &mut Unit, id: Uuid) -> Result<(usize, Option<Timestamp>)> {
        let mut looks = 0;
        loop {
            let Some(mut row) = store::load(unit.transaction(), id).await? else { return Ok((looks, None)) };
            let now = unit.now();
            let Some(look) = (looks < LOOKS).then(|| row.deadline.look(now)).flatten() else {
                return Ok((looks, row.deadline.next_look()));
            };
            let change = match &look {
                Look::Warned { .. } => Change::Warned,
                Look::Missed => Change::Missed,
                Look::Escalated { .. } => Change::Escalated,
            };
            let (span, effects) = telemetry::span_of_consequence(
                "deadline",
                &row.deadline.draft.kind,
                &row.deadline.traceparent,
            );
            unit.set_traceparent(&effects);
            unit.write_deadline(&mut row, change, Some(&look), &[]).await?;
            self.reactor.deadline(unit, &row.deadline, &look).instrument(span).await?;
            looks += 1;
        }
    }

    /// Somebody takes notice of an escalation: its ladder ends.
    pub async fn acknowledge(unit: &mut Unit, id: Uuid) -> Result<redress_deadlines::Deadline> {
        let Some(mut row) = store::load(unit.transaction(), id).await? else {
            return Err(redress_domain::Rejection::not_found(
                "NOT_FOUND",
                format!("there is no {SUBJECT_KIND} `{id}`"),
            )
            .with("id", id.to_string())
            .into());
        };
        let by = unit.actor().subject.clone();
        if !row.deadline.acknowledge(&by, unit.now()) {
            return Err(Failure::from(redress_domain::Rejection::state(
                "STATE_NOT_ALLOWED",
                row.deadline.state.as_str(),
                &["missed, not yet acknowledged"],
            )));
        }
        unit.write_deadline(&mut row, Change::Acknowledged, None, &[]).await?;
        Ok(row.deadline)
    }
}
