//! Carries another service's events into this one: in order, each with effect once, through any crash.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, Mutex},
};

use redress_domain::{Clock, SystemClock, Timestamp};
use redress_proto::eventlog::v1 as pb;
use redress_storage::{LoggedEvent, Position, cursor, parked};
use tokio_stream::StreamExt;
use tracing::Instrument;

use crate::{
    client::Peer,
    engine::Engine,
    failure::{Failure, Result},
    reactor::Reactor,
    telemetry,
    unit::Unit,
    wire,
};

/// Events applied in one transaction at most.
const BATCH: usize = 64;
/// Machine time that an event waits for its causes before it parks.
const WAIT_MINUTES: i64 = 10;

/// One service's reading of one log.
pub struct Subscriber {
    engine: Engine,
    reactor: Arc<dyn Reactor>,
    source: &'static str,
    peer: Peer,
    waiting: Mutex<HashMap<(i32, i64), Timestamp>>,
}

impl std::fmt::Debug for Subscriber {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Subscriber").field("source", &self.source).finish_non_exhaustive()
    }
}

/// How a reading of the log went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pulled {
    /// Events whose cursor was moved.
    pub applied: usize,
    /// Whether events wait for causes from other logs.
    pub waiting: bool,
}

/// Whether one event can be taken back without the others of its transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Care {
    None,
    Savepoints,
}

/// How this service stands when it begins with a batch: read once, for all its events.
struct Standing {
    cursors: BTreeMap<(String, i32), i64>,
    parked: BTreeSet<uuid::Uuid>,
}

impl Standing {
    /// Reads the cursors first: an event whose cause was parked meanwhile then waits, or finds the cause parked.
    async fn read(unit: &Unit, batch: &[LoggedEvent]) -> Result<Self> {
        let causes = batch.iter().flat_map(|event| &event.event.causes);
        let partitions: BTreeSet<i32> = causes.map(|cause| cause.position.partition).collect();
        let threads: BTreeSet<uuid::Uuid> = batch.iter().map(LoggedEvent::thread).collect();
        let partitions: Vec<i32> = partitions.into_iter().collect();
        let threads: Vec<uuid::Uuid> = threads.into_iter().collect();
        let cursors = cursor::of_partitions(unit.transaction(), &partitions).await?;
        Ok(Self { cursors, parked: parked::among(unit.transaction(), &threads).await? })
    }

    fn read_to(&self, source: &str, partition: i32) -> i64 {
        self.cursors.get(&(source.to_owned(), partition)).copied().unwrap_or(0)
    }
}

impl Subscriber {
    /// Reads the log of `source` through `peer`.
    pub fn new(engine: Engine, reactor: Arc<dyn Reactor>, source: &'static str, peer: Peer) -> Self {
        Self { engine, reactor, source, peer, waiting: Mutex::default() }
    }

