//! A database a service, copied from a template that is migrated once in a process.

use std::{collections::BTreeMap, sync::Arc};

use anyhow::Result;
use redress_storage::{Database, Migration};
use redress_testkit::{Postgres, ServerUrl};
use tokio::sync::Mutex;

/// Makes databases on one Postgres server. Cheap to clone; clones share the templates.
#[derive(Clone, Debug)]
pub struct Databases {
    server: Postgres,
    templates: Arc<Mutex<BTreeMap<&'static str, Template>>>,
}

/// A migrated database that nobody connects to. Its owner owns the copies too, so a service's role is refused by the
/// databases of all other services.
#[derive(Clone, Debug)]
struct Template {
    name: String,
    url: ServerUrl,
}

impl Databases {
    /// Databases on `server`, which we may administrate.
    #[must_use]
    pub fn on(server: &Postgres) -> Self {
        Self { server: server.clone(), templates: Arc::default() }
    }

    /// A fresh database of a service, migrated; its URL as the service's role.
    ///
    /// # Errors
    /// When the server refuses, or a migration fails.
    pub async fn create(&self, service: &'static str, migrations: &[Migration]) -> Result<String> {
        let template = self.template(service, migrations).await?;
        let name = redress_testkit::unique(&format!("redress_{service}"));
        let sql = format!(
            "CREATE DATABASE {name} OWNER {role} TEMPLATE {template};
             REVOKE ALL ON DATABASE {name} FROM PUBLIC;",
            role = template.url.user,
            template = template.name,
        );
        self.server.execute("postgres", &sql).await?;
        Ok(ServerUrl { database: name, ..template.url }.to_string())
    }

    /// Drops databases, best effort: the server is private and ends soon.
    pub(super) async fn discard(&self, names: &[String]) {
        let sql: String =
            names.iter().map(|name| format!("DROP DATABASE IF EXISTS {name} WITH (FORCE);\n")).collect();
        if let Err(error) = self.server.execute("postgres", &sql).await {
            tracing::warn!(error = format!("{error:#}"), "databases were not dropped");
        }
    }

    async fn template(&self, service: &'static str, migrations: &[Migration]) -> Result<Template> {
        let mut templates = self.templates.lock().await;
        if let Some(template) = templates.get(service) {
            return Ok(template.clone());
        }
        let name = redress_testkit::unique(&format!("redress_{service}_template"));
        let url = self.server.database(&name).await?;
        let database = Database::connect(&url, 1).await?;
        database.migrate(migrations).await?;
        database.pool().clone().close().await?;
        let template = Template { name, url: ServerUrl::parse(&url)? };
        templates.insert(service, template.clone());
        Ok(template)
    }
}

/// The name of a database in its URL.
pub(super) fn name_of(url: &str) -> String {
    ServerUrl::parse(url).map(|url| url.database).unwrap_or_default()
}
