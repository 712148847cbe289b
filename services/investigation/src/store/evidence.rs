//! To which case a piece of evidence belongs.

use async_trait::async_trait;
use redress_chassis::Aggregate;
use redress_storage::{AggregateRow, Result, Transaction, sqlstate::classify, transaction::query_one};
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::domain::case::Case;

#[async_trait]
impl Aggregate for Case {
    const KIND: &'static str = "investigation";
    const NOT_FOUND: &'static str = "CASE_NOT_FOUND";

    async fn project(&self, transaction: &Transaction, row: &AggregateRow) -> Result<()> {
        if self.evidence.is_empty() {
            return Ok(());
        }
        let rows: Vec<Value> = self
            .evidence
            .iter()
            .map(|evidence| json!({ "evidence_id": evidence.id, "sha256": evidence.file.sha256 }))
            .collect();
        transaction
            .execute(
                "project evidence",
                "insert into evidence (evidence_id, case_id, sha256)
                 select e.evidence_id, $1, e.sha256
                   from jsonb_to_recordset($2) as e (evidence_id uuid, sha256 text)
                     on conflict (evidence_id) do nothing",
                [row.id.into(), Value::Array(rows).into()],
            )
            .await?;
        Ok(())
    }
}

/// The case of a piece of evidence.
pub(crate) async fn case_of(connection: &impl ConnectionTrait, evidence_id: Uuid) -> Result<Option<Uuid>> {
    let row = query_one(
        connection,
        "find evidence",
        "select case_id from evidence where evidence_id = $1",
        [evidence_id.into()],
    )
    .await?;
    row.map(|row| row.try_get("", "case_id").map_err(|error| classify("find evidence", error))).transpose()
}
