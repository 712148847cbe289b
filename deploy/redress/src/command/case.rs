//! `redress case`

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{
    Failure,
    connection::Connection,
    values::{Zone, actor, clauses, money, text, word},
};
use crate::{
    contract::{Method, SERVICES, mask},
    output,
};

/// Look at one case.
#[derive(Args)]
pub(super) struct Case {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// What is known of it, and where it stands.
    Show(Show),
    /// Everything that happened to it in all services, each line with clause and actor.
    Timeline(Timeline),
    /// Every decision on it with the rule, the version and the facts that made it.
    Explain(One),
}

#[derive(Args)]
struct Timeline {
    #[command(flatten)]
    one: One,
    /// Also the lines in which a service only takes note of what another did. --json has them always.
    #[arg(long)]
    all: bool,
}

#[derive(Args)]
struct Show {
    #[command(flatten)]
    one: One,
    /// Show personal data, which is masked otherwise.
    #[arg(long)]
    personal: bool,
}

#[derive(Args)]
pub(super) struct One {
    /// Case number, such as C261121-000427, or case id.
    case: String,
    #[command(flatten)]
    zone: Zone,
    #[command(flatten)]
    connection: Connection,
}

/// Entries of a case that are shown at most.
const ENTRIES_MAX: usize = 5_000;

impl Case {
    pub(super) async fn run(self, as_json: bool) -> Result<(), Failure> {
        match self.verb {
            Verb::Show(show) => show.run(as_json).await,
            Verb::Timeline(Timeline { one, all }) => {
                let entries = one.timeline().await?;
                if as_json {
                    output::json(&json!({ "entries": entries }));
                } else {
                    output::line(&timeline(&entries, one.zone, all));
                }
                Ok(())
            }
            Verb::Explain(one) => one.explain(as_json).await,
        }
    }
}

impl One {
    async fn get(&self) -> Result<Value, Failure> {
        get(&self.connection, &self.case).await
    }

    async fn timeline(&self) -> Result<Vec<Value>, Failure> {
        let body = json!({ "case_id": self.get().await?["case"]["case_id"] });
        self.connection
            .list("intake", "redress.intake.v1.IntakeService/ListTimeline", body, "entries", ENTRIES_MAX)
            .await
    }

    async fn explain(&self, as_json: bool) -> Result<(), Failure> {
        let case_id = self.get().await?["case"]["case_id"].clone();
        let mut decisions = Vec::new();
        for service in SERVICES {
            let name = format!("redress.{service}.v1.{}Service/ListDecisions", capitalised(service));
            let body = json!({ "case_id": case_id });
            match self.connection.list(service, &name, body, "decisions", ENTRIES_MAX).await {
                Ok(more) => decisions.extend(more),
                // A service that has not heard of the case has decided nothing on it.
                Err(Failure::Refused(refusal)) if refusal.code == "NOT_FOUND" => {}
                Err(failure) => return Err(failure),
            }
        }
        decisions.sort_by_key(|decision| text(&decision["decide_time"]));
        if as_json {
            output::json(&json!({ "decisions": decisions }));
            return Ok(());
        }
        for decision in &decisions {
            output::line(&explanation(decision, self.zone));
        }
        Ok(())
    }
}

/// A case by its number or id.
async fn get(connection: &Connection, case: &str) -> Result<Value, Failure> {
    let by = if uuid::Uuid::try_parse(case).is_ok() { "case_id" } else { "case_number" };
    connection
        .ask("intake", "supervision", "redress.intake.v1.IntakeService/GetCase", json!({ by: case }))
        .await
}

/// The id of a case that is given by number or id.
pub(super) async fn id_of(connection: &Connection, case: &str) -> Result<Value, Failure> {
    if uuid::Uuid::try_parse(case).is_ok() {
        return Ok(json!(case));
    }
    Ok(get(connection, case).await?["case"]["case_id"].take())
}

