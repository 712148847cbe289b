//! Three small services that play intake, triage and survey: a counter a case, told by one event type.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use redress_chassis::{
    Aggregate, Attempt, Caller, Issuer, Kit, Loaded, Place, Reactor, Result, Runtime, Service, Unit,
    Verifier,
    identity::development_keys,
    runtime::{Surroundings, build},
    server::serve,
    tls::Tls,
};
use redress_deadlines::{Deadline, Look};
use redress_domain::{Clock, Decision, Rejection, SeededIds, Timestamp, VirtualClock};
use redress_proto::types::v1::NoticeRequested;
use redress_storage::{AggregateRow, LoggedEvent, Migration, Transaction, intent::IntentRow};
use redress_testkit::TestDatabase;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// What a case is here: the keys of the notices that were seen, in order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Seen {
    pub(crate) keys: Vec<String>,
}

#[async_trait]
impl Aggregate for Seen {
    const KIND: &'static str = "case";
    const NOT_FOUND: &'static str = "CASE_NOT_FOUND";
}

/// Decides that a notice was seen. A key with "poison" in it is against the rules unless they are lifted.
pub(crate) fn see(state: &Seen, key: &str, lifted: bool) -> std::result::Result<Decision<Seen>, Rejection> {
    if key.contains("poison") && !lifted {
        return Err(Rejection::precondition("POISONED", format!("`{key}` is poisoned")));
    }
    let mut next = state.clone();
    next.keys.push(key.to_owned());
    Ok(Decision::new(next).fact(notice(key)))
}

fn notice(key: &str) -> (String, Vec<u8>) {
    redress_proto::fact(&NoticeRequested { notice_key: key.to_owned(), ..NoticeRequested::default() })
}

/// Loads the case, or begins it.
pub(crate) async fn tell(unit: &mut Unit, case: Uuid, key: &str, lifted: bool) -> Result<Loaded<Seen>> {
    match unit.find::<Seen>(case).await? {
        Some(loaded) => {
            let decision = see(&loaded.state, key, lifted)?;
            unit.save(loaded, decision).await
        }
        None => {
            let place = Place {
                id: case,
                case_id: Some(case),
                region: "cn".into(),
                handbook_hash: String::new(),
                calendar_hash: String::new(),
            };
            unit.create(place, see(&Seen::default(), key, lifted)?).await
        }
    }
}

pub(crate) struct Counting {
    sources: &'static [&'static str],
    /// Whether poison is taken.
    pub(crate) lifted: AtomicBool,
    /// Effects of deadlines, by look.
    pub(crate) missed: AtomicUsize,
}

macro_rules! toy {
    ($name:ident, $service:literal, $grpc:literal, $sources:expr) => {
        pub(crate) struct $name(pub(crate) Counting);

        #[async_trait]
        impl Reactor for $name {
            fn sources(&self) -> &'static [&'static str] {
                self.0.sources
            }

            async fn react(&self, unit: &mut Unit, event: &LoggedEvent) -> Result<()> {
                if event.event.kind != "redress.types.v1.NoticeRequested" {
                    return Ok(());
                }
                let notice: NoticeRequested = redress_chassis::wire::payload(event)?;
                let Some(case) = event.event.case_id else { return Ok(()) };
                let key = format!("{}>{}", $service, notice.notice_key);
                tell(unit, case, &key, self.0.lifted.load(Ordering::SeqCst)).await?;
                Ok(())
            }

            async fn deadline(&self, unit: &mut Unit, deadline: &Deadline, look: &Look) -> Result<()> {
                if *look == Look::Missed {
                    self.0.missed.fetch_add(1, Ordering::SeqCst);
                    tell(unit, deadline.owner.id, &format!("missed {}", deadline.name()), true).await?;
                }
                Ok(())
            }

            async fn perform(&self, _intent: &IntentRow) -> Attempt {
                Attempt::Conclude(Value::Null)
            }

            async fn conclude(&self, _unit: &mut Unit, _intent: &IntentRow, _outcome: &Value) -> Result<()> {
                Ok(())
            }

            async fn project(&self, _transaction: &Transaction, _row: &AggregateRow) -> Result<()> {
                Ok(())
            }
        }

        #[async_trait]
        impl Service for $name {
            const NAME: &'static str = $service;
            const GRPC: &'static str = $grpc;
            type Settings = ();

            fn migrations() -> &'static [Migration] {
                &[]
            }

            async fn build(_kit: Kit, _settings: ()) -> anyhow::Result<Arc<Self>> {
                Ok(Arc::new(Self(Counting {
                    sources: $sources,
                    lifted: AtomicBool::new(false),
                    missed: AtomicUsize::new(0),
                })))
            }

            fn routes(self: &Arc<Self>, _routes: &mut tonic::service::RoutesBuilder) {}
        }
    };
}

