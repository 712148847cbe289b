//! ImportComplaints: many complaints in a stream, a verdict for each, in their order.
//!
//! A row is registered as RegisterComplaint would, under a request id that the row itself determines: sent again, it is
//! found again. A bad row is a verdict; only what is no fault of a row ends the stream, and then importing again goes on
//! where it stopped.

use std::{
    collections::{BTreeSet, HashMap},
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures::StreamExt as _;
use redress_chassis::{Call, Failure, Result, grpc::validate};
use redress_domain::{Rejection, Violation};
use redress_proto::intake::v1::{self as pb, import_complaints_request::Content};
use tokio::sync::{mpsc, oneshot};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};
use tracing::Instrument as _;
use uuid::Uuid;

use crate::{
    Intake,
    app::{
        register_complaint::{judge, register},
        registration::prepare,
    },
    grpc::{Answers, status},
};

/// Rows in work at once. More only queue for the database's connections.
const AT_ONCE: usize = 8;
/// Verdicts that wait for a slow reader; then no further row is taken.
const QUEUE: usize = 32;
/// Attempts at a row while the database is busy or away, with a pause that doubles.
const ATTEMPTS: u32 = 6;
const FIRST_PAUSE: Duration = Duration::from_millis(50);

type Verdict = std::result::Result<pb::ImportComplaintsResponse, Status>;

/// Judges the rows of a stream, and registers them unless it is a dry run.
pub async fn import_complaints(
    app: Arc<Intake>,
    call: Call,
    rows: Streaming<pb::ImportComplaintsRequest>,
) -> Result<Answers<pb::ImportComplaintsResponse>> {
    let (sender, receiver) = mpsc::channel(QUEUE);
    let work = async move {
        let stopping = app.engine.hints().stopping.clone();
        tokio::select! {
            () = import(&app, call, rows, &sender) => {}
            () = stopping.cancelled() => {
                // Nobody may listen any more.
                let _ = sender.try_send(Err(status(Failure::Unavailable("intake, which is stopping".into()))));
            }
        }
    };
    tokio::spawn(work.in_current_span());
    Ok(Box::pin(ReceiverStream::new(receiver)))
}

async fn import(
    app: &Arc<Intake>,
    call: Call,
    mut rows: Streaming<pb::ImportComplaintsRequest>,
    sender: &mpsc::Sender<Verdict>,
) {
    let options = match rows.message().await {
        Ok(first) => options(first),
        Err(broken) => Err(broken),
    };
    let options = match options {
        Ok(options) => options,
        Err(refused) => {
            let _ = sender.send(Err(refused)).await;
            return;
        }
    };
    let importer = Arc::new(Importer { app: app.clone(), call, options, in_work: Mutex::default() });
    let mut verdicts = rows.map(|message| importer.begin(message)).buffered(AT_ONCE);
    while let Some(verdict) = verdicts.next().await {
        let ended = verdict.is_err();
        if sender.send(verdict).await.is_err() || ended {
            return;
        }
    }
}

fn options(first: Option<pb::ImportComplaintsRequest>) -> std::result::Result<pb::ImportOptions, Status> {
    let Some(Content::Options(options)) = first.and_then(|message| message.content) else {
        return Err(misplaced("the first message has to state the options"));
    };
    validate(&options).map_err(status)?;
    Ok(options)
}

fn misplaced(what: &str) -> Status {
    status(Rejection::invalid("IMPORT_OPTIONS_MISPLACED", "options", what).into())
}

struct Importer {
    app: Arc<Intake>,
    call: Call,
    options: pb::ImportOptions,
    /// The latest row in work of each request id; closed when it is done.
    in_work: Mutex<HashMap<String, oneshot::Receiver<()>>>,
}

impl Importer {
    /// Begins with the next message. A row goes on by itself, so that a slow reader never holds a transaction open.
    fn begin(
        self: &Arc<Self>,
        message: std::result::Result<pb::ImportComplaintsRequest, Status>,
    ) -> Pin<Box<dyn Future<Output = Verdict> + Send>> {
        let mut row = match message.map(|message| message.content) {
            Ok(Some(Content::Row(row))) => row,
            Ok(None) => pb::ImportRow::default(),
            Ok(Some(Content::Options(_))) => {
                return Box::pin(async { Err(misplaced("only the first message states options")) });
            }
            Err(broken) => return Box::pin(async { Err(broken) }),
        };
        let row_number = row.row_number;
        let complaint = row.complaint.get_or_insert_default();
        if complaint.request_id.is_empty() {
            complaint.request_id =
                request_id(&self.options.source, &complaint.external_id, row_number).to_string();
        }
        let (done, before) = self.take_turn(&complaint.request_id);
        let importer = self.clone();
        let work = async move {
            if let Some(before) = before {
                // Ends when the earlier row drops its end.
                let _ = before.await;
            }
            let verdict = importer.verdict(row).await;
            drop(done);
            verdict
        };
        let work = tokio::spawn(work.in_current_span());
        Box::pin(async move {
            // A row on which we failed is told as such; the next one is another row.
            let ended = |_| Ok(refused(row_number, "INTERNAL", Vec::new()));
            work.await.unwrap_or_else(ended)
        })
    }

