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
    mapping::{Judged, Mapping, Verdict},
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
                        by the mapping's own conditions. Exit code 0 also when rows were refused.\n\nExamples:\n  \
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

impl Import {
    pub(super) async fn run(self, as_json: bool) -> Result<(), Failure> {
        let text = std::fs::read_to_string(&self.mapping)
            .map_err(|error| Failure::Usage(format!("cannot read {}: {error}", self.mapping.display())))?;
        let name = self.mapping.display().to_string();
        let mut verdicts = match &self.verdicts {
            Some(path) => {
                Some(File::create(path).with_context(|| format!("cannot write {}", path.display()))?)
            }
            None => None,
        };
        let mut record = |verdict: &Value| -> Result<(), Failure> {
            match &mut verdicts {
                Some(file) => Ok(writeln!(file, "{verdict}")?),
                None => Ok(()),
            }
        };
        let usage = |error: redress_connectors::mapping::MappingError| Failure::Usage(error.to_string());
        let (what, tally) = match import::target(&text).as_deref() {
            Some("order") => {
                let rows = self.judge(&Mapping::<Order>::parse(&name, &text).map_err(usage)?)?;
                ("orders", self.orders(rows, &mut record).await?)
            }
            Some("complaint") => {
                let rows = self.judge(&Mapping::<ComplaintRow>::parse(&name, &text).map_err(usage)?)?;
                ("complaints", self.complaints(rows, &mut record).await?)
            }
            _ => return Err(Failure::Usage(format!("{name}: `target` must be \"order\" or \"complaint\""))),
        };
        if as_json {
            output::json(&json!({
                "target": what, "dry_run": self.dry_run, "accepted": tally.accepted, "repeated": tally.repeated,
                "refused": tally.refused, "passed_over": tally.passed_over, "with_notes": tally.noted,
            }));
        } else {
            let dry = if self.dry_run { " (dry run)" } else { "" };
            output::line(&format!(
                "{what}{dry}: {} accepted ({} with notes), {} repeated, {} refused, {} passed over",
                tally.accepted, tally.noted, tally.repeated, tally.refused, tally.passed_over
            ));
        }
        Ok(())
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
        record: &mut impl FnMut(&Value) -> Result<(), Failure>,
    ) -> Result<Tally, Failure> {
        let mut tally = Tally::default();
        let mut orders = Vec::new();
        for row in rows {
            let place = json!({ "line": row.line, "element": row.element });
            if let Some((order, notes)) = tally.judged(row.verdict, place, record)? {
                record(&json!({ "verdict": "accepted", "waybill": order.waybill, "notes": notes }))?;
                orders.push(order);
            }
        }
        if self.dry_run {
            tally.accepted = orders.len();
            return Ok(tally);
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
        Ok(tally)
    }

    async fn complaints(
        &self,
        rows: Vec<Judged<ComplaintRow>>,
        record: &mut impl FnMut(&Value) -> Result<(), Failure>,
    ) -> Result<Tally, Failure> {
        let source = self
            .source
            .clone()
            .unwrap_or_else(|| self.file.file_name().unwrap_or_default().to_string_lossy().into_owned());
        let client = self.connection.client("intake", "integration").await?;
        let method =
            Method::find("redress.intake.v1.IntakeService/ImportComplaints").map_err(anyhow::Error::from)?;
        let mut tally = Tally::default();
        let mut bodies = Vec::new();
        for (index, row) in rows.into_iter().enumerate() {
            let place = json!({ "line": row.line, "element": row.element });
            if let Some((row, _)) = tally.judged(row.verdict, place, record)? {
                bodies.push(json!({ "row": { "row_number": index + 1, "complaint": import::complaint(&source, &row) } }));
            }
        }
        for chunk in bodies.chunks(CHUNK) {
            let mut stream = vec![json!({ "options": { "dry_run": self.dry_run, "source": source } })];
            stream.extend_from_slice(chunk);
            let Answer::Stream(answers) = client.call(&method, &stream).await? else { continue };
            for answer in &answers {
                let verdict = message_to_json(answer, Fields::Set);
                match verdict["verdict"].as_str().unwrap_or_default() {
                    "IMPORT_VERDICT_ACCEPTED" | "IMPORT_VERDICT_ACCEPTABLE" => tally.accepted += 1,
                    "IMPORT_VERDICT_REPEATED" => tally.repeated += 1,
                    _ => tally.refused += 1,
                }
                record(&verdict)?;
            }
            output::progress(&format!(
                "{} of {}",
                tally.accepted + tally.repeated + tally.refused,
                bodies.len()
            ));
        }
        Ok(tally)
    }
}

impl Tally {
    /// Counts and records what the mapping refuses or passes over; gives what it accepts, with its notes.
    fn judged<T>(
        &mut self,
        verdict: Verdict<T>,
        mut place: Value,
        record: &mut impl FnMut(&Value) -> Result<(), Failure>,
    ) -> Result<Option<(T, Vec<String>)>, Failure> {
        match verdict {
            Verdict::Accepted { row, notes } => {
                self.noted += usize::from(!notes.is_empty());
                Ok(Some((row, notes.iter().map(ToString::to_string).collect())))
            }
            Verdict::Refused { problems } => {
                self.refused += 1;
                place["verdict"] = json!("refused");
                place["problems"] = json!(problems.iter().map(ToString::to_string).collect::<Vec<_>>());
                record(&place)?;
                Ok(None)
            }
            Verdict::PassedOver => {
                self.passed_over += 1;
                Ok(None)
            }
        }
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
