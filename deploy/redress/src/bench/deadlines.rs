//! Deadlines: what many outstanding ones take in Redis, how soon they are back after a wipe, and how fast and how late they
//! take effect.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use redress_chassis::{Engine, policies::content_hash};
use redress_deadlines::Clockwork;
use redress_domain::{Clock, DeadlineBasis, DeadlineChange, DeadlineDraft, RuleRef, SystemClock, Timestamp};
use redress_storage::policy::PolicyRow;
use redress_testkit::PrivateServers;
use sea_orm::sqlx::{self, PgConnection, Row as _};
use uuid::Uuid;

use super::{
    Sizes,
    alarms::{Alarms, BATCH, Claimer, arm, connect_redis, disarm, memory},
    figures::{Thousandths, percentile},
    load::{Worker, offset, to_millisecond},
    report::{Report, Row, Unit},
    rows::{Before, Copies, Grouping, connect},
    toy::{Running, World, begin_case},
};
use crate::{output, shipped::Shelf};

/// Deadlines opened in one transaction.
const OPENED_AT_ONCE: u32 = 100;
/// How long firing may take at most.
const LIMIT: Duration = Duration::from_secs(180);
/// The calendar by which they are computed.
const CALENDAR: &str = "cn";

/// Measures everything about deadlines, with many more outstanding than fire.
pub(super) async fn measure(servers: &PrivateServers, sizes: &Sizes, report: &mut Report) -> Result<()> {
    let redis_url = servers.redis.url().to_string();
    let mut world = World::new(servers.postgres.server(), redis_url.clone()).await?;
    let source = world.start::<false>().await?;
    let calendar_hash = keep_calendar(source.engine()).await?;
    let raw = world.blank_database().await?;
    let ground = Ground { servers, source: &source, calendar_hash, redis_url, raw };
    let (rows, events) = ground.trace().await?;
    output::progress(&format!("deadlines: setting {} outstanding", sizes.outstanding));
    ground.set_outstanding(&rows, sizes).await?;
    let clockwork = Clockwork::new(&ground.redis_url, &world.redis_name::<false>())?;
    ground.memory_and_rebuild(&clockwork, sizes, report).await?;
    ground.firing(&rows, &events, sizes, report).await?;
    ground.lateness(&rows, &events, sizes, report).await?;
    source.stop().await
}

async fn keep_calendar(engine: &Engine) -> Result<String> {
    let calendar = Shelf::find().calendar(CALENDAR)?;
    let hash = content_hash(&calendar.text);
    let row = PolicyRow {
        hash: hash.clone(),
        kind: "calendar".to_owned(),
        name: calendar.file,
        text: calendar.text,
    };
    engine.policies().keep(&row).await?;
    Ok(hash)
}

struct Ground<'a> {
    servers: &'a PrivateServers,
    source: &'a Running,
    calendar_hash: String,
    redis_url: String,
    raw: String,
}

