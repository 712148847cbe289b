//! `redress import`

use std::{
    fs::File,
    io::{BufRead, BufReader, Write as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, anyhow};
use clap::Args;
use flate2::read::GzDecoder;
use redress_connectors::{
    ComplaintRow, ConnectorSettings, Order,
    mapping::{Judged, Mapping, Problem, Verdict},
};
use redress_domain::SystemClock;
use serde_json::{Value, json};

use super::{Failure, connection::Connection};
use crate::{
    contract::{Answer, Fields, Method, message_to_json},
    import, output,
};

/// Read orders or complaints from JSON Lines, through a mapping file. Importing the same again changes nothing.
#[derive(Args)]
#[command(
    after_help = "The mapping's `target` says what the rows are: orders go to the file-backed order system, complaints to \
                        intake.\nEvery row ends in a verdict: accepted, repeated, refused with its reasons, or passed over \
                        by the mapping's own conditions. --json prints them all, otherwise the refused ones are printed; \
                        then the sums.\nExit code 1 when rows were refused; the others are imported all the same.\n\n\
                        Examples:\n  \
                        redress import orders.jsonl.gz --mapping deploy/connectors/olist-orders.toml\n  \
                        redress import orders.jsonl.gz --mapping deploy/connectors/olist-complaints.toml --source olist --dry-run"
)]
pub(super) struct Import {
    /// The rows, one JSON object a line; `.gz` is unpacked.
    file: PathBuf,
    /// The mapping file; `deploy/connectors/README.md` tells how to write one.
    #[arg(long, value_name = "FILE")]
    mapping: PathBuf,
    /// Name of the source, for complaints: rows are known again by it and their own id. Without it the file's name.
    #[arg(long)]
    source: Option<String>,
    /// Region of complaints that name none. Without it the only region that has a handbook.
    #[arg(long)]
    region: Option<String>,
    /// Only judge.
    #[arg(long)]
    dry_run: bool,
    /// Stop after so many rows.
    #[arg(long)]
    limit: Option<usize>,
    /// Write every row's verdict to this file, as JSON Lines.
    #[arg(long, value_name = "FILE")]
    verdicts: Option<PathBuf>,
    /// Directory of the order system, for orders; without it that of the running `redress up`.
    #[arg(long, value_name = "DIRECTORY")]
    connectors: Option<PathBuf>,
    #[command(flatten)]
    connection: Connection,
}

/// How many rows ended how.
#[derive(Debug, Default)]
struct Tally {
    accepted: usize,
    repeated: usize,
    refused: usize,
    passed_over: usize,
    noted: usize,
}

/// Complaints sent in one stream.
const CHUNK: usize = 500;

/// The verdicts, as they come.
#[derive(Default)]
struct Verdicts {
    file: Option<File>,
    all: Vec<Value>,
}

impl Verdicts {
    fn add(&mut self, verdict: Value) -> Result<(), Failure> {
        if let Some(file) = &mut self.file {
            writeln!(file, "{verdict}")?;
        }
        self.all.push(verdict);
        Ok(())
    }

