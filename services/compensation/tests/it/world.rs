//! One compensation service with its own database, clock, texts and outside world.

use std::{collections::BTreeMap, path::Path, path::PathBuf, sync::Arc, time::Duration};

use redress_chassis::{
    Issuer, Verifier,
    access::MethodPath,
    deadline_worker::DeadlineWorker,
    identity::{Caller, development_keys},
    intent_worker::IntentWorker,
    policies::content_hash,
    runtime::{self, Runtime, Surroundings},
};
use redress_compensation::{Compensation, Settings};
use redress_connectors::{
    ConnectorSettings,
    file::{Behaviour, FileEnterprise, Port, Profile},
};
use redress_domain::{Clock as _, Currency, Ids as _, Money, SeededIds, Timestamp, VirtualClock};
use redress_proto::{
    compensation::v1::{
        self as pb, GetResolutionRequest, Resolution, compensation_service_server::CompensationService as _,
    },
    google::r#type::Money as WireMoney,
    intake::v1::{CaseFacts, ComplaintRegistered, MessageDelivered},
    investigation::v1::InvestigationConcluded,
    time_to_wire,
    triage::v1::CaseTriaged,
    types::v1::{
        Category, DeliveryProof, DesiredSolution, NoticeRequested, OrderFacts, OrderKnowledge, Priority,
        Validity,
    },
};
use redress_storage::{Actor, LoggedEvent, PendingEvent, Position, log, policy::PolicyRow};
use redress_testkit::TestDatabase;
use tonic::Request;
use uuid::Uuid;

use crate::fake_intake::FakeIntake;

pub(crate) struct World {
    pub(crate) compensation: Arc<Compensation>,
    pub(crate) runtime: Arc<Runtime>,
    pub(crate) clock: Arc<VirtualClock>,
    pub(crate) intake: FakeIntake,
    pub(crate) enterprise: FileEnterprise,
    ids: SeededIds,
    handbook_hash: String,
    calendar_hash: String,
    directory: PathBuf,
    _database: TestDatabase,
}

fn deploy(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy").join(path);
    std::fs::read_to_string(&path).expect("the file is in the folder `deploy`")
}

/// Monday 2026-03-02, 09:00 in Shanghai.
fn start() -> Timestamp {
    "2026-03-02T01:00:00Z".parse().expect("a valid time")
}

pub(crate) fn yuan(minor: i64) -> WireMoney {
    Money::new(minor, Currency::CNY).into()
}

impl Drop for World {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.directory));
    }
}

impl World {
    pub(crate) async fn new() -> Self {
        let database = redress_testkit::servers().await.database("compensation").await;
        let clock = Arc::new(VirtualClock::new(start()));
        let intake = FakeIntake::default();
        let address = intake.serve().await;
        let peers = ["intake", "triage", "investigation"].map(|name| (name.to_owned(), address.clone()));
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
        let directory = std::env::temp_dir().join(redress_testkit::unique("redress_compensation"));
        let connectors = ConnectorSettings { directory: directory.clone(), seed: 1, ..Default::default() };
        let (compensation, runtime) =
            runtime::build::<Compensation>(&surroundings, Settings { connectors }).await.expect("builds");
        let enterprise = FileEnterprise::open(&directory, clock.clone(), 1, Profile::quiet())
            .expect("the same outside world");
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
        Self {
            compensation,
            runtime,
            clock,
            intake,
            enterprise,
            ids: SeededIds::new(2),
            handbook_hash,
            calendar_hash,
            directory,
            _database: database,
        }
    }

