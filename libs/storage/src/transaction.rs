//! The one transaction in which a state change happens.

use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, ExecResult, QueryResult, Statement, Value};
use serde_json::json;
use uuid::Uuid;

use crate::{PendingEvent, Position, Result, event::partition_of, sqlstate::classify};

/// An open transaction. Dropping it rolls back.
#[derive(Debug)]
pub struct Transaction {
    inner: DatabaseTransaction,
    pending: Vec<PendingEvent>,
}

/// What a commit wrote to the log.
#[derive(Clone, Debug, Default)]
pub struct Committed {
    /// Ids and positions of the events, in no particular order.
    pub events: Vec<(Uuid, Position)>,
}

/// A place in a transaction to which it can be rolled back.
#[derive(Clone, Copy, Debug)]
pub struct Savepoint {
    events: usize,
}

impl Transaction {
    pub(crate) fn new(inner: DatabaseTransaction) -> Self {
        Self { inner, pending: Vec::new() }
    }

    /// The connection, for statements of a service's own store.
    pub fn connection(&self) -> &DatabaseTransaction {
        &self.inner
    }

    /// Runs a statement.
    pub async fn execute(
        &self,
        operation: &'static str,
        sql: &str,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<ExecResult> {
        self.inner
            .execute_raw(Statement::from_sql_and_values(DbBackend::Postgres, sql, values))
            .await
            .map_err(|error| classify(operation, error))
    }

    /// Runs a query for at most one row.
    pub async fn one(
        &self,
        operation: &'static str,
        sql: &str,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<Option<QueryResult>> {
        query_one(&self.inner, operation, sql, values).await
    }

    /// Runs a query. The statement limits the number of rows.
    pub async fn all(
        &self,
        operation: &'static str,
        sql: &str,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<Vec<QueryResult>> {
        query_all(&self.inner, operation, sql, values).await
    }

    /// Queues an event; it gets its position when the transaction commits.
    pub fn append(&mut self, event: PendingEvent) {
        self.pending.push(event);
    }

    /// The events queued so far.
    pub fn pending(&self) -> &[PendingEvent] {
        &self.pending
    }

    /// Marks a place to which the transaction can be rolled back.
    pub async fn savepoint(&self) -> Result<Savepoint> {
        self.unprepared("set a savepoint", "savepoint step").await?;
        Ok(Savepoint { events: self.pending.len() })
    }

    /// Rolls back to `savepoint`, its queued events included.
    pub async fn rollback_to(&mut self, savepoint: Savepoint) -> Result<()> {
        self.unprepared("roll back to a savepoint", "rollback to savepoint step").await?;
        self.pending.truncate(savepoint.events);
        Ok(())
    }

    async fn unprepared(&self, operation: &'static str, sql: &str) -> Result<()> {
        self.inner.execute_unprepared(sql).await.map_err(|error| classify(operation, error))?;
        Ok(())
    }

    /// Appends the queued events, then commits.
    pub async fn commit(mut self) -> Result<Committed> {
        let pending = std::mem::take(&mut self.pending);
        let mut committed = Committed::default();
        if !pending.is_empty() {
            committed.events = self.append_all(&pending).await?;
        }
        self.inner.commit().await.map_err(|error| classify("commit", error))?;
        Ok(committed)
    }

    /// Rolls back. Dropping does the same, later.
    pub async fn rollback(self) -> Result<()> {
        self.inner.rollback().await.map_err(|error| classify("roll back", error))
    }

    async fn append_all(&self, events: &[PendingEvent]) -> Result<Vec<(Uuid, Position)>> {
        let mut partitions: Vec<i32> =
            events.iter().map(|event| partition_of(event.case_id.unwrap_or(event.subject_id))).collect();
        let input: Vec<serde_json::Value> = events
            .iter()
            .zip(&partitions)
            .enumerate()
            .map(|(ordinal, (event, partition))| row(ordinal, *partition, event))
            .collect();
        partitions.sort_unstable();
        partitions.dedup();
        if partitions.len() > 1 {
            let list = partitions.iter().map(i32::to_string).collect::<Vec<_>>().join(",");
            self.unprepared(
                "lock log partitions",
                &format!(
                    "select 1 from log_partition where partition in ({list}) order by partition for update"
                ),
            )
            .await?;
        }
        let generation: i64 =
            match self.one("read the log generation", "select generation from log_generation", []).await? {
                Some(row) => row
                    .try_get("", "generation")
                    .map_err(|error| classify("read the log generation", error))?,
                None => 1,
            };
        let rows = self
            .all(
                "append events",
                include_str!("sql/append_events.sql"),
                [serde_json::Value::Array(input).into()],
            )
            .await?;
        rows.iter()
            .map(|row| {
                let position = Position {
                    generation,
                    partition: row.try_get("", "partition")?,
                    n: row.try_get("", "n")?,
                };
                Ok((row.try_get("", "id")?, position))
            })
            .collect::<std::result::Result<Vec<_>, sea_orm::DbErr>>()
            .map_err(|error| classify("append events", error))
    }
}

fn row(ordinal: usize, partition: i32, event: &PendingEvent) -> serde_json::Value {
    json!({
        "ordinal": ordinal,
        "partition": partition,
        "id": event.id,
        "type": event.kind,
        "subject_kind": event.subject_kind,
        "subject_id": event.subject_id,
        "case_id": event.case_id,
        "region": event.region,
        "time": event.time,
        "actor": event.actor,
        "traceparent": event.traceparent,
        "handbook_hash": event.handbook_hash,
        "calendar_hash": event.calendar_hash,
        "causes": event.causes,
        "previous_hash": hex::encode(&event.previous_hash),
        "hash": hex::encode(&event.hash),
        "payload": hex::encode(&event.payload),
        "effect": event.effect,
    })
}

/// Runs a query for at most one row on any connection.
pub async fn query_one(
    connection: &impl ConnectionTrait,
    operation: &'static str,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<Option<QueryResult>> {
    connection
        .query_one_raw(Statement::from_sql_and_values(DbBackend::Postgres, sql, values))
        .await
        .map_err(|error| classify(operation, error))
}

/// Runs a query on any connection.
pub async fn query_all(
    connection: &impl ConnectionTrait,
    operation: &'static str,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<Vec<QueryResult>> {
    connection
        .query_all_raw(Statement::from_sql_and_values(DbBackend::Postgres, sql, values))
        .await
        .map_err(|error| classify(operation, error))
}
