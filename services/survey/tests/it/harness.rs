//! A running survey service, its clock, and the events of the others.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use redress_chassis::{
    Caller, Issuer, Peers, Runtime, Service, Verifier,
    deadline_worker::DeadlineWorker,
    identity::development_keys,
    intent_worker::IntentWorker,
    runtime::{Surroundings, build},
    server::serve,
    subscriber::Subscriber,
};
use redress_domain::{Clock, Ids, SeededIds, SystemClock, Timestamp, VirtualClock};
use redress_proto::{
    Payload, fact,
    intake::v1 as intake_pb,
    survey::v1::{self as pb, survey_service_client::SurveyServiceClient},
    time_to_wire, triage,
    types::v1 as types,
};
use redress_storage::{
    Actor, Database, LoggedEvent, PendingEvent, Position, cursor, partition_of, policy::PolicyRow,
    transaction::query_all,
};
use redress_survey::{Settings, Survey};
use redress_testkit::TestDatabase;
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tokio_util::sync::CancellationToken;
use tonic::{
    Code, Request, Status,
    transport::{Channel, Endpoint},
};
use uuid::Uuid;

use crate::intake::Intake;

const HANDBOOK: &str = include_str!("../../../../deploy/handbooks/courier-manual/2026.1.toml");
pub(crate) const CALENDAR: &str = include_str!("../../../../deploy/calendars/cn.toml");

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

pub(crate) struct World {
    pub(crate) clock: Arc<VirtualClock>,
    pub(crate) intake: Intake,
    pub(crate) runtime: Arc<Runtime>,
    client: SurveyServiceClient<Channel>,
    issuer: Arc<Issuer>,
    own_log: Subscriber,
    intents: IntentWorker,
    deadlines: DeadlineWorker,
    hashes: (String, String),
    ids: SeededIds,
    /// Heads of the others' logs, by source and partition.
    heads: Mutex<BTreeMap<(String, i32), i64>>,
    stopping: CancellationToken,
    _database: TestDatabase,
}

impl Drop for World {
    fn drop(&mut self) {
        self.stopping.cancel();
    }
}

impl World {
    pub(crate) async fn at(start: &str) -> Self {
        let listen = async || TcpListener::bind("127.0.0.1:0").await.expect("binds");
        let (listener, intake_listener) = (listen().await, listen().await);
        let address = |listener: &TcpListener| format!("http://{}", listener.local_addr().expect("bound"));
        let nowhere = "http://127.0.0.1:1".to_owned();
        let mut peers: BTreeMap<String, String> =
            ["triage", "investigation", "compensation"].map(|name| (name.to_owned(), nowhere.clone())).into();
        peers.insert("intake".into(), address(&intake_listener));
        peers.insert("survey".into(), address(&listener));
        let stopping = CancellationToken::new();
        let intake = Intake::default();
        let server = tonic::transport::Server::builder().add_service(intake.clone());
        tokio::spawn(server.serve_with_incoming_shutdown(
            TcpListenerStream::new(intake_listener),
            stopping.clone().cancelled_owned(),
        ));

        let servers = redress_testkit::servers().await;
        let database = servers.database("survey").await;
        let (pem, jwks) = development_keys("test", [1; 32]);
        let verifier = Arc::new(Verifier::from_jwks(&jwks).expect("valid"));
        let issuer = Arc::new(Issuer::from_pem("test", &pem).expect("valid"));
        let clock = Arc::new(VirtualClock::new(at(start)));
        let url = address(&listener);
        let surroundings = Surroundings {
            database_url: database.url().to_owned(),
            connections: 8,
            redis_url: servers.redis_url().to_owned(),
            redis_name: redress_testkit::unique("survey"),
            peers: peers.clone(),
            verifier: verifier.clone(),
            issuer: issuer.clone(),
            key: vec![7; 32],
            clock: clock.clone(),
            ids: Arc::new(SeededIds::new(11)),
            max_message_bytes: 1024 * 1024,
            sweep_every: Duration::from_secs(1),
            otlp_endpoint: String::new(),
            tls: None,
            die_after_commit_of: String::new(),
        };
        let (service, runtime) = build::<Survey>(&surroundings, Settings::default()).await.expect("builds");
        tokio::spawn(serve(
            service,
            runtime.clone(),
            verifier,
            listener,
            1024 * 1024,
            None,
            stopping.clone(),
        ));
        let engine = runtime.engine().clone();
        let reactor = runtime.reactor().clone();
        let own = Peers::new("survey", &peers, issuer.clone(), None)
            .and_then(|peers| peers.get("survey"))
            .expect("named");
        let mut hashes = Vec::new();
        for (kind, text) in [("handbook", HANDBOOK), ("calendar", CALENDAR)] {
            let hash = redress_chassis::policies::content_hash(text);
            let row =
                PolicyRow { hash: hash.clone(), kind: kind.into(), name: kind.into(), text: text.into() };
            engine.policies().keep(&row).await.expect("keeps");
            hashes.push(hash);
        }
        Self {
            clock,
            intake,
            client: SurveyServiceClient::new(Endpoint::from_shared(url).expect("an address").connect_lazy()),
            issuer,
            own_log: Subscriber::new(engine.clone(), reactor.clone(), "survey", own),
            intents: IntentWorker::new(engine.clone(), reactor.clone()),
            deadlines: DeadlineWorker::new(engine, reactor),
            runtime,
            hashes: (hashes.remove(0), hashes.remove(0)),
            ids: SeededIds::new(12),
            heads: Mutex::default(),
            stopping,
            _database: database,
        }
    }

