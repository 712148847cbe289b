//! Two small services on the real clock, for what is measured without the five: one states events and keeps deadlines, the
//! other reads its log. Their state changes as everywhere, by a decision on an aggregate about as large as a case's.

use std::{
    collections::BTreeMap,
    net::Ipv4Addr,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use async_trait::async_trait;
use redress_chassis::{
    Aggregate, Attempt, Engine, Kit, Loaded, Place, Reactor, Runtime, Service, Unit,
    runtime::{Surroundings, build},
    server::serve,
};
use redress_deadlines::{Deadline, Look};
use redress_domain::{DeadlineChange, Decision, RandomIds, SystemClock};
use redress_proto::types::v1::NoticeRequested;
use redress_storage::{AggregateRow, LoggedEvent, Migration, Transaction, intent::IntentRow};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::suite::{Databases, Keys};

/// Connections a service keeps, as in a suite.
const CONNECTIONS: u32 = 6;
const MESSAGE_BYTES_MAX: usize = 4 * 1024 * 1024;
/// What a state holds beside its count.
const WORDS_BYTES: usize = 1_024;

/// The state of a case here: what a decision reads and writes.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Tally {
    told: u64,
    words: String,
}

#[async_trait]
impl Aggregate for Tally {
    const KIND: &'static str = "case";
    const NOT_FOUND: &'static str = "CASE_NOT_FOUND";
}

impl Tally {
    fn new() -> Self {
        Self { told: 0, words: "x".repeat(WORDS_BYTES) }
    }

    /// Decides that it was told something.
    fn tell(&self, key: &str) -> Decision<Self> {
        let next = Self { told: self.told + 1, words: self.words.clone() };
        let notice = NoticeRequested {
            notice_key: key.to_owned(),
            notice: "progress".to_owned(),
            parameters: (0..6).map(|index| (format!("parameter_{index}"), "x".repeat(48))).collect(),
            ..NoticeRequested::default()
        };
        Decision::new(next).fact(redress_proto::fact(&notice))
    }
}

/// Begins a case, with a deadline where one is given.
pub(super) async fn begin_case(
    unit: &mut Unit,
    key: u64,
    calendar_hash: &str,
    deadline: Option<DeadlineChange>,
) -> Result<(), redress_chassis::Failure> {
    let case_id = unit.new_id();
    let place = Place {
        id: case_id,
        case_id: Some(case_id),
        region: "CN".to_owned(),
        handbook_hash: String::new(),
        calendar_hash: calendar_hash.to_owned(),
    };
    let mut decision = Tally::new().tell(&key.to_string());
    decision.deadlines.extend(deadline);
    unit.create(place, decision).await.map(drop)
}

/// Effects, each under its number, and when they were committed.
#[derive(Debug, Default)]
pub(super) struct Effects {
    /// Those whose transaction may not be committed yet, with how many had been committed before it.
    open: Mutex<Vec<(u64, u64)>>,
}

impl Effects {
    /// Notes an effect within its transaction. Only one worker may commit to the service meanwhile.
    fn note(&self, engine: &Engine, number: u64) {
        let before = *engine.hints().log.borrow();
        self.open.lock().unwrap_or_else(PoisonError::into_inner).push((number, before));
    }

    /// Takes the effects of the first `commits` transactions.
    fn take(&self, commits: u64) -> Vec<u64> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let (committed, rest): (Vec<_>, Vec<_>) = open.drain(..).partition(|(_, before)| *before < commits);
        *open = rest;
        committed.into_iter().map(|(number, _)| number).collect()
    }
}

/// One of the two: the one that states events and keeps deadlines, or the one that reads.
#[derive(Debug)]
pub(super) struct Toy<const READS: bool> {
    effects: Arc<Effects>,
}

#[async_trait]
impl<const READS: bool> Reactor for Toy<READS> {
    fn sources(&self) -> &'static [&'static str] {
        if READS { &["intake"] } else { &[] }
    }

    async fn react(&self, unit: &mut Unit, event: &LoggedEvent) -> redress_chassis::Result<()> {
        let notice: NoticeRequested = redress_chassis::wire::payload(event)?;
        let number = notice.notice_key.parse().unwrap_or_default();
        begin_case(unit, number, "", None).await?;
        self.effects.note(unit.engine(), number);
        Ok(())
    }

    async fn deadline(
        &self,
        unit: &mut Unit,
        deadline: &Deadline,
        look: &Look,
    ) -> redress_chassis::Result<()> {
        if *look == Look::Missed {
            let loaded: Loaded<Tally> = unit.load(deadline.owner.id).await?;
            let decision = loaded.state.tell(&deadline.draft.key);
            unit.save(loaded, decision).await?;
            self.effects.note(unit.engine(), deadline.draft.key.parse().unwrap_or_default());
        }
        Ok(())
    }

    async fn perform(&self, _intent: &IntentRow) -> Attempt {
        Attempt::Conclude(Value::Null)
    }

    async fn conclude(
        &self,
        _unit: &mut Unit,
        _intent: &IntentRow,
        _outcome: &Value,
    ) -> redress_chassis::Result<()> {
        Ok(())
    }

    async fn project(&self, _transaction: &Transaction, _row: &AggregateRow) -> redress_chassis::Result<()> {
        Ok(())
    }
}

