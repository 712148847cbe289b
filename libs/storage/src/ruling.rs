//! Stored decisions: which rule, of which handbook, with which facts, decided what.

use redress_domain::{RuleRef, Ruling, Timestamp};
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use crate::{Result, Transaction, aggregate::get, transaction::query_all};

/// A ruling as stored.
#[derive(Clone, Debug)]
pub struct RulingRow {
    /// Event that it was stored with.
    pub event_id: Uuid,
    /// Order within that event.
    pub ordinal: i32,
    /// Business time.
    pub at: Timestamp,
    /// Handbook.
    pub handbook_hash: String,
    /// The ruling.
    pub ruling: Ruling,
}

/// Stores the rulings of one event.
pub async fn insert(
    transaction: &Transaction,
    event_id: Uuid,
    case_id: Option<Uuid>,
    at: Timestamp,
    handbook_hash: &str,
    rulings: &[Ruling],
) -> Result<()> {
    if rulings.is_empty() {
        return Ok(());
    }
    let rows = serde_json::to_value(rulings).unwrap_or_default();
    transaction
        .execute(
            "store rulings",
            "insert into ruling (event_id, ordinal, case_id, at, subject, rule_id, cite, handbook_hash, outcome, facts)
             select $1, row_number() over (), $2, $3, r.subject, r.rule->>'id', r.rule->>'cite', $4, r.outcome, r.facts
               from jsonb_to_recordset($5) as r (subject text, rule jsonb, outcome text, facts jsonb)",
            [event_id.into(), case_id.into(), at.into(), handbook_hash.into(), rows.into()],
        )
        .await?;
    Ok(())
}

/// The rulings of a case after (`at`, `event_id`, `ordinal`), oldest first, at most `limit`.
pub async fn of_case(
    connection: &impl ConnectionTrait,
    case_id: Uuid,
    offset: i64,
    limit: i64,
) -> Result<Vec<RulingRow>> {
    let rows = query_all(
        connection,
        "list rulings",
        "select * from ruling where case_id = $1 order by at, event_id, ordinal offset $2 limit $3",
        [case_id.into(), offset.into(), limit.into()],
    )
    .await?;
    rows.iter()
        .map(|row| {
            Ok(RulingRow {
                event_id: get(row, "event_id")?,
                ordinal: get(row, "ordinal")?,
                at: get(row, "at")?,
                handbook_hash: get(row, "handbook_hash")?,
                ruling: Ruling {
                    subject: get(row, "subject")?,
                    rule: RuleRef { id: get(row, "rule_id")?, cite: get(row, "cite")? },
                    outcome: get(row, "outcome")?,
                    facts: get(row, "facts")?,
                },
            })
        })
        .collect()
}
