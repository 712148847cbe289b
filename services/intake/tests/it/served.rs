//! One intake service that serves its contract on a port, and reads its own log through it.

use std::{collections::BTreeMap, path::Path, sync::Arc, time::Duration};

use redress_chassis::{
    Caller, Issuer, Verifier,
    identity::development_keys,
    runtime::{self, Runtime, Surroundings},
    server,
};
use redress_connectors::ConnectorSettings;
use redress_domain::{Clock as _, Ids as _, SeededIds, SystemClock, Timestamp, VirtualClock};
use redress_intake::{Intake, Settings};
use redress_proto::{
    Payload, fact,
    intake::v1::{
        ActivateHandbookRequest, Case, Customer, RegisterComplaintRequest,
        intake_service_client::IntakeServiceClient,
    },
    types::v1::{Channel as Way, ProblemType},
};
use redress_storage::{Actor, LoggedEvent, PendingEvent, Position, partition_of};
use redress_testkit::TestDatabase;
use tokio_util::sync::CancellationToken;
use tonic::{Request, service::interceptor::InterceptedService, transport::Channel};
use uuid::Uuid;

/// A client whose calls carry a token.
pub(crate) type Client = IntakeServiceClient<InterceptedService<Channel, Token>>;

/// Puts a token on every call.
#[derive(Clone)]
pub(crate) struct Token(String);

impl tonic::service::Interceptor for Token {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, tonic::Status> {
        let bearer = format!("Bearer {}", self.0).parse().expect("a token is ASCII");
        request.metadata_mut().insert("authorization", bearer);
        Ok(request)
    }
}

pub(crate) struct Served {
    pub(crate) runtime: Arc<Runtime>,
    pub(crate) stopping: CancellationToken,
    pub(crate) serving: tokio::task::JoinHandle<anyhow::Result<()>>,
    issuer: Arc<Issuer>,
    ids: SeededIds,
    pub(crate) clock: Arc<VirtualClock>,
    address: String,
    pub(crate) directory: std::path::PathBuf,
    _database: TestDatabase,
}

impl Drop for Served {
    fn drop(&mut self) {
        self.stopping.cancel();
        // What is left of a test's world is small, and goes with the machine's temporary files.
        std::fs::remove_dir_all(&self.directory).ok();
    }
}

/// Monday 2026-03-02, 09:00 in Shanghai.
pub(crate) fn start() -> Timestamp {
    "2026-03-02T01:00:00Z".parse().expect("a valid time")
}

pub(crate) fn deploy(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy").join(path);
    std::fs::read_to_string(path).expect("the repository has it")
}

impl Served {
    /// A service with the courier manual in force in region CN. Nobody listens where the other services would be.
    pub(crate) async fn new() -> Self {
        Self::beside("http://127.0.0.1:1").await
    }

    /// The same, with the other services at `others`.
    pub(crate) async fn beside(others: &str) -> Self {
        let database = redress_testkit::servers().await.database("intake").await;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = format!("http://{}", listener.local_addr().expect("bound"));
        let mut peers: BTreeMap<String, String> = ["triage", "investigation", "compensation", "survey"]
            .map(|name| (name.to_owned(), others.into()))
            .into();
        peers.insert("intake".into(), address.clone());
        let (pem, jwks) = development_keys("test", [7; 32]);
        let issuer = Arc::new(Issuer::from_pem("test", &pem).expect("a valid key"));
        let verifier = Arc::new(Verifier::from_jwks(&jwks).expect("valid keys"));
        let clock = Arc::new(VirtualClock::new(start()));
        let directory = std::env::temp_dir().join(redress_testkit::unique("redress_intake"));
        let surroundings = Surroundings {
            database_url: database.url().to_owned(),
            connections: 8,
            redis_url: String::new(),
            redis_name: String::new(),
            peers,
            verifier: verifier.clone(),
            issuer: issuer.clone(),
            key: vec![1; 32],
            clock: clock.clone(),
            ids: Arc::new(SeededIds::new(1)),
            max_message_bytes: 4 << 20,
            sweep_every: Duration::from_secs(1),
            otlp_endpoint: String::new(),
            tls: None,
            die_after_commit_of: String::new(),
        };
        let connectors = ConnectorSettings { directory: directory.clone(), ..ConnectorSettings::default() };
        let settings = Settings { connectors, ..Settings::default() };
        let (intake, runtime) = runtime::build::<Intake>(&surroundings, settings).await.expect("builds");
        let stopping = CancellationToken::new();
        let serving = tokio::spawn(server::serve(
            intake,
            runtime.clone(),
            verifier,
            listener,
            4 << 20,
            None,
            stopping.clone(),
        ));
        let ids = SeededIds::new(2);
        let served =
            Self { runtime, stopping, serving, issuer, ids, clock, address, directory, _database: database };
        let activate = ActivateHandbookRequest {
            handbook_file: "2026.1.toml".into(),
            handbook_toml: deploy("handbooks/courier-manual/2026.1.toml"),
            calendar_file: "cn.toml".into(),
            calendar_toml: deploy("calendars/cn.toml"),
            regions: vec!["CN".into()],
            ..ActivateHandbookRequest::default()
        };
        served.client("admin").activate_handbook(activate).await.expect("activates");
        served
    }

