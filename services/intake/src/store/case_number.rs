//! Draws case numbers. One sequence counts all days, so nobody waits for a number; a day's numbers begin at its base.

use chrono::NaiveDate;
use redress_chassis::{Failure, Result};
use redress_domain::{CaseNumber, Rejection};
use redress_storage::transaction::query_one;
use sea_orm::ConnectionTrait;

use crate::store::column;

/// The next number of the local `day`. A number that is drawn and not used leaves a gap.
pub async fn draw(connection: &impl ConnectionTrait, day: NaiveDate) -> Result<CaseNumber> {
    // Twice at most: only who draws just before another writes the day's base gets a number below it.
    for _ in 0..8 {
        let row = query_one(
            connection,
            "draw a case number",
            include_str!("sql/draw_case_number.sql"),
            [day.into()],
        )
        .await?
        .ok_or_else(|| Failure::Internal(anyhow::anyhow!("drawing a case number returned nothing")))?;
        let sequence: i64 = column(&row, "sequence")?;
        if sequence > 0 {
            let out_of_range = || {
                Rejection::precondition("LIMIT_EXCEEDED", format!("no case numbers are left for {day}"))
                    .with("day", day.to_string())
            };
            let sequence = u32::try_from(sequence).map_err(|_| out_of_range())?;
            return Ok(CaseNumber::new(day, sequence).map_err(|_| out_of_range())?);
        }
    }
    Err(Failure::Unavailable("case number".into()))
}
