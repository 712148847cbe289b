//! Registrations a second over gRPC, beside the same inserts by hand.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use async_trait::async_trait;
use redress_domain::{Clock, Ids, RandomIds, SystemClock};
use redress_proto::{
    intake::v1::{self as pb, intake_service_client::IntakeServiceClient},
    types::v1 as types,
};
use redress_testkit::PrivateServers;
use tonic::{
    Request,
    metadata::{Ascii, MetadataValue},
    transport::{Channel, Endpoint},
};

use super::{
    Sizes,
    figures::Thousandths,
    load::{Worker, flat_out},
    report::{Report, Row, Unit},
    rows::{Before, Copier, Copies, Grouping},
    stage::{Stage, put_orders, waybill},
};
use crate::{
    output,
    suite::{ClockChoice, Suite, SuiteClock},
};

/// Callers at once.
const CALLERS: [usize; 3] = [1, 8, 32];
/// Callers while all services work.
const CALLERS_WITH_ALL: usize = 8;
/// Connections that the callers share.
const CONNECTIONS: usize = 4;
/// A suite without a commit for so long has taken everything in.
const QUIET: Duration = Duration::from_millis(1_500);
/// How long the services may take to take everything in.
const LIMIT: Duration = Duration::from_secs(120);

/// Measures intake by itself, then with all services working on what is registered.
pub(super) async fn measure(servers: &PrivateServers, sizes: &Sizes, report: &mut Report) -> Result<()> {
    let stage = Stage::new(servers)?;
    let alone = stage.suite(ClockChoice::Virtual(stage.start)).await?;
    put_orders(&alone).await?;
    let counter = Counter::default();
    let copies = trace(&alone, &counter).await?;
    output::progress(&format!("registrations: each writes {}", copies.description()));
    // The same tables with nothing in them, and nobody who reads them.
    let blank = stage.suite(ClockChoice::Virtual(stage.start)).await?;
    for callers in CALLERS {
        let mut row = Row::new(
            format!("registrations, {callers} callers, intake alone"),
            Unit::PerSecond,
            format!("the same rows, a statement each, {callers} connections"),
        );
        for run in 1..=sizes.runs {
            let (done, _) = flat_out(registrars(&alone, &counter, callers).await?, sizes.length()).await?;
            let raw = copy(&blank, &copies, callers, sizes.length()).await?;
            output::progress(&format!(
                "registrations, {callers} callers, run {run}: {}/s beside {raw}/s",
                done.rate()
            ));
            row.add(done.rate(), raw);
        }
        report.rows.push(row);
    }
    alone.stop().await?;
    with_all(&stage, &blank, &copies, sizes, report).await?;
    blank.stop().await
}

/// The same on the real clock, while the workers of all five carry the cases on.
async fn with_all(
    stage: &Stage,
    blank: &Suite,
    copies: &Copies,
    sizes: &Sizes,
    report: &mut Report,
) -> Result<()> {
    let suite = stage.suite(ClockChoice::Real).await?;
    put_orders(&suite).await?;
    let counter = Counter::default();
    let beside = format!("the same rows, a statement each, {CALLERS_WITH_ALL} connections");
    let row = |what: &str| {
        Row::new(format!("registrations, {CALLERS_WITH_ALL} callers, {what}"), Unit::PerSecond, &beside)
    };
    let mut answered = row("all five working");
    let mut taken_in = row("until all five have taken them in");
    for run in 1..=sizes.runs {
        let workers = registrars(&suite, &counter, CALLERS_WITH_ALL).await?;
        let begun = Instant::now();
        let (done, _) = flat_out(workers, sizes.length()).await?;
        let last = quiet(&suite).await?;
        let whole = Thousandths::per_second(done.count, last.saturating_duration_since(begun).max(done.time));
        let raw = copy(blank, copies, CALLERS_WITH_ALL, sizes.length()).await?;
        output::progress(&format!(
            "registrations with all five, run {run}: {}/s, taken in {whole}/s, beside {raw}/s",
            done.rate()
        ));
        answered.add(done.rate(), raw);
        taken_in.add(whole, raw);
    }
    report.rows.extend([answered, taken_in]);
    let parked = suite.parked().await?.len();
    if parked > 0 {
        report.notes.push(format!("{parked} events were parked while registrations were measured"));
    }
    suite.stop().await
}

