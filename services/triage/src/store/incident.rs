//! Incidents by what their cases share.

use async_trait::async_trait;
use redress_chassis::Aggregate;
use redress_storage::{
    AggregateRow, Result, Transaction, aggregate, sqlstate::classify, transaction::query_all,
};
use sea_orm::ConnectionTrait;
use serde_json::Value;
use uuid::Uuid;

use crate::domain::incident::{Incident, Key};

#[async_trait]
impl Aggregate for Incident {
    const KIND: &'static str = "incident";
    const NOT_FOUND: &'static str = "INCIDENT_NOT_FOUND";

    async fn project(&self, transaction: &Transaction, row: &AggregateRow) -> Result<()> {
        let latest = self.members.last().map_or(row.updated_at, |member| member.received_at);
        let sequence = i32::try_from(self.sequence).unwrap_or(i32::MAX);
        transaction
            .execute(
                "project an incident",
                "insert into incident (incident_id, region, sub_type, key, key_value, sequence, recognised, latest_at)
                 values ($1, $2, $3, $4, $5, $6, $7, $8)
                 on conflict (incident_id) do update set recognised = $7, latest_at = $8",
                [
                    row.id.into(),
                    self.key.region.as_str().into(),
                    self.key.sub_type.as_str().into(),
                    self.key.key.as_str().into(),
                    self.key.value.as_str().into(),
                    sequence.into(),
                    self.is_recognised().into(),
                    latest.into(),
                ],
            )
            .await?;
        Ok(())
    }
}

/// Makes others that look for this key wait until the transaction ends. A row cannot do that before it exists.
pub(crate) async fn lock(transaction: &Transaction, key: &Key) -> Result<()> {
    transaction
        .execute("lock an incident's key", "select pg_advisory_xact_lock($1)", [key.lock().into()])
        .await?;
    Ok(())
}

/// The newest incident of a key.
pub(crate) async fn latest(transaction: &Transaction, key: &Key) -> Result<Option<Uuid>> {
    let row = transaction
        .one(
            "find the latest incident",
            "select incident_id from incident
              where region = $1 and sub_type = $2 and key = $3 and key_value = $4
              order by sequence desc limit 1",
            [
                key.region.as_str().into(),
                key.sub_type.as_str().into(),
                key.key.as_str().into(),
                key.value.as_str().into(),
            ],
        )
        .await?;
    row.map(|row| row.try_get("", "incident_id").map_err(|error| classify("find the latest incident", error)))
        .transpose()
}

/// Incidents, latest first. Empty filters do not filter.
pub(crate) async fn list(
    connection: &impl ConnectionTrait,
    recognised: Option<bool>,
    regions: &[String],
    offset: i64,
    limit: i64,
) -> Result<Vec<AggregateRow>> {
    let rows = query_all(
        connection,
        "list incidents",
        "select a.* from incident i join aggregate a on a.kind = 'incident' and a.id = i.incident_id
          where ($1::boolean is null or i.recognised = $1) and ($2::jsonb = '[]' or $2::jsonb ? i.region)
          order by i.latest_at desc, i.incident_id offset $3 limit $4",
        [recognised.into(), Value::from(regions.to_vec()).into(), offset.into(), limit.into()],
    )
    .await?;
    rows.iter().map(aggregate::decode).collect()
}
