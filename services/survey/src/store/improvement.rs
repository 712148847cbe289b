//! Improvements by due date and month.

use redress_chassis::{Loaded, unit::decode};
use redress_storage::{AggregateRow, Result, Transaction, aggregate, transaction::query_all};
use sea_orm::{ConnectionTrait, Value};

use crate::domain::improvement::Improvement;

/// A filter; what is empty does not filter.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    pub(crate) regions: Vec<String>,
    pub(crate) month: String,
    pub(crate) states: Vec<&'static str>,
    pub(crate) owner_department: String,
}

/// As stored.
pub(crate) const PLANNED: &str = "planned";
/// As stored.
pub(crate) const COMPLETED: &str = "completed";

/// Writes the row of an improvement.
pub(crate) async fn store(
    transaction: &Transaction,
    row: &AggregateRow,
    improvement: &Improvement,
) -> Result<()> {
    let state = if improvement.completion.is_some() { COMPLETED } else { PLANNED };
    transaction
        .execute(
            "store an improvement's row",
            "insert into improvement (improvement_id, region, month, state, owner_department, due_at)
             values ($1, $2, $3, $4, $5, $6) on conflict (improvement_id) do update set state = $4",
            [
                row.id.into(),
                row.region.as_str().into(),
                improvement.month.to_string().into(),
                state.into(),
                improvement.plan.owner_department.as_str().into(),
                improvement.plan.due_at.into(),
            ],
        )
        .await?;
    Ok(())
}

/// Improvements, those that fall due first before the others.
pub(crate) async fn list(
    connection: &impl ConnectionTrait,
    filter: &Filter,
    offset: i64,
    limit: i64,
) -> redress_chassis::Result<Vec<Loaded<Improvement>>> {
    let states: Vec<String> = filter.states.iter().map(|state| (*state).to_owned()).collect();
    let values: [Value; 6] = [
        serde_json::json!(filter.regions).into(),
        filter.month.as_str().into(),
        serde_json::json!(states).into(),
        filter.owner_department.as_str().into(),
        offset.into(),
        limit.into(),
    ];
    let rows =
        query_all(connection, "list improvements", include_str!("sql/list_improvements.sql"), values).await?;
    rows.iter().map(|row| decode(aggregate::decode(row)?)).collect()
}
