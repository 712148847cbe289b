//! One triage service with its own database, clock and texts.

use std::{collections::BTreeMap, path::Path, sync::Arc, time::Duration};

use redress_chassis::{
    Failure, Issuer, Verifier,
    access::MethodPath,
    deadline_worker::DeadlineWorker,
    identity::{Caller, development_keys},
    policies::content_hash,
    runtime::{self, Runtime, Surroundings},
};
use redress_domain::{Clock as _, Ids as _, SeededIds, Timestamp, VirtualClock};
use redress_proto::{
    eventlog::v1 as eventlog,
    intake::v1::{CaseFacts, ComplaintRegistered},
    time_to_wire,
    triage::v1::{GetTriageRequest, Triage as View, triage_service_server::TriageService as _},
    types::v1::{OrderFacts, OrderKnowledge},
};
use redress_storage::{Actor, LoggedEvent, PendingEvent, Position, log, policy::PolicyRow};
use redress_testkit::TestDatabase;
use redress_triage::{Settings, Triage};
use tonic::Request;
use uuid::Uuid;

use crate::fake_intake::FakeIntake;

pub(crate) struct World {
    pub(crate) triage: Arc<Triage>,
    pub(crate) runtime: Arc<Runtime>,
    pub(crate) clock: Arc<VirtualClock>,
    pub(crate) intake: FakeIntake,
    ids: SeededIds,
    handbook_hash: String,
    calendar_hash: String,
    _database: TestDatabase,
}

fn deploy(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy").join(path);
    std::fs::read_to_string(&path).expect("the file is in the folder `deploy`")
}

/// Monday 2026-03-02, 09:00 in Shanghai.
pub(crate) fn start() -> Timestamp {
    "2026-03-02T01:00:00Z".parse().expect("a valid time")
}

impl World {
    pub(crate) async fn new() -> Self {
        let database = redress_testkit::servers().await.database("triage").await;
        let clock = Arc::new(VirtualClock::new(start()));
        let intake = FakeIntake::default();
        let address = intake.serve().await;
        let peers =
            ["intake", "investigation", "compensation"].map(|name| (name.to_owned(), address.clone()));
        let (pem, jwks) = development_keys("test", [7; 32]);
        let surroundings = Surroundings {
            database_url: database.url().to_owned(),
            connections: 8,
            redis_url: String::new(),
            redis_name: String::new(),
            peers: BTreeMap::from(peers),
            verifier: Arc::new(Verifier::from_jwks(&jwks).expect("valid keys")),
            issuer: Arc::new(Issuer::from_pem("test", &pem).expect("a valid key")),
            key: vec![1; 32],
            clock: clock.clone(),
            ids: Arc::new(SeededIds::new(1)),
            max_message_bytes: 1 << 20,
            sweep_every: Duration::from_secs(1),
            otlp_endpoint: String::new(),
            tls: None,
            die_after_commit_of: String::new(),
        };
        let (triage, runtime) =
            runtime::build::<Triage>(&surroundings, Settings::default()).await.expect("builds");
        let policies = runtime.engine().policies();
        let mut hashes = Vec::new();
        for (kind, path) in
            [("handbook", "handbooks/courier-manual/2026.1.toml"), ("calendar", "calendars/cn.toml")]
        {
            let text = deploy(path);
            let row = PolicyRow { hash: content_hash(&text), kind: kind.into(), name: path.into(), text };
            policies.keep(&row).await.expect("kept");
            hashes.push(row.hash);
        }
        let calendar_hash = hashes.remove(1);
        let handbook_hash = hashes.remove(0);
        let ids = SeededIds::new(2);
        Self { triage, runtime, clock, intake, ids, handbook_hash, calendar_hash, _database: database }
    }

    /// An event of another service about a case.
    pub(crate) fn event<M: redress_proto::Payload>(
        &self,
        source: &str,
        case_id: Uuid,
        payload: &M,
    ) -> LoggedEvent {
        let (kind, payload) = redress_proto::fact(payload);
        self.raw(source, case_id, kind, payload)
    }

    pub(crate) fn raw(&self, source: &str, case_id: Uuid, kind: String, payload: Vec<u8>) -> LoggedEvent {
        let now = self.clock.now();
        let event = PendingEvent {
            id: self.ids.uuid_v7(now),
            kind,
            subject_kind: "case".into(),
            subject_id: case_id,
            case_id: Some(case_id),
            region: "CN".into(),
            time: now,
            actor: Actor { subject: source.into(), role: "service".into() },
            traceparent: String::new(),
            handbook_hash: self.handbook_hash.clone(),
            calendar_hash: self.calendar_hash.clone(),
            causes: Vec::new(),
            previous_hash: vec![0; 32],
            hash: Vec::new(),
            payload,
            effect: None,
        };
        let position = Position { generation: 1, partition: redress_storage::partition_of(case_id), n: 1 };
        LoggedEvent { source: source.into(), position, event: event.seal() }
    }