#[async_trait]
impl<const READS: bool> Service for Toy<READS> {
    // The names and contracts of two of the five: others have no place in the contract.
    const NAME: &'static str = if READS { "triage" } else { "intake" };
    const GRPC: &'static str =
        if READS { "redress.triage.v1.TriageService" } else { "redress.intake.v1.IntakeService" };
    type Settings = ();

    fn migrations() -> &'static [Migration] {
        &[]
    }

    async fn build(_kit: Kit, _settings: ()) -> Result<Arc<Self>> {
        Ok(Arc::new(Self { effects: Arc::default() }))
    }

    fn routes(self: &Arc<Self>, _routes: &mut tonic::service::RoutesBuilder) {}
}

/// What the two share.
pub(super) struct World {
    databases: Databases,
    redis_url: String,
    keys: Keys,
    listeners: BTreeMap<&'static str, TcpListener>,
    addresses: BTreeMap<String, String>,
    prefix: String,
}

impl World {
    pub(super) async fn new(postgres: &redress_testkit::Postgres, redis_url: String) -> Result<Self> {
        let (mut listeners, mut addresses) = (BTreeMap::new(), BTreeMap::new());
        for name in [Toy::<false>::NAME, Toy::<true>::NAME] {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
            addresses.insert(name.to_owned(), format!("http://{}", listener.local_addr()?));
            listeners.insert(name, listener);
        }
        Ok(Self {
            databases: Databases::on(postgres),
            redis_url,
            keys: Keys::random()?,
            listeners,
            addresses,
            prefix: redress_testkit::unique("bench"),
        })
    }

    /// An empty database of the same form as the toys'.
    pub(super) async fn blank_database(&self) -> Result<String> {
        self.databases.create("bench", redress_deadlines::MIGRATIONS).await
    }

    /// The name of a toy's timers in Redis.
    pub(super) fn redis_name<const READS: bool>(&self) -> String {
        format!("{}-{}", self.prefix, Toy::<READS>::NAME)
    }

    /// Starts one of the two, each once. Its workers stand still until [`Running::work`].
    pub(super) async fn start<const READS: bool>(&mut self) -> Result<Running> {
        let database_url = self.blank_database().await?;
        let surroundings = Surroundings {
            database_url: database_url.clone(),
            connections: CONNECTIONS,
            redis_url: self.redis_url.clone(),
            redis_name: self.redis_name::<READS>(),
            peers: self.addresses.clone(),
            verifier: self.keys.verifier(),
            issuer: self.keys.issuer(),
            key: self.keys.secret(Toy::<READS>::NAME),
            clock: Arc::new(SystemClock),
            ids: Arc::new(RandomIds),
            max_message_bytes: MESSAGE_BYTES_MAX,
            sweep_every: Duration::from_secs(15),
            otlp_endpoint: String::new(),
            tls: None,
            die_after_commit_of: String::new(),
        };
        let (toy, runtime) = build::<Toy<READS>>(&surroundings, ()).await?;
        let listener = self.listeners.remove(Toy::<READS>::NAME).context("each is started once")?;
        let stopping = CancellationToken::new();
        let effects = toy.effects.clone();
        let server = tokio::spawn(serve(
            toy,
            runtime.clone(),
            surroundings.verifier.clone(),
            listener,
            MESSAGE_BYTES_MAX,
            None,
            stopping.clone(),
        ));
        Ok(Running { runtime, database_url, effects, stopping, server })
    }
}

/// A running toy.
pub(super) struct Running {
    pub(super) runtime: Arc<Runtime>,
    pub(super) database_url: String,
    effects: Arc<Effects>,
    stopping: CancellationToken,
    server: JoinHandle<Result<()>>,
}

impl Running {
    pub(super) fn engine(&self) -> &Engine {
        self.runtime.engine()
    }

    /// Lets the workers run while `other` does, and on until they have had `wanted` effects. Gives the number of each effect
    /// and when it was committed, and what `other` made.
    pub(super) async fn work<T>(
        &self,
        wanted: usize,
        limit: Duration,
        other: impl Future<Output = Result<T>>,
    ) -> Result<(Vec<(u64, Instant)>, T)> {
        let mut commits = self.engine().hints().log.subscribe();
        // What earlier measurements left behind is none of this one's.
        self.effects.take(u64::MAX);
        let stopping = self.stopping.child_token();
        let mut workers = self.runtime.start(&stopping);
        let watching = async {
            let mut committed = Vec::with_capacity(wanted);
            while committed.len() < wanted {
                commits.changed().await.context("the service has ended")?;
                let now = Instant::now();
                let count = *commits.borrow_and_update();
                committed.extend(self.effects.take(count).into_iter().map(|number| (number, now)));
            }
            anyhow::Ok(committed)
        };
        let both = async { tokio::try_join!(watching, other) };
        let ended = tokio::time::timeout(limit, both).await;
        stopping.cancel();
        while workers.join_next().await.is_some() {}
        ended.with_context(|| format!("{wanted} effects did not come within {} s", limit.as_secs()))?
    }

    pub(super) async fn stop(self) -> Result<()> {
        self.stopping.cancel();
        self.server.await?
    }
}
