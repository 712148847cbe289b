//! The rows, read and written in the caller's transaction.

use redress_domain::Timestamp;
use redress_storage::{
    Result, StorageError, Transaction,
    sqlstate::classify,
    transaction::{query_all, query_one},
};
use sea_orm::{ConnectionTrait, QueryResult, TryGetable};
use serde_json::Value;
use uuid::Uuid;

use crate::{Deadline, Owner};

/// A deadline with the hash of its last event.
#[derive(Clone, Debug)]
pub struct DeadlineRow {
    /// The deadline.
    pub deadline: Deadline,
    /// Hash of its last event; 32 zero bytes before the first.
    pub chain: Vec<u8>,
}

/// Loads the newest deadline of this name that still matters to its aggregate, and locks it.
pub async fn load_by_name(
    transaction: &Transaction,
    owner: &Owner,
    name: &str,
) -> Result<Option<DeadlineRow>> {
    let row = transaction
        .one(
            "load a deadline",
            "select * from deadline where aggregate_kind = $1 and aggregate_id = $2 and name = $3
              order by (state = 'pending') desc, starts_at desc, id desc limit 1 for update",
            [owner.kind.as_str().into(), owner.id.into(), name.into()],
        )
        .await?;
    row.map(|row| decode(&row)).transpose()
}

/// Loads a deadline and locks it.
pub async fn load(transaction: &Transaction, id: Uuid) -> Result<Option<DeadlineRow>> {
    let row = transaction
        .one("load a deadline", "select * from deadline where id = $1 for update", [id.into()])
        .await?;
    row.map(|row| decode(&row)).transpose()
}

/// Writes a deadline.
pub async fn store(transaction: &Transaction, row: &DeadlineRow) -> Result<()> {
    let deadline = &row.deadline;
    let document = serde_json::to_value(deadline).map_err(|error| corrupt(deadline.id, &error))?;
    transaction
        .execute(
            "store a deadline",
            "insert into deadline (id, aggregate_kind, aggregate_id, case_id, region, name, kind, basis, state,
                                   starts_at, due_at, next_at, document, chain)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
             on conflict (id) do update set state = $9, starts_at = $10, due_at = $11, next_at = $12,
                                            document = $13, chain = $14",
            [
                deadline.id.into(),
                deadline.owner.kind.as_str().into(),
                deadline.owner.id.into(),
                deadline.owner.case_id.into(),
                deadline.owner.region.as_str().into(),
                deadline.name().into(),
                deadline.draft.kind.as_str().into(),
                basis(deadline).into(),
                deadline.state.as_str().into(),
                deadline.draft.start.into(),
                deadline.due_at.into(),
                deadline.next_look().into(),
                document.into(),
                row.chain.clone().into(),
            ],
        )
        .await?;
    Ok(())
}

/// Ids to look at by `now`, the earliest first, at most `limit`.
pub async fn to_look_at(connection: &impl ConnectionTrait, now: Timestamp, limit: i64) -> Result<Vec<Uuid>> {
    let rows = query_all(
        connection,
        "sweep deadlines",
        "select id from deadline where next_at <= $1 order by next_at, id limit $2",
        [now.into(), limit.into()],
    )
    .await?;
    rows.iter().map(|row| get(row, "id")).collect()
}

/// A page of what has to be looked at some time, by id, for rebuilding Redis.
pub async fn outstanding(
    connection: &impl ConnectionTrait,
    after: Uuid,
    limit: i64,
) -> Result<Vec<(Uuid, Timestamp)>> {
    let rows = query_all(
        connection,
        "list outstanding deadlines",
        "select id, next_at from deadline where next_at is not null and id > $1 order by id limit $2",
        [after.into(), limit.into()],
    )
    .await?;
    rows.iter().map(|row| Ok((get(row, "id")?, get(row, "next_at")?))).collect()
}

/// A filter for [`list`]; what is empty does not filter.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Of this case only.
    pub case_id: Option<Uuid>,
    /// Of this kind only.
    pub kind: Option<String>,
    /// In these states only.
    pub states: Vec<String>,
    /// On this basis only.
    pub basis: Option<String>,
    /// Due before this time only.
    pub due_before: Option<Timestamp>,
    /// In these regions only.
    pub regions: Vec<String>,
}

/// Deadlines by due time, at most `limit`.
pub async fn list(
    connection: &impl ConnectionTrait,
    filter: &Filter,
    offset: i64,
    limit: i64,
) -> Result<Vec<Deadline>> {
    let rows = query_all(
        connection,
        "list deadlines",
        "select * from deadline
          where ($1::uuid is null or case_id = $1) and ($2::text is null or kind = $2)
            and ($3::jsonb = '[]' or $3::jsonb ? state) and ($4::text is null or basis = $4)
            and ($5::timestamptz is null or due_at < $5)
            and ($6::jsonb = '[]' or $6::jsonb ? region)
          order by due_at nulls last, id offset $7 limit $8",
        [
            filter.case_id.into(),
            filter.kind.clone().into(),
            Value::from(filter.states.clone()).into(),
            filter.basis.clone().into(),
            filter.due_before.into(),
            Value::from(filter.regions.clone()).into(),
            offset.into(),
            limit.into(),
        ],
    )
    .await?;
    rows.iter().map(|row| decode(row).map(|row| row.deadline)).collect()
}

/// Reads one without locking it.
pub async fn read(connection: &impl ConnectionTrait, id: Uuid) -> Result<Option<DeadlineRow>> {
    let row =
        query_one(connection, "read a deadline", "select * from deadline where id = $1", [id.into()]).await?;
    row.map(|row| decode(&row)).transpose()
}

fn basis(deadline: &Deadline) -> &'static str {
    use redress_domain::DeadlineBasis::{Action, House, Promise, Statute};
    match deadline.draft.basis {
        House => "house",
        Statute => "statute",
        Promise => "promise",
        Action => "action",
    }
}

fn decode(row: &QueryResult) -> Result<DeadlineRow> {
    let id: Uuid = get(row, "id")?;
    let document: Value = get(row, "document")?;
    Ok(DeadlineRow {
        deadline: serde_json::from_value(document).map_err(|error| corrupt(id, &error))?,
        chain: get(row, "chain")?,
    })
}

fn corrupt(id: Uuid, error: &serde_json::Error) -> StorageError {
    StorageError::CorruptRow { table: "deadline", row: id.to_string(), detail: error.to_string() }
}

fn get<T: TryGetable>(row: &QueryResult, column: &'static str) -> Result<T> {
    row.try_get("", column).map_err(|error| classify(column, error))
}

/// Lets a row rest until `until` without changing the deadline: after a look that failed.
pub async fn rest(transaction: &Transaction, id: Uuid, until: Timestamp) -> Result<()> {
    transaction
        .execute(
            "let a deadline rest",
            "update deadline set next_at = $2 where id = $1",
            [id.into(), until.into()],
        )
        .await?;
    Ok(())
}
