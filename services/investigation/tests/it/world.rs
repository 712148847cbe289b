//! A running service of its own for each test, told by hand what the other services would tell it.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};

use chrono::{TimeDelta, TimeZone as _, Utc};
use futures::{StreamExt as _, stream};
use redress_chassis::{
    Call, Caller, Failure, Issuer, Runtime, Verifier,
    engine::truncate,
    identity::development_keys,
    policies::content_hash,
    runtime::{Surroundings, build},
    server::serve,
};
use redress_connectors::ConnectorSettings;
use redress_domain::{Clock as _, Ids as _, SeededIds, Timestamp, VirtualClock};
use redress_investigation::{Investigation, Settings, app};
use redress_proto::{
    Payload,
    intake::v1::{
        CaseFacts, ComplaintRegistered, MessageDelivered, intake_service_server::IntakeServiceServer,
    },
    investigation::v1 as pb,
    time_to_wire,
    triage::v1 as triage,
    types::v1 as types,
};
use redress_storage::{Actor, LoggedEvent, PendingEvent, Position, log, policy::PolicyRow};
use redress_testkit::TestDatabase;
use sha2::{Digest as _, Sha256};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tokio_util::sync::CancellationToken;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;
use uuid::Uuid;

use crate::intake::Texts;

pub(crate) struct World {
    pub(crate) service: Arc<Investigation>,
    pub(crate) runtime: Arc<Runtime>,
    pub(crate) texts: Texts,
    pub(crate) clock: Arc<VirtualClock>,
    pub(crate) issuer: Arc<Issuer>,
    pub(crate) address: String,
    pub(crate) files: PathBuf,
    policies: [PolicyRow; 2],
    ids: Arc<SeededIds>,
    stopping: CancellationToken,
    _database: TestDatabase,
}

impl Drop for World {
    fn drop(&mut self) {
        self.stopping.cancel();
    }
}

/// Monday, 2 March 2026, 9:00 in Shanghai.
pub(crate) fn start() -> Timestamp {
    Utc.with_ymd_and_hms(2026, 3, 2, 1, 0, 0).unwrap()
}

pub(crate) fn after(hours: i64) -> Timestamp {
    start() + TimeDelta::hours(hours)
}

pub(crate) fn policy(kind: &str, path: &str) -> PolicyRow {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../deploy").join(path);
    let text = std::fs::read_to_string(file).expect("it is shipped");
    PolicyRow { hash: content_hash(&text), kind: kind.into(), name: path.into(), text }
}