    /// Does everything that survey does by itself now.
    pub(crate) async fn rest(&self) {
        loop {
            let mut done = self.own_log.pull(false).await.expect("pulls").applied;
            done += self.intents.run_once().await.expect("calls");
            done += self.deadlines.sweep().await.expect("sweeps");
            if done == 0 {
                return;
            }
        }
    }

    /// Moves the clock, doing what falls due on the way at its own time.
    pub(crate) async fn advance_to(&self, to: &str) {
        let to = at(to);
        while let Some(due) = self.runtime.next_due().await.expect("reads").filter(|due| *due < to) {
            self.clock.advance_to(due);
            self.rest().await;
        }
        self.clock.advance_to(to);
        self.rest().await;
    }

    /// Something happens in another service.
    pub(crate) async fn happen<M: Payload>(&self, source: &str, case_id: Option<Uuid>, payload: &M) {
        let (kind, bytes) = fact(payload);
        let id = self.ids.uuid_v7(self.clock.now());
        let subject = case_id.unwrap_or(id);
        let partition = partition_of(subject);
        let n = {
            let mut heads = self.heads.lock().expect("not poisoned");
            let head = heads.entry((source.to_owned(), partition)).or_default();
            *head += 1;
            *head
        };
        let event = PendingEvent {
            id,
            kind,
            subject_kind: "case".into(),
            subject_id: subject,
            case_id,
            region: "cn".into(),
            time: self.clock.now(),
            actor: Actor { subject: source.into(), role: "service".into() },
            traceparent: String::new(),
            handbook_hash: self.hashes.0.clone(),
            calendar_hash: self.hashes.1.clone(),
            causes: Vec::new(),
            previous_hash: vec![0; 32],
            hash: Vec::new(),
            payload: bytes,
            effect: None,
        };
        let position = Position { generation: 1, partition, n };
        let event = LoggedEvent { source: source.into(), position, event: event.seal() };
        self.runtime.reactor().prepare(&event).await.expect("prepares");
        let mut unit = self.runtime.engine().begin_as("survey", "", Some(&event)).await.expect("begins");
        self.runtime.reactor().react(&mut unit, &event).await.expect("reacts");
        cursor::advance(unit.transaction(), source, &[(n - 1, position)]).await.expect("moves");
        unit.finish().await.expect("commits");
        self.rest().await;
    }

