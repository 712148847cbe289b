//! A running service: its engine and the workers that carry events, deadlines and intents on.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};

use redress_deadlines::Clockwork;
use redress_domain::{Clock, Ids, RandomIds, SystemClock, Timestamp};
use redress_storage::{Database, Migration, sqlstate::classify, transaction::query_one};
use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::sync::CancellationToken;

use crate::{
    client::Peers,
    config::Config,
    deadline_worker::DeadlineWorker,
    engine::{Engine, Hints, Parts},
    failure::{Failure, Result},
    identity::{Issuer, Verifier},
    intent_worker::IntentWorker,
    lifecycle::Lifecycle,
    policies::{Policies, PolicySource},
    reactor::{Reactor, Service},
    server,
    subscriber::Subscriber,
    telemetry::Telemetry,
    tls::Tls,
};

/// What a service is built from.
#[derive(Clone, Debug)]
pub struct Kit {
    /// The engine.
    pub engine: Engine,
    /// The other services.
    pub peers: Peers,
    /// Signs this service's and customers' tokens.
    pub issuer: Arc<Issuer>,
    /// Business time.
    pub clock: ClockHandle,
}

/// Business time, shared.
#[derive(Clone)]
pub struct ClockHandle(pub Arc<dyn Clock>);

impl std::fmt::Debug for ClockHandle {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("ClockHandle")
    }
}

/// Everything of a service that comes from its surroundings.
#[derive(Clone)]
pub struct Surroundings {
    /// Connection URL of its database.
    pub database_url: String,
    /// Connections at most.
    pub connections: u32,
    /// Connection URL of Redis; empty for none.
    pub redis_url: String,
    /// Name under which its timers are kept in Redis; the service's name but in tests that share a Redis.
    pub redis_name: String,
    /// Addresses of the services.
    pub peers: BTreeMap<String, String>,
    /// Checks tokens.
    pub verifier: Arc<Verifier>,
    /// Signs tokens.
    pub issuer: Arc<Issuer>,
    /// Secret for body hashes and page tokens.
    pub key: Vec<u8>,
    /// Business time.
    pub clock: Arc<dyn Clock>,
    /// Ids.
    pub ids: Arc<dyn Ids>,
    /// Largest message taken, in bytes.
    pub max_message_bytes: usize,
    /// Between two sweeps.
    pub sweep_every: Duration,
    /// OTLP endpoint for lifecycle traces; empty for none.
    pub otlp_endpoint: String,
    /// Certificates for calls between services; none within one process.
    pub tls: Option<Tls>,
    /// Method after whose commit the process dies before it answers: for crash tests; empty for none.
    pub die_after_commit_of: String,
}

/// A running service's workers.
pub struct Runtime {
    name: &'static str,
    engine: Engine,
    subscribers: Vec<Subscriber>,
    deadlines: DeadlineWorker,
    intents: IntentWorker,
    lifecycle: Option<Lifecycle>,
    reactor: Arc<dyn Reactor>,
    sweep_every: Duration,
}

impl std::fmt::Debug for Runtime {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Runtime").field("name", &self.name).finish_non_exhaustive()
    }
}

const FIND_NEXT_DUE: &str = "find what is due next";
/// Asked at every stop of a virtual clock, so it is one statement; each half reads one entry of an index.
const NEXT_DUE: &str = "select least(
    (select next_at from deadline where next_at is not null order by next_at limit 1),
    (select min(next_at) from intent where state = 'open')) as at";
/// Pauses after a worker failed, so that an outage is not hammered.
const RETRY_AFTER: Duration = Duration::from_millis(500);
/// How often workers look without a hint.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// And how seldom at least between two looks at deadlines that found nothing.
const LOOK_AGAIN: Duration = Duration::from_millis(2);
/// How long to wait when events wait for others' events.
const WAIT_FOR_CAUSES: Duration = Duration::from_millis(20);

impl Runtime {
    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The service's triggers.
    pub fn reactor(&self) -> &Arc<dyn Reactor> {
        &self.reactor
    }

    /// Reads all logs to their heads once. Returns how many events took effect.
    pub async fn pull(&self) -> Result<usize> {
        let mut applied = 0;
        for subscriber in &self.subscribers {
            applied += subscriber.pull(false).await?.applied;
        }
        Ok(applied)
    }

    /// Does everything that is due now, once: events, intents, deadlines. Returns how much it did.
    pub async fn step(&self) -> Result<usize> {
        let mut done = self.pull().await?;
        done += self.intents.run_once().await?;
        done += self.deadlines.claim().await?.0;
        done += self.deadlines.sweep().await?;
        if let Some(lifecycle) = &self.lifecycle {
            done += lifecycle.run_once().await?;
        }
        Ok(done)
    }

    /// The next business time at which this service has something to do by itself.
    pub async fn next_due(&self) -> Result<Option<Timestamp>> {
        let pool = self.engine.database().pool();
        let row = query_one(pool, FIND_NEXT_DUE, NEXT_DUE, []).await?;
        let at = row.map(|row| row.try_get::<Option<Timestamp>>("", "at")).transpose();
        Ok(at.map_err(|error| classify(FIND_NEXT_DUE, error))?.flatten())
    }