    /// Rows of one request id go one after the other, so that the first of them counts. Gives what to drop when the row
    /// is done, and the row to wait for.
    fn take_turn(&self, request_id: &str) -> (oneshot::Sender<()>, Option<oneshot::Receiver<()>>) {
        let (done, wait) = oneshot::channel();
        let mut in_work = self.in_work.lock().unwrap_or_else(PoisonError::into_inner);
        in_work.retain(|_, row| !matches!(row.try_recv(), Err(oneshot::error::TryRecvError::Closed)));
        let before = in_work.insert(request_id.to_lowercase(), wait);
        (done, before)
    }

    async fn verdict(&self, row: pb::ImportRow) -> Verdict {
        let pb::ImportRow { row_number, complaint } = row;
        let complaint = complaint.unwrap_or_default();
        match self.faults(row_number, &complaint).await {
            Ok(faults) if faults.is_empty() => {}
            Ok(faults) => return Ok(refused(row_number, "INVALID_FIELDS", faults)),
            Err(failure) => return self.refuse(row_number, failure),
        }
        let mut pause = FIRST_PAUSE;
        for _ in 1..ATTEMPTS {
            match self.attempt(row_number, &complaint).await {
                Err(failure) if failure.may_pass() => tokio::time::sleep(pause).await,
                Err(failure) => return self.refuse(row_number, failure),
                Ok(verdict) => return Ok(verdict),
            }
            pause *= 2;
        }
        self.attempt(row_number, &complaint).await.or_else(|failure| self.refuse(row_number, failure))
    }

    /// What is beyond the limits of the contract, and then also what the rules of the region say, field by field.
    async fn faults(
        &self,
        row_number: i64,
        complaint: &pb::RegisterComplaintRequest,
    ) -> Result<Vec<pb::ImportViolation>> {
        let mut faults = violations("", beyond_limits(&pb::ImportRow { row_number, complaint: None })?);
        faults.extend(violations("complaint.", beyond_limits(complaint)?));
        if faults.is_empty() {
            return Ok(faults);
        }
        if let Err(Failure::Rejected(also)) = prepare(&self.app, &self.call, complaint).await {
            faults.extend(violations("complaint.", also.violations));
        }
        let mut told = BTreeSet::new();
        faults.retain(|fault| told.insert(fault.field.clone()));
        Ok(faults)
    }

    async fn attempt(
        &self,
        row_number: i64,
        complaint: &pb::RegisterComplaintRequest,
    ) -> Result<pb::ImportComplaintsResponse> {
        let mut verdict =
            pb::ImportComplaintsResponse { row_number, ..pb::ImportComplaintsResponse::default() };
        if self.options.dry_run {
            verdict.missing_fields = judge(&self.app, &self.call, complaint).await?;
            verdict.verdict = pb::ImportVerdict::Acceptable.into();
            return Ok(verdict);
        }
        let registered = register(&self.app, &self.call, complaint, true).await?;
        verdict.verdict =
            if registered.repeated { pb::ImportVerdict::Repeated } else { pb::ImportVerdict::Accepted }
                .into();
        verdict.case_id = registered.case.case_id;
        verdict.case_number = registered.case.case_number;
        verdict.missing_fields = registered.case.missing_fields;
        Ok(verdict)
    }

    /// The verdict on a row that cannot be registered. What may pass by itself is no fault of the row.
    fn refuse(&self, row_number: i64, failure: Failure) -> Verdict {
        match failure {
            Failure::Rejected(rejection) => {
                Ok(refused(row_number, rejection.reason, violations("complaint.", rejection.violations)))
            }
            failure if failure.may_pass() => Err(status(failure)),
            failure => {
                let error = format!("{:#}", anyhow::Error::new(failure));
                tracing::error!(source = self.options.source, row_number, error, "row of an import failed");
                Ok(refused(row_number, "INTERNAL", Vec::new()))
            }
        }
    }
}

fn refused(
    row_number: i64,
    reason: &str,
    violations: Vec<pb::ImportViolation>,
) -> pb::ImportComplaintsResponse {
    pb::ImportComplaintsResponse {
        row_number,
        verdict: pb::ImportVerdict::Refused.into(),
        reason: reason.to_owned(),
        violations,
        ..pb::ImportComplaintsResponse::default()
    }
}

/// What the contract's own limits refuse in a message.
fn beyond_limits<Q: prost::Message + prost::Name>(message: &Q) -> Result<Vec<Violation>> {
    match validate(message) {
        Ok(()) => Ok(Vec::new()),
        Err(Failure::Rejected(rejection)) => Ok(rejection.violations),
        Err(failure) => Err(failure),
    }
}

/// Violations with their field paths `within` the row.
fn violations(within: &str, found: Vec<Violation>) -> Vec<pb::ImportViolation> {
    let place = |violation: Violation| pb::ImportViolation {
        field: format!("{within}{}", violation.field),
        description: violation.description,
    };
    found.into_iter().map(place).collect()
}

/// The request id of a row whose sender gave none: the same for the same row of the same source, at every import.
fn request_id(source: &str, external_id: &str, row_number: i64) -> Uuid {
    let own = if external_id.is_empty() { format!("row {row_number}") } else { format!("id {external_id}") };
    let name = format!("redress import\n{source}\n{own}");
    Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_known_by_its_source_and_its_own_id() {
        let id = request_id("olist-reviews", "r-1", 7);
        assert_eq!(id, request_id("olist-reviews", "r-1", 8));
        assert_ne!(id, request_id("other", "r-1", 7));
        assert_ne!(request_id("olist-reviews", "", 7), request_id("olist-reviews", "", 8));
        // An external id that looks like a row number is another row.
        assert_ne!(request_id("olist-reviews", "", 7), request_id("olist-reviews", "7", 7));
    }
}
