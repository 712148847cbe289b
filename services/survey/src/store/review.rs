//! Reviews by region and month.

use redress_storage::{
    AggregateRow, Result, Transaction,
    transaction::{query_all, query_one},
};
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use crate::{
    domain::{month::Month, review::Review},
    store::column,
};

/// Writes the row of a review.
pub(crate) async fn store(transaction: &Transaction, row: &AggregateRow, review: &Review) -> Result<()> {
    transaction
        .execute(
            "store a review's row",
            "insert into review (review_id, region, month, published, publish_due_at) values ($1, $2, $3, $4, $5)
             on conflict (review_id) do update set published = $4, publish_due_at = $5",
            [
                row.id.into(),
                row.region.as_str().into(),
                review.month.to_string().into(),
                review.published.is_some().into(),
                review.publish_due_at.into(),
            ],
        )
        .await?;
    Ok(())
}

/// Whether there is this review.
pub(crate) async fn exists(transaction: &Transaction, review_id: Uuid) -> Result<bool> {
    let sql = "select 1 as found from review where review_id = $1";
    Ok(transaction.one("look for a review", sql, [review_id.into()]).await?.is_some())
}

/// The review whose rules hold for a month in a region: its own, else that of the last month before it, else the first.
pub(crate) async fn ruling(
    connection: &impl ConnectionTrait,
    region: &str,
    month: Month,
) -> Result<Option<Uuid>> {
    let sql = "select review_id from review where region = $1
                order by (month <= $2) desc, case when month <= $2 then month end desc, month limit 1";
    let row = query_one(connection, "find a review", sql, [region.into(), month.to_string().into()]).await?;
    row.map(|row| column(&row, "review_id")).transpose()
}

/// The regions that have reviews. An enterprise has few.
pub(crate) async fn regions(connection: &impl ConnectionTrait) -> Result<Vec<String>> {
    let sql = "select distinct region from review order by region limit 1000";
    let rows = query_all(connection, "list regions", sql, []).await?;
    rows.iter().map(|row| column(row, "region")).collect()
}

/// Reviews of a region that are not published, of `month` and later or without a time of publication.
pub(crate) async fn to_move(transaction: &Transaction, region: &str, month: Month) -> Result<Vec<Uuid>> {
    let sql = "select review_id from review
                where region = $1 and not published and (month >= $2 or publish_due_at is null)
                order by month limit 1000";
    let rows = transaction.all("list open reviews", sql, [region.into(), month.to_string().into()]).await?;
    rows.iter().map(|row| column(row, "review_id")).collect()
}