    /// The log it reads.
    pub fn source(&self) -> &'static str {
        self.source
    }

    /// Reads from the cursors on. With `follow` it goes on until the stream breaks or events wait; without, it
    /// ends at the head of the log.
    pub async fn pull(&self, follow: bool) -> Result<Pulled> {
        let cursors = cursor::of_source(self.engine.database().pool(), self.source).await?;
        let generation = cursors.values().map(|position| position.generation).max().unwrap_or(0);
        let mut at: BTreeMap<i32, i64> =
            cursors.into_values().map(|position| (position.partition, position.n)).collect();
        let mut client = redress_proto::eventlog::v1::event_log_service_client::EventLogServiceClient::new(
            self.peer.channel(),
        )
        .max_decoding_message_size(64 * 1024 * 1024);
        let request = pb::SubscribeRequest {
            subscriber: self.engine.service().to_owned(),
            generation,
            positions: at
                .iter()
                .map(|(partition, n)| pb::PartitionPosition { partition: *partition, n: *n })
                .collect(),
            follow,
            batch_limit: 0,
        };
        let unavailable = |status: tonic::Status| {
            if status.code() == tonic::Code::FailedPrecondition {
                tracing::error!(source = self.source, %status, "log was replaced; reconcile before reading on");
            }
            Failure::Unavailable(format!("log of {}: {}", self.source, status.message()))
        };
        let mut stream = client.subscribe(request).await.map_err(unavailable)?.into_inner();
        let mut pulled = Pulled::default();
        let mut blocked = BTreeSet::new();
        while let Some(message) = stream.next().await {
            let message = message.map_err(unavailable)?;
            let mut events = message
                .events
                .iter()
                .map(|event| wire::from_wire(event, self.source))
                .collect::<Result<Vec<LoggedEvent>>>()?;
            events.retain(|event| at.get(&event.position.partition).is_none_or(|n| event.position.n > *n));
            for batch in events.chunks(BATCH) {
                pulled.applied += self.apply(batch, &mut at, &mut blocked).await?;
            }
            pulled.waiting = !blocked.is_empty();
            if pulled.waiting && follow {
                return Ok(pulled);
            }
        }
        Ok(pulled)
    }

    async fn apply(
        &self,
        batch: &[LoggedEvent],
        at: &mut BTreeMap<i32, i64>,
        blocked: &mut BTreeSet<i32>,
    ) -> Result<usize> {
        // Rejections are rare. Only when there is one, the batch is begun again, with a savepoint before each event.
        match self.attempt(batch, at, blocked, Care::None).await? {
            Some(applied) => Ok(applied),
            None => Ok(self.attempt(batch, at, blocked, Care::Savepoints).await?.unwrap_or_default()),
        }
    }

    /// Applies a batch in one transaction. `None`: nothing was applied, since an event was rejected where no savepoint was.
    async fn attempt(
        &self,
        batch: &[LoggedEvent],
        at: &mut BTreeMap<i32, i64>,
        blocked: &mut BTreeSet<i32>,
        care: Care,
    ) -> Result<Option<usize>> {
        // What has to be asked of others is asked before the transaction; a refusal there parks like one here.
        let mut refused: HashMap<uuid::Uuid, Failure> = HashMap::new();
        for event in batch.iter().filter(|event| !blocked.contains(&event.position.partition)) {
            match prepare(&self.engine, &*self.reactor, event).await {
                Ok(()) => {}
                Err(failure) if failure.may_pass() => return Err(failure),
                Err(failure) => {
                    refused.insert(event.event.id, failure);
                }
            }
        }
        let Some(first) = batch.first() else { return Ok(Some(0)) };
        let mut unit =
            self.engine.begin_as(self.engine.service(), &first.event.traceparent, Some(first)).await?;
        let mut standing = Standing::read(&unit, batch).await?;
        let mut moved: BTreeMap<i32, (i64, Position)> = BTreeMap::new();
        let mut applied = 0;
        for event in batch {
            let partition = event.position.partition;
            if blocked.contains(&partition) {
                continue;
            }
            if !self.causes_applied(&standing, event) {
                blocked.insert(partition);
                continue;
            }
            let before = moved
                .get(&partition)
                .map_or_else(|| at.get(&partition).copied().unwrap_or(0), |(_, position)| position.n);
            if event.position.n != before + 1 {
                return Err(Failure::Internal(anyhow::anyhow!(
                    "log of {} has a gap in partition {partition}: {} follows {before}",
                    self.source,
                    event.position.n
                )));
            }
            let refusal = refused.remove(&event.event.id);
            if !self.take(&mut unit, event, refusal, &mut standing, care).await? {
                unit.abandon().await?;
                return Ok(None);
            }
            let from = moved.get(&partition).map_or(before, |(from, _)| *from);
            moved.insert(partition, (from, event.position));
            applied += 1;
        }
        if applied > 0 {
            let moves: Vec<(i64, Position)> = moved.values().copied().collect();
            cursor::advance(unit.transaction(), self.source, &moves).await?;
            unit.finish().await?;
        }
        for (partition, (_, position)) in moved {
            at.insert(partition, position.n);
        }
        Ok(Some(applied))
    }

    /// Applies one event, or parks it when the rules reject it or an earlier one of its case is parked. False when it is
    /// rejected and there is no savepoint to go back to.
    async fn take(
        &self,
        unit: &mut Unit,
        event: &LoggedEvent,
        refused: Option<Failure>,
        standing: &mut Standing,
        care: Care,
    ) -> Result<bool> {
        unit.turn_to(event);
        // What is parked may have been released since; rare enough to be asked for again.
        if standing.parked.contains(&event.thread())
            && parked::among(unit.transaction(), &[event.thread()]).await?.is_empty()
        {
            standing.parked.remove(&event.thread());
        }
        if standing.parked.contains(&event.thread()) {
            self.park(unit, event, "BEHIND_PARKED", "an earlier event of this case is parked").await?;
            return Ok(true);
        }
        let savepoint = match care {
            Care::None => None,
            Care::Savepoints => Some(unit.savepoint().await?),
        };
        let (span, effects) =
            telemetry::span_of_consequence("react to", &event.event.kind, &event.event.traceparent);
        unit.set_traceparent(&effects);
        let reacted = match refused {
            Some(failure) => Err(failure),
            None => self.reactor.react(unit, event).instrument(span).await,
        };
        match (reacted, savepoint) {
            (Ok(()), _) => Ok(true),
            (Err(failure), _) if failure.may_pass() => Err(failure),
            (Err(_), None) => Ok(false),
            (Err(failure), Some(savepoint)) => {
                unit.rollback_to(savepoint).await?;
                let reason = failure.rejection().map_or("INTERNAL", |rejection| rejection.reason);
                let detail = format!("{:#}", anyhow::Error::new(failure));
                tracing::error!(
                    source = self.source,
                    event.kind = %event.event.kind,
                    case.id = %event.thread(),
                    reason,
                    detail,
                    "event parked with its case"
                );
                standing.parked.insert(event.thread());
                self.park(unit, event, reason, &detail).await?;
                Ok(true)
            }
        }
    }

    async fn park(&self, unit: &Unit, event: &LoggedEvent, reason: &str, detail: &str) -> Result<()> {
        use prost::Message as _;
        let row = parked::ParkedRow {
            source: self.source.to_owned(),
            position: event.position,
            case_id: event.event.case_id,
            subject_id: event.event.subject_id,
            event: wire::to_wire(event).encode_to_vec(),
            reason: reason.to_owned(),
            detail: detail.to_owned(),
            attempts: 0,
            parked_at: unit.now(),
        };
        Ok(parked::park(unit.transaction(), &row).await?)
    }

    /// Whether everything that the event's decision had seen of other logs has been applied here. The partition
    /// is the same everywhere, so this is one comparison with a cursor.
    fn causes_applied(&self, standing: &Standing, event: &LoggedEvent) -> bool {
        for cause in &event.event.causes {
            let ours = cause.source != self.source
                && cause.source != self.engine.service()
                && self.reactor.sources().contains(&cause.source.as_str());
            if ours && standing.read_to(&cause.source, cause.position.partition) < cause.position.n {
                return !self.waits_on(event);
            }
        }
        if let Ok(mut waiting) = self.waiting.lock() {
            waiting.remove(&(event.position.partition, event.position.n));
        }
        true
    }

    /// Whether the event may wait on; past the limit it is applied, and the rules decide whether it parks.
    fn waits_on(&self, event: &LoggedEvent) -> bool {
        let now = SystemClock.now();
        let Ok(mut waiting) = self.waiting.lock() else { return true };
        let since = *waiting.entry((event.position.partition, event.position.n)).or_insert(now);
        now - since < chrono::Duration::minutes(WAIT_MINUTES)
    }
}