impl Ground<'_> {
    /// Opens deadlines with these numbers that fall due at these times, each on a case of its own.
    async fn open(&self, due: &[(u64, Timestamp)]) -> Result<()> {
        for some in due.chunks(OPENED_AT_ONCE as usize) {
            let mut unit = self.source.engine().begin_as("bench", "", None).await?;
            for (number, at) in some {
                let open = DeadlineChange::Open(draft(*number, *at)?);
                begin_case(&mut unit, *number, &self.calendar_hash, Some(open)).await?;
            }
            unit.finish().await?;
        }
        Ok(())
    }

    /// The rows of one deadline with its aggregate, and the events that its firing writes.
    async fn trace(&self) -> Result<(Copies, Copies)> {
        let url = &self.source.database_url;
        let before = Before::take(url).await?;
        self.open(&[(0, SystemClock.now() + chrono::TimeDelta::milliseconds(300))]).await?;
        let rows = before.copies(url, &["aggregate", "deadline"], Grouping::Together).await?;
        let before = Before::take(url).await?;
        self.source.work(1, LIMIT, async { Ok(()) }).await?;
        let events = before.copies(url, &["event", "ruling"], Grouping::Together).await?;
        output::progress(&format!(
            "deadlines: one is {}; firing it adds {}",
            rows.description(),
            events.description()
        ));
        Ok((rows, events))
    }

    /// Sets rows that are looked at some time tomorrow.
    async fn set_outstanding(&self, rows: &Copies, sizes: &Sizes) -> Result<()> {
        let mut connection = connect(&self.source.database_url).await?;
        let mut left = sizes.outstanding as usize;
        while left > 0 {
            let batch = left.min(2_000);
            rows.write(&mut connection, batch).await?;
            left -= batch;
        }
        let spread = "update deadline
                         set next_at = now() + interval '1 day' + random() * interval '1 day', due_at = now() + interval '2 days'
                       where state = 'pending'";
        sqlx::query(spread).execute(&mut connection).await?;
        // Otherwise autovacuum does it in the middle of a measurement.
        sqlx::query("vacuum analyze deadline, aggregate").execute(&mut connection).await?;
        Ok(())
    }

    async fn memory_and_rebuild(
        &self,
        clockwork: &Clockwork,
        sizes: &Sizes,
        report: &mut Report,
    ) -> Result<()> {
        let mut postgres = connect(&self.source.database_url).await?;
        let count = outstanding(&mut postgres).await?.len() as u64;
        let mut bytes = Row::new(
            format!("Redis memory a timer, {count} outstanding"),
            Unit::Bytes,
            "the same members in one bare sorted set",
        );
        let mut rebuild = Row::new(
            format!("{count} timers back after Redis was wiped"),
            Unit::Milliseconds,
            "the rows read by one query and put into one sorted set",
        );
        let database = self.source.engine().database();
        let mut redis = connect_redis(&self.redis_url).await?;
        for run in 0..=sizes.runs {
            self.servers.redis.flush().await?;
            let empty = memory(&mut redis).await?;
            let begun = Instant::now();
            let now = SystemClock.now();
            let claimed = clockwork.claim(database, now, now, BATCH).await?;
            let ours = begun.elapsed();
            ensure!(claimed.ids.is_empty() && claimed.next_at.is_some(), "timers are not back as they were");
            let full = memory(&mut redis).await?;
            self.servers.redis.flush().await?;
            let empty_again = memory(&mut redis).await?;
            let begun = Instant::now();
            arm(&mut redis, &outstanding(&mut postgres).await?).await?;
            let limit = begun.elapsed();
            let bare = memory(&mut redis).await?;
            disarm(&mut redis).await?;
            // The first run connects and grows buffers.
            if run > 0 {
                let each = |full: u64, empty: u64| {
                    Thousandths::whole(full.saturating_sub(empty)).over(Thousandths::whole(count))
                };
                bytes.add(each(full, empty), each(bare, empty_again));
                rebuild.add(Thousandths::milliseconds(ours), Thousandths::milliseconds(limit));
                output::progress(&format!("deadlines rebuilt, run {run}: {} ms", ours.as_millis()));
            }
        }
        let now = SystemClock.now();
        clockwork.claim(database, now, now, BATCH).await?;
        report.rows.extend([bytes, rebuild]);
        Ok(())
    }

    /// All due at one instant.
    async fn firing(&self, rows: &Copies, events: &Copies, sizes: &Sizes, report: &mut Report) -> Result<()> {
        let what = format!("deadlines fired with effect, {} due at once", sizes.burst);
        let mut beside_both = Row::new(
            what.clone(),
            Unit::PerSecond,
            format!("bare Lua claims, updates where pending and event inserts, by {BATCH}"),
        );
        let mut beside_claims =
            Row::new(what, Unit::PerSecond, format!("bare Lua claims alone, {BATCH} a call"));
        let burst = sizes.burst as usize;
        let plan = |first: Timestamp| vec![first; burst];
        for run in 1..=sizes.runs {
            let (_, time) = self.fire(burst, plan).await?;
            let ours = Thousandths::per_second(burst as u64, time);
            let mut alarms =
                Alarms::new(connect_redis(&self.redis_url).await?, &self.raw, events.clone()).await?;
            let (_, time) = alarms.fire(rows, burst, plan).await?;
            let limit = Thousandths::per_second(burst as u64, time);
            let claims = self.claims(sizes).await?;
            beside_both.add(ours, limit);
            beside_claims.add(ours, claims);
            output::progress(&format!(
                "deadlines fired, run {run}: {ours}/s beside {limit}/s and {claims} claims/s"
            ));
        }
        report.rows.extend([beside_both, beside_claims]);
        Ok(())
    }

    /// Timers that a bare script claims a second.
    async fn claims(&self, sizes: &Sizes) -> Result<Thousandths> {
        let mut redis = connect_redis(&self.redis_url).await?;
        let past = SystemClock.now() - chrono::TimeDelta::hours(1);
        let ids = (0..sizes.outstanding).map(|number| (Uuid::from_u128(u128::from(number)), past));
        arm(&mut redis, &ids.collect::<Vec<_>>()).await?;
        let mut claimer = Claimer::new(redis.clone());
        let begun = Instant::now();
        let mut claimed = 0;
        while claimed < u64::from(sizes.outstanding) {
            claimed += claimer.once().await?;
        }
        let rate = Thousandths::per_second(claimed, begun.elapsed());
        disarm(&mut redis).await?;
        Ok(rate)
    }

    /// At a steady pace.
    async fn lateness(
        &self,
        rows: &Copies,
        events: &Copies,
        sizes: &Sizes,
        report: &mut Report,
    ) -> Result<()> {
        let beside = "the same by bare claims and statements";
        let row = |share: &str| {
            Row::new(format!("lateness {share} of effects, {} due/s", sizes.rate), Unit::Milliseconds, beside)
        };
        let (mut half, mut most) = (row("p50"), row("p99"));
        let count = usize::try_from(sizes.paced())?;
        let plan = |first: Timestamp| paced(first, sizes.rate, sizes.paced());
        for run in 1..=sizes.runs {
            let (ours, _) = self.fire(count, plan).await?;
            let mut alarms =
                Alarms::new(connect_redis(&self.redis_url).await?, &self.raw, events.clone()).await?;
            let (limit, _) = alarms.fire(rows, count, plan).await?;
            let of = |times: &[Duration], share| Thousandths::milliseconds(percentile(times, share));
            half.add(of(&ours, 50), of(&limit, 50));
            most.add(of(&ours, 99), of(&limit, 99));
            output::progress(&format!(
                "deadlines, lateness, run {run}: p50 {} ms, p99 {} ms beside {} and {}",
                of(&ours, 50),
                of(&ours, 99),
                of(&limit, 50),
                of(&limit, 99)
            ));
        }
        report.rows.extend([half, most]);
        Ok(())
    }

    /// Opens deadlines and lets the worker take them. Gives how late each effect was committed, and how long it took from the
    /// first due time to the last effect.
    async fn fire(
        &self,
        count: usize,
        plan: impl Fn(Timestamp) -> Vec<Timestamp>,
    ) -> Result<(Vec<Duration>, Duration)> {
        // How long opening takes is learnt from some that are cancelled by nobody and fall due in a day.
        let begun = Instant::now();
        let tomorrow = SystemClock.now() + chrono::TimeDelta::days(1);
        let some: Vec<_> = (0..u64::from(OPENED_AT_ONCE)).map(|number| (number, tomorrow)).collect();
        self.open(&some).await?;
        let rounds = u32::try_from(count)?.div_ceil(OPENED_AT_ONCE);
        let lead = begun.elapsed() * rounds * 2 + Duration::from_secs(1);
        let times = plan(to_millisecond(SystemClock.now() + lead));
        let first = times.first().copied().context("there is something to fire")?;
        let due: Vec<(u64, Timestamp)> = (0..).zip(times).collect();
        self.open(&due).await?;
        let (clock, business) = (Instant::now(), SystemClock.now());
        ensure!(
            business < first,
            "opening {count} deadlines took longer than planned for; try again, or fewer"
        );
        let (effects, ()) = self.source.work(count, LIMIT, async { Ok(()) }).await?;
        let mut seen: Vec<u64> = effects.iter().map(|(number, _)| *number).collect();
        seen.sort_unstable();
        ensure!(seen.iter().copied().eq(0..count as u64), "a deadline took effect twice or not at all");
        let from = |at: Timestamp| clock + (at - business).to_std().unwrap_or_default();
        let mut lateness = Vec::new();
        for (number, at) in &effects {
            let (_, planned) = due.get(usize::try_from(*number)?).context("a deadline of nobody")?;
            lateness.push(at.saturating_duration_since(from(*planned)));
        }
        let last = effects.iter().map(|(_, at)| *at).max().context("something fired")?;
        Ok((lateness, last.saturating_duration_since(from(first))))
    }
}

/// What Redis has to know.
async fn outstanding(connection: &mut PgConnection) -> Result<Vec<(Uuid, Timestamp)>> {
    let sql = "select id, next_at from deadline where next_at is not null";
    let rows = sqlx::query(sql).fetch_all(connection).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

/// Times, `rate` a second, from `first` on; to the millisecond, as timers are.
fn paced(first: Timestamp, rate: u32, count: u64) -> Vec<Timestamp> {
    let at = |index| first + chrono::TimeDelta::from_std(offset(rate, index)).unwrap_or_default();
    (0..count).map(|index| to_millisecond(at(index))).collect()
}

fn draft(number: u64, due: Timestamp) -> Result<DeadlineDraft> {
    let minute = chrono::TimeDelta::minutes(1);
    Ok(DeadlineDraft {
        kind: "first_response".to_owned(),
        key: number.to_string(),
        basis: DeadlineBasis::House,
        rule: RuleRef { id: "first_response".to_owned(), cite: "M2.3a".to_owned() },
        start: due - minute,
        limit: "1m".parse().map_err(|error| anyhow::anyhow!("{error}"))?,
        not_after: None,
        warn_at_basis_points: None,
        warn_audience: None,
        ladder: Vec::new(),
    })
}
