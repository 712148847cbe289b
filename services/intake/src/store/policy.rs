//! Which rules are in force where.

use redress_domain::Timestamp;
use redress_proto::types::v1 as types;
use redress_storage::{
    Result, Transaction,
    transaction::{query_all, query_one},
};
use sea_orm::{ConnectionTrait, QueryResult};

use crate::{domain::handbook::Activation, store::column};

/// Rules in force in a region.
#[derive(Clone, Debug)]
pub struct ActivePolicy {
    /// Region.
    pub region: String,
    /// Names and hashes.
    pub policy: types::Policy,
    /// When they were activated.
    pub activated_at: Timestamp,
}

/// Writes the rows of a handbook's activations.
pub async fn store(transaction: &Transaction, activation: &Activation) -> Result<()> {
    for active in &activation.regions {
        transaction
            .execute(
                "store an active policy",
                "insert into active_policy (region, ordinal, since, activated_at, handbook_id, handbook_version,
                                            handbook_hash, calendar_id, calendar_hash)
                 values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict (region, ordinal) do nothing",
                [
                    active.region.as_str().into(),
                    active.ordinal.into(),
                    active.since.into(),
                    active.activated_at.into(),
                    activation.handbook_id.as_str().into(),
                    activation.handbook_version.as_str().into(),
                    activation.handbook_hash.as_str().into(),
                    active.calendar_id.as_str().into(),
                    active.calendar_hash.as_str().into(),
                ],
            )
            .await?;
    }
    Ok(())
}

/// Makes activations wait for each other until the transaction ends, and returns the first free ordinal.
pub async fn next_ordinal(transaction: &Transaction) -> Result<i64> {
    transaction.execute("lock activations", "lock table active_policy in exclusive mode", []).await?;
    let row = transaction
        .one("count activations", "select coalesce(max(ordinal), 0) + 1 as next from active_policy", [])
        .await?;
    row.map_or(Ok(1), |row| column(&row, "next"))
}

/// The rules in force at `now`, region by region. The regions of an enterprise are few.
pub async fn in_force(connection: &impl ConnectionTrait, now: Timestamp) -> Result<Vec<ActivePolicy>> {
    let rows = query_all(
        connection,
        "list active policies",
        "select distinct on (region) * from active_policy where since <= $1
          order by region, since desc, ordinal desc",
        [now.into()],
    )
    .await?;
    rows.iter().map(decode).collect()
}

/// The rules in force in a region at `now`.
pub async fn of_region(
    connection: &impl ConnectionTrait,
    region: &str,
    now: Timestamp,
) -> Result<Option<ActivePolicy>> {
    let row = query_one(
        connection,
        "read an active policy",
        "select * from active_policy where region = $1 and since <= $2 order by since desc, ordinal desc limit 1",
        [region.into(), now.into()],
    )
    .await?;
    row.map(|row| decode(&row)).transpose()
}

/// The last activation of a handbook, wherever it was.
pub async fn of_handbook(connection: &impl ConnectionTrait, hash: &str) -> Result<Option<ActivePolicy>> {
    let row = query_one(
        connection,
        "read a handbook's activation",
        "select * from active_policy where handbook_hash = $1 order by ordinal desc limit 1",
        [hash.into()],
    )
    .await?;
    row.map(|row| decode(&row)).transpose()
}

fn decode(row: &QueryResult) -> Result<ActivePolicy> {
    Ok(ActivePolicy {
        region: column(row, "region")?,
        policy: types::Policy {
            handbook_id: column(row, "handbook_id")?,
            handbook_version: column(row, "handbook_version")?,
            handbook_hash: column(row, "handbook_hash")?,
            calendar_id: column(row, "calendar_id")?,
            calendar_hash: column(row, "calendar_hash")?,
        },
        activated_at: column(row, "activated_at")?,
    })
}
