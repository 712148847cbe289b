//! Private Postgres and Redis for tests, the demo and benchmarks, and faults to put between them and us.
//!
//! "Private" means: in a temporary directory, on free ports of 127.0.0.1, under random passwords, never as
//! root, and gone when the process that started them is gone, however it ended (`guard.rs` says how).
//! The machine's own servers are neither used nor touched.
//!
//! A test asks for what it needs and owns it:
//!
//! ```no_run
//! # async fn test() {
//! let servers = redress_testkit::servers().await;
//! let database = servers.database("intake").await; // fresh and empty, dropped with the value
//! let prefix = redress_testkit::unique("intake"); // for Redis keys
//! # let _ = (database.url(), servers.redis_url(), prefix);
//! # }
//! ```
//!
//! All tests of a `cargo xtask test` run share one pair of servers; under a plain `cargo test` each test
//! process starts a pair at the first call. A test that stops or cuts a server starts its own
//! ([`PrivateServers::start`]) or puts a [`faults::TcpProxy`] in between.

pub mod certificates;
pub mod faults;
mod guard;
mod home;
mod install;
mod postgres;
mod programs;
mod redis;
mod servers;
mod test_database;
mod url;

pub use home::Home;
pub use postgres::{Durability, Postgres, PrivatePostgres};
pub use programs::{Installation, Missing, Programs, RedisProgram};
pub use redis::PrivateRedis;
pub use servers::{PrivateServers, Servers, environment, servers};
pub use test_database::TestDatabase;
pub use url::ServerUrl;

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// How a server is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// As an operator would: connections are ended, what is in memory is written.
    Orderly,
    /// Like a crash: nothing more is written; Postgres recovers from its log at the next start.
    Abrupt,
}

/// A name nobody else has, on this machine or in this run: `<stem>_<8 hex digits of the process>_<counter>`.
///
/// Good as a database name and as a prefix of Redis keys.
#[must_use]
pub fn unique(stem: &str) -> String {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let count = COUNTER.fetch_add(1, Ordering::Relaxed);
    format!("{stem}_{}_{count}", process_nonce())
}

/// Eight random hex digits, the same for the life of this process.
fn process_nonce() -> &'static str {
    static NONCE: OnceLock<String> = OnceLock::new();
    NONCE.get_or_init(|| random_hex(4).expect("the system gives random bytes"))
}

/// `bytes` random bytes of the operating system, in hex. Not from `redress_domain::Ids`: a password must be
/// random even where a run is repeated by its seed.
fn random_hex(bytes: usize) -> std::io::Result<String> {
    use std::io::Read;
    let mut buffer = vec![0; bytes];
    std::fs::File::open("/dev/urandom")?.read_exact(&mut buffer)?;
    Ok(hex::encode(buffer))
}
