//! How far this service has read others' logs. A cursor moves by compare-and-swap in the transaction of the
//! effect, so an event takes effect once through any crash.

use std::collections::BTreeMap;

use sea_orm::ConnectionTrait;

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

/// Moves the cursor of `to.partition` from `from` to `to.n`; a lost swap is a conflict, and the effect goes with it.
pub async fn advance(transaction: &Transaction, source: &str, from: i64, to: Position) -> Result<()> {
    let moved = transaction
        .execute(
            "move a cursor",
            "insert into cursor (source, partition, generation, n) values ($1, $2, $3, $5)
             on conflict (source, partition) do update set n = $5, generation = $3
              where cursor.n = $4",
            [source.into(), to.partition.into(), to.generation.into(), from.into(), to.n.into()],
        )
        .await?;
    if moved.rows_affected() == 1 {
        Ok(())
    } else {
        Err(StorageError::Conflict(format!("cursor {source}/{}", to.partition)))
    }
}

/// The cursor of one partition of one source.
pub async fn of_partition(
    transaction: &Transaction,
    source: &str,
    partition: i32,
) -> Result<Option<Position>> {
    let row = transaction
        .one(
            "read a cursor",
            "select generation, n from cursor where source = $1 and partition = $2",
            [source.into(), partition.into()],
        )
        .await?;
    row.map(|row| Ok(Position { generation: get(&row, "generation")?, partition, n: get(&row, "n")? }))
        .transpose()
}