    /// Applies an event as a subscriber does; one that meets others is tried again.
    pub(crate) async fn apply(&self, event: &LoggedEvent) {
        for _ in 0..20 {
            let applied = self.try_apply(event).await;
            if !applied.as_ref().is_err_and(Failure::may_pass) {
                return applied.expect("the event is applied");
            }
        }
        unreachable!("{} never got through", event.event.kind);
    }

    async fn try_apply(&self, event: &LoggedEvent) -> redress_chassis::Result<()> {
        let reactor = self.runtime.reactor();
        self.runtime
            .engine()
            .policies()
            .ensure(&event.event.handbook_hash, &event.event.calendar_hash)
            .await?;
        reactor.prepare(event).await?;
        let mut unit = self.runtime.engine().begin_as("triage", "", Some(event)).await?;
        reactor.react(&mut unit, event).await?;
        unit.finish().await
    }

    pub(crate) async fn told<M: redress_proto::Payload>(&self, source: &str, case_id: Uuid, payload: &M) {
        self.apply(&self.event(source, case_id, payload)).await;
    }

    pub(crate) fn registration(
        &self,
        case_id: Uuid,
        person: &str,
        sub_type: &str,
        batch: &str,
    ) -> LoggedEvent {
        let facts = CaseFacts {
            case_number: "C260302-000019".into(),
            region: "CN".into(),
            language: "zh-CN".into(),
            person_ref: person.into(),
            sub_type: sub_type.into(),
            order: Some(OrderFacts {
                knowledge: OrderKnowledge::Known.into(),
                batch: batch.into(),
                line: "SHA-PEK".into(),
                goods_category: "books".into(),
                ..Default::default()
            }),
            received_time: Some(time_to_wire(self.clock.now())),
            ..Default::default()
        };
        self.event("intake", case_id, &ComplaintRegistered { facts: Some(facts), ..Default::default() })
    }

    pub(crate) fn new_case(&self) -> Uuid {
        self.ids.uuid_v7(self.clock.now())
    }

    /// Registers a complaint.
    pub(crate) async fn registered(&self, person: &str, sub_type: &str, batch: &str) -> Uuid {
        let case_id = self.new_case();
        self.apply(&self.registration(case_id, person, sub_type, batch)).await;
        case_id
    }

    /// Moves the clock and looks at what is due.
    pub(crate) async fn advance(&self, by: chrono::Duration) -> usize {
        self.clock.advance_to(self.clock.now() + by);
        let worker = DeadlineWorker::new(self.runtime.engine().clone(), self.runtime.reactor().clone());
        worker.sweep().await.expect("sweeps")
    }

    pub(crate) fn call<M>(&self, role: &str, method: &str, message: M) -> Request<M> {
        self.call_as(caller(role, ""), method, message)
    }

    pub(crate) fn call_as<M>(&self, caller: Caller, method: &str, message: M) -> Request<M> {
        let mut request = Request::new(message);
        request.extensions_mut().insert(caller);
        request.extensions_mut().insert(MethodPath(format!("/redress.triage.v1.TriageService/{method}")));
        request
    }

    pub(crate) async fn view(&self, case_id: Uuid) -> View {
        let request = GetTriageRequest { case_id: case_id.to_string() };
        let answer =
            self.triage.get_triage(self.call("cs-agent", "GetTriage", request)).await.expect("there");
        answer.into_inner().triage.expect("a triage")
    }

    /// The events of a case, or of all, by the last part of their names.
    pub(crate) async fn logged(&self, case_id: Option<Uuid>) -> Vec<eventlog::Event> {
        let pool = self.runtime.engine().database().pool();
        let (_, events) = log::read_after(pool, "triage", &BTreeMap::new(), 10_000).await.expect("readable");
        let mine = events.iter().filter(|event| case_id.is_none() || event.event.case_id == case_id);
        mine.map(redress_chassis::wire::to_wire).collect()
    }

    pub(crate) async fn count(&self, case_id: Option<Uuid>, name: &str) -> usize {
        self.logged(case_id)
            .await
            .iter()
            .filter(|event| event.r#type.rsplit('.').next() == Some(name))
            .count()
    }
}

pub(crate) fn caller(role: &str, department: &str) -> Caller {
    Caller {
        subject: "li.na".into(),
        roles: vec![role.into()],
        department: department.into(),
        regions: vec!["CN".into()],
        case_id: String::new(),
    }
}

/// Reason of a refusal, as its `ErrorInfo` says.
pub(crate) fn reason(status: &tonic::Status) -> String {
    use tonic_types::StatusExt as _;
    status.get_details_error_info().map(|info| info.reason).unwrap_or_default()
}
