//! The one way in which state changes: claim request id → load → decide → commit → nudge.

use std::sync::Arc;

use prost::{Message, Name};
use redress_deadlines::Clockwork;
use redress_domain::{Clock, Ids, Rejection, RejectionKind, Timestamp};
use redress_storage::{
    Actor, Database, LoggedEvent,
    request::{Claim, RequestKey, body_hash, claim},
};
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use crate::{
    failure::{Failure, Result},
    grpc::Call,
    policies::Policies,
    unit::Unit,
};

/// What a service needs to change its state. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Engine {
    pub(crate) parts: Arc<Parts>,
}

/// The parts an engine is made of.
pub struct Parts {
    /// Service name, such as `intake`.
    pub service: &'static str,
    /// Its database.
    pub database: Database,
    /// Redis, where there is one.
    pub clockwork: Option<Clockwork>,
    /// Business time.
    pub clock: Arc<dyn Clock>,
    /// Where ids come from.
    pub ids: Arc<dyn Ids>,
    /// Handbooks and calendars.
    pub policies: Policies,
    /// Secret under which request bodies are hashed and page tokens are signed.
    pub key: Vec<u8>,
    /// Hints to the workers of this process.
    pub hints: Hints,
    /// Method after whose commit this process dies before it answers: for crash tests; empty for none.
    pub die_after_commit_of: String,
}

impl std::fmt::Debug for Parts {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Parts").field("service", &self.service).finish_non_exhaustive()
    }
}

/// Wakes the workers of this process early. Nothing depends on a hint arriving.
#[derive(Debug)]
pub struct Hints {
    /// Counts commits to the log.
    pub log: watch::Sender<u64>,
    /// A deadline was armed.
    pub deadlines: Notify,
    /// An intent was stored.
    pub intents: Notify,
    /// Cancelled when the server stops, so that streams of its methods end with it.
    pub stopping: CancellationToken,
}

impl Default for Hints {
    fn default() -> Self {
        Self {
            log: watch::Sender::new(0),
            deadlines: Notify::new(),
            intents: Notify::new(),
            stopping: CancellationToken::new(),
        }
    }
}

/// A claimed request.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "matched at once where it is made; a box would only cost")]
pub enum Begin<R> {
    /// It is new: go on in this unit.
    Fresh(Unit),
    /// It was done before, with this answer.
    Repeated(R),
}

impl Engine {
    /// An engine of these parts.
    pub fn new(parts: Parts) -> Self {
        Self { parts: Arc::new(parts) }
    }

    /// Service name.
    pub fn service(&self) -> &'static str {
        self.parts.service
    }

    /// The database, for reads.
    pub fn database(&self) -> &Database {
        &self.parts.database
    }

    /// Business time, to the microsecond, as stored.
    pub fn now(&self) -> Timestamp {
        truncate(self.parts.clock.now())
    }

    /// Where ids come from.
    pub fn ids(&self) -> &dyn Ids {
        &*self.parts.ids
    }

    /// Handbooks and calendars.
    pub fn policies(&self) -> &Policies {
        &self.parts.policies
    }

    /// The service's secret.
    pub fn key(&self) -> &[u8] {
        &self.parts.key
    }

    /// Hints to the workers.
    pub fn hints(&self) -> &Hints {
        &self.parts.hints
    }

    /// Begins an RPC's change. `request_id` may be empty where the contract makes it optional: then a repeated
    /// request is a new one.
    pub async fn begin<Q, R>(&self, call: &Call, request_id: &str, request: &Q) -> Result<Begin<R>>
    where
        Q: Message + Name,
        R: Message + Default,
    {
        let body = request.encode_to_vec();
        self.begin_hashed(call, request_id, &body).await
    }

    /// As [`Engine::begin`], for bodies that came as a stream: `body` identifies them (such as a hash).
    pub async fn begin_hashed<R>(&self, call: &Call, request_id: &str, body: &[u8]) -> Result<Begin<R>>
    where
        R: Message + Default,
    {
        let transaction = self.parts.database.begin().await?;
        let mut unit = Unit::new(
            self.clone(),
            transaction,
            self.now(),
            call.caller.actor(),
            call.traceparent.clone(),
            None,
        );
        if request_id.is_empty() {
            return Ok(Begin::Fresh(unit));
        }
        let key = RequestKey {
            caller: call.caller.subject.clone(),
            method: call.method.clone(),
            request_id: request_id.to_owned(),
            body_hash: body_hash(&self.parts.key, body),
        };
        match claim(unit.transaction(), &key, unit.now()).await? {
            Claim::Fresh => {
                unit.answer_under(key);
                Ok(Begin::Fresh(unit))
            }
            Claim::Repeated(answer) => R::decode(answer.as_slice())
                .map(Begin::Repeated)
                .map_err(|error| Failure::Internal(error.into())),
            Claim::Reused => Err(Rejection::new(
                RejectionKind::Exists,
                "REQUEST_ID_REUSED",
                format!("request id `{request_id}` was used for another body"),
            )
            .with("request_id", request_id)
            .into()),
        }
    }

    /// Begins a change that no RPC asked for: a reaction, a deadline, the outcome of an intent.
    pub async fn begin_as(
        &self,
        actor: &str,
        traceparent: &str,
        trigger: Option<&LoggedEvent>,
    ) -> Result<Unit> {
        let transaction = self.parts.database.begin().await?;
        let actor = Actor { subject: actor.to_owned(), role: crate::identity::SERVICE_ROLE.to_owned() };
        Ok(Unit::new(self.clone(), transaction, self.now(), actor, traceparent.to_owned(), trigger))
    }
}

/// Postgres keeps microseconds; what is hashed must be what is stored.
pub fn truncate(at: Timestamp) -> Timestamp {
    chrono::DateTime::from_timestamp_micros(at.timestamp_micros()).unwrap_or(at)
}