    /// The shipped handbook is activated for the region.
    pub(crate) async fn activate(&self) {
        self.activate_with(CALENDAR).await;
    }

    /// The shipped handbook is activated with another calendar.
    pub(crate) async fn activate_with(&self, calendar: &str) {
        let hash = redress_chassis::policies::content_hash(calendar);
        let row = PolicyRow {
            hash: hash.clone(),
            kind: "calendar".into(),
            name: "cn".into(),
            text: calendar.into(),
        };
        self.runtime.engine().policies().keep(&row).await.expect("keeps");
        let policy = types::Policy {
            handbook_hash: self.hashes.0.clone(),
            calendar_hash: hash,
            ..types::Policy::default()
        };
        let activated = intake_pb::HandbookActivated {
            policy: Some(policy),
            regions: vec!["cn".into()],
            replaced: Vec::new(),
        };
        self.happen("intake", None, &activated).await;
    }

    /// A complaint is received now.
    pub(crate) async fn register(&self, line: &str) -> Uuid {
        let case_id = self.ids.uuid_v7(self.clock.now());
        let facts = intake_pb::CaseFacts {
            language: "en".into(),
            order: Some(types::OrderFacts { line: line.into(), ..types::OrderFacts::default() }),
            received_time: Some(time_to_wire(self.clock.now())),
            ..intake_pb::CaseFacts::default()
        };
        let registered = intake_pb::ComplaintRegistered { facts: Some(facts), ..Default::default() };
        self.happen("intake", Some(case_id), &registered).await;
        case_id
    }

    pub(crate) async fn triage(&self, case_id: Uuid, priority: types::Priority, sub_type: &str) {
        let triaged = triage::v1::CaseTriaged {
            priority: priority.into(),
            category: types::Category::ServiceQuality.into(),
            primary_sub_type: sub_type.into(),
            ..Default::default()
        };
        self.happen("triage", Some(case_id), &triaged).await;
    }

    pub(crate) async fn close(&self, case_id: Uuid) {
        let closed = intake_pb::CaseClosed {
            basis: types::ClosingBasis::Accepted.into(),
            close_time: Some(time_to_wire(self.clock.now())),
            ..Default::default()
        };
        self.happen("intake", Some(case_id), &closed).await;
    }

    /// The invitation of the case's survey arrives at `delivered_at`; told now.
    pub(crate) async fn deliver(&self, case_id: Uuid, delivered_at: Timestamp) {
        let keys = self.notices(case_id, "survey_invitation").await;
        let delivered = intake_pb::MessageDelivered {
            asked_by: "survey".into(),
            notice_key: keys.last().expect("asked for").notice_key.clone(),
            notice: "survey_invitation".into(),
            audience: Some(types::Audience { customer: true, ..types::Audience::default() }),
            channel: types::Channel::Sms.into(),
            delivery_time: Some(time_to_wire(delivered_at)),
            proof: types::DeliveryProof::Receipt.into(),
            ..Default::default()
        };
        self.happen("intake", Some(case_id), &delivered).await;
    }

    /// The notices that survey asked for.
    pub(crate) async fn notices(&self, case_id: Uuid, notice: &str) -> Vec<types::NoticeRequested> {
        let notices = self.logged::<types::NoticeRequested>(case_id).await;
        notices.into_iter().filter(|asked| asked.notice == notice).collect()
    }

    /// The events of a type that survey logged for a case.
    pub(crate) async fn logged<M: Payload>(&self, case_id: Uuid) -> Vec<M> {
        let pool = self.runtime.engine().database().pool();
        let events = redress_storage::log::of_case(pool, "survey", case_id).await.expect("reads");
        let of_type = events.iter().filter(|event| event.event.kind == M::full_name());
        of_type.map(|event| redress_chassis::wire::payload(event).expect("decodes")).collect()
    }

