//! One transaction's worth of change. Loads lock, saves write at once, events get their positions at the commit.

use std::collections::BTreeMap;

use async_trait::async_trait;
use prost::Message;
use redress_deadlines::{Change, Deadline, Owner, SUBJECT_KIND, store::DeadlineRow};
use redress_domain::{DeadlineChange, Decision, Fact, Rejection, RejectionKind, Timestamp, deadline_name};
use redress_storage::{
    Actor, AggregateRow, Cause, LoggedEvent, PendingEvent, StorageError, Transaction, aggregate,
    intent::{self, IntentRow},
    request::{self, RequestKey},
    ruling,
    transaction::Savepoint,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    engine::Engine,
    failure::{Failure, Result},
    policies::Policy,
};

/// State that changes under its own revision.
#[async_trait]
pub trait Aggregate: Serialize + DeserializeOwned + Clone + Send + Sync + 'static {
    /// Kind, such as `case` or `incident`. Unique within the service.
    const KIND: &'static str;
    /// Reason of the refusal when there is none with the id asked for.
    const NOT_FOUND: &'static str;

    /// Writes the rows by which this aggregate is found; a function of the state alone, so that replay writes
    /// the same rows.
    async fn project(
        &self,
        transaction: &Transaction,
        row: &AggregateRow,
    ) -> std::result::Result<(), StorageError> {
        let _ = (transaction, row);
        Ok(())
    }
}

/// An aggregate as loaded, or as just saved.
#[derive(Clone, Debug)]
pub struct Loaded<S> {
    /// The state.
    pub state: S,
    row: AggregateRow,
}

impl<S> Loaded<S> {
    /// Id.
    pub fn id(&self) -> Uuid {
        self.row.id
    }

    /// Case it belongs to.
    pub fn case_id(&self) -> Option<Uuid> {
        self.row.case_id
    }

    /// Region.
    pub fn region(&self) -> &str {
        &self.row.region
    }

    /// Revision.
    pub fn revision(&self) -> i64 {
        self.row.revision
    }

    /// The revision as callers see it.
    pub fn etag(&self) -> String {
        self.row.revision.to_string()
    }

    /// The stored row.
    pub fn row(&self) -> &AggregateRow {
        &self.row
    }

    /// Moves it to other rules, an explicit act: the next save is decided, logged and computed under them.
    pub fn pin_to(&mut self, handbook_hash: &str, calendar_hash: &str) {
        handbook_hash.clone_into(&mut self.row.handbook_hash);
        calendar_hash.clone_into(&mut self.row.calendar_hash);
    }

    /// Refuses when the caller looked at an older revision. An empty `etag` asks for no check.
    pub fn expect_etag(&self, etag: &str) -> std::result::Result<(), Rejection> {
        if etag.is_empty() || etag == self.etag() {
            return Ok(());
        }
        Err(Rejection::new(
            RejectionKind::Stale,
            "STALE_ETAG",
            format!("etag `{etag}` is stale; the current one is `{}`", self.etag()),
        )
        .with("etag", etag)
        .with("current_etag", self.etag()))
    }
}

/// Where a new aggregate belongs.
#[derive(Clone, Debug)]
pub struct Place {
    /// Its id; a case's part in a service carries the case id.
    pub id: Uuid,
    /// Case, where it belongs to one.
    pub case_id: Option<Uuid>,
    /// Region.
    pub region: String,
    /// Handbook it is pinned to; empty for none.
    pub handbook_hash: String,
    /// Calendar it is pinned to; empty for none.
    pub calendar_hash: String,
}

/// One transaction's worth of change. Dropping it changes nothing.
#[derive(Debug)]
pub struct Unit {
    engine: Engine,
    transaction: Transaction,
    now: Timestamp,
    actor: Actor,
    traceparent: String,
    trigger: Option<(Option<Uuid>, Cause)>,
    answer_under: Option<RequestKey>,
    case_id: Option<Uuid>,
    armed: BTreeMap<Uuid, Option<Timestamp>>,
    intents: bool,
}

impl Unit {
    pub(crate) fn new(
        engine: Engine,
        transaction: Transaction,
        now: Timestamp,
        actor: Actor,
        traceparent: String,
        trigger: Option<&LoggedEvent>,
    ) -> Self {
        Self {
            engine,
            transaction,
            now,
            actor,
            traceparent,
            trigger: trigger.map(|event| (event.event.case_id, event.as_cause())),
            answer_under: None,
            case_id: None,
            armed: BTreeMap::new(),
            intents: false,
        }
    }

