//! How far this service has read others' logs. A cursor moves by compare-and-swap in the transaction of the
//! effect, so an event takes effect once through any crash.

use std::collections::BTreeMap;

use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use crate::{Position, Result, StorageError, Transaction, aggregate::get, transaction::query_all};

/// Cursors of one source, by partition; a partition that was never read is absent.
pub async fn of_source(connection: &impl ConnectionTrait, source: &str) -> Result<BTreeMap<i32, Position>> {
    let rows = query_all(
        connection,
        "read cursors",
        "select partition, generation, n from cursor where source = $1",
        [source.into()],
    )
    .await?;
    rows.iter()
        .map(|row| {
            let position = Position {
                generation: get(row, "generation")?,
                partition: get(row, "partition")?,
                n: get(row, "n")?,
            };
            Ok((position.partition, position))
        })
        .collect()
}

/// Moves cursors of `source`, each from where it stands to a position; a lost swap is a conflict, and the effects go with
/// it.
pub async fn advance(transaction: &Transaction, source: &str, moves: &[(i64, Position)]) -> Result<()> {
    let rows: Vec<Value> = moves
        .iter()
        .map(|(from, to)| {
            json!({ "partition": to.partition, "generation": to.generation, "read": from, "n": to.n })
        })
        .collect();
    // In one order everywhere, so that two replicas do not wait for each other.
    let moved = transaction
        .execute(
            "move cursors",
            "insert into cursor as c (source, partition, generation, n)
             select $1, m.partition, m.generation, m.n
               from jsonb_to_recordset($2) as m (partition integer, generation bigint, n bigint)
              order by m.partition
             on conflict (source, partition) do update set n = excluded.n, generation = excluded.generation
              where c.n = (select m.read from jsonb_to_recordset($2) as m (partition integer, read bigint)
                            where m.partition = excluded.partition)",
            [source.into(), Value::Array(rows).into()],
        )
        .await?;
    if moved.rows_affected() == moves.len() as u64 {
        Ok(())
    } else {
        Err(StorageError::Conflict(format!("cursors of {source}")))
    }
}

/// The cursors of all sources in these partitions, by source and partition.
pub async fn of_partitions(
    transaction: &Transaction,
    partitions: &[i32],
) -> Result<BTreeMap<(String, i32), i64>> {
    let rows = transaction
        .all(
            "read cursors",
            "select source, partition, n from cursor
              where partition in (select value::integer from jsonb_array_elements_text($1))",
            [Value::from(partitions.to_vec()).into()],
        )
        .await?;
    rows.iter().map(|row| Ok(((get(row, "source")?, get(row, "partition")?), get(row, "n")?))).collect()
}