impl Show {
    async fn run(self, as_json: bool) -> Result<(), Failure> {
        let mut answer = self.one.get().await?;
        if !self.personal {
            let method =
                Method::find("redress.intake.v1.IntakeService/GetCase").map_err(anyhow::Error::from)?;
            mask(&mut answer, &method.output());
        }
        if as_json {
            output::json(&answer);
            return Ok(());
        }
        let (case, row, zone) = (&answer["case"], &answer["ledger"], self.one.zone);
        let line = |name: &str, value: String| {
            if !value.is_empty() {
                output::line(&format!("{name:<16} {value}"));
            }
        };
        line("case", format!("{}  {}", text(&case["case_number"]), text(&case["case_id"])));
        line("step", format!("{} ({})", word(&row["step"], "CASE_STEP"), word(&case["state"], "CASE_STATE")));
        line("priority", word(&row["priority"], "PRIORITY"));
        line("type", format!("{} / {}", word(&row["category"], "CATEGORY"), text(&row["primary_sub_type"])));
        line("channel", format!("{}, {}", word(&case["channel"], "CHANNEL"), text(&case["language"])));
        line("received", zone.show(&case["received_time"]));
        line("acknowledged", zone.show(&case["acknowledge_time"]));
        line(
            "closed",
            format!("{} {}", zone.show(&case["close_time"]), word(&case["closing_basis"], "CLOSING_BASIS"))
                .trim()
                .to_owned(),
        );
        line(
            "customer",
            format!("{} {}", text(&case["customer"]["name"]), text(&case["customer"]["phone"]))
                .trim()
                .to_owned(),
        );
        line(
            "waybill",
            format!("{} {}", text(&case["waybill_no"]), text(&case["order"]["line"])).trim().to_owned(),
        );
        line("narrative", text(&case["narrative"]));
        line("wants", word(&case["desired_solution"], "DESIRED_SOLUTION"));
        line("missing", list(&case["missing_fields"]));
        line("next deadline", deadline(&row["next_deadline"], zone));
        line("by law", deadline(&row["statutory_deadline"], zone));
        line("missed so far", text(&row["missed_deadlines"]));
        line("approved", money(&row["approved_amount"]));
        line("paid", money(&row["paid_amount"]));
        line("findings", word(&row["validity"], "VALIDITY"));
        line(
            "handbook",
            format!("{}@{}", text(&case["policy"]["handbook_id"]), text(&case["policy"]["handbook_version"])),
        );
        Ok(())
    }
}

fn list(value: &Value) -> String {
    value.as_array().into_iter().flatten().map(text).collect::<Vec<_>>().join(", ")
}

fn deadline(value: &Value, zone: Zone) -> String {
    let due = zone.show(&value["due_time"]);
    if due.is_empty() {
        due
    } else {
        format!("{} {due} ({})", text(&value["kind"]), text(&value["rule"]["cite"]))
    }
}

/// Events by which a service takes note of what another did: they explain a decision, and hide the story.
const NOTES: [&str; 4] = [
    "redress.investigation.v1.CaseNoted",
    "redress.investigation.v1.InvestigationAdjusted",
    "redress.compensation.v1.ResolutionContextChanged",
    "redress.survey.v1.CaseFiguresNoted",
];

/// A timeline, an entry a line.
pub(super) fn timeline(entries: &[Value], zone: Zone, all: bool) -> String {
    let shown = |entry: &&Value| all || !NOTES.contains(&entry["type"].as_str().unwrap_or_default());
    let row = |entry: &Value| {
        vec![
            zone.show(&entry["time"]),
            text(&entry["service"]),
            format!("{} {}", text(&entry["title"]["zh_cn"]), text(&entry["title"]["en"])).trim().to_owned(),
            word(&entry["step"], "CASE_STEP"),
            actor(&entry["actor"]),
            clauses(&entry["rules"]),
        ]
    };
    let rows: Vec<_> = entries.iter().filter(shown).map(row).collect();
    let table = output::table(&["time", "service", "what", "step", "actor", "clause"], &rows);
    match entries.len() - rows.len() {
        0 => table,
        hidden => format!("{table}\n({hidden} notes that services took of each other are not shown)"),
    }
}

fn explanation(decision: &Value, zone: Zone) -> String {
    let mut lines = vec![format!(
        "{}  {}: {} = {}  ({}; {}@{}; {})",
        zone.show(&decision["decide_time"]),
        text(&decision["service"]),
        text(&decision["question"]),
        text(&decision["outcome"]),
        clauses(&decision["rules"]),
        text(&decision["policy"]["handbook_id"]),
        text(&decision["policy"]["handbook_version"]),
        actor(&decision["actor"]),
    )];
    for rule in decision["rules"].as_array().into_iter().flatten() {
        lines.push(format!("    rule {}  {}", text(&rule["id"]), text(&rule["cite"])));
    }
    for fact in decision["facts"].as_array().into_iter().flatten() {
        lines.push(format!("    {} = {}", text(&fact["name"]), text(&fact["value"])));
    }
    lines.join("\n")
}

fn capitalised(service: &str) -> String {
    let mut letters = service.chars();
    letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
}
