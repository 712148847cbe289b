//! Table `approval`: the approvals by what people ask for.

use redress_proto::compensation::v1 as pb;
use redress_storage::{
    StorageError, Transaction,
    transaction::{query_all, query_one},
};
use sea_orm::{ConnectionTrait, QueryResult, TryGetable, Value};
use serde_json::json;
use uuid::Uuid;

use crate::domain::state::Approval;

/// Writes the approvals of a case.
pub(crate) async fn write(
    transaction: &Transaction,
    case_id: Uuid,
    region: &str,
    approvals: &[Approval],
) -> Result<(), StorageError> {
    if approvals.is_empty() {
        return Ok(());
    }
    let rows: Vec<serde_json::Value> = approvals
        .iter()
        .map(|approval| {
            json!({
                "approval_id": approval.id,
                "roles": approval.roles,
                "state": approval.state,
                "requested_at": approval.requested_at,
                "document": approval,
            })
        })
        .collect();
    transaction
        .execute(
            "write approvals",
            include_str!("sql/write_approvals.sql"),
            [case_id.into(), region.into(), serde_json::Value::Array(rows).into()],
        )
        .await?;
    Ok(())
}

/// The case of an approval, if there is such an approval.
pub(crate) async fn case_of(
    connection: &impl ConnectionTrait,
    approval_id: Uuid,
) -> Result<Option<Uuid>, StorageError> {
    let row = query_one(
        connection,
        "find an approval",
        "select case_id from approval where approval_id = $1",
        [approval_id.into()],
    )
    .await?;
    row.map(|row| get(&row, "case_id")).transpose()
}

/// What approvals are asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    /// Of this case.
    pub(crate) case_id: Option<Uuid>,
    /// That this role decides, by its name in tokens; empty for any.
    pub(crate) role: String,
    /// In these states.
    pub(crate) states: Vec<String>,
    /// In these regions; empty for all.
    pub(crate) regions: Vec<String>,
}

/// Approvals, the oldest first.
pub(crate) async fn list(
    connection: &impl ConnectionTrait,
    filter: &Filter,
    offset: i64,
    limit: i64,
) -> Result<Vec<pb::Approval>, StorageError> {
    let values: [Value; 6] = [
        filter.case_id.into(),
        filter.role.as_str().into(),
        json!(filter.states).into(),
        json!(filter.regions).into(),
        offset.into(),
        limit.into(),
    ];
    let rows =
        query_all(connection, "list approvals", include_str!("sql/list_approvals.sql"), values).await?;
    rows.iter()
        .map(|row| {
            let (case_id, region): (Uuid, String) = (get(row, "case_id")?, get(row, "region")?);
            let document: serde_json::Value = get(row, "document")?;
            let approval: Approval =
                serde_json::from_value(document).map_err(|error| StorageError::CorruptRow {
                    table: "approval",
                    row: case_id.to_string(),
                    detail: error.to_string(),
                })?;
            Ok(approval.wire(case_id, &region))
        })
        .collect()
}

fn get<T: TryGetable>(row: &QueryResult, column: &'static str) -> Result<T, StorageError> {
    row.try_get("", column).map_err(|error| StorageError::CorruptRow {
        table: "approval",
        row: String::new(),
        detail: format!("{column}: {error}"),
    })
}