    pub(crate) fn client(&self, role: &str) -> Client {
        self.client_of(&Caller {
            subject: format!("test-{role}"),
            roles: vec![role.into()],
            department: String::new(),
            regions: Vec::new(),
            case_id: String::new(),
        })
    }

    pub(crate) fn client_of(&self, caller: &Caller) -> Client {
        // Tokens live in machine time.
        let token = self.issuer.issue(caller, SystemClock.now(), chrono::Duration::hours(1)).expect("signs");
        self.client_with(token)
    }

    pub(crate) fn client_with(&self, token: String) -> Client {
        let channel = Channel::from_shared(self.address.clone()).expect("an address").connect_lazy();
        IntakeServiceClient::with_interceptor(channel, Token(token))
    }

    pub(crate) fn complaint(&self, waybill_no: &str) -> RegisterComplaintRequest {
        RegisterComplaintRequest {
            request_id: self.ids.uuid_v7(start()).to_string(),
            channel: Way::Sms.into(),
            waybill_no: waybill_no.into(),
            customer: Some(Customer {
                name: "李娜".into(),
                phone: "13800000000".into(),
                ..Customer::default()
            }),
            problem_type: ProblemType::Delay.into(),
            narrative: "包裹三天没有更新".into(),
            ..RegisterComplaintRequest::default()
        }
    }

    /// Registers a complaint, and waits until the ledger knows it. Returns the customer's token, too.
    pub(crate) async fn registered(&self, waybill_no: &str) -> (Case, String) {
        let answer =
            self.client("cs-agent").register_complaint(self.complaint(waybill_no)).await.expect("registers");
        let answer = answer.into_inner();
        self.pull().await;
        (answer.case.expect("a case"), answer.customer_token)
    }

    /// Reads its own log to the head; the others' logs are not there.
    pub(crate) async fn pull(&self) {
        let failure = self.runtime.pull().await.expect_err("nobody serves the others' logs");
        assert!(failure.may_pass(), "{failure:?}");
    }

    /// Brings an event of another service, as its subscriber would.
    pub(crate) async fn told<M: Payload>(&self, source: &str, case: &Case, n: i64, message: &M) {
        let case_id = Uuid::parse_str(&case.case_id).expect("a case id");
        let policy = case.policy.clone().expect("a policy");
        let (kind, payload) = fact(message);
        let now = self.clock.now();
        let event = PendingEvent {
            id: self.ids.uuid_v7(now),
            kind,
            subject_kind: "case".into(),
            subject_id: case_id,
            case_id: Some(case_id),
            region: case.region.clone(),
            time: now,
            actor: Actor { subject: source.into(), role: "service".into() },
            traceparent: String::new(),
            handbook_hash: policy.handbook_hash,
            calendar_hash: policy.calendar_hash,
            causes: Vec::new(),
            previous_hash: vec![0; 32],
            hash: Vec::new(),
            payload,
            effect: None,
        };
        let position = Position { generation: 1, partition: partition_of(case_id), n };
        let event = LoggedEvent { source: source.into(), position, event: event.seal() };
        let reactor = self.runtime.reactor();
        let mut unit = self.runtime.engine().begin_as("intake", "", Some(&event)).await.expect("begins");
        reactor.react(&mut unit, &event).await.expect("reacts");
        unit.finish().await.expect("commits");
    }
}

/// Reason of a refusal, as its `ErrorInfo` says.
pub(crate) fn reason(status: &tonic::Status) -> String {
    use tonic_types::StatusExt as _;
    status.get_details_error_info().map(|info| info.reason).unwrap_or_default()
}
