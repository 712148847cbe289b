//! The pool of one service's database and its migrations.

use std::time::Duration;

use sea_orm::{ConnectOptions, ConnectionTrait, DatabaseConnection, Statement, TransactionTrait};
use sha2::{Digest, Sha256};

use crate::{Result, StorageError, Transaction, sqlstate::classify};

/// One service's database. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Database {
    pool: DatabaseConnection,
}

/// A migration file: applied once, in order of the list, never edited afterwards.
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    /// File name without folder, such as `0001_cases.sql`.
    pub name: &'static str,
    /// Its text.
    pub sql: &'static str,
}

/// The tables of this crate.
pub const MIGRATIONS: &[Migration] =
    &[Migration { name: "engine/0001_engine.sql", sql: include_str!("../migrations/0001_engine.sql") }];

impl Database {
    /// Opens a pool of at most `connections`. Does not wait longer than five seconds for a connection. One that has just
    /// been used is taken untested, since a test costs a round trip: when it broke meanwhile, that call is told so, and
    /// may try again.
    pub async fn connect(url: &str, connections: u32) -> Result<Self> {
        let mut options = ConnectOptions::new(url.to_owned());
        options
            .max_connections(connections)
            .min_connections(1)
            .connect_timeout(Duration::from_secs(5))
            .acquire_timeout(Duration::from_secs(30))
            .idle_timeout(Duration::from_secs(600))
            .test_before_acquire_if_idle_for(Duration::from_secs(1))
            .sqlx_logging(false);
        let pool = sea_orm::Database::connect(options).await.map_err(StorageError::Unavailable)?;
        Ok(Self { pool })
    }

    /// The pool, for reads outside a transaction.
    pub fn pool(&self) -> &DatabaseConnection {
        &self.pool
    }

    /// Opens a transaction (read committed; rows are locked where they are loaded).
    pub async fn begin(&self) -> Result<Transaction> {
        let inner = self.pool.begin().await.map_err(|error| classify("begin a transaction", error))?;
        Ok(Transaction::new(inner))
    }

    /// Applies what is missing of the engine's migrations and then of `own`. Safe to run in several processes at
    /// once. Fails when an applied migration has been edited.
    pub async fn migrate(&self, own: &[Migration]) -> Result<()> {
        let transaction = self.pool.begin().await.map_err(|error| classify("begin a migration", error))?;
        transaction
            .execute_unprepared(
                "select pg_advisory_xact_lock(7101);
                 create table if not exists schema_migration (
                     name text primary key, checksum bytea not null, applied_at timestamptz not null default now())",
            )
            .await
            .map_err(|error| classify("prepare migrations", error))?;
        for migration in MIGRATIONS.iter().chain(own) {
            let checksum = Sha256::digest(migration.sql.as_bytes()).to_vec();
            let applied = transaction
                .query_one_raw(Statement::from_sql_and_values(
                    sea_orm::DbBackend::Postgres,
                    "select checksum from schema_migration where name = $1",
                    [migration.name.into()],
                ))
                .await
                .map_err(|error| classify("read migrations", error))?;
            if let Some(row) = applied {
                let stored: Vec<u8> =
                    row.try_get("", "checksum").map_err(|error| classify("read migrations", error))?;
                if stored != checksum {
                    return Err(StorageError::MigrationChanged(migration.name.to_owned()));
                }
                continue;
            }
            transaction
                .execute_unprepared(migration.sql)
                .await
                .map_err(|error| classify("apply a migration", error))?;
            transaction
                .execute_raw(Statement::from_sql_and_values(
                    sea_orm::DbBackend::Postgres,
                    "insert into schema_migration (name, checksum) values ($1, $2)",
                    [migration.name.into(), checksum.into()],
                ))
                .await
                .map_err(|error| classify("record a migration", error))?;
        }
        transaction.commit().await.map_err(|error| classify("commit migrations", error))
    }
}