    /// Starts the workers for the real clock; they end with `stopping`.
    pub fn start(self: &Arc<Self>, stopping: &CancellationToken) -> JoinSet<()> {
        let mut tasks = JoinSet::new();
        for index in 0..self.subscribers.len() {
            let (this, stopping) = (self.clone(), stopping.clone());
            tasks.spawn(async move {
                let Some(subscriber) = this.subscribers.get(index) else { return };
                while !stopping.is_cancelled() {
                    let pulled = tokio::select! {
                        pulled = subscriber.pull(true) => pulled,
                        () = stopping.cancelled() => return,
                    };
                    let pause = match pulled {
                        Ok(pulled) if pulled.waiting => WAIT_FOR_CAUSES,
                        Ok(_) => Duration::ZERO,
                        Err(failure) => {
                            report("reading a log", subscriber.source(), failure);
                            RETRY_AFTER
                        }
                    };
                    idle(&stopping, pause).await;
                }
            });
        }
        let (this, token) = (self.clone(), stopping.clone());
        tasks.spawn(async move {
            while !token.is_cancelled() {
                let hint = this.engine.hints().intents.notified();
                match this.intents.run_once().await {
                    Ok(0) => {
                        tokio::select! {
                            () = hint => {}
                            () = idle(&token, LOOK_EVERY) => {}
                        }
                    }
                    Ok(_) => {}
                    Err(failure) => {
                        report("making outside calls", this.name, failure);
                        idle(&token, RETRY_AFTER).await;
                    }
                }
            }
        });
        let (this, token) = (self.clone(), stopping.clone());
        tasks.spawn(async move { this.run_deadlines(&token).await });
        let (this, token) = (self.clone(), stopping.clone());
        tasks.spawn(async move {
            let Some(lifecycle) = &this.lifecycle else { return };
            while !token.is_cancelled() {
                if let Err(failure) = lifecycle.run_once().await {
                    report("sending lifecycle spans", this.name, failure);
                }
                idle(&token, LOOK_EVERY).await;
            }
        });
        tasks
    }

    async fn run_deadlines(&self, stopping: &CancellationToken) {
        let mut swept_at: Option<Timestamp> = None;
        while !stopping.is_cancelled() {
            let hint = self.engine.hints().deadlines.notified();
            let now = SystemClock.now();
            let sweep_every = chrono::Duration::from_std(self.sweep_every).unwrap_or(chrono::Duration::MAX);
            if swept_at.is_none_or(|at| now - at >= sweep_every) {
                swept_at = Some(now);
                if let Err(failure) = self.deadlines.sweep().await {
                    report("sweeping deadlines", self.name, failure);
                }
            }
            match self.deadlines.claim().await {
                Ok((0, next)) => {
                    // Sleep until the earliest timer in this process, never in a blocking Redis command.
                    // What fell due since it was asked for is looked at at once: a negative pause is none.
                    let until = next.map(|next| (next - self.engine.now()).to_std().unwrap_or_default());
                    let pause = until.unwrap_or(LOOK_EVERY).clamp(LOOK_AGAIN, LOOK_EVERY);
                    tokio::select! {
                        () = hint => {}
                        () = idle(stopping, pause) => {}
                    }
                }
                Ok(_) => {}
                Err(failure) => {
                    report("looking at deadlines", self.name, failure);
                    idle(stopping, RETRY_AFTER).await;
                }
            }
        }
    }
}

fn report(what: &str, of: &str, failure: Failure) {
    let passing = failure.may_pass();
    let error = format!("{:#}", anyhow::Error::new(failure));
    if passing {
        tracing::warn!(of, error, "{what} failed, trying again");
    } else {
        tracing::error!(of, error, "{what} failed, trying again");
    }
}

async fn idle(stopping: &CancellationToken, pause: Duration) {
    if pause.is_zero() {
        return;
    }
    tokio::select! {
        () = stopping.cancelled() => {}
        () = tokio::time::sleep(pause) => {}
    }
}