    fn event<M: redress_proto::Payload>(&self, source: &str, case_id: Uuid, payload: &M) -> LoggedEvent {
        let (kind, payload) = redress_proto::fact(payload);
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

    /// An event of another service takes effect.
    pub(crate) async fn told<M: redress_proto::Payload>(&self, source: &str, case_id: Uuid, payload: &M) {
        let event = self.event(source, case_id, payload);
        let mut unit =
            self.runtime.engine().begin_as("compensation", "", Some(&event)).await.expect("begins");
        self.runtime.reactor().react(&mut unit, &event).await.expect("is applied");
        unit.finish().await.expect("commits");
    }

    /// What intake knows of a lost parcel on this waybill.
    pub(crate) fn facts(&self, waybill_no: &str) -> CaseFacts {
        CaseFacts {
            case_number: "C260302-000019".into(),
            region: "CN".into(),
            language: "zh-CN".into(),
            person_ref: "person-1".into(),
            waybill_no: waybill_no.into(),
            order: Some(OrderFacts {
                knowledge: OrderKnowledge::Known.into(),
                waybill_no: waybill_no.into(),
                goods_value: Some(yuan(2_000_000)),
                freight: Some(yuan(10_000)),
                ..Default::default()
            }),
            desired_solution: DesiredSolution::Compensation.into(),
            received_time: Some(time_to_wire(self.clock.now())),
            ..Default::default()
        }
    }

    /// A lost parcel on this waybill, registered, ranked as general and found to be right.
    pub(crate) async fn founded(&self, waybill_no: &str) -> Uuid {
        let case_id = self.ids.uuid_v7(self.clock.now());
        let registered = ComplaintRegistered { facts: Some(self.facts(waybill_no)), ..Default::default() };
        self.told("intake", case_id, &registered).await;
        let triaged = CaseTriaged {
            priority: Priority::General.into(),
            category: Category::CargoDamageLoss.into(),
            primary_sub_type: "parcel_lost".into(),
            ..Default::default()
        };
        self.told("triage", case_id, &triaged).await;
        let concluded = InvestigationConcluded {
            validity: Validity::Founded.into(),
            text_ref: Uuid::from_u128(5).to_string(),
            ..Default::default()
        };
        self.told("investigation", case_id, &concluded).await;
        case_id
    }

    /// The notice with a key that ends so reached the customer.
    pub(crate) async fn delivered(&self, case_id: Uuid, key_end: &str) {
        let notices = self.notices(case_id).await;
        let notice = notices.iter().find(|notice| notice.notice_key.ends_with(key_end));
        let notice = notice.unwrap_or_else(|| unreachable!("no notice `{key_end}`"));
        let event = MessageDelivered {
            asked_by: "compensation".into(),
            notice_key: notice.notice_key.clone(),
            notice: notice.notice.clone(),
            delivery_time: Some(time_to_wire(self.clock.now())),
            proof: DeliveryProof::Receipt.into(),
            ..Default::default()
        };
        self.told("intake", case_id, &event).await;
    }

    /// Makes outside systems misbehave.
    pub(crate) fn next(&self, port: Port, behaviours: &[Behaviour]) {
        self.enterprise.faults.push(port, behaviours).expect("a possible behaviour");
    }

    /// Makes the calls that are due, until none is.
    pub(crate) async fn run(&self) {
        let worker = IntentWorker::new(self.runtime.engine().clone(), self.runtime.reactor().clone());
        while worker.run_once().await.expect("calls are made") > 0 {}
    }

    /// Moves the clock in small steps, and does what is due.
    pub(crate) async fn advance(&self, by: chrono::Duration) {
        let until = self.clock.now() + by;
        let deadlines = DeadlineWorker::new(self.runtime.engine().clone(), self.runtime.reactor().clone());
        while self.clock.now() < until {
            self.clock.advance_to((self.clock.now() + chrono::Duration::minutes(1)).min(until));
            deadlines.sweep().await.expect("sweeps");
            self.run().await;
        }
    }

    pub(crate) fn call<M>(&self, role: &str, method: &str, message: M) -> Request<M> {
        self.call_as(caller(role), method, message)
    }

    pub(crate) fn call_as<M>(&self, caller: Caller, method: &str, message: M) -> Request<M> {
        let mut request = Request::new(message);
        request.extensions_mut().insert(caller);
        let path = format!("/redress.compensation.v1.CompensationService/{method}");
        request.extensions_mut().insert(MethodPath(path));
        request
    }

    pub(crate) fn request_id(&self) -> String {
        self.ids.uuid_v4().to_string()
    }

    pub(crate) fn cash(&self, case_id: Uuid, minor: i64) -> pb::ProposeResolutionRequest {
        pb::ProposeResolutionRequest {
            request_id: self.request_id(),
            case_id: case_id.to_string(),
            remedies: vec![pb::RemedyDraft {
                kind: pb::RemedyKind::Cash.into(),
                amount: Some(yuan(minor)),
                ..Default::default()
            }],
            prevention_measure: "贵重件交接双人签字".into(),
            ..Default::default()
        }
    }

    pub(crate) async fn propose(&self, role: &str, case_id: Uuid, minor: i64) -> Resolution {
        let request = self.call(role, "ProposeResolution", self.cash(case_id, minor));
        let answer = self.compensation.propose_resolution(request).await.expect("proposed");
        answer.into_inner().resolution.expect("a resolution")
    }

    pub(crate) async fn offer(&self, case_id: Uuid) -> Resolution {
        let request = pb::OfferResolutionRequest { case_id: case_id.to_string(), ..Default::default() };
        let answer =
            self.compensation.offer_resolution(self.call("cs-agent", "OfferResolution", request)).await;
        answer.expect("offered").into_inner().resolution.expect("a resolution")
    }

    pub(crate) fn answer(&self, case_id: Uuid, response: pb::ResponseKind) -> pb::RecordResponseRequest {
        pb::RecordResponseRequest {
            request_id: self.request_id(),
            case_id: case_id.to_string(),
            response: response.into(),
            ..Default::default()
        }
    }

    pub(crate) async fn accept(&self, case_id: Uuid) -> Resolution {
        let request = self.answer(case_id, pb::ResponseKind::Accepted);
        let answer =
            self.compensation.record_response(self.call("cs-agent", "RecordResponse", request)).await;
        answer.expect("recorded").into_inner().resolution.expect("a resolution")
    }

    pub(crate) async fn view(&self, case_id: Uuid) -> Resolution {
        let request = GetResolutionRequest { case_id: case_id.to_string() };
        let answer = self.compensation.get_resolution(self.call("cs-agent", "GetResolution", request)).await;
        answer.expect("there").into_inner().resolution.expect("a resolution")
    }

    /// The events of a case, oldest first.
    pub(crate) async fn events(&self, case_id: Uuid) -> Vec<LoggedEvent> {
        let pool = self.runtime.engine().database().pool();
        log::of_case(pool, "compensation", case_id).await.expect("readable")
    }

    /// The events of a case by the last part of their names, without deadlines and notices.
    pub(crate) async fn names(&self, case_id: Uuid) -> Vec<String> {
        let events = self.events(case_id).await;
        let names = events.iter().map(|event| event.event.kind.rsplit('.').next().unwrap_or_default());
        names
            .filter(|name| !["DeadlineChanged", "NoticeRequested"].contains(name))
            .map(str::to_owned)
            .collect()
    }

    pub(crate) async fn notices(&self, case_id: Uuid) -> Vec<NoticeRequested> {
        let events = self.events(case_id).await;
        let notices = events.iter().filter(|event| event.event.kind == "redress.types.v1.NoticeRequested");
        notices.map(|event| redress_chassis::wire::payload(event).expect("decodes")).collect()
    }
}

pub(crate) fn caller(role: &str) -> Caller {
    Caller {
        subject: format!("somebody as {role}"),
        roles: vec![role.into()],
        department: String::new(),
        regions: vec!["CN".into()],
        case_id: String::new(),
    }
}

/// Code and reason of a refusal, as its `ErrorInfo` says.
pub(crate) fn refused<T: std::fmt::Debug>(answer: Result<T, tonic::Status>) -> (tonic::Code, String) {
    use tonic_types::StatusExt as _;
    let status = answer.expect_err("refused");
    (status.code(), status.get_details_error_info().map(|info| info.reason).unwrap_or_default())
}
