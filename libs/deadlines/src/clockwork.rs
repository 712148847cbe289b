//! The alarm clock in Redis: one sorted set a shard that says when to look at which row.

use std::{collections::HashMap, sync::Mutex};

use redis::{AsyncCommands, Client, Script, aio::ConnectionManager};
use redress_domain::Timestamp;
use redress_storage::Database;
use uuid::Uuid;

use crate::store;

/// Shards of a service: enough to spread a Redis Cluster, few enough to claim from each in turn.
pub const SHARDS: u8 = 4;
/// How long a claim holds in machine time before another replica may take it over.
const LEASE_MILLISECONDS: i64 = 30_000;
/// The member that says "this set was built whole".
const EPOCH: &str = "epoch";
/// Rows read at once while rebuilding.
const REBUILD_PAGE: i64 = 5_000;

/// Redis cannot be used right now; deadlines then wait for the sweep.
#[derive(Debug, thiserror::Error)]
pub enum ClockworkError {
    /// Redis refused or cannot be reached.
    #[error("redis is unavailable")]
    Redis(#[from] redis::RedisError),
    /// The rows cannot be read.
    #[error("failed to read deadlines for a rebuild")]
    Storage(#[from] redress_storage::StorageError),
}

/// Timers that were claimed.
#[derive(Clone, Debug, Default)]
pub struct Claimed {
    /// Deadlines to look at. Each must be acknowledged.
    pub ids: Vec<Uuid>,
    /// When the next one that is not due yet will be.
    pub next_at: Option<Timestamp>,
}

/// The sorted sets of one service.
pub struct Clockwork {
    service: String,
    client: Client,
    connection: tokio::sync::Mutex<Option<ConnectionManager>>,
    run_id: Mutex<String>,
    claim: Script,
}

impl std::fmt::Debug for Clockwork {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Clockwork").field("service", &self.service).finish_non_exhaustive()
    }
}

impl Clockwork {
    /// A clockwork for `service` at `url`. Connects when first used.
    pub fn new(url: &str, service: &str) -> Result<Self, ClockworkError> {
        Ok(Self {
            service: service.to_owned(),
            client: Client::open(url)?,
            connection: tokio::sync::Mutex::new(None),
            run_id: Mutex::new(String::new()),
            claim: Script::new(include_str!("lua/claim.lua")),
        })
    }

    fn shard(id: Uuid) -> u8 {
        id.as_bytes()[15] % SHARDS
    }

    fn key(&self, shard: u8, set: &str) -> String {
        format!("{{redress:{}:{shard}}}:{set}", self.service)
    }

    async fn connection(&self) -> Result<ConnectionManager, ClockworkError> {
        let mut slot = self.connection.lock().await;
        if let Some(connection) = slot.as_ref() {
            return Ok(connection.clone());
        }
        let config = redis::aio::ConnectionManagerConfig::new()
            .set_number_of_retries(1)
            .set_connection_timeout(Some(std::time::Duration::from_secs(2)))
            .set_response_timeout(Some(std::time::Duration::from_secs(2)));
        let connection = ConnectionManager::new_with_config(self.client.clone(), config).await?;
        *slot = Some(connection.clone());
        Ok(connection)
    }

    /// Arms timers; a later time for the same row replaces the earlier one. `None` disarms.
    pub async fn arm(&self, timers: &[(Uuid, Option<Timestamp>)]) -> Result<(), ClockworkError> {
        if timers.is_empty() {
            return Ok(());
        }
        let mut connection = self.connection().await?;
        let mut pipe = redis::pipe();
        for (id, at) in timers {
            let due = self.key(Self::shard(*id), "due");
            match at {
                Some(at) => pipe.zadd(due, id.to_string(), at.timestamp_millis()).ignore(),
                None => pipe.zrem(due, id.to_string()).ignore(),
            };
        }
        pipe.exec_async(&mut connection).await?;
        Ok(())
    }

