//! Who has to act on which case.

use async_trait::async_trait;
use redress_chassis::Aggregate;
use redress_domain::handbook::Priority;
use redress_storage::{
    AggregateRow, Result, Transaction, aggregate,
    sqlstate::classify,
    transaction::{query_all, query_one},
};
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::domain::case::Case;

#[async_trait]
impl Aggregate for Case {
    const KIND: &'static str = "triage";
    const NOT_FOUND: &'static str = "CASE_NOT_FOUND";

    async fn project(&self, transaction: &Transaction, row: &AggregateRow) -> Result<()> {
        let dispatch = self.dispatch.as_ref();
        let text = |text: Option<&str>| sea_orm::Value::from(text.unwrap_or_default());
        transaction
            .execute(
                "project the queue",
                "insert into queue (case_id, region, stage, priority, department, assignee, lead_roles, deliverable,
                                    due_at)
                 values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
                 on conflict (case_id) do update set stage = $3, priority = $4, department = $5, assignee = $6,
                                                     lead_roles = $7, deliverable = $8, due_at = $9",
                [
                    row.id.into(),
                    row.region.as_str().into(),
                    self.stage.as_str().into(),
                    rank(self.priority).into(),
                    text(dispatch.map(|dispatch| dispatch.department.as_str())),
                    text(dispatch.map(|dispatch| dispatch.assignee.as_str())),
                    json!(dispatch.map(|dispatch| dispatch.lead_roles.clone()).unwrap_or_default()).into(),
                    text(dispatch.map(|dispatch| dispatch.deliverable.as_str())),
                    dispatch.and_then(|dispatch| dispatch.due_at).into(),
                ],
            )
            .await?;
        Ok(())
    }
}

fn rank(priority: Priority) -> i16 {
    match priority {
        Priority::General => 1,
        Priority::Important => 2,
        Priority::Urgent => 3,
    }
}

/// A filter for [`list`]; what is empty does not filter.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    pub(crate) department: String,
    /// A leading role, as in tokens.
    pub(crate) role: String,
    pub(crate) assignee: String,
    pub(crate) priority: Option<Priority>,
    pub(crate) stages: Vec<&'static str>,
    pub(crate) regions: Vec<String>,
}

/// Cases of the queue, most urgent first, then by due time; each with the id of its dispatch's deadline.
pub(crate) async fn list(
    connection: &impl ConnectionTrait,
    filter: &Filter,
    offset: i64,
    limit: i64,
) -> Result<Vec<(AggregateRow, Option<Uuid>)>> {
    let rows = query_all(
        connection,
        "list the queue",
        include_str!("sql/list_queue.sql"),
        [
            filter.department.as_str().into(),
            filter.role.as_str().into(),
            filter.assignee.as_str().into(),
            filter.priority.map(rank).into(),
            Value::from(filter.stages.clone()).into(),
            Value::from(filter.regions.clone()).into(),
            offset.into(),
            limit.into(),
        ],
    )
    .await?;
    rows.iter()
        .map(|row| {
            let deadline =
                row.try_get("", "deadline_id").map_err(|error| classify("list the queue", error))?;
            Ok((aggregate::decode(row)?, deadline))
        })
        .collect()
}

/// The deadline of a case's dispatch: the pending one of that name, else the latest.
pub(crate) async fn deadline_of(
    connection: &impl ConnectionTrait,
    case_id: Uuid,
    deliverable: &str,
) -> Result<Option<Uuid>> {
    let row = query_one(
        connection,
        "find a dispatch's deadline",
        "select id from deadline where aggregate_kind = 'triage' and aggregate_id = $1 and name = $2
          order by (state = 'pending') desc, starts_at desc, id desc limit 1",
        [case_id.into(), deliverable.into()],
    )
    .await?;
    row.map(|row| row.try_get("", "id").map_err(|error| classify("find a dispatch's deadline", error)))
        .transpose()
}