/// Builds a service in its surroundings: migrates its database, wires engine, workers and routes.
pub async fn build<S: Service>(
    surroundings: &Surroundings,
    settings: S::Settings,
) -> anyhow::Result<(Arc<S>, Arc<Runtime>)> {
    let database = Database::connect(&surroundings.database_url, surroundings.connections).await?;
    let migrations: Vec<Migration> =
        redress_deadlines::MIGRATIONS.iter().chain(S::migrations()).copied().collect();
    database.migrate(&migrations).await?;
    let clockwork = if surroundings.redis_url.is_empty() {
        None
    } else {
        Some(Clockwork::new(&surroundings.redis_url, &surroundings.redis_name)?)
    };
    let peers =
        Peers::new(S::NAME, &surroundings.peers, surroundings.issuer.clone(), surroundings.tls.as_ref())?;
    let source: Option<Arc<dyn PolicySource>> = if S::NAME == "intake" {
        None
    } else {
        Some(Arc::new(crate::policies::FromIntake::new(peers.get("intake")?)))
    };
    let engine = Engine::new(Parts {
        service: S::NAME,
        database: database.clone(),
        clockwork,
        clock: surroundings.clock.clone(),
        ids: surroundings.ids.clone(),
        policies: Policies::new(database, source),
        key: surroundings.key.clone(),
        hints: Hints::default(),
        die_after_commit_of: surroundings.die_after_commit_of.clone(),
    });
    let kit = Kit {
        engine: engine.clone(),
        peers: peers.clone(),
        issuer: surroundings.issuer.clone(),
        clock: ClockHandle(surroundings.clock.clone()),
    };
    let service = S::build(kit, settings).await?;
    let reactor: Arc<dyn Reactor> = service.clone();
    let mut subscribers = Vec::new();
    for source in reactor.sources() {
        subscribers.push(Subscriber::new(engine.clone(), reactor.clone(), source, peers.get(source)?));
    }
    let lifecycle = if surroundings.otlp_endpoint.is_empty() {
        None
    } else {
        Some(Lifecycle::start(engine.clone(), &surroundings.otlp_endpoint)?)
    };
    let runtime = Arc::new(Runtime {
        name: S::NAME,
        lifecycle,
        subscribers,
        deadlines: DeadlineWorker::new(engine.clone(), reactor.clone()),
        intents: IntentWorker::new(engine.clone(), reactor.clone()),
        engine,
        reactor,
        sweep_every: surroundings.sweep_every,
    });
    Ok((service, runtime))
}

/// The `main` of a service: reads its configuration file (first argument), builds, serves, and stops on SIGTERM
/// or Ctrl-C. A second signal stops at once.
pub async fn run<S: Service>() -> anyhow::Result<()>
where
    S::Settings: Clone + std::fmt::Debug,
{
    let path = std::env::args_os()
        .nth(1)
        .map(PathBuf::from)
        .ok_or_else(|| anyhow::anyhow!("usage: redress-{} CONFIG.toml", S::NAME))?;
    let config: Config<S::Settings> = Config::load(&path)?;
    let telemetry = Telemetry::start(&format!("redress-{}", S::NAME), &config.telemetry)?;
    let listener = TcpListener::bind(&config.server.listen).await?;
    let read = |path: &str| {
        std::fs::read_to_string(path).map_err(|error| anyhow::anyhow!("failed to read `{path}`: {error}"))
    };
    let issuer =
        Issuer::from_pem(&config.identity.signing_key_id, &read(&config.identity.signing_key_file)?)?;
    let surroundings = Surroundings {
        database_url: config.database.url.clone(),
        connections: config.database.connections,
        redis_url: config.redis.url.clone(),
        redis_name: S::NAME.to_owned(),
        peers: config.peers.clone(),
        verifier: Arc::new(Verifier::from_jwks(&read(&config.identity.jwks_file)?)?),
        issuer: Arc::new(issuer),
        key: read(&config.identity.secret_file)?.trim().as_bytes().to_vec(),
        clock: config.rehearsal.clock()?,
        ids: Arc::new(RandomIds),
        max_message_bytes: config.server.max_message_bytes,
        sweep_every: Duration::from_secs(config.server.sweep_seconds),
        otlp_endpoint: config.telemetry.otlp_endpoint.clone(),
        tls: config.tls.read()?,
        die_after_commit_of: config.rehearsal.die_after_commit_of.clone(),
    };
    if surroundings.tls.is_none() {
        tracing::warn!("no `[tls]`: services speak in the clear, and their tokens need no certificate");
    }
    anyhow::ensure!(surroundings.key.len() >= 32, "`identity.secret_file` must hold at least 32 bytes");
    let (service, runtime) = build::<S>(&surroundings, config.service.clone()).await?;
    let stopping = CancellationToken::new();
    let mut tasks = runtime.start(&stopping);
    tracing::info!(service = S::NAME, address = %listener.local_addr()?, "serving");
    let server = server::serve(
        service,
        runtime,
        surroundings.verifier.clone(),
        listener,
        surroundings.max_message_bytes,
        surroundings.tls.clone(),
        stopping.clone(),
    );
    tokio::pin!(server);
    let served = tokio::select! {
        served = &mut server => served,
        () = stop_signal() => {
            tracing::info!(service = S::NAME, "stopping");
            stopping.cancel();
            let grace = Duration::from_secs(config.server.grace_seconds);
            tokio::select! {
                served = tokio::time::timeout(grace, &mut server) => {
                    served.unwrap_or_else(|_| Err(anyhow::anyhow!("calls did not end within {grace:?}")))
                }
                () = stop_signal() => Err(anyhow::anyhow!("stopped at once by a second signal")),
            }
        }
    };
    stopping.cancel();
    while tasks.join_next().await.is_some() {}
    telemetry.stop();
    served
}

async fn stop_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else { return std::future::pending().await };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}
