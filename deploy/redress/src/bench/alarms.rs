//! The limit of an alarm clock: what claims due timers in Redis by a script and changes their rows in Postgres by a statement,
//! and does nothing else.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use async_trait::async_trait;
use redis::{Script, aio::MultiplexedConnection};
use redress_domain::{Clock, SystemClock, Timestamp};
use sea_orm::sqlx::{self, PgConnection, Row as _};
use uuid::Uuid;

use super::{
    load::{Worker, to_millisecond},
    rows::{Copies, connect},
};

/// Timers claimed at once.
pub(super) const BATCH: usize = 100;
/// Timers armed at once.
const PIPELINE: usize = 5_000;
const DUE: &str = "{bench:raw}:due";
const IN_FLIGHT: &str = "{bench:raw}:inflight";

/// Moves what is due by ARGV[1] into the in-flight set, at most ARGV[2], and answers with it.
const CLAIM: &str = "
local claimed = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, ARGV[2])
for _, member in ipairs(claimed) do
  redis.call('ZREM', KEYS[1], member)
  redis.call('ZADD', KEYS[2], ARGV[1] + 30000, member)
end
return claimed";

/// Changes the rows of deadlines that are due and still pending, and the rows of their aggregates.
const FIRE: &str = "
with due as (
    update deadline set state = 'missed', next_at = null, document = document, chain = chain
     where id = any($1) and state = 'pending' and due_at <= $2
    returning aggregate_kind, aggregate_id
), told as (
    update aggregate set revision = revision + 1, document = document, updated_at = $2
      from due where kind = due.aggregate_kind and id = due.aggregate_id
)
select count(*) from due";

/// A connection to a Redis.
pub(super) async fn connect_redis(url: &str) -> Result<MultiplexedConnection> {
    let client = redis::Client::open(url)?;
    client.get_multiplexed_async_connection().await.context("cannot connect to Redis for a raw run")
}

/// Bytes that Redis has in use.
pub(super) async fn memory(redis: &mut MultiplexedConnection) -> Result<u64> {
    let info: String = redis::cmd("INFO").arg("memory").query_async(redis).await?;
    let used = info.lines().find_map(|line| line.strip_prefix("used_memory:"));
    used.and_then(|bytes| bytes.trim().parse().ok()).context("Redis does not tell its memory")
}

/// Arms timers in one sorted set.
pub(super) async fn arm(redis: &mut MultiplexedConnection, timers: &[(Uuid, Timestamp)]) -> Result<()> {
    for timers in timers.chunks(PIPELINE) {
        let mut add = redis::cmd("ZADD");
        add.arg(DUE);
        for (id, at) in timers {
            add.arg(at.timestamp_millis()).arg(id.to_string());
        }
        add.query_async::<()>(redis).await?;
    }
    Ok(())
}

/// Forgets all timers.
pub(super) async fn disarm(redis: &mut MultiplexedConnection) -> Result<()> {
    Ok(redis::cmd("DEL").arg(DUE).arg(IN_FLIGHT).query_async(redis).await?)
}

/// Claims timers that are due, and does nothing with them.
pub(super) struct Claimer {
    redis: MultiplexedConnection,
    script: Script,
}

impl Claimer {
    pub(super) fn new(redis: MultiplexedConnection) -> Self {
        Self { redis, script: Script::new(CLAIM) }
    }

    async fn claim(&mut self, now: Timestamp) -> Result<Vec<Uuid>> {
        let mut call = self.script.prepare_invoke();
        call.key(DUE).key(IN_FLIGHT).arg(now.timestamp_millis()).arg(BATCH);
        let members: Vec<String> = call.invoke_async(&mut self.redis).await?;
        members.iter().map(|member| Uuid::parse_str(member).context("a timer is no id")).collect()
    }
}

#[async_trait]
impl Worker for Claimer {
    async fn once(&mut self) -> Result<u64> {
        Ok(self.claim(SystemClock.now()).await?.len() as u64)
    }
}

/// A bare alarm clock over rows of a database of the same form.
pub(super) struct Alarms {
    claimer: Claimer,
    postgres: PgConnection,
    /// The events that firing one deadline writes.
    events: Copies,
}

