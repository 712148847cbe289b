//! WatchCase: a case's ledger row and timeline as they change.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use redress_chassis::{Call, Result};
use redress_domain::{Rejection, RejectionKind};
use redress_proto::intake::v1 as pb;
use tokio::sync::{Semaphore, mpsc};
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;
use uuid::Uuid;

use crate::{
    Intake,
    app::ledger::{Timeline, case_to_read, row},
    grpc::{Answers, status},
    store,
};

/// Cases watched at once in this process: each watcher looks at the database again and again.
const WATCHERS: usize = 256;
/// How long a watcher waits for a hint before it looks by itself; other replicas' commits give none.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Messages that wait for a slow reader.
const QUEUE: usize = 16;

static FREE: Semaphore = Semaphore::const_new(WATCHERS);

/// Streams a case's row as it is, then a message for every event, until the caller or the server ends it.
pub async fn watch_case(
    app: Arc<Intake>,
    call: Call,
    request: pb::WatchCaseRequest,
) -> Result<Answers<pb::WatchCaseResponse>> {
    let case_id = case_to_read(&app, &call, &request.case_id).await?.id();
    let Ok(permit) = FREE.try_acquire() else {
        let full = format!("{WATCHERS} cases are being watched here already");
        return Err(Rejection::new(RejectionKind::Exhausted, "LIMIT_EXCEEDED", full).into());
    };
    // What is there now is told by the first row; entries begin after it.
    let mut watched = Watched { case_id, events: -1, seen: BTreeSet::new() };
    let first = watched.begin(&app).await?;
    let (sender, receiver) = mpsc::channel(QUEUE);
    tokio::spawn(async move {
        let _permit = permit;
        if sender.send(Ok(first)).await.is_err() {
            return;
        }
        if let Err(failure) = watched.follow(&app, &sender).await {
            // Nobody listens any more when this cannot be sent.
            let _ = sender.send(Err(status(failure))).await;
        }
    });
    Ok(Box::pin(ReceiverStream::new(receiver)))
}

struct Watched {
    case_id: Uuid,
    events: i64,
    seen: BTreeSet<(usize, i64)>,
}

impl Watched {
    async fn begin(&mut self, app: &Intake) -> Result<pb::WatchCaseResponse> {
        self.events = store::ledger::events(app.pool(), self.case_id).await?;
        self.seen = Timeline::read(app, self.case_id).await?.places().map(|(place, _)| place).collect();
        Ok(pb::WatchCaseResponse { ledger: row(app.pool(), self.case_id).await?, entry: None })
    }

    async fn follow(
        &mut self,
        app: &Intake,
        sender: &mpsc::Sender<std::result::Result<pb::WatchCaseResponse, Status>>,
    ) -> Result<()> {
        let hints = app.engine.hints();
        let mut commits = hints.log.subscribe();
        loop {
            // Marked before looking, so that a commit in between wakes us at once.
            commits.borrow_and_update();
            for message in self.news(app).await? {
                let sent = tokio::select! {
                    sent = sender.send(Ok(message)) => sent,
                    // Also while a slow reader keeps the queue full.
                    () = hints.stopping.cancelled() => return Ok(()),
                };
                if sent.is_err() {
                    return Ok(());
                }
            }
            tokio::select! {
                _ = commits.changed() => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
                () = sender.closed() => return Ok(()),
                () = hints.stopping.cancelled() => return Ok(()),
            }
        }
    }

    /// What happened since the last look. All of it comes with the row as it is now.
    async fn news(&mut self, app: &Intake) -> Result<Vec<pb::WatchCaseResponse>> {
        let events = store::ledger::events(app.pool(), self.case_id).await?;
        if events == self.events {
            return Ok(Vec::new());
        }
        let timeline = Timeline::read(app, self.case_id).await?;
        let ledger = row(app.pool(), self.case_id).await?;
        let fresh: Vec<_> = timeline.places().filter(|(place, _)| !self.seen.contains(place)).collect();
        let entries = timeline.entries(app, &fresh).await?;
        self.events = events;
        self.seen.extend(fresh.into_iter().map(|(place, _)| place));
        Ok(entries
            .into_iter()
            .map(|entry| pb::WatchCaseResponse { ledger: ledger.clone(), entry: Some(entry) })
            .collect())
    }
}