    /// Claims at most `limit` timers a shard that are due at business time `now`. A set that was lost is rebuilt
    /// from the rows first. `machine_now` measures the lease.
    pub async fn claim(
        &self,
        database: &Database,
        now: Timestamp,
        machine_now: Timestamp,
        limit: usize,
    ) -> Result<Claimed, ClockworkError> {
        let mut connection = self.connection().await?;
        self.rebuild_after_restart(&mut connection, database).await?;
        let mut claimed = Claimed::default();
        for shard in 0..SHARDS {
            let mut answer = self.claim_shard(&mut connection, shard, now, machine_now, limit).await?;
            if answer.first().map(String::as_str) == Some("0") {
                tracing::warn!(service = %self.service, shard, "deadline timers were lost, rebuilding from rows");
                self.rebuild(&mut connection, database).await?;
                answer = self.claim_shard(&mut connection, shard, now, machine_now, limit).await?;
            }
            let next = answer.get(1).and_then(|score| score.parse::<f64>().ok());
            if let Some(next) = next.and_then(millis) {
                claimed.next_at = Some(claimed.next_at.map_or(next, |known| known.min(next)));
            }
            claimed.ids.extend(answer.iter().skip(2).filter_map(|member| Uuid::parse_str(member).ok()));
        }
        Ok(claimed)
    }

    async fn claim_shard(
        &self,
        connection: &mut ConnectionManager,
        shard: u8,
        now: Timestamp,
        machine_now: Timestamp,
        limit: usize,
    ) -> Result<Vec<String>, ClockworkError> {
        Ok(self
            .claim
            .key(self.key(shard, "due"))
            .key(self.key(shard, "inflight"))
            .arg(now.timestamp_millis())
            .arg(machine_now.timestamp_millis())
            .arg(LEASE_MILLISECONDS)
            .arg(limit)
            .arg(EPOCH)
            .invoke_async(connection)
            .await?)
    }

    /// Acknowledges claimed timers after their transaction: each is armed again at its next look, or forgotten.
    pub async fn acknowledge(&self, timers: &[(Uuid, Option<Timestamp>)]) -> Result<(), ClockworkError> {
        if timers.is_empty() {
            return Ok(());
        }
        let mut connection = self.connection().await?;
        let mut pipe = redis::pipe();
        for (id, at) in timers {
            let shard = Self::shard(*id);
            pipe.zrem(self.key(shard, "inflight"), id.to_string()).ignore();
            if let Some(at) = at {
                pipe.zadd(self.key(shard, "due"), id.to_string(), at.timestamp_millis()).ignore();
            }
        }
        pipe.exec_async(&mut connection).await?;
        Ok(())
    }

    /// Another `run_id` means another process: what it holds may be an old snapshot, so it is built anew.
    async fn rebuild_after_restart(
        &self,
        connection: &mut ConnectionManager,
        database: &Database,
    ) -> Result<(), ClockworkError> {
        let info: String = redis::cmd("INFO").arg("server").query_async(connection).await?;
        let current = info
            .lines()
            .find_map(|line| line.strip_prefix("run_id:"))
            .map(str::trim)
            .unwrap_or_default()
            .to_owned();
        let known = self.run_id.lock().map(|run_id| run_id.clone()).unwrap_or_default();
        if known == current {
            return Ok(());
        }
        self.rebuild(connection, database).await?;
        if let Ok(mut run_id) = self.run_id.lock() {
            *run_id = current;
        }
        Ok(())
    }

    /// Puts every outstanding row into its set, then marks the sets as whole.
    pub async fn rebuild(
        &self,
        connection: &mut ConnectionManager,
        database: &Database,
    ) -> Result<u64, ClockworkError> {
        let mut after = Uuid::nil();
        let mut armed = 0;
        loop {
            let page = store::outstanding(database.pool(), after, REBUILD_PAGE).await?;
            let Some((last, _)) = page.last() else { break };
            after = *last;
            let mut by_shard: HashMap<u8, Vec<(i64, String)>> = HashMap::new();
            for (id, at) in &page {
                by_shard.entry(Self::shard(*id)).or_default().push((at.timestamp_millis(), id.to_string()));
            }
            for (shard, members) in by_shard {
                armed += members.len() as u64;
                let _: () = connection.zadd_multiple(self.key(shard, "due"), &members).await?;
            }
        }
        for shard in 0..SHARDS {
            let _: () = connection.zadd(self.key(shard, "due"), EPOCH, "+inf").await?;
        }
        Ok(armed)
    }
}

fn millis(score: f64) -> Option<Timestamp> {
    // Scores are whole milliseconds that we wrote; Redis answers them as floating-point text.
    score.is_finite().then(|| chrono::DateTime::from_timestamp_millis(score as i64)).flatten()
}
