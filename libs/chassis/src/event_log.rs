//! `EventLogService`: a service's log for the other services and the enterprise's own consumers.

use std::{collections::BTreeMap, pin::Pin, sync::Arc, time::Duration};

use futures::Stream;
use redress_domain::Rejection;
use redress_proto::eventlog::v1 as pb;
use redress_storage::{log, page_token, parked};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::{
    engine::{Begin, Engine},
    failure::{Failure, Result},
    grpc,
    reactor::Reactor,
    subscriber, wire,
};

/// Events of one partition in one message, at most.
const PER_PARTITION: i64 = 100;
/// How long a follower waits for a hint before it looks by itself; other replicas' commits give none.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Messages that wait for a slow reader.
const QUEUE: usize = 4;

/// Serves one service's log.
pub struct EventLog {
    engine: Engine,
    reactor: Arc<dyn Reactor>,
    stopping: CancellationToken,
}

impl std::fmt::Debug for EventLog {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("EventLog").finish_non_exhaustive()
    }
}

impl EventLog {
    /// Serves the log of `engine`'s service until `stopping`.
    pub fn new(engine: Engine, reactor: Arc<dyn Reactor>, stopping: CancellationToken) -> Self {
        Self { engine, reactor, stopping }
    }

    fn status(&self, failure: Failure) -> Status {
        failure.into_status(self.engine.service())
    }
}

struct Reading {
    engine: Engine,
    at: BTreeMap<i32, i64>,
    regions: Vec<String>,
    limit: i64,
}

impl Reading {
    /// What comes next, and whether there may be more of it already; none at the heads.
    async fn next(&mut self) -> Result<Option<(pb::SubscribeResponse, bool)>> {
        let pool = self.engine.database().pool();
        let (generation, events) = log::read_after(pool, self.engine.service(), &self.at, self.limit).await?;
        if events.is_empty() {
            return Ok(None);
        }
        let mut heads = BTreeMap::new();
        let mut read: BTreeMap<i32, i64> = BTreeMap::new();
        for event in &events {
            self.at.insert(event.position.partition, event.position.n);
            heads.insert(event.position.partition, event.position.n);
            *read.entry(event.position.partition).or_default() += 1;
        }
        let more = read.into_values().any(|events| events >= self.limit);
        let seen = |region: &String| self.regions.is_empty() || self.regions.contains(region);
        let message = pb::SubscribeResponse {
            generation,
            events: events.iter().filter(|event| seen(&event.event.region)).map(wire::to_wire).collect(),
            heads: heads.into_iter().map(|(partition, n)| pb::PartitionPosition { partition, n }).collect(),
        };
        Ok(Some((message, more)))
    }
}

#[tonic::async_trait]
impl pb::event_log_service_server::EventLogService for EventLog {
    type SubscribeStream =
        Pin<Box<dyn Stream<Item = std::result::Result<pb::SubscribeResponse, Status>> + Send>>;

    async fn subscribe(
        &self,
        request: Request<pb::SubscribeRequest>,
    ) -> std::result::Result<Response<Self::SubscribeStream>, Status> {
        let (call, request) = grpc::accept(request).map_err(|failure| self.status(failure))?;
        let generation = log::generation(self.engine.database().pool())
            .await
            .map_err(|error| self.status(error.into()))?;
        if request.generation != 0 && request.generation != generation {
            return Err(self.status(
                Rejection::precondition(
                    "LOG_GENERATION_CHANGED",
                    format!(
                        "the log is of generation `{generation}`, not `{}`; reconcile first",
                        request.generation
                    ),
                )
                .with("generation", generation.to_string())
                .into(),
            ));
        }
        let mut reading = Reading {
            engine: self.engine.clone(),
            at: request.positions.iter().map(|position| (position.partition, position.n)).collect(),
            regions: call.caller.regions.clone(),
            limit: if request.batch_limit == 0 { PER_PARTITION } else { i64::from(request.batch_limit) },
        };
        let (sender, receiver) = tokio::sync::mpsc::channel(QUEUE);
        let stopping = self.stopping.clone();
        let service = self.engine.service();
        let mut commits = self.engine.hints().log.subscribe();
        tokio::spawn(async move {
            loop {
                // Marked before looking, so that a commit in between wakes us at once.
                commits.borrow_and_update();
                match reading.next().await {
                    Ok(Some((message, more))) => {
                        let gone = sender.send(Ok(message)).await.is_err();
                        if gone || !(more || request.follow) {
                            return;
                        }
                    }
                    Ok(None) if request.follow => {
                        tokio::select! {
                            _ = commits.changed() => {}
                            () = tokio::time::sleep(LOOK_EVERY) => {}
                            () = sender.closed() => return,
                            () = stopping.cancelled() => return,
                        }
                    }
                    Ok(None) => return,
                    Err(failure) => {
                        let _ = sender.send(Err(failure.into_status(service))).await;
                        return;
                    }
                }
            }
        });
        Ok(Response::new(Box::pin(tokio_stream::wrappers::ReceiverStream::new(receiver))))
    }