toy!(First, "intake", "redress.intake.v1.IntakeService", &[]);
toy!(Second, "triage", "redress.triage.v1.TriageService", &["intake"]);
toy!(Third, "survey", "redress.survey.v1.SurveyService", &["triage", "intake"]);

/// A running toy service.
pub(crate) struct Toy<S> {
    pub(crate) service: Arc<S>,
    pub(crate) runtime: Arc<Runtime>,
    _database: TestDatabase,
    surroundings: Surroundings,
    stopping: CancellationToken,
}

impl<S: Service<Settings = ()>> Toy<S> {
    /// Another process of the same service on the same database.
    pub(crate) async fn replica(&self) -> (Arc<S>, Arc<Runtime>) {
        build::<S>(&self.surroundings, ()).await.expect("builds")
    }
}

impl<S> Drop for Toy<S> {
    fn drop(&mut self) {
        self.stopping.cancel();
    }
}

/// The surroundings that toys share.
pub(crate) struct World {
    pub(crate) clock: Arc<VirtualClock>,
    pub(crate) addresses: BTreeMap<String, String>,
    pub(crate) tls: Option<Tls>,
    listeners: BTreeMap<&'static str, TcpListener>,
    verifier: Arc<Verifier>,
    pub(crate) issuer: Arc<Issuer>,
    pub(crate) redis_url: String,
    prefix: String,
}

pub(crate) fn start() -> Timestamp {
    chrono::DateTime::from_timestamp(1_772_413_200, 0).expect("a valid time")
}

impl World {
    pub(crate) async fn new() -> Self {
        let mut addresses = BTreeMap::new();
        let mut listeners = BTreeMap::new();
        for name in ["intake", "triage", "survey"] {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
            addresses.insert(name.to_owned(), format!("http://{}", listener.local_addr().expect("bound")));
            listeners.insert(name, listener);
        }
        let (pem, jwks) = development_keys("test", [1; 32]);
        Self {
            clock: Arc::new(VirtualClock::new(start())),
            addresses,
            tls: None,
            listeners,
            verifier: Arc::new(Verifier::from_jwks(&jwks).expect("valid")),
            issuer: Arc::new(Issuer::from_pem("test", &pem).expect("valid")),
            redis_url: redress_testkit::servers().await.redis_url().to_owned(),
            prefix: redress_testkit::unique("toy"),
        }
    }

    pub(crate) async fn toy<S: Service<Settings = ()>>(&mut self) -> Toy<S> {
        let database = redress_testkit::servers().await.database(S::NAME).await;
        let clock: Arc<dyn Clock> = self.clock.clone();
        let surroundings = Surroundings {
            database_url: database.url().to_owned(),
            connections: 8,
            redis_url: self.redis_url.clone(),
            redis_name: format!("{}-{}", self.prefix, S::NAME),
            peers: self.addresses.clone(),
            verifier: self.verifier.clone(),
            issuer: self.issuer.clone(),
            key: vec![7; 32],
            clock,
            ids: Arc::new(SeededIds::new(11)),
            max_message_bytes: 1024 * 1024,
            sweep_every: Duration::from_secs(1),
            otlp_endpoint: String::new(),
            tls: self.tls.clone(),
            die_after_commit_of: String::new(),
        };
        let (service, runtime) = build::<S>(&surroundings, ()).await.expect("builds");
        let stopping = CancellationToken::new();
        let listener = self.listeners.remove(S::NAME).expect("each toy once");
        tokio::spawn(serve(
            service.clone(),
            runtime.clone(),
            self.verifier.clone(),
            listener,
            1024 * 1024,
            self.tls.clone(),
            stopping.clone(),
        ));
        Toy { service, runtime, _database: database, surroundings, stopping }
    }

    pub(crate) fn caller(role: &str) -> Caller {
        Caller {
            subject: format!("test.{role}"),
            roles: vec![role.to_owned()],
            department: String::new(),
            regions: Vec::new(),
            case_id: String::new(),
        }
    }
}

/// States that something happened to a case at its source.
pub(crate) async fn happen(runtime: &Runtime, case: Uuid, key: &str) {
    let mut unit = runtime.engine().begin_as("test", "", None).await.expect("begins");
    tell(&mut unit, case, key, true).await.expect("decides");
    unit.finish().await.expect("commits");
}

/// What a service has seen of a case.
pub(crate) async fn seen(runtime: &Runtime, case: Uuid) -> Vec<String> {
    match redress_chassis::unit::read::<Seen>(runtime.engine(), case).await {
        Ok(loaded) => loaded.state.keys,
        Err(_) => Vec::new(),
    }
}
