//! `redress up`

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use chrono::Duration;
use clap::Args;
use redress_chassis::Caller;
use redress_connectors::ConnectorSettings;
use redress_domain::{Clock, SystemClock};
use redress_proto::types::v1::Role;
use redress_testkit::{Durability, Home};
use serde_json::{Value, json};
use tokio::signal::unix::{SignalKind, signal};

use super::{
    Failure,
    play::Behaviour,
    servers,
    state::{self, Development},
};
use crate::{
    demo, output,
    shipped::{DEFAULT_HANDBOOK, DEFAULT_REGION, Shelf},
    suite::{ClockChoice, Databases, PolicyChoice, PortChoice, Suite, SuiteOptions},
};

/// Start the five services with a private Postgres and Redis, and stay up on the real clock until Ctrl-C.
#[derive(Args)]
#[command(
    after_help = "Everything is in a temporary directory and gone afterwards; nothing of the machine's own servers \
                        is used.\nThe other commands find the services and sign their tokens by themselves, from the \
                        file that this one leaves."
)]
pub(super) struct Up {
    /// First of the five ports; 0 takes free ones.
    #[arg(long, default_value_t = 7101)]
    port: u16,
    /// Handbook that new cases run under: `id` or `id@version`.
    #[arg(long, default_value = DEFAULT_HANDBOOK)]
    handbook: String,
    /// Region that it is activated for.
    #[arg(long, default_value = DEFAULT_REGION)]
    region: String,
    /// How the outside world behaves.
    #[arg(long, value_enum, default_value_t = Behaviour::Lifelike)]
    outside: Behaviour,
    /// Seed of the outside world.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Directory of the outside world, to keep it; without it a temporary one.
    #[arg(long, value_name = "DIRECTORY")]
    connectors: Option<PathBuf>,
    /// Where lifecycle traces go, over OTLP, such as http://127.0.0.1:4317.
    #[arg(long, default_value = "")]
    otlp: String,
    /// Directory for the key and the addresses.
    #[arg(long, env = "REDRESS_STATE", value_name = "DIRECTORY")]
    state: Option<PathBuf>,
}

impl Up {
    pub(super) async fn run(self, as_json: bool) -> Result<(), Failure> {
        let state = state::directory(self.state.as_deref())?;
        let home = Home::temporary()?;
        let outside = self.connectors.clone().unwrap_or_else(|| home.path().join("outside"));
        let policy = self.policy()?;
        let servers = servers::private(Durability::On).await?;
        output::progress("starting five services");
        let options = SuiteOptions {
            clock: ClockChoice::Real,
            redis_url: servers.redis.url().to_string(),
            connectors: ConnectorSettings {
                directory: outside.clone(),
                seed: self.seed,
                manners: self.outside.manners(),
                channels_without_receipts: Vec::new(),
            },
            ports: if self.port == 0 { PortChoice::Free } else { PortChoice::From(self.port) },
            keys: None,
            policies: vec![policy],
            id_seed: None,
            otlp_endpoint: self.otlp.clone(),
        };
        let suite = Suite::start(&Databases::on(servers.postgres.server()), options).await?;
        let orders = demo::orders()?;
        suite
            .enterprise()
            .orders
            .put(orders)
            .await
            .context("the demonstration's orders cannot be taken in")?;
        let development = Development {
            private_pem: suite.keys().private_pem().to_owned(),
            addresses: suite.addresses(),
            connectors: outside,
        };
        development.save(&state)?;
        let told = tell(&suite, &state, as_json);
        let ended = match told {
            Ok(()) => until_stopped(&suite).await,
            Err(failure) => Err(failure),
        };
        output::progress("stopping");
        Development::remove(&state);
        suite.stop().await?;
        ended
    }

    fn policy(&self) -> Result<PolicyChoice, Failure> {
        let shelf = Shelf::find();
        let usage = |error: anyhow::Error| Failure::Usage(format!("{error:#}"));
        let handbook = shelf.handbook(&self.handbook, SystemClock.now().date_naive()).map_err(usage)?;
        let calendar = shelf.calendar(&handbook.handbook()?.calendar).map_err(usage)?;
        Ok(PolicyChoice { handbook, calendar, regions: vec![self.region.clone()] })
    }
}

async fn until_stopped(suite: &Suite) -> Result<(), Failure> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        stopped = tokio::signal::ctrl_c() => Ok(stopped?),
        _ = terminate.recv() => Ok(()),
        () = suite.failed() => Err(Failure::Other(anyhow::anyhow!("a service ended by itself; the log says why"))),
    }
}

fn tell(suite: &Suite, state: &Path, as_json: bool) -> Result<(), Failure> {
    let mut tokens = serde_json::Map::new();
    for role in roles() {
        let caller = Caller {
            subject: role.clone(),
            roles: vec![role.clone()],
            department: String::new(),
            regions: Vec::new(),
            case_id: String::new(),
        };
        tokens.insert(role, Value::String(suite.keys().token(&caller, Duration::days(30))?));
    }
    if as_json {
        output::json(
            &json!({ "addresses": suite.addresses(), "tokens": tokens, "jwks": suite.keys().jwks() }),
        );
        return Ok(());
    }
    output::line("Development tokens, valid for 30 days:");
    for (role, token) in &tokens {
        output::line(&format!("  {role:<20} {}", token.as_str().unwrap_or_default()));
    }
    output::line("\nServices (gRPC with reflection and health):");
    for (service, address) in suite.addresses() {
        output::line(&format!("  {service:<20} {address}"));
    }
    let program = program();
    let told = if state::directory(None).is_ok_and(|usual| usual == state) {
        String::new()
    } else {
        format!(" --state {}", state.display())
    };
    let waybill = demo::orders()?.first().map(|order| order.waybill.clone()).unwrap_or_default();
    output::line("\nTry, in another terminal:");
    output::line(&format!(
        "  {program} call RegisterComplaint{told} --as cs-agent '{{\"request_id\": \"{}\", \"channel\": \"CHANNEL_SMS\", \
         \"waybill_no\": \"{waybill}\", \"customer\": {{\"name\": \"王小明\", \"phone\": \"13800000001\"}}, \
         \"problem_type\": \"PROBLEM_TYPE_DELAY\", \"desired_solution\": \"DESIRED_SOLUTION_COMPENSATION\", \
         \"narrative\": \"快递晚了三天还没到，急用。\"}}'",
        uuid::Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_0001)
    ));
    output::line(&format!("  {program} ledger{told}"));
    output::line(&format!("  {program} case timeline{told} CASE_NUMBER"));
    output::line(&format!("  {program} deadlines{told} --only pending"));
    output::line(&format!("  {program} events{told} --follow"));
    output::line("\nCtrl-C stops everything and leaves nothing behind.");
    Ok(())
}

/// Everybody but the customer, whose token comes with the registered case.
fn roles() -> Vec<String> {
    let all = (1..).map_while(|number| Role::try_from(number).ok());
    all.filter(|role| *role != Role::Customer).map(redress_proto::role_name).collect()
}

/// How the person in front calls us: from the current directory where that is shorter.
pub(super) fn program() -> String {
    let Ok(path) = std::env::current_exe() else { return "redress".to_owned() };
    let here = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(&here).unwrap_or(&path).display().to_string()
}
