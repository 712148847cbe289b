//! Where a seal stands in the log: known once it is committed, so it is looked up and not part of the state.

use redress_storage::{Position, Result, log, sqlstate::classify, transaction::query_one};
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use crate::domain::case::Case;
use redress_chassis::Aggregate as _;

/// The position and hash of the event that last sealed an investigation.
pub(crate) async fn place(
    connection: &impl ConnectionTrait,
    case_id: Uuid,
) -> Result<Option<(Position, Vec<u8>)>> {
    let generation = log::generation(connection).await?;
    let row = query_one(
        connection,
        "find a seal",
        "select partition, n, hash from event
          where subject_kind = $1 and subject_id = $2 and type = 'redress.investigation.v1.InvestigationSealed'
          order by n desc limit 1",
        [Case::KIND.into(), case_id.into()],
    )
    .await?;
    let failed = |error| classify("find a seal", error);
    row.map(|row| {
        let position = Position {
            generation,
            partition: row.try_get("", "partition").map_err(failed)?,
            n: row.try_get("", "n").map_err(failed)?,
        };
        Ok((position, row.try_get("", "hash").map_err(failed)?))
    })
    .transpose()
}
