//! The state rows: one document an aggregate, changed only under its revision.

use std::collections::BTreeMap;

use redress_domain::Timestamp;
use sea_orm::{QueryResult, TryGetable};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{Cause, Result, StorageError, Transaction, sqlstate::classify};

/// An aggregate as stored.
#[derive(Clone, Debug)]
pub struct AggregateRow {
    /// Kind, such as `case` or `incident`.
    pub kind: String,
    /// Id; a case's part in a service carries the case id.
    pub id: Uuid,
    /// Case it belongs to, if to one.
    pub case_id: Option<Uuid>,
    /// Region.
    pub region: String,
    /// Handbook it is pinned to.
    pub handbook_hash: String,
    /// Calendar it is pinned to.
    pub calendar_hash: String,
    /// Counts decisions, from 1. Zero: not stored yet.
    pub revision: i64,
    /// The state.
    pub state: Value,
    /// The newest event seen of each other log, by source.
    pub seen: BTreeMap<String, Cause>,
    /// Hash of the last event.
    pub chain: Vec<u8>,
    /// Business time of the first decision.
    pub created_at: Timestamp,
    /// Business time of the last decision.
    pub updated_at: Timestamp,
}

impl AggregateRow {
    /// The stored document: what the log's private effects are patches of.
    pub fn document(&self) -> Value {
        json!({ "state": self.state, "seen": self.seen })
    }
}

/// Loads an aggregate and locks its row until the transaction ends.
pub async fn load(transaction: &Transaction, kind: &str, id: Uuid) -> Result<Option<AggregateRow>> {
    let row = transaction
        .one(
            "load an aggregate",
            "select * from aggregate where kind = $1 and id = $2 for update",
            [kind.into(), id.into()],
        )
        .await?;
    row.map(|row| decode(&row)).transpose()
}

/// Reads an aggregate without locking it.
pub async fn read(
    connection: &impl sea_orm::ConnectionTrait,
    kind: &str,
    id: Uuid,
) -> Result<Option<AggregateRow>> {
    let row = crate::transaction::query_one(
        connection,
        "read an aggregate",
        "select * from aggregate where kind = $1 and id = $2",
        [kind.into(), id.into()],
    )
    .await?;
    row.map(|row| decode(&row)).transpose()
}

/// Stores `row` where the stored revision is one less than the row's.
pub async fn store(transaction: &Transaction, row: &AggregateRow) -> Result<()> {
    let written = if row.revision == 1 {
        transaction
            .execute(
                "insert an aggregate",
                "insert into aggregate (kind, id, case_id, region, handbook_hash, calendar_hash, revision, document,
                                        chain, created_at, updated_at)
                 values ($1, $2, $3, $4, $5, $6, 1, $7, $8, $9, $10)",
                [
                    row.kind.as_str().into(),
                    row.id.into(),
                    row.case_id.into(),
                    row.region.as_str().into(),
                    row.handbook_hash.as_str().into(),
                    row.calendar_hash.as_str().into(),
                    row.document().into(),
                    row.chain.clone().into(),
                    row.created_at.into(),
                    row.updated_at.into(),
                ],
            )
            .await?
    } else {
        transaction
            .execute(
                "update an aggregate",
                "update aggregate set revision = $3, document = $4, chain = $5, updated_at = $6,
                                      handbook_hash = $7, calendar_hash = $8
                  where kind = $1 and id = $2 and revision = $3 - 1",
                [
                    row.kind.as_str().into(),
                    row.id.into(),
                    row.revision.into(),
                    row.document().into(),
                    row.chain.clone().into(),
                    row.updated_at.into(),
                    row.handbook_hash.as_str().into(),
                    row.calendar_hash.as_str().into(),
                ],
            )
            .await?
    };
    if written.rows_affected() == 1 {
        Ok(())
    } else {
        Err(StorageError::Conflict(format!("{}/{}", row.kind, row.id)))
    }
}

/// Decodes a row of table `aggregate`.
pub fn decode(row: &QueryResult) -> Result<AggregateRow> {
    let mut document: Value = get(row, "document")?;
    let id: Uuid = get(row, "id")?;
    let kind: String = get(row, "kind")?;
    let seen = serde_json::from_value(document["seen"].take()).map_err(|error| StorageError::CorruptRow {
        table: "aggregate",
        row: format!("{kind}/{id}"),
        detail: error.to_string(),
    })?;
    Ok(AggregateRow {
        state: document["state"].take(),
        seen,
        id,
        kind,
        case_id: get(row, "case_id")?,
        region: get(row, "region")?,
        handbook_hash: get(row, "handbook_hash")?,
        calendar_hash: get(row, "calendar_hash")?,
        revision: get(row, "revision")?,
        chain: get(row, "chain")?,
        created_at: get(row, "created_at")?,
        updated_at: get(row, "updated_at")?,
    })
}

pub(crate) fn get<T: TryGetable>(row: &QueryResult, column: &'static str) -> Result<T> {
    row.try_get("", column).map_err(|error| classify(column, error))
}
