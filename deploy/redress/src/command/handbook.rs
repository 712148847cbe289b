//! `redress handbook`

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use redress_domain::{
    Clock, SystemClock,
    handbook::{self, Language, Priority},
};
use serde_json::{Value, json};

use super::{Failure, connection::Connection, values::text};
use crate::{
    output,
    shipped::{Document, Shelf},
};

/// Check handbooks, and look at them.
#[derive(Args)]
pub(super) struct Handbook {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    Check(Check),
    Show(Show),
}

/// Say everything that is wrong with handbook files, with line and column.
#[derive(Args)]
#[command(after_help = "Exit code 0 when all are good, 1 when one has a fault.")]
struct Check {
    /// The files.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

/// Print a handbook: a shipped one, or the one that is active in a region of the running suite.
#[derive(Args)]
struct Show {
    /// `id`, `id@version` or a file that ends in `.toml`. Without it: all that are shipped.
    name: Option<String>,
    /// The active one of this region of the running suite.
    #[arg(long, conflicts_with = "name")]
    region: Option<String>,
    /// The whole text rather than a summary.
    #[arg(long)]
    text: bool,
    #[command(flatten)]
    connection: Connection,
}

impl Handbook {
    pub(super) async fn run(self, as_json: bool) -> Result<(), Failure> {
        match self.verb {
            Verb::Check(check) => check.run(as_json),
            Verb::Show(show) => show.run(as_json).await,
        }
    }
}

impl Check {
    fn run(self, as_json: bool) -> Result<(), Failure> {
        let mut faults = false;
        let mut verdicts = Vec::new();
        for file in &self.files {
            let name = file.display().to_string();
            let document = Document::read(file).map_err(|error| Failure::Usage(format!("{error:#}")))?;
            match handbook::Handbook::parse(&name, &document.text) {
                Ok(handbook) => {
                    if !as_json {
                        output::line(&format!("{name}: {}@{} is in order", handbook.id, handbook.version));
                    }
                    verdicts.push(json!({
                        "file": name, "ok": true, "id": handbook.id, "version": handbook.version, "hash": handbook.hash(),
                    }));
                }
                Err(errors) => {
                    faults = true;
                    if !as_json {
                        output::line(&errors.to_string());
                    }
                    let problems: Vec<_> = errors
                        .problems
                        .iter()
                        .map(|problem| {
                            json!({
                                "line": problem.line, "column": problem.column,
                                "wrong": problem.wrong, "expected": problem.expected,
                            })
                        })
                        .collect();
                    verdicts.push(json!({ "file": name, "ok": false, "problems": problems }));
                }
            }
        }
        if as_json {
            output::json(&json!({ "handbooks": verdicts }));
        }
        if faults { Err(Failure::Reported) } else { Ok(()) }
    }
}

impl Show {
    async fn run(self, as_json: bool) -> Result<(), Failure> {
        let document = match (&self.name, &self.region) {
            (None, None) => return list(as_json),
            (_, Some(region)) => {
                let method = "redress.intake.v1.IntakeService/GetHandbook";
                let answer =
                    self.connection.ask("intake", "admin", method, json!({ "region": region })).await?;
                let text = |name: &str| answer[name].as_str().unwrap_or_default().to_owned();
                Document { file: text("handbook_file"), text: text("handbook_toml") }
            }
            (Some(name), None) => find(name)?,
        };
        if self.text && !as_json {
            output::line(document.text.trim_end());
            return Ok(());
        }
        let handbook = document.handbook()?;
        if as_json {
            let mut answer = summary(&handbook);
            if self.text {
                answer["text"] = json!(document.text);
            }
            output::json(&answer);
            return Ok(());
        }
        print(&handbook);
        Ok(())
    }
}

fn find(name: &str) -> Result<Document, Failure> {
    let path = Path::new(name);
    let found = if path.extension().is_some_and(|extension| extension == "toml") {
        Document::read(path)
    } else {
        Shelf::find().handbook(name, SystemClock.now().date_naive())
    };
    found.map_err(|error| Failure::Usage(format!("{error:#}")))
}

fn list(as_json: bool) -> Result<(), Failure> {
    let shelf = Shelf::find();
    let mut rows = Vec::new();
    let mut all = Vec::new();
    for id in shelf.ids() {
        for (_, document) in shelf.versions(&id)? {
            let handbook = document.handbook()?;
            rows.push(vec![
                handbook.id.clone(),
                handbook.version.clone(),
                handbook.effective_from.to_string(),
                title(&handbook, Language::ZhCn),
                title(&handbook, Language::En),
            ]);
            all.push(summary(&handbook));
        }
    }
    if as_json {
        output::json(&json!({ "handbooks": all }));
    } else {
        output::line(&output::table(&["id", "version", "from", "标题", "title"], &rows));
    }
    Ok(())
}

/// What a handbook sets: its deadlines, how cases are ranked, who approves how much.
fn summary(handbook: &handbook::Handbook) -> Value {
    let deadlines = handbook.deadlines.iter().map(|(kind, rule)| {
        let limit = |priority| rule.limit.value.get(priority).to_string();
        json!({
            "kind": kind.as_str(), "name": rule.name.get(Language::ZhCn), "basis": rule.basis.value,
            "cite": rule.cite.as_str(), "urgent": limit(Priority::Urgent), "important": limit(Priority::Important),
            "general": limit(Priority::General),
        })
    });
    let priorities = handbook.triage.priority_rules.iter().map(|rule| {
        json!({ "rule": rule.id.as_str(), "priority": rule.priority.as_str(), "cite": rule.cite.as_str() })
    });
    let rungs = handbook.resolution.rungs.iter().map(|rung| {
        json!({
            "rung": rung.id.as_str(), "role": rung.role.as_str(), "meeting": rung.meeting, "cite": rung.cite.as_str(),
            "above_minor": rung.above_minor.value, "up_to_minor": rung.up_to_minor.as_ref().map(|amount| amount.value),
        })
    });
    json!({
        "id": handbook.id,
        "version": handbook.version,
        "hash": handbook.hash(),
        "title": { "zh-CN": title(handbook, Language::ZhCn), "en": title(handbook, Language::En) },
        "effective_from": handbook.effective_from,
        "calendar": handbook.calendar,
        "currency": handbook.currency.code(),
        "deadlines": deadlines.collect::<Vec<_>>(),
        "priorities": priorities.collect::<Vec<_>>(),
        "rungs": rungs.collect::<Vec<_>>(),
    })
}

fn print(handbook: &handbook::Handbook) {
    let line = |name: &str, value: &str| output::line(&format!("{name:<14} {value}"));
    line("handbook", &format!("{}@{}", handbook.id, handbook.version));
    line("title", &format!("{} / {}", title(handbook, Language::ZhCn), title(handbook, Language::En)));
    line("in force from", &handbook.effective_from.to_string());
    line("calendar", &handbook.calendar);
    line("currency", handbook.currency.code());
    line("hash", handbook.hash());
    let summary = summary(handbook);
    let table = |list: &str, columns: &[&str]| {
        let rows: Vec<Vec<String>> = summary[list]
            .as_array()
            .into_iter()
            .flatten()
            .map(|row| columns.iter().map(|column| text(&row[column])).collect())
            .collect();
        output::line(&format!("\n{}", output::table(columns, &rows)));
    };
    table("deadlines", &["kind", "name", "urgent", "important", "general", "basis", "cite"]);
    table("priorities", &["rule", "priority", "cite"]);
    table("rungs", &["rung", "role", "above_minor", "up_to_minor", "meeting", "cite"]);
}

fn title(handbook: &handbook::Handbook, language: Language) -> String {
    handbook.title.get(language).to_owned()
}
