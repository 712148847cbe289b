//! A private Redis.

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::task::spawn_blocking;

use crate::guard::{self, Guard, Server};
use crate::{Home, RedisProgram, ServerUrl, Stop};

const START_LIMIT: Duration = Duration::from_secs(30);
const START_ATTEMPTS: u32 = 5;

/// A Redis of our own, stopped on drop. It keeps nothing on disk: after a stop it is empty.
#[derive(Debug)]
pub struct PrivateRedis {
    program: RedisProgram,
    directory: PathBuf,
    url: ServerUrl,
    guard: Mutex<Option<Guard>>,
    // Last, so that the directory goes after the server.
    home: Arc<Home>,
}

impl PrivateRedis {
    /// Starts an empty Redis in `home`.
    ///
    /// # Errors
    /// When the server fails; the message has the end of its log.
    pub async fn start(program: &RedisProgram, home: &Arc<Home>) -> Result<Self> {
        let directory = home.path().join("redis");
        fs::create_dir(&directory)?;
        guard::hand_over(&directory)?;
        let password = crate::random_hex(16)?;
        let mut error = None;
        for _ in 0..START_ATTEMPTS {
            let url = ServerUrl::parse(&format!("redis://:{password}@127.0.0.1:{}/0", guard::free_port()?))?;
            let redis = Self {
                program: program.clone(),
                directory: directory.clone(),
                url,
                guard: Mutex::new(None),
                home: Arc::clone(home),
            };
            match redis.resume().await {
                Ok(()) => return Ok(redis),
                // Most likely someone took the port in between.
                Err(failure) => error = Some(failure),
            }
        }
        Err(error.unwrap_or_else(|| anyhow::anyhow!("never tried")))
    }

    /// Its URL, with the password.
    #[must_use]
    pub fn url(&self) -> &ServerUrl {
        &self.url
    }

    /// Removes every key.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn flush(&self) -> Result<()> {
        self.ask("FLUSHALL").await
    }

    /// Stops and starts it: it comes back empty, at the same address, with another `run_id`.
    ///
    /// # Errors
    /// When it does not start again.
    pub async fn restart(&self) -> Result<()> {
        self.halt(Stop::Orderly).await;
        self.resume().await
    }

    /// Stops the server; [`Self::resume`] starts an empty one at the same address.
    pub async fn halt(&self, how: Stop) {
        let guard = self.guard.lock().unwrap_or_else(PoisonError::into_inner).take();
        // A failed join means that the runtime is shutting down: the guard is dropped, which stops the server.
        spawn_blocking(move || guard.map(|mut guard| guard.stop(how))).await.ok();
    }

    /// Starts the server after [`Self::halt`] and waits until it answers. Nothing happens when it runs.
    ///
    /// # Errors
    /// When it does not answer within half a minute; the message has the end of its log.
    pub async fn resume(&self) -> Result<()> {
        let log = self.directory.join("log");
        {
            let mut guard = self.guard.lock().unwrap_or_else(PoisonError::into_inner);
            if guard.is_some() {
                return Ok(());
            }
            *guard = Some(Guard::start(Server {
                program: self.program.path(),
                arguments: vec![self.write_configuration()?.display().to_string()],
                directory: &self.directory,
                log: log.clone(),
                home: &self.home,
                signals: ("TERM", "KILL"),
            })?);
        }
        let begun = Instant::now();
        loop {
            let Err(error) = self.ask("PING").await else { return Ok(()) };
            if self.has_ended() || begun.elapsed() > START_LIMIT {
                self.halt(Stop::Abrupt).await;
                bail!("Redis does not start ({error:#}). The end of its log:\n{}", guard::tail(&log));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    fn has_ended(&self) -> bool {
        let mut guard = self.guard.lock().unwrap_or_else(PoisonError::into_inner);
        guard.as_mut().is_none_or(Guard::has_ended)
    }

    /// In a file, because a command line shows the password to everyone.
    fn write_configuration(&self) -> Result<PathBuf> {
        let path = self.directory.join("redis.conf");
        let (port, password) = (self.url.port, &self.url.password);
        let text = format!(
            "bind 127.0.0.1\nport {port}\nrequirepass {password}\nsave \"\"\nappendonly no\n\
             maxmemory-policy noeviction\ndaemonize no\n"
        );
        fs::write(&path, text)?;
        guard::hand_over(&path)?;
        Ok(path)
    }

    /// Sends one command without arguments and waits for a positive answer.
    async fn ask(&self, command: &str) -> Result<()> {
        let exchange = async {
            let mut stream =
                BufReader::new(TcpStream::connect((self.url.host.as_str(), self.url.port)).await?);
            for line in [&format!("AUTH {}", self.url.password), command] {
                stream.write_all(format!("{line}\r\n").as_bytes()).await?;
                let mut answer = String::new();
                stream.read_line(&mut answer).await?;
                ensure!(answer.starts_with('+'), "Redis answers {answer:?}");
            }
            Ok(())
        };
        tokio::time::timeout(Duration::from_secs(10), exchange).await.context("Redis does not answer")?
    }
}
