//! Surveys by case and by token, and the scores that customers gave.

use redress_storage::{AggregateRow, Result, Transaction, transaction::query_one};
use sea_orm::ConnectionTrait;
use serde_json::json;
use uuid::Uuid;

use crate::{domain::survey::Survey, store::column};

/// Writes the rows of a survey.
pub(crate) async fn store(transaction: &Transaction, row: &AggregateRow, survey: &Survey) -> Result<()> {
    let response = survey.response.as_ref();
    let responded_month = response.map(|response| response.month.to_string());
    let scores: Vec<_> = response
        .iter()
        .flat_map(|response| &response.answers)
        .map(|answer| json!({ "question_id": answer.question_id, "score": answer.score }))
        .collect();
    let follow_up_open = survey.follow_up.as_ref().is_some_and(|follow_up| follow_up.done_at.is_none());
    transaction
        .execute(
            "store a survey's rows",
            include_str!("sql/store_survey.sql"),
            [
                row.id.into(),
                survey.case_id.into(),
                i32::try_from(survey.round).unwrap_or(i32::MAX).into(),
                row.region.as_str().into(),
                survey.token_hash.as_str().into(),
                survey.sent_month.map(|month| month.to_string()).into(),
                responded_month.into(),
                follow_up_open.into(),
                serde_json::Value::Array(scores).into(),
            ],
        )
        .await?;
    Ok(())
}

/// The latest survey of a case.
pub(crate) async fn latest_of_case(connection: &impl ConnectionTrait, case_id: Uuid) -> Result<Option<Uuid>> {
    let sql = "select survey_id from survey where case_id = $1 order by round desc limit 1";
    let row = query_one(connection, "find a case's survey", sql, [case_id.into()]).await?;
    row.map(|row| column(&row, "survey_id")).transpose()
}

/// The survey that a token opens, by the token's hash.
pub(crate) async fn by_token_hash(connection: &impl ConnectionTrait, hash: &str) -> Result<Option<Uuid>> {
    let sql = "select survey_id from survey where token_hash = $1 and token_hash <> ''";
    let row = query_one(connection, "find a survey by its token", sql, [hash.into()]).await?;
    row.map(|row| column(&row, "survey_id")).transpose()
}

/// The surveys of a case whose low scores are still to be followed up.
pub(crate) async fn followed_up(transaction: &Transaction, case_id: Uuid) -> Result<Vec<Uuid>> {
    let sql = "select survey_id from survey where case_id = $1 and follow_up_open order by round limit 100";
    let rows = transaction.all("find open follow-ups", sql, [case_id.into()]).await?;
    rows.iter().map(|row| column(row, "survey_id")).collect()
}