    /// The refused rows, a line each.
    fn refusals(&self) -> impl Iterator<Item = String> {
        let refused = self.all.iter().filter(|verdict| verdict["verdict"] == "refused");
        refused.map(|verdict| {
            let reasons: Vec<&str> =
                verdict["problems"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            format!(
                "line {}, element {}: refused: {}",
                verdict["line"],
                verdict["element"],
                reasons.join("; ")
            )
        })
    }
}

impl Import {
    pub(super) async fn run(self, as_json: bool) -> Result<(), Failure> {
        let text = std::fs::read_to_string(&self.mapping)
            .map_err(|error| Failure::Usage(format!("cannot read {}: {error}", self.mapping.display())))?;
        let name = self.mapping.display().to_string();
        let mut verdicts = Verdicts::default();
        if let Some(path) = &self.verdicts {
            verdicts.file =
                Some(File::create(path).with_context(|| format!("cannot write {}", path.display()))?);
        }
        let usage = |error: redress_connectors::mapping::MappingError| Failure::Usage(error.to_string());
        let mut tally = Tally::default();
        let (what, end) = match import::target(&text).as_deref() {
            Some("order") => {
                let rows = self.judge(&Mapping::<Order>::parse(&name, &text).map_err(usage)?)?;
                ("orders", self.orders(rows, &mut verdicts, &mut tally).await)
            }
            Some("complaint") => {
                let rows = self.judge(&Mapping::<ComplaintRow>::parse(&name, &text).map_err(usage)?)?;
                ("complaints", self.complaints(rows, &mut verdicts, &mut tally).await)
            }
            _ => return Err(Failure::Usage(format!("{name}: `target` must be \"order\" or \"complaint\""))),
        };
        // What has been done is told also when the rest could not be.
        verdicts.all.sort_by_key(|verdict| (verdict["line"].as_u64(), verdict["element"].as_u64()));
        if as_json {
            output::json(&json!({
                "target": what, "dry_run": self.dry_run, "accepted": tally.accepted, "repeated": tally.repeated,
                "refused": tally.refused, "passed_over": tally.passed_over, "with_notes": tally.noted,
                "verdicts": verdicts.all,
            }));
        } else {
            verdicts.refusals().for_each(|refusal| output::line(&refusal));
            let dry = if self.dry_run { " (dry run)" } else { "" };
            output::line(&format!(
                "{what}{dry}: {} accepted ({} with notes), {} repeated, {} refused, {} passed over",
                tally.accepted, tally.noted, tally.repeated, tally.refused, tally.passed_over
            ));
        }
        end?;
        if tally.refused == 0 { Ok(()) } else { Err(Failure::Reported) }
    }

    fn judge<T: redress_connectors::mapping::Target>(
        &self,
        mapping: &Mapping<T>,
    ) -> Result<Vec<Judged<T>>, Failure> {
        let mut rows = Vec::new();
        for (index, line) in lines(&self.file)?.enumerate() {
            let line = line.with_context(|| format!("cannot read {}", self.file.display()))?;
            rows.extend(mapping.judge(u64::try_from(index).unwrap_or(u64::MAX).saturating_add(1), &line));
            if self.limit.is_some_and(|limit| rows.len() >= limit) {
                rows.truncate(self.limit.unwrap_or_default());
                break;
            }
        }
        Ok(rows)
    }

    async fn orders(
        &self,
        rows: Vec<Judged<Order>>,
        verdicts: &mut Verdicts,
        tally: &mut Tally,
    ) -> Result<(), Failure> {
        let (mut orders, mut sound) = (Vec::new(), Vec::new());
        for row in rows {
            let place = json!({ "line": row.line, "element": row.element });
            if let Some((order, mut verdict)) = tally.judged(row.verdict, place, verdicts)? {
                verdict["verdict"] = json!("accepted");
                verdict["waybill"] = json!(order.waybill);
                sound.push(verdict);
                orders.push(order);
            }
        }
        if self.dry_run {
            tally.accepted = orders.len();
            return sound.into_iter().try_for_each(|verdict| verdicts.add(verdict));
        }
        let directory = match &self.connectors {
            Some(directory) => directory.clone(),
            None => {
                self.connection.development()?.map(|development| development.connectors).ok_or_else(|| {
                    Failure::Usage(
                        "where is the order system? Say it with --connectors, or start `redress up`"
                            .to_owned(),
                    )
                })?
            }
        };
        let settings = ConnectorSettings { directory, ..ConnectorSettings::default() };
        let enterprise = crate::suite::open_enterprise(&settings, std::sync::Arc::new(SystemClock))?;
        let put =
            enterprise.orders.put(orders).await.map_err(|error| anyhow!("the order system: {error}"))?;
        tally.accepted = put.added + put.replaced;
        tally.repeated = put.unchanged;
        for (mut verdict, taken) in sound.into_iter().zip(put.taken) {
            if !taken {
                verdict["verdict"] = json!("repeated");
            }
            verdicts.add(verdict)?;
        }
        Ok(())
    }

