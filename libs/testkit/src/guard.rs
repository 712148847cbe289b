//! Runs a server so that it cannot outlive us.
//!
//! Between us and the server stands a small shell script (`guard.sh`) that holds the other end of a pipe.
//! When the pipe closes, because we dropped it or because we were killed, the script stops the server and
//! removes its directory. The script is in a process group of its own, so Ctrl-C and a killed group do not
//! reach it. Should the script itself be killed, the kernel stops the server (`setpriv --pdeathsig`, where
//! util-linux is installed).
//!
//! The alternative, a parent-death signal on the server alone, is not enough: it fires when the *thread* that
//! started the server ends (a test's thread ends with the test), and it removes no directory.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;

use anyhow::{Context, Result, bail};

use crate::{Home, Stop};

/// The account that a server runs under: our own, or an unprivileged one when we are root.
#[derive(Clone, Copy, Debug)]
struct Account {
    user: u32,
    group: u32,
}

/// Our effective user id.
pub(crate) fn user_id() -> Result<u32> {
    static USER: OnceLock<u32> = OnceLock::new();
    if let Some(user) = USER.get() {
        return Ok(*user);
    }
    let output = Command::new("id").arg("-u").output().context("cannot run `id -u`")?;
    let user = String::from_utf8_lossy(&output.stdout).trim().parse().context("`id -u` gave no number")?;
    Ok(*USER.get_or_init(|| user))
}

/// `None` when servers run under our own account.
fn account() -> Result<Option<Account>> {
    if user_id()? != 0 {
        return Ok(None);
    }
    let accounts = fs::read_to_string("/etc/passwd").context("running as root needs /etc/passwd")?;
    for name in ["postgres", "nobody"] {
        let account = accounts.lines().find_map(|line| {
            let mut fields = line.split(':');
            (fields.next()? == name).then_some(())?;
            Some(Account { user: fields.nth(1)?.parse().ok()?, group: fields.next()?.parse().ok()? })
        });
        if account.is_some_and(|account| account.user != 0) {
            return Ok(account);
        }
    }
    bail!("servers do not run as root, and there is no account `postgres` or `nobody` to run them under")
}

/// Gives `path` to the servers' account and to nobody else.
pub(crate) fn hand_over(path: &Path) -> Result<()> {
    let mode = if path.is_dir() { 0o700 } else { 0o600 };
    fs::set_permissions(path, fs::Permissions::from_mode(mode))?;
    if let Some(account) = account()? {
        chown(path, Some(account.user), Some(account.group))?;
    }
    Ok(())
}

/// The words that go before a program to run it under the servers' account; with `parent_death`, so that the
/// kernel sends this signal when the program's parent dies.
fn prefix(parent_death: Option<&str>) -> Result<Vec<String>> {
    let account = account()?;
    let setpriv = crate::programs::on_path("setpriv").filter(|_| cfg!(target_os = "linux"));
    if setpriv.is_none() {
        if account.is_some() {
            bail!("running servers as root needs the command `setpriv` (package util-linux)");
        }
        return Ok(Vec::new());
    }
    let mut words = vec!["setpriv".to_owned()];
    if let Some(Account { user, group }) = account {
        words.extend([format!("--reuid={user}"), format!("--regid={group}"), "--clear-groups".to_owned()]);
    }
    if let Some(signal) = parent_death {
        words.extend(["--pdeathsig".to_owned(), signal.to_owned()]);
    }
    if words.len() == 1 {
        return Ok(Vec::new());
    }
    words.push("--".to_owned());
    Ok(words)
}

/// A command that runs `program` to its end under the servers' account, in `directory`.
pub(crate) fn command(program: &Path, directory: &Path) -> Result<Command> {
    let prefix = prefix(None)?;
    let mut command = match prefix.split_first() {
        Some((first, rest)) => {
            let mut command = Command::new(first);
            command.args(rest).arg(program);
            command
        }
        None => Command::new(program),
    };
    command.current_dir(directory).env("LC_ALL", "C").stdin(Stdio::null());
    without_postgres_settings(&mut command);
    Ok(command)
}

/// Keeps the developer's `PGPORT`, `PGDATA`, `PGOPTIONS` … away from our programs.
pub(crate) fn without_postgres_settings(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("PG") {
            command.env_remove(name);
        }
    }
}

/// What to run under a guard.
pub(crate) struct Server<'a> {
    /// The program.
    pub(crate) program: &'a Path,
    /// Its arguments.
    pub(crate) arguments: Vec<String>,
    /// Its directory, inside its home: the working directory, removed when we are killed.
    pub(crate) directory: &'a Path,
    /// Where its output goes; emptied at the start.
    pub(crate) log: PathBuf,
    /// Where it lives; its lock is held while the guard lives.
    pub(crate) home: &'a Home,
    /// Signals for an orderly and an abrupt stop.
    pub(crate) signals: (&'static str, &'static str),
}

/// A running server. Dropping it stops the server in an orderly way and waits for its end.
#[derive(Debug)]
pub(crate) struct Guard {
    child: Child,
    pipe: Option<ChildStdin>,
    signals: (&'static str, &'static str),
}

impl Guard {
    pub(crate) fn start(server: Server<'_>) -> Result<Self> {
        let (orderly, abrupt) = server.signals;
        let log = File::create(&server.log)?;
        hand_over(&server.log)?;
        let mut command = Command::new("/bin/sh");
        command
            .arg(server.home.guard())
            .arg(orderly)
            .arg(server.directory)
            .args(prefix(Some(abrupt))?)
            .arg(server.program)
            .args(server.arguments)
            .current_dir(server.directory)
            .env("LC_ALL", "C")
            .stdin(Stdio::piped())
            // Nothing is written to it: an open file keeps its lock.
            .stdout(Stdio::from(server.home.lock()?))
            .stderr(Stdio::from(log))
            .process_group(0);
        without_postgres_settings(&mut command);
        let mut child = command.spawn().context("cannot start /bin/sh")?;
        let pipe = child.stdin.take();
        Ok(Self { child, pipe, signals: server.signals })
    }

    /// Whether the server has ended, by itself or stopped.
    pub(crate) fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// Stops the server and waits for its end; its directory stays.
    pub(crate) fn stop(&mut self, how: Stop) {
        let signal = match how {
            Stop::Orderly => self.signals.0,
            Stop::Abrupt => self.signals.1,
        };
        if let Some(mut pipe) = self.pipe.take() {
            // Fails when the server has ended by itself, and the guard with it.
            writeln!(pipe, "{signal}").ok();
        }
        self.child.wait().ok();
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.stop(Stop::Orderly);
    }
}

/// The last lines of a server's log, for an error message.
pub(crate) fn tail(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines.get(lines.len().saturating_sub(12)..).unwrap_or_default().join("\n")
}

/// A port of 127.0.0.1 that is free now. Another process may take it before the server does: then the server
/// ends at once, and its start is tried again with another.
pub(crate) fn free_port() -> Result<u16> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