    pub(crate) fn answer_under(&mut self, key: RequestKey) {
        self.answer_under = Some(key);
    }

    /// Business time of this change.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Who makes it.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// A new time-ordered id.
    pub fn new_id(&self) -> Uuid {
        self.engine.ids().uuid_v7(self.now)
    }

    /// The transaction, for a service's own store.
    pub fn transaction(&self) -> &Transaction {
        &self.transaction
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The policy an aggregate is pinned to.
    pub async fn policy<S>(&self, of: &Loaded<S>) -> Result<Policy> {
        self.policy_of(&of.row.handbook_hash, &of.row.calendar_hash).await
    }

    /// The policy with these hashes, read through this unit's own connection.
    pub async fn policy_of(&self, handbook_hash: &str, calendar_hash: &str) -> Result<Policy> {
        let connection = self.transaction.connection();
        self.engine.policies().get_through(connection, handbook_hash, calendar_hash).await
    }

    /// Turns this unit to the next trigger within the same transaction.
    pub(crate) fn turn_to(&mut self, event: &LoggedEvent) {
        self.trigger = Some((event.event.case_id, event.as_cause()));
        self.traceparent.clone_from(&event.event.traceparent);
        self.now = self.engine.now();
    }

    pub(crate) fn set_traceparent(&mut self, traceparent: &str) {
        traceparent.clone_into(&mut self.traceparent);
    }

    pub(crate) async fn savepoint(&self) -> Result<Savepoint> {
        Ok(self.transaction.savepoint().await?)
    }

    pub(crate) async fn rollback_to(&mut self, savepoint: Savepoint) -> Result<()> {
        Ok(self.transaction.rollback_to(savepoint).await?)
    }

    /// Ends this unit without any change, at once; dropping it does the same later.
    pub(crate) async fn abandon(self) -> Result<()> {
        Ok(self.transaction.rollback().await?)
    }

    /// Loads and locks an aggregate; refuses when there is none.
    pub async fn load<S: Aggregate>(&mut self, id: Uuid) -> Result<Loaded<S>> {
        match self.find::<S>(id).await? {
            Some(found) => Ok(found),
            None => Err(Rejection::not_found(S::NOT_FOUND, format!("there is no {} `{id}` here", S::KIND))
                .with("id", id.to_string())
                .into()),
        }
    }

    /// Loads and locks an aggregate, if there is one.
    pub async fn find<S: Aggregate>(&mut self, id: Uuid) -> Result<Option<Loaded<S>>> {
        let Some(row) = aggregate::load(&self.transaction, S::KIND, id).await? else { return Ok(None) };
        self.case_id = self.case_id.or(row.case_id);
        decode(row).map(Some)
    }

    /// Stores the first decision of a new aggregate.
    pub async fn create<S: Aggregate>(&mut self, place: Place, decision: Decision<S>) -> Result<Loaded<S>> {
        self.case_id = self.case_id.or(place.case_id);
        let row = AggregateRow {
            kind: S::KIND.to_owned(),
            id: place.id,
            case_id: place.case_id,
            region: place.region,
            handbook_hash: place.handbook_hash,
            calendar_hash: place.calendar_hash,
            revision: 0,
            state: Value::Null,
            seen: BTreeMap::new(),
            chain: vec![0; 32],
            created_at: self.now,
            updated_at: self.now,
        };
        self.write(row, decision).await
    }

    /// Stores a decision on a loaded aggregate.
    pub async fn save<S: Aggregate>(
        &mut self,
        loaded: Loaded<S>,
        decision: Decision<S>,
    ) -> Result<Loaded<S>> {
        self.write(loaded.row, decision).await
    }

    async fn write<S: Aggregate>(
        &mut self,
        mut row: AggregateRow,
        decision: Decision<S>,
    ) -> Result<Loaded<S>> {
        let before = row.document();
        row.revision += 1;
        row.state = serde_json::to_value(&decision.next).map_err(|error| Failure::Internal(error.into()))?;
        row.updated_at = self.now;
        let mut causes: Vec<Cause> = Vec::new();
        if let Some((case_id, cause)) = &self.trigger {
            if row.case_id.is_some() && row.case_id == *case_id {
                row.seen.insert(cause.source.clone(), cause.clone());
            } else {
                causes.push(cause.clone());
            }
        }
        causes.extend(row.seen.values().filter(|cause| cause.source != self.engine.service()).cloned());

        let patch = json_patch::diff(&before, &row.document());
        let count = decision.facts.len();
        if count == 0 {
            return Err(Failure::Internal(anyhow::anyhow!("a decision on `{}` states no fact", S::KIND)));
        }
        let mut last_event = Uuid::nil();
        for (index, fact) in decision.facts.into_iter().enumerate() {
            let effect = (index + 1 == count)
                .then(|| json!({ "revision": row.revision, "patch": patch, "rulings": decision.rulings }));
            let event = self.event(&row, fact, causes.clone(), row.chain.clone(), effect);
            row.chain.clone_from(&event.hash);
            last_event = event.id;
            self.transaction.append(event);
        }
        aggregate::store(&self.transaction, &row).await?;
        decision.next.project(&self.transaction, &row).await?;
        let handbook_hash = row.handbook_hash.clone();
        ruling::insert(
            &self.transaction,
            last_event,
            row.case_id,
            self.now,
            &handbook_hash,
            &decision.rulings,
        )
        .await?;
        self.change_deadlines(&row, decision.deadlines, &causes).await?;
        for draft in decision.intents {
            self.intents = true;
            intent::insert(
                &self.transaction,
                &IntentRow {
                    id: self.new_id(),
                    kind: draft.kind,
                    key: draft.key,
                    aggregate_kind: row.kind.clone(),
                    aggregate_id: row.id,
                    case_id: row.case_id,
                    region: row.region.clone(),
                    payload: draft.payload,
                    attempts: 0,
                    next_at: draft.not_before.unwrap_or(self.now),
                    traceparent: self.traceparent.clone(),
                },
            )
            .await?;
        }
        decode(row)
    }

    fn event(
        &self,
        row: &AggregateRow,
        fact: Fact,
        causes: Vec<Cause>,
        previous_hash: Vec<u8>,
        effect: Option<Value>,
    ) -> PendingEvent {
        PendingEvent {
            id: self.new_id(),
            kind: fact.name,
            subject_kind: row.kind.clone(),
            subject_id: row.id,
            case_id: row.case_id,
            region: row.region.clone(),
            time: self.now,
            actor: self.actor.clone(),
            traceparent: self.traceparent.clone(),
            handbook_hash: row.handbook_hash.clone(),
            calendar_hash: row.calendar_hash.clone(),
            causes,
            previous_hash,
            hash: Vec::new(),
            payload: fact.payload,
            effect,
        }
        .seal()
    }

    async fn change_deadlines(
        &mut self,
        row: &AggregateRow,
        changes: Vec<DeadlineChange>,
        causes: &[Cause],
    ) -> Result<()> {
        if changes.is_empty() {
            return Ok(());
        }
        let owner = Owner {
            kind: row.kind.clone(),
            id: row.id,
            case_id: row.case_id,
            region: row.region.clone(),
            handbook_hash: row.handbook_hash.clone(),
            calendar_hash: row.calendar_hash.clone(),
        };
        let connection = self.transaction.connection();
        let calendar = self.engine.policies().calendar_through(connection, &row.calendar_hash).await?;
        for change in changes {
            if let DeadlineChange::Open(draft) = change {
                let name = deadline_name(&draft.kind, &draft.key);
                if let Some(mut old) =
                    redress_deadlines::store::load_by_name(&self.transaction, &owner, &name).await?
                    && let Some(what) = old.deadline.apply(&DeadlineChange::Cancel { name }, &calendar)?
                {
                    self.write_deadline(&mut old, what, None, causes).await?;
                }
                let deadline =
                    Deadline::open(self.new_id(), owner.clone(), draft, &calendar, &self.traceparent)?;
                let mut opened = DeadlineRow { deadline, chain: vec![0; 32] };
                self.write_deadline(&mut opened, Change::Opened, None, causes).await?;
                continue;
            }
            let name = match &change {
                DeadlineChange::Meet { name, .. }
                | DeadlineChange::Cancel { name }
                | DeadlineChange::Pause { name, .. }
                | DeadlineChange::Resume { name, .. }
                | DeadlineChange::Extend { name, .. }
                | DeadlineChange::Tighten { name, .. } => name.clone(),
                DeadlineChange::Open(draft) => deadline_name(&draft.kind, &draft.key),
            };
            let Some(mut existing) =
                redress_deadlines::store::load_by_name(&self.transaction, &owner, &name).await?
            else {
                tracing::debug!(deadline.name = %name, "no such deadline to change");
                continue;
            };
            if let Some(what) = existing.deadline.apply(&change, &calendar)? {
                self.write_deadline(&mut existing, what, None, causes).await?;
            }
        }
        Ok(())
    }

    /// Stores a deadline and logs what happened to it. A deadline is its own aggregate in the log.
    pub(crate) async fn write_deadline(
        &mut self,
        row: &mut DeadlineRow,
        change: Change,
        look: Option<&redress_deadlines::Look>,
        causes: &[Cause],
    ) -> Result<()> {
        let deadline = &row.deadline;
        let payload = redress_deadlines::wire::changed(self.engine.service(), deadline, change, look);
        let subject = AggregateRow {
            kind: SUBJECT_KIND.to_owned(),
            id: deadline.id,
            case_id: deadline.owner.case_id,
            region: deadline.owner.region.clone(),
            handbook_hash: deadline.owner.handbook_hash.clone(),
            calendar_hash: deadline.owner.calendar_hash.clone(),
            revision: 0,
            state: Value::Null,
            seen: BTreeMap::new(),
            chain: Vec::new(),
            created_at: self.now,
            updated_at: self.now,
        };
        let effect = json!({ "deadline": deadline });
        let event = self.event(&subject, payload, causes.to_vec(), row.chain.clone(), Some(effect));
        row.chain.clone_from(&event.hash);
        self.transaction.append(event);
        redress_deadlines::store::store(&self.transaction, row).await?;
        self.armed.insert(row.deadline.id, row.deadline.next_look());
        Ok(())
    }

    /// Records the answer under the request id, commits, and wakes the workers.
    pub async fn commit<R: Message>(self, answer: R) -> Result<R> {
        if let Some(key) = &self.answer_under {
            request::record(&self.transaction, key, self.case_id, answer.encode_to_vec()).await?;
        }
        let dies =
            self.answer_under.as_ref().is_some_and(|key| key.method == self.engine.parts.die_after_commit_of);
        self.finish().await?;
        if dies {
            // A rehearsed crash at the worst moment: the effect is stored, and nobody has been told.
            std::process::abort();
        }
        Ok(answer)
    }

    /// Commits a change that no caller waits for.
    pub async fn finish(self) -> Result<()> {
        let Self { engine, transaction, armed, intents, .. } = self;
        let committed = transaction.commit().await?;
        let parts = &engine.parts;
        if let Some(clockwork) = parts.clockwork.as_ref().filter(|_| !armed.is_empty()) {
            let timers: Vec<_> = armed.into_iter().collect();
            if let Err(error) = clockwork.arm(&timers).await {
                tracing::warn!(error = %error, "timers not armed; the sweep will find them");
            }
            parts.hints.deadlines.notify_waiters();
        }
        if !committed.events.is_empty() {
            parts.hints.log.send_modify(|commits| *commits += 1);
        }
        if intents {
            parts.hints.intents.notify_waiters();
        }
        Ok(())
    }
}

/// Decodes a stored state.
pub fn decode<S: Aggregate>(row: AggregateRow) -> Result<Loaded<S>> {
    let state = serde_json::from_value(row.state.clone()).map_err(|error| StorageError::CorruptRow {
        table: "aggregate",
        row: format!("{}/{}", row.kind, row.id),
        detail: error.to_string(),
    })?;
    Ok(Loaded { state, row })
}

/// Reads an aggregate without locking it; refuses when there is none.
pub async fn read<S: Aggregate>(engine: &Engine, id: Uuid) -> Result<Loaded<S>> {
    match aggregate::read(engine.database().pool(), S::KIND, id).await? {
        Some(row) => decode(row),
        None => Err(Rejection::not_found(S::NOT_FOUND, format!("there is no {} `{id}` here", S::KIND))
            .with("id", id.to_string())
            .into()),
    }
}
