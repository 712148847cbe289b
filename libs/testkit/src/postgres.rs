//! A private Postgres, and the administration of a Postgres: databases, roles.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use sha2::{Digest, Sha256};
use tokio::task::spawn_blocking;

use crate::guard::{self, Guard, Server};
use crate::{Home, Installation, ServerUrl, Stop};

const START_LIMIT: Duration = Duration::from_secs(60);
const START_ATTEMPTS: u32 = 5;
const SUPERUSER: &str = "postgres";

/// Whether a commit waits for the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// It does not: for tests. A crash of the machine loses everything, which nobody will look for.
    Off,
    /// It does, as in production: for the demo, `up` and benchmarks.
    On,
}

/// A Postgres server that we may administrate: ours, or one that was handed over. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Postgres {
    psql: PathBuf,
    superuser: ServerUrl,
}

impl Postgres {
    /// `url` is a superuser's; `installation` lends its `psql`.
    ///
    /// # Errors
    /// When the URL is not of the form of [`ServerUrl`].
    pub fn new(installation: &Installation, url: &str) -> Result<Self> {
        Ok(Self { psql: installation.bin().join("psql"), superuser: ServerUrl::parse(url)? })
    }

    /// The superuser's URL of the database `postgres`.
    #[must_use]
    pub fn superuser_url(&self) -> &ServerUrl {
        &self.superuser
    }

    /// Makes sure that the database `name` is there, owned by a role of the same name, and that only this
    /// role (and the superuser) may connect to it. Gives the role's URL of it.
    ///
    /// # Errors
    /// When `name` is not a plain lower-case identifier of at most 63 bytes, or the server refuses.
    pub async fn database(&self, name: &str) -> Result<String> {
        self.database_owned_by(name, name, None).await
    }

