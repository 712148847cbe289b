//! The handbooks and calendars that cases are pinned to, by content hash.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use redress_domain::{Calendar, handbook::Handbook};
use redress_proto::intake::v1::{GetHandbookRequest, intake_service_client::IntakeServiceClient};
use redress_storage::{Database, policy, policy::PolicyRow};
use sea_orm::ConnectionTrait;
use sha2::{Digest, Sha256};

use crate::{
    client::Peer,
    failure::{Failure, Result},
};

/// A handbook and the calendar it is used with.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The handbook.
    pub handbook: Arc<Handbook>,
    /// The calendar.
    pub calendar: Arc<Calendar>,
    /// Content hash of the handbook.
    pub handbook_hash: String,
    /// Content hash of the calendar.
    pub calendar_hash: String,
}

/// Where a policy comes from that this service does not have yet: intake.
#[async_trait]
pub trait PolicySource: Send + Sync {
    /// Fetches the texts with these hashes; an empty hash asks for nothing.
    async fn fetch(&self, handbook_hash: &str, calendar_hash: &str) -> Result<Vec<PolicyRow>>;
}

/// The policies of one service: kept whole in its own database, parsed once.
pub struct Policies {
    database: Database,
    source: Option<Arc<dyn PolicySource>>,
    handbooks: Mutex<HashMap<String, Arc<Handbook>>>,
    calendars: Mutex<HashMap<String, Arc<Calendar>>>,
}

impl std::fmt::Debug for Policies {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Policies").finish_non_exhaustive()
    }
}

/// SHA-256 of a policy text, hexadecimal: its name for ever.
pub fn content_hash(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}

impl Policies {
    /// Policies kept in `database`; missing ones come from `source`.
    pub fn new(database: Database, source: Option<Arc<dyn PolicySource>>) -> Self {
        Self { database, source, handbooks: Mutex::default(), calendars: Mutex::default() }
    }

    /// The policy with these hashes, from this service's own store only (safe inside a transaction).
    pub async fn get(&self, handbook_hash: &str, calendar_hash: &str) -> Result<Policy> {
        Ok(Policy {
            handbook: self.handbook(handbook_hash).await?,
            calendar: self.calendar(calendar_hash).await?,
            handbook_hash: handbook_hash.to_owned(),
            calendar_hash: calendar_hash.to_owned(),
        })
    }

    /// As [`Policies::get`], read through `connection`: inside a transaction, so that it does not wait for a second
    /// connection of the pool while it holds one.
    pub async fn get_through(
        &self,
        connection: &impl ConnectionTrait,
        handbook_hash: &str,
        calendar_hash: &str,
    ) -> Result<Policy> {
        Ok(Policy {
            handbook: self.handbook_through(connection, handbook_hash).await?,
            calendar: self.calendar_through(connection, calendar_hash).await?,
            handbook_hash: handbook_hash.to_owned(),
            calendar_hash: calendar_hash.to_owned(),
        })
    }

    /// Makes sure that both are kept here, asking intake for what is missing. Made before a transaction.
    pub async fn ensure(&self, handbook_hash: &str, calendar_hash: &str) -> Result<()> {
        let no_handbook = !handbook_hash.is_empty() && self.handbook(handbook_hash).await.is_err();
        let no_calendar = !calendar_hash.is_empty() && self.calendar(calendar_hash).await.is_err();
        if !no_handbook && !no_calendar {
            return Ok(());
        }
        let Some(source) = &self.source else {
            return Err(Failure::Internal(anyhow::anyhow!(
                "policies `{handbook_hash}` and `{calendar_hash}` are not both kept, and there is no source to ask"
            )));
        };
        for row in source.fetch(handbook_hash, calendar_hash).await? {
            if content_hash(&row.text) != row.hash {
                return Err(Failure::Internal(anyhow::anyhow!(
                    "policy `{}` came with another content",
                    row.hash
                )));
            }
            policy::keep(&self.database, &row).await?;
        }
        Ok(())
    }

    /// Keeps a policy that was checked.
    pub async fn keep(&self, row: &PolicyRow) -> Result<()> {
        Ok(policy::keep(&self.database, row).await?)
    }

    async fn text(connection: &impl ConnectionTrait, hash: &str) -> Result<PolicyRow> {
        policy::read(connection, hash).await?.ok_or_else(|| Failure::Unavailable(format!("policy {hash}")))
    }

    /// The handbook with this hash.
    pub async fn handbook(&self, hash: &str) -> Result<Arc<Handbook>> {
        self.handbook_through(self.database.pool(), hash).await
    }

    /// The handbook with this hash, read through `connection`.
    pub async fn handbook_through(
        &self,
        connection: &impl ConnectionTrait,
        hash: &str,
    ) -> Result<Arc<Handbook>> {
        if let Some(found) = self.handbooks.lock().ok().and_then(|cache| cache.get(hash).cloned()) {
            return Ok(found);
        }
        let row = Self::text(connection, hash).await?;
        let handbook = Handbook::parse(&row.name, &row.text)
            .map_err(|errors| Failure::Internal(anyhow::anyhow!("kept handbook `{hash}`: {errors}")))?;
        let handbook = Arc::new(handbook);
        if let Ok(mut cache) = self.handbooks.lock() {
            cache.insert(hash.to_owned(), handbook.clone());
        }
        Ok(handbook)
    }

    /// The calendar with this hash.
    pub async fn calendar(&self, hash: &str) -> Result<Arc<Calendar>> {
        self.calendar_through(self.database.pool(), hash).await
    }

    /// The calendar with this hash, read through `connection`.
    pub async fn calendar_through(
        &self,
        connection: &impl ConnectionTrait,
        hash: &str,
    ) -> Result<Arc<Calendar>> {
        if let Some(found) = self.calendars.lock().ok().and_then(|cache| cache.get(hash).cloned()) {
            return Ok(found);
        }
        let row = Self::text(connection, hash).await?;
        let calendar = Calendar::parse(&row.text)
            .map_err(|error| Failure::Internal(anyhow::anyhow!("kept calendar `{hash}`: {error}")))?;
        let calendar = Arc::new(calendar);
        if let Ok(mut cache) = self.calendars.lock() {
            cache.insert(hash.to_owned(), calendar.clone());
        }
        Ok(calendar)
    }
}

/// Fetches policies from intake, which keeps all of them.
#[derive(Debug)]
pub struct FromIntake {
    intake: Peer,
}

impl FromIntake {
    /// Asks `intake`.
    pub fn new(intake: Peer) -> Self {
        Self { intake }
    }
}

#[async_trait]
impl PolicySource for FromIntake {
    async fn fetch(&self, handbook_hash: &str, calendar_hash: &str) -> Result<Vec<PolicyRow>> {
        let mut client = IntakeServiceClient::new(self.intake.channel());
        let answer = client
            .get_handbook(GetHandbookRequest {
                handbook_hash: handbook_hash.to_owned(),
                calendar_hash: calendar_hash.to_owned(),
                region: String::new(),
            })
            .await
            .map_err(|status| Failure::Unavailable(format!("intake's handbook: {}", status.message())))?
            .into_inner();
        let row = |hash: &str, kind: &str, name: String, text: String| {
            (!hash.is_empty()).then(|| PolicyRow { hash: hash.to_owned(), kind: kind.to_owned(), name, text })
        };
        Ok([
            row(handbook_hash, "handbook", answer.handbook_file, answer.handbook_toml),
            row(calendar_hash, "calendar", answer.calendar_file, answer.calendar_toml),
        ]
        .into_iter()
        .flatten()
        .collect())
    }
}
