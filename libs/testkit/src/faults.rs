//! Faults to put between a client and a server.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};

use crate::ServerUrl;

/// What a [`TcpProxy`] does with connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// Lets bytes through, each piece after this delay.
    Pass(Duration),
    /// Closes what is open and what comes.
    Cut,
    /// Keeps connections open and accepts new ones, and lets nothing through.
    Stall,
}

/// A proxy in front of Postgres, Redis or any TCP server, that can lose the connection.
///
/// It lives in the runtime that started it and ends on drop, which cuts what goes through it.
#[derive(Debug)]
pub struct TcpProxy {
    port: u16,
    mode: Arc<watch::Sender<Mode>>,
    task: AbortHandle,
}

impl TcpProxy {
    /// Listens on a free port of 127.0.0.1 and passes everything on to the server of this URL.
    ///
    /// # Errors
    /// When the URL is not of the form of [`ServerUrl`] or no port is free.
    pub async fn start(upstream: &str) -> Result<Self> {
        let ServerUrl { host, port, .. } = ServerUrl::parse(upstream)?;
        let listener = TcpListener::bind("127.0.0.1:0").await.context("no port is free")?;
        let own_port = listener.local_addr()?.port();
        let (mode, watched) = watch::channel(Mode::Pass(Duration::ZERO));
        let task = tokio::spawn(accept(listener, (host, port), watched)).abort_handle();
        Ok(Self { port: own_port, mode: Arc::new(mode), task })
    }

    /// The port it listens on.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The same URL with the proxy in place of the server: user, password and database stay.
    ///
    /// # Errors
    /// When the URL is not of the form of [`ServerUrl`].
    pub fn url(&self, url: &str) -> Result<String> {
        let url = ServerUrl { host: "127.0.0.1".into(), port: self.port, ..ServerUrl::parse(url)? };
        Ok(url.to_string())
    }

    /// Loses every connection, and closes each new one at once.
    pub fn cut(&self) {
        self.mode.send_replace(Mode::Cut);
    }

    /// Keeps connections but lets nothing through, like a network that drops packets.
    pub fn stall(&self) {
        self.mode.send_replace(Mode::Stall);
    }

    /// Lets each piece through after this delay, in both directions.
    pub fn slow(&self, delay: Duration) {
        self.mode.send_replace(Mode::Pass(delay));
    }

    /// Lets everything through again. What [`Self::cut`] lost stays lost; what [`Self::stall`] held goes on.
    pub fn restore(&self) {
        self.mode.send_replace(Mode::Pass(Duration::ZERO));
    }
}

impl Drop for TcpProxy {
    fn drop(&mut self) {
        // The connections end with the task that holds them.
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, upstream: (String, u16), mode: watch::Receiver<Mode>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((client, _)) = accepted else { return };
                connections.spawn(connect(client, upstream.clone(), mode.clone()));
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

/// One connection, until either end or a cut closes it.
async fn connect(client: TcpStream, upstream: (String, u16), mode: watch::Receiver<Mode>) -> Option<()> {
    let mut cut = mode.clone();
    tokio::select! {
        biased;
        _ = cut.wait_for(|mode| *mode == Mode::Cut) => None,
        ended = async {
            let server = TcpStream::connect(upstream).await.ok()?;
            client.set_nodelay(true).ok()?;
            server.set_nodelay(true).ok()?;
            let (mut client_reader, mut client_writer) = client.into_split();
            let (mut server_reader, mut server_writer) = server.into_split();
            let there = pump(&mut client_reader, &mut server_writer, mode.clone());
            let back = pump(&mut server_reader, &mut client_writer, mode);
            tokio::join!(there, back);
            Some(())
        } => ended,
    }
}

/// Passes bytes on in one direction until its end, which it passes on too.
async fn pump<R, W>(reader: &mut R, writer: &mut W, mut mode: watch::Receiver<Mode>) -> Option<()>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let length = reader.read(&mut buffer).await.unwrap_or(0);
        let passing = *mode.wait_for(|mode| matches!(mode, Mode::Pass(_))).await.ok()?;
        if let Mode::Pass(delay) = passing
            && !delay.is_zero()
        {
            tokio::time::sleep(delay).await;
        }
        if length == 0 {
            return writer.shutdown().await.ok();
        }
        writer.write_all(buffer.get(..length)?).await.ok()?;
    }
}
