//! Messages of a case, read from their aggregates.

use redress_domain::handbook::NoticeKey;
use redress_storage::AggregateRow;
use redress_storage::{Result, Transaction, aggregate, transaction::query_all};
use sea_orm::ConnectionTrait;
use uuid::Uuid;

/// The messages of a case, oldest first.
pub async fn of_case(
    connection: &impl ConnectionTrait,
    case_id: Uuid,
    offset: i64,
    limit: i64,
) -> Result<Vec<AggregateRow>> {
    let rows = query_all(
        connection,
        "list messages",
        "select * from aggregate
          where case_id = $1 and kind = 'message' and (document #>> '{state,audience,customer}')::boolean
          order by created_at, id offset $2 limit $3",
        [case_id.into(), offset.into(), limit.into()],
    )
    .await?;
    rows.iter().map(aggregate::decode).collect()
}

/// Whether a message with this notice went to the customer, or is to, and did not fail.
pub async fn is_told(transaction: &Transaction, case_id: Uuid, notice: NoticeKey) -> Result<bool> {
    let row = transaction
        .one(
            "look for a notice",
            "select 1 from aggregate
              where case_id = $1 and kind = 'message' and document #>> '{state,notice}' = $2
                and document #>> '{state,state}' <> 'failed' limit 1",
            [case_id.into(), notice.as_str().into()],
        )
        .await?;
    Ok(row.is_some())
}
