//! `redress ledger`

use clap::Args;
use serde_json::{Value, json};

use super::{
    Failure,
    connection::Connection,
    values::{Zone, money, text, word},
};
use crate::output;

/// The complaint ledger (投诉处理台账): a row a case, latest registration first.
#[derive(Args)]
pub(super) struct Ledger {
    /// Only these regions.
    #[arg(long, value_name = "REGION")]
    region: Vec<String>,
    /// Only these states: open, refused, withdrawn, closed.
    #[arg(long, value_name = "STATE")]
    state_of_case: Vec<String>,
    /// Only these steps, such as offered or executing.
    #[arg(long, value_name = "STEP")]
    step: Vec<String>,
    /// Only these priorities: urgent, important, general.
    #[arg(long, value_name = "PRIORITY")]
    priority: Vec<String>,
    /// Only this waybill.
    #[arg(long)]
    waybill: Option<String>,
    /// Only cases whose next deadline falls due before this time, RFC 3339.
    #[arg(long, value_name = "TIME")]
    due_before: Option<String>,
    /// At most so many rows.
    #[arg(long, default_value_t = 50)]
    limit: usize,
    #[command(flatten)]
    zone: Zone,
    #[command(flatten)]
    connection: Connection,
}

impl Ledger {
    pub(super) async fn run(self, as_json: bool) -> Result<(), Failure> {
        let mut body = json!({
            "regions": self.region,
            "states": words(&self.state_of_case, "CASE_STATE"),
            "steps": words(&self.step, "CASE_STEP"),
            "priorities": words(&self.priority, "PRIORITY"),
        });
        if let Some(waybill) = &self.waybill {
            body["waybill_no"] = json!(waybill);
        }
        if let Some(time) = &self.due_before {
            body["due_before"] = json!(time);
        }
        let method = "redress.intake.v1.IntakeService/ListCases";
        let rows = self.connection.list("intake", method, body, "cases", self.limit).await?;
        if as_json {
            output::json(&json!({ "cases": rows }));
        } else {
            output::line(&table(&rows, self.zone));
        }
        Ok(())
    }
}

fn words(given: &[String], prefix: &str) -> Vec<String> {
    given.iter().map(|word| format!("{prefix}_{}", word.to_ascii_uppercase().replace('-', "_"))).collect()
}

/// Rows of the ledger as a table.
pub(super) fn table(rows: &[Value], zone: Zone) -> String {
    let cells = |row: &Value| {
        let owner = &row["owner"];
        let roles: Vec<_> = owner["roles"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|role| word(role, "ROLE").replace('_', "-"))
            .collect();
        let owner = [text(&owner["subject"]), text(&owner["department"]), roles.join("+")];
        let next = &row["next_deadline"];
        let due = zone.show(&next["due_time"]);
        vec![
            text(&row["case_number"]),
            word(&row["step"], "CASE_STEP"),
            word(&row["priority"], "PRIORITY"),
            text(&row["primary_sub_type"]),
            text(&row["waybill_no"]),
            owner.into_iter().find(|name| !name.is_empty()).unwrap_or_default(),
            if due.is_empty() { due } else { format!("{} {due}", text(&next["kind"])) },
            text(&row["missed_deadlines"]),
            money(&row["approved_amount"]),
            money(&row["paid_amount"]),
            zone.show(&row["received_time"]),
        ]
    };
    let rows: Vec<_> = rows.iter().map(cells).collect();
    let heads = [
        "case",
        "step",
        "priority",
        "type",
        "waybill",
        "owner",
        "next deadline",
        "missed",
        "approved",
        "paid",
        "received",
    ];
    output::table(&heads, &rows)
}
