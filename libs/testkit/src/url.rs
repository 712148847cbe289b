//! The address of a server, as it is written in a URL.

use std::fmt;

use anyhow::{Context, Result};

/// A URL of the form `scheme://[user][:password]@host:port/database`, as this crate writes them: no escapes,
/// no parameters. [`fmt::Display`] gives it back.
#[derive(Clone, PartialEq, Eq)]
pub struct ServerUrl {
    /// `postgres` or `redis`.
    pub scheme: String,
    /// Empty for Redis.
    pub user: String,
    /// In the clear: these are passwords of servers that live as long as a test run.
    pub password: String,
    /// A name or an IPv4 address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Database name of Postgres, number of Redis.
    pub database: String,
}

impl ServerUrl {
    /// Reads a URL of the form above.
    ///
    /// # Errors
    /// Names the part that is missing; never prints the URL, which holds a password.
    pub fn parse(text: &str) -> Result<Self> {
        let (scheme, rest) = text.split_once("://").context("a server URL needs a scheme")?;
        let (credentials, rest) = rest.rsplit_once('@').unwrap_or(("", rest));
        let (user, password) = credentials.split_once(':').unwrap_or((credentials, ""));
        let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
        let (host, port) = authority.rsplit_once(':').context("a server URL needs a port")?;
        let port = port.parse().context("the port of a server URL is a number below 65536")?;
        Ok(Self {
            scheme: scheme.into(),
            user: user.into(),
            password: password.into(),
            host: host.into(),
            port,
            database: database.into(),
        })
    }
}

impl fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scheme, user, password, host, port, database } = self;
        let credentials = if password.is_empty() { user.clone() } else { format!("{user}:{password}") };
        let at = if credentials.is_empty() { "" } else { "@" };
        write!(f, "{scheme}://{credentials}{at}{host}:{port}/{database}")
    }
}

impl fmt::Debug for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}:…@{}:{}/{}", self.scheme, self.user, self.host, self.port, self.database)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_written_as_it_was_read() {
        for url in [
            "postgres://intake:secret@127.0.0.1:5433/intake",
            "redis://:secret@127.0.0.1:6380/0",
            "redis://127.0.0.1:6380/0",
        ] {
            assert_eq!(ServerUrl::parse(url).unwrap().to_string(), url);
        }
    }

    #[test]
    fn an_error_does_not_print_the_password() {
        let error = ServerUrl::parse("postgres://intake:secret@127.0.0.1/intake").unwrap_err();
        assert!(!format!("{error:?}").contains("secret"));
    }
}