    async fn get_heads(
        &self,
        request: Request<pb::GetHeadsRequest>,
    ) -> std::result::Result<Response<pb::GetHeadsResponse>, Status> {
        grpc::accept(request).map_err(|failure| self.status(failure))?;
        let pool = self.engine.database().pool();
        let (generation, heads) = log::heads(pool).await.map_err(|error| self.status(error.into()))?;
        Ok(Response::new(pb::GetHeadsResponse {
            generation,
            heads: heads.into_iter().map(|(partition, n)| pb::PartitionPosition { partition, n }).collect(),
        }))
    }

    async fn list_parked(
        &self,
        request: Request<pb::ListParkedRequest>,
    ) -> std::result::Result<Response<pb::ListParkedResponse>, Status> {
        self.list_parked_page(request).await.map(Response::new).map_err(|failure| self.status(failure))
    }

    async fn retry_parked(
        &self,
        request: Request<pb::RetryParkedRequest>,
    ) -> std::result::Result<Response<pb::RetryParkedResponse>, Status> {
        self.retry(request).await.map(Response::new).map_err(|failure| self.status(failure))
    }
}

const PARKED_LIMIT: i64 = 1000;

impl EventLog {
    async fn list_parked_page(
        &self,
        request: Request<pb::ListParkedRequest>,
    ) -> Result<pb::ListParkedResponse> {
        use prost::Message as _;
        let (_, request) = grpc::accept(request)?;
        let page = page(&self.engine, request.page_size, &request.page_token, request.case_id.as_bytes())?;
        let thread = Uuid::parse_str(&request.case_id).ok();
        let rows = parked::list(self.engine.database().pool(), thread, page.offset, page.size + 1).await?;
        let next_page_token = page.next(&self.engine, rows.len(), request.case_id.as_bytes());
        let parked = rows
            .into_iter()
            .take(usize::try_from(page.size).unwrap_or_default())
            .map(|row| pb::ParkedEvent {
                event: pb::Event::decode(row.event.as_slice()).ok(),
                rejected: row.reason != "BEHIND_PARKED",
                reason: row.reason,
                detail: row.detail,
                park_time: Some(redress_proto::time_to_wire(row.parked_at)),
                attempts: row.attempts,
            })
            .collect();
        Ok(pb::ListParkedResponse { parked, next_page_token })
    }

    async fn retry(&self, request: Request<pb::RetryParkedRequest>) -> Result<pb::RetryParkedResponse> {
        let (call, request) = grpc::accept(request)?;
        let thread =
            Uuid::parse_str(if request.case_id.is_empty() { &request.subject_id } else { &request.case_id })
                .map_err(|_| {
                    Rejection::invalid("INVALID_FIELDS", "case_id", "name a case or a subject, as a UUID")
                })?;
        let unit = match self.engine.begin(&call, &request.request_id, &request).await? {
            Begin::Fresh(unit) => unit,
            Begin::Repeated(answer) => return Ok(answer),
        };
        let (applied, reason) =
            subscriber::retry_parked(&self.engine, &*self.reactor, thread, PARKED_LIMIT).await?;
        let left = parked::list(self.engine.database().pool(), Some(thread), 0, PARKED_LIMIT).await?.len();
        let number = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
        unit.commit(pb::RetryParkedResponse { applied: number(applied), still_parked: number(left), reason })
            .await
    }
}

/// A page asked for.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    /// Rows to skip.
    pub offset: i64,
    /// Rows wanted.
    pub size: i64,
}

/// Default and greatest size of a page.
const PAGE_SIZES: (i64, i64) = (50, 200);

/// Reads the page fields of a list request. `filter` is what the token must have been made for.
pub fn page(engine: &Engine, size: i32, token: &str, filter: &[u8]) -> Result<Page> {
    let size = if size == 0 { PAGE_SIZES.0 } else { i64::from(size).clamp(1, PAGE_SIZES.1) };
    if token.is_empty() {
        return Ok(Page { offset: 0, size });
    }
    let offset = page_token::decode::<i64>(engine.key(), filter, token).ok_or_else(|| {
        Rejection::invalid("INVALID_PAGE_TOKEN", "page_token", "is not a token of this list")
    })?;
    Ok(Page { offset, size })
}

impl Page {
    /// The token of the next page, when `found` rows (asked for with one more than the size) say there is one.
    pub fn next(&self, engine: &Engine, found: usize, filter: &[u8]) -> String {
        if i64::try_from(found).unwrap_or(i64::MAX) > self.size {
            page_token::encode(engine.key(), filter, &(self.offset + self.size))
        } else {
            String::new()
        }
    }
}