    /// The one-time token of the case's latest survey, as the customer gets it.
    pub(crate) fn token(&self, case_id: Uuid) -> String {
        let tokens = self.intake.stored(case_id, intake_pb::TextPurpose::SurveyToken);
        tokens.last().expect("stored").clone()
    }

    /// A request by somebody in a role. For `customer` the token opens `case_id`.
    pub(crate) fn by<T>(&self, role: &str, case_id: Option<Uuid>, message: T) -> Request<T> {
        let caller = Caller {
            subject: format!("test.{role}"),
            roles: vec![role.to_owned()],
            department: String::new(),
            regions: Vec::new(),
            case_id: case_id.map(|id| id.to_string()).unwrap_or_default(),
        };
        // Tokens live in machine time.
        let token = self.issuer.issue(&caller, SystemClock.now(), chrono::Duration::hours(1)).expect("signs");
        let mut request = Request::new(message);
        request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().expect("ASCII"));
        request
    }

    pub(crate) fn client(&self) -> SurveyServiceClient<Channel> {
        self.client.clone()
    }

    pub(crate) async fn survey(&self, case_id: Uuid) -> pb::Survey {
        let request = pb::GetSurveyRequest { case_id: case_id.to_string(), survey_token: String::new() };
        let answer = self.client().get_survey(self.by("cs-supervisor", None, request)).await.expect("found");
        answer.into_inner().survey.expect("set")
    }

    pub(crate) async fn review(&self, month: &str) -> pb::MonthlyReview {
        let request = pb::GetMonthlyReviewRequest { region: String::new(), month: month.into() };
        let answer =
            self.client().get_monthly_review(self.by("supervision", None, request)).await.expect("found");
        answer.into_inner().review.expect("set")
    }

    /// The survey's answer to given scores.
    pub(crate) async fn submit(
        &self,
        request: Request<pb::SubmitResponseRequest>,
    ) -> Result<pb::Survey, Status> {
        let answer = self.client().submit_response(request).await?;
        Ok(answer.into_inner().survey.expect("set"))
    }

    /// A replay of the log into an empty database gives the same rows.
    pub(crate) async fn assert_replayable(&self) {
        let test = redress_testkit::servers().await.database("replayed").await;
        let empty = Database::connect(test.url(), 4).await.expect("connects");
        let migrations: Vec<_> =
            redress_deadlines::MIGRATIONS.iter().chain(<Survey as Service>::migrations()).copied().collect();
        empty.migrate(&migrations).await.expect("migrates");
        let from = self.runtime.engine().database();
        redress_chassis::replay::replay("survey", from, &empty, &**self.runtime.reactor())
            .await
            .expect("replays");
        for table in [
            "aggregate",
            "deadline",
            "ruling",
            "survey",
            "survey_score",
            "case_figures",
            "reopening_figure",
            "deadline_figure",
            "payment_figure",
            "review",
            "improvement",
        ] {
            assert_eq!(rows(from, table).await, rows(&empty, table).await, "{table}");
        }
    }
}

async fn rows(database: &Database, table: &str) -> Vec<String> {
    let sql = format!("select to_jsonb(t)::text as row from {table} t order by 1");
    let rows = query_all(database.pool(), "dump", &sql, []).await.expect("reads");
    rows.iter().map(|row| row.try_get::<String>("", "row").expect("text")).collect()
}

/// Answers to the handbook's two questions, with words to the second.
pub(crate) fn answers(efficiency: i32, solution: i32, words: &str) -> Vec<pb::SurveyAnswer> {
    let answer = |id: &str, score: i32, words: &str| pb::SurveyAnswer {
        question_id: id.into(),
        score,
        comment: words.into(),
        comment_ref: String::new(),
    };
    vec![answer("efficiency", efficiency, ""), answer("solution_reasonable", solution, words)]
}

/// Code and reason of a refusal.
pub(crate) fn refusal(status: &Status) -> (Code, String) {
    use tonic_types::StatusExt as _;
    let reason = status.get_details_error_info().map(|info| info.reason).unwrap_or_default();
    (status.code(), reason)
}
