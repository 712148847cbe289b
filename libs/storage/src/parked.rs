//! Events that the rules rejected, and the later ones of the same case that wait behind them.

use std::collections::BTreeSet;

use redress_domain::Timestamp;
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use crate::{Position, Result, Transaction, aggregate::get, transaction::query_all};

/// A parked event.
#[derive(Clone, Debug)]
pub struct ParkedRow {
    /// Log it came from.
    pub source: String,
    /// Its place there.
    pub position: Position,
    /// Case.
    pub case_id: Option<Uuid>,
    /// Aggregate it is about.
    pub subject_id: Uuid,
    /// The envelope, encoded.
    pub event: Vec<u8>,
    /// Why it was rejected, or `BEHIND_PARKED`.
    pub reason: String,
    /// For people.
    pub detail: String,
    /// Attempts made.
    pub attempts: i32,
    /// Business time.
    pub parked_at: Timestamp,
}

/// Which of these cases, or aggregates without one, have parked events.
pub async fn among(transaction: &Transaction, threads: &[Uuid]) -> Result<BTreeSet<Uuid>> {
    let rows = transaction
        .all(
            "look for parked events",
            "select distinct coalesce(case_id, subject_id) as thread from parked_event
              where coalesce(case_id, subject_id) in (select value::uuid from jsonb_array_elements_text($1))",
            [serde_json::json!(threads).into()],
        )
        .await?;
    rows.iter().map(|row| get(row, "thread")).collect()
}

/// Parks an event.
pub async fn park(transaction: &Transaction, row: &ParkedRow) -> Result<()> {
    transaction
        .execute(
            "park an event",
            "insert into parked_event (source, partition, n, case_id, subject_id, event, reason, detail, parked_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict do nothing",
            [
                row.source.as_str().into(),
                row.position.partition.into(),
                row.position.n.into(),
                row.case_id.into(),
                row.subject_id.into(),
                row.event.clone().into(),
                row.reason.as_str().into(),
                row.detail.as_str().into(),
                row.parked_at.into(),
            ],
        )
        .await?;
    Ok(())
}

/// Parked events, oldest first; of one case or aggregate where `thread` is given.
pub async fn list(
    connection: &impl ConnectionTrait,
    thread: Option<Uuid>,
    offset: i64,
    limit: i64,
) -> Result<Vec<ParkedRow>> {
    let rows = query_all(
        connection,
        "list parked events",
        "select * from parked_event where $1::uuid is null or coalesce(case_id, subject_id) = $1
          order by ordinal offset $2 limit $3",
        [thread.into(), offset.into(), limit.into()],
    )
    .await?;
    rows.iter()
        .map(|row| {
            Ok(ParkedRow {
                source: get(row, "source")?,
                position: Position { generation: 0, partition: get(row, "partition")?, n: get(row, "n")? },
                case_id: get(row, "case_id")?,
                subject_id: get(row, "subject_id")?,
                event: get(row, "event")?,
                reason: get(row, "reason")?,
                detail: get(row, "detail")?,
                attempts: get(row, "attempts")?,
                parked_at: get(row, "parked_at")?,
            })
        })
        .collect()
}

/// Counts a failed retry.
pub async fn count_attempt(
    transaction: &Transaction,
    source: &str,
    position: Position,
    detail: &str,
) -> Result<()> {
    transaction
        .execute(
            "count a retry",
            "update parked_event set attempts = attempts + 1, detail = $4
              where source = $1 and partition = $2 and n = $3",
            [source.into(), position.partition.into(), position.n.into(), detail.into()],
        )
        .await?;
    Ok(())
}

/// Releases an event that was applied.
pub async fn release(transaction: &Transaction, source: &str, position: Position) -> Result<()> {
    transaction
        .execute(
            "release a parked event",
            "delete from parked_event where source = $1 and partition = $2 and n = $3",
            [source.into(), position.partition.into(), position.n.into()],
        )
        .await?;
    Ok(())
}