    /// As [`Self::database`], with a role that may own several, and as a copy of `template` if there is one.
    pub(crate) async fn database_owned_by(
        &self,
        name: &str,
        role: &str,
        template: Option<&str>,
    ) -> Result<String> {
        for identifier in [name, role, template.unwrap_or(name)] {
            ensure!(
                is_plain(identifier),
                "`{identifier}` is no plain lower-case identifier of at most 63 bytes"
            );
        }
        let url = self.url(name, role);
        let template = template.unwrap_or("template0");
        // `\gexec` runs what the query gives: nothing when the database is already there.
        let sql = format!(
            "DO $$ BEGIN CREATE ROLE {role} LOGIN PASSWORD '{password}';
             EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
             SELECT 'CREATE DATABASE {name} OWNER {role} TEMPLATE {template}'
             WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '{name}') \\gexec
             REVOKE ALL ON DATABASE {name} FROM PUBLIC;",
            password = url.password,
        );
        self.execute("postgres", &sql).await?;
        Ok(url.to_string())
    }

    /// The role's URL of a database. Its password follows from the superuser's, so that every process that
    /// may administrate knows it, and no service can derive another's.
    fn url(&self, database: &str, role: &str) -> ServerUrl {
        let secret = format!("{}/{role}", self.superuser.password);
        ServerUrl {
            user: role.into(),
            password: hex::encode(&Sha256::digest(secret)[..16]),
            database: database.into(),
            ..self.superuser.clone()
        }
    }

    /// Runs statements as the superuser, each in its own transaction, and gives what they print (unaligned,
    /// without headers). For administration and for looking at a server from outside.
    ///
    /// # Errors
    /// At the first statement that fails, with the server's message.
    pub async fn execute(&self, database: &str, sql: &str) -> Result<String> {
        let (server, database, sql) = (self.clone(), database.to_owned(), sql.to_owned());
        spawn_blocking(move || server.execute_blocking(&database, &sql)).await?
    }

    pub(crate) fn execute_blocking(&self, database: &str, sql: &str) -> Result<String> {
        let ServerUrl { user, password, host, port, .. } = &self.superuser;
        let mut command = Command::new(&self.psql);
        guard::without_postgres_settings(&mut command);
        let mut child = command
            .args(["--no-psqlrc", "--no-password", "--quiet", "--tuples-only", "--no-align"])
            .args(["--set", "ON_ERROR_STOP=1", "--host", host, "--port", &port.to_string()])
            .args(["--username", user, "--dbname", database])
            .env("PGPASSWORD", password)
            .env("PGCONNECT_TIMEOUT", "10")
            .env("PGCLIENTENCODING", "UTF8")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot run {}", self.psql.display()))?;
        if let Some(mut input) = child.stdin.take() {
            // psql may end before it has read all, and says why itself.
            input.write_all(sql.as_bytes()).ok();
        }
        let output = child.wait_with_output()?;
        if !output.status.success() {
            bail!("psql: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
    }
}

/// Whether the text can stand in SQL as it is.
fn is_plain(identifier: &str) -> bool {
    let first = identifier.chars().next();
    identifier.len() <= 63
        && first.is_some_and(|c| c.is_ascii_lowercase())
        && identifier.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// A Postgres of our own, stopped on drop.
#[derive(Debug)]
pub struct PrivatePostgres {
    installation: Installation,
    directory: PathBuf,
    durability: Durability,
    server: Postgres,
    guard: Mutex<Option<Guard>>,
    // Last, so that the directory goes after the server.
    home: Arc<Home>,
}

impl PrivatePostgres {
    /// Makes a cluster in `home` and starts it.
    ///
    /// # Errors
    /// When `initdb` or the server fails; the message has the end of its log.
    pub async fn start(
        installation: &Installation,
        home: &Arc<Home>,
        durability: Durability,
    ) -> Result<Self> {
        let directory = home.path().join("postgres");
        let password = crate::random_hex(16)?;
        let (bin, cluster, secret) = (installation.bin().to_owned(), directory.clone(), password.clone());
        spawn_blocking(move || make_cluster(&bin, &cluster, &secret, durability)).await??;
        let mut error = None;
        for _ in 0..START_ATTEMPTS {
            let port = guard::free_port()?;
            let url = format!("postgres://{SUPERUSER}:{password}@127.0.0.1:{port}/postgres");
            let postgres = Self {
                installation: installation.clone(),
                directory: directory.clone(),
                durability,
                server: Postgres::new(installation, &url)?,
                guard: Mutex::new(None),
                home: Arc::clone(home),
            };
            match postgres.resume().await {
                Ok(()) => {
                    // Otherwise every role may connect to these two.
                    let close = "REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC;";
                    postgres.server.execute("postgres", close).await?;
                    return Ok(postgres);
                }
                // Most likely someone took the port in between.
                Err(failure) => error = Some(failure),
            }
        }
        Err(error.unwrap_or_else(|| anyhow::anyhow!("never tried")))
    }

    /// The administration of it.
    #[must_use]
    pub fn server(&self) -> &Postgres {
        &self.server
    }

    /// Stops the server; what is stored stays, and [`Self::resume`] brings it back at the same address.
    pub async fn halt(&self, how: Stop) {
        let guard = self.guard.lock().unwrap_or_else(PoisonError::into_inner).take();
        // A failed join means that the runtime is shutting down: the guard is dropped, which stops the server.
        spawn_blocking(move || guard.map(|mut guard| guard.stop(how))).await.ok();
    }

    /// Starts the server again after [`Self::halt`] and waits until it answers. Nothing happens when it runs.
    ///
    /// # Errors
    /// When it does not answer within a minute; the message has the end of its log.
    pub async fn resume(&self) -> Result<()> {
        let log = self.directory.join("log");
        {
            let mut guard = self.guard.lock().unwrap_or_else(PoisonError::into_inner);
            if guard.is_some() {
                return Ok(());
            }
            *guard = Some(Guard::start(Server {
                program: &self.installation.bin().join("postgres"),
                arguments: self.arguments(),
                directory: &self.directory,
                log: log.clone(),
                home: &self.home,
                signals: ("INT", "QUIT"),
            })?);
        }
        let begun = Instant::now();
        loop {
            let error = match self.server.execute("postgres", "SELECT 1").await {
                Ok(_) => return Ok(()),
                Err(error) => error,
            };
            if self.has_ended() || begun.elapsed() > START_LIMIT {
                self.halt(Stop::Abrupt).await;
                bail!("Postgres does not start ({error:#}). The end of its log:\n{}", guard::tail(&log));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn has_ended(&self) -> bool {
        let mut guard = self.guard.lock().unwrap_or_else(PoisonError::into_inner);
        guard.as_mut().is_none_or(Guard::has_ended)
    }

    fn arguments(&self) -> Vec<String> {
        let port = self.server.superuser.port;
        let mut settings = vec![
            "listen_addresses=127.0.0.1".to_owned(),
            format!("port={port}"),
            "unix_socket_directories=".to_owned(),
            "max_connections=200".to_owned(),
            "timezone=UTC".to_owned(),
            "log_timezone=UTC".to_owned(),
        ];
        let by_durability: &[&str] = match self.durability {
            // Nothing outlives the server, and the tables of a test stay too small to be worth vacuuming: with hundreds of
            // databases the workers would take a tenth of the machine.
            Durability::Off => &[
                "fsync=off",
                "synchronous_commit=off",
                "full_page_writes=off",
                "wal_level=minimal",
                "max_wal_senders=0",
                "checkpoint_timeout=1h",
                "max_wal_size=4GB",
                "autovacuum=off",
                "jit=off",
                "shared_buffers=128MB",
            ],
            Durability::On => &["shared_buffers=256MB", "max_wal_size=4GB"],
        };
        settings.extend(by_durability.iter().map(|&setting| setting.to_owned()));
        let settings = settings.into_iter().flat_map(|setting| ["-c".to_owned(), setting]);
        ["-D".to_owned(), self.directory.join("data").display().to_string()]
            .into_iter()
            .chain(settings)
            .collect()
    }
}

fn make_cluster(bin: &Path, directory: &Path, password: &str, durability: Durability) -> Result<()> {
    fs::create_dir(directory)?;
    let password_file = directory.join("password");
    fs::write(&password_file, password)?;
    guard::hand_over(&password_file)?;
    guard::hand_over(directory)?;
    let mut command = guard::command(&bin.join("initdb"), directory)?;
    command
        .arg("--pgdata")
        .arg(directory.join("data"))
        .arg("--pwfile")
        .arg(&password_file)
        .args(["--username", SUPERUSER, "--encoding=UTF8", "--no-locale", "--no-instructions"])
        // Over loopback, to a server that lives as long as we do: a challenge would only cost each new
        // connection thousands of hash rounds.
        .arg("--auth=password");
    if durability == Durability::Off {
        command.arg("--no-sync");
    }
    let output = command.output().context("cannot run initdb")?;
    fs::remove_file(&password_file)?;
    if !output.status.success() {
        bail!("initdb failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names_reach_sql() {
        assert!(is_plain("intake_2"));
        for name in ["", "Intake", "2intake", "a-b", "a\"b", "a;b", &"a".repeat(64)] {
            assert!(!is_plain(name), "{name}");
        }
    }
}
