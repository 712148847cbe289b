//! The five services as five processes, from configuration files, to be killed and started again.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use redress::{
    contract::{CallError, Client},
    suite::Keys,
};
use redress_chassis::Caller;
use redress_connectors::file::{FileEnterprise, Profile};
use redress_domain::{Clock, RehearsalClock, SystemClock, Timestamp};
use redress_testkit::{Home, certificates::Authority};
use serde_json::Value;
use tonic::transport::{Certificate, ClientTlsConfig, Endpoint};

pub(crate) const SERVICES: [&str; 5] = ["intake", "triage", "investigation", "compensation", "survey"];
/// Business time runs so much faster than the machine's.
const SPEED: u32 = 1_800;
/// How long something may take, in machine time, before the test gives up.
const PATIENCE: Duration = Duration::from_secs(150);
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Five processes and what they share.
pub(crate) struct Processes {
    home: Home,
    keys: Keys,
    authority: Authority,
    ports: BTreeMap<&'static str, u16>,
    databases: BTreeMap<&'static str, String>,
    redis_url: String,
    machine_start: Timestamp,
    clock: Arc<RehearsalClock>,
    running: BTreeMap<&'static str, Child>,
}

fn business_start() -> Timestamp {
    chrono::DateTime::parse_from_rfc3339("2026-03-02T09:00:00+08:00").expect("a time").into()
}

/// The program of a service, which `cargo test --workspace` builds beside this test.
fn program(service: &str) -> PathBuf {
    let test = std::env::current_exe().expect("this test is a program");
    let folder = test.parent().and_then(Path::parent).expect("it lies in target/<profile>/deps");
    let program = folder.join(format!("redress-{service}"));
    assert!(program.exists(), "{} is missing; `cargo build --workspace` makes it", program.display());
    program
}

impl Processes {
    /// Prepares databases, keys and ports, and starts all five.
    pub(crate) async fn start() -> Self {
        let servers = redress_testkit::servers().await;
        let mut databases = BTreeMap::new();
        let mut ports = BTreeMap::new();
        let mut held = Vec::new();
        for service in SERVICES {
            let name = redress_testkit::unique(&format!("process_{service}"));
            databases.insert(service, servers.postgres().database(&name).await.expect("a database"));
            let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
            ports.insert(service, listener.local_addr().expect("bound").port());
            held.push(listener);
        }
        drop(held);
        let machine_start = SystemClock.now();
        let mut this = Self {
            home: Home::temporary().expect("room for files"),
            keys: Keys::from_seed([9; 32]).expect("keys"),
            authority: Authority::new().expect("an authority"),
            ports,
            databases,
            redis_url: servers.redis_url().to_owned(),
            machine_start,
            clock: Arc::new(RehearsalClock::new(machine_start, business_start(), SPEED)),
            running: BTreeMap::new(),
        };
        std::fs::write(this.home.path().join("jwks.json"), this.keys.jwks()).expect("writes");
        std::fs::write(this.home.path().join("key.pem"), this.keys.private_pem()).expect("writes");
        std::fs::write(this.home.path().join("authority.pem"), this.authority.certificate()).expect("writes");
        for service in SERVICES {
            let own = this.authority.certify(service).expect("a certificate");
            std::fs::write(this.home.path().join(format!("{service}.crt")), own.certificate).expect("writes");
            std::fs::write(this.home.path().join(format!("{service}.key")), own.key).expect("writes");
        }
        for service in SERVICES {
            this.run(service, "").await;
        }
        this
    }

    fn configuration(&self, service: &str, die_after_commit_of: &str) -> String {
        let home = self.home.path().display();
        let peers: String = self
            .ports
            .iter()
            .map(|(name, port)| format!("{name} = \"https://127.0.0.1:{port}\"\n"))
            .collect();
        let connectors = match service {
            "intake" | "investigation" | "compensation" => {
                format!(
                    "[service.connectors]\ndirectory = \"{home}/outside\"\nseed = 3\nmanners = \"quiet\"\n"
                )
            }
            _ => String::new(),
        };
        std::fs::write(
            self.home.path().join(format!("{service}.secret")),
            hex::encode(self.keys.secret(service)),
        )
        .expect("writes");
        format!(
            "[database]\nurl = \"{database}\"\nconnections = 6\n[redis]\nurl = \"{redis}\"\n\
             [server]\nlisten = \"127.0.0.1:{port}\"\nsweep_seconds = 2\n[peers]\n{peers}\
             [tls]\ncertificate_file = \"{home}/{service}.crt\"\nkey_file = \"{home}/{service}.key\"\n\
             authority_file = \"{home}/authority.pem\"\n\
             [identity]\njwks_file = \"{home}/jwks.json\"\nsigning_key_file = \"{home}/key.pem\"\n\
             signing_key_id = \"development\"\nsecret_file = \"{home}/{service}.secret\"\n\
             [telemetry]\nlog = \"error\"\n\
             [rehearsal]\nspeed = {SPEED}\nbusiness_start = \"{business}\"\nmachine_start = \"{machine}\"\n\
             die_after_commit_of = \"{die_after_commit_of}\"\n{connectors}",
            database = self.databases[service],
            redis = self.redis_url,
            port = self.ports[service],
            business = business_start().to_rfc3339(),
            machine = self.machine_start.to_rfc3339(),
        )
    }