impl Alarms {
    pub(super) async fn new(redis: MultiplexedConnection, url: &str, events: Copies) -> Result<Self> {
        Ok(Self { claimer: Claimer::new(redis), postgres: connect(url).await?, events })
    }

    /// Sets pending rows for `times` and arms them; `rows` is a deadline with its aggregate.
    async fn set(&mut self, rows: &Copies, times: &[Timestamp]) -> Result<Vec<(Uuid, Timestamp)>> {
        let mut left = times.len();
        while left > 0 {
            let batch = left.min(1_000);
            rows.write(&mut self.postgres, batch).await?;
            left -= batch;
        }
        let pending = "select id from deadline where state = 'pending' order by id";
        let ids = sqlx::query(pending).fetch_all(&mut self.postgres).await?;
        ensure!(ids.len() == times.len(), "raw deadlines were left over");
        let mut timers = Vec::new();
        for (row, at) in ids.iter().zip(times) {
            timers.push((row.try_get(0)?, *at));
        }
        sqlx::query(
            "update deadline set due_at = timer.at
               from unnest($1::uuid[], $2::timestamptz[]) as timer(id, at) where deadline.id = timer.id",
        )
        .bind(timers.iter().map(|(id, _)| *id).collect::<Vec<Uuid>>())
        .bind(times)
        .execute(&mut self.postgres)
        .await?;
        arm(&mut self.claimer.redis, &timers).await?;
        Ok(timers)
    }

    /// Fires one deadline at each of the times that `plan` makes, now that the rows are there. Gives how late each was, and
    /// how long it took from the first due time to the last effect.
    pub(super) async fn fire(
        &mut self,
        rows: &Copies,
        count: usize,
        plan: impl Fn(Timestamp) -> Vec<Timestamp>,
    ) -> Result<(Vec<Duration>, Duration)> {
        // Set for some time to come first: setting takes its own time.
        let lead = chrono::TimeDelta::milliseconds(1_000 + i64::try_from(count / 4)?);
        let times = plan(to_millisecond(SystemClock.now() + lead));
        let timers = self.set(rows, &times).await?;
        let (clock, business) = (Instant::now(), SystemClock.now());
        let first = times.first().copied().context("there is something to fire")?;
        ensure!(business < first, "setting raw deadlines took longer than planned for");
        let due: std::collections::HashMap<Uuid, Timestamp> = timers.into_iter().collect();
        let mut lateness = Vec::with_capacity(count);
        let mut next = times.iter();
        let mut waiting = next.next();
        while lateness.len() < count {
            let now = SystemClock.now();
            let ids = self.claimer.claim(now).await?;
            if ids.is_empty() {
                while waiting.is_some_and(|at| *at <= now) {
                    waiting = next.next();
                }
                let pause = waiting.and_then(|at| (*at - SystemClock.now()).to_std().ok());
                tokio::time::sleep(pause.unwrap_or(Duration::from_millis(1))).await;
                continue;
            }
            self.take_effect(&ids, now).await?;
            let committed = clock.elapsed();
            for id in &ids {
                let at = due.get(id).context("a timer of nobody")?;
                let until = (*at - business).to_std().unwrap_or_default();
                lateness.push(committed.saturating_sub(until));
            }
        }
        let from = (first - business).to_std().unwrap_or_default();
        let time = clock.elapsed().saturating_sub(from);
        disarm(&mut self.claimer.redis).await?;
        Ok((lateness, time))
    }

    async fn take_effect(&mut self, ids: &[Uuid], now: Timestamp) -> Result<()> {
        use sqlx::Connection as _;
        let mut transaction = self.postgres.begin().await?;
        let fired: i64 =
            sqlx::query(FIRE).bind(ids).bind(now).fetch_one(&mut *transaction).await?.try_get(0)?;
        ensure!(
            usize::try_from(fired).is_ok_and(|fired| fired == ids.len()),
            "a raw deadline was not pending"
        );
        self.events.write(&mut transaction, ids.len()).await?;
        transaction.commit().await?;
        Ok(())
    }
}
