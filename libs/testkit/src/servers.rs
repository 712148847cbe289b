//! The pair of servers: private ones, and those that the tests of a run share.

use std::sync::Arc;

use anyhow::{Context, Result};
use tokio::sync::OnceCell;

use crate::{
    Durability, Home, Installation, Postgres, PrivatePostgres, PrivateRedis, Programs, TestDatabase,
};

/// The environment variables by which programs and servers are handed over.
pub mod environment {
    /// Directory that holds `initdb`, `postgres` and `psql`.
    pub const POSTGRES_BIN: &str = "REDRESS_POSTGRES_BIN";
    /// Path of `redis-server` or `valkey-server`.
    pub const REDIS_SERVER: &str = "REDRESS_REDIS_SERVER";
    /// Superuser's URL of the Postgres that a test run shares.
    pub const TEST_POSTGRES_URL: &str = "REDRESS_TEST_POSTGRES_URL";
    /// URL of the Redis that a test run shares.
    pub const TEST_REDIS_URL: &str = "REDRESS_TEST_REDIS_URL";
}

/// A Postgres and a Redis of our own in one temporary directory, stopped and removed on drop.
#[derive(Debug)]
pub struct PrivateServers {
    /// Postgres.
    pub postgres: PrivatePostgres,
    /// Redis.
    pub redis: PrivateRedis,
    programs: Programs,
}

impl PrivateServers {
    /// Starts both.
    ///
    /// # Errors
    /// When one does not start; the other is stopped.
    pub async fn start(programs: &Programs, durability: Durability) -> Result<Self> {
        let home = Arc::new(Home::temporary()?);
        let (postgres, redis) = tokio::try_join!(
            PrivatePostgres::start(&programs.postgres, &home, durability),
            PrivateRedis::start(&programs.redis, &home),
        )?;
        Ok(Self { postgres, redis, programs: programs.clone() })
    }

    /// What to put into the environment of a `cargo test`, so that all its tests share these servers.
    #[must_use]
    pub fn environment(&self) -> [(&'static str, String); 4] {
        [
            (environment::POSTGRES_BIN, self.programs.postgres.bin().display().to_string()),
            (environment::REDIS_SERVER, self.programs.redis.path().display().to_string()),
            (environment::TEST_POSTGRES_URL, self.postgres.server().superuser_url().to_string()),
            (environment::TEST_REDIS_URL, self.redis.url().to_string()),
        ]
    }
}

/// The servers that tests share. Each test has its own databases and key prefixes on them, and must not stop
/// or flush them.
#[derive(Debug)]
pub struct Servers {
    postgres: Postgres,
    redis_url: String,
    _private: Option<PrivateServers>,
}

/// The shared servers: those of the surrounding `cargo xtask test`, else started at the first call and ended
/// with this process.
///
/// # Panics
/// When there are none and none can be started; the message says what to install.
pub async fn servers() -> &'static Servers {
    // A runtime-independent cell: each test has its own runtime, and one that ends while it starts the
    // servers stops them again and leaves the start to the next.
    static SERVERS: OnceCell<Servers> = OnceCell::const_new();
    SERVERS.get_or_try_init(Servers::find_or_start).await.expect("tests need Postgres and Redis")
}

impl Servers {
    async fn find_or_start() -> Result<Self> {
        let handed_over =
            (std::env::var(environment::TEST_POSTGRES_URL), std::env::var(environment::TEST_REDIS_URL));
        if let (Ok(postgres_url), Ok(redis_url)) = handed_over {
            let installation = Installation::find().context("`psql` was not handed over with the servers")?;
            return Ok(Self {
                postgres: Postgres::new(&installation, &postgres_url)?,
                redis_url,
                _private: None,
            });
        }
        let private = PrivateServers::start(&Programs::find()?, Durability::Off).await?;
        Ok(Self {
            postgres: private.postgres.server().clone(),
            redis_url: private.redis.url().to_string(),
            _private: Some(private),
        })
    }

    /// The shared Postgres, to administrate.
    #[must_use]
    pub fn postgres(&self) -> &Postgres {
        &self.postgres
    }

    /// The URL of the shared Redis. Prefix keys with [`crate::unique`].
    #[must_use]
    pub fn redis_url(&self) -> &str {
        &self.redis_url
    }

    /// A fresh and empty database for one test. Its role is called `name` (a plain lower-case identifier, say
    /// a service's name) and is refused by databases made under other names.
    ///
    /// # Panics
    /// When the server refuses, with its message.
    pub async fn database(&self, name: &str) -> TestDatabase {
        TestDatabase::create(&self.postgres, name, None).await.expect("a test database can be created")
    }

    /// As [`Self::database`], as a copy of a template that `prepare` (say, the migrations) fills once in a
    /// process: copying costs less than preparing. `prepare` gets the URL of an empty database, connects as its
    /// owner, and is the same function at every call with this `name`.
    ///
    /// # Panics
    /// When `prepare` fails or the server refuses, with the message.
    pub async fn database_from<F>(&self, name: &str, prepare: F) -> TestDatabase
    where
        F: AsyncFnOnce(String) -> Result<()>,
    {
        let template = crate::test_database::template(&self.postgres, name, prepare).await;
        let template = template.expect("the template of a test database can be prepared");
        TestDatabase::create(&self.postgres, name, Some(&template))
            .await
            .expect("a test database can be created")
    }
}