    /// Starts a service and waits until it answers. With `die_after_commit_of` it dies at the worst moment of that
    /// method: the effect is stored, and nobody has been told.
    pub(crate) async fn run(&mut self, service: &'static str, die_after_commit_of: &str) {
        let path = self.home.path().join(format!("{service}.toml"));
        std::fs::write(&path, self.configuration(service, die_after_commit_of)).expect("writes");
        let child = Command::new(program(service))
            .arg(&path)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .expect("starts");
        self.running.insert(service, child);
        let client = self.client(service, "supervision");
        until(&format!("{service} answers"), async || {
            let heads = "redress.eventlog.v1.EventLogService/GetHeads";
            client.json(heads, serde_json::json!({})).await.ok().map(|_| ())
        })
        .await;
    }

    /// `kill -9`.
    pub(crate) fn kill(&mut self, service: &'static str) {
        let mut child = self.running.remove(service).expect("it runs");
        child.kill().expect("killed");
        child.wait().expect("gone");
    }

    /// Waits for a service that was told to die.
    pub(crate) async fn died(&mut self, service: &'static str) {
        let mut child = self.running.remove(service).expect("it ran");
        until(&format!("{service} dies"), async || child.try_wait().expect("can be asked").map(|_| ())).await;
    }

    /// Calls a service as one role.
    pub(crate) fn client(&self, service: &str, role: &str) -> Client {
        self.client_of(service, role, "")
    }

    /// Calls a service as somebody of a department.
    pub(crate) fn client_of(&self, service: &str, role: &str, department: &str) -> Client {
        let caller = Caller {
            subject: format!("{role}.of.test"),
            roles: vec![role.to_owned()],
            department: department.to_owned(),
            regions: Vec::new(),
            case_id: String::new(),
        };
        let token = self.keys.token(&caller, chrono::Duration::hours(2)).expect("signs");
        let trust =
            ClientTlsConfig::new().ca_certificate(Certificate::from_pem(self.authority.certificate()));
        let endpoint = Endpoint::from_shared(format!("https://127.0.0.1:{}", self.ports[service]))
            .and_then(|endpoint| endpoint.tls_config(trust))
            .expect("a URL and a certificate");
        Client::new(endpoint.connect_lazy(), Some(token))
    }

    /// The outside world that the services share.
    pub(crate) fn outside(&self) -> FileEnterprise {
        FileEnterprise::open(&self.home.path().join("outside"), self.clock.clone(), 3, Profile::quiet())
            .expect("opens")
    }
}

impl Drop for Processes {
    fn drop(&mut self) {
        for child in self.running.values_mut() {
            // Best effort: it may have died already.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Asks again and again until there is an answer.
pub(crate) async fn until<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let mut ticks = tokio::time::interval(LOOK_EVERY);
    let answer = tokio::time::timeout(PATIENCE, async {
        loop {
            ticks.tick().await;
            if let Some(answer) = ask().await {
                return answer;
            }
        }
    })
    .await;
    answer.unwrap_or_else(|_| panic!("waited in vain until {what}"))
}

/// Calls until it is done. What a service has not heard of yet, and a service that is down, are tried again; the
/// same request id makes that harmless.
pub(crate) async fn done(client: &Client, method: &str, body: &Value) -> Value {
    let mut last = String::new();
    let mut ticks = tokio::time::interval(LOOK_EVERY);
    let answer = tokio::time::timeout(PATIENCE, async {
        loop {
            ticks.tick().await;
            match client.json(method, body.clone()).await {
                Ok(answer) => return answer,
                Err(CallError::Body(problem)) => panic!("{method}: {problem}"),
                Err(CallError::Refused(refusal)) => last = format!("{refusal}"),
            }
        }
    })
    .await;
    answer.unwrap_or_else(|_| panic!("{method} was never done: {last}"))
}
