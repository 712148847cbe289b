//! Cases by what people ask for.

use redress_domain::{Timestamp, handbook::IncidentKey};
use redress_storage::{Result, Transaction, transaction::query_one};
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use crate::{domain::case::Case, store::column};

/// Writes the row of a case.
pub async fn store(transaction: &Transaction, case_id: Uuid, case: &Case) -> Result<()> {
    let order = case.order.known();
    transaction
        .execute(
            "index a case",
            "insert into case_index (case_id, case_number, region, person_ref, external_id, waybill_no, batch, line,
                                     problem_type, received_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
             on conflict (case_id) do update set person_ref = $4, waybill_no = $6, batch = $7, line = $8,
                                                 problem_type = $9",
            [
                case_id.into(),
                case.number.to_string().into(),
                case.region.as_str().into(),
                case.person_ref.as_str().into(),
                case.external_id.as_str().into(),
                case.waybill_no.as_str().into(),
                order.map_or("", |order| order.batch.as_str()).into(),
                order.map_or("", |order| order.line.as_str()).into(),
                case.problem_type.map_or("", |problem| problem.as_str()).into(),
                case.received_at.into(),
            ],
        )
        .await?;
    Ok(())
}

/// The case with this number.
pub async fn by_number(connection: &impl ConnectionTrait, number: &str) -> Result<Option<Uuid>> {
    let row = query_one(
        connection,
        "find a case by its number",
        "select case_id from case_index where case_number = $1",
        [number.into()],
    )
    .await?;
    row.map(|row| column(&row, "case_id")).transpose()
}

/// How many complaints of a person were received at or after `since`.
pub async fn complaints_of(
    connection: &impl ConnectionTrait,
    person_ref: &str,
    since: Timestamp,
) -> Result<i64> {
    let row = query_one(
        connection,
        "count a person's complaints",
        "select count(*) as n from case_index where person_ref = $1 and received_at >= $2",
        [person_ref.into(), since.into()],
    )
    .await?;
    row.map_or(Ok(0), |row| column(&row, "n"))
}

/// How many people other than `person_ref` complained of the same problem on the same batch or line at or after
/// `since`.
pub async fn people_affected(
    connection: &impl ConnectionTrait,
    region: &str,
    (key, value): (IncidentKey, &str),
    problem_type: &str,
    person_ref: &str,
    since: Timestamp,
) -> Result<i64> {
    let sql = match key {
        IncidentKey::Batch => {
            "select count(distinct person_ref) as n from case_index
              where region = $1 and batch = $2 and received_at >= $3 and problem_type = $4
                and person_ref not in ('', $5)"
        }
        IncidentKey::Line => {
            "select count(distinct person_ref) as n from case_index
              where region = $1 and line = $2 and received_at >= $3 and problem_type = $4
                and person_ref not in ('', $5)"
        }
    };
    let values = [region.into(), value.into(), since.into(), problem_type.into(), person_ref.into()];
    let row = query_one(connection, "count people of an incident", sql, values).await?;
    row.map_or(Ok(0), |row| column(&row, "n"))
}
