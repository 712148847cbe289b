//! A database for one test.

use std::collections::HashMap;
use std::sync::mpsc::{self, Sender};
use std::sync::{Mutex, OnceLock, PoisonError};

use anyhow::Result;

use crate::Postgres;

/// A database that is dropped with the value, in the background and with open connections, best effort:
/// a server that is shared by a test run ends with the run.
#[derive(Debug)]
pub struct TestDatabase {
    server: Postgres,
    name: String,
    url: String,
}

impl TestDatabase {
    pub(crate) async fn create(server: &Postgres, role: &str, template: Option<&str>) -> Result<Self> {
        let name = crate::unique(role);
        let url = server.database_owned_by(&name, role, template).await?;
        Ok(Self { server: server.clone(), name, url })
    }

    /// The URL, as its owner.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The name, to be used with [`Postgres::execute`] for a look as the superuser.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        drop_later(self.server.clone(), std::mem::take(&mut self.name));
    }
}

/// Hands a database to the thread that drops them, so that no test waits for it.
fn drop_later(server: Postgres, name: String) {
    static QUEUE: OnceLock<Mutex<Sender<(Postgres, String)>>> = OnceLock::new();
    let queue = QUEUE.get_or_init(|| {
        let (sender, receiver) = mpsc::channel::<(Postgres, String)>();
        std::thread::spawn(move || {
            for (server, name) in receiver {
                server
                    .execute_blocking("postgres", &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
                    .ok();
            }
        });
        Mutex::new(sender)
    });
    // The receiver never ends before the process does.
    queue.lock().unwrap_or_else(PoisonError::into_inner).send((server, name)).ok();
}

/// The template of this name in this process, prepared by the first caller while the others wait.
pub(crate) async fn template<F>(server: &Postgres, role: &str, prepare: F) -> Result<String>
where
    F: AsyncFnOnce(String) -> Result<()>,
{
    static TEMPLATES: tokio::sync::Mutex<Option<HashMap<String, String>>> =
        tokio::sync::Mutex::const_new(None);
    let mut templates = TEMPLATES.lock().await;
    let templates = templates.get_or_insert_default();
    if let Some(template) = templates.get(role) {
        return Ok(template.clone());
    }
    let name = crate::unique(&format!("{role}_template"));
    prepare(server.database_owned_by(&name, role, None).await?).await?;
    // A database that someone is connected to cannot be copied.
    let close = format!(
        "ALTER DATABASE {name} ALLOW_CONNECTIONS false;
         SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = '{name}';"
    );
    server.execute("postgres", &close).await?;
    templates.insert(role.to_owned(), name.clone());
    Ok(name)
}
