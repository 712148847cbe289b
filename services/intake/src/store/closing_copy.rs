//! Facts of other services that closing asks first, as their events told them; and the closings under way.

use redress_domain::Timestamp;
use redress_storage::{Result, StorageError, Transaction, transaction::query_one};
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use crate::{domain::gate::ClosingCopy, store::column};

/// The copy of a case; empty before any event arrived.
pub async fn read(connection: &impl ConnectionTrait, case_id: Uuid) -> Result<ClosingCopy> {
    let row = query_one(
        connection,
        "read a closing copy",
        "select facts from closing_copy where case_id = $1",
        [case_id.into()],
    )
    .await?;
    row.map_or_else(|| Ok(ClosingCopy::default()), |row| decode(case_id, column(&row, "facts")?))
}

/// The copy of a case, locked until the transaction ends: several logs write it.
pub async fn lock(transaction: &Transaction, case_id: Uuid) -> Result<ClosingCopy> {
    transaction
        .execute(
            "open a closing copy",
            "insert into closing_copy (case_id, facts) values ($1, '{}') on conflict do nothing",
            [case_id.into()],
        )
        .await?;
    let row = transaction
        .one(
            "lock a closing copy",
            "select facts from closing_copy where case_id = $1 for update",
            [case_id.into()],
        )
        .await?;
    row.map_or_else(|| Ok(ClosingCopy::default()), |row| decode(case_id, column(&row, "facts")?))
}

/// Writes the copy of a case, after it was locked.
pub async fn store(transaction: &Transaction, case_id: Uuid, copy: &ClosingCopy) -> Result<()> {
    let facts = serde_json::to_value(copy).unwrap_or_default();
    transaction
        .execute(
            "store a closing copy",
            "update closing_copy set facts = $2 where case_id = $1",
            [case_id.into(), facts.into()],
        )
        .await?;
    Ok(())
}

/// Claims the closing of a case; false while another closing is under way.
pub async fn claim(
    transaction: &Transaction,
    case_id: Uuid,
    (attempt, intent_id): (Uuid, Uuid),
    at: Timestamp,
) -> Result<bool> {
    let claimed = transaction
        .execute(
            "claim a closing",
            "insert into closing_attempt (case_id, attempt, intent_id, at) values ($1, $2, $3, $4)
             on conflict do nothing",
            [case_id.into(), attempt.into(), intent_id.into(), at.into()],
        )
        .await?;
    Ok(claimed.rows_affected() == 1)
}

/// Gives a closing up or ends it. Returns its intent; none when the claim was lost.
pub async fn release(transaction: &Transaction, case_id: Uuid, attempt: Uuid) -> Result<Option<Uuid>> {
    let row = transaction
        .one(
            "release a closing",
            "delete from closing_attempt where case_id = $1 and attempt = $2 returning intent_id",
            [case_id.into(), attempt.into()],
        )
        .await?;
    row.map(|row| column(&row, "intent_id")).transpose()
}

fn decode(case_id: Uuid, facts: serde_json::Value) -> Result<ClosingCopy> {
    serde_json::from_value(facts).map_err(|error| StorageError::CorruptRow {
        table: "closing_copy",
        row: case_id.to_string(),
        detail: error.to_string(),
    })
}