/// Fetches the policy that an event names, and what else its application has to ask of others.
async fn prepare(engine: &Engine, reactor: &dyn Reactor, event: &LoggedEvent) -> Result<()> {
    engine.policies().ensure(&event.event.handbook_hash, &event.event.calendar_hash).await?;
    reactor.prepare(event).await
}

/// Applies the parked events of a case, or of an aggregate without one, in order until one is rejected again.
/// Returns how many were applied and why the next was not.
pub async fn retry_parked(
    engine: &Engine,
    reactor: &dyn Reactor,
    thread: uuid::Uuid,
    limit: i64,
) -> Result<(usize, String)> {
    use prost::Message as _;
    let rows = parked::list(engine.database().pool(), Some(thread), 0, limit).await?;
    let mut applied = 0;
    for row in rows {
        let event =
            pb::Event::decode(row.event.as_slice()).map_err(|error| Failure::Internal(error.into()))?;
        let event = wire::from_wire(&event, &row.source)?;
        let prepared = prepare(engine, reactor, &event).await;
        let mut unit = engine.begin_as(engine.service(), &event.event.traceparent, Some(&event)).await?;
        let savepoint = unit.savepoint().await?;
        let reacted = match prepared {
            Ok(()) => reactor.react(&mut unit, &event).await,
            Err(failure) => Err(failure),
        };
        match reacted {
            Ok(()) => {
                parked::release(unit.transaction(), &row.source, event.position).await?;
                unit.finish().await?;
                applied += 1;
            }
            Err(failure) if failure.may_pass() => return Err(failure),
            Err(failure) => {
                unit.rollback_to(savepoint).await?;
                let detail = format!("{:#}", anyhow::Error::new(failure));
                parked::count_attempt(unit.transaction(), &row.source, event.position, &detail).await?;
                unit.finish().await?;
                return Ok((applied, detail));
            }
        }
    }
    Ok((applied, String::new()))
}
