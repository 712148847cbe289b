//! `redress deadlines`

use clap::Args;
use serde_json::{Value, json};

use super::{
    Failure, case,
    connection::Connection,
    values::{Zone, text, word},
};
use crate::{contract::SERVICES, output, suite};

/// Deadlines of all services, earliest first; or how one comes about.
#[derive(Args)]
pub(super) struct Deadlines {
    /// Only this service's.
    #[arg(long)]
    service: Option<String>,
    /// Only this case's: its number or id.
    #[arg(long)]
    case: Option<String>,
    /// Only this kind, such as `first_response`.
    #[arg(long)]
    kind: Option<String>,
    /// Only these states: pending, paused, met, missed, cancelled.
    #[arg(long, value_name = "STATE")]
    only: Vec<String>,
    /// Only those that fall due before this time, RFC 3339.
    #[arg(long, value_name = "TIME")]
    due_before: Option<String>,
    /// Explain the deadline with this id: what counted, and what did not.
    #[arg(long, value_name = "DEADLINE_ID")]
    explain: Option<String>,
    /// At most so many of each service.
    #[arg(long, default_value_t = 200)]
    limit: usize,
    #[command(flatten)]
    zone: Zone,
    #[command(flatten)]
    connection: Connection,
}

impl Deadlines {
    pub(super) async fn run(self, as_json: bool) -> Result<(), Failure> {
        let services: Vec<&str> = match self.service.as_deref() {
            Some(service) if suite::is_service(service) => vec![service],
            Some(service) => return Err(Failure::Usage(format!("there is no service `{service}`"))),
            None => SERVICES.to_vec(),
        };
        if let Some(deadline_id) = &self.explain {
            return self.explain(&services, deadline_id, as_json).await;
        }
        let states: Vec<_> =
            self.only.iter().map(|state| format!("DEADLINE_STATE_{}", state.to_ascii_uppercase())).collect();
        let mut body = json!({ "states": states, "kind": self.kind.clone().unwrap_or_default() });
        if let Some(case) = &self.case {
            body["case_id"] = case::id_of(&self.connection, case).await?;
        }
        if let Some(time) = &self.due_before {
            body["due_before"] = json!(time);
        }
        let mut deadlines = Vec::new();
        for service in services {
            let method = "redress.deadlines.v1.DeadlineService/ListDeadlines";
            deadlines
                .extend(self.connection.list(service, method, body.clone(), "deadlines", self.limit).await?);
        }
        deadlines.sort_by_key(|deadline| (deadline["due_time"].is_null(), text(&deadline["due_time"])));
        if as_json {
            output::json(&json!({ "deadlines": deadlines }));
        } else {
            output::line(&table(&deadlines, self.zone));
        }
        Ok(())
    }

    async fn explain(&self, services: &[&str], deadline_id: &str, as_json: bool) -> Result<(), Failure> {
        let mut refused = None;
        for service in services {
            let body = json!({ "deadline_id": deadline_id });
            let method = "redress.deadlines.v1.DeadlineService/ExplainDeadline";
            let answer = match self.connection.ask(service, "supervision", method, body).await {
                Err(Failure::Refused(refusal)) if refusal.code == "NOT_FOUND" => {
                    refused = Some(refusal);
                    continue;
                }
                other => other?,
            };
            if as_json {
                output::json(&answer);
                return Ok(());
            }
            output::line(&table(std::slice::from_ref(&answer["deadline"]), self.zone));
            for line in answer["lines"].as_array().into_iter().flatten() {
                output::line(&format!(
                    "{}  {:<10}  {}",
                    text(&line["date"]),
                    text(&line["counted"]),
                    text(&line["text"])
                ));
            }
            return Ok(());
        }
        Err(refused.map_or_else(|| Failure::Usage("asked no service".to_owned()), Failure::Refused))
    }
}

/// Deadlines as a table.
pub(super) fn table(deadlines: &[Value], zone: Zone) -> String {
    let cells = |deadline: &Value| {
        vec![
            word(&deadline["state"], "DEADLINE_STATE"),
            text(&deadline["kind"]),
            word(&deadline["basis"], "DEADLINE_BASIS"),
            text(&deadline["limit"]),
            zone.show(&deadline["start_time"]),
            zone.show(&deadline["due_time"]),
            zone.show(&deadline["done_time"]),
            text(&deadline["rule"]["cite"]),
            text(&deadline["service"]),
            text(&deadline["deadline_id"]),
        ]
    };
    let rows: Vec<_> = deadlines.iter().map(cells).collect();
    output::table(
        &["state", "kind", "basis", "limit", "start", "due", "done", "clause", "service", "id"],
        &rows,
    )
}