/// Registers one complaint on a suite that does nothing else, and looks what intake wrote.
async fn trace(suite: &Suite, counter: &Counter) -> Result<Copies> {
    let mut registrars = registrars(suite, counter, 1).await?;
    let registrar = registrars.first_mut().context("there is a registrar")?;
    // What only the first one writes is none of a registration's cost.
    registrar.once().await?;
    let url = suite.database_url("intake");
    let before = Before::take(url).await?;
    registrar.once().await?;
    before.copies(url, &[], Grouping::Apart).await
}

async fn copy(blank: &Suite, copies: &Copies, connections: usize, length: Duration) -> Result<Thousandths> {
    let copiers = Copier::several(blank.database_url("intake"), copies, connections).await?;
    Ok(flat_out(copiers, length).await?.0.rate())
}

/// Waits until no service commits any more. Gives the time of the last commit.
async fn quiet(suite: &Suite) -> Result<Instant> {
    let mut logs: Vec<_> = crate::contract::SERVICES
        .iter()
        .map(|name| suite.runtime(name).engine().hints().log.subscribe())
        .collect();
    let begun = Instant::now();
    let mut last = begun;
    loop {
        let next = futures::future::select_all(logs.iter_mut().map(|log| Box::pin(log.changed())));
        match tokio::time::timeout(QUIET, next).await {
            Err(_) => return Ok(last),
            Ok((changed, ..)) => changed.context("a service has ended")?,
        }
        last = Instant::now();
        anyhow::ensure!(
            begun.elapsed() < LIMIT,
            "the services do not come to rest within {} s",
            LIMIT.as_secs()
        );
    }
}

/// Tells complaints apart.
#[derive(Clone, Debug, Default)]
struct Counter(Arc<AtomicU64>);

/// Registers one complaint after another.
struct Registrar {
    client: IntakeServiceClient<Channel>,
    bearer: MetadataValue<Ascii>,
    counter: Counter,
    clock: SuiteClock,
    /// How far the suite's clock is behind the machine's.
    behind: chrono::TimeDelta,
}

async fn registrars(suite: &Suite, counter: &Counter, count: usize) -> Result<Vec<Registrar>> {
    let address = suite.addresses().get("intake").cloned().context("intake has an address")?;
    let bearer: MetadataValue<Ascii> =
        format!("Bearer {}", suite.token("integration", "bench", "", &[])?).parse()?;
    let mut channels = Vec::new();
    for _ in 0..count.min(CONNECTIONS) {
        channels.push(Endpoint::from_shared(address.clone())?.tcp_nodelay(true).connect().await?);
    }
    let behind = SystemClock.now() - suite.now();
    let registrar = |channel: Channel| Registrar {
        client: IntakeServiceClient::new(channel),
        bearer: bearer.clone(),
        counter: counter.clone(),
        clock: suite.clock().clone(),
        behind,
    };
    Ok(channels.into_iter().cycle().take(count).map(registrar).collect())
}

#[async_trait]
impl Worker for Registrar {
    async fn once(&mut self) -> Result<u64> {
        // Time goes on as it does outside, but no worker runs.
        if let SuiteClock::Virtual(clock) = &self.clock {
            clock.advance_to(SystemClock.now() - self.behind);
        }
        let mut request = Request::new(complaint(self.counter.0.fetch_add(1, Ordering::Relaxed)));
        request.metadata_mut().insert("authorization", self.bearer.clone());
        self.client.register_complaint(request).await?;
        Ok(1)
    }
}

fn complaint(number: u64) -> pb::RegisterComplaintRequest {
    pb::RegisterComplaintRequest {
        request_id: RandomIds.uuid_v4().to_string(),
        channel: types::Channel::OnlineChatApp.into(),
        region: crate::shipped::DEFAULT_REGION.to_owned(),
        language: "zh-CN".to_owned(),
        waybill_no: waybill(number),
        customer: Some(pb::Customer {
            name: "王芳".to_owned(),
            phone: format!("138{:08}", number % 100_000_000),
            account: format!("app-{number}"),
            recipient_address: "北京市朝阳区建国路1号".to_owned(),
            ..pb::Customer::default()
        }),
        problem_type: types::ProblemType::Delay.into(),
        desired_solution: types::DesiredSolution::FastDelivery.into(),
        narrative:
            "说好周二到，今天周四了物流还停在转运中心，问了两次都说在路上，孩子等着穿的校服，能不能快点？"
                .to_owned(),
        conversation: format!("chat-{number}"),
        ..pb::RegisterComplaintRequest::default()
    }
}