impl World {
    pub(crate) async fn new(test: &str) -> Self {
        let servers = redress_testkit::servers().await;
        let database = servers.database("investigation").await;
        let files = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("investigation-{test}"));
        drop(std::fs::remove_dir_all(&files));
        std::fs::create_dir_all(&files).unwrap();
        let texts = Texts::default();
        let intake = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let intake_address = format!("http://{}", intake.local_addr().unwrap());
        let stopping = CancellationToken::new();
        let stopped = stopping.clone().cancelled_owned();
        tokio::spawn(
            tonic::transport::Server::builder()
                .add_service(IntakeServiceServer::new(texts.clone()))
                .serve_with_incoming_shutdown(TcpListenerStream::new(intake), stopped),
        );
        let (pem, jwks) = development_keys("test", [1; 32]);
        let clock = Arc::new(VirtualClock::new(start()));
        let ids = Arc::new(SeededIds::new(11));
        let surroundings = Surroundings {
            database_url: database.url().to_owned(),
            connections: 4,
            redis_url: servers.redis_url().to_owned(),
            redis_name: redress_testkit::unique("investigation"),
            peers: BTreeMap::from(["intake", "triage"].map(|name| (name.to_owned(), intake_address.clone()))),
            verifier: Arc::new(Verifier::from_jwks(&jwks).unwrap()),
            issuer: Arc::new(Issuer::from_pem("test", &pem).unwrap()),
            key: vec![7; 32],
            clock: clock.clone(),
            ids: ids.clone(),
            max_message_bytes: 1024 * 1024,
            sweep_every: Duration::from_secs(1),
            otlp_endpoint: String::new(),
            tls: None,
            die_after_commit_of: String::new(),
        };
        let connectors = ConnectorSettings { directory: files.clone(), ..ConnectorSettings::default() };
        let (service, runtime) =
            build::<Investigation>(&surroundings, Settings { connectors }).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(serve(
            service.clone(),
            runtime.clone(),
            surroundings.verifier.clone(),
            listener,
            1024 * 1024,
            None,
            stopping.clone(),
        ));
        let policies = [
            policy("handbook", "handbooks/courier-manual/2026.1.toml"),
            policy("calendar", "calendars/cn.toml"),
        ];
        for row in &policies {
            runtime.engine().policies().keep(row).await.unwrap();
        }
        Self {
            service,
            runtime,
            texts,
            clock,
            issuer: surroundings.issuer.clone(),
            address,
            files,
            policies,
            ids,
            stopping,
            _database: database,
        }
    }

    /// Tells the service what happened elsewhere.
    pub(crate) async fn tell<M: Payload>(&self, source: &str, case: Uuid, event: &M) {
        let (kind, payload) = event.fact();
        let now = truncate(self.clock.now());
        let event = PendingEvent {
            id: self.ids.uuid_v7(now),
            kind,
            subject_kind: "case".into(),
            subject_id: case,
            case_id: Some(case),
            region: "cn".into(),
            time: now,
            actor: Actor { subject: source.into(), role: "service".into() },
            traceparent: String::new(),
            handbook_hash: self.policies[0].hash.clone(),
            calendar_hash: self.policies[1].hash.clone(),
            causes: vec![],
            previous_hash: vec![0; 32],
            hash: vec![],
            payload,
            effect: None,
        };
        let position = Position { generation: 1, partition: 1, n: 1 };
        let logged = LoggedEvent { source: source.into(), position, event: event.seal() };
        let mut unit = self.runtime.engine().begin_as("investigation", "", Some(&logged)).await.unwrap();
        self.runtime.reactor().react(&mut unit, &logged).await.unwrap();
        unit.finish().await.unwrap();
    }

    /// Registers and triages a case.
    pub(crate) async fn open(
        &self,
        priority: types::Priority,
        sub_type: &str,
        category: types::Category,
    ) -> Uuid {
        let case = self.ids.uuid_v7(self.clock.now());
        let facts = CaseFacts {
            region: "cn".into(),
            language: "zh-CN".into(),
            channel: types::Channel::Email.into(),
            received_time: Some(time_to_wire(self.clock.now())),
            ..Default::default()
        };
        self.tell("intake", case, &ComplaintRegistered { facts: Some(facts), ..Default::default() }).await;
        let event = triage::CaseTriaged {
            priority: priority.into(),
            category: category.into(),
            primary_sub_type: sub_type.into(),
            trigger: triage::TriageTrigger::Registered.into(),
            ..Default::default()
        };
        self.tell("triage", case, &event).await;
        case
    }

    /// A general case of delay.
    pub(crate) async fn delay(&self) -> Uuid {
        self.open(types::Priority::General, "delay", types::Category::ServiceQuality).await
    }

    /// A notice of this service reached the customer.
    pub(crate) async fn told(&self, case: Uuid, notice_key: &str, at: Timestamp) {
        let event = MessageDelivered {
            asked_by: "investigation".into(),
            notice_key: notice_key.into(),
            audience: Some(types::Audience { customer: true, ..Default::default() }),
            delivery_time: Some(time_to_wire(at)),
            proof: types::DeliveryProof::Receipt.into(),
            ..Default::default()
        };
        self.tell("intake", case, &event).await;
    }

    /// Lets `hours` since the start pass, with all that falls due meanwhile.
    pub(crate) async fn advance(&self, to: Timestamp) {
        while let Some(next) = self.runtime.next_due().await.unwrap().filter(|next| *next <= to) {
            self.clock.advance_to(next.max(self.clock.now()));
            self.due().await;
        }
        self.clock.advance_to(to);
        self.due().await;
    }

    async fn due(&self) {
        // The logs of the others are told by hand, so only deadlines are run.
        let worker = redress_chassis::deadline_worker::DeadlineWorker::new(
            self.runtime.engine().clone(),
            self.runtime.reactor().clone(),
        );
        while worker.claim().await.unwrap().0 + worker.sweep().await.unwrap() > 0 {}
    }

    /// Names of the events of a case, without their package; deadlines by what happened to them.
    pub(crate) async fn log(&self, case: Uuid) -> Vec<String> {
        let events =
            log::of_case(self.runtime.engine().database().pool(), "investigation", case).await.unwrap();
        events.iter().map(|event| event.event.kind.rsplit('.').next().unwrap().to_owned()).collect()
    }

    pub(crate) async fn get(&self, case: Uuid) -> pb::Investigation {
        let request = pb::GetInvestigationRequest { case_id: case.to_string() };
        let answer =
            app::get_investigation::get_investigation(&self.service, &call("cs-agent"), request).await;
        answer.unwrap().investigation.unwrap()
    }

    /// Uploads a file in pieces of 4 bytes, as announced by `metadata`.
    pub(crate) async fn upload(
        &self,
        metadata: pb::UploadMetadata,
        content: &[u8],
    ) -> Result<pb::UploadEvidenceResponse, Failure> {
        self.upload_messages(messages(metadata, content).into_iter().map(Ok).collect()).await
    }

    /// Uploads whatever messages.
    pub(crate) async fn upload_messages(
        &self,
        messages: Vec<Result<pb::UploadEvidenceRequest, Status>>,
    ) -> Result<pb::UploadEvidenceResponse, Failure> {
        let call = call("department-staff");
        app::upload_evidence::upload_evidence(&self.service, &call, stream::iter(messages).boxed()).await
    }

    pub(crate) async fn upload_all(&self, case: Uuid, item_ids: &[&str]) {
        for item_id in item_ids {
            let content = format!("content of {item_id}");
            let metadata = metadata(self, case, item_id, content.as_bytes());
            self.upload(metadata, content.as_bytes()).await.unwrap();
        }
    }

    /// An id for a request.
    pub(crate) fn request_id(&self) -> String {
        self.ids.uuid_v4().to_string()
    }

    /// Files in the blob store.
    pub(crate) fn stored(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut folders = vec![self.files.join("blobs")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() { folders.push(path) } else { found.push(path) }
            }
        }
        found.retain(|path| path.file_name().is_some_and(|name| name != "incoming.lock"));
        found
    }
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

