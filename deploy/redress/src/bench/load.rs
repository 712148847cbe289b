//! Load: as fast as some callers can, or at a steady pace.

use std::{
    future::Future,
    time::{Duration, Instant},
};

use anyhow::Result;
use async_trait::async_trait;
use redress_domain::Timestamp;
use tokio::task::JoinSet;

use super::figures::Thousandths;

/// Somebody who does the same thing over and over.
#[async_trait]
pub(super) trait Worker: Send + 'static {
    /// Does it once. Gives how much it did.
    async fn once(&mut self) -> Result<u64>;
}

/// How much was done in which time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Done {
    pub(super) count: u64,
    pub(super) time: Duration,
}

impl Done {
    pub(super) fn rate(self) -> Thousandths {
        Thousandths::per_second(self.count, self.time)
    }
}

/// Lets all work at once for `length`, and gives them back. Work that has begun is waited for and counted, and so is its
/// time.
pub(super) async fn flat_out<W: Worker>(workers: Vec<W>, length: Duration) -> Result<(Done, Vec<W>)> {
    let begun = Instant::now();
    let mut working = JoinSet::new();
    for mut worker in workers {
        working.spawn(async move {
            let mut count = 0;
            while begun.elapsed() < length {
                count += worker.once().await?;
            }
            anyhow::Ok((count, worker))
        });
    }
    let (mut count, mut workers) = (0, Vec::new());
    while let Some(ended) = working.join_next().await {
        let (own, worker) = ended??;
        count += own;
        workers.push(worker);
    }
    Ok((Done { count, time: begun.elapsed() }, workers))
}

/// Begins `count` things, `rate` a second, whether or not the earlier ones have ended, and waits for all of them. Gives what
/// each made, in no particular order.
pub(super) async fn steadily<T, F>(rate: u32, count: u64, mut begin: impl FnMut(u64) -> F) -> Result<Vec<T>>
where
    T: Send + 'static,
    F: Future<Output = Result<T>> + Send + 'static,
{
    let start = tokio::time::Instant::now();
    let mut under_way = JoinSet::new();
    for index in 0..count {
        tokio::time::sleep_until(start + offset(rate, index)).await;
        under_way.spawn(begin(index));
    }
    let mut ended = Vec::new();
    while let Some(result) = under_way.join_next().await {
        ended.push(result??);
    }
    Ok(ended)
}

/// When the `index`-th of `rate` a second is due, from the first on; in whole microseconds.
pub(super) fn offset(rate: u32, index: u64) -> Duration {
    Duration::from_micros(index.saturating_mul(1_000_000) / u64::from(rate.max(1)))
}

/// Timers know no shorter time than a millisecond.
pub(super) fn to_millisecond(at: Timestamp) -> Timestamp {
    chrono::DateTime::from_timestamp_millis(at.timestamp_millis()).unwrap_or(at)
}
