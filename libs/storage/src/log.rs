//! Reading a service's own log.

use std::collections::BTreeMap;

use sea_orm::{ConnectionTrait, QueryResult};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    LoggedEvent, PendingEvent, Position, Result, StorageError,
    aggregate::get,
    transaction::{query_all, query_one},
};

/// The log's generation.
pub async fn generation(connection: &impl ConnectionTrait) -> Result<i64> {
    match query_one(connection, "read the log generation", "select generation from log_generation", [])
        .await?
    {
        Some(row) => get(&row, "generation"),
        None => Err(no_generation()),
    }
}

fn no_generation() -> StorageError {
    StorageError::CorruptRow { table: "log_generation", row: "the only row".into(), detail: "missing".into() }
}

/// The log's generation, and the head of every partition that has events.
pub async fn heads(connection: &impl ConnectionTrait) -> Result<(i64, BTreeMap<i32, i64>)> {
    let rows = query_all(
        connection,
        "read log heads",
        "select generation, partition, head from log_generation left join log_partition on head > 0",
        [],
    )
    .await?;
    let generation = rows.first().map(|row| get(row, "generation")).transpose()?.ok_or_else(no_generation)?;
    let mut heads = BTreeMap::new();
    for row in &rows {
        if let Some(partition) = get::<Option<i32>>(row, "partition")? {
            heads.insert(partition, get(row, "head")?);
        }
    }
    Ok((generation, heads))
}

/// The log's generation, and events after the given positions, in order within each partition: at most `limit` a
/// partition. Partitions that are not named are read from their beginning.
pub async fn read_after(
    connection: &impl ConnectionTrait,
    source: &str,
    after: &BTreeMap<i32, i64>,
    limit: i64,
) -> Result<(i64, Vec<LoggedEvent>)> {
    let (generation, heads) = heads(connection).await?;
    let behind: Vec<Value> = heads
        .into_iter()
        .filter(|(partition, head)| after.get(partition).copied().unwrap_or(0) < *head)
        .map(|(partition, _)| {
            serde_json::json!({"partition": partition, "after": after.get(&partition).copied().unwrap_or(0)})
        })
        .collect();
    if behind.is_empty() {
        return Ok((generation, Vec::new()));
    }
    let rows = query_all(
        connection,
        "read the log",
        "select e.* from jsonb_to_recordset($1) as p (partition integer, after bigint)
           cross join lateral (select * from event
                                where event.partition = p.partition and event.n > p.after
                                order by n limit $2) e
          order by e.partition, e.n",
        [Value::Array(behind).into(), limit.into()],
    )
    .await?;
    let events: Result<_> = rows.iter().map(|row| decode(row, source, generation)).collect();
    Ok((generation, events?))
}

/// Where an aggregate's last event of a type stands, and its hash.
pub async fn last_of_type(
    connection: &impl ConnectionTrait,
    subject_kind: &str,
    subject_id: Uuid,
    kind: &str,
) -> Result<Option<(Position, Vec<u8>)>> {
    let row = query_one(
        connection,
        "find the last event of a type",
        "select g.generation, e.partition, e.n, e.hash from log_generation g, event e
          where e.subject_kind = $1 and e.subject_id = $2 and e.type = $3
          order by e.n desc limit 1",
        [subject_kind.into(), subject_id.into(), kind.into()],
    )
    .await?;
    row.map(|row| {
        let position = Position {
            generation: get(&row, "generation")?,
            partition: get(&row, "partition")?,
            n: get(&row, "n")?,
        };
        Ok((position, get(&row, "hash")?))
    })
    .transpose()
}

/// All events of a case in this service, in order.
pub async fn of_case(
    connection: &impl ConnectionTrait,
    source: &str,
    case_id: Uuid,
) -> Result<Vec<LoggedEvent>> {
    let rows = query_all(
        connection,
        "read a case's events",
        "select * from event where case_id = $1 order by partition, n limit 10000",
        [case_id.into()],
    )
    .await?;
    rows.iter().map(|row| decode(row, source, 0)).collect()
}

/// Decodes a row of table `event`.
pub fn decode(row: &QueryResult, source: &str, generation: i64) -> Result<LoggedEvent> {
    let id: Uuid = get(row, "id")?;
    let json = |column: &'static str| -> Result<Value> { get(row, column) };
    let corrupt = |error: serde_json::Error| StorageError::CorruptRow {
        table: "event",
        row: id.to_string(),
        detail: error.to_string(),
    };
    Ok(LoggedEvent {
        source: source.to_owned(),
        position: Position { generation, partition: get(row, "partition")?, n: get(row, "n")? },
        event: PendingEvent {
            id,
            kind: get(row, "type")?,
            subject_kind: get(row, "subject_kind")?,
            subject_id: get(row, "subject_id")?,
            case_id: get(row, "case_id")?,
            region: get(row, "region")?,
            time: get(row, "time")?,
            actor: serde_json::from_value(json("actor")?).map_err(corrupt)?,
            traceparent: get(row, "traceparent")?,
            handbook_hash: get(row, "handbook_hash")?,
            calendar_hash: get(row, "calendar_hash")?,
            causes: serde_json::from_value(json("causes")?).map_err(corrupt)?,
            previous_hash: get(row, "previous_hash")?,
            hash: get(row, "hash")?,
            payload: get(row, "payload")?,
            effect: get(row, "effect")?,
        },
    })
}
