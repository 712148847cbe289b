//! Stored decisions with the events that they were made with.

use redress_domain::{RuleRef, Ruling, Timestamp};
use redress_storage::{
    Actor, Position, Result, StorageError, log, sqlstate::classify, transaction::query_all,
};
use sea_orm::{ConnectionTrait, DbErr, QueryResult};
use uuid::Uuid;

/// A ruling and where it stands in the log.
#[derive(Clone, Debug)]
pub(crate) struct Recorded {
    pub(crate) event_id: Uuid,
    pub(crate) ordinal: i32,
    pub(crate) at: Timestamp,
    pub(crate) ruling: Ruling,
    pub(crate) handbook_hash: String,
    pub(crate) calendar_hash: String,
    pub(crate) subject: (String, Uuid),
    pub(crate) actor: Actor,
    pub(crate) position: Position,
}

/// The decisions on a case, oldest first.
pub(crate) async fn of_case(
    connection: &impl ConnectionTrait,
    case_id: Uuid,
    offset: i64,
    limit: i64,
) -> Result<Vec<Recorded>> {
    let generation = log::generation(connection).await?;
    let rows = query_all(
        connection,
        "list decisions",
        "select r.*, e.partition, e.n, e.actor, e.calendar_hash, e.subject_kind, e.subject_id
           from ruling r join event e on e.id = r.event_id
          where r.case_id = $1 order by r.at, e.n, r.ordinal offset $2 limit $3",
        [case_id.into(), offset.into(), limit.into()],
    )
    .await?;
    rows.iter().map(|row| decode(row, generation)).collect()
}

fn decode(row: &QueryResult, generation: i64) -> Result<Recorded> {
    let event_id: Uuid = row.try_get("", "event_id").map_err(failed)?;
    let actor: serde_json::Value = row.try_get("", "actor").map_err(failed)?;
    let actor = serde_json::from_value(actor).map_err(|error| StorageError::CorruptRow {
        table: "event",
        row: event_id.to_string(),
        detail: error.to_string(),
    })?;
    Ok(Recorded {
        event_id,
        ordinal: row.try_get("", "ordinal").map_err(failed)?,
        at: row.try_get("", "at").map_err(failed)?,
        ruling: Ruling {
            subject: row.try_get("", "subject").map_err(failed)?,
            rule: RuleRef {
                id: row.try_get("", "rule_id").map_err(failed)?,
                cite: row.try_get("", "cite").map_err(failed)?,
            },
            outcome: row.try_get("", "outcome").map_err(failed)?,
            facts: row.try_get("", "facts").map_err(failed)?,
        },
        handbook_hash: row.try_get("", "handbook_hash").map_err(failed)?,
        calendar_hash: row.try_get("", "calendar_hash").map_err(failed)?,
        subject: (
            row.try_get("", "subject_kind").map_err(failed)?,
            row.try_get("", "subject_id").map_err(failed)?,
        ),
        actor,
        position: Position {
            generation,
            partition: row.try_get("", "partition").map_err(failed)?,
            n: row.try_get("", "n").map_err(failed)?,
        },
    })
}

fn failed(error: DbErr) -> StorageError {
    classify("list decisions", error)
}