    async fn complaints(
        &self,
        rows: Vec<Judged<ComplaintRow>>,
        verdicts: &mut Verdicts,
        tally: &mut Tally,
    ) -> Result<(), Failure> {
        let source = self
            .source
            .clone()
            .unwrap_or_else(|| self.file.file_name().unwrap_or_default().to_string_lossy().into_owned());
        let client = self.connection.client("intake", "integration").await?;
        let method =
            Method::find("redress.intake.v1.IntakeService/ImportComplaints").map_err(anyhow::Error::from)?;
        let mut sent = Vec::new();
        let mut bodies = Vec::new();
        for row in rows {
            let place = json!({ "line": row.line, "element": row.element });
            if let Some((row, verdict)) = tally.judged(row.verdict, place, verdicts)? {
                sent.push(verdict);
                let complaint = import::complaint(&source, self.region.as_deref(), &row);
                bodies.push(json!({ "row": { "row_number": sent.len(), "complaint": complaint } }));
            }
        }
        for chunk in bodies.chunks(CHUNK) {
            let mut stream = vec![json!({ "options": { "dry_run": self.dry_run, "source": source } })];
            stream.extend_from_slice(chunk);
            let Answer::Stream(answers) = client.call(&method, &stream).await? else {
                return Err(anyhow!("intake answers an import with one message").into());
            };
            for answer in &answers {
                let answer = message_to_json(answer, Fields::Set);
                let number = answer["row_number"].as_u64().and_then(|number| usize::try_from(number).ok());
                let place = number.and_then(|number| sent.get(number.checked_sub(1)?)).cloned();
                verdicts.add(tally.answered(&answer, place.unwrap_or_else(|| json!({}))))?;
            }
            output::progress(&format!(
                "{} of {}",
                tally.accepted + tally.repeated + tally.refused,
                bodies.len()
            ));
        }
        Ok(())
    }
}

impl Tally {
    /// Counts and records what the mapping refuses or passes over; gives what it accepts, with the beginning of its verdict.
    fn judged<T>(
        &mut self,
        judged: Verdict<T>,
        mut verdict: Value,
        verdicts: &mut Verdicts,
    ) -> Result<Option<(T, Value)>, Failure> {
        let texts =
            |problems: &[Problem]| json!(problems.iter().map(ToString::to_string).collect::<Vec<_>>());
        match judged {
            Verdict::Accepted { row, notes } => {
                if !notes.is_empty() {
                    self.noted += 1;
                    verdict["notes"] = texts(&notes);
                }
                return Ok(Some((row, verdict)));
            }
            Verdict::Refused { problems } => {
                self.refused += 1;
                verdict["verdict"] = json!("refused");
                verdict["problems"] = texts(&problems);
            }
            Verdict::PassedOver => {
                self.passed_over += 1;
                verdict["verdict"] = json!("passed_over");
            }
        }
        verdicts.add(verdict)?;
        Ok(None)
    }

    /// Counts what intake says of a row, and adds it to the row's verdict.
    fn answered(&mut self, answer: &Value, mut verdict: Value) -> Value {
        let (word, count) = match answer["verdict"].as_str().unwrap_or_default() {
            "IMPORT_VERDICT_ACCEPTED" | "IMPORT_VERDICT_ACCEPTABLE" => ("accepted", &mut self.accepted),
            "IMPORT_VERDICT_REPEATED" => ("repeated", &mut self.repeated),
            _ => ("refused", &mut self.refused),
        };
        *count += 1;
        verdict["verdict"] = json!(word);
        for field in ["case_id", "case_number", "missing_fields"] {
            if !answer[field].is_null() {
                verdict[field] = answer[field].clone();
            }
        }
        if word == "refused" {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let violations = answer["violations"].as_array().into_iter().flatten();
            let violations =
                violations.map(|fault| format!("{}: {}", text(&fault["field"]), text(&fault["description"])));
            let problems: Vec<String> = std::iter::once(text(&answer["reason"])).chain(violations).collect();
            verdict["problems"] = json!(problems);
        }
        verdict
    }
}

fn lines(path: &Path) -> Result<Box<dyn Iterator<Item = std::io::Result<String>>>, Failure> {
    let file = File::open(path)
        .map_err(|error| Failure::Usage(format!("cannot read {}: {error}", path.display())))?;
    if path.extension().is_some_and(|extension| extension == "gz") {
        return Ok(Box::new(BufReader::new(GzDecoder::new(file)).lines()));
    }
    Ok(Box::new(BufReader::new(file).lines()))
}
