//! What cases add to the months' figures, and what a month adds up to.

use redress_domain::handbook::Handbook;
use redress_storage::{AggregateRow, Result, StorageError, Transaction, transaction::query_one};
use sea_orm::ConnectionTrait;
use serde_json::Value;

use crate::{
    domain::{month::Month, report::Tally},
    store::column,
};

/// Writes the rows of a case.
pub(crate) async fn store(transaction: &Transaction, row: &AggregateRow) -> Result<()> {
    transaction
        .execute(
            "store a case's figures",
            include_str!("sql/store_case_figures.sql"),
            [row.id.into(), row.region.as_str().into(), row.state.clone().into()],
        )
        .await?;
    Ok(())
}

/// What a month in a region adds up to, of one moment. How long cases took is told for the priorities that the handbook
/// has a target for.
pub(crate) async fn tally(
    connection: &impl ConnectionTrait,
    region: &str,
    month: Month,
    book: &Handbook,
) -> Result<Tally> {
    let priorities: Vec<Value> =
        book.survey.review.targets.iter().map(|target| target.priority.as_str().into()).collect();
    let month = month.to_string();
    let values = [region.into(), month.as_str().into(), Value::Array(priorities).into()];
    let row = query_one(connection, "sum up a month", include_str!("sql/sum_up_month.sql"), values).await?;
    let Some(row) = row else { return Ok(Tally::default()) };
    let tally: Value = column(&row, "tally")?;
    serde_json::from_value(tally).map_err(|error| StorageError::CorruptRow {
        table: "case_figures",
        row: format!("{region}/{month}"),
        detail: error.to_string(),
    })
}
