//! Finds the server programs on this machine.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::environment;

const OLDEST_POSTGRES: (u32, u32) = (14, 0);
const OLDEST_REDIS: (u32, u32) = (6, 2);

/// The programs of one PostgreSQL installation.
#[derive(Clone, Debug)]
pub struct Installation {
    bin: PathBuf,
    version: (u32, u32),
}

/// A `redis-server`, or a `valkey-server`, which speaks the same.
#[derive(Clone, Debug)]
pub struct RedisProgram {
    path: PathBuf,
    version: (u32, u32),
}

/// Both servers' programs.
#[derive(Clone, Debug)]
pub struct Programs {
    /// PostgreSQL.
    pub postgres: Installation,
    /// Redis.
    pub redis: RedisProgram,
}

/// What was looked for and not found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Missing {
    /// No PostgreSQL that is new enough.
    pub postgres: bool,
    /// No Redis that is new enough.
    pub redis: bool,
}

impl std::error::Error for Missing {}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (postgres, redis) = (OLDEST_POSTGRES.0, format!("{}.{}", OLDEST_REDIS.0, OLDEST_REDIS.1));
        let mut wanted = Vec::new();
        if self.postgres {
            wanted.push(format!("PostgreSQL {postgres} or newer (initdb, postgres, psql)"));
        }
        if self.redis {
            wanted.push(format!("Redis {redis} or newer (redis-server or valkey-server)"));
        }
        write!(
            f,
            "{} not found. `cargo xtask test` installs what is missing when run as root on Debian or Ubuntu. Elsewhere: \
             `apt-get install postgresql redis-server`, `dnf install postgresql-server redis` or `brew install \
             postgresql redis`; the servers need not run. If they are in an unusual place, set {} to the \
             directory of `initdb` and {} to the path of `redis-server`",
            wanted.join(" and "),
            environment::POSTGRES_BIN,
            environment::REDIS_SERVER,
        )
    }
}

impl Installation {
    /// The newest one: in `REDRESS_POSTGRES_BIN` if that is set, else on `PATH` and where distributions put it.
    #[must_use]
    pub fn find() -> Option<Self> {
        if let Some(bin) = std::env::var_os(environment::POSTGRES_BIN) {
            return Self::at(Path::new(&bin));
        }
        let on_path =
            on_path("initdb").and_then(|initdb| Some(initdb.canonicalize().ok()?.parent()?.to_owned()));
        let usual = [
            ("/usr/lib/postgresql", "", "bin"),
            ("/usr", "pgsql-", "bin"),
            ("/opt/homebrew/opt", "postgresql", "bin"),
            ("/usr/local/opt", "postgresql", "bin"),
        ];
        let usual = usual.into_iter().flat_map(|(parent, stem, bin)| {
            let entries = std::fs::read_dir(parent).into_iter().flatten().flatten();
            entries
                .filter(move |entry| entry.file_name().to_string_lossy().starts_with(stem))
                .map(move |entry| entry.path().join(bin))
        });
        on_path
            .into_iter()
            .chain(usual)
            .filter_map(|bin| Self::at(&bin))
            .max_by_key(|installation| installation.version)
    }

    fn at(bin: &Path) -> Option<Self> {
        let complete = ["initdb", "postgres", "psql"].iter().all(|program| bin.join(program).is_file());
        let version = complete.then(|| version(&bin.join("postgres")))??;
        (version >= OLDEST_POSTGRES).then(|| Self { bin: bin.to_owned(), version })
    }

    /// The directory that holds `initdb`, `postgres` and `psql`.
    #[must_use]
    pub fn bin(&self) -> &Path {
        &self.bin
    }
}

impl RedisProgram {
    /// The one at `REDRESS_REDIS_SERVER` if that is set, else on `PATH`.
    #[must_use]
    pub fn find() -> Option<Self> {
        let path = match std::env::var_os(environment::REDIS_SERVER) {
            Some(path) => PathBuf::from(path),
            None => ["redis-server", "valkey-server"].into_iter().find_map(on_path)?,
        };
        let version = version(&path)?;
        (version >= OLDEST_REDIS).then_some(Self { path, version })
    }

    /// The program.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Programs {
    /// Looks for both.
    ///
    /// # Errors
    /// [`Missing`] says which is not there, and how to install it.
    pub fn find() -> Result<Self, Missing> {
        match (Installation::find(), RedisProgram::find()) {
            (Some(postgres), Some(redis)) => Ok(Self { postgres, redis }),
            (postgres, redis) => Err(Missing { postgres: postgres.is_none(), redis: redis.is_none() }),
        }
    }

    /// Looks for both and installs what is missing, where it can: as root with `apt-get`. `progress` gets a
    /// line for each step that takes time.
    ///
    /// # Errors
    /// When something is missing that cannot be installed; the message says what to do by hand.
    pub fn find_or_install(progress: &mut dyn FnMut(&str)) -> Result<Self> {
        let Err(missing) = Self::find() else { return Ok(Self::find()?) };
        crate::install::install(missing, progress)?;
        Self::find().context("still missing after the installation")
    }
}

impl fmt::Display for Programs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (postgres, redis) = (self.postgres.version, self.redis.version);
        write!(f, "PostgreSQL {}.{} and Redis {}.{}", postgres.0, postgres.1, redis.0, redis.1)
    }
}

/// The first file of this name in the directories of `PATH`.
pub(crate) fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|directory| directory.join(program)).find(|file| file.is_file())
}

/// Runs `program --version`.
fn version(program: &Path) -> Option<(u32, u32)> {
    let output = Command::new(program).arg("--version").output().ok()?;
    parse_version(&String::from_utf8_lossy(&output.stdout))
}

/// The first `<number>.<number>` or `<number>` in the text that begins a word, or follows `v=`.
fn parse_version(text: &str) -> Option<(u32, u32)> {
    text.split_whitespace().find_map(|word| {
        let digits = word.strip_prefix("v=").unwrap_or(word);
        let mut parts = digits.split(|c: char| !c.is_ascii_digit());
        let major = parts.next()?.parse().ok()?;
        Some((major, parts.next().and_then(|minor| minor.parse().ok()).unwrap_or(0)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_what_the_programs_print() {
        let cases = [
            ("postgres (PostgreSQL) 15.8 (Debian 15.8-0+deb12u1)", Some((15, 8))),
            ("postgres (PostgreSQL) 18beta1", Some((18, 0))),
            ("Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64", Some((7, 0))),
            ("Valkey server v=8.1.1 sha=00000000:0", Some((8, 1))),
            ("no version", None),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_version(text), expected, "{text}");
        }
    }

    #[test]
    fn the_message_names_only_what_is_missing() {
        let text = Missing { postgres: false, redis: true }.to_string();
        assert!(text.starts_with("Redis 6.2 or newer") && !text.contains("PostgreSQL 14"), "{text}");
    }
}
