//! Events from one service to another: from the commit of the one to the commit of the other, which moves its cursor.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use prost::Message as _;
use redress_chassis::Engine;
use redress_testkit::PrivateServers;

use super::{
    Sizes,
    echo::Echo,
    figures::{Thousandths, percentile},
    load::{Worker, flat_out, offset, steadily},
    report::{Report, Row, Unit},
    rows::{Before, Copier, Copies, Grouping},
    toy::{Running, World, begin_case},
};
use crate::output;

/// Events that a subscriber applies in one transaction at most.
const BATCH: usize = 64;
/// Calls in flight and connections of the bare echo.
const ECHO_CALLERS: usize = 4;
/// How long deliveries may take at most.
const LIMIT: Duration = Duration::from_secs(120);

/// Measures how fast a log that has run up is read, and how far behind its reader is at a steady pace.
pub(super) async fn measure(servers: &PrivateServers, sizes: &Sizes, report: &mut Report) -> Result<()> {
    let mut world = World::new(servers.postgres.server(), servers.redis.url().to_string()).await?;
    let (source, reader) = (world.start::<false>().await?, world.start::<true>().await?);
    let echo = Echo::start().await?;
    let (copies, payload) = trace(&source, &reader).await?;
    output::progress(&format!(
        "delivery: an event of {} bytes becomes {}",
        payload.len(),
        copies.description()
    ));
    let raw = world.blank_database().await?;
    let ground =
        Ground { source: &source, reader: &reader, echo: &echo, copies: &copies, raw: &raw, payload };
    ground.rate(sizes, report).await?;
    ground.lag(sizes, report).await?;
    reader.stop().await?;
    source.stop().await
}

/// Sends one event through, and looks what its reader wrote.
async fn trace(source: &Running, reader: &Running) -> Result<(Copies, Bytes)> {
    // The first event brings the cursor of its partition into being, which later ones only move.
    state(source.engine(), 0).await?;
    reader.runtime.pull().await?;
    let before = Before::take(&reader.database_url).await?;
    state(source.engine(), 1).await?;
    reader.runtime.pull().await?;
    let copies =
        before.copies(&reader.database_url, &["aggregate", "event", "ruling"], Grouping::Together).await?;
    let pool = source.engine().database().pool();
    let (_, events) = redress_storage::log::read_after(pool, "intake", &Default::default(), 1).await?;
    let event = events.first().context("the source has stated something")?;
    Ok((copies, redress_chassis::wire::to_wire(event).encode_to_vec().into()))
}

/// States an event, as a change that no caller waits for.
async fn state(engine: &Engine, number: u64) -> Result<()> {
    let mut unit = engine.begin_as("bench", "", None).await?;
    begin_case(&mut unit, number, "", None).await?;
    Ok(unit.finish().await?)
}

struct Ground<'a> {
    source: &'a Running,
    reader: &'a Running,
    echo: &'a Echo,
    copies: &'a Copies,
    raw: &'a str,
    payload: Bytes,
}

impl Ground<'_> {
    async fn rate(&self, sizes: &Sizes, report: &mut Report) -> Result<()> {
        let what = format!("events delivered, {} run up", sizes.events);
        let mut inserts = Row::new(
            what.clone(),
            Unit::PerSecond,
            format!("their effects inserted, {BATCH} in one statement, 1 connection"),
        );
        let mut echoes = Row::new(
            what,
            Unit::PerSecond,
            format!("the same bytes echoed by bare tonic, {ECHO_CALLERS} in flight"),
        );
        for run in 1..=sizes.runs {
            let ours = self.read_backlog(sizes.events).await?;
            let copiers = vec![Copier::new(self.raw, self.copies, BATCH).await?];
            let (inserted, _) = flat_out(copiers, sizes.length()).await?;
            let mut callers = Vec::new();
            for _ in 0..ECHO_CALLERS {
                callers.push(self.echo.caller(self.payload.clone()).await?);
            }
            let (echoed, _) = flat_out(callers, sizes.length()).await?;
            inserts.add(ours, inserted.rate());
            echoes.add(ours, echoed.rate());
            output::progress(&format!(
                "delivery, run {run}: {ours}/s beside {}/s inserted and {}/s echoed",
                inserted.rate(),
                echoed.rate()
            ));
        }
        report.rows.extend([inserts, echoes]);
        Ok(())
    }

    /// States events while nobody reads, then lets them be read.
    async fn read_backlog(&self, events: u32) -> Result<Thousandths> {
        let engine = self.source.engine().clone();
        let mut stated = 0;
        while stated < events {
            let mut unit = engine.begin_as("bench", "", None).await?;
            let until = events.min(stated + 100);
            for number in stated..until {
                begin_case(&mut unit, u64::from(number), "", None).await?;
            }
            unit.finish().await?;
            stated = until;
        }
        let begun = Instant::now();
        let (applied, ()) = self.reader.work(events as usize, LIMIT, async { Ok(()) }).await?;
        let last = applied.iter().map(|(_, at)| *at).max().context("events were applied")?;
        Ok(Thousandths::per_second(u64::from(events), last - begun))
    }

    async fn lag(&self, sizes: &Sizes, report: &mut Report) -> Result<()> {
        let beside = "one echo, then one insert of the effect, at the same pace";
        let row = |share: &str| {
            Row::new(format!("delivery lag {share}, {}/s", sizes.rate), Unit::Milliseconds, beside)
        };
        let (mut half, mut most) = (row("p50"), row("p99"));
        for run in 1..=sizes.runs {
            let ours = self.lags(sizes).await?;
            let limit = self.hops(sizes).await?;
            let of = |lags: &[Duration], share| Thousandths::milliseconds(percentile(lags, share));
            half.add(of(&ours, 50), of(&limit, 50));
            most.add(of(&ours, 99), of(&limit, 99));
            output::progress(&format!(
                "delivery lag, run {run}: p50 {} ms, p99 {} ms beside {} and {}",
                of(&ours, 50),
                of(&ours, 99),
                of(&limit, 50),
                of(&limit, 99)
            ));
        }
        report.rows.extend([half, most]);
        Ok(())
    }

    /// From each commit here to the commit there.
    async fn lags(&self, sizes: &Sizes) -> Result<Vec<Duration>> {
        let engine = self.source.engine();
        let stating = steadily(sizes.rate, sizes.paced(), |number| {
            let engine = engine.clone();
            async move {
                state(&engine, number).await?;
                Ok((number, Instant::now()))
            }
        });
        let count = usize::try_from(sizes.paced())?;
        let (mut applied, mut stated) = self.reader.work(count, LIMIT, stating).await?;
        applied.sort_unstable();
        stated.sort_unstable();
        let same = applied.iter().map(|(number, _)| number).eq(stated.iter().map(|(number, _)| number));
        ensure!(same, "what was applied is not what was stated");
        let lags = applied
            .iter()
            .zip(&stated)
            .map(|((_, applied), (_, stated))| applied.saturating_duration_since(*stated));
        Ok(lags.collect())
    }

    /// The way that an event has to go at least: there and back over the wire once, and one commit.
    async fn hops(&self, sizes: &Sizes) -> Result<Vec<Duration>> {
        let mut caller = self.echo.caller(self.payload.clone()).await?;
        let mut copier = Copier::new(self.raw, self.copies, 1).await?;
        let start = tokio::time::Instant::now();
        let mut hops = Vec::new();
        for number in 0..sizes.paced() {
            tokio::time::sleep_until(start + offset(sizes.rate, number)).await;
            let begun = Instant::now();
            caller.once().await?;
            copier.once().await?;
            hops.push(begun.elapsed());
        }
        Ok(hops)
    }
}
