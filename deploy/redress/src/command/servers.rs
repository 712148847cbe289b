//! The private Postgres and Redis of `play`, `demo` and `up`.

use redress_testkit::{Durability, PrivateServers, Programs, Servers, environment};

use super::Failure;
use crate::output;

/// Servers to play on: those of the surrounding test run, else private ones.
pub(super) enum Ground {
    /// Handed over by the environment.
    Shared(&'static Servers),
    /// Our own, gone with us.
    Private(Box<PrivateServers>),
}

impl Ground {
    pub(super) async fn find() -> Result<Self, Failure> {
        let handed_over = [environment::TEST_POSTGRES_URL, environment::TEST_REDIS_URL];
        if handed_over.iter().all(|variable| std::env::var_os(variable).is_some()) {
            return Ok(Self::Shared(redress_testkit::servers().await));
        }
        Ok(Self::Private(Box::new(private(Durability::Off).await?)))
    }

    pub(super) fn postgres(&self) -> &redress_testkit::Postgres {
        match self {
            Self::Shared(servers) => servers.postgres(),
            Self::Private(servers) => servers.postgres.server(),
        }
    }

    pub(super) fn redis_url(&self) -> String {
        match self {
            Self::Shared(servers) => servers.redis_url().to_owned(),
            Self::Private(servers) => servers.redis.url().to_string(),
        }
    }
}

/// Starts private servers, installing the programs where that is possible.
pub(super) async fn private(durability: Durability) -> Result<PrivateServers, Failure> {
    let unavailable = |error: anyhow::Error| Failure::Unavailable(format!("{error:#}"));
    let programs = tokio::task::spawn_blocking(|| Programs::find_or_install(&mut output::progress))
        .await
        .map_err(anyhow::Error::from)?
        .map_err(unavailable)?;
    output::progress(&format!("starting a private {programs}"));
    PrivateServers::start(&programs, durability).await.map_err(unavailable)
}
