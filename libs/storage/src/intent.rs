//! Calls to outside systems that are decided on and not yet concluded.

use redress_domain::Timestamp;
use sea_orm::ConnectionTrait;
use serde_json::Value;
use uuid::Uuid;

use crate::{Result, Transaction, aggregate::get, transaction::query_all};

/// An intent as stored.
#[derive(Clone, Debug)]
pub struct IntentRow {
    /// Id.
    pub id: Uuid,
    /// What to do.
    pub kind: String,
    /// Idempotency key.
    pub key: String,
    /// Aggregate that decided on it.
    pub aggregate_kind: String,
    /// Its id.
    pub aggregate_id: Uuid,
    /// Case.
    pub case_id: Option<Uuid>,
    /// Region.
    pub region: String,
    /// Parameters.
    pub payload: Value,
    /// Attempts made.
    pub attempts: i32,
    /// Business time of the next attempt.
    pub next_at: Timestamp,
    /// Trace context of what caused it.
    pub traceparent: String,
}

/// Stores a new intent. The same key again is the same intent, and nothing is stored.
pub async fn insert(transaction: &Transaction, row: &IntentRow) -> Result<()> {
    transaction
        .execute(
            "store an intent",
            "insert into intent (id, kind, key, aggregate_kind, aggregate_id, case_id, region, payload, state,
                                 attempts, next_at, traceparent, created_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, 'open', 0, $9, $10, $9) on conflict (key) do nothing",
            [
                row.id.into(),
                row.kind.as_str().into(),
                row.key.as_str().into(),
                row.aggregate_kind.as_str().into(),
                row.aggregate_id.into(),
                row.case_id.into(),
                row.region.as_str().into(),
                row.payload.clone().into(),
                row.next_at.into(),
                row.traceparent.as_str().into(),
            ],
        )
        .await?;
    Ok(())
}

/// Open intents that are due at `now`, oldest first, at most `limit`.
pub async fn due(connection: &impl ConnectionTrait, now: Timestamp, limit: i64) -> Result<Vec<IntentRow>> {
    let rows = query_all(
        connection,
        "list due intents",
        "select * from intent where state = 'open' and next_at <= $1 order by next_at, id limit $2",
        [now.into(), limit.into()],
    )
    .await?;
    rows.iter()
        .map(|row| {
            Ok(IntentRow {
                id: get(row, "id")?,
                kind: get(row, "kind")?,
                key: get(row, "key")?,
                aggregate_kind: get(row, "aggregate_kind")?,
                aggregate_id: get(row, "aggregate_id")?,
                case_id: get(row, "case_id")?,
                region: get(row, "region")?,
                payload: get(row, "payload")?,
                attempts: get(row, "attempts")?,
                next_at: get(row, "next_at")?,
                traceparent: get(row, "traceparent")?,
            })
        })
        .collect()
}

/// Takes the intent for conclusion: locks its row; false when another has concluded it meanwhile.
pub async fn lock_open(transaction: &Transaction, id: Uuid, attempts: i32) -> Result<bool> {
    let row = transaction
        .one(
            "lock an intent",
            "select 1 from intent where id = $1 and state = 'open' and attempts = $2 for update",
            [id.into(), attempts.into()],
        )
        .await?;
    Ok(row.is_some())
}

/// Ends it.
pub async fn finish(transaction: &Transaction, id: Uuid) -> Result<()> {
    transaction
        .execute("finish an intent", "update intent set state = 'done' where id = $1", [id.into()])
        .await?;
    Ok(())
}

/// Leaves it open for another attempt at `next_at`.
pub async fn postpone(transaction: &Transaction, id: Uuid, next_at: Timestamp, error: &str) -> Result<()> {
    transaction
        .execute(
            "postpone an intent",
            "update intent set attempts = attempts + 1, next_at = $2, last_error = $3 where id = $1",
            [id.into(), next_at.into(), error.into()],
        )
        .await?;
    Ok(())
}