pub(crate) fn call(role: &str) -> Call {
    Call { caller: caller(role), method: "test".into(), traceparent: String::new() }
}

pub(crate) fn metadata(world: &World, case: Uuid, item_id: &str, content: &[u8]) -> pb::UploadMetadata {
    pb::UploadMetadata {
        request_id: world.request_id(),
        case_id: case.to_string(),
        item_id: item_id.into(),
        size_bytes: i64::try_from(content.len()).unwrap(),
        sha256: hex::encode(Sha256::digest(content)),
        media_type: "application/pdf".into(),
        source: pb::EvidenceSource::Internal.into(),
        ..Default::default()
    }
}

pub(crate) fn messages(metadata: pb::UploadMetadata, content: &[u8]) -> Vec<pb::UploadEvidenceRequest> {
    use pb::upload_evidence_request::Content;
    let pieces = content.chunks(4).map(|piece| Content::Chunk(piece.to_vec()));
    std::iter::once(Content::Metadata(metadata))
        .chain(pieces)
        .map(|content| pb::UploadEvidenceRequest { content: Some(content) })
        .collect()
}

/// Code and reason of a refusal, and what is missing.
pub(crate) fn refusal<T: std::fmt::Debug>(result: Result<T, Failure>) -> (Code, String, Vec<String>) {
    let status = result.expect_err("it is refused").into_status("investigation");
    let details = status.get_error_details();
    let info = details.error_info().expect("always there");
    assert_eq!(info.domain, "investigation.redress");
    let missing =
        details.precondition_failure().map(|failure| failure.violations.clone()).unwrap_or_default();
    let missing = missing.into_iter().map(|violation| violation.subject).collect();
    (status.code(), info.reason.clone(), missing)
}
